//! Reading a segment back right after it was written: every byte of it that readers look at, compared with its checksum.

use xxhash_rust::xxh3::xxh3_64;

use super::index::PostingsBlock;
use super::part::SegmentFile;
use super::read::CHECKSUM;
use crate::error::StoreError;
use crate::files::{damaged, open, open_named, read_into};

/// Reads all row groups.
///
/// # Errors
/// `Damaged`, `Missing`, `Io`: they are not what was written.
pub(super) fn row_groups(file: &SegmentFile) -> Result<(), StoreError> {
    let path = &file.path;
    let open = open_named(&*file.disk, path, file.bytes)?;
    let mut bytes = Vec::new();
    for row_group in &file.row_groups {
        let mut offset = row_group.offset;
        let length = usize::try_from(row_group.bytes())
            .map_err(|_| damaged(path, offset, "a row group is too long"))?;
        read_into(&*open, path, offset, length, &mut bytes)?;
        let mut rest = &*bytes;
        for chunk in &row_group.chunks {
            let (column, behind) = rest
                .split_at_checked(chunk.bytes as usize)
                .ok_or_else(|| damaged(path, offset, CHECKSUM))?;
            if xxh3_64(column) != chunk.checksum {
                return Err(damaged(path, offset, CHECKSUM));
            }
            offset += u64::from(chunk.bytes);
            rest = behind;
        }
    }
    Ok(())
}

/// Reads blocks of postings.
///
/// # Errors
/// See [`row_groups`].
pub(super) fn postings(file: &SegmentFile, blocks: &[PostingsBlock]) -> Result<(), StoreError> {
    let path = &file.index_path;
    let open = open(&*file.disk, path)?;
    let mut bytes = Vec::new();
    // They stand one behind the other, and some hundreds of them are read at once.
    for blocks in blocks.chunks(BLOCKS_AT_ONCE) {
        let offset = blocks.first().map_or(0, |block| block.offset);
        let length = blocks.iter().map(|block| block.bytes as usize).sum();
        read_into(&*open, path, offset, length, &mut bytes)?;
        let mut rest = &*bytes;
        for block in blocks {
            let wrong = || damaged(path, block.offset, "postings do not match their checksum");
            let (own, behind) = rest
                .split_at_checked(block.bytes as usize)
                .ok_or_else(wrong)?;
            if xxh3_64(own) != block.checksum {
                return Err(wrong());
            }
            rest = behind;
        }
    }
    Ok(())
}

const BLOCKS_AT_ONCE: usize = 256;
