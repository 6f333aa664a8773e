//! Writing a segment.
//!
//! The rows of a row group are taken apart into columns, the columns become pages, and these are written; all in memory that is used
//! again for the next row group.

mod column;
mod gather;
mod pack;
mod pages;
mod parquet_file;
mod post;
mod verify;
mod words;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{Event, OrganizationId};
use xxhash_rust::xxh3::xxh3_64;

use super::index::{Group, HEADER, PartIndex, SegmentIndex};
use super::part;
use super::postings::{Base, Lister, ToPost};
use super::shape::{Shape, Taker};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::{NewFiles, damaged};
use crate::key_runs::Entry;
use crate::keys::KeyHasher;
use crate::limits::{GROUP_BYTES, GROUP_ROWS, SHAPE_ROWS_SAMPLED, SHARED_GROUP_ROWS};
use crate::tail::{Block, CopyIdentities};

use column::Column;
use gather::{Columns, Keys};
use parquet_file::{ParquetFile, Room};

/// Rows of one organization that are to be sealed: blocks and the rows in each, in order and without gaps.
#[derive(Debug)]
pub(crate) struct RowSource {
    pub(crate) organization: OrganizationId,
    pub(crate) blocks: Vec<(Arc<Block>, Range<usize>)>,
    /// One more than the greatest identity of these rows or any before.
    pub(crate) identities_end: u32,
}

/// Writes the two files of a segment. Keeps its memory, some MiB, for the next.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    seed: u64,
    /// Columns of the last segment.
    columns: Vec<Column>,
    room: Room,
    lister: Lister,
    /// Room for the keys of a source.
    keys: Keys,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) directory_checksum: u64,
    pub(crate) index: SegmentIndex,
    /// Of each source, the hash and the ordinal of each row with a key, in the order of the rows; none without a hasher.
    pub(crate) keys: Vec<Vec<Entry>>,
}

impl RowSource {
    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.blocks.iter().map(|(_, rows)| rows.len()).sum()
    }

    /// How many rows, and about how many bytes they take in memory.
    pub(crate) fn size(&self) -> (u64, u64) {
        let bytes = self
            .blocks
            .iter()
            .map(|(block, rows)| block.bytes_of(rows.clone()));
        (self.rows() as u64, bytes.sum())
    }

    /// Pieces of at most [`GROUP_ROWS`] rows, which end with the row by which they reach [`GROUP_BYTES`]: whoever looks at one row
    /// has to read what stands around it.
    fn pieces(&self) -> Vec<Rows<'_>> {
        let mut groups = Vec::new();
        let mut group: Rows<'_> = Vec::new();
        let (mut rows_in, mut bytes_in) = (0, 0);
        for (block, rows) in &self.blocks {
            let mut start = rows.start;
            for row in rows.clone() {
                rows_in += 1;
                bytes_in += block.row_bytes(row).len();
                if rows_in == GROUP_ROWS || bytes_in >= GROUP_BYTES {
                    group.push((block, start..row + 1));
                    groups.push(std::mem::take(&mut group));
                    (start, rows_in, bytes_in) = (row + 1, 0, 0);
                }
            }
            if start < rows.end {
                group.push((block, start..rows.end));
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
        groups
    }

    fn events(&self, every: usize) -> impl Iterator<Item = Event<'_>> {
        let rows = (self.blocks.iter())
            .flat_map(|(block, rows)| rows.clone().map(move |row| (block, row)));
        rows.step_by(every)
            .map(|(block, row)| block.row(row).event())
    }
}

/// Rows and who knows their identities.
pub(crate) type Sealable<'a> = (&'a RowSource, &'a dyn CopyIdentities);

/// Rows that follow each other.
type Rows<'a> = Vec<(&'a Arc<Block>, Range<usize>)>;

/// Rows of one organization in a row group.
pub(super) struct Piece<'a> {
    /// The place of the organization's rows among all sources.
    source: usize,
    organization: OrganizationId,
    identities: &'a dyn CopyIdentities,
    rows: Rows<'a>,
}

impl Piece<'_> {
    fn len(&self) -> usize {
        self.rows.iter().map(|(_, rows)| rows.len()).sum()
    }

    fn ordinal_first(&self) -> u32 {
        let (block, rows) = self.rows.first().expect("a piece has rows");
        block.ordinal_first() + u32::try_from(rows.start).expect("ordinals have 32 bits")
    }

    /// What readers need to know of it.
    fn group(&self, number: u32, row_first: u32) -> Group {
        let (first_block, first) = self.rows.first().expect("a piece has rows");
        let (last_block, last) = self.rows.last().expect("a piece has rows");
        let (first, last) = (
            first_block.row(first.start),
            last_block.row(last.end.saturating_sub(1)),
        );
        let times = || {
            let slices = self
                .rows
                .iter()
                .filter_map(|(block, rows)| block.timestamps().get(rows.clone()));
            slices.flatten().copied()
        };
        Group {
            number,
            row_first,
            ordinal_first: first.ordinal,
            rows: last.ordinal - first.ordinal + 1,
            times: (
                times().min().unwrap_or(first.timestamp),
                times().max().unwrap_or(first.timestamp),
            ),
            received_at: (first.received_at, last.received_at),
            sequences: (first.sequence, last.sequence),
        }
    }

    fn bytes(&self) -> usize {
        let row_bytes = |(block, rows): &(&Arc<Block>, Range<usize>)| -> usize {
            rows.clone().map(|row| block.row_bytes(row).len()).sum()
        };
        self.rows.iter().map(row_bytes).sum()
    }
}

/// What stands in each row group. An organization with many rows has row groups of its own; those with few share one, as a row
/// group costs some thousand bytes however few rows it has.
pub(super) fn row_groups<'a>(sources: &[Sealable<'a>]) -> Vec<Vec<Piece<'a>>> {
    let mut row_groups = Vec::new();
    let mut shared: Vec<Piece<'a>> = Vec::new();
    let (mut shared_rows, mut shared_bytes) = (0, 0);
    for (at, (source, identities)) in sources.iter().enumerate() {
        let is_small = source.rows() < SHARED_GROUP_ROWS;
        for rows in source.pieces() {
            let piece = Piece {
                source: at,
                organization: source.organization,
                identities: *identities,
                rows,
            };
            let is_full = shared_rows + piece.len() > GROUP_ROWS || shared_bytes >= GROUP_BYTES;
            if !shared.is_empty() && (!is_small || is_full) {
                row_groups.push(std::mem::take(&mut shared));
                (shared_rows, shared_bytes) = (0, 0);
            }
            if is_small {
                shared_rows += piece.len();
                shared_bytes += piece.bytes();
                shared.push(piece);
            } else {
                row_groups.push(vec![piece]);
            }
        }
    }
    if !shared.is_empty() {
        row_groups.push(shared);
    }
    row_groups
}

impl SegmentWriter {
    /// `seed` is a number that clients cannot know; what is written does not depend on it.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            columns: Vec::new(),
            room: Room::default(),
            lister: Lister::default(),
            keys: Keys::new(),
        }
    }

    /// Writes and syncs the files of a segment of these rows, the sources ordered by organization. Hashes the keys, if there is a hasher.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`: what the system refused. `Damaged`: what is written is not what is in memory.
    pub(crate) fn write(
        &mut self,
        files: &mut NewFiles,
        path: PathBuf,
        index_path: PathBuf,
        sources: &[Sealable<'_>],
        hasher: Option<KeyHasher>,
    ) -> Result<Written, StoreError> {
        let rows: usize = sources.iter().map(|(source, _)| source.rows()).sum();
        let every = (rows / SHAPE_ROWS_SAMPLED).max(1);
        let sample = sources.iter().flat_map(|(source, _)| source.events(every));
        let shape = Shape::of(sample);

        let mut keys = self.empty_keys(sources, hasher.is_some());
        let mut index_file = files.create(index_path)?;
        index_file.append(&HEADER)?;
        let mut parquet = ParquetFile::new(files.create(path)?, &shape, &mut self.room)?;
        let mut columns = Columns::new(&shape, self.seed, &mut self.columns);
        let mut taker = Taker::default();
        let mut groups: Vec<Vec<Group>> = sources.iter().map(|_| Vec::new()).collect();
        let mut posted: Vec<_> = (sources.iter())
            .map(|(source, _)| ToPost::with_capacity(source.rows()))
            .collect();
        for pieces in row_groups(sources) {
            let number = parquet.next();
            columns
                .gather(&shape, &pieces, &mut taker, hasher, &mut keys)
                .ok_or_else(|| parquet.misfit("a row is not what its columns say"))?;
            parquet.row_group(&mut columns)?;
            let mut row_first = 0;
            for piece in &pieces {
                let group = piece.group(number, row_first);
                let of_source = posted.get_mut(piece.source).expect("a place of a source");
                post::post(piece, &columns, row_first as usize, of_source)
                    .ok_or_else(|| parquet.misfit("a row is not among its columns"))?;
                row_first += group.rows;
                let of_source = groups.get_mut(piece.source);
                of_source.expect("a place of a source").push(group);
            }
        }
        let mut parts = Vec::with_capacity(sources.len());
        for (((source, _), groups), posted) in sources.iter().zip(groups).zip(posted) {
            let postings = (self.lister).write(&posted, Base::of(&groups), &mut index_file)?;
            parts.push(PartIndex {
                organization: source.organization,
                identities_end: source.identities_end,
                groups,
                names: posted.into_names(),
                postings,
            });
        }
        let (bytes, row_groups) = parquet.finish()?;
        self.columns = columns.into_columns();
        let index = SegmentIndex {
            shape,
            row_groups,
            parts,
        };
        let directory = index.encode();
        if SegmentIndex::decode(&directory).as_ref() != Ok(&index) {
            let what = "an index is not what is read back from its bytes";
            return Err(damaged(index_file.path(), index_file.position(), what));
        }
        index_file.append(&directory)?;
        Ok(Written {
            bytes,
            index_bytes: index_file.finish()?,
            directory_bytes: directory.len() as u64,
            directory_checksum: xxh3_64(&directory),
            index,
            keys,
        })
    }
}

impl SegmentWriter {
    /// Room for the keys of each source.
    fn empty_keys(&mut self, sources: &[Sealable<'_>], are_wanted: bool) -> Vec<Keys> {
        let room = |(source, _): &Sealable<'_>| {
            let rows = if are_wanted { source.rows() } else { 0 };
            // What is there is for the first that fills half of it.
            let mut keys = if rows > self.keys.capacity() / 2 {
                std::mem::take(&mut self.keys)
            } else {
                Keys::new()
            };
            keys.clear();
            keys.reserve(rows);
            keys
        };
        sources.iter().map(room).collect()
    }

    /// Takes the memory of keys back that are not needed any more.
    pub(crate) fn take_back(&mut self, keys: Vec<Keys>) {
        let largest = keys.into_iter().max_by_key(Vec::capacity);
        self.keys = largest.unwrap_or_default();
    }
}

impl Written {
    /// The parts of the segment, to read from.
    pub(crate) fn parts(
        self,
        disk: &Arc<dyn Disk>,
        place: &part::SegmentPlace,
    ) -> Vec<Arc<part::Part>> {
        part::parts(disk, place, self.index)
    }
}
