//! Tables of derived state: sorted entries of a 64-bit key and opaque bytes, in immutable files, so that a save writes only what
//! changed and a question reads only what it needs.
//!
//! - A file holds several tables, each under a name, each sorted by key. A save adds one file; what is known of a key is what all files say
//!   of it together, oldest first, and how that is put together is the caller's business.
//! - Neighbours are joined, so that there are at most [`TABLE_FILES_MAX`] files to ask; see [`TableSet::compact`].
//! - A file counts once the caller's [`TableList`] names it. What no kept list names is removed: at the first opening after a start, and
//!   while running as soon as nobody reads it any more.
//! - Every block that is read is under a checksum that knows its organization, file and place. Nothing here is the only copy of anything: an
//!   error of a file means that the caller makes its state again.
//!
//! A save goes so: [`TableSet::append`] writes and syncs, [`TableSet::with`] gives the set that has it, the caller keeps
//! [`TableSet::list`] with its own state (see [`crate::Derived::save`]) and says so with [`TableSet::mark_kept`].

mod block;
mod cache;
mod file;
mod join;
mod range;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use domain::OrganizationId;
use domain::packed::{PackedError, Reader, write_len, write_varint};
use parking_lot::Mutex;
use xxhash_rust::xxh3::Xxh3;

pub(crate) use cache::BlockCache;
pub use join::Joined;
pub use range::{TableEntry, TableRange};
pub use write::TableWriter;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::NewFiles;
use crate::limits::TABLE_FILES_MAX;
use file::{FilePlace, TableFile};

/// What the names of files of tables end with.
pub(crate) const SUFFIX: &str = ".table";

/// The tables of an organization as they are at one moment.
///
/// A value: clones are cheap, and a clone stays what it is, and readable, while others are made from it and files are replaced. Any
/// number of threads may read; one at a time makes the next set.
#[derive(Clone)]
pub struct TableSet {
    tables: Arc<Tables>,
    /// The oldest first.
    files: Arc<[Arc<TableFile>]>,
}

/// What changes a set: a new file, in place of some or of none.
#[derive(Debug)]
#[must_use = "it changes nothing until a set is made with it"]
pub struct TableChange {
    added: Option<Arc<TableFile>>,
    removed: Vec<u64>,
}

/// Names the files of a set, for its owner to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableList {
    places: Vec<FilePlace>,
}

/// Where an organization's files are, and what is needed to read them.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) organization: OrganizationId,
    /// The seed of the checksums of places.
    pub(crate) salt: u64,
    pub(crate) cache: Arc<BlockCache>,
}

/// What the sets of an organization share.
#[derive(Debug)]
pub(crate) struct Tables {
    home: Arc<Home>,
    number_next: AtomicU64,
    /// The files that the list names that was kept last.
    kept: Mutex<Vec<Arc<TableFile>>>,
    /// What was there at the start, and is removed once it is known what is named.
    found: Mutex<BTreeSet<u64>>,
}

impl Home {
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        let organization = self.organization;
        (self.folder).join(format!("{organization}-{number:010}{SUFFIX}"))
    }

    /// The seed of the checksums of a file, so that what is of another folder, organization or file is known as such.
    fn seed(&self, number: u64) -> u64 {
        let mut place = Xxh3::with_seed(self.salt);
        place.update(self.organization.as_bytes());
        place.update(&number.to_le_bytes());
        place.digest()
    }
}

/// Whose a file of tables is, as text, and its number, by its name.
pub(crate) fn parse_name(name: &str) -> Option<(&str, u64)> {
    let (organization, number) = name.strip_suffix(SUFFIX)?.rsplit_once('-')?;
    Some((organization, number.parse().ok()?))
}

impl Tables {
    pub(crate) fn new(home: Home, found: BTreeSet<u64>) -> Self {
        Self {
            home: Arc::new(home),
            number_next: AtomicU64::new(found.last().map_or(1, |last| last.saturating_add(1))),
            kept: Mutex::default(),
            found: Mutex::new(found),
        }
    }

    /// Opens a file, if it is not open as one that is kept.
    fn open(&self, place: FilePlace) -> Result<Arc<TableFile>, StoreError> {
        let is_it = |file: &&Arc<TableFile>| file.place() == place;
        if let Some(file) = self.kept.lock().iter().find(is_it) {
            return Ok(Arc::clone(file));
        }
        Ok(Arc::new(TableFile::open(&self.home, place)?))
    }

    /// Removes what an earlier process left and is not named.
    fn remove_leftovers(&self, named: &TableList) {
        let mut found = std::mem::take(&mut *self.found.lock());
        for place in &named.places {
            found.remove(&place.number);
        }
        for number in found {
            // What cannot be removed now is removed at the next start.
            let _removed = self.home.disk.remove(&self.home.path(number));
        }
    }
}

impl TableSet {
    /// Opens the files of a list: reads their directories. Removes what an earlier process left and the list does not name.
    pub(crate) fn open(tables: &Arc<Tables>, list: &TableList) -> Result<Self, StoreError> {
        let files = (list.places.iter())
            .map(|place| tables.open(*place))
            .collect::<Result<Arc<[_]>, StoreError>>()?;
        let end = list
            .places
            .iter()
            .map(|place| place.number.saturating_add(1))
            .max();
        tables
            .number_next
            .fetch_max(end.unwrap_or(0), Ordering::Relaxed);
        tables.remove_leftovers(list);
        let set = Self {
            tables: Arc::clone(tables),
            files,
        };
        set.mark_kept();
        Ok(set)
    }

    /// Names the files of the set. Small: about 30 bytes a file.
    pub fn list(&self) -> TableList {
        TableList {
            places: self.files.iter().map(|file| file.place()).collect(),
        }
    }

    /// Says that [`Self::list`] of this set is durable, in the place of the list that was kept before. Files that it does not name are
    /// removed as soon as no set, and no reader, has them. Constant cost, but for those removals.
    pub fn mark_kept(&self) {
        let mut kept = self.tables.kept.lock();
        for file in kept.iter() {
            file.set_kept(false);
        }
        for file in &*self.files {
            file.set_kept(true);
        }
        let before = std::mem::replace(&mut *kept, self.files.to_vec());
        drop(kept);
        // Removes files, which need not be waited for with the lock.
        drop(before);
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// How many bytes the files have together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.place().bytes).sum()
    }

    /// How many entries all files together have under a name; a key that is in several counts as often. Cost: a look into each directory.
    pub fn entries(&self, name: &[u8]) -> u64 {
        let tables = self.files.iter().filter_map(|file| file.table(name));
        tables.map(|(_, table)| table.entries).sum()
    }

    /// What the files say of a key, oldest first; empty when none does. Cost: one block for each file whose table spans the key, from the
    /// cache or by a read of about 4 KB, and a look at some of its entries.
    ///
    /// # Errors
    /// `Damaged`: a block is not what was written. `Io`: what the system refused.
    pub fn get(&self, name: &[u8], key: u64) -> Result<Vec<Bytes>, StoreError> {
        let mut values = Vec::new();
        for file in &*self.files {
            if let Some((_, table)) = file.table(name)
                && let Some(block) = table.block_of(key)
            {
                let content = file.block_cached(table, block)?;
                let found = content.find(table.first_key(block), key);
                let found = found.map_err(|what| file.damaged_block(table, block, what))?;
                values.extend(found.map(|value| content.slice(value)));
            }
        }
        Ok(values)
    }

    /// The entries of a table with keys in a range, ascending, what several files say of a key together. Cost: as [`Self::get`] to
    /// begin with, then what is passed over, block by block, in reads of up to 64 KB.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn range(
        &self,
        name: &[u8],
        keys: impl RangeBounds<u64>,
    ) -> Result<TableRange, StoreError> {
        let first = match keys.start_bound() {
            Bound::Included(first) => Some(*first),
            Bound::Excluded(before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let last = match keys.end_bound() {
            Bound::Included(last) => Some(*last),
            Bound::Excluded(end) => end.checked_sub(1),
            Bound::Unbounded => Some(u64::MAX),
        };
        match first.zip(last) {
            Some((first, last)) if first <= last => TableRange::new(&self.files, name, first, last),
            _ => Ok(TableRange::empty()),
        }
    }

    /// Writes a new file with what `write` gives, and syncs it. Memory: a block, a piece of a mebibyte, and the directory (16 bytes for each 4 KB).
    /// Nothing is left after an error, or when nothing was written, or when the change is dropped.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`, `Io`: what the system refused. Those of `write`.
    pub fn append<E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut TableWriter) -> Result<(), E>,
    ) -> Result<TableChange, E> {
        let added = self.new_file(write)?;
        Ok(TableChange {
            added,
            removed: Vec::new(),
        })
    }

    /// Joins neighbouring files into one when there are more than [`TABLE_FILES_MAX`]; `None` when there are not. Over time an entry is
    /// written again two to six times (50 to 4,000 saves of one size).
    ///
    /// `merge` makes one value of those that the joined files have under a key, oldest first: it appends it to the buffer and says true, or says
    /// false, and the key is left out. It is asked for each key, also when there is one value.
    ///
    /// Blocks, for as long as it takes to read and write what is joined. Meanwhile files may be appended to later sets: the
    /// change fits each set that still has the joined files.
    ///
    /// # Errors
    /// As [`Self::get`] and [`Self::append`]. Those of `merge`.
    pub fn compact<E: From<StoreError>>(
        &self,
        merge: impl FnMut(Joined<'_>, &mut Vec<u8>) -> Result<bool, E>,
    ) -> Result<Option<TableChange>, E> {
        let sizes: Vec<u64> = self.files.iter().map(|file| file.place().bytes).collect();
        let Some(from) = join::candidates(&sizes, TABLE_FILES_MAX) else {
            return Ok(None);
        };
        let files = self.files.get(from..).unwrap_or_default();
        let added = self.new_file(|writer| join::join(files, from == 0, writer, merge))?;
        Ok(Some(TableChange {
            added,
            removed: files.iter().map(|file| file.place().number).collect(),
        }))
    }

    /// This set with a change made.
    ///
    /// # Panics
    /// When files that the change replaces are not, one behind the other, in the set.
    #[must_use]
    pub fn with(&self, change: TableChange) -> Self {
        let mut files = self.files.to_vec();
        if let Some(first) = change.removed.first() {
            let from = files.iter().position(|file| file.place().number == *first);
            let from = from.expect("the joined files are in the set");
            let until = from + change.removed.len();
            let numbers = files.get(from..until).unwrap_or_default().iter();
            let numbers = numbers.map(|file| file.place().number);
            assert!(
                numbers.eq(change.removed.iter().copied()),
                "the joined files are in the set, one behind the other"
            );
            files.splice(from..until, change.added);
        } else {
            files.extend(change.added);
        }
        Self {
            tables: Arc::clone(&self.tables),
            files: files.into(),
        }
    }

    fn new_file<E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut TableWriter) -> Result<(), E>,
    ) -> Result<Option<Arc<TableFile>>, E> {
        let home = &self.tables.home;
        let number = self.tables.number_next.fetch_add(1, Ordering::Relaxed);
        let path = home.path(number);
        let mut files = NewFiles::new(Arc::clone(&home.disk));
        let mut writer = TableWriter::new(files.create(path)?, home.seed(number))?;
        write(&mut writer)?;
        let Some((place, tables)) = writer.finish(number)? else {
            return Ok(None);
        };
        (home.disk.sync_folder(&home.folder))
            .map_err(|source| StoreError::sync(&home.folder, source))?;
        let file = TableFile::written(home, place, tables)?;
        // From here on the file removes itself.
        files.keep();
        Ok(Some(Arc::new(file)))
    }
}

impl fmt::Debug for TableSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableSet")
            .field("organization", &self.tables.home.organization)
            .field("files", &self.list().places)
            .finish_non_exhaustive()
    }
}

impl TableList {
    /// Appends it in a packed form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.places.len(), out);
        for place in &self.places {
            for field in [place.number, place.bytes, place.directory_bytes] {
                write_varint(field.into(), out);
            }
            out.extend_from_slice(&place.directory_checksum.to_le_bytes());
        }
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let field = |reader: &mut Reader<'_>| {
            u64::try_from(reader.varint()?).map_err(|_| PackedError {
                what: "a place of a file is out of range",
            })
        };
        let mut places = Vec::new();
        for _ in 0..reader.len()? {
            places.push(FilePlace {
                number: field(reader)?,
                bytes: field(reader)?,
                directory_bytes: field(reader)?,
                directory_checksum: u64::from_le_bytes(reader.array()?),
            });
        }
        Ok(Self { places })
    }
}
