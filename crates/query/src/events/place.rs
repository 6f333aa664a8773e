//! Places in the order of a list, and the first so many of them.

use std::collections::BinaryHeap;

use domain::{TimeRange, Timestamp};

use super::question::EventDirection;

const ORDINAL_BITS: u32 = u32::BITS;

/// Where an event stands in the order of a list, by its time and then its ordinal: whatever the direction, less comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u128);

impl Place {
    pub(super) fn new(direction: EventDirection, timestamp: Timestamp, ordinal: u32) -> Self {
        let (time, ordinal) = match direction {
            EventDirection::OldestFirst => {
                let since = timestamp.micros().abs_diff(Timestamp::MIN.micros());
                (since, ordinal)
            }
            EventDirection::NewestFirst => {
                let until = timestamp.micros().abs_diff(Timestamp::END.micros());
                (until, !ordinal)
            }
        };
        Self(u128::from(time) << ORDINAL_BITS | u128::from(ordinal))
    }

    pub(super) fn ordinal(self, direction: EventDirection) -> u32 {
        let low = u32::try_from(self.0 & u128::from(u32::MAX)).expect("masked to 32 bits");
        match direction {
            EventDirection::OldestFirst => low,
            EventDirection::NewestFirst => !low,
        }
    }

    /// The time, in microseconds since the Unix epoch.
    pub(super) fn micros(self, direction: EventDirection) -> i64 {
        let time = u64::try_from(self.0 >> ORDINAL_BITS).expect("times have less than 64 bits");
        match direction {
            EventDirection::OldestFirst => Timestamp::MIN.micros().saturating_add_unsigned(time),
            EventDirection::NewestFirst => Timestamp::END.micros().saturating_sub_unsigned(time),
        }
    }
}

/// All places from a first to a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    first: Place,
    last: Place,
}

/// How many parts [`Span::parts`] cuts into.
pub(super) const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 12;

/// The parts of a span, of equal size but for the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    whole: Span,
    /// The binary logarithm of their size.
    shift: u32,
}

impl Span {
    /// The places of all events in a range of time; `None` when it is empty.
    pub(super) fn of(direction: EventDirection, range: TimeRange) -> Option<Self> {
        if range.is_empty() {
            return None;
        }
        let last_instant = Timestamp::from_micros(range.end.micros() - 1)?;
        let corners = [
            Place::new(direction, range.start, 0),
            Place::new(direction, last_instant, u32::MAX),
        ];
        Some(Self {
            first: corners[0].min(corners[1]),
            last: corners[0].max(corners[1]),
        })
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.first <= place && place <= self.last
    }

    /// The first and the last time in it, in microseconds since the Unix epoch.
    pub(super) fn micros(&self, direction: EventDirection) -> (i64, i64) {
        let corners = [self.first, self.last].map(|place| place.micros(direction));
        (corners[0].min(corners[1]), corners[0].max(corners[1]))
    }

    pub(super) fn parts(&self) -> Parts {
        let size = self.last.0 - self.first.0;
        let bits = u128::BITS - size.leading_zeros();
        Parts {
            whole: *self,
            shift: bits.saturating_sub(PART_BITS),
        }
    }
}

impl Parts {
    /// The part that a place of the span is in.
    pub(super) fn index_of(&self, place: Place) -> usize {
        let index = (place.0 - self.whole.first.0) >> self.shift;
        usize::try_from(index).expect("there are few parts")
    }

    /// A part, and what comes after it.
    pub(super) fn split(&self, index: usize) -> (Span, Option<Span>) {
        let first = self.whole.first.0 + ((index as u128) << self.shift);
        let next = first + (1 << self.shift);
        let part = Span {
            first: Place(first),
            last: self.whole.last.min(Place(next - 1)),
        };
        let rest = Span {
            first: Place(next),
            last: self.whole.last,
        };
        (part, (rest.first <= rest.last).then_some(rest))
    }
}

/// The first so many of the places that are offered.
#[derive(Debug)]
pub(super) struct First {
    max: usize,
    kept: BinaryHeap<Place>,
}

impl First {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            kept: BinaryHeap::new(),
        }
    }

    /// Whether a place comes after so many that it need not be offered.
    pub(super) fn is_beyond(&self, place: Place) -> bool {
        self.kept.len() >= self.max && self.kept.peek().is_none_or(|last| *last < place)
    }

    pub(super) fn offer(&mut self, place: Place) {
        if self.kept.len() < self.max {
            self.kept.push(place);
        } else if let Some(mut last) = self.kept.peek_mut()
            && place < *last
        {
            *last = place;
        }
    }

    pub(super) fn into_sorted(self) -> Vec<Place> {
        self.kept.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).expect("in range")
    }

    const DIRECTIONS: [EventDirection; 2] =
        [EventDirection::OldestFirst, EventDirection::NewestFirst];

    proptest! {
        #[test]
        fn places_are_ordered_as_events_are_listed(left: (i16, u32), right: (i16, u32)) {
            let [oldest, newest] = DIRECTIONS.map(|direction| {
                let place = |(micros, ordinal): (i16, u32)| {
                    let place = Place::new(direction, at(micros.into()), ordinal);
                    assert_eq!(place.ordinal(direction), ordinal);
                    assert_eq!(place.micros(direction), i64::from(micros));
                    place
                };
                place(left).cmp(&place(right))
            });
            prop_assert_eq!(oldest, left.cmp(&right));
            prop_assert_eq!(newest, right.cmp(&left));
        }

        #[test]
        fn parts_make_up_their_span(start: i32, micros in 1_i64..100_000, offset: prop::sample::Index, ordinal: u32) {
            let start = i64::from(start);
            let range = TimeRange::new(at(start), at(start + micros));
            let inside = at(start + i64::try_from(offset.index(micros.unsigned_abs().try_into().expect("small"))).expect("small"));
            for direction in DIRECTIONS {
                let span = Span::of(direction, range).expect("not empty");
                prop_assert_eq!(span.micros(direction), (start, start + micros - 1));
                let place = Place::new(direction, inside, ordinal);
                prop_assert!(span.contains(place));
                let parts = span.parts();
                let index = parts.index_of(place);
                prop_assert!(index < PARTS);
                let (part, rest) = parts.split(index);
                prop_assert!(part.contains(place));
                prop_assert!(rest.is_none_or(|rest| !rest.contains(place) && rest.last == span.last));
                prop_assert_eq!(parts.index_of(part.first), index);
                prop_assert_eq!(parts.index_of(part.last), index);
            }
        }
    }

    #[test]
    fn all_times_have_places() {
        for direction in DIRECTIONS {
            let span = Span::of(direction, TimeRange::ALL).expect("not empty");
            assert_eq!(
                span.micros(direction),
                (Timestamp::MIN.micros(), Timestamp::MAX.micros())
            );
            assert!(span.parts().index_of(span.last) < PARTS);
        }
        let empty = TimeRange::new(Timestamp::EPOCH, Timestamp::EPOCH);
        assert_eq!(Span::of(EventDirection::NewestFirst, empty), None);
    }

    #[test]
    fn the_first_so_many_are_kept() {
        let mut first = First::new(3);
        for place in [5, 1, 4, 2, 3].map(Place) {
            first.offer(place);
        }
        assert!(first.is_beyond(Place(4)) && !first.is_beyond(Place(2)));
        assert_eq!(first.into_sorted(), [1, 2, 3].map(Place));
        let mut none = First::new(0);
        none.offer(Place(1));
        assert!(none.is_beyond(Place(0)));
        assert_eq!(none.into_sorted(), []);
    }
}
