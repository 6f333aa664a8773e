//! Reading a segment back right after it was written: every byte of it that readers look at, compared with its checksum.

use xxhash_rust::xxh3::xxh3_64;

use super::index::PostingsBlock;
use super::part::SegmentFile;
use super::postings;
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

/// Reads blocks of postings, and the runs that they name.
///
/// # Errors
/// See [`row_groups`].
pub(super) fn postings(file: &SegmentFile, blocks: &[PostingsBlock]) -> Result<(), StoreError> {
    let mut runs = Vec::new();
    let pieces = blocks.iter().map(|block| Piece {
        offset: block.offset,
        bytes: block.bytes,
        checksum: block.checksum,
    });
    let pieces: Vec<Piece> = pieces.collect();
    each_piece(file, &pieces, |piece, bytes| {
        let found = postings::runs(bytes)
            .map_err(|error| damaged(&file.index_path, piece.offset, error.what))?;
        runs.extend(found.iter().map(|run| Piece {
            offset: run.offset,
            bytes: run.bytes,
            checksum: run.checksum,
        }));
        Ok(())
    })?;
    each_piece(file, &runs, |_, _| Ok(()))
}

/// A piece of the index with a checksum of its own.
struct Piece {
    offset: u64,
    bytes: u32,
    checksum: u64,
}

/// Reads pieces that stand one behind the other, some hundreds at once.
fn each_piece(
    file: &SegmentFile,
    pieces: &[Piece],
    mut visit: impl FnMut(&Piece, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let path = &file.index_path;
    let open = open(&*file.disk, path)?;
    let mut bytes = Vec::new();
    for pieces in pieces.chunks(PIECES_AT_ONCE) {
        let offset = pieces.first().map_or(0, |piece| piece.offset);
        let length = pieces.iter().map(|piece| piece.bytes as usize).sum();
        read_into(&*open, path, offset, length, &mut bytes)?;
        let mut rest = &*bytes;
        for piece in pieces {
            let wrong = || damaged(path, piece.offset, postings::CHECKSUM);
            let (own, behind) = rest
                .split_at_checked(piece.bytes as usize)
                .ok_or_else(wrong)?;
            if xxh3_64(own) != piece.checksum {
                return Err(wrong());
            }
            visit(piece, own)?;
            rest = behind;
        }
    }
    Ok(())
}

const PIECES_AT_ONCE: usize = 256;
