//! What holds of every time, zone and interval.

use proptest::prelude::*;

use super::*;

/// A zone and a time, often close to a change of the zone's clocks.
fn zone_and_time(from: &'static str, to: &'static str) -> impl Strategy<Value = (Zone, Timestamp)> {
    let names: Vec<&'static str> = Zone::names().collect();
    let range = at(from).micros()..at(to).micros();
    (prop::sample::select(names), range, -180_i64..180, 0..4).prop_map(
        |(name, micros, minutes, kind)| {
            let zone = zone(name);
            let change = zone
                .transition_after(micros)
                .filter(|_| kind > 0)
                .unwrap_or(micros);
            let near = match kind {
                1 => change + minutes,
                2 => change + minutes * MINUTE,
                3 => change + minutes * 15 * MINUTE + minutes,
                _ => change,
            };
            (zone, Timestamp::from_micros(near).expect("in range"))
        },
    )
}

fn interval() -> impl Strategy<Value = Interval> {
    prop::sample::select(Interval::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn buckets_partition_time((zone, time) in zone_and_time("1850-01-01T00:00:00Z", "2200-01-01T00:00:00Z"), interval in interval()) {
        let range = bucket(time, interval, &zone);
        prop_assert!(range.contains(time));
        let last = Timestamp::clamped(range.end.micros() - 1);
        prop_assert_eq!(bucket(range.start, interval, &zone), range);
        prop_assert_eq!(bucket(last, interval, &zone), range);
        prop_assert_eq!(bucket(range.end, interval, &zone).start, range.end);
        let before = Timestamp::clamped(range.start.micros() - 1);
        prop_assert_eq!(bucket(before, interval, &zone).end, range.start);
    }

    #[test]
    fn longer_buckets_are_made_of_shorter_ones((zone, time) in zone_and_time("2022-01-01T00:00:00Z", "2100-01-01T00:00:00Z")) {
        let within = |inner: TimeRange, outer: TimeRange| outer.start <= inner.start && inner.end <= outer.end;
        let [year, month, week, day, hour] = Interval::ALL.map(|interval| bucket(time, interval, &zone));
        prop_assert!(within(month, year) && within(day, month) && within(day, week));
        prop_assert!(within(hour, day));
    }

    #[test]
    fn since_2022_buckets_are_runs_of_quarter_hours((zone, time) in zone_and_time("2022-01-01T00:00:00Z", "2100-01-01T00:00:00Z"), interval in interval()) {
        prop_assert!(Buckets::of_series(&[time], interval, &zone).quarter_aligned());
    }

    #[test]
    fn a_series_ascends_and_its_buckets_hold_its_points(
        (zone, start) in zone_and_time("2023-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        length in prop_oneof![0_i64..10, 0_i64..400],
        interval in interval(),
        probes in prop::collection::vec(0_i64..1_200, 20),
    ) {
        let length = if interval == Interval::Hour { length / 24 } else { length };
        let end = Timestamp::from_micros(start.micros() + length * 24 * 60 * MINUTE).expect("in range");
        let points = series(start, end, interval, &zone);
        prop_assert_eq!(points[0], start);
        prop_assert!(points.is_sorted_by(|before, after| before < after));
        prop_assert!(points.last() <= Some(&end));

        let buckets = Buckets::of_series(&points, interval, &zone);
        prop_assert!(buckets.ranges().is_sorted_by(|before, after| before.end <= after.start));
        for (point, index) in points.iter().zip(buckets.of_points()) {
            prop_assert_eq!(buckets.ranges()[*index], bucket(*point, interval, &zone));
            prop_assert_eq!(buckets.find(*point), Some(*index));
        }
        let span = buckets.span();
        let edges = buckets.ranges().iter().flat_map(|range| [range.start, range.end]);
        let around = edges.flat_map(|edge| [edge.micros() - 1, edge.micros()]);
        let width = span.end.micros() - span.start.micros();
        let inside = probes.iter().map(|probe| span.start.micros() + width / 1_000 * probe);
        for micros in around.chain(inside) {
            let time = Timestamp::clamped(micros);
            let naive = buckets.ranges().iter().position(|range| range.contains(time));
            prop_assert_eq!(buckets.find(time), naive);
        }
    }
}
