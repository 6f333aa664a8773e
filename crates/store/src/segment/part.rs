//! An organization's part of a segment, as readers hold it: ranges in memory, rows on disk.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{OrganizationId, Source, TimeRange};
use parquet::schema::types::SchemaDescriptor;
use xxhash_rust::xxh3::xxh3_64;

use super::cache::Place;
pub(crate) use super::index::Group;
use super::index::{HEADER, PartIndex, PostingsBlock, RowGroup, SegmentIndex};
use super::postings::{Base, Posted, PostedName, PostedRow, PostedRun};
use super::shape::Shape;
use super::{BlockCache, GroupColumns, postings, read, schema, verify};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::{damaged, open, open_named, read_exactly};
use crate::limits::WINDOW_ROWS;
use crate::tail::{Block, CopyIdentities};

/// The files of a segment.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(super) disk: Arc<dyn Disk>,
    /// Unique among the segments that a process has seen.
    pub(super) number: u64,
    /// The Parquet file and its length.
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) index_path: PathBuf,
    pub(super) shape: Shape,
    pub(super) row_groups: Vec<RowGroup>,
    /// The columns of the Parquet file.
    pub(super) schema: SchemaDescriptor,
}

/// The rows of one organization in a segment.
#[derive(Debug)]
pub(crate) struct Part {
    file: Arc<SegmentFile>,
    pub(crate) organization: OrganizationId,
    /// See [`PartIndex`].
    pub(crate) identities_end: u32,
    /// In order and without gaps; not empty.
    pub(crate) groups: Vec<Group>,
    /// See [`PartIndex`].
    names: Vec<PostedName>,
    postings: Vec<PostingsBlock>,
}

/// Where the files of a segment are and what the manifest says of them.
#[derive(Debug, Clone)]
pub(crate) struct SegmentPlace {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) index_path: PathBuf,
    pub(crate) index_bytes: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) directory_checksum: u64,
}

/// Opens a segment: reads its index and checks that the Parquet file is there.
pub(crate) fn open_segment(
    disk: &Arc<dyn Disk>,
    place: &SegmentPlace,
) -> Result<Vec<Arc<Part>>, StoreError> {
    open_named(&**disk, &place.path, place.bytes)?;
    let path = &place.index_path;
    let file = open_named(&**disk, path, place.index_bytes)?;
    let offset = place
        .index_bytes
        .checked_sub(place.directory_bytes)
        .ok_or_else(|| damaged(path, 0, "the index is too short"))?;
    if read_exactly(&*file, path, 0, HEADER.len())? != HEADER {
        return Err(damaged(path, 0, "it is not an index of a segment"));
    }
    let bytes = usize::try_from(place.directory_bytes)
        .map_err(|_| damaged(path, offset, "the directory is too long"))?;
    let directory = read_exactly(&*file, path, offset, bytes)?;
    if xxh3_64(&directory) != place.directory_checksum {
        let what = "the directory does not match its checksum";
        return Err(damaged(path, offset, what));
    }
    let index =
        SegmentIndex::decode(&directory).map_err(|error| damaged(path, offset, error.what))?;
    Ok(parts(disk, place, index))
}

/// The parts of a segment with this index.
pub(crate) fn parts(
    disk: &Arc<dyn Disk>,
    place: &SegmentPlace,
    index: SegmentIndex,
) -> Vec<Arc<Part>> {
    let file = Arc::new(SegmentFile {
        disk: Arc::clone(disk),
        number: place.number,
        path: place.path.clone(),
        bytes: place.bytes,
        index_path: place.index_path.clone(),
        schema: SchemaDescriptor::new(schema::segment(&index.shape)),
        shape: index.shape,
        row_groups: index.row_groups,
    });
    let part = |index: PartIndex| {
        Arc::new(Part {
            file: Arc::clone(&file),
            organization: index.organization,
            identities_end: index.identities_end,
            groups: index.groups,
            names: index.names,
            postings: index.postings,
        })
    };
    index.parts.into_iter().map(part).collect()
}

impl Group {
    pub(crate) fn ordinals(&self) -> Range<u32> {
        self.ordinal_first..self.ordinal_first + self.rows
    }

    /// Where some of its rows, counted from its first, are kept in the cache.
    fn place(&self, segment: u64, rows: &Range<u32>) -> Place {
        let first = self.row_first + rows.start;
        (segment, self.number, first, self.row_first + rows.end)
    }
}

impl Part {
    /// The ordinals of its rows.
    pub(crate) fn ordinals(&self) -> Range<u32> {
        let first = self.groups.first().map_or(0, |group| group.ordinal_first);
        first
            ..self
                .groups
                .last()
                .map_or(first, |group| group.ordinals().end)
    }

    /// Where the row group of these rows begins in the Parquet file.
    #[cfg(test)]
    pub(crate) fn offset(&self, group: &Group) -> u64 {
        let row_group = self.file.row_groups.get(group.number as usize);
        row_group.map_or(0, |row_group| row_group.offset)
    }

    /// The rows of a row group: from the cache, or read, checked and decoded, which takes a few milliseconds.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn load(
        &self,
        group: &Group,
        identities: &dyn CopyIdentities,
        cache: &BlockCache,
    ) -> Result<Arc<Block>, StoreError> {
        let place = group.place(self.file.number, &(0..group.rows));
        if let Some(block) = cache.get(place) {
            return Ok(block);
        }
        let block = Arc::new(self.read(group, identities)?);
        cache.put(place, &block);
        Ok(block)
    }

    /// The rows around one of a row group: a window of [`WINDOW_ROWS`], which takes a small part of the time of [`Self::load`], or all if
    /// they are in the cache.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_around(
        &self,
        group: &Group,
        ordinal: u32,
        identities: &dyn CopyIdentities,
        cache: &BlockCache,
    ) -> Result<Arc<Block>, StoreError> {
        if let Some(block) = cache.get(group.place(self.file.number, &(0..group.rows))) {
            return Ok(block);
        }
        let window = ordinal.saturating_sub(group.ordinal_first) / WINDOW_ROWS;
        let first = window * WINDOW_ROWS;
        let rows = first..first.saturating_add(WINDOW_ROWS).min(group.rows);
        let place = group.place(self.file.number, &rows);
        if let Some(block) = cache.get(place) {
            return Ok(block);
        }
        let block = Arc::new(read::rows(&self.file, group, rows, identities)?);
        cache.put(place, &block);
        Ok(block)
    }

    /// The number of its segment.
    pub(crate) fn segment(&self) -> u64 {
        self.file.number
    }

    /// Reads the files back and compares everything that readers look at with its checksum: the columns of all row groups, also those of
    /// other organizations, and the postings of this one.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn verify(&self) -> Result<(), StoreError> {
        verify::row_groups(&self.file)?;
        self.verify_postings()
    }

    /// The same for the postings alone.
    ///
    /// # Errors
    /// See [`Self::verify`].
    pub(crate) fn verify_postings(&self) -> Result<(), StoreError> {
        verify::postings(&self.file, &self.postings)
    }

    /// The rows of a row group, read from disk.
    pub(crate) fn read(
        &self,
        group: &Group,
        identities: &dyn CopyIdentities,
    ) -> Result<Block, StoreError> {
        read::rows(&self.file, group, 0..group.rows, identities)
    }

    /// The rows of a row group, column by column.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn columns(&self, group: &Group) -> Result<GroupColumns, StoreError> {
        GroupColumns::open(&self.file, *group)
    }

    /// Whether these are the columns of a row group.
    pub(crate) fn has_columns(&self, group: &Group, columns: &GroupColumns) -> bool {
        columns.is_of(&self.file, group)
    }

    /// The ordinals of an identity's rows, ascending. One read of a few thousand bytes, and of those of many rows one more for each run.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn rows_of_identity(&self, identity: u32) -> Result<Vec<u32>, StoreError> {
        let posted = self.posted(identity)?;
        let mut ordinals: Vec<u32> = posted.rows.iter().map(|row| row.ordinal).collect();
        for run in &posted.runs {
            ordinals.extend(self.rows_of_run(run)?.iter().map(|row| row.ordinal));
        }
        ordinals.sort_unstable();
        Ok(ordinals)
    }

    /// What the postings say of an identity. One read of a few thousand bytes.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn posted(&self, identity: u32) -> Result<Posted, StoreError> {
        let after = self
            .postings
            .partition_point(|block| block.identity_first <= identity);
        let Some(block) = after.checked_sub(1).and_then(|at| self.postings.get(at)) else {
            return Ok(Posted::default());
        };
        let bytes = self.read_postings(block.offset, block.bytes, block.checksum)?;
        let path = &self.file.index_path;
        let posted = postings::find(*block, &bytes, Base::of(&self.groups), identity)
            .map_err(|error| damaged(path, block.offset, error.what))?;
        self.check_rows(block.offset, &posted.rows)?;
        Ok(posted)
    }

    /// The rows of a run, by time. One read.
    ///
    /// # Errors
    /// `Damaged`, `Missing`, `Io`.
    pub(crate) fn rows_of_run(&self, run: &PostedRun) -> Result<Vec<PostedRow>, StoreError> {
        let bytes = self.read_postings(run.offset, run.bytes, run.checksum)?;
        let rows = postings::rows_of_run(run, &bytes, Base::of(&self.groups))
            .map_err(|error| damaged(&self.file.index_path, run.offset, error.what))?;
        self.check_rows(run.offset, &rows)?;
        Ok(rows)
    }

    /// The name with a number; `None` for 0.
    pub(crate) fn posted_name(&self, number: u16) -> Option<(Source, &str)> {
        let index = usize::from(number).checked_sub(1)?;
        let (source, name) = self.names.get(index)?;
        Some((*source, name))
    }

    /// How many names have a number.
    pub(crate) fn posted_names_count(&self) -> u16 {
        u16::try_from(self.names.len()).unwrap_or(u16::MAX)
    }

    /// Whether it may have rows in a range of time.
    pub(crate) fn reaches(&self, range: TimeRange) -> bool {
        let reaches = |group: &Group| group.times.0 < range.end && group.times.1 >= range.start;
        self.groups.iter().any(reaches)
    }

    fn read_postings(&self, offset: u64, bytes: u32, checksum: u64) -> Result<Vec<u8>, StoreError> {
        let path = &self.file.index_path;
        let file = open(&*self.file.disk, path)?;
        let bytes = read_exactly(&*file, path, offset, bytes as usize)?;
        if xxh3_64(&bytes) != checksum {
            return Err(damaged(path, offset, postings::CHECKSUM));
        }
        Ok(bytes)
    }

    fn check_rows(&self, offset: u64, rows: &[PostedRow]) -> Result<(), StoreError> {
        let own = self.ordinals();
        if rows.iter().all(|row| own.contains(&row.ordinal)) {
            return Ok(());
        }
        let what = "postings name a row of another part";
        Err(damaged(&self.file.index_path, offset, what))
    }
}
