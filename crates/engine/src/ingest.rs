//! The one writer: gathers waiting requests into groups, so that one sync serves them all.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::{EventBatch, OrganizationId, Timestamp};
use parking_lot::{Condvar, Mutex};
use store::{AppendRequest, Appended, CommitError, StoreError, Writer};

use crate::environment::Clock;
use crate::limits::{GROUP_BYTES_MAX, GROUP_REQUESTS_MAX, QUEUE_BYTES_MAX};
use crate::sealing::Sealing;
use crate::upkeep::Upkeep;

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
    pub(crate) batch: EventBatch,
    /// The keyed hash of each event's external id.
    pub(crate) hashes: Vec<Option<u128>>,
    pub(crate) done: Done,
}

/// What is worked out by the writer itself, between two groups, so that nothing is received between the look and the write.
/// Dropped without being called when the writer ends before its turn.
pub(crate) type Step = Box<dyn FnOnce(Turn<'_>) + Send>;

/// The writer, while it is a step's turn.
pub(crate) struct Turn<'a> {
    writer: &'a mut Writer,
    queue: &'a Queue,
    upkeep: &'a Upkeep,
    /// Nothing is received before it.
    floor: &'a mut Timestamp,
    /// When what the step appends is received.
    pub(crate) received_at: Timestamp,
}

impl Turn<'_> {
    /// Sees to it that nothing is received before a time.
    pub(crate) fn receive_from(self, at: Timestamp) {
        *self.floor = at.max(*self.floor);
    }

    /// A time after that of everything received so far. Nothing is received before it from now on, until a restart.
    pub(crate) fn cut(self) -> Timestamp {
        let next = self.writer.received_at().micros().saturating_add(1);
        let next = Timestamp::from_micros(next).unwrap_or(Timestamp::MAX);
        *self.floor = self.received_at.max(next);
        *self.floor
    }

    /// Appends events as one request. Durable and visible when it returns.
    pub(crate) fn append(self, request: AppendRequest<'_>) -> Result<Ingested, IngestError> {
        let organization = request.organization;
        let results = commit(self.writer, self.received_at, &[request], self.queue);
        self.upkeep.notify([organization]);
        let result = results.into_iter().next();
        result
            .unwrap_or(Err(IngestError::Stopped))
            .map(Ingested::from)
    }
}

/// What the writer does next.
enum Next {
    Group(Vec<Pending>),
    Step(Step),
}

/// The requests that wait for the writer, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Pending>,
    bytes: usize,
    steps: VecDeque<Step>,
    /// Whether the last that was taken was a step: they take turns with groups.
    was_step: bool,
    closed: bool,
    /// Whether the journal's end is to be left as it was found.
    unmarked: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("requests", &self.requests.len())
            .field("bytes", &self.bytes)
            .field("steps", &self.steps.len())
            .field("closed", &self.closed)
            .field("unmarked", &self.unmarked)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Puts a request at the end, or tells it at once that it is not taken.
    pub(crate) fn push(&self, request: Pending) {
        let mut waiting = self.waiting.lock();
        let bytes = waiting.bytes.saturating_add(request.batch.bytes().len());
        let refused = if waiting.closed {
            Some(IngestError::Stopped)
        } else if bytes > QUEUE_BYTES_MAX && !waiting.requests.is_empty() {
            Some(IngestError::Overloaded)
        } else {
            None
        };
        if let Some(error) = refused {
            drop(waiting);
            return (request.done)(Err(error));
        }
        waiting.bytes = bytes;
        waiting.requests.push_back(request);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Puts a step at the end. It is dropped when it is not taken.
    pub(crate) fn push_step(&self, step: Step) {
        let mut waiting = self.waiting.lock();
        if !waiting.closed {
            waiting.steps.push_back(step);
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// Takes no more requests. What waits is still written.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.changed.notify_all();
    }

    /// Like [`Self::close`], and the writer leaves the journal as it found it.
    pub(crate) fn abandon(&self) {
        self.waiting.lock().unmarked = true;
        self.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waiting.lock().closed
    }

    /// Waits for work and takes the next; `None` when the queue is closed and empty.
    fn next(&self) -> Option<Next> {
        let mut waiting = self.waiting.lock();
        while waiting.requests.is_empty() && waiting.steps.is_empty() {
            if waiting.closed {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
        if (!waiting.was_step || waiting.requests.is_empty())
            && let Some(step) = waiting.steps.pop_front()
        {
            waiting.was_step = true;
            return Some(Next::Step(step));
        }
        waiting.was_step = false;
        let mut group = Vec::new();
        let mut bytes = 0_usize;
        while let Some(next) = waiting.requests.front() {
            let size = next.batch.bytes().len();
            let full =
                bytes.saturating_add(size) > GROUP_BYTES_MAX || group.len() >= GROUP_REQUESTS_MAX;
            if full && !group.is_empty() {
                break;
            }
            bytes = bytes.saturating_add(size);
            group.extend(waiting.requests.pop_front());
        }
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        Some(Next::Group(group))
    }
}

/// Whatever ends the writer, nobody waits for it in vain.
struct CloseAtEnd<'a>(&'a Queue);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
        let (left, steps) = {
            let mut waiting = self.0.waiting.lock();
            let left = std::mem::take(&mut waiting.requests);
            (left, std::mem::take(&mut waiting.steps))
        };
        drop(steps);
        for request in left {
            (request.done)(Err(IngestError::Stopped));
        }
    }
}

/// The writer's loop. Returns when the queue is closed and all that waited is written.
pub(crate) fn run(
    mut writer: Writer,
    queue: &Queue,
    clock: &Arc<dyn Clock>,
    upkeep: &Upkeep,
    sealing: &Sealing,
) {
    let _close = CloseAtEnd(queue);
    let mut floor = Timestamp::MIN;
    while let Some(next) = queue.next() {
        sealing.wait_for_room();
        // As the store will have it: never before what was received last.
        let received_at = clock.now().max(writer.received_at()).max(floor);
        let group = match next {
            Next::Group(group) => group,
            Next::Step(step) => {
                step(Turn {
                    writer: &mut writer,
                    queue,
                    upkeep,
                    floor: &mut floor,
                    received_at,
                });
                continue;
            }
        };
        let requests: Vec<AppendRequest<'_>> = group
            .iter()
            .map(|pending| AppendRequest {
                organization: pending.organization,
                batch: &pending.batch,
                hashes: &pending.hashes,
            })
            .collect();
        let results = commit(&mut writer, received_at, &requests, queue);
        upkeep.notify(group.iter().map(|pending| pending.organization));
        for (pending, result) in group.into_iter().zip(results) {
            (pending.done)(result.map(Ingested::from));
        }
    }
    if queue.waiting.lock().unmarked {
        return;
    }
    if let Err(error) = writer.close() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the journal's end is not marked"
        );
    }
}

/// Commits a group. When one of its requests can never be written, each is committed by itself, so that it takes no other with
/// it.
fn commit(
    writer: &mut Writer,
    received_at: Timestamp,
    requests: &[AppendRequest<'_>],
    queue: &Queue,
) -> Vec<Result<Appended, IngestError>> {
    match writer.commit(received_at, requests) {
        Ok(appended) => appended.into_iter().map(Ok).collect(),
        Err(failed) if is_of_one_request(&failed.cause) && requests.len() > 1 => requests
            .iter()
            .flat_map(|request| commit(writer, received_at, std::slice::from_ref(request), queue))
            .collect(),
        Err(failed) => refused(failed, queue),
    }
}

/// Whether the failure is that of one request, or of what it made the store read, and nothing was written.
fn is_of_one_request(cause: &StoreError) -> bool {
    matches!(
        cause,
        StoreError::OrganizationFull | StoreError::GroupTooLarge { .. }
    ) || is_of_reading(cause)
}

/// Whether known keys could not be looked up: that comes before anything is written.
fn is_of_reading(cause: &StoreError) -> bool {
    matches!(
        cause,
        StoreError::Io { .. } | StoreError::Damaged { .. } | StoreError::Missing { .. }
    )
}

/// What to tell each request of a group that could not be made durable.
fn refused(failed: CommitError, queue: &Queue) -> Vec<Result<Appended, IngestError>> {
    let CommitError { cause, answered } = failed;
    tracing::error!(
        error = &cause as &dyn std::error::Error,
        batch.requests = answered.len(),
        "a group of requests was not written"
    );
    let error = match cause {
        StoreError::OrganizationFull => IngestError::OrganizationFull,
        StoreError::NoSpace { .. } => IngestError::NoSpace,
        StoreError::Write { .. } | StoreError::GroupTooLarge { .. } => IngestError::WriteFailed,
        cause if is_of_reading(&cause) => IngestError::WriteFailed,
        _ => {
            // What is durable is unknown: nothing more is taken until a restart.
            queue.close();
            IngestError::Stopped
        }
    };
    answered
        .into_iter()
        .map(|answer| answer.ok_or(error))
        .collect()
}
