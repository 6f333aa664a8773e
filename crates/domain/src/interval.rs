//! Intervals, series of points and buckets. (Bodies follow.)
#![expect(unused, reason = "signatures first")]
use crate::time::{TimeRange, Timestamp};
use crate::zone::Zone;
/// A step of a series and the size of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interval {
    /// A calendar year.
    Year,
    /// A calendar month.
    Month,
    /// Monday to Sunday.
    Week,
    /// A calendar day.
    Day,
    /// An hour of the clock.
    Hour,
}
impl Interval {
    /// `year`, `month`, `week`, `day` or `hour`.
    pub const fn name(self) -> &'static str {
        unimplemented!()
    }
    /// By exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        unimplemented!()
    }
}
/// The range is too long for the interval, or its start is after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the interval is too small for the range, or the start is after the end")]
pub struct RangeTooLong;
/// Checks a range as SEMANTICS 8.2; offsets in seconds east of UTC.
pub fn check_range(
    start: Timestamp,
    start_offset: i32,
    end: Timestamp,
    end_offset: i32,
    interval: Interval,
) -> Result<(), RangeTooLong> {
    unimplemented!()
}
/// The points shown for a range.
pub fn series(start: Timestamp, end: Timestamp, interval: Interval, zone: &Zone) -> Vec<Timestamp> {
    unimplemented!()
}
/// The bucket that an instant falls into.
pub fn bucket(at: Timestamp, interval: Interval, zone: &Zone) -> TimeRange {
    unimplemented!()
}
/// A quarter of an hour: floor(micros / 900 s).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i64);
impl Quarter {
    /// The quarter hour that the instant falls into.
    pub const fn of(at: Timestamp) -> Self {
        unimplemented!()
    }
    /// By index; `None` outside of the range of [`Timestamp`].
    pub const fn from_index(index: i64) -> Option<Self> {
        unimplemented!()
    }
    /// Quarter hours since the Unix epoch.
    pub const fn index(self) -> i64 {
        self.0
    }
    /// Its first instant.
    pub const fn start(self) -> Timestamp {
        unimplemented!()
    }
}
/// The distinct buckets of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    ranges: Vec<TimeRange>,
    of_point: Vec<u32>,
}
impl Buckets {
    /// The buckets of the points of a series (ascending).
    pub fn of_series(points: &[Timestamp], interval: Interval, zone: &Zone) -> Self {
        unimplemented!()
    }
    /// The buckets, ascending, not overlapping (but there may be gaps).
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }
    /// For each point of the series the index of its bucket.
    pub fn of_points(&self) -> &[u32] {
        &self.of_point
    }
    /// Which bucket holds the instant.
    pub fn find(&self, at: Timestamp) -> Option<usize> {
        unimplemented!()
    }
    /// Are all edges multiples of 15 minutes?
    pub fn quarter_aligned(&self) -> bool {
        unimplemented!()
    }
}
