//! Which names events have, how often, and when.

use std::collections::HashMap;
use std::sync::Arc;

use domain::interval::Quarter;
use domain::packed::{PackedError, Reader, write_len, write_text};
use domain::{KeyedHash, Source, Timestamp};
use rustc_hash::FxHashMap;

use super::timeline::{Timeline, index_of};
use crate::packed::{read_timestamp, write_timestamp};

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
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
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

    /// Takes in an event, but for its count, which goes to `gathered`. Returns where it counts.
    pub(super) fn add(
        &mut self,
        source: Source,
        name: &str,
        timestamp: Timestamp,
        gathered: &mut Gathered,
    ) -> Slot {
        let number = match self.numbers[place(source)].get(name) {
            Some(number) => *number,
            None => self.insert(source, name, timestamp),
        };
        let known = &mut self.known[number as usize];
        known.first_seen = known.first_seen.min(timestamp);
        known.last_seen = known.last_seen.max(timestamp);
        let slot = Slot::new(number, timestamp);
        gathered.counts.entry(slot).or_default().0 += 1;
        slot
    }

    /// Where an event counts that has been taken in.
    pub(super) fn slot(&self, source: Source, name: &str, timestamp: Timestamp) -> Option<Slot> {
        let number = self.numbers[place(source)].get(name)?;
        Some(Slot::new(*number, timestamp))
    }

    fn insert(&mut self, source: Source, name: &str, seen: Timestamp) -> u32 {
        let number = u32::try_from(self.known.len()).expect("no more names than rows");
        let text: Arc<str> = name.into();
        self.numbers[place(source)].insert(Arc::clone(&text), number);
        self.known.push(Name {
            source,
            text,
            first_seen: seen,
            last_seen: seen,
            counts: Counts::default(),
        });
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

    /// The events of a source.
    pub(super) fn of_source(&self, source: Source) -> &Counts {
        &self.by_source[place(source)]
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.known.len(), out);
        for name in &self.known {
            out.push(u8::from(name.source == Source::System));
            write_text(&name.text, out);
            write_timestamp(name.first_seen, out);
            write_timestamp(name.last_seen, out);
            name.counts.all.encode(out);
            name.counts.children.encode(out);
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
            let name = reader.text()?;
            if names.get(source, name).is_some() {
                return Err(PackedError {
                    what: "a name is there twice",
                });
            }
            let (first_seen, last_seen) = (read_timestamp(reader)?, read_timestamp(reader)?);
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
            let number = names.insert(source, name, first_seen);
            let known = &mut names.known[number as usize];
            known.last_seen = last_seen;
            known.counts = counts;
        }
        if events != u64::from(rows) {
            return Err(COUNTS);
        }
        Ok(names)
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
