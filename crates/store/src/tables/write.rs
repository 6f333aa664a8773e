//! Writing a file of tables.

use super::block;
use super::file::{FilePlace, Table, checksum, encode, header};
use crate::error::StoreError;
use crate::files::NewFile;
use crate::limits::{TABLE_BLOCK_BYTES, TABLE_NAME_BYTES_MAX, TABLE_VALUE_BYTES_MAX};

/// Takes the entries of a new file: table by table in the order of their names, key by key.
#[derive(Debug)]
pub struct TableWriter {
    file: NewFile,
    seed: u64,
    tables: Vec<Table>,
    block: Vec<u8>,
    /// Of the block: how many entries, the first and the last key.
    entries: u64,
    first: u64,
    last: u64,
}

impl TableWriter {
    pub(super) fn new(mut file: NewFile, seed: u64) -> Result<Self, StoreError> {
        file.append(&header(seed))?;
        Ok(Self {
            file,
            seed,
            tables: Vec::new(),
            block: Vec::with_capacity(TABLE_BLOCK_BYTES * 2),
            entries: 0,
            first: 0,
            last: 0,
        })
    }

    /// Begins a table. One that gets no entries is left out.
    ///
    /// # Errors
    /// `NoSpace`, `Write`: what the system refused.
    ///
    /// # Panics
    /// When the name has no bytes or more than [`TABLE_NAME_BYTES_MAX`], or is not greater than that of the table before.
    pub fn begin(&mut self, name: &[u8]) -> Result<(), StoreError> {
        assert!(
            (1..=TABLE_NAME_BYTES_MAX).contains(&name.len()),
            "a name of a table has 1 to {TABLE_NAME_BYTES_MAX} bytes"
        );
        self.end_block()?;
        if let Some(before) = self.tables.last() {
            assert!(*before.name < *name, "tables come in the order of names");
            self.tables.pop_if(|table| table.blocks() == 0);
        }
        self.tables.push(Table::new(name, self.file.position()));
        Ok(())
    }

    /// Adds an entry to the table that was begun last. Cost: about 10 ns and the bytes.
    ///
    /// # Errors
    /// `NoSpace`, `Write`: what the system refused.
    ///
    /// # Panics
    /// When no table was begun, the key is not greater than the one before, or the value has more than [`TABLE_VALUE_BYTES_MAX`] bytes.
    #[inline]
    pub fn push(&mut self, key: u64, value: &[u8]) -> Result<(), StoreError> {
        assert!(
            value.len() <= TABLE_VALUE_BYTES_MAX,
            "a value of a table is too long"
        );
        // Whoever wants a small value should not have to read a large one.
        if self.block.len() + value.len() > TABLE_BLOCK_BYTES * 2 {
            self.end_block()?;
        }
        if self.entries == 0 {
            let before = self.tables.last().expect("a table was begun");
            assert!(
                before.blocks() == 0 || before.last_key() < key,
                "keys of a table ascend"
            );
            (self.first, self.last) = (key, key);
        } else {
            assert!(self.last < key, "keys of a table ascend");
        }
        block::write(key - self.last, value, &mut self.block);
        self.last = key;
        self.entries += 1;
        if self.block.len() >= TABLE_BLOCK_BYTES {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), StoreError> {
        if self.entries == 0 {
            return Ok(());
        }
        let sum = checksum(self.seed, self.file.position(), &self.block);
        self.block.extend_from_slice(&sum);
        self.file.append(&self.block)?;
        let end = self.file.position();
        let table = self.tables.last_mut().expect("a table was begun");
        table.push_block(self.first, self.last, self.entries, end);
        self.block.clear();
        // One value may have been large.
        self.block.shrink_to(TABLE_BLOCK_BYTES * 2);
        self.entries = 0;
        Ok(())
    }

    /// Writes the directory and makes the file durable. `None` when there is no entry: such a file is not needed.
    pub(super) fn finish(
        mut self,
        number: u64,
    ) -> Result<Option<(FilePlace, Vec<Table>)>, StoreError> {
        self.end_block()?;
        self.tables.pop_if(|table| table.blocks() == 0);
        if self.tables.is_empty() {
            return Ok(None);
        }
        let directory = encode(&self.tables);
        self.file.take_checksum();
        self.file.append(&directory)?;
        let directory_checksum = self.file.take_checksum();
        let place = FilePlace {
            number,
            bytes: self.file.finish()?,
            directory_bytes: directory.len() as u64,
            directory_checksum,
        };
        Ok(Some((place, self.tables)))
    }
}
