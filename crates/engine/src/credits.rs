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
use crate::limits::STEPS_UNREADY_MAX;
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
        let entry = Arc::new(entry);
        for attempt in 0..=STEPS_UNREADY_MAX {
            let events = self.events_of(organization);
            if let (Some(meter), true) = (&meter, entry.carries_over()) {
                // The long part, before the writer has to wait for it.
                prepare(meter, events, &entry)?;
            }
            let (sender, receiver) = mpsc::channel();
            let step = Step {
                reader: self.reader.clone(),
                hasher: self.hasher,
                organization,
                meter: meter.clone(),
                may_block: attempt == STEPS_UNREADY_MAX,
            };
            let entry = Arc::clone(&entry);
            self.queue.push_step(Box::new(move |turn| {
                // Who waits may have gone; what was written stays.
                let _sent = sender.send(step.run(turn, &entry));
            }));
            let entered = receiver
                .recv()
                .unwrap_or(Err(IngestError::Stopped.into()))?;
            if let Some(entered) = entered {
                return Ok(entered);
            }
        }
        Err(IngestError::Overloaded.into())
    }

    /// What [`Self::enter`] would find under the entry's key; `None` when nothing is there, or when it has no key.
    pub fn entered_before(
        &self,
        organization: OrganizationId,
        entry: &Entry,
    ) -> Result<Option<Entered>, StoreError> {
        let hash = entry.hash(self.hasher, organization);
        entry.known(&self.reader.snapshot(organization), hash)
    }

    /// Sees to it that nothing is received before a time. Does not wait.
    pub fn receive_from(&self, at: Timestamp) {
        self.queue
            .push_step(Box::new(move |turn| turn.receive_from(at)));
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

    fn hash(&self, hasher: KeyHasher, organization: OrganizationId) -> Option<u128> {
        let key = self.external_id.as_deref()?;
        Some(hasher.hash(organization, Source::System, key))
    }

    /// What was written under the key before, compared with this; `None` when nothing was.
    fn known(
        &self,
        snapshot: &Snapshot,
        hash: Option<u128>,
    ) -> Result<Option<Entered>, StoreError> {
        let (Some(hash), Some(key)) = (hash, &self.external_id) else {
            return Ok(None);
        };
        let Some(known) = snapshot.ordinal_of_key(hash, Source::System, key)? else {
            return Ok(None);
        };
        let is_repeat = snapshot.row(known)?.is_some_and(|row| {
            let row = row.get();
            self.is_repeat_of(&row.event(), row.received_at)
        });
        Ok(Some(if is_repeat {
            Entered::Repeat
        } else {
            Entered::KeyTaken
        }))
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
struct Step {
    reader: Reader,
    hasher: KeyHasher,
    organization: OrganizationId,
    meter: Option<Arc<LiveMeter>>,
    /// Whether the writer may wait for what is not prepared, which holds up all who append.
    may_block: bool,
}

impl Step {
    /// `None` when what it needs is not prepared.
    fn run(&self, turn: Turn<'_>, entry: &Entry) -> Result<Option<Entered>, EnterError> {
        let snapshot = self.reader.snapshot(self.organization);
        let hash = entry.hash(self.hasher, self.organization);
        if let Some(known) = entry.known(&snapshot, hash)? {
            return Ok(Some(known));
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
            let units = self.rolls_over(&snapshot, entry, timestamp, turn.received_at)?;
            let Some(mut units) = units else {
                return Ok(None);
            };
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
        Ok(Some(Entered::New))
    }

    /// The units that roll over at a reset that takes effect at `timestamp`; `None` when they are not prepared.
    fn rolls_over(
        &self,
        snapshot: &Snapshot,
        entry: &Entry,
        timestamp: Timestamp,
        received_at: Timestamp,
    ) -> Result<Option<i128>, StoreError> {
        let Some(meter) = &self.meter else {
            return Ok(Some(0));
        };
        let until = if timestamp >= received_at {
            snapshot.rows()
        } else {
            snapshot.first_received_from(timestamp)?
        };
        let party = Party::of(snapshot, entry);
        let events = Events {
            reader: &self.reader,
            organization: self.organization,
        };
        if self.may_block {
            meter.rollover(events, party.as_customer(), until).map(Some)
        } else {
            meter.try_rollover(snapshot, party.as_customer(), until)
        }
    }
}

/// Folds what a step would have to fold.
fn prepare(meter: &LiveMeter, events: Events<'_>, entry: &Entry) -> Result<(), StoreError> {
    let snapshot = events.snapshot();
    let until = match entry.timestamp {
        None => None,
        Some(at) => Some(snapshot.first_received_from(at)?),
    };
    let party = Party::of(&snapshot, entry);
    meter.usage(events, &[party.as_customer()], until)?;
    Ok(())
}

/// The customer of an entry, by numbers.
struct Party {
    own: Option<u32>,
    identities: Vec<u32>,
}

impl Party {
    fn of(snapshot: &Snapshot, entry: &Entry) -> Self {
        let identities = entry.identities.iter();
        Self {
            own: snapshot.identity_index(Identity::Customer(entry.customer)),
            identities: identities
                .filter_map(|identity| snapshot.identity_index(identity.as_ref()))
                .collect(),
        }
    }

    fn as_customer(&self) -> Customer<'_> {
        Customer {
            own: self.own,
            identities: &self.identities,
        }
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
