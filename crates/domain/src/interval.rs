//! Intervals: the points of a query, the buckets they stand for, and quarter hours, of which all buckets are made.
//!
//! Invariants:
//! - the buckets of an interval and a zone partition time: each instant is in one, and each ends where the next starts;
//! - a bucket depends on the instant, the interval and the zone alone, never on the range that is asked for;
//! - a series has at most [`MAX_POINTS`] points, each after the one before.

mod bucket;
mod series;

#[cfg(test)]
mod tests;

pub use bucket::{Buckets, bucket};
pub use series::{MAX_POINTS, RangeTooLong, check_range, series};

use crate::time::Timestamp;

/// 900 seconds in microseconds.
const QUARTER_MICROS: i64 = 900 * crate::time::MICROS_PER_SECOND;

/// The step of a series and the size of its buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// A year of the local calendar.
    Year,
    /// A month of the local calendar.
    Month,
    /// A week of the local calendar, from Monday to Sunday.
    Week,
    /// A day of the local calendar: 24 hours but when clocks change.
    Day,
    /// An hour of the local clock, with its offset.
    Hour,
}

impl Interval {
    /// All intervals, longest first.
    pub const ALL: [Self; 5] = [Self::Year, Self::Month, Self::Week, Self::Day, Self::Hour];

    /// The name on the wire: `year`, `month`, `week`, `day` or `hour`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The interval of that name, in exact case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interval| interval.name() == name)
    }
}

/// A quarter of an hour, counted from the Unix epoch: the grain of pre-added sums.
///
/// 15 minutes divide every offset in use since the end of 2021, so that each bucket since then, in any zone, is a run of
/// whole quarter hours (see [`Buckets::quarter_aligned`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i64);

impl Quarter {
    /// The quarter hour that an instant lies in.
    #[inline]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.micros().div_euclid(QUARTER_MICROS))
    }

    /// The quarter hour with that [`Self::index`]; `None` outside of the range of [`Timestamp`].
    pub const fn from_index(index: i64) -> Option<Self> {
        let first = Self::of(Timestamp::MIN).0;
        let last = Self::of(Timestamp::MAX).0;
        if index < first || index > last {
            None
        } else {
            Some(Self(index))
        }
    }

    /// How many quarter hours after 1970-01-01T00:00Z it starts; within 32 bits.
    pub const fn index(self) -> i64 {
        self.0
    }

    /// Its first instant.
    pub const fn start(self) -> Timestamp {
        // Both ways to make a quarter hour keep the product inside the range of timestamps.
        Timestamp::clamped(self.0.saturating_mul(QUARTER_MICROS))
    }
}
