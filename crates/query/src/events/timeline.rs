//! How many events each quarter of an hour has.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::interval::Quarter;
use domain::packed::{PackedError, Reader, write_len, write_signed, write_varint};

use crate::packed::read_count;

/// Quarter hours of a day. Days are those of UTC.
const QUARTERS_PER_DAY: i32 = 96;

/// Counts by quarter hour, and by day, so that the count of a long time is the sum of few.
///
/// Quarter hours are known by [`Quarter::index`], which fits 32 bits; one without events is not there.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    count: u64,
    days: BTreeMap<i32, u64>,
    quarters: BTreeMap<i32, u32>,
}

/// The index of a quarter hour, in 32 bits.
pub(super) fn index_of(quarter: Quarter) -> i32 {
    i32::try_from(quarter.index()).expect("quarter hours of all times fit 32 bits")
}

impl Timeline {
    pub(super) fn add(&mut self, quarter: i32, events: u32) {
        if events == 0 {
            return;
        }
        self.count += u64::from(events);
        *self.days.entry(day_of(quarter)).or_default() += u64::from(events);
        *self.quarters.entry(quarter).or_default() += events;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (quarter, events) in &other.quarters {
            self.add(*quarter, *events);
        }
    }

    /// Whether no quarter hour of another timeline has more events than here.
    pub(super) fn contains(&self, other: &Self) -> bool {
        other
            .quarters
            .iter()
            .all(|(quarter, events)| self.quarters.get(quarter) >= Some(events))
    }

    /// How many events there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The quarter hours with events.
    pub(super) fn quarters(&self, range: Range<i32>) -> impl Iterator<Item = (i32, u64)> {
        let quarters = (!range.is_empty()).then(|| self.quarters.range(range));
        let counts = quarters.into_iter().flatten();
        counts.map(|(quarter, events)| (*quarter, u64::from(*events)))
    }

    /// The days with events that lie in the range whole, by their first quarter hours.
    pub(super) fn whole_days(&self, range: &Range<i32>) -> impl Iterator<Item = (i32, u64)> {
        let days = whole_days_in(range);
        let days = (!days.is_empty()).then(|| self.days.range(days));
        let counts = days.into_iter().flatten();
        counts.map(|(day, events)| (day * QUARTERS_PER_DAY, *events))
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.quarters.len(), out);
        let mut before = 0_i32;
        for (quarter, events) in &self.quarters {
            write_signed(i128::from(*quarter) - i128::from(before), out);
            write_varint(u128::from(*events), out);
            before = *quarter;
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let count = reader.len()?;
        let mut timeline = Self::default();
        let mut before = 0_i128;
        for _ in 0..count {
            let index = before.saturating_add(reader.signed()?);
            let quarter = i64::try_from(index).ok().and_then(Quarter::from_index);
            let events = read_count(reader)?;
            let is_new = timeline
                .quarters
                .last_key_value()
                .is_none_or(|(last, _)| i128::from(*last) < index);
            match quarter {
                Some(quarter) if events > 0 && is_new => timeline.add(index_of(quarter), events),
                _ => {
                    return Err(PackedError {
                        what: "a timeline is out of order",
                    });
                }
            }
            before = index;
        }
        Ok(timeline)
    }
}

fn day_of(quarter: i32) -> i32 {
    quarter.div_euclid(QUARTERS_PER_DAY)
}

/// The days that lie in a range of quarter hours whole.
fn whole_days_in(range: &Range<i32>) -> Range<i32> {
    // Rounded up at the start.
    let first = -(-range.start).div_euclid(QUARTERS_PER_DAY);
    first..day_of(range.end)
}

/// The quarter hours of the range on either side of its whole days; all of them before, when it has none.
pub(super) fn around_whole_days(range: &Range<i32>) -> (Range<i32>, Range<i32>) {
    let days = whole_days_in(range);
    if days.is_empty() {
        return (range.clone(), range.end..range.end);
    }
    (
        range.start..days.start * QUARTERS_PER_DAY,
        days.end * QUARTERS_PER_DAY..range.end,
    )
}

/// The quarter hours of a day, known by its first.
pub(super) fn quarters_of_day(first: i32) -> Range<i32> {
    first..first + QUARTERS_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_and_what_is_around_them_make_up_a_range() {
        let mut timeline = Timeline::default();
        for quarter in -300..300 {
            timeline.add(quarter, 1);
        }
        assert_eq!(timeline.count(), 600);
        for range in [
            -300..300,
            -96..96,
            -95..97,
            -97..95,
            0..96,
            1..96,
            5..5,
            5..6,
            -7..1,
            90..200,
        ] {
            let (before, after) = around_whole_days(&range);
            let quarters: u64 = [before, after]
                .into_iter()
                .flat_map(|around| timeline.quarters(around))
                .map(|(_, events)| events)
                .sum();
            let days: Vec<(i32, u64)> = timeline.whole_days(&range).collect();
            for (first, events) in &days {
                assert_eq!(*events, 96);
                assert!(range.start <= *first && quarters_of_day(*first).end <= range.end);
            }
            let all = quarters + days.iter().map(|(_, events)| events).sum::<u64>();
            assert_eq!(
                all,
                (range.end - range.start).unsigned_abs().into(),
                "{range:?}"
            );
        }
    }
}
