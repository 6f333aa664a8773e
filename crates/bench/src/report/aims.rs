//! What was aimed at, beside what was reached.

#![expect(
    clippy::float_arithmetic,
    reason = "times and sizes for people, no quantities"
)]

use super::Report;
use super::figures::{Cell, batch_rate, bytes_per_event, groups, millis, name, times};
use crate::report::table::Table;
use crate::results::EngineResult;

/// Aims, each with its figure; those that this run says nothing about are left out.
pub(super) fn aims(report: &Report) -> Table {
    let mut table = Table::new(["aim", "reached", ""]);
    let Some(sextant) = report.engine("Sextant") else {
        return table;
    };
    let mut aim = |text: &str, figure: Figure| {
        if let Some((figure, is_reached)) = figure {
            let verdict = if is_reached { "yes" } else { "**no**" };
            table.row([text.to_owned(), figure, verdict.to_owned()]);
        }
    };
    beside_others(report, sextant, &mut aim);
    times_of_questions(report, sextant, &mut aim);
    of_the_server(report, sextant, &mut aim);
    table
}

/// What was reached, and whether that is the aim; `None` when it was not measured.
type Figure = Option<(String, bool)>;

fn beside_others(report: &Report, sextant: &EngineResult, aim: &mut impl FnMut(&str, Figure)) {
    for other in report.others().filter(|other| name(other) != "PostgreSQL") {
        let other_name = name(other);
        for function in ["count", "sum", "max", "unique"] {
            aim(
                &format!("quantities of {function}: 50 times as fast as {other_name}"),
                ratio(
                    report,
                    sextant,
                    other,
                    &format!("30 days by day, {function}"),
                    50.0,
                ),
            );
        }
        aim(
            &format!("a function over the customers: 20 times as fast as {other_name}"),
            ratio(
                report,
                sextant,
                other,
                "a function over the customers, 30 days by day",
                20.0,
            ),
        );
        if other_name == "ClickHouse" {
            for days in ["30 days by day", "the year"] {
                aim(
                    &format!("a metadata filter, {days}: as fast as ClickHouse"),
                    ratio(
                        report,
                        sextant,
                        other,
                        &format!("a metadata filter, {days}"),
                        1.0,
                    ),
                );
            }
            let rates = batch_rate(sextant).zip(batch_rate(other));
            aim(
                "ingest in batches of 1,000: three times as fast as ClickHouse",
                rates.map(|(mine, its)| (times(mine / its), mine >= 3.0 * its)),
            );
            let (mine, its) = (
                bytes_without_keys(report, sextant),
                bytes_per_event(report, other),
            );
            aim(
                "disk without the key index: at most what ClickHouse needs",
                Some((
                    format!("{mine:.1} and {its:.1} bytes an event"),
                    mine <= its,
                )),
            );
        }
    }
}

fn times_of_questions(report: &Report, sextant: &EngineResult, aim: &mut impl FnMut(&str, Figure)) {
    let within = |cell: Option<Cell>, limit: f64| {
        cell.map(|cell| {
            (
                format!("p99 {} ms", millis(cell.p99_ms)),
                cell.p99_ms <= limit,
            )
        })
    };
    let groups = groups(report);
    let cell = |title: &str| {
        let group = groups.iter().find(|group| group.title == title)?;
        group.cell(sextant)
    };
    for function in ["count", "sum", "max", "avg"] {
        let cell = cell(&format!("30 days by day, {function}"));
        aim(
            &format!("quantities of {function}: p99 below 1 ms"),
            within(cell, 1.0),
        );
    }
    aim(
        "quantities of unique: p99 below 5 ms",
        within(cell("30 days by day, unique"), 5.0),
    );
    aim(
        "quantities of one customer: p99 below 1 ms",
        within(cell("one customer, 30 days by day"), 1.0),
    );
    aim(
        "a function over the customers: p99 below 50 ms",
        within(cell("a function over the customers, 30 days by day"), 50.0),
    );
}

fn of_the_server(report: &Report, sextant: &EngineResult, aim: &mut impl FnMut(&str, Figure)) {
    if let Some(server) = &sextant.server {
        let megabytes = server.memory_bytes_max / 1_000_000;
        aim(
            "memory: 1.5 GB",
            Some((format!("{megabytes} MB"), megabytes <= 1_500)),
        );
        let restart = server
            .restart
            .as_ref()
            .map(|restart| restart.first_answer_ms);
        aim(
            "started and right after `kill -9`: below 2 s",
            restart.map(|ms| (format!("{} ms", millis(ms)), ms <= 2_000.0)),
        );
        let disk = bytes_per_event(report, sextant);
        aim(
            "disk, all: 65 bytes an event",
            Some((format!("{disk:.1}"), disk <= 65.0)),
        );
        for run in &server.ingest {
            let limit = match run.title.as_str() {
                title if title.contains("× 1 event") => 50_000,
                title if title.contains("12 keys") => 700_000,
                _ => 1_000_000,
            };
            let text = format!("{}: {} a second", run.title, crate::numbers::grouped(limit));
            let reached = crate::numbers::grouped(run.events_per_second);
            aim(&text, Some((reached, run.events_per_second >= limit)));
        }
    }
}

fn ratio(
    report: &Report,
    sextant: &EngineResult,
    other: &EngineResult,
    title: &str,
    limit: f64,
) -> Figure {
    let groups = groups(report);
    let group = groups.iter().find(|group| group.title == title)?;
    let (mean, least) = group.ratio(sextant, other)?;
    Some((
        format!("{}, least {}", times(mean), times(least)),
        mean >= limit,
    ))
}

/// Bytes for each event, the key index left out.
fn bytes_without_keys(report: &Report, sextant: &EngineResult) -> f64 {
    let keys = sextant
        .server
        .as_ref()
        .and_then(|server| server.bytes_by_kind.get("keys"));
    let all = EngineResult {
        load: crate::results::LoadResult {
            bytes_on_disk: sextant.load.bytes_on_disk - keys.copied().unwrap_or(0),
            ..sextant.load.clone()
        },
        ..sextant.clone()
    };
    bytes_per_event(report, &all)
}
