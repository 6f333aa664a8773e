//! The secret of a data folder: 256 random bits, from which the keys of hashes and identifiers are derived.
//!
//! It makes hashes unpredictable for clients, so that nobody can choose keys that collide. With another secret the events
//! would still be there, but under other event ids: it is kept with a checksum and backed up with the folder.

use std::fmt;
use std::path::Path;

use siphasher::sip128::SipHasher24;
use xxhash_rust::xxh3::xxh3_64;

use super::read_whole;
use crate::disk::Disk;
use crate::error::StoreError;

pub(super) const NAME: &str = "secret";
pub(super) const NAME_NEW: &str = "secret.new";

const PREFIX: &str = "sextant-secret-1";

/// 256 random bits that belong to one data folder. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// From 32 bytes of randomness.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to derive further keys from.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key of 128 bits for one purpose: SipHash-2-4-128 under the first half of the secret, over the second half
    /// and the purpose. Keys of different purposes tell nothing of each other.
    pub fn derive(&self, purpose: &str) -> [u8; 16] {
        let (key, message) = self.0.split_at(16);
        let key = key.try_into().expect("split at 16");
        let message = [message, purpose.as_bytes()].concat();
        SipHasher24::new_with_key(key).hash(&message).as_bytes()
    }
}

/// The content of the file: a name of the format, the bits and a checksum in hexadecimal, and a line feed.
pub(super) fn render(secret: &Secret) -> String {
    let (high, low) = secret.0.split_at(16);
    let half = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().expect("split at 16"));
    format!(
        "{PREFIX} {:032x}{:032x} {:016x}\n",
        half(high),
        half(low),
        xxh3_64(&secret.0)
    )
}

pub(super) fn read(disk: &dyn Disk, folder: &Path) -> Result<Secret, StoreError> {
    let path = folder.join(NAME);
    let content = read_whole(disk, &path)?;
    parse(&content).ok_or(StoreError::Damaged {
        path,
        offset: 0,
        what: "the secret does not match its checksum",
    })
}

/// Accepts exactly what [`render`] writes.
fn parse(content: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(content).ok()?;
    let digits = text.split(' ').nth(1)?;
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    let secret = Secret(bytes);
    (render(&secret) == text).then_some(secret)
}
