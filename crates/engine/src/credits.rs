//! Credits, resets and what happens to grants: system events that are worked out and written in one step of the writer. EXTENSIONS
//! "Credits and resets of a customer meter", "Grants".
//!
//! - The key of an entry counts once: it is looked up in the same step in which its events are written.
//! - What rolls over at a reset is worked out in the step that writes it: nothing is received in between.
//! - All events of a step are one request of the journal: all are there after a crash, or none.

use std::sync::Arc;
use std::sync::mpsc;

use domain::{
    CustomerId, Event, EventBatch, Identity, MetadataBuilder, MeterId, OrganizationId,
    OwnedIdentity, Source, SystemEvent, Timestamp,
};
use query::Customer;
use store::{AppendRequest, KeyHasher, Reader, Snapshot, StoreError};

use crate::Engine;
use crate::ingest::{IngestError, Turn};
use crate::limits::STEPS_UNREADY_MAX;
use crate::meters::{Events, LiveMeter};

/// What is to be done to a customer's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub customer: CustomerId,
    /// All identities under which the customer's events come now, its id included.
    pub identities: Vec<OwnedIdentity>,
    /// What is written, in this order; at least one. After a reset that carries over comes the credit of what rolls over. The first is what
    /// the key stands for: a repeat says the same there.
    pub what: Vec<SystemEvent>,
    /// When; `None`: when it is received.
    pub timestamp: Option<Timestamp>,
    /// Its key among the organization's system events.
    pub external_id: Option<String>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is written, durable and visible.
    New {
        /// When it was received.
        at: Timestamp,
    },
    /// The same was written before under this key. Nothing was written now.
    Repeat {
        /// When it was received.
        at: Timestamp,
    },
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

/// What stands under a key among an organization's system events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyed {
    /// Whom it concerns.
    pub customer: CustomerId,
    /// What it says.
    pub what: SystemEvent,
}

impl Engine {
    /// Writes an entry, all or nothing. Blocks for the writer's turn and a sync. The meters must be defined.
    pub fn enter(&self, organization: OrganizationId, entry: Entry) -> Result<Entered, EnterError> {
        let entered = self.enter_all(organization, vec![entry])?;
        entered
            .into_iter()
            .next()
            .ok_or(IngestError::Stopped.into())
    }

    /// Writes entries in one request of the journal: all that are new, or none. Their keys differ. What became of each, in order.
    pub fn enter_all(
        &self,
        organization: OrganizationId,
        entries: Vec<Entry>,
    ) -> Result<Vec<Entered>, EnterError> {
        let entries: Arc<[Planned]> = entries
            .into_iter()
            .map(|entry| Planned {
                carried: entry
                    .carried_over()
                    .and_then(|meter| self.meters.get(organization, meter)),
                entry,
            })
            .collect();
        for attempt in 0..=STEPS_UNREADY_MAX {
            let events = self.events_of(organization);
            for planned in &*entries {
                if let Some(meter) = &planned.carried {
                    // The long part, before the writer has to wait for it.
                    prepare(meter, events, &planned.entry)?;
                }
            }
            let (sender, receiver) = mpsc::channel();
            let step = Step {
                reader: self.reader.clone(),
                hasher: self.hasher,
                organization,
                may_block: attempt == STEPS_UNREADY_MAX,
            };
            let entries = Arc::clone(&entries);
            self.queue.push_step(Box::new(move |turn| {
                // Who waits may have gone; what was written stays.
                let _sent = sender.send(step.run(turn, &entries));
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

    /// What was written under a key of the organization's system events.
    pub fn keyed(
        &self,
        organization: OrganizationId,
        key: &str,
    ) -> Result<Option<Keyed>, StoreError> {
        let snapshot = self.reader.snapshot(organization);
        let hash = self.hasher.hash(organization, Source::System, key);
        let Some(known) = snapshot.ordinal_of_key(hash, Source::System, key)? else {
            return Ok(None);
        };
        let Some(row) = snapshot.row(known)? else {
            return Ok(None);
        };
        let row = row.get();
        let event = row.event();
        let Identity::Customer(customer) = event.identity else {
            return Ok(None);
        };
        Ok(SystemEvent::of(&event).map(|what| Keyed { customer, what }))
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
    /// The meter of which units roll over.
    fn carried_over(&self) -> Option<MeterId> {
        self.what.iter().copied().find_map(carried_over)
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
        let repeated = snapshot.row(known)?.and_then(|row| {
            let row = row.get();
            let is_repeat = self.is_repeat_of(&row.event(), row.received_at);
            is_repeat.then_some(row.received_at)
        });
        Ok(Some(match repeated {
            Some(at) => Entered::Repeat { at },
            None => Entered::KeyTaken,
        }))
    }

    /// Whether an event that is there was written for the same request.
    fn is_repeat_of(&self, event: &Event<'_>, received_at: Timestamp) -> bool {
        let timestamp = (event.timestamp != received_at).then_some(event.timestamp);
        event.identity == Identity::Customer(self.customer)
            && SystemEvent::of(event).as_ref() == self.what.first()
            && (timestamp == self.timestamp || Some(event.timestamp) == self.timestamp)
    }
}

/// An entry, and the meter of which units roll over with it.
struct Planned {
    entry: Entry,
    carried: Option<Arc<LiveMeter>>,
}

/// What a step of the writer needs.
struct Step {
    reader: Reader,
    hasher: KeyHasher,
    organization: OrganizationId,
    /// Whether the writer may wait for what is not prepared, which holds up all who append.
    may_block: bool,
}

impl Step {
    /// `None` when what it needs is not prepared.
    fn run(&self, turn: Turn<'_>, entries: &[Planned]) -> Result<Option<Vec<Entered>>, EnterError> {
        let snapshot = self.reader.snapshot(self.organization);
        let mut batch = EventBatch::default();
        let mut hashes = Vec::new();
        let mut entered = Vec::with_capacity(entries.len());
        for planned in entries {
            let entry = &planned.entry;
            let hash = entry.hash(self.hasher, self.organization);
            if let Some(known) = entry.known(&snapshot, hash)? {
                entered.push(known);
                continue;
            }
            let timestamp = entry.timestamp.unwrap_or(turn.received_at);
            for (position, said) in entry.what.iter().enumerate() {
                let is_first = position == 0;
                let external_id = entry.external_id.as_deref().filter(|_| is_first);
                entry.push(*said, timestamp, external_id, &mut batch);
                hashes.push(hash.filter(|_| is_first));
                let (Some(meter), Some(carried)) = (carried_over(*said), &planned.carried) else {
                    continue;
                };
                let until = (timestamp, turn.received_at);
                let Some(units) = self.rolls_over(&snapshot, entry, carried, until)? else {
                    return Ok(None);
                };
                for units in credits_of(units) {
                    let credit = SystemEvent::MeterCredited {
                        meter,
                        units,
                        rollover: true,
                    };
                    entry.push(credit, timestamp, None, &mut batch);
                    hashes.push(None);
                }
            }
            entered.push(Entered::New {
                at: turn.received_at,
            });
        }
        if !hashes.is_empty() {
            turn.append(AppendRequest {
                organization: self.organization,
                batch: &batch,
                hashes: &hashes,
            })?;
        }
        Ok(Some(entered))
    }

    /// The units that roll over at a reset that takes effect at `timestamp`; `None` when they are not prepared.
    fn rolls_over(
        &self,
        snapshot: &Snapshot,
        entry: &Entry,
        meter: &LiveMeter,
        (timestamp, received_at): (Timestamp, Timestamp),
    ) -> Result<Option<i128>, StoreError> {
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

/// The meter of which units roll over at a reset that carries over.
fn carried_over(said: SystemEvent) -> Option<MeterId> {
    match said {
        SystemEvent::MeterReset {
            meter,
            carry_over: true,
        } => Some(meter),
        _ => None,
    }
}

/// Units as one credit, but for sums beyond what one can say. Nothing when there are none.
fn credits_of(units: i128) -> impl Iterator<Item = i64> {
    let mut left = units.max(0);
    std::iter::from_fn(move || {
        let some = i64::try_from(left).unwrap_or(i64::MAX);
        left -= i128::from(some);
        (some > 0).then_some(some)
    })
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
