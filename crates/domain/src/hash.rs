//! Hashing of what clients send.

use std::hash::BuildHasher;

use siphasher::sip::SipHasher13;

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
