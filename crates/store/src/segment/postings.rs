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

/// Writes the postings of a part, `rows` being the identity and the ordinal of each row, the ordinals from `ordinal_first` on.
pub(super) fn write(
    mut rows: Vec<(u32, u32)>,
    ordinal_first: u32,
    file: &mut NewFile,
) -> Result<Vec<PostingsBlock>, StoreError> {
    rows.sort_unstable();
    let mut blocks = Vec::new();
    let mut bytes = Vec::new();
    let mut identities = 0;
    let mut identity_first = 0;
    let mut identity_before = 0;
    for chunk in rows.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((identity, _)) = chunk.first() else {
            continue;
        };
        if bytes.len() >= POSTINGS_BLOCK_BYTES || identities == POSTINGS_BLOCK_IDENTITIES {
            blocks.push(finish(&mut bytes, identity_first, file)?);
            identities = 0;
        }
        if bytes.is_empty() {
            (identity_first, identity_before) = (*identity, *identity);
        }
        write_varint((identity - identity_before).into(), &mut bytes);
        write_len(chunk.len(), &mut bytes);
        let mut before = ordinal_first;
        for (_, ordinal) in chunk {
            write_varint((ordinal - before).into(), &mut bytes);
            before = *ordinal;
        }
        identity_before = *identity;
        identities += 1;
    }
    if !bytes.is_empty() {
        blocks.push(finish(&mut bytes, identity_first, file)?);
    }
    Ok(blocks)
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
