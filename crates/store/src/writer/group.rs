//! Groups: taken in, written, then published or undone.

use std::sync::Arc;

use domain::Timestamp;
use parking_lot::Mutex;

use super::{AppendRequest, Appended, CommitError, Prepared, Writer};
use crate::error::StoreError;
use crate::journal::{FrameBuilder, Journal};
use crate::limits::GROUP_BYTES_MAX;
use crate::shared::Shared;

/// Requests that are written together.
#[derive(Debug)]
pub struct Group {
    pub(super) frame: FrameBuilder,
    /// The sequence number of its first event, and that behind its last.
    pub(super) sequence_first: u64,
    pub(super) sequence_end: u64,
    pub(super) received_at: Timestamp,
}

/// The answer to a request, if its group becomes durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// The answer.
    pub appended: Appended,
    /// Whether it holds also if the group does not become durable: when it only repeats events that are.
    pub is_durable: bool,
}

/// The journal, for who writes groups to it. Clones write to the same one.
#[derive(Debug, Clone)]
pub struct Log {
    journal: Arc<Mutex<Journal>>,
    shared: Arc<Shared>,
}

impl Group {
    /// Without requests, behind these events.
    pub(super) fn behind(sequence: u64, received_at: Timestamp, mut frame: FrameBuilder) -> Self {
        frame.clear();
        Self {
            frame,
            sequence_first: sequence,
            sequence_end: sequence,
            received_at,
        }
    }

    /// How many events there are to be written; none when all that was taken in are repeats.
    pub fn events(&self) -> u64 {
        self.sequence_end - self.sequence_first
    }

    /// How many bytes there are to be written.
    pub fn bytes(&self) -> usize {
        self.frame.bytes()
    }
}

impl Log {
    /// Writes a group. What it holds is durable when it returns. Blocks for one write and one sync; for nothing when the group has no
    /// events.
    ///
    /// # Errors
    /// `NoSpace` and `Write`: nothing of it is in the journal. Others: it may be there or not after a restart, and nothing is written any
    /// more.
    pub fn write(&self, group: &mut Group) -> Result<(), StoreError> {
        if group.events() == 0 {
            return Ok(());
        }
        let mut journal = self.journal.lock();
        if self.shared.take_rotation() {
            journal.rotate(group.sequence_first)?;
        }
        let written = journal.append(&mut group.frame, group.sequence_first, group.received_at);
        self.shared.set_journal_begins_at(journal.begins_at());
        written
    }
}

impl Writer {
    /// Takes a request into the next group: drops what repeats a known key and numbers the rest. The first request of a group
    /// gives its time of receipt, which is never before that of the group before.
    ///
    /// # Errors
    /// `OrganizationFull`, `GroupTooLarge`, and what `Reader::prepare` says. Nothing of the request was taken in, and the others
    /// stand.
    pub fn take_in(
        &mut self,
        received_at: Timestamp,
        request: Prepared,
    ) -> Result<TakenIn, StoreError> {
        let events = u32::try_from(request.events()).expect("a batch is far below 2^32 events");
        let frame_bytes = self.group.frame.bytes() + request.bytes() + 4 * request.events();
        if frame_bytes > GROUP_BYTES_MAX {
            return Err(StoreError::GroupTooLarge { bytes: frame_bytes });
        }
        let group = &mut self.group;
        if group.events() == 0 {
            group.received_at = received_at.max(group.received_at);
        }
        let sequence = group.sequence_end;
        let organization = self.organizations.touch(request.organization);
        let id = request.organization;
        let taken = organization.take_in(request, sequence, group.received_at)?;
        if taken.inserted > 0 {
            let (start, ends, rows) = organization.newest_rows(taken.inserted);
            group.frame.push_part(id, start, ends, rows);
            group.sequence_end += u64::from(taken.inserted);
        }
        Ok(TakenIn {
            appended: Appended {
                inserted: taken.inserted,
                duplicates: events - taken.inserted,
                sequences: sequence..group.sequence_end,
            },
            is_durable: taken.inserted == 0 && taken.repeats_durable,
        })
    }

    /// Ends the gathering of a group, to be written now, and begins that of the next.
    ///
    /// # Panics
    /// When the group before is not published or undone.
    pub fn begin_group(&mut self) -> Group {
        assert!(!self.is_writing, "one group is written at a time");
        self.is_writing = true;
        self.organizations.begin_writing();
        let frame = std::mem::take(&mut self.spare);
        let next = Group::behind(self.group.sequence_end, self.group.received_at, frame);
        std::mem::replace(&mut self.group, next)
    }

    /// Makes the events of a group visible. It must be durable.
    pub fn publish(&mut self, group: Group) {
        self.is_writing = false;
        self.sequence_next = group.sequence_end;
        self.received_at = group.received_at;
        self.organizations.publish();
        self.shared.set_published_end(self.sequence_next);
        self.spare = group.frame;
    }

    /// Forgets a group that could not be made durable, and with it the requests that were taken in since. Those that only repeat durable
    /// events are answered all the same.
    pub fn undo(&mut self, group: Group) {
        self.is_writing = false;
        self.organizations.undo();
        self.spare = group.frame;
        let frame = std::mem::take(&mut self.group.frame);
        self.group = Group::behind(self.sequence_next, self.received_at, frame);
    }

    /// Where groups are written.
    pub fn log(&self) -> Log {
        Log {
            journal: Arc::clone(&self.journal),
            shared: Arc::clone(&self.shared),
        }
    }

    pub(super) fn commit_group(
        &mut self,
        received_at: Timestamp,
        requests: &[AppendRequest<'_>],
    ) -> Result<Vec<Appended>, CommitError> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut failure = None;
        for request in requests {
            let taken = self
                .prepare(request)
                .and_then(|prepared| self.take_in(received_at, prepared));
            match taken {
                Ok(answer) => answers.push(Some(answer)),
                Err(error) => {
                    failure.get_or_insert(error);
                    answers.push(None);
                }
            }
        }
        let mut group = self.begin_group();
        let written = match failure {
            Some(error) => Err(error),
            None => self.log().write(&mut group),
        };
        match written {
            Ok(()) => {
                self.publish(group);
                let answers = answers.into_iter().flatten();
                Ok(answers.map(|answer| answer.appended).collect())
            }
            Err(cause) => {
                self.undo(group);
                let holds = |answer: TakenIn| answer.is_durable.then_some(answer.appended);
                let answers = answers.into_iter();
                let answered = answers.map(|answer| answer.and_then(holds)).collect();
                Err(CommitError { cause, answered })
            }
        }
    }

    fn prepare(&self, request: &AppendRequest<'_>) -> Result<Prepared, StoreError> {
        let AppendRequest {
            organization,
            batch,
            hashes,
        } = *request;
        assert_eq!(batch.len(), hashes.len(), "one hash for each event");
        Prepared::new(&self.reader, organization, batch.clone(), |index, event| {
            let hash = hashes.get(index).copied().flatten();
            debug_assert_eq!(hash.is_some(), event.external_id.is_some());
            hash
        })
    }
}
