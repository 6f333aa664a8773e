//! Walking through a table in the order of its keys, over all files of a set at once.

use std::sync::Arc;

use bytes::Bytes;

use super::block::{Block, Entry};
use super::file::{Table, TableFile};
use crate::error::StoreError;
use crate::limits::{TABLE_BLOCKS_CACHED_MAX, TABLE_READ_BYTES};

/// A key that is so near is reached step by step.
const STEPS_BEFORE_SEARCH: usize = 8;

/// The entries of a table with keys in a range, ascending. Holds the files that it reads, whatever becomes of the set. Cost of a step: one entry is read where one file has what
/// follows, and each file is looked at where several have (the example `tables` measures it).
#[derive(Debug)]
pub struct TableRange {
    /// Oldest first.
    walks: Vec<Walk>,
    /// Those whose entry was given last; they step before the next is looked for. Ascending.
    given: Vec<usize>,
    /// No walk but the given one has a key up to this one, if one alone was given.
    alone_until: u64,
}

/// What the files say of a key.
#[derive(Debug, Clone, Copy)]
pub struct TableEntry<'a> {
    key: u64,
    range: &'a TableRange,
}

impl<'a> TableEntry<'a> {
    /// The key.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// The values, one or more, oldest first.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let walks = &self.range.walks;
        let value = |index: &usize| walks.get(*index).map_or(&[][..], Walk::value);
        self.range.given.iter().map(value)
    }
}

impl TableRange {
    pub(super) fn empty() -> Self {
        Self {
            walks: Vec::new(),
            given: Vec::new(),
            alone_until: 0,
        }
    }

    /// Keys from `first` to `last`, both included.
    pub(super) fn new(
        files: &[Arc<TableFile>],
        name: &[u8],
        first: u64,
        last: u64,
    ) -> Result<Self, StoreError> {
        let mut range = Self::empty();
        for file in files {
            if let Some((index, table)) = file.table(name)
                && table.first_key(0) <= last
                && table.last_key() >= first
            {
                let mut walk = Walk::new(Arc::clone(file), index, last);
                walk.seek(first)?;
                if !walk.is_done {
                    range.walks.push(walk);
                }
            }
        }
        Ok(range)
    }

    /// The next key, or `None` behind the last. What was given before is out of reach then.
    ///
    /// # Errors
    /// `Damaged`: a block is not what was written. `Io`: what the system refused. Nothing is to be asked of it after an error.
    #[expect(
        clippy::should_implement_trait,
        reason = "an entry lends from the range, which an iterator cannot say"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<TableEntry<'_>>, StoreError> {
        if let [index] = *self.given
            && let Some(walk) = self.walks.get_mut(index)
        {
            walk.step()?;
            if !walk.is_done && walk.key <= self.alone_until {
                let key = walk.key;
                return Ok(Some(TableEntry { key, range: self }));
            }
        } else {
            for index in &self.given {
                if let Some(walk) = self.walks.get_mut(*index) {
                    walk.step()?;
                }
            }
        }
        Ok(self.choose())
    }

    /// Goes forward to the first key that is not smaller, so that [`Self::next`] gives it. Never goes back. Cost: a search in the directory of
    /// each file that is behind, and one block of it; nothing when the key is near.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn seek(&mut self, key: u64) -> Result<(), StoreError> {
        for index in std::mem::take(&mut self.given) {
            if let Some(walk) = self.walks.get_mut(index) {
                walk.step()?;
            }
        }
        for walk in &mut self.walks {
            if !walk.is_done && walk.key < key {
                walk.seek(key)?;
            }
        }
        Ok(())
    }

    /// Finds the least key and who has it.
    fn choose(&mut self) -> Option<TableEntry<'_>> {
        self.given.clear();
        let mut least = None;
        let mut second = u64::MAX;
        for (index, walk) in self.walks.iter().enumerate() {
            if walk.is_done {
                continue;
            }
            match least {
                Some(key) if walk.key > key => second = second.min(walk.key - 1),
                Some(key) if walk.key == key => self.given.push(index),
                _ => {
                    if let Some(key) = least {
                        second = second.min(key - 1);
                    }
                    least = Some(walk.key);
                    self.given.clear();
                    self.given.push(index);
                }
            }
        }
        self.alone_until = second;
        Some(TableEntry {
            key: least?,
            range: self,
        })
    }
}

/// A walk through a table of one file.
#[derive(Debug)]
struct Walk {
    file: Arc<TableFile>,
    /// Which table of the file.
    table: usize,
    /// The last key that is wanted.
    last: u64,
    /// The entries of the block that it is in, and the number of the block.
    content: Block,
    block: usize,
    /// The entry.
    key: u64,
    value: (usize, usize),
    is_done: bool,
    /// How many blocks were passed, one behind the other.
    passed: usize,
    /// Blocks that were read ahead: the bytes, where in the file they begin, and the block behind them.
    ahead: (Bytes, u64, usize),
}

impl Walk {
    /// Stands nowhere yet.
    fn new(file: Arc<TableFile>, table: usize, last: u64) -> Self {
        Self {
            file,
            table,
            last,
            content: Block::default(),
            block: usize::MAX,
            key: 0,
            value: (0, 0),
            is_done: false,
            passed: 0,
            ahead: (Bytes::new(), 0, 0),
        }
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.content.value(self.value)
    }

    /// Goes to the next entry.
    #[inline]
    fn step(&mut self) -> Result<(), StoreError> {
        let at = self.value.1;
        if self.content.is_end(at) {
            return self.enter(self.block + 1, 0);
        }
        match self.content.read(at, self.key) {
            Ok(entry) => {
                self.stand_at(entry);
                Ok(())
            }
            Err(what) => Err(self.damaged(what)),
        }
    }

    /// Goes to the first entry whose key is not smaller.
    fn seek(&mut self, key: u64) -> Result<(), StoreError> {
        let (_, table) = self.table();
        // In the block that it is in, or else by the directory.
        if self.block == usize::MAX || table.first_key(self.block + 1) <= key {
            if key > table.last_key() {
                self.is_done = true;
                return Ok(());
            }
            let block = table.block_from(key);
            if self.block == usize::MAX || block != self.block + 1 {
                self.passed = 0;
            }
            return self.enter(block, key);
        }
        for _ in 0..STEPS_BEFORE_SEARCH {
            if self.is_done || self.key >= key {
                return Ok(());
            }
            self.step()?;
        }
        if self.is_done || self.key >= key {
            return Ok(());
        }
        match self.content.seek(self.table().1.first_key(self.block), key) {
            Ok(Some(entry)) => {
                self.stand_at(entry);
                Ok(())
            }
            Ok(None) => self.enter(self.block + 1, key),
            Err(what) => Err(self.damaged(what)),
        }
    }

    /// Goes to the first entry of a block, or a later one, whose key is not smaller.
    fn enter(&mut self, block: usize, key: u64) -> Result<(), StoreError> {
        let (file, table) = self.table();
        let first = table.first_key(block);
        if block >= table.blocks() || first > self.last {
            self.is_done = true;
            return Ok(());
        }
        let content = if block < self.ahead.2 {
            let (content, offset, _) = &self.ahead;
            file.block(table, block, content, *offset)?
        } else if self.passed < TABLE_BLOCKS_CACHED_MAX {
            file.block_cached(table, block)?
        } else {
            // A long way: many blocks by one read, and past the cache.
            let end = self.ahead_end(table, block);
            let ahead = file.read_blocks(table, block, end)?;
            let (offset, _) = table.extent(block, end);
            let content = file.block(table, block, &ahead, offset)?;
            self.ahead = (ahead, offset, end);
            content
        };
        self.passed += 1;
        self.block = block;
        match content.seek(first, key.max(first)) {
            Ok(Some(entry)) => {
                self.content = content;
                self.stand_at(entry);
                Ok(())
            }
            // All keys of the block are smaller.
            Ok(None) => self.enter(block + 1, key),
            Err(what) => Err(self.damaged(what)),
        }
    }

    #[inline]
    fn stand_at(&mut self, entry: Entry) {
        self.key = entry.key;
        self.value = (entry.value_from, entry.value_until);
        self.is_done = entry.key > self.last;
    }

    /// Up to which block to read, from `block` on: what is wanted and fits one read.
    fn ahead_end(&self, table: &Table, block: usize) -> usize {
        let mut end = block + 1;
        while end < table.blocks()
            && table.first_key(end) <= self.last
            && table.extent(block, end + 1).1 - table.extent(block, end).0 <= TABLE_READ_BYTES
        {
            end += 1;
        }
        end
    }

    fn table(&self) -> (&TableFile, &Table) {
        let table = self.file.tables().get(self.table);
        (&self.file, table.expect("the file has the table"))
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        let (file, table) = self.table();
        file.damaged_block(table, self.block, what)
    }
}
