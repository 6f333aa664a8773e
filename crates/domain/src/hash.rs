//! Hashing of what clients send.

use std::hash::{BuildHasher, Hasher as _};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128 as _, SipHasher13 as SipHasher13Wide};

/// Builds hashers under a secret key, for tables whose keys are chosen by clients: nobody without the key can choose many that fall
/// together.
#[derive(Clone)]
pub struct KeyedHash {
    key: [u8; 16],
}

impl KeyedHash {
    /// Under a key of the data folder.
    pub const fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// 128 bits of some bytes, to stand for them.
    ///
    /// Two of n different texts have the same one with a probability of about n² / 2^129: below 2^-65 for as many as an organization can
    /// have events. Who does not know the key cannot look for two that have.
    pub fn hash_128(&self, bytes: &[u8]) -> u128 {
        let mut hasher = SipHasher13Wide::new_with_key(&self.key);
        hasher.write(bytes);
        hasher.finish128().as_u128()
    }
}

impl BuildHasher for KeyedHash {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.key)
    }
}

impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash(secret)")
    }
}
