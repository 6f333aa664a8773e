//! Reading sealed rows by column: only those columns that somebody asks for are read, checked and decoded.
//!
//! - Each column of a row group is one read and one checksum. What does not hold is an error that names file and offset.
//! - Values are decoded page by page, where they are wanted.
//! - Text stays what the file has it as: different texts, and for each row which of them.
//! - Of a row group that several organizations share only the own rows are shown; which texts a column has may be others' too.
//!
//! Of a key of metadata a row's value stands in one of the key's columns, or in the *rest*: packed metadata of the keys that have no
//! column, or whose value has none. Where a row has neither, it does not have the key.

pub(super) mod bits;
pub(super) mod chunk;
pub(super) mod page;
mod values;

use std::sync::Arc;

use parquet::schema::types::SchemaDescriptor;
use xxhash_rust::xxh3::xxh3_64;

use super::part::{Group, SegmentFile};
use super::read::CHECKSUM;
use super::schema::Fixed;
use super::shape::Kind;
use crate::disk::SharedFile;
use crate::error::StoreError;
use crate::files::{damaged, open_named, read_exactly};

use chunk::Chunk;

pub use chunk::Wanted;
pub(super) use values::UuidColumn;
pub use values::{BoolColumn, TextColumn, WholeColumn};

/// The columns of some sealed rows of one organization. Opening costs no read; each column costs one.
#[derive(Debug)]
pub struct GroupColumns {
    file: Arc<SegmentFile>,
    group: Group,
    open: Arc<dyn SharedFile>,
}

/// A column of a key of metadata.
#[derive(Debug)]
pub enum KeyColumn {
    /// Values that are text.
    Text(TextColumn),
    /// Values that are booleans.
    Bool(BoolColumn),
    /// Numbers that were written without a point or an exponent.
    Integer(WholeColumn),
    /// Numbers that were written with one, in units of 10^-`scale`.
    Decimal {
        /// At most 12.
        scale: u8,
        /// The units.
        units: WholeColumn,
    },
}

impl GroupColumns {
    pub(super) fn open(file: &Arc<SegmentFile>, group: Group) -> Result<Self, StoreError> {
        Ok(Self {
            open: open_named(&*file.disk, &file.path, file.bytes)?,
            file: Arc::clone(file),
            group,
        })
    }

    /// Whether they are those of this group.
    pub(super) fn is_of(&self, file: &Arc<SegmentFile>, group: &Group) -> bool {
        Arc::ptr_eq(&self.file, file) && self.group == *group
    }

    /// How many rows there are; in columns they are counted from 0.
    pub fn rows(&self) -> u32 {
        self.group.rows
    }

    /// The ordinal of the first row.
    pub fn ordinal_first(&self) -> u32 {
        self.group.ordinal_first
    }

    /// When each event happened, in microseconds. Every row has one.
    ///
    /// # Errors
    /// Of this and every other column: `Damaged`, `Missing`: the bytes on disk are not what was written. `Io`: what the system
    /// refused.
    pub fn timestamps(&self) -> Result<WholeColumn, StoreError> {
        self.fixed(Fixed::Timestamp).map(WholeColumn::new)
    }

    /// When each was received, in microseconds, never falling. Every row has one.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn received_at(&self) -> Result<WholeColumn, StoreError> {
        self.fixed(Fixed::ReceivedAt).map(WholeColumn::new)
    }

    /// The number of each row's identity: the lower 32 bits. Every row has one.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn identities(&self) -> Result<WholeColumn, StoreError> {
        self.fixed(Fixed::Identity).map(WholeColumn::new)
    }

    /// `user` or `system`. Every row has one.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn sources(&self) -> Result<TextColumn, StoreError> {
        self.fixed(Fixed::Source).and_then(TextColumn::new)
    }

    /// The events' names. Every row has one.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn names(&self) -> Result<TextColumn, StoreError> {
        self.fixed(Fixed::Name).and_then(TextColumn::new)
    }

    /// Packed metadata that stands in no other column. Rows need not have any.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn rest(&self) -> Result<TextColumn, StoreError> {
        self.fixed(Fixed::Rest).and_then(TextColumn::new)
    }

    /// How many bytes [`Self::rest`] takes in the file. Costs nothing: it tells whether that is worth a look.
    pub fn rest_bytes(&self) -> u32 {
        let row_group = self.file.row_groups.get(self.group.number as usize);
        let chunk = row_group.and_then(|row_group| row_group.chunks.get(Fixed::Rest as usize));
        chunk.map_or(0, |chunk| chunk.bytes)
    }

    /// The columns of a key at the top level of metadata, none or one for each kind of value.
    ///
    /// # Errors
    /// See [`Self::timestamps`].
    pub fn key(&self, key: &str) -> Result<Vec<KeyColumn>, StoreError> {
        let columns = self.file.shape.columns();
        let mut found = Vec::new();
        for place in self.file.shape.places(key) {
            let place = usize::from(place);
            let Some(column) = columns.get(place) else {
                continue;
            };
            let chunk = self.chunk(Fixed::COUNT + place)?;
            found.push(match column.kind {
                Kind::Text => KeyColumn::Text(TextColumn::new(chunk)?),
                Kind::Bool => KeyColumn::Bool(BoolColumn::new(chunk)),
                Kind::Integer => KeyColumn::Integer(WholeColumn::new(chunk)),
                Kind::Decimal { scale } => KeyColumn::Decimal {
                    scale,
                    units: WholeColumn::new(chunk),
                },
            });
        }
        Ok(found)
    }

    fn fixed(&self, column: Fixed) -> Result<Chunk, StoreError> {
        self.chunk(column as usize)
    }

    /// Reads and checks a column.
    fn chunk(&self, column: usize) -> Result<Chunk, StoreError> {
        let file = &*self.file;
        let no_such = || {
            let what = "the index names no such column";
            damaged(&file.index_path, 0, what)
        };
        let row_group = file.row_groups.get(self.group.number as usize);
        let row_group = row_group.ok_or_else(no_such)?;
        let before = row_group.chunks.get(..column).ok_or_else(no_such)?;
        let before: u64 = before.iter().map(|chunk| u64::from(chunk.bytes)).sum();
        let offset = row_group.offset + before;
        let chunk = row_group.chunks.get(column).ok_or_else(no_such)?;
        let bytes = read_exactly(&*self.open, &file.path, offset, chunk.bytes as usize)?;
        if xxh3_64(&bytes) != chunk.checksum {
            return Err(damaged(&file.path, offset, CHECKSUM));
        }
        let first = self.group.row_first as usize;
        Chunk::new(
            Arc::clone(&self.file),
            offset,
            bytes.into(),
            is_optional(&file.schema, column),
            first..first + self.group.rows as usize,
        )
    }
}

/// Whether rows may have no value in a column.
pub(super) fn is_optional(schema: &SchemaDescriptor, column: usize) -> bool {
    column < schema.num_columns() && schema.column(column).max_def_level() > 0
}
