//! Points in time, ranges of them, and their text.
//!
//! Time is an `i64` of microseconds since the Unix epoch in UTC, without leap seconds. Nothing here knows a time zone
//! (see [`crate::zone`]) or asks a clock.

pub(crate) mod civil;
mod text;

#[cfg(test)]
mod tests;

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;

/// A point in time: microseconds since the Unix epoch, UTC, from the year 1 to the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);

    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The microsecond after [`Self::MAX`], which no event has: only as the exclusive end of a range.
    pub const END: Self = Self(253_402_300_800_000_000);

    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The point in time `micros` microseconds after the Unix epoch; `None` outside of [`Self::MIN`] to [`Self::MAX`].
    #[inline]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// As [`Self::from_micros`], but moves what is out of range to [`Self::MIN`] or [`Self::END`]. For bounds.
    pub(crate) const fn clamped(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::END.0 {
            Self::END
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, rounded half up: half a second counts as the next second.
    #[inline]
    pub const fn unix_seconds_half_up(self) -> i64 {
        self.0
            .wrapping_add(MICROS_PER_SECOND / 2)
            .div_euclid(MICROS_PER_SECOND)
    }
}

/// A half-open range of time, `[start, end)`. Empty when the end is not after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first instant of the range.
    pub start: Timestamp,
    /// The first instant after the range; at most [`Timestamp::END`].
    pub end: Timestamp,
}

impl TimeRange {
    /// Every point in time.
    pub const ALL: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::END,
    };

    /// The range `[start, end)`.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether `at` lies in the range.
    #[inline]
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether no instant lies in the range.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether both ranges have an instant in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.start.max(other.start) < self.end.min(other.end)
    }
}
