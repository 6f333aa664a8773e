//! Writing a file of tables.

use super::block::BlockWriter;
use super::file::{FilePlace, Table, block_seed, encode, header};
use crate::error::StoreError;
use crate::files::NewFile;
use crate::limits::{TABLE_NAME_BYTES_MAX, TABLE_VALUE_BYTES_MAX};

/// Takes the entries of a new file: table by table in the order of their names, key by key.
#[derive(Debug)]
pub struct TableWriter {
    file: NewFile,
    seed: u64,
    tables: Vec<Table>,
    block: BlockWriter,
}

impl TableWriter {
    pub(super) fn new(mut file: NewFile, seed: u64) -> Result<Self, StoreError> {
        file.append(&header(seed))?;
        Ok(Self {
            file,
            seed,
            tables: Vec::new(),
            block: BlockWriter::default(),
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

    /// Adds an entry to the table that was begun last. Cost: a copy of the value, and now and then a block that is written.
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
        if self.block.ends_before(value) {
            self.end_block()?;
        }
        let follows = if self.block.entries() == 0 {
            let table = self.tables.last().expect("a table was begun");
            table.blocks() == 0 || table.last_key() < key
        } else {
            self.block.last() < key
        };
        assert!(follows, "keys of a table ascend");
        self.block.push(key, value);
        if self.block.is_full() {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), StoreError> {
        if self.block.entries() == 0 {
            return Ok(());
        }
        let seed = block_seed(self.seed, self.file.position());
        self.file.append(self.block.finish(seed))?;
        let end = self.file.position();
        let table = self.tables.last_mut().expect("a table was begun");
        let block = &mut self.block;
        table.push_block(block.first(), block.last(), block.entries(), end);
        block.clear();
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
