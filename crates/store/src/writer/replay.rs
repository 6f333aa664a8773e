//! Taking in again what the journal holds.

use domain::{Event, OrganizationId, Timestamp};

use super::Writer;
use super::organizations::Organizations;
use std::sync::Arc;

use crate::journal::{Frame, FrameBuilder, Journal};
use crate::keys::KeyHasher;
use crate::limits::ROWS_PER_LOCK;
use crate::reader::Reader;
use crate::shared::Shared;

/// A writer to be. Everything it takes in is durable, or will be before anybody is told.
#[derive(Debug)]
pub(crate) struct Replayer {
    organizations: Organizations,
    hasher: KeyHasher,
    shared: Arc<Shared>,
    sequence_next: u64,
    received_at: Timestamp,
}

impl Replayer {
    /// For the events from `sequence_next` on, those before having been received at `received_at` or earlier.
    pub(crate) fn new(reader: Reader, sequence_next: u64, received_at: Timestamp) -> Self {
        Self {
            hasher: reader.key_hasher(),
            shared: Arc::clone(reader.shared()),
            organizations: Organizations::new(reader),
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
        frame.for_each_part(|organization, rows| {
            while rows.len() > 0 {
                self.rows(organization, &mut rows.by_ref().take(ROWS_PER_LOCK))?;
            }
            Ok(())
        })
    }

    fn rows<'a>(
        &mut self,
        id: OrganizationId,
        rows: &mut dyn Iterator<Item = Result<&'a [u8], &'static str>>,
    ) -> Result<(), &'static str> {
        let organization = self.organizations.touch(id);
        let candidate = |row: Result<&'a [u8], &'static str>| {
            let row = row?;
            let event = Event::decode(row).map_err(|error| error.what)?;
            let key_hash = event
                .external_id
                .map(|external_id| self.hasher.hash(id, event.source, external_id));
            Ok(organization.candidate(row, event, key_hash))
        };
        let candidates = rows
            .map(candidate)
            .collect::<Result<Vec<_>, &'static str>>()?;
        let bytes = candidates.iter().map(|candidate| candidate.row.len()).sum();
        (organization.reserve(candidates.len(), bytes))
            .map_err(|_| "an organization has too many events")?;
        let absorbed = organization
            .absorb(&candidates, self.sequence_next, self.received_at)
            .map_err(|_| "the sealed keys cannot be read")?;
        if absorbed.inserted != candidates.len() {
            return Err("a key occurs twice");
        }
        self.sequence_next += absorbed.inserted as u64;
        if organization.is_block_waiting() {
            organization.publish();
        }
        Ok(())
    }

    /// Publishes the rest and becomes the writer behind the end of the journal.
    pub(crate) fn finish(mut self, journal: Journal) -> Writer {
        self.organizations.publish();
        self.shared.set_published_end(self.sequence_next);
        self.shared.set_journal_begins_at(journal.begins_at());
        Writer {
            journal,
            shared: self.shared,
            sealer: None,
            frame: FrameBuilder::default(),
            organizations: self.organizations,
            sequence_next: self.sequence_next,
            received_at: self.received_at,
        }
    }
}
