//! A block: entries, signposts, checksum.
//!
//! An entry: a byte whose low half is the length of the step from the key before (0 to 8; the first key is in the directory), and whose high half is
//! the length of the value, or 15: then the length follows the step, as a varint; the step, little endian; the value. So an entry is read without a loop
//! over its bytes.
//!
//! A signpost for each 32nd entry but the first tells its key and where it is, so that a look-up reads a few entries, not all.

use std::ops::Range;

use bytes::Bytes;
use domain::packed::{Reader, write_len};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::limits::TABLE_BLOCK_BYTES;

const CHECKSUM_BYTES: usize = 8;
const ENTRIES_PER_SIGNPOST: u64 = 32;
/// A key and an offset.
const SIGNPOST_BYTES: usize = 10;
/// The number of signposts and the checksum.
const TRAILER_BYTES: usize = 2 + CHECKSUM_BYTES;
/// Stands for a length of a value that does not fit half a byte.
const LONG: u8 = 15;

/// A block that is being written.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    signposts: Vec<(u64, u16)>,
    entries: u64,
    first: u64,
    last: u64,
}

impl BlockWriter {
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Whether it should end before a value: whoever wants a small value should not have to read a large one.
    #[inline]
    pub(super) fn ends_before(&self, value: &[u8]) -> bool {
        self.entries > 0 && self.bytes.len() + value.len() > TABLE_BLOCK_BYTES * 2
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= TABLE_BLOCK_BYTES
    }

    /// Adds an entry, whose key is greater than the one before.
    #[inline]
    pub(super) fn push(&mut self, key: u64, value: &[u8]) {
        if self.entries == 0 {
            (self.first, self.last) = (key, key);
        } else if self.entries.is_multiple_of(ENTRIES_PER_SIGNPOST) {
            let offset = u16::try_from(self.bytes.len());
            (self.signposts).push((key, offset.expect("a block with several entries is short")));
        }
        let step = key - self.last;
        let step_bytes = (u64::BITS - step.leading_zeros()).div_ceil(8);
        let length = u8::try_from(value.len()).unwrap_or(LONG).min(LONG);
        self.bytes
            .push(length << 4 | u8::try_from(step_bytes).expect("8 at most"));
        let step = step.to_le_bytes();
        let (step, _) = step.split_at(step_bytes as usize);
        self.bytes.extend_from_slice(step);
        if length == LONG {
            write_len(value.len(), &mut self.bytes);
        }
        self.bytes.extend_from_slice(value);
        self.last = key;
        self.entries += 1;
    }

    /// The whole block, which will stand where the seed says. To be cleared afterwards.
    pub(super) fn finish(&mut self, seed: u64) -> &[u8] {
        for (key, offset) in &self.signposts {
            self.bytes.extend_from_slice(&key.to_le_bytes());
            self.bytes.extend_from_slice(&offset.to_le_bytes());
        }
        let signposts = u16::try_from(self.signposts.len()).expect("a block is short");
        self.bytes.extend_from_slice(&signposts.to_le_bytes());
        let checksum = xxh3_64_with_seed(&self.bytes, seed);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        // One value may have been large.
        self.bytes.shrink_to(TABLE_BLOCK_BYTES * 4);
        self.signposts.clear();
        self.entries = 0;
    }
}

/// A block that was read, and whose checksum is right.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    bytes: Bytes,
    entries_end: usize,
}

/// An entry that was read: its key and where in the block the value is. The next entry is behind that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) value_from: usize,
    pub(super) value_until: usize,
}

impl Block {
    /// Checks what was read from where the seed says.
    pub(super) fn new(bytes: Bytes, seed: u64) -> Result<Self, &'static str> {
        let (checked, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or("a block of a table is too short")?;
        if xxh3_64_with_seed(checked, seed).to_le_bytes() != *checksum {
            return Err("a block of a table does not match its checksum");
        }
        let (rest, signposts) = checked
            .split_last_chunk()
            .ok_or("a block of a table is too short")?;
        let entries_end = rest
            .len()
            .checked_sub(usize::from(u16::from_le_bytes(*signposts)) * SIGNPOST_BYTES)
            .ok_or("the signposts of a block do not fit it")?;
        Ok(Self { bytes, entries_end })
    }

    /// How many bytes it has, and keeps in memory.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no entry at an offset any more.
    #[inline]
    pub(super) fn is_end(&self, at: usize) -> bool {
        at >= self.entries_end
    }

    #[inline]
    pub(super) fn value(&self, (from, until): (usize, usize)) -> &[u8] {
        self.bytes.get(from..until).unwrap_or_default()
    }

    /// Reads the entry at `at`, before which the key was `before` (the first of a block: the first key).
    #[inline]
    pub(super) fn read(&self, at: usize, before: u64) -> Result<Entry, &'static str> {
        const CUT_OFF: &str = "an entry passes the end of its block";
        // Eight bytes behind the first can be read of each entry, as there is a trailer of ten.
        let (first, rest) = (self.bytes.get(at..))
            .and_then(<[u8]>::split_first)
            .ok_or(CUT_OFF)?;
        let step = u64::from_le_bytes(*rest.first_chunk().ok_or(CUT_OFF)?);
        let step_bytes = usize::from(first & 15);
        let step = match step_bytes {
            0 => 0,
            1..=8 => step & (u64::MAX >> (64 - 8 * step_bytes)),
            _ => return Err("a step is too long"),
        };
        let mut value_from = at + 1 + step_bytes;
        let mut length = usize::from(first >> 4);
        if first >> 4 == LONG {
            (length, value_from) = self.long_length(value_from)?;
        }
        let value_until = value_from + length;
        if value_until > self.entries_end {
            return Err(CUT_OFF);
        }
        Ok(Entry {
            key: before.checked_add(step).ok_or("a key is out of range")?,
            value_from,
            value_until,
        })
    }

    #[cold]
    fn long_length(&self, at: usize) -> Result<(usize, usize), &'static str> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let mut reader = Reader::new(rest);
        let length = reader.len().map_err(|error| error.what)?;
        Ok((length, at + rest.len() - reader.rest().len()))
    }

    /// Where the value of a key is, which is not smaller than the first key.
    pub(super) fn find(&self, first: u64, key: u64) -> Result<Option<Range<usize>>, &'static str> {
        let entry = self.seek(first, key)?;
        Ok(entry
            .filter(|entry| entry.key == key)
            .map(|entry| entry.value_from..entry.value_until))
    }

    /// The first entry whose key is not smaller than `key`, which is not smaller than the first key.
    pub(super) fn seek(&self, first: u64, key: u64) -> Result<Option<Entry>, &'static str> {
        let (mut at, mut before) = self.nearest(first, key);
        if at > 0 {
            // The entry at a signpost has its key there; the step leads from another one.
            let entry = self.read(at, 0)?;
            let entry = Entry {
                key: before,
                ..entry
            };
            if entry.key >= key {
                return Ok(Some(entry));
            }
            at = entry.value_until;
        }
        while !self.is_end(at) {
            let entry = self.read(at, before)?;
            if entry.key >= key {
                return Ok(Some(entry));
            }
            (at, before) = (entry.value_until, entry.key);
        }
        Ok(None)
    }

    /// Offset and key of the last entry with a signpost whose key is not greater; of the first entry without one.
    fn nearest(&self, first: u64, key: u64) -> (usize, u64) {
        let signposts = self.bytes.get(self.entries_end..).unwrap_or_default();
        let signposts = (signposts.len().checked_sub(TRAILER_BYTES))
            .and_then(|bytes| signposts.get(..bytes))
            .unwrap_or_default();
        let mut nearest = (0, first);
        for signpost in signposts.chunks_exact(SIGNPOST_BYTES) {
            let Some((signpost, offset)) = signpost.split_first_chunk() else {
                break;
            };
            let signpost = u64::from_le_bytes(*signpost);
            if signpost > key {
                break;
            }
            let offset = offset.first_chunk().copied().unwrap_or_default();
            nearest = (usize::from(u16::from_le_bytes(offset)), signpost);
        }
        nearest
    }

    /// A value that stays when the block goes.
    pub(super) fn slice(&self, value: Range<usize>) -> Bytes {
        self.bytes.slice(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn write(entries: &BTreeMap<u64, String>, seed: u64) -> Vec<u8> {
        let mut writer = BlockWriter::default();
        for (key, value) in entries {
            writer.push(*key, value.as_bytes());
        }
        writer.finish(seed).to_vec()
    }

    proptest! {
        #[test]
        fn entries_are_read_as_they_were_written(
            entries in proptest::collection::btree_map(
                prop_oneof![any::<u64>(), 0..500_u64],
                ".{0,20}",
                1..200,
            ),
            others: Vec<u64>,
            seed: u64,
        ) {
            let first = *entries.keys().next().expect("one at least");
            let block = Block::new(write(&entries, seed).into(), seed).expect("as it was written");
            let around = entries.keys().flat_map(|key| [key.saturating_sub(1), *key, key.saturating_add(1)]);
            for key in around.chain(others).filter(|key| *key >= first) {
                let found = block.find(first, key).expect("as it was written");
                let found = found.map(|at| block.slice(at));
                prop_assert_eq!(found.as_deref(), entries.get(&key).map(String::as_bytes));
                let next = block.seek(first, key).expect("as it was written");
                let expected = entries.range(key..).next();
                prop_assert_eq!(next.map(|entry| entry.key), expected.map(|(key, _)| *key));
            }
            let (mut at, mut before, mut count) = (0, first, 0);
            for (key, value) in &entries {
                prop_assert!(!block.is_end(at));
                let entry = block.read(at, before).expect("as it was written");
                prop_assert_eq!(entry.key, *key);
                prop_assert_eq!(block.value((entry.value_from, entry.value_until)), value.as_bytes());
                (at, before, count) = (entry.value_until, entry.key, count + 1);
            }
            prop_assert!(block.is_end(at) && count == entries.len());
        }

        #[test]
        fn other_bytes_are_an_error_and_no_panic(mut bytes: Vec<u8>, seed: u64, key: u64) {
            prop_assert!(Block::new(bytes.clone().into(), seed).is_err());
            // With a right checksum over what is not a block.
            bytes.extend_from_slice(&0_u16.to_le_bytes());
            let checksum = xxh3_64_with_seed(&bytes, seed);
            bytes.extend_from_slice(&checksum.to_le_bytes());
            if let Ok(block) = Block::new(bytes.into(), seed) {
                let _whatever = block.find(0, key);
            }
        }
    }
}
