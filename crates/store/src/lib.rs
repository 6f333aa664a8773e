//! Keeps events: durable in a journal, readable in a live tail and in segments, each key once for ever.
//!
//! The way of a group of requests: [`Reader::prepare`] looks up what is known of the events of each, beside the writer;
//! [`Writer::take_in`] drops what repeats a known key; [`Log::write`] writes the rest as one frame of the journal and syncs it; and only
//! then [`Writer::publish`] lets every [`Snapshot`] taken from then on see the rows. A [`Sealer`] moves them from memory and journal to segments, Parquet files, beside
//! readers and writer. [`open()`] reads what the manifest says of sealed events, and replays the journal behind them.
//!
//! Invariants of the crate:
//! - what was acknowledged is on disk, and a request is there whole or not at all;
//! - an answer of "duplicate" is given only when the event that it repeats is on disk;
//! - damaged bytes are an error that names file and offset, or, where they cannot be told from an unfinished write,
//!   are kept aside and reported; nothing is skipped or overwritten silently;
//! - tenants never meet: rows, keys and identities are kept per organization;
//! - no clock, no randomness, and no disk but through [`disk::Disk`].
//!
//! docs/file-format.md gives every byte.

#![warn(missing_docs)]
#![deny(clippy::indexing_slicing)]

mod derived;
pub mod disk;
mod error;
mod files;
mod folder;
mod identities_file;
mod journal;
mod key_runs;
mod keys;
pub mod limits;
mod manifest;
mod open;
mod reader;
mod seal;
mod sealed;
mod segment;
mod shared;
mod tables;
mod tail;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod uuid_text;
mod writer;

pub use derived::Derived;
pub use error::StoreError;
pub use folder::{Folder, Secret};
pub use journal::Torn;
pub use keys::KeyHasher;
pub use open::{Options, RecoveryReport, open};
pub use reader::Reader;
pub use seal::{Sealed, Sealer};
pub use segment::{
    BoolColumn, GroupColumns, KeyColumn, PostedRow, PostedRun, TICK_MICROS, TextColumn, Wanted,
    WholeColumn, tick_of,
};
pub use tables::{Joined, TableChange, TableEntry, TableList, TableRange, TableSet, TableWriter};
pub use tail::{Block, BlockHandle, IdentityRows, PostedPart, Postings, Row, RowRef, Snapshot};
pub use writer::{AppendRequest, Appended, CommitError, Group, Log, Prepared, TakenIn, Writer};
