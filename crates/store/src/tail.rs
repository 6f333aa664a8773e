//! The live tail: an organization's events in memory, in columns, and the view of readers over them and what is sealed.
//!
//! - What is published is immutable: blocks of rows behind `Arc`s. A [`Snapshot`] is a few pointers and counts; it is taken under
//!   a short lock, and no lock is held while one reads from it.
//! - Rows are sealed from the front: they are in segments then, and leave memory when the last snapshot that was taken before has
//!   gone.
//! - A row has an ordinal, its number among the organization's rows, which never changes. Small blocks are
//!   joined into larger ones behind the readers' backs; only the cutting into blocks differs afterwards.
//! - The index of keys and identities also holds those of a commit that is under way. Readers see none of them: each
//!   snapshot cuts the index at its own counts.

mod block;
mod handle;
mod identities;
mod organization;
mod snapshot;
mod view;
mod waiting;

pub(crate) use block::Columns;
pub use block::{Block, RowRef};
pub use handle::{BlockHandle, Row};
#[cfg(test)]
pub(crate) use identities::CopiedIdentities;
pub(crate) use identities::{CopyIdentities, Identities, IdentityHasher};
pub(crate) use organization::{Organization, Tail};
pub use snapshot::{IdentityRows, PostedPart, Postings, Snapshot};
pub(crate) use view::View;

/// No row: the end of a chain of rows.
pub(crate) const NO_ROW: u32 = u32::MAX;
