//! Steps: what is worked out by the writer itself, between two groups, so that nothing is received between the look and the
//! write.

use domain::Timestamp;
use store::{AppendRequest, Writer};

use super::queue::Queue;
use super::{IngestError, Ingested, refuse};
use crate::upkeep::Upkeep;

/// A step. Dropped without being called when the writer ends before its turn.
pub(crate) type Step = Box<dyn FnOnce(Turn<'_>) + Send>;

/// The writer, while it is a step's turn.
pub(crate) struct Turn<'a> {
    pub(super) writer: &'a mut Writer,
    pub(super) queue: &'a Queue,
    pub(super) upkeep: &'a Upkeep,
    /// Nothing is received before it.
    pub(super) floor: &'a mut Timestamp,
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
        let committed = self.writer.commit(self.received_at, &[request]);
        self.upkeep.notify([request.organization]);
        let mut answers = match committed {
            Ok(appended) => appended.into_iter(),
            Err(failed) => {
                let error = refuse(&failed.cause, 1, self.queue);
                let held: Option<Vec<_>> = failed.answered.into_iter().collect();
                held.ok_or(error)?.into_iter()
            }
        };
        let answer = answers.next().ok_or(IngestError::Stopped)?;
        Ok(Ingested::from(answer))
    }
}
