//! Segments: sealed events in Parquet files.
//!
//! - A segment holds all organizations' events of one contiguous range of receipt, ordered by organization and
//!   ordinal. Organizations with many rows in it have row groups of their own, those with few share some; only an
//!   organization's own rows are decoded for it. A segment is written once and never changed.
//! - Beside the Parquet file stands an index of our own: where the row groups are, their ranges and checksums, and
//!   which rows each identity has. It alone is read at a start.
//! - A row group is read with one read, checked against its checksum, and decoded into the very rows that were
//!   written: the same bytes. Nothing is decoded unless somebody looks at a row in it.
//! - What occurs often in metadata stands in columns of its own (see [`shape`]), so that other programs, and
//!   later scans, read only the columns they need.
//!
//! docs/file-format.md gives every byte, docs/data-folder.md how to read the files with other programs.

mod cache;
mod columns;
mod index;
mod part;
mod postings;
mod read;
mod schema;
mod shape;
mod verify;
mod write;

pub(crate) use cache::BlockCache;
pub use columns::{BoolColumn, GroupColumns, KeyColumn, TextColumn, Wanted, WholeColumn};
pub(crate) use part::{Group, Part, SegmentPlace, open_segment};
pub(crate) use postings::Posted;
pub use postings::{PostedRow, PostedRun, TICK_MICROS, tick_of};
pub(crate) use schema::identities_schema;
pub(crate) use write::{RowSource, Sealable, SegmentWriter};

#[cfg(test)]
mod tests;
