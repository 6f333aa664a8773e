//! Taking events in: requests wait in a queue, and one writer gathers them into groups, so that one sync serves them all.

mod pipeline;
mod queue;
mod turn;

use domain::OrganizationId;
use store::{Appended, Prepared, StoreError};

pub(crate) use pipeline::run;
pub(crate) use queue::Queue;
pub(crate) use turn::{Step, Turn};

/// What became of a request's events. All of them are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingested {
    /// How many are new.
    pub inserted: u64,
    /// How many repeat a key that was known, or that stands earlier in the request.
    pub duplicates: u64,
}

impl From<Appended> for Ingested {
    fn from(appended: Appended) -> Self {
        Self {
            inserted: appended.inserted.into(),
            duplicates: appended.duplicates.into(),
        }
    }
}

/// Why a request's events were not taken. None of them was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The disk is full; try again when there is space.
    #[error("no space left")]
    NoSpace,
    /// The disk did not take the write, for another reason than space; the log says which.
    #[error("a write failed")]
    WriteFailed,
    /// More waits for the writer than it may; try again soon.
    #[error("too much waits for the writer")]
    Overloaded,
    /// The organization has as many events as this version can hold.
    #[error("the organization is full")]
    OrganizationFull,
    /// No more writes until a restart: a sync failed, or the engine is closed.
    #[error("writes are stopped")]
    Stopped,
}

/// Told once what became of a request.
pub(crate) type Done = Box<dyn FnOnce(Result<Ingested, IngestError>) + Send>;

/// A request that waits for the writer.
pub(crate) struct Pending {
    pub(crate) organization: OrganizationId,
    pub(crate) events: Prepared,
    pub(crate) done: Done,
}

impl Pending {
    fn bytes(&self) -> usize {
        self.events.bytes()
    }
}

impl IngestError {
    /// What to tell of a failure that the log has.
    pub(crate) fn of(cause: &StoreError) -> Self {
        match cause {
            StoreError::OrganizationFull => Self::OrganizationFull,
            StoreError::NoSpace { .. } => Self::NoSpace,
            // The last three: keys that could not be looked up. Nothing was written.
            StoreError::Write { .. }
            | StoreError::GroupTooLarge { .. }
            | StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::Missing { .. } => Self::WriteFailed,
            _ => Self::Stopped,
        }
    }
}

/// Logs why requests were not written, and says what to tell them. When what is durable is unknown, nothing more is taken
/// until a restart.
fn refuse(cause: &StoreError, requests: usize, queue: &Queue) -> IngestError {
    tracing::error!(
        error = cause as &dyn std::error::Error,
        batch.requests = requests,
        "requests were not written"
    );
    let error = IngestError::of(cause);
    if error == IngestError::Stopped {
        queue.close();
    }
    error
}
