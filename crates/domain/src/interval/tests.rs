//! Series and buckets: the examples that the rules were learnt from, zones whose clocks are awkward, and properties over
//! all zones.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a panic of a test is a failed test"
)]

mod bucket;
mod properties;
mod series;

use super::*;
use crate::time::TimeRange;
use crate::zone::Zone;

const MINUTE: i64 = 60_000_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339_fast(text).expect("a time in the common form")
}

fn zone(name: &str) -> Zone {
    Zone::from_name(name).expect("a zone of the bundled data")
}

/// The time as the zone's clocks show it, without seconds: `03-29 03:30+02:00`.
fn local(time: Timestamp, zone: &Zone) -> String {
    let minutes = zone.offset_seconds(time) / 60;
    let text = Timestamp::clamped(zone.local(time)).to_iso();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "{} {}{sign}{:02}:{:02}",
        &text[5..10],
        &text[11..16],
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}

#[track_caller]
fn check_series(name: &str, interval: Interval, start: &str, end: &str, expected: &[&str]) {
    let zone = zone(name);
    let points = series(at(start), at(end), interval, &zone);
    let points: Vec<String> = points
        .into_iter()
        .map(|point| local(point, &zone))
        .collect();
    assert_eq!(points, expected);
}

#[track_caller]
fn check_bucket(name: &str, interval: Interval, time: &str, start: &str, end: &str) {
    let range = bucket(at(time), interval, &zone(name));
    assert_eq!(
        (range.start.to_iso(), range.end.to_iso()),
        (at(start).to_iso(), at(end).to_iso())
    );
}

#[test]
fn names_are_those_of_the_wire() {
    for interval in Interval::ALL {
        assert_eq!(Interval::from_name(interval.name()), Some(interval));
    }
    assert_eq!(Interval::from_name("Day"), None);
    assert_eq!(Interval::from_name(""), None);
}
