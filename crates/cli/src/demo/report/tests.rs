//! The pictures, as they look in a terminal without colour.

use super::super::sample::Sample;
use super::super::tally::Expected;
use super::*;

/// 2026-03-01T12:00:00Z.
const NOON: i64 = 1_772_366_400_000_000;

fn style(columns: usize) -> Style {
    Style {
        colour: false,
        columns,
    }
}

/// What a server without a fault would answer; a mean as a float has it.
fn right(expected: Expected) -> Quantity {
    let written = match expected {
        Expected::Exact(_) | Expected::Mean { count: 0, .. } => expected.to_string(),
        Expected::Mean { sum, count } => {
            let picos = i128::from(sum) * 1_000_000_000_000 / i128::from(count);
            format!(
                "{}.{:012}",
                picos / 1_000_000_000_000,
                picos % 1_000_000_000_000
            )
        }
    };
    let written = if written == "0/0" {
        "0.0".to_owned()
    } else {
        written
    };
    Quantity { written, expected }
}

fn answered() -> (Sample, Checked) {
    let mut sample = Sample::new(NOON);
    while sample.next_day().is_some() {}
    let total = sample.total();
    let meters = Measure::ALL
        .into_iter()
        .map(|measure| Measured {
            measure,
            meter_id: format!("{measure:?}"),
            days: sample
                .per_day
                .iter()
                .map(|day| right(measure.expected(day)))
                .collect(),
            total: right(measure.expected(&total)),
            customers: sample
                .per_customer
                .iter()
                .map(|customer| right(measure.expected(customer)))
                .collect(),
        })
        .collect();
    let elapsed = Duration::from_millis(31);
    (
        sample,
        Checked {
            meters,
            requests: 54,
            elapsed,
        },
    )
}

#[test]
fn every_line_fits_the_terminal() {
    let (sample, checked) = answered();
    for columns in [60, 71, 72, 80, 100, 120] {
        let style = style(columns);
        let pictures = [
            chart(&checked, &sample, style),
            meters(&checked, style),
            days(&checked, &sample, style),
            customers(&checked, style),
        ];
        for line in pictures.iter().flat_map(|picture| picture.lines()) {
            let width = line.chars().count();
            assert!(width <= columns, "{width} columns of {columns}: {line}");
        }
    }
}

#[test]
fn right_numbers_are_said_to_be_right() {
    let (sample, checked) = answered();
    assert!(checked.is_right());
    assert_eq!(
        verdict(&checked, &sample, style(80)),
        "✓ all 594 quantities equal the sums kept apart (54 requests in 31 ms)\n"
    );
}

#[test]
fn a_wrong_number_is_named() {
    let (sample, mut checked) = answered();
    checked.meters[2].days[3].written = "1.0".to_owned();
    assert!(!checked.is_right());
    let text = verdict(&checked, &sample, style(80));
    assert!(
        text.starts_with("✗ 1 of 594 quantities are wrong\n"),
        "{text}"
    );
    assert!(
        text.contains("Cost in US cents on 5 Dec: the server says 1.0, it must be "),
        "{text}"
    );
    assert!(meters(&checked, style(80)).contains("✗ Cost in US cents"));
}

#[test]
fn the_table_has_the_last_days_in_aligned_columns() {
    let (sample, checked) = answered();
    let text = days(&checked, &sample, style(80));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2 + 1 + TABLE_DAYS, "{text}");
    assert!(lines[3].starts_with("Mon 16 Feb  "), "{text}");
    assert!(lines[16].starts_with("Sun  1 Mar  "), "{text}");
    let width = lines[2].chars().count();
    assert!(
        lines[3..]
            .iter()
            .all(|line| line.chars().count() == width + 2),
        "{text}"
    );
}

#[test]
fn numbers_are_grouped_and_rounded() {
    assert_eq!(number(1_234_567_890_123, 6), "1,234,567.890123");
    assert_eq!(number(1_234_567_890_123, 1), "1,234,567.9");
    assert_eq!(number(1_999_960_000, 1), "2,000.0");
    assert_eq!(number(2_000_000, 0), "2");
    assert_eq!(seconds(Duration::from_millis(842)), "842 ms");
    assert_eq!(seconds(Duration::from_millis(2_849)), "2.84 s");
}

#[test]
fn a_batch_that_counted_twice_is_seen() {
    let mut outcome = Sent {
        events: 3_000,
        repeats: 1_000,
        inserted: 2_000,
        duplicates: 1_000,
        elapsed: Duration::from_millis(10),
    };
    assert_eq!(
        sent(&outcome, style(80)),
        "✓ sent 3,000 events in 10 ms (300,000 a second), durable when answered\n\
         ✓ 2,000 were new, 1,000 were repeats and dropped\n"
    );
    outcome.inserted = 3_000;
    assert!(sent(&outcome, style(80)).contains("✗ 3,000 were new"));
}
