//! Names of zones, and clocks that skip or repeat.

use super::*;

fn zone(name: &str) -> Zone {
    Zone::from_name(name).expect("a zone of the bundled data")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339_fast(text).expect("a time in the common form")
}

#[test]
fn every_bundled_zone_is_readable() {
    let mut count = 0;
    for name in Zone::names() {
        assert_eq!(zone(name).name(), name);
        let offset = zone(name).offset_seconds(at("2026-06-01T00:00:00Z"));
        assert_eq!(offset % 900, 0, "{name}");
        count += 1;
    }
    assert!(count >= 599, "{count}");
}

#[test]
fn names_are_taken_in_exact_case() {
    for name in [
        "UTC",
        "Etc/UTC",
        "GMT",
        "Zulu",
        "EST",
        "EST5EDT",
        "US/Eastern",
        "CET",
        "localtime",
        "Factory",
    ] {
        assert!(Zone::from_name(name).is_some(), "{name}");
    }
    for name in [
        "",
        "utc",
        "europe/paris",
        "EUROPE/PARIS",
        "posix/Europe/Paris",
        "right/UTC",
        "posixrules",
        "Europe/Nowhere",
        "+02:00",
        "Europe/Paris ",
        "../Europe/Paris",
        "EST5EDT,M3.2.0,M11.1.0",
    ] {
        assert!(Zone::from_name(name).is_none(), "{name}");
    }
}

#[test]
fn localtime_and_factory_mean_utc() {
    for name in ["UTC", "localtime", "Factory"] {
        assert_eq!(zone(name).offset_seconds(at("2026-07-01T00:00:00Z")), 0);
        assert_eq!(zone(name).transition_after(0), None);
    }
    assert_eq!(zone("UTC"), Zone::utc());
}

#[test]
fn offsets_are_those_of_the_instant() {
    let check = |name, text, seconds| {
        assert_eq!(
            zone(name).offset_seconds(at(text)),
            seconds,
            "{name} {text}"
        );
    };
    check("Europe/Paris", "2026-03-29T00:59:59.999999Z", 3_600);
    check("Europe/Paris", "2026-03-29T01:00:00Z", 7_200);
    check("Asia/Kolkata", "2026-01-01T00:00:00Z", 19_800);
    check("Asia/Kathmandu", "2026-01-01T00:00:00Z", 20_700);
    check("Europe/Dublin", "2026-07-01T00:00:00Z", 3_600);
    check("Pacific/Kiritimati", "9999-12-31T23:59:59.999999Z", 50_400);
    check("America/New_York", "9999-12-31T23:59:59.999999Z", -18_000);
    check("Europe/Paris", "0001-01-01T00:00:00Z", 561);
}

#[test]
fn readings_occur_once_twice_or_not_at_all() {
    let paris = zone("Europe/Paris");
    let reading = |text: &str| paris.instants(at(text).micros());
    let instant = |text: &str| at(text).micros();
    assert_eq!(
        reading("2026-03-29T01:59:59Z"),
        Instants::One(instant("2026-03-29T00:59:59Z"))
    );
    assert_eq!(
        reading("2026-03-29T02:30:00Z"),
        Instants::None {
            transition: instant("2026-03-29T01:00:00Z"),
            moved: instant("2026-03-29T01:30:00Z")
        }
    );
    assert_eq!(
        reading("2026-03-29T03:00:00Z"),
        Instants::One(instant("2026-03-29T01:00:00Z"))
    );
    assert_eq!(
        reading("2026-10-25T02:00:00Z"),
        Instants::Two {
            earlier: instant("2026-10-25T00:00:00Z"),
            later: instant("2026-10-25T01:00:00Z")
        }
    );
    assert_eq!(
        reading("2026-10-25T03:00:00Z"),
        Instants::One(instant("2026-10-25T02:00:00Z"))
    );
    assert_eq!(
        zone("America/New_York").instants(Timestamp::MAX.micros()),
        Instants::One(Timestamp::MAX.micros() + 5 * 3_600 * 1_000_000)
    );
}

/// Pre-added sums by quarter hour rely on it.
#[test]
fn since_2022_offsets_are_multiples_of_15_minutes_and_no_clock_goes_back_over_a_day_it_began() {
    let from = at("2022-01-01T00:00:00Z").micros();
    let to = at("2045-01-01T00:00:00Z").micros();
    for name in Zone::names() {
        let zone = zone(name);
        let mut change = Some(from);
        while let Some(now) = change.filter(|now| *now < to) {
            let now_at = Timestamp::clamped(now);
            assert_eq!(
                zone.offset_seconds(now_at) % 900,
                0,
                "{name} {}",
                now_at.to_iso()
            );
            let day_before = zone
                .local(Timestamp::clamped(now - 1))
                .div_euclid(MICROS_PER_DAY);
            let day_after = zone.local(now_at).div_euclid(MICROS_PER_DAY);
            assert!(day_before <= day_after, "{name} {}", now_at.to_iso());
            change = zone.transition_after(now);
        }
    }
}
