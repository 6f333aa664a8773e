//! Postings: which rows of a part each identity has.
//!
//! Identities stand in ascending order, each with its ordinals, in blocks of a few thousand bytes; the index keeps the first
//! identity of each block in memory. So to find an identity's rows takes one small read.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use xxhash_rust::xxh3::xxh3_64;

use super::index::PostingsBlock;
use crate::error::StoreError;
use crate::files::NewFile;
use crate::limits::{POSTINGS_BLOCK_BYTES, POSTINGS_BLOCK_IDENTITIES};

/// Lists rows by identity; keeps its memory for the next part.
#[derive(Debug, Default)]
pub(super) struct Lister {
    /// Of each identity, from the least on, where its ordinals end.
    ends: Vec<u32>,
    /// By identity.
    ordinals: Vec<u32>,
    /// Identity and ordinal, where there are many more identities than rows.
    few: Vec<(u32, u32)>,
}

impl Lister {
    /// Writes the postings of a part: `identities` are those of its rows in order, the ordinals counting from `ordinal_first` on.
    pub(super) fn write<'a>(
        &mut self,
        identities: impl Iterator<Item = &'a [u32]> + Clone,
        ordinal_first: u32,
        file: &mut NewFile,
    ) -> Result<Vec<PostingsBlock>, StoreError> {
        let all = || identities.clone().flatten().copied();
        let rows = identities.clone().map(<[u32]>::len).sum();
        let (Some(least), Some(greatest)) = (all().min(), all().max()) else {
            return Ok(Vec::new());
        };
        let mut blocks = Blocks::new(ordinal_first);
        let span = (greatest - least) as usize + 1;
        if span / SPAN_PER_ROW > rows {
            self.few.clear();
            self.few.extend(all().zip(ordinal_first..));
            self.few.sort_unstable();
            for rows in self.few.chunk_by(|(one, _), (other, _)| one == other) {
                if let Some((identity, _)) = rows.first() {
                    let ordinals = rows.iter().map(|(_, ordinal)| *ordinal);
                    blocks.add(*identity, rows.len(), ordinals, file)?;
                }
            }
            return blocks.finish(file);
        }
        self.count(all(), least, span);
        self.ordinals.clear();
        self.ordinals.resize(rows, 0);
        for (identity, ordinal) in all().zip(ordinal_first..) {
            let end = self.ends.get_mut((identity - least) as usize);
            let end = end.expect("it was counted");
            *self
                .ordinals
                .get_mut(*end as usize)
                .expect("it was counted") = ordinal;
            *end += 1;
        }
        let mut start = 0;
        for (identity, end) in (least..).zip(&self.ends) {
            let ordinals = self.ordinals.get(start as usize..*end as usize);
            let ordinals = ordinals.unwrap_or_default();
            if !ordinals.is_empty() {
                blocks.add(identity, ordinals.len(), ordinals.iter().copied(), file)?;
            }
            start = *end;
        }
        blocks.finish(file)
    }

    /// Finds where the ordinals of each identity begin.
    fn count(&mut self, identities: impl Iterator<Item = u32>, least: u32, span: usize) {
        self.ends.clear();
        self.ends.resize(span, 0);
        for identity in identities {
            if let Some(count) = self.ends.get_mut((identity - least) as usize) {
                *count += 1;
            }
        }
        let mut next = 0;
        for end in &mut self.ends {
            next += std::mem::replace(end, next);
        }
    }
}

/// With more identities than this a row between the least and the greatest, they are sorted instead of counted.
const SPAN_PER_ROW: usize = 8;

/// Blocks that are being written.
struct Blocks {
    written: Vec<PostingsBlock>,
    bytes: Vec<u8>,
    ordinal_first: u32,
    identities: usize,
    identity_first: u32,
    identity_before: u32,
}

impl Blocks {
    fn new(ordinal_first: u32) -> Self {
        Self {
            written: Vec::new(),
            bytes: Vec::with_capacity(2 * POSTINGS_BLOCK_BYTES),
            ordinal_first,
            identities: 0,
            identity_first: 0,
            identity_before: 0,
        }
    }

    /// Adds an identity, greater than the one before, with its ordinals, ascending.
    fn add(
        &mut self,
        identity: u32,
        count: usize,
        ordinals: impl Iterator<Item = u32>,
        file: &mut NewFile,
    ) -> Result<(), StoreError> {
        if self.bytes.len() >= POSTINGS_BLOCK_BYTES || self.identities == POSTINGS_BLOCK_IDENTITIES
        {
            self.written
                .push(finish(&mut self.bytes, self.identity_first, file)?);
            self.identities = 0;
        }
        if self.bytes.is_empty() {
            (self.identity_first, self.identity_before) = (identity, identity);
        }
        write_varint((identity - self.identity_before).into(), &mut self.bytes);
        write_len(count, &mut self.bytes);
        let mut before = self.ordinal_first;
        for ordinal in ordinals {
            write_varint((ordinal - before).into(), &mut self.bytes);
            before = ordinal;
        }
        self.identity_before = identity;
        self.identities += 1;
        Ok(())
    }

    fn finish(mut self, file: &mut NewFile) -> Result<Vec<PostingsBlock>, StoreError> {
        if !self.bytes.is_empty() {
            self.written
                .push(finish(&mut self.bytes, self.identity_first, file)?);
        }
        Ok(self.written)
    }
}

fn finish(
    bytes: &mut Vec<u8>,
    identity_first: u32,
    file: &mut NewFile,
) -> Result<PostingsBlock, StoreError> {
    let block = PostingsBlock {
        identity_first,
        offset: file.position(),
        bytes: u32::try_from(bytes.len()).expect("a part has below 2^32 rows"),
        checksum: xxh3_64(bytes),
    };
    file.append(bytes)?;
    bytes.clear();
    Ok(block)
}

/// The ordinals of an identity in a block that was read and whose checksum is right, ascending; none when it is not there.
pub(super) fn find(
    block: PostingsBlock,
    bytes: &[u8],
    ordinal_first: u32,
    identity: u32,
) -> Result<Vec<u32>, PackedError> {
    let overflow = PackedError {
        what: "postings pass 32 bits",
    };
    let add = |number: u32, difference: u128| {
        let difference = u32::try_from(difference).ok()?;
        number.checked_add(difference)
    };
    let mut reader = Reader::new(bytes);
    let mut at = block.identity_first;
    while !reader.is_empty() {
        at = add(at, reader.varint()?).ok_or(overflow)?;
        let count = reader.len()?;
        if at > identity {
            break;
        }
        let mut ordinals = Vec::with_capacity(if at == identity { count } else { 0 });
        let mut ordinal = ordinal_first;
        for _ in 0..count {
            let difference = reader.varint()?;
            if at == identity {
                ordinal = add(ordinal, difference).ok_or(overflow)?;
                ordinals.push(ordinal);
            }
        }
        if at == identity {
            return Ok(ordinals);
        }
    }
    Ok(Vec::new())
}
