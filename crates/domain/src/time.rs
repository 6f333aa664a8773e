//! Points in time and ranges of them. (Bodies follow.)
#![expect(unused, reason = "signatures first")]
/// Microseconds since the Unix epoch, UTC; years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);
impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// One microsecond after [`Self::MAX`]: only as the exclusive end of a range.
    pub const END: Self = Self(253_402_300_800_000_000);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// `None` outside of `MIN..=MAX`.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        unimplemented!()
    }
    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// Unix seconds, rounded half up.
    pub const fn unix_seconds_half_up(self) -> i64 {
        unimplemented!()
    }
    /// ISO 8601.
    pub fn to_iso(self) -> String {
        unimplemented!()
    }
    /// ISO 8601, appended.
    pub fn write_iso(self, out: &mut String) {
        unimplemented!()
    }
    /// The common form; `None` for anything unusual, which may still be a valid time.
    pub fn parse_rfc3339_fast(text: &str) -> Option<Self> {
        unimplemented!()
    }
}
/// Half-open `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// First instant.
    pub start: Timestamp,
    /// First instant after the range.
    pub end: Timestamp,
}
impl TimeRange {
    /// Everything.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::END };
    /// `[start, end)`.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }
    /// Is `at` inside?
    pub fn contains(self, at: Timestamp) -> bool {
        unimplemented!()
    }
    /// Does it hold no instant?
    pub fn is_empty(self) -> bool {
        unimplemented!()
    }
}
