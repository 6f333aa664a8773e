//! Results as Markdown.

use std::fmt::Write;

use crate::ingest::Load;
use crate::numbers::{grouped, millis};
use crate::quantities::Answers;
use crate::server::Usage;

/// One run of ingest, in words.
pub(crate) fn load(title: &str, load: &Load) -> String {
    format!(
        "{title}: {} events/s, {} requests/s; ms p50 {}, p99 {}, p99.9 {}, max {}; {} events in {} s",
        grouped(load.events_per_second()),
        grouped(load.requests_per_second()),
        millis(load.latency.p50),
        millis(load.latency.p99),
        millis(load.latency.p999),
        millis(load.latency.max),
        grouped(load.events),
        millis(load.elapsed_micros / 1_000),
    )
}

/// A run of ingest and what it cost the server.
#[derive(Debug)]
pub(crate) struct LoadRow {
    pub(crate) title: String,
    pub(crate) load: Load,
    pub(crate) usage: Usage,
    /// Of the data folder, for each event.
    pub(crate) disk_bytes: u64,
    /// From the start of a server on that folder, after the first was killed, to its readiness.
    pub(crate) ready_micros: u64,
}

/// Runs of ingest.
pub(crate) fn loads(rows: &[LoadRow]) -> String {
    let mut text = "| | events/s | p50 ms | p99 ms | p99.9 ms | server CPU µs/event | \
                    peak memory MB | disk B/event | restart after `kill -9` |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for LoadRow {
        title,
        load,
        usage,
        disk_bytes,
        ready_micros,
    } in rows
    {
        let events = load.events.max(1);
        writeln!(
            text,
            "| {title} | {} | {} | {} | {} | {} | {} | {} | {} ms, {} events |",
            grouped(load.events_per_second()),
            millis(load.latency.p50),
            millis(load.latency.p99),
            millis(load.latency.p999),
            // Nanoseconds for two digits behind the point.
            millis(usage.cpu_micros.saturating_mul(1_000) / events),
            usage.memory_bytes_max / 1_000_000,
            disk_bytes / events,
            ready_micros / 1_000,
            grouped(events),
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// Quantities.
pub(crate) fn answers(answers: &Answers) -> String {
    let mut text = format!(
        "| {} | p50 ms | p99 ms | max ms | requests |\n|---|---|---|---|---|\n",
        answers.title()
    );
    for row in &answers.rows {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            row.title,
            millis(row.latency.p50),
            millis(row.latency.p99),
            millis(row.latency.max),
            row.requests,
        )
        .expect("writing to a string cannot fail");
    }
    text
}
