//! Taking in again what the journal holds.

use std::sync::Arc;

use domain::{Event, EventBatch, OrganizationId, Timestamp};
use parking_lot::Mutex;

use super::organizations::Organizations;
use super::{Group, Writer};
use crate::error::StoreError;
use crate::journal::{Frame, FrameBuilder, Journal, PartRows};
use crate::reader::Reader;
use crate::shared::Shared;

/// A writer to be. Everything it takes in is durable, or will be before anybody is told.
#[derive(Debug)]
pub(crate) struct Replayer {
    reader: Reader,
    organizations: Organizations,
    shared: Arc<Shared>,
    sequence_next: u64,
    received_at: Timestamp,
}

impl Replayer {
    /// For the events from `sequence_next` on, those before having been received at `received_at` or earlier.
    pub(crate) fn new(reader: Reader, sequence_next: u64, received_at: Timestamp) -> Self {
        Self {
            shared: Arc::clone(reader.shared()),
            organizations: Organizations::new(reader.clone()),
            reader,
            sequence_next,
            received_at,
        }
    }

    /// Takes in a frame that joins the one before. Rows are published in large blocks.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn replay(&mut self, frame: &Frame<'_>) -> Result<(), &'static str> {
        self.received_at = frame.received_at;
        frame.for_each_part(|organization, rows| self.part(organization, rows))
    }

    fn part(
        &mut self,
        organization: OrganizationId,
        rows: &mut PartRows<'_>,
    ) -> Result<(), &'static str> {
        let count = rows.len();
        let mut batch = EventBatch::with_capacity(count, rows.bytes());
        for row in rows {
            let event = Event::decode(row?).map_err(|error| error.what)?;
            batch.push(&event);
        }
        let unreadable = |_| "the sealed keys cannot be read";
        let request = self
            .reader
            .prepare(organization, batch)
            .map_err(unreadable)?;
        let organization = self.organizations.touch(organization);
        let taken = organization
            .take_in(request, self.sequence_next, self.received_at)
            .map_err(|error| match error {
                StoreError::OrganizationFull => "an organization has too many events",
                _ => "the sealed keys cannot be read",
            })?;
        if taken.inserted as usize != count {
            return Err("a key occurs twice");
        }
        self.sequence_next += count as u64;
        if organization.is_block_waiting() {
            self.publish();
        }
        Ok(())
    }
    fn publish(&mut self) {
        self.organizations.begin_writing();
        self.organizations.publish();
    }

    /// Publishes the rest and becomes the writer behind the end of the journal.
    pub(crate) fn finish(mut self, journal: Journal) -> Writer {
        self.publish();
        self.shared.set_published_end(self.sequence_next);
        self.shared.set_journal_begins_at(journal.begins_at());
        Writer {
            reader: self.reader,
            journal: Arc::new(Mutex::new(journal)),
            shared: self.shared,
            sealer: None,
            organizations: self.organizations,
            group: Group::behind(
                self.sequence_next,
                self.received_at,
                FrameBuilder::default(),
            ),
            is_writing: false,
            spare: FrameBuilder::default(),
            sequence_next: self.sequence_next,
            received_at: self.received_at,
        }
    }
}
