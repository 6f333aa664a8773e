//! The one writer: groups of requests in, durable events out.
//!
//! - A group is one frame and one sync; each request is wholly in it.
//! - Nothing is published, neither rows nor keys nor identities, before the sync has returned. When it fails,
//!   everything is as before.
//! - While a group is written, requests are taken into the next one. A frame is begun when the one before it is synced; when
//!   that fails, the next group is undone with it, as it may repeat what is not there.

mod group;
mod organizations;
mod prepared;
mod replay;

use std::ops::Range;
use std::sync::Arc;

use domain::{EventBatch, OrganizationId, Timestamp};
use parking_lot::Mutex;

pub use group::{Group, Log, TakenIn};
use organizations::Organizations;
pub use prepared::Prepared;
pub(crate) use prepared::UNNUMBERED;
pub(crate) use replay::Replayer;

use crate::error::StoreError;
use crate::journal::{FrameBuilder, Journal};
use crate::reader::Reader;
use crate::seal::Sealer;
use crate::shared::Shared;

/// The events of one request, to be appended wholly or not at all.
#[derive(Debug, Clone, Copy)]
pub struct AppendRequest<'a> {
    /// Whose events they are.
    pub organization: OrganizationId,
    /// The events.
    pub batch: &'a EventBatch,
    /// For each event, [`crate::KeyHasher::hash`] of its `external_id`; `None` for an event without one.
    pub hashes: &'a [Option<u128>],
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// How many events were appended.
    pub inserted: u32,
    /// How many were dropped because their key was known.
    pub duplicates: u32,
    /// The sequence numbers of the appended events, in the order of the request.
    pub sequences: Range<u64>,
}

/// A group that could not be made durable. Nothing of it is published.
#[derive(Debug, thiserror::Error)]
#[error("commit a group of requests")]
pub struct CommitError {
    /// Why.
    #[source]
    pub cause: StoreError,
    /// For each request, its answer if it holds all the same: when it only repeats events that were durable before.
    pub answered: Vec<Option<Appended>>,
}

/// Appends events. There is one a data folder, and it is not shared between threads.
///
/// The steps of an append: [`Self::take_in`] for each request of a group, [`Self::begin_group`], [`Log::write`], and
/// [`Self::publish`] or [`Self::undo`]. Writing takes long and needs no writer: the next group may be taken in
/// meanwhile. [`Self::commit`] does them one after the other.
#[derive(Debug)]
pub struct Writer {
    reader: Reader,
    journal: Arc<Mutex<Journal>>,
    shared: Arc<Shared>,
    /// Until somebody takes it.
    sealer: Option<Sealer>,
    organizations: Organizations,
    /// The group that is gathered, and whether another is being written.
    group: Group,
    is_writing: bool,
    /// The buffers of the group that was written last.
    spare: FrameBuilder,
    /// Behind what is published, and when the last of it was received.
    sequence_next: u64,
    received_at: Timestamp,
}

impl Writer {
    /// Appends the events of a group of requests whose keys are new, each key's first one. Returns what became of each
    /// request; what was appended is durable then, and seen by every snapshot taken from then on.
    ///
    /// All are received at `received_at`, or at the time of the group before when that is later. Blocks for one write and one
    /// sync; the caller gathers waiting requests into groups.
    ///
    /// # Errors
    /// See [`CommitError`]; whether a retry makes sense, [`StoreError::is_retryable`] says.
    ///
    /// # Panics
    /// When a request has not one hash for each event; when requests have been taken in that are not written.
    pub fn commit(
        &mut self,
        received_at: Timestamp,
        requests: &[AppendRequest<'_>],
    ) -> Result<Vec<Appended>, CommitError> {
        self.commit_group(received_at, requests)
    }

    /// The one who seals what this writer appends; `None` when it was taken already. Without one, everything stays in memory and in
    /// the journal.
    pub fn take_sealer(&mut self) -> Option<Sealer> {
        self.sealer.take()
    }

    pub(crate) fn give_sealer(&mut self, sealer: Sealer) {
        self.sealer = Some(sealer);
    }

    /// The sequence number that the next event gets.
    pub fn sequence_next(&self) -> u64 {
        self.sequence_next
    }

    /// When the last group was received; what is committed next is not received before.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Ends cleanly: marks the journal's end, so that later damage to it cannot pass for an unfinished write. Dropping a
    /// writer without this loses nothing.
    ///
    /// # Errors
    /// As [`Self::commit`]; everything acknowledged is durable all the same.
    pub fn close(self) -> Result<(), StoreError> {
        let mut journal = self.journal.lock();
        journal.mark(self.sequence_next, self.received_at)
    }
}
