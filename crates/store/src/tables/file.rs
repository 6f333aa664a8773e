//! One file of tables.
//!
//! Layout: header (magic, version, checksum of the place, checksum of these); blocks, whose checksums have seeds made of place and
//! offset; directory. The directory (packed) has for each table its name, how many entries, the last
//! key, and for each block the first key, as difference to the one before, and the length. Its own length and checksum are in the list that
//! names the file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use domain::packed::{PackedError, Reader, write_len, write_varint};
use xxhash_rust::xxh3::xxh3_64;

use super::Home;
use super::block::Block;
use crate::disk::SharedFile;
use crate::error::StoreError;
use crate::files::{damaged, open_named, read_exactly};

pub(super) const HEADER_BYTES: usize = 32;
const MAGIC: [u8; 8] = *b"SEXTANTT";
const VERSION: u64 = 1;

/// What a list says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FilePlace {
    /// Names the file.
    pub(super) number: u64,
    pub(super) bytes: u64,
    pub(super) directory_bytes: u64,
    pub(super) directory_checksum: u64,
}

/// An open file. Removes itself when it is dropped, unless a kept list names it.
pub(super) struct TableFile {
    file: Arc<dyn SharedFile>,
    home: Arc<Home>,
    place: FilePlace,
    /// Sorted by name.
    tables: Vec<Table>,
    seed: u64,
    /// Names it in the cache.
    cache_number: u64,
    is_kept: AtomicBool,
}

/// What the directory says of a table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) name: Box<[u8]>,
    pub(super) entries: u64,
    last_key: u64,
    /// The first key of each block. Never empty once the table is in a directory.
    firsts: Vec<u64>,
    /// Where each block begins, and where the last one ends.
    offsets: Vec<u64>,
}

pub(super) fn header(seed: u64) -> [u8; HEADER_BYTES] {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&seed.to_le_bytes());
    let checksum = xxh3_64(&header);
    header.extend_from_slice(&checksum.to_le_bytes());
    header.try_into().expect("four fields of 8 bytes")
}

/// The seed of the checksum of a block, so that one that is read from elsewhere is known as such.
pub(super) fn block_seed(seed: u64, offset: u64) -> u64 {
    seed.wrapping_add(offset)
}

impl TableFile {
    /// Opens a file that a list names, and reads its directory.
    pub(super) fn open(home: &Arc<Home>, place: FilePlace) -> Result<Self, StoreError> {
        let path = home.path(place.number);
        let file = open_named(&*home.disk, &path, place.bytes)?;
        let seed = home.seed(place.number);
        if read_exactly(&*file, &path, 0, HEADER_BYTES)? != header(seed) {
            return Err(damaged(&path, 0, "it is not this file of tables"));
        }
        let offset = (place.bytes.checked_sub(place.directory_bytes))
            .ok_or_else(|| damaged(&path, 0, "the file of tables is too short"))?;
        let bytes = usize::try_from(place.directory_bytes)
            .map_err(|_| damaged(&path, offset, "the directory is too long"))?;
        let directory = read_exactly(&*file, &path, offset, bytes)?;
        if xxh3_64(&directory) != place.directory_checksum {
            let what = "the directory does not match its checksum";
            return Err(damaged(&path, offset, what));
        }
        let tables = decode(&directory, offset).map_err(|error| damaged(&path, offset, error.what));
        Ok(Self::new(home, file, place, tables?))
    }

    /// Opens a file that was written just now.
    pub(super) fn written(
        home: &Arc<Home>,
        place: FilePlace,
        tables: Vec<Table>,
    ) -> Result<Self, StoreError> {
        let file = open_named(&*home.disk, &home.path(place.number), place.bytes)?;
        let file = Self::new(home, file, place, tables);
        file.set_kept(false);
        Ok(file)
    }

    /// It is kept until somebody says otherwise: what cannot be used is not removed for that.
    fn new(
        home: &Arc<Home>,
        file: Arc<dyn SharedFile>,
        place: FilePlace,
        tables: Vec<Table>,
    ) -> Self {
        Self {
            file,
            home: Arc::clone(home),
            place,
            tables,
            seed: home.seed(place.number),
            cache_number: home.cache.take_file_number(),
            is_kept: AtomicBool::new(true),
        }
    }

    pub(super) fn place(&self) -> FilePlace {
        self.place
    }

    pub(super) fn set_kept(&self, is_kept: bool) {
        self.is_kept.store(is_kept, Ordering::Release);
    }

    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// A table by its name, and its index.
    pub(super) fn table(&self, name: &[u8]) -> Option<(usize, &Table)> {
        let index = (self.tables)
            .binary_search_by(|table| (*table.name).cmp(name))
            .ok()?;
        Some((index, self.tables.get(index)?))
    }

    /// A block, through the cache.
    pub(super) fn block_cached(&self, table: &Table, block: usize) -> Result<Block, StoreError> {
        let (from, _) = table.extent(block, block + 1);
        let place = (self.cache_number, from);
        if let Some(content) = self.home.cache.get(place) {
            return Ok(content);
        }
        let content = self.read_blocks(table, block, block + 1)?;
        let content = self.block(table, block, &content, from)?;
        self.home.cache.put(place, &content);
        Ok(content)
    }

    /// The bytes of some blocks, one behind the other, unchecked, by one read.
    pub(super) fn read_blocks(
        &self,
        table: &Table,
        block: usize,
        end: usize,
    ) -> Result<Bytes, StoreError> {
        let (from, until) = table.extent(block, end);
        let bytes = usize::try_from(until - from).expect("a few blocks fit the memory");
        let content = read_exactly(&*self.file, &self.path(), from, bytes)?;
        Ok(content.into())
    }

    /// A block out of bytes that begin at `offset` of the file, checked.
    pub(super) fn block(
        &self,
        table: &Table,
        block: usize,
        content: &Bytes,
        offset: u64,
    ) -> Result<Block, StoreError> {
        let (from, until) = table.extent(block, block + 1);
        let at = |position: u64| usize::try_from(position - offset).expect("it was read");
        Block::new(
            content.slice(at(from)..at(until)),
            block_seed(self.seed, from),
        )
        .map_err(|what| damaged(&self.path(), from, what))
    }

    /// What to report for a block whose checksum is right and whose content is not.
    pub(super) fn damaged_block(
        &self,
        table: &Table,
        block: usize,
        what: &'static str,
    ) -> StoreError {
        damaged(&self.path(), table.extent(block, block + 1).0, what)
    }

    fn path(&self) -> PathBuf {
        self.home.path(self.place.number)
    }
}

impl fmt::Debug for TableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableFile")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if !*self.is_kept.get_mut() {
            // What cannot be removed now is removed at the next start.
            let _removed = self.home.disk.remove(&self.path());
        }
    }
}

impl Table {
    /// A table without blocks, the first of which will begin at `offset`.
    pub(super) fn new(name: &[u8], offset: u64) -> Self {
        Self {
            name: name.into(),
            offsets: vec![offset],
            ..Self::default()
        }
    }

    /// Adds a block.
    pub(super) fn push_block(&mut self, first: u64, last: u64, entries: u64, end: u64) {
        self.firsts.push(first);
        self.offsets.push(end);
        self.last_key = last;
        self.entries += entries;
    }

    pub(super) fn blocks(&self) -> usize {
        self.firsts.len()
    }

    pub(super) fn last_key(&self) -> u64 {
        self.last_key
    }

    /// The first key of a block; the greatest key there is behind the last block.
    #[inline]
    pub(super) fn first_key(&self, block: usize) -> u64 {
        self.firsts.get(block).copied().unwrap_or(u64::MAX)
    }

    /// The block that has a key, if the table has it.
    pub(super) fn block_of(&self, key: u64) -> Option<usize> {
        if key > self.last_key {
            return None;
        }
        let after = self.firsts.partition_point(|first| *first <= key);
        after.checked_sub(1)
    }

    /// The first block that can have the key or a greater one; it exists when the last key is not smaller.
    pub(super) fn block_from(&self, key: u64) -> usize {
        let after = self.firsts.partition_point(|first| *first <= key);
        after.saturating_sub(1)
    }

    /// Where blocks begin and end.
    pub(super) fn extent(&self, block: usize, end: usize) -> (u64, u64) {
        let offset = |block| *self.offsets.get(block).expect("the table has the block");
        (offset(block), offset(end))
    }
}

pub(super) fn encode(tables: &[Table]) -> Vec<u8> {
    let mut out = Vec::new();
    write_len(tables.len(), &mut out);
    for table in tables {
        write_len(table.name.len(), &mut out);
        out.extend_from_slice(&table.name);
        write_varint(table.entries.into(), &mut out);
        write_varint(table.last_key.into(), &mut out);
        write_len(table.firsts.len(), &mut out);
        let mut before = 0;
        let bounds = table.offsets.iter().zip(table.offsets.iter().skip(1));
        for (first, (from, until)) in table.firsts.iter().zip(bounds) {
            write_varint((first - before).into(), &mut out);
            write_varint((until - from).into(), &mut out);
            before = *first;
        }
    }
    out
}

/// Reads a directory that begins at `end`: the blocks fill the file from the header to there.
fn decode(directory: &[u8], end: u64) -> Result<Vec<Table>, PackedError> {
    const MISFIT: PackedError = PackedError {
        what: "the directory of tables does not hold together",
    };
    let number = |reader: &mut Reader<'_>| u64::try_from(reader.varint()?).map_err(|_| MISFIT);
    let mut reader = Reader::new(directory);
    let mut tables: Vec<Table> = Vec::new();
    let mut offset = HEADER_BYTES as u64;
    for _ in 0..reader.len()? {
        let name_bytes = reader.len()?;
        let mut table = Table::new(reader.bytes(name_bytes)?, offset);
        table.entries = number(&mut reader)?;
        table.last_key = number(&mut reader)?;
        let mut first = 0_u64;
        let blocks = reader.len()?;
        for _ in 0..blocks {
            let step = number(&mut reader)?;
            first = first.checked_add(step).ok_or(MISFIT)?;
            let bytes = number(&mut reader)?;
            offset = offset.checked_add(bytes).ok_or(MISFIT)?;
            table.firsts.push(first);
            table.offsets.push(offset);
        }
        let follows = tables.last().is_none_or(|before| before.name < table.name);
        if blocks == 0 || first > table.last_key || !follows {
            return Err(MISFIT);
        }
        tables.push(table);
    }
    if offset == end && reader.is_empty() {
        Ok(tables)
    } else {
        Err(MISFIT)
    }
}
