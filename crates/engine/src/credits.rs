//! Credits and resets: system events that are worked out and written in one step of the writer. EXTENSIONS "Credits and resets of a
//! customer meter".
//!
//! - The key of a credit or reset counts once: it is looked up in the same step in which the event is written.
//! - What rolls over at a reset is worked out in the step that writes it: nothing is received in between.
//! - All events of a step are one request of the journal: all are there after a crash, or none.

use std::sync::Arc;
use std::sync::mpsc;

use domain::{
    CustomerId, Event, EventBatch, Identity, MetadataBuilder, OrganizationId, OwnedIdentity,
    Source, SystemEvent, Timestamp,
};
use query::Customer;
use store::{AppendRequest, KeyHasher, Reader, Snapshot, StoreError};

use crate::Engine;
use crate::ingest::{IngestError, Turn};
use crate::meters::{Events, LiveMeter};

/// What is to be done to a customer's account of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub customer: CustomerId,
    /// All identities under which the customer's events come now, its id included.
    pub identities: Vec<OwnedIdentity>,
    /// A credit or a reset.
    pub what: SystemEvent,
    /// When; `None`: when it is received.
    pub timestamp: Option<Timestamp>,
    /// Its key among the organization's credits and resets.
    pub external_id: Option<String>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is written, durable and visible.
    New,
    /// The same was written before under this key. Nothing was written now.
    Repeat,
    /// Another one was written before under this key. Nothing was written now.
    KeyTaken,
}

/// Why an entry was not made. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The events could not be written.
    #[error("write the events")]
    Ingest(#[from] IngestError),
    /// What is there could not be read.
    #[error("read the events")]
    Read(#[from] StoreError),
}

impl Engine {
    /// Writes a credit or a reset, with the credit of what rolls over if that is asked for, all or nothing. Blocks for the writer's turn
    /// and a sync. The meter must be defined.
    pub fn enter(&self, organization: OrganizationId, entry: Entry) -> Result<Entered, EnterError> {
        let meter = self.meters.get(organization, entry.what.meter());
        if let Some(meter) = &meter
            && entry.carries_over()
        {
            // The long part, before the writer has to wait for it.
            meter.usage(self.events_of(organization), &[], None)?;
        }
        let (sender, receiver) = mpsc::channel();
        let (reader, hasher) = (self.reader.clone(), self.hasher);
        self.queue.push_step(Box::new(move |turn| {
            let step = Step {
                reader: &reader,
                hasher,
                organization,
                meter,
            };
            // Who waits may have gone; what was written stays.
            let _sent = sender.send(step.run(turn, &entry));
        }));
        receiver.recv().unwrap_or(Err(IngestError::Stopped.into()))
    }

    /// A time that parts what was received so far, all of it before, from what is received from now on, all of it at that time or
    /// later, however the clock stands. Blocks for the writer's turn.
    pub fn cut(&self) -> Result<Timestamp, IngestError> {
        let (sender, receiver) = mpsc::channel();
        self.queue.push_step(Box::new(move |turn| {
            let _sent = sender.send(turn.cut());
        }));
        receiver.recv().map_err(|_| IngestError::Stopped)
    }

    pub(crate) fn events_of(&self, organization: OrganizationId) -> Events<'_> {
        Events {
            reader: &self.reader,
            organization,
        }
    }
}

impl Entry {
    fn carries_over(&self) -> bool {
        matches!(
            self.what,
            SystemEvent::MeterReset {
                carry_over: true,
                ..
            }
        )
    }

    /// Whether an event that is there was written for the same request.
    fn is_repeat_of(&self, event: &Event<'_>, received_at: Timestamp) -> bool {
        let timestamp = (event.timestamp != received_at).then_some(event.timestamp);
        event.identity == Identity::Customer(self.customer)
            && SystemEvent::of(event) == Some(self.what)
            && (timestamp == self.timestamp || Some(event.timestamp) == self.timestamp)
    }
}

/// What a step of the writer needs.
struct Step<'a> {
    reader: &'a Reader,
    hasher: KeyHasher,
    organization: OrganizationId,
    meter: Option<Arc<LiveMeter>>,
}

impl Step<'_> {
    fn run(&self, turn: Turn<'_>, entry: &Entry) -> Result<Entered, EnterError> {
        let snapshot = self.reader.snapshot(self.organization);
        let hash = entry
            .external_id
            .as_deref()
            .map(|key| self.hasher.hash(self.organization, Source::System, key));
        if let (Some(hash), Some(key)) = (hash, &entry.external_id)
            && let Some(known) = snapshot.ordinal_of_key(hash, Source::System, key)?
        {
            let row = snapshot.row(known)?;
            let is_repeat = row.is_some_and(|row| {
                let row = row.get();
                entry.is_repeat_of(&row.event(), row.received_at)
            });
            return Ok(if is_repeat {
                Entered::Repeat
            } else {
                Entered::KeyTaken
            });
        }
        let timestamp = entry.timestamp.unwrap_or(turn.received_at);
        let mut batch = EventBatch::default();
        let mut hashes = vec![hash];
        entry.push(
            entry.what,
            timestamp,
            entry.external_id.as_deref(),
            &mut batch,
        );
        if entry.carries_over() {
            let mut units = self.rolls_over(&snapshot, entry, timestamp, turn.received_at)?;
            while units > 0 {
                // One credit, but for sums beyond what one can say.
                let some = i64::try_from(units).unwrap_or(i64::MAX);
                let credit = SystemEvent::MeterCredited {
                    meter: entry.what.meter(),
                    units: some,
                    rollover: true,
                };
                entry.push(credit, timestamp, None, &mut batch);
                hashes.push(None);
                units -= i128::from(some);
            }
        }
        turn.append(AppendRequest {
            organization: self.organization,
            batch: &batch,
            hashes: &hashes,
        })?;
        Ok(Entered::New)
    }

    /// The units that roll over at a reset that takes effect at `timestamp`.
    fn rolls_over(
        &self,
        snapshot: &Snapshot,
        entry: &Entry,
        timestamp: Timestamp,
        received_at: Timestamp,
    ) -> Result<i128, StoreError> {
        let Some(meter) = &self.meter else {
            return Ok(0);
        };
        let until = if timestamp >= received_at {
            snapshot.rows()
        } else {
            snapshot.first_received_from(timestamp)?
        };
        let own = snapshot.identity_index(Identity::Customer(entry.customer));
        let identities: Vec<u32> = entry
            .identities
            .iter()
            .filter_map(|identity| snapshot.identity_index(identity.as_ref()))
            .collect();
        let customer = Customer {
            own,
            identities: &identities,
        };
        let events = Events {
            reader: self.reader,
            organization: self.organization,
        };
        meter.rollover(events, customer, until)
    }
}

impl Entry {
    fn push(
        &self,
        what: SystemEvent,
        timestamp: Timestamp,
        external_id: Option<&str>,
        batch: &mut EventBatch,
    ) {
        let mut metadata = MetadataBuilder::new();
        what.write(&mut metadata);
        batch.push(&Event {
            source: Source::System,
            name: what.name(),
            identity: Identity::Customer(self.customer),
            member: None,
            timestamp,
            external_id,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
}
