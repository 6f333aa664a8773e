//! Which names events have, how often, and when.

use std::collections::HashMap;
use std::sync::Arc;

use domain::interval::Quarter;
use domain::packed::{PackedError, Reader, write_len, write_text, write_varint};
use domain::{Event, KeyedHash, Source, Timestamp};
use rustc_hash::FxHashMap;
use store::RowRef;

use super::roots::{Roots, Seen};
use super::timeline::{Timeline, index_of};
use crate::packed::{read_count, read_timestamp, write_timestamp};

/// The names of an organization's events. A name that users and the server gave is two.
#[derive(Debug)]
pub(super) struct Names {
    /// The numbers of the names of each source. Clients choose them.
    numbers: [HashMap<Arc<str>, u32, KeyedHash>; 2],
    /// By number, in the order of the first event of each.
    known: Vec<Name>,
    /// Over all names of each source.
    by_source: [Counts; 2],
}

/// A name, and the events that have it.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) source: Source,
    pub(super) text: Arc<str>,
    /// When the first of the events was received.
    pub(super) first_received_at: Timestamp,
    /// When they happened.
    pub(super) seen: Seen,
    /// When those of them happened that have no parent.
    pub(super) roots: Roots,
    pub(super) counts: Counts,
}

/// How many events there are when.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) all: Timeline,
    /// Those of them that have a parent.
    pub(super) children: Timeline,
}

/// Where an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    name: u32,
    quarter: i32,
}

/// An event that waits for its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) slot: Slot,
    pub(super) timestamp: Timestamp,
}

/// Counts that are not in the timelines yet: many events share few slots.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// All events, and those that got a parent.
    counts: FxHashMap<Slot, (u32, u32)>,
}

impl Gathered {
    /// An event that counts there got its parent.
    pub(super) fn add_child(&mut self, slot: Slot) {
        self.counts.entry(slot).or_default().1 += 1;
    }
}

impl Counts {
    /// How many have no parent.
    pub(super) fn roots_count(&self) -> u64 {
        self.all.count() - self.children.count()
    }

    fn add(&mut self, quarter: i32, (events, children): (u32, u32)) {
        self.all.add(quarter, events);
        self.children.add(quarter, children);
    }
}

impl Names {
    pub(super) fn new(hash: &KeyedHash) -> Self {
        let numbers = || HashMap::with_hasher(hash.clone());
        Self {
            numbers: [numbers(), numbers()],
            known: Vec::new(),
            by_source: Default::default(),
        }
    }

    /// Takes in an event, but for its count, which goes to `gathered`, and for whether it is a root. Returns where it counts.
    pub(super) fn add(
        &mut self,
        row: &RowRef<'_>,
        event: &Event<'_>,
        gathered: &mut Gathered,
    ) -> Slot {
        let (source, timestamp) = (event.source, row.timestamp);
        let number = match self.numbers[place(source)].get(event.name) {
            Some(number) => *number,
            None => self.insert(Name {
                source,
                text: event.name.into(),
                first_received_at: row.received_at,
                seen: Seen::once(timestamp),
                roots: Roots::default(),
                counts: Counts::default(),
            }),
        };
        self.known[number as usize].seen.add(timestamp);
        let slot = Slot::new(number, timestamp);
        gathered.counts.entry(slot).or_default().0 += 1;
        slot
    }

    /// An event that counts there has no parent.
    pub(super) fn add_root(&mut self, slot: Slot, timestamp: Timestamp) {
        self.roots(slot).add(timestamp);
    }

    /// An event has a parent that has not arrived.
    pub(super) fn add_waiting(&mut self, event: Waiting) {
        self.roots(event.slot).add_waiting(event.timestamp);
    }

    /// The parent of an event that waited has arrived.
    pub(super) fn add_arrived(&mut self, event: Waiting, gathered: &mut Gathered) {
        self.roots(event.slot).remove_waiting(event.timestamp);
        gathered.add_child(event.slot);
    }

    /// What an event waited for cannot be its parent.
    pub(super) fn add_refused(&mut self, event: Waiting) {
        let roots = self.roots(event.slot);
        roots.remove_waiting(event.timestamp);
        roots.add(event.timestamp);
    }

    fn roots(&mut self, slot: Slot) -> &mut Roots {
        &mut self.known[slot.name as usize].roots
    }

    /// Whether these are the events that the names know to wait.
    pub(super) fn wait_as(&self, all: impl Iterator<Item = Waiting>) -> bool {
        let mut counts: FxHashMap<(u32, Timestamp), u32> = FxHashMap::default();
        let mut total = 0;
        for waiting in all {
            total += 1;
            *counts
                .entry((waiting.slot.name, waiting.timestamp))
                .or_default() += 1;
        }
        // All of them are asked, in whatever order.
        let is_known = |((name, at), count): (&(u32, Timestamp), &u32)| {
            let name = self.known.get(*name as usize);
            name.is_some_and(|name| name.roots.waiting_at(*at) == *count)
        };
        total == self.waiting_count() && counts.iter().all(is_known)
    }

    fn insert(&mut self, name: Name) -> u32 {
        let number = u32::try_from(self.known.len()).expect("no more names than rows");
        self.numbers[place(name.source)].insert(Arc::clone(&name.text), number);
        self.known.push(name);
        number
    }

    /// Puts gathered counts into the timelines.
    pub(super) fn count(&mut self, gathered: Gathered) {
        // Sums: their order makes no difference.
        gathered.counts.into_iter().for_each(|(slot, events)| {
            let name = &mut self.known[slot.name as usize];
            name.counts.add(slot.quarter, events);
            self.by_source[place(name.source)].add(slot.quarter, events);
        });
    }

    /// All names, in the order of the first event of each.
    pub(super) fn all(&self) -> &[Name] {
        &self.known
    }

    /// A name of this source.
    pub(super) fn get(&self, source: Source, name: &str) -> Option<&Name> {
        let number = self.numbers[place(source)].get(name)?;
        self.known.get(*number as usize)
    }

    /// How many events have a parent.
    pub(super) fn children_count(&self) -> u64 {
        self.by_source
            .iter()
            .map(|counts| counts.children.count())
            .sum()
    }

    /// How many events wait for their parents.
    pub(super) fn waiting_count(&self) -> u64 {
        (self.known.iter())
            .map(|name| name.roots.waiting_count())
            .sum()
    }

    /// The events of a source.
    pub(super) fn of_source(&self, source: Source) -> &Counts {
        &self.by_source[place(source)]
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.known.len(), out);
        for name in &self.known {
            out.push(u8::from(name.source == Source::System));
            write_text(&name.text, out);
            write_timestamp(name.first_received_at, out);
            name.seen.encode(out);
            name.counts.all.encode(out);
            name.counts.children.encode(out);
            name.roots.encode(out);
        }
    }

    /// Of the first `rows` rows.
    pub(super) fn decode(
        reader: &mut Reader<'_>,
        rows: u32,
        hash: &KeyedHash,
    ) -> Result<Self, PackedError> {
        const COUNTS: PackedError = PackedError {
            what: "the names are not those of all events",
        };
        let mut names = Self::new(hash);
        let mut events = 0_u64;
        for _ in 0..reader.len()? {
            let source = match reader.byte()? {
                0 => Source::User,
                1 => Source::System,
                _ => {
                    return Err(PackedError {
                        what: "a source is unknown",
                    });
                }
            };
            let text = reader.text()?;
            if names.get(source, text).is_some() {
                return Err(PackedError {
                    what: "a name is there twice",
                });
            }
            let first_received_at = read_timestamp(reader)?;
            let seen = Seen::decode(reader)?;
            let counts = Counts {
                all: Timeline::decode(reader)?,
                children: Timeline::decode(reader)?,
            };
            events = events.saturating_add(counts.all.count());
            if events > u64::from(rows) || !counts.all.contains(&counts.children) {
                return Err(COUNTS);
            }
            let by_source = &mut names.by_source[place(source)];
            by_source.all.add_all(&counts.all);
            by_source.children.add_all(&counts.children);
            names.insert(Name {
                source,
                text: text.into(),
                first_received_at,
                seen,
                roots: Roots::decode(reader, counts.roots_count())?,
                counts,
            });
        }
        if events != u64::from(rows) {
            return Err(COUNTS);
        }
        Ok(names)
    }
}

impl Waiting {
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        write_varint(u128::from(self.slot.name), out);
        write_timestamp(self.timestamp, out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let name = read_count(reader)?;
        let timestamp = read_timestamp(reader)?;
        let slot = Slot::new(name, timestamp);
        Ok(Self { slot, timestamp })
    }
}

impl Slot {
    fn new(name: u32, timestamp: Timestamp) -> Self {
        let quarter = index_of(Quarter::of(timestamp));
        Self { name, quarter }
    }
}

fn place(source: Source) -> usize {
    usize::from(source == Source::System)
}
