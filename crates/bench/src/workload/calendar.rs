//! The year of the workload, and the instants at which a period begins somewhere.

use anyhow::Context;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::numbers::Numbers;

/// 2025-01-01T00:00:00Z, in microseconds since the Unix epoch.
pub(crate) const YEAR_START_MICROS: i64 = 1_735_689_600_000_000;

/// The year has 365 days.
pub(crate) const YEAR_MICROS: i64 = 365 * DAY_MICROS;

/// Microseconds of a day of 24 hours.
pub(crate) const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// Microseconds of an hour.
pub(crate) const HOUR_MICROS: i64 = 3_600_000_000;

/// Zones that questions are asked in. Between them they have offsets of half and quarter hours, daylight saving on either half of
/// the globe, by half an hour, and at midnight.
pub(crate) const ZONES: [&str; 10] = [
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Auckland",
];

/// Instants at which periods begin, in order.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// Local midnights and changes of offset, microseconds since the Unix epoch.
    edges: Vec<i64>,
}

impl Calendar {
    /// The edges of all zones, from two months before the year to its end.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut edges = Vec::new();
        for name in ZONES {
            let zone = zone(name)?;
            let mut date = Date::constant(2024, 11, 1);
            while date <= Date::constant(2026, 1, 1) {
                let midnight = zone
                    .to_ambiguous_zoned(date.at(0, 0, 0, 0))
                    .compatible()
                    .with_context(|| format!("find midnight of {date} in {name}"))?;
                edges.push(midnight.timestamp().as_microsecond());
                date = date.tomorrow().context("count days")?;
            }
            let start = jiff::Timestamp::from_microsecond(YEAR_START_MICROS)
                .context("begin with the year")?;
            let changes = zone
                .following(start)
                .map(|change| change.timestamp().as_microsecond())
                .take_while(|at| *at < YEAR_START_MICROS + YEAR_MICROS);
            edges.extend(changes);
        }
        edges.sort_unstable();
        edges.dedup();
        Ok(Self { edges })
    }

    /// An edge shortly before `at_micros`: of an hour as often as of a day.
    pub(crate) fn edge_before(&self, at_micros: i64, numbers: &mut Numbers) -> i64 {
        let hour = at_micros - at_micros.rem_euclid(HOUR_MICROS);
        if numbers.below(2) == 0 {
            return hour;
        }
        let after = self.edges.partition_point(|edge| *edge <= at_micros);
        after.checked_sub(1).map_or(hour, |index| self.edges[index])
    }
}

/// A zone of the data that is built in, the same on every machine.
pub(crate) fn zone(name: &str) -> anyhow::Result<TimeZone> {
    TimeZone::get(name).with_context(|| format!("find the time zone {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_midnights_and_changes_of_offset() {
        let calendar = Calendar::new().expect("zones");
        for edge in [
            "2025-03-30T01:00:00Z",
            "2025-06-01T00:00:00Z",
            "2025-05-31T22:00:00Z",
            "2025-04-05T15:00:00Z",
        ] {
            let at: jiff::Timestamp = edge.parse().expect("a time");
            assert!(calendar.edges.contains(&at.as_microsecond()), "{edge}");
        }
    }
}
