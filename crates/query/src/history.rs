//! The history of a meter: what each identity counted in every quarter hour, so that no question about customers looks at their events.
//!
//! What came since it was kept last is in memory ([`Log`]); what was kept is in sorted tables of the organization ([`store::TableSet`]) and
//! read when it is asked for. A question adds both up: nothing is there twice, and parts merge in any order.
//!
//! A key is (stretch of about ten days, identity, quarter hour in the stretch): a month of one customer is a few short runs of keys, and a
//! month of all customers a few long ones.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use domain::interval::Quarter;
use domain::packed::{PackedError, Reader};
use domain::{Function, TimeRange};
use store::TableSet;

use crate::cube::number_of;
use crate::log::{Log, Wanted};
use crate::partial::Partial;
use crate::saved::TableError;

/// Quarter hours of a stretch, as a power of two.
const STRETCH_BITS: u32 = 10;
/// Bits of an identity's number.
const IDENTITY_BITS: u32 = 32;

/// What each identity counted in every quarter hour.
#[derive(Debug)]
pub(crate) struct History<P: Partial> {
    function: Function,
    recent: Log<P::One>,
    /// What is being kept, or could not be kept; oldest first.
    frozen: Vec<Arc<Log<P::One>>>,
    /// What was kept.
    saved: Option<SavedHistory>,
}

/// What was kept of a history. Stays readable whatever becomes of the meter.
#[derive(Debug, Clone)]
pub(crate) struct SavedHistory {
    pub(crate) tables: TableSet,
    pub(crate) name: Box<[u8]>,
}

/// An identity and a quarter hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) identity: u32,
    pub(crate) quarter: i32,
}

impl Place {
    pub(crate) fn key(self) -> u64 {
        // In the order of time, as unsigned.
        let quarter = u64::from(self.quarter.cast_unsigned() ^ (1 << 31));
        let (stretch, rest) = (quarter >> STRETCH_BITS, quarter & low_bits(STRETCH_BITS));
        stretch << (IDENTITY_BITS + STRETCH_BITS) | u64::from(self.identity) << STRETCH_BITS | rest
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bits of a key are those of its parts"
    )]
    pub(crate) fn of_key(key: u64) -> Self {
        let stretch = key >> (IDENTITY_BITS + STRETCH_BITS);
        let quarter = stretch << STRETCH_BITS | key & low_bits(STRETCH_BITS);
        Self {
            identity: (key >> STRETCH_BITS & low_bits(IDENTITY_BITS)) as u32,
            quarter: (quarter as u32 ^ (1 << 31)).cast_signed(),
        }
    }
}

const fn low_bits(count: u32) -> u64 {
    (1 << count) - 1
}

/// The keys of a range of time, of some identities or of all. At the ends of the range a stretch is wanted whole: whoever visits looks at the
/// quarter hour.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    /// The first key and the last.
    ends: (u64, u64),
    /// Ascending; `None`: all.
    identities: Option<&'a [u32]>,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(range: TimeRange, identities: Option<&'a [u32]>) -> Self {
        let quarters: Range<i32> =
            number_of(Quarter::of(range.start))..number_of(Quarter::of(range.end));
        let key = |identity, quarter| Place { identity, quarter }.key();
        let ends = if quarters.is_empty() {
            (1, 0)
        } else {
            (
                key(0, quarters.start) & !low_bits(STRETCH_BITS),
                key(u32::MAX, quarters.end - 1) | low_bits(STRETCH_BITS),
            )
        };
        Self { ends, identities }
    }
}

impl Wanted for Keys<'_> {
    fn next_from(&self, key: u64) -> Option<u64> {
        let mut key = key.max(self.ends.0);
        if let Some(identities) = self.identities {
            let place = Place::of_key(key);
            let at = identities.partition_point(|identity| *identity < place.identity);
            match identities.get(at) {
                Some(identity) if *identity == place.identity => {}
                Some(identity) => {
                    let identity = u64::from(*identity) << STRETCH_BITS;
                    key = key >> (IDENTITY_BITS + STRETCH_BITS) << (IDENTITY_BITS + STRETCH_BITS)
                        | identity;
                }
                None => {
                    let stretch = (key >> (IDENTITY_BITS + STRETCH_BITS)) + 1;
                    let first = u64::from(*identities.first()?) << STRETCH_BITS;
                    key = stretch.checked_shl(IDENTITY_BITS + STRETCH_BITS)? | first;
                }
            }
        }
        (key <= self.ends.1).then_some(key)
    }
}

impl<P: Partial> History<P> {
    pub(crate) fn new(function: Function, saved: Option<SavedHistory>) -> Self {
        Self {
            function,
            recent: Log::new(function),
            frozen: Vec::new(),
            saved,
        }
    }

    /// Adds what an event adds.
    #[inline]
    pub(crate) fn add(&mut self, place: Place, one: P::One) {
        self.recent.push(place.key(), one);
    }

    /// Calls `visit` with what is in memory of wanted keys, in no order; gives what else there is.
    pub(crate) fn visit_recent(
        &self,
        keys: &Keys<'_>,
        mut visit: impl FnMut(Place, &P::One),
    ) -> Option<SavedHistory> {
        for log in self.frozen.iter().map(|log| &**log).chain([&self.recent]) {
            log.visit(keys, |key, one| visit(Place::of_key(key), one));
        }
        self.saved.clone()
    }

    /// How many entries are in memory.
    pub(crate) fn len(&self) -> usize {
        let frozen = self.frozen.iter().map(|log| log.len());
        self.recent.len() + frozen.sum::<usize>()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let frozen = self.frozen.iter().map(|log| log.heap_bytes());
        self.recent.heap_bytes() + frozen.sum::<usize>()
    }

    /// What is not kept, to be kept; it stays here until [`Self::kept`].
    pub(crate) fn freeze(&mut self) -> Vec<Arc<Log<P::One>>> {
        if self.recent.len() > 0 {
            let recent = std::mem::replace(&mut self.recent, Log::new(self.function));
            self.frozen.push(Arc::new(recent));
        }
        self.frozen.clone()
    }

    /// What [`Self::freeze`] gave last is kept now.
    pub(crate) fn kept(&mut self, saved: SavedHistory) {
        self.frozen.clear();
        self.saved = Some(saved);
    }

    /// The tables are now in these files; they hold the same.
    pub(crate) fn moved(&mut self, tables: &TableSet) {
        if let Some(saved) = &mut self.saved {
            saved.tables = tables.clone();
        }
    }
}

impl SavedHistory {
    /// Calls `visit` with what was kept under wanted keys, in the order of keys, each value to be read from its reader.
    pub(crate) fn visit(
        &self,
        keys: &Keys<'_>,
        mut visit: impl FnMut(Place, &mut Reader<'_>) -> Result<(), PackedError>,
    ) -> Result<(), TableError> {
        let Some(first) = keys.next_from(keys.ends.0) else {
            return Ok(());
        };
        let mut range = self.tables.range(&self.name, first..=keys.ends.1)?;
        while let Some(entry) = range.next()? {
            let key = entry.key();
            let Some(next) = keys.next_from(key) else {
                break;
            };
            if next == key {
                let place = Place::of_key(key);
                for packed in entry.values() {
                    visit(place, &mut Reader::new(packed))?;
                }
            } else {
                range.seek(next)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_from_their_keys_and_stretches_are_in_the_order_of_time() {
        let mut before = None;
        for quarter in [
            i32::MIN,
            -5_000_000,
            -1,
            0,
            1_023,
            1_024,
            2_000_000,
            i32::MAX,
        ] {
            for identity in [0, 1, 70_000, u32::MAX] {
                let place = Place { identity, quarter };
                assert_eq!(Place::of_key(place.key()), place);
            }
            let key = Place {
                identity: 7,
                quarter,
            }
            .key();
            assert!(before.is_none_or(|before| before < key));
            before = Some(key);
        }
    }

    #[test]
    fn keys_that_nobody_wants_are_stepped_over() {
        let at =
            |quarter: i64| domain::Timestamp::from_micros(quarter * 900_000_000).expect("in range");
        let identities = [3, 9];
        let range = TimeRange::new(at(100), at(3_000));
        let keys = Keys::new(range, Some(&identities));
        let key = |identity, quarter| Place { identity, quarter }.key();
        assert_eq!(keys.next_from(0), Some(key(3, 0)));
        assert_eq!(keys.next_from(key(3, 700)), Some(key(3, 700)));
        assert_eq!(keys.next_from(key(4, 700)), Some(key(9, 0)));
        assert_eq!(keys.next_from(key(10, 700)), Some(key(3, 1_024)));
        assert_eq!(keys.next_from(key(10, 2_999)), None);
        let all = Keys::new(range, None);
        assert_eq!(all.next_from(key(10, 700)), Some(key(10, 700)));
        assert_eq!(all.next_from(key(10, 3_072)), None);
        let nothing = Keys::new(TimeRange::new(at(5), at(5)), None);
        assert_eq!(nothing.next_from(0), None);
    }
}
