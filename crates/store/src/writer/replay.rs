//! Taking in again what the journal holds.

use domain::{Event, OrganizationId, Timestamp};

use super::Writer;
use super::organizations::Organizations;
use crate::journal::{Frame, FrameBuilder, Journal, SEQUENCE_FIRST};
use crate::keys::KeyHasher;
use crate::reader::Reader;
use crate::tail::{Absorbed, Candidate, Organization};

/// A writer to be. Everything it takes in is durable, or will be before anybody is told.
#[derive(Debug)]
pub(crate) struct Replayer {
    organizations: Organizations,
    hasher: KeyHasher,
    sequence_next: u64,
    received_at: Timestamp,
}

impl Replayer {
    pub(crate) fn new(reader: Reader) -> Self {
        Self {
            hasher: reader.key_hasher(),
            organizations: Organizations::new(reader),
            sequence_next: SEQUENCE_FIRST,
            received_at: Timestamp::MIN,
        }
    }

    /// Takes in a frame that joins the one before. Rows are published in large blocks. Returns how many there are.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn replay(&mut self, frame: &Frame<'_>) -> Result<u64, &'static str> {
        let sequence_first = self.sequence_next;
        self.received_at = frame.received_at;
        frame.for_each_row(|organization, row| self.row(organization, row))?;
        Ok(self.sequence_next - sequence_first)
    }

    fn row(&mut self, id: OrganizationId, row: &[u8]) -> Result<(), &'static str> {
        let event = &Event::decode(row).map_err(|error| error.what)?;
        let key_hash = event
            .external_id
            .map(|external_id| self.hasher.hash(id, external_id));
        let organization = self.organizations.touch(id);
        organization
            .check_room(1)
            .map_err(|_| "an organization has too many events")?;
        let (sequence, received_at) = (self.sequence_next, self.received_at);
        let candidate = Candidate {
            row,
            event,
            key_hash,
            sequence,
            received_at,
        };
        let tail = organization.tail().clone();
        match organization.absorb(&mut Organization::lock_index(&tail), &candidate) {
            Absorbed::New => {}
            Absorbed::Known | Absorbed::KnownIfDurable => return Err("a key occurs twice"),
        }
        if organization.is_block_waiting() {
            organization.publish();
        }
        self.sequence_next += 1;
        Ok(())
    }

    /// Publishes the rest and becomes the writer behind the end of the journal.
    pub(crate) fn finish(mut self, journal: Journal) -> Writer {
        self.organizations.publish();
        Writer {
            journal,
            frame: FrameBuilder::default(),
            organizations: self.organizations,
            sequence_next: self.sequence_next,
            received_at: self.received_at,
        }
    }
}
