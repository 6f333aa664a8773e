//! A filter over hashes: says for certain that a hash is absent, or that it may be there (wrongly in one of 256).

use domain::packed::{PackedError, Reader};
use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter as _, FilterRef};

/// Bytes of what describes a filter: seed, length of a part, its mask, and all parts' length but for two.
const DESCRIPTOR_BYTES: usize = BinaryFuse8::DESCRIPTOR_LEN;

/// A binary fuse filter with 8 bits; about 9 bits a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// Lets everything pass.
    Open,
    /// Knows some hashes.
    Fuse {
        descriptor: [u8; DESCRIPTOR_BYTES],
        fingerprints: Box<[u8]>,
    },
}

impl Filter {
    /// The filter of some hashes.
    pub(super) fn of(hashes: impl Iterator<Item = u128>) -> Self {
        let mut words: Vec<u64> = hashes.map(word).collect();
        let fuse = BinaryFuse8::try_from(&*words).or_else(|_| {
            // Twice the same half of a hash is next to impossible, but would keep the filter from being made.
            words.sort_unstable();
            words.dedup();
            BinaryFuse8::try_from(&*words)
        });
        let Ok(fuse) = fuse else {
            return Self::Open;
        };
        let mut descriptor = [0; DESCRIPTOR_BYTES];
        fuse.dma_copy_descriptor_to(&mut descriptor);
        Self::Fuse {
            descriptor,
            fingerprints: fuse.fingerprints,
        }
    }

    pub(super) fn may_have(&self, hash: u128) -> bool {
        match self {
            Self::Open => true,
            Self::Fuse {
                descriptor,
                fingerprints,
            } => BinaryFuse8Ref::from_dma(descriptor, fingerprints).contains(&word(hash)),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Open => Vec::new(),
            Self::Fuse {
                descriptor,
                fingerprints,
            } => [descriptor, &**fingerprints].concat(),
        }
    }

    /// Reads a filter whose checksum was right.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, PackedError> {
        if bytes.is_empty() {
            return Ok(Self::Open);
        }
        let mut reader = Reader::new(bytes);
        let descriptor: [u8; DESCRIPTOR_BYTES] = reader.array()?;
        let fingerprints: Box<[u8]> = reader.rest().into();
        let mut fields = Reader::new(&descriptor);
        let _seed: [u8; 8] = fields.array()?;
        let length = u32::from_le_bytes(fields.array()?);
        let mask = u32::from_le_bytes(fields.array()?);
        let parts_length = u32::from_le_bytes(fields.array()?);
        // Every place that a look-up computes must be there.
        let places = u64::from(parts_length) + 2 * u64::from(length);
        let is_sound = length.checked_sub(1) == Some(mask)
            && length.is_power_of_two()
            && places <= fingerprints.len() as u64;
        if is_sound {
            Ok(Self::Fuse {
                descriptor,
                fingerprints,
            })
        } else {
            Err(PackedError {
                what: "a filter does not fit its fingerprints",
            })
        }
    }
}

/// The half of a hash that the filter knows.
fn word(hash: u128) -> u64 {
    u64::try_from(hash & u128::from(u64::MAX)).expect("masked to 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_of_any_size_lets_its_hashes_pass_and_few_others() {
        let hash = |number: u128| number.wrapping_mul(0x2d99_787f_ec1b_44a3_9e37_79b9_7f4a_7c15);
        for count in (0..300).chain([1_000, 4_097, 100_000]) {
            let filter = Filter::of((0..count).map(hash));
            let again = Filter::decode(&filter.encode()).expect("as it was written");
            for filter in [&filter, &again] {
                assert!((0..count).all(|number| filter.may_have(hash(number))));
            }
            let others = (count..count + 10_000).filter(|number| again.may_have(hash(*number)));
            let others = others.count();
            assert!(count < 8 || others < 100, "{count}: {others}");
        }
    }
}
