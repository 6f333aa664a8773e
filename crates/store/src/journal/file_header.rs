//! The first 40 bytes of a journal file.

use xxhash_rust::xxh3::xxh3_64;

use super::salt;
use crate::folder::Secret;

const MAGIC: [u8; 8] = *b"SEXTANTJ";
const VERSION: u64 = 1;

/// What a journal file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHeader {
    /// The sequence number of the first event in the file, or of the next one to come.
    pub(super) sequence: u64,
    /// The seed of the checksums of the file's frame headers.
    pub(super) salt: u64,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// The bytes are not a header, or not whole.
    Broken,
    /// It is of a later version.
    Newer(u64),
}

impl FileHeader {
    pub(super) const BYTES: usize = 40;
    pub(super) const VERSION: u64 = VERSION;

    /// The header of the file that begins with `sequence`.
    pub(super) fn new(secret: &Secret, sequence: u64) -> Self {
        Self {
            sequence,
            salt: salt(secret, sequence),
        }
    }

    pub(super) fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&MAGIC);
        for field in [VERSION, self.sequence, self.salt] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        let checksum = xxh3_64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes.try_into().expect("five fields of 8 bytes")
    }

    pub(super) fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, HeaderError> {
        let (checked, checksum) = bytes.split_at(Self::BYTES - 8);
        if xxh3_64(checked).to_le_bytes() != checksum {
            return Err(HeaderError::Broken);
        }
        let mut fields = checked
            .chunks_exact(8)
            .map(|field| field.try_into().expect("8 bytes"));
        if fields.next() != Some(MAGIC) {
            return Err(HeaderError::Broken);
        }
        let mut number = || {
            fields
                .next()
                .map(u64::from_le_bytes)
                .ok_or(HeaderError::Broken)
        };
        match number()? {
            VERSION => Ok(Self {
                sequence: number()?,
                salt: number()?,
            }),
            version => Err(HeaderError::Newer(version)),
        }
    }
}
