//! When the events of a name happened, and when the roots among them did.
//!
//! An event without a parent is a root for ever, but one that waits for its parent only until that arrives (SEMANTICS 19.18). Of the
//! first kind the least and greatest time is kept. Of the second all times are, so that what is left when some go is exact.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::packed::{PackedError, Reader, write_len, write_signed, write_varint};

use crate::packed::{read_count, read_timestamp, write_timestamp};

/// When some events happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The least time.
    pub(super) first: Timestamp,
    /// The greatest time.
    pub(super) last: Timestamp,
}

impl Seen {
    /// A single event.
    pub(super) fn once(at: Timestamp) -> Self {
        Self {
            first: at,
            last: at,
        }
    }

    pub(super) fn add(&mut self, at: Timestamp) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        write_timestamp(self.first, out);
        write_timestamp(self.last, out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Ok(Self {
            first: read_timestamp(reader)?,
            last: read_timestamp(reader)?,
        })
    }
}

/// When the roots of a name happened. Some 20 bytes for each that waits; the others take no room.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// Those that stay roots.
    settled: Option<Seen>,
    /// How many wait for their parents, by their time.
    waiting: BTreeMap<Timestamp, u32>,
}

impl Roots {
    /// Takes in one that stays.
    pub(super) fn add(&mut self, at: Timestamp) {
        self.settled.get_or_insert(Seen::once(at)).add(at);
    }

    /// Takes in one that waits.
    pub(super) fn add_waiting(&mut self, at: Timestamp) {
        *self.waiting.entry(at).or_default() += 1;
    }

    /// One that waited waits no more: it has its parent, or stays.
    pub(super) fn remove_waiting(&mut self, at: Timestamp) {
        let count = self.waiting.get_mut(&at).expect("who waits is counted");
        *count -= 1;
        if *count == 0 {
            self.waiting.remove(&at);
        }
    }

    /// When they happened; `None` when there are none.
    pub(super) fn seen(&self) -> Option<Seen> {
        let waiting = match (
            self.waiting.first_key_value(),
            self.waiting.last_key_value(),
        ) {
            (Some((first, _)), Some((last, _))) => Some(Seen {
                first: *first,
                last: *last,
            }),
            _ => None,
        };
        match (self.settled, waiting) {
            (Some(settled), Some(waiting)) => Some(settled.and(waiting)),
            (some, None) | (None, some) => some,
        }
    }

    /// How many of this time wait.
    pub(super) fn waiting_at(&self, at: Timestamp) -> u32 {
        self.waiting.get(&at).copied().unwrap_or_default()
    }

    /// How many wait. Cost: a look at each of their times.
    pub(super) fn waiting_count(&self) -> u64 {
        self.waiting.values().copied().map(u64::from).sum()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.waiting.len(), out);
        let mut before = 0;
        for (at, count) in &self.waiting {
            write_signed(i128::from(at.micros()) - before, out);
            write_varint(u128::from(*count), out);
            before = i128::from(at.micros());
        }
        if let Some(settled) = self.settled {
            settled.encode(out);
        }
    }

    /// Of so many roots.
    pub(super) fn decode(reader: &mut Reader<'_>, roots: u64) -> Result<Self, PackedError> {
        const WAITING: PackedError = PackedError {
            what: "the events that wait are out of order",
        };
        let mut waiting = BTreeMap::new();
        let mut before = 0_i128;
        for _ in 0..reader.len()? {
            let micros = before.saturating_add(reader.signed()?);
            let at = i64::try_from(micros).ok().and_then(Timestamp::from_micros);
            let count = read_count(reader)?;
            let is_later = |at: &Timestamp| {
                let last = waiting.last_key_value();
                last.is_none_or(|(last, _)| last < at)
            };
            match at.filter(is_later) {
                Some(at) if count > 0 => waiting.insert(at, count),
                _ => return Err(WAITING),
            };
            before = micros;
        }
        let mut read = Self {
            settled: None,
            waiting,
        };
        let stay = roots.checked_sub(read.waiting_count()).ok_or(PackedError {
            what: "more events wait than are roots",
        })?;
        if stay > 0 {
            read.settled = Some(Seen::decode(reader)?);
        }
        Ok(read)
    }
}
