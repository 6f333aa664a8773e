//! The figures of a report, as tables.

#![expect(
    clippy::float_arithmetic,
    reason = "times and sizes for people, no quantities"
)]
#![expect(clippy::cast_precision_loss, reason = "three digits are shown")]

use super::{Asked, Report};
use crate::numbers::grouped;
use crate::oracle::decimal::Decimal;
use crate::report::table::Table;
use crate::results::{AnswerResult, BusyResult, EngineResult, IngestResult, ServerResult};

/// Questions that are alike: a row of the table.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) title: String,
    questions: Vec<&'a Asked>,
}

/// What an engine did with a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// The median of the questions' medians.
    pub(super) p50_ms: f64,
    /// The greatest p99 of a question.
    pub(super) p99_ms: f64,
}

/// The questions of a report in groups, in the order of their first.
pub(super) fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for question in &report.questions {
        let title = title(question);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.questions.push(question),
            None => groups.push(Group {
                title,
                questions: vec![question],
            }),
        }
    }
    groups
}

fn title(question: &Asked) -> String {
    let days = if question.points == 30 || question.points == 29 {
        "30 days by day"
    } else {
        "the year"
    };
    match question.kind.as_str() {
        "plain" => format!("30 days by day, {}", question.function),
        "year" => "the year by month, week or day, all functions".to_owned(),
        "hour" => "a week by hour".to_owned(),
        "customer" => format!("one customer, {days}"),
        "metadata" => format!("a metadata filter, {days}"),
        "per_customer" => format!("a function over the customers, {days}"),
        "unique" => "unique, from a day to the year".to_owned(),
        other => other.to_owned(),
    }
}

impl Group<'_> {
    fn answers<'a>(&self, engine: &'a EngineResult) -> Vec<&'a AnswerResult> {
        let of = |id: &str| engine.answers.iter().find(|answer| answer.id == id);
        let answers = self
            .questions
            .iter()
            .filter_map(|question| of(&question.id));
        answers.filter(|answer| answer.error.is_none()).collect()
    }

    pub(super) fn cell(&self, engine: &EngineResult) -> Option<Cell> {
        cell(&self.answers(engine))
    }

    /// How many times longer `other` takes than `engine`: the geometric mean and the least of the questions.
    pub(super) fn ratio(&self, engine: &EngineResult, other: &EngineResult) -> Option<(f64, f64)> {
        let others = self.answers(other);
        let ratios: Vec<f64> = self
            .answers(engine)
            .iter()
            .filter_map(|answer| {
                let other = others.iter().find(|other| other.id == answer.id)?;
                (answer.p50_ms > 0.0).then(|| other.p50_ms / answer.p50_ms)
            })
            .collect();
        if ratios.is_empty() {
            return None;
        }
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        Some((mean, ratios.iter().copied().fold(f64::INFINITY, f64::min)))
    }
}

fn cell(answers: &[&AnswerResult]) -> Option<Cell> {
    let mut medians: Vec<f64> = answers.iter().map(|answer| answer.p50_ms).collect();
    medians.sort_by(f64::total_cmp);
    let p50_ms = *medians.get(medians.len().saturating_sub(1) / 2)?;
    let p99_ms = answers
        .iter()
        .map(|answer| answer.p99_ms)
        .fold(0.0, f64::max);
    Some(Cell { p50_ms, p99_ms })
}

impl Report {
    /// The result of an engine, if it was run.
    pub(super) fn engine(&self, key: &str) -> Option<&EngineResult> {
        self.engines.iter().find(|engine| name(engine) == key)
    }

    pub(super) fn others(&self) -> impl Iterator<Item = &EngineResult> {
        self.engines
            .iter()
            .filter(|engine| name(engine) != "Sextant")
    }
}

/// An engine's name for people.
pub(super) fn name(engine: &EngineResult) -> &'static str {
    match engine.engine.to_ascii_lowercase().as_str() {
        "sextant" => "Sextant",
        "duckdb" => "DuckDB",
        "postgres" | "postgresql" => "PostgreSQL",
        _ => "ClickHouse",
    }
}

/// Medians, and how many times longer the others take.
pub(super) fn questions(report: &Report) -> Table {
    let mut head = vec![String::new(), "questions".to_owned()];
    if report.engine("Sextant").is_some() {
        head.extend(["Sextant p50".to_owned(), "Sextant p99".to_owned()]);
    }
    for other in report.others() {
        head.push(format!("{} p50", name(other)));
        head.push("times Sextant (least)".to_owned());
    }
    let mut table = Table::new(head);
    for group in groups(report) {
        let mut row = vec![group.title.clone(), group.questions.len().to_string()];
        let sextant = report.engine("Sextant");
        if let Some(engine) = sextant {
            let cell = group.cell(engine);
            row.push(cell.map_or("-".to_owned(), |cell| millis(cell.p50_ms)));
            row.push(cell.map_or("-".to_owned(), |cell| millis(cell.p99_ms)));
        }
        for other in report.others() {
            row.push(
                group
                    .cell(other)
                    .map_or("-".to_owned(), |cell| millis(cell.p50_ms)),
            );
            let ratio = sextant.and_then(|sextant| group.ratio(sextant, other));
            row.push(ratio.map_or("-".to_owned(), |(mean, least)| {
                format!("{} ({})", times(mean), times(least))
            }));
        }
        table.row(row);
    }
    table
}

/// Milliseconds with three digits.
pub(super) fn millis(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A ratio; one that is lost is marked.
pub(super) fn times(ratio: f64) -> String {
    if ratio < 1.0 {
        format!("**{ratio:.2}×, lost**")
    } else if ratio < 10.0 {
        format!("{ratio:.1}×")
    } else {
        format!("{ratio:.0}×")
    }
}

/// A rate of rows.
pub(super) fn per_second(rows: u64, seconds: f64) -> Option<f64> {
    (rows > 0 && seconds > 0.0).then(|| rows as f64 / seconds)
}

/// Batches of 1,000 over each engine's own way in.
pub(super) fn batch_rate(engine: &EngineResult) -> Option<f64> {
    let insert = engine.insert_1000.as_ref()?;
    per_second(insert.rows, insert.seconds)
}

/// Bytes on disk for each event that counts.
pub(super) fn bytes_per_event(report: &Report, engine: &EngineResult) -> f64 {
    let rows = if name(engine) == "Sextant" {
        report.workload.events
    } else {
        engine.load.rows
    };
    engine.load.bytes_on_disk as f64 / (rows.max(1)) as f64
}

/// How fast events go in, and what they take.
pub(super) fn ingest(report: &Report) -> Table {
    let mut table = Table::new([
        "",
        "version",
        "batches of 1,000, events/s",
        "Sextant's is",
        "bulk load, events/s",
        "disk, bytes an event",
        "repeated keys",
    ]);
    let sextant = report.engine("Sextant");
    for engine in &report.engines {
        let rate = batch_rate(engine);
        let ratio = sextant
            .filter(|sextant| name(sextant) != name(engine))
            .and_then(|sextant| Some(batch_rate(sextant)? / rate?));
        let bulk = engine.load.bulk_seconds.and_then(|seconds| {
            per_second(engine.load.bulk_rows.unwrap_or(engine.load.rows), seconds)
        });
        table.row([
            name(engine).to_owned(),
            engine.version.clone(),
            rate.map_or("-".to_owned(), whole),
            ratio.map_or(String::new(), times),
            bulk.map_or("-".to_owned(), whole),
            format!("{:.1}", bytes_per_event(report, engine)),
            engine.deduplication.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// A number without what is behind its point.
fn whole(value: f64) -> String {
    format!("{value:.0}")
        .parse()
        .map_or_else(|_| String::new(), grouped)
}

/// How right the answers are.
pub(super) fn errors(report: &Report) -> Table {
    let mut table = Table::new([
        "",
        "answers",
        "exact",
        "without an answer",
        "greatest absolute error",
    ]);
    for engine in &report.engines {
        let failed = engine
            .answers
            .iter()
            .filter(|answer| answer.error.is_some())
            .count();
        let errors = engine
            .answers
            .iter()
            .filter(|answer| answer.error.is_none());
        let mut exact = 0;
        let mut greatest = (Decimal::new(0, 0), "");
        for answer in errors {
            let error = answer.error_max().unwrap_or_else(|_| Decimal::new(0, 0));
            exact += usize::from(error.is_zero());
            if error > greatest.0 {
                greatest = (error, &answer.id);
            }
        }
        let (error, at) = greatest;
        table.row([
            name(engine).to_owned(),
            engine.answers.len().to_string(),
            exact.to_string(),
            failed.to_string(),
            if at.is_empty() {
                "0".to_owned()
            } else {
                format!("{} ({at})", short(&error))
            },
        ]);
    }
    table
}

/// An error in few digits.
fn short(error: &Decimal) -> String {
    let value: f64 = error.to_string().parse().unwrap_or(f64::NAN);
    if (0.01..1_000_000.0).contains(&value) {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// What only the server is measured for.
pub(super) fn server(server: &ServerResult, questions: &[Asked]) -> Vec<(String, Table)> {
    let mut tables = vec![
        (
            "Sextant: the load, and what it leaves".to_owned(),
            load(server),
        ),
        (
            "Sextant: ingest alone, as fast as it is answered".to_owned(),
            ingest_runs(&server.ingest),
        ),
        (
            "Sextant: requests at a set rate; latency from when each should have been sent"
                .to_owned(),
            latencies(server),
        ),
    ];
    if let Some(busy) = &server.busy {
        let table = under_load(busy, questions);
        let title = format!(
            "Sextant: questions while {} events a second come in",
            grouped(busy.events_per_second)
        );
        tables.push((title, table));
    }
    tables
}

/// The answers in the groups of their questions.
fn under_load(busy: &BusyResult, questions: &[Asked]) -> Table {
    let mut groups: Vec<(String, Vec<&AnswerResult>)> = Vec::new();
    for answer in &busy.answers {
        let question = questions.iter().find(|question| question.id == answer.id);
        let title = question.map_or_else(|| answer.id.clone(), title);
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, answers)) => answers.push(answer),
            None => groups.push((title, vec![answer])),
        }
    }
    let mut table = Table::new(["under load", "questions", "p50 ms", "p99 ms", "answers"]);
    for (title, answers) in groups {
        let cell = cell(&answers);
        table.row([
            title,
            answers.len().to_string(),
            cell.map_or("-".to_owned(), |cell| millis(cell.p50_ms)),
            cell.map_or("-".to_owned(), |cell| millis(cell.p99_ms)),
            answers
                .iter()
                .map(|answer| answer.runs)
                .sum::<u64>()
                .to_string(),
        ]);
    }
    table
}

/// Sextant at each size: what grows with the history, and what does not.
pub(super) fn sizes(reports: &[Report]) -> Table {
    let sizes: Vec<(&Report, &EngineResult)> = reports
        .iter()
        .filter_map(|report| Some((report, report.engine("Sextant")?)))
        .collect();
    let titles = sizes
        .iter()
        .map(|(report, _)| grouped(report.workload.lines));
    let mut table = Table::new(std::iter::once("p50, p99 ms".to_owned()).chain(titles));
    let Some((first, _)) = sizes.first().filter(|_| sizes.len() > 1) else {
        return table;
    };
    for group in groups(first) {
        let cells = sizes.iter().map(|(_, engine)| {
            let cell = group.cell(engine);
            cell.map_or("-".to_owned(), |cell| {
                format!("{}, {}", millis(cell.p50_ms), millis(cell.p99_ms))
            })
        });
        table.row(std::iter::once(group.title.clone()).chain(cells));
    }
    table
}

fn load(server: &ServerResult) -> Table {
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    let (p50, p99) = (millis(server.load_p50_ms), millis(server.load_p99_ms));
    row(
        &format!("request of 1,000 over {} connections", server.connections),
        format!("p50 {p50} ms, p99 {p99} ms"),
    );
    row(
        "processor time of the server",
        format!("{:.1} s", server.cpu_seconds),
    );
    row(
        "at rest after the last answer",
        format!("{:.1} s", server.settle_seconds),
    );
    row(
        "memory at most",
        format!("{} MB", server.memory_bytes_max / 1_000_000),
    );
    let all: u64 = server.bytes_by_kind.values().sum();
    for (kind, bytes) in &server.bytes_by_kind {
        // Locks and lists of files are next to nothing.
        if bytes * 1_000 < all {
            continue;
        }
        row(
            &format!("on disk: {kind}"),
            format!("{:.1} MB", *bytes as f64 / 1e6),
        );
    }
    if let Some(seconds) = server.backfill_seconds {
        row(
            "a new meter over all events is as quick as an old one after",
            format!("{seconds:.2} s"),
        );
    }
    if let Some(restart) = &server.restart {
        row(
            "killed while events came in: it listens again after",
            format!("{} ms", millis(restart.listening_ms)),
        );
        row(
            "and has answered after",
            format!("{} ms", millis(restart.first_answer_ms)),
        );
        row(
            "greatest absolute error of all answers then",
            restart.error_max.clone(),
        );
    }
    table
}

/// Runs of ingest.
pub(super) fn ingest_runs(runs: &[IngestResult]) -> Table {
    let mut table = Table::new([
        "",
        "events/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "server CPU µs/event",
        "memory MB",
        "disk B/event",
        "restart after `kill -9`",
    ]);
    for run in runs {
        table.row([
            run.title.clone(),
            grouped(run.events_per_second),
            millis(run.p50_ms),
            millis(run.p99_ms),
            millis(run.p999_ms),
            format!("{:.2}", run.cpu_micros_per_event),
            (run.memory_bytes_max / 1_000_000).to_string(),
            run.disk_bytes_per_event.to_string(),
            format!(
                "{} ms, {} events",
                millis(run.restart_ms),
                grouped(run.events)
            ),
        ]);
    }
    table
}

fn latencies(server: &ServerResult) -> Table {
    let mut table = Table::new([
        "events a request",
        "connections",
        "events/s asked for",
        "reached",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
    ]);
    for latency in &server.latencies {
        let is_reached = latency.reached * 20 >= latency.rate * 19;
        let reached = grouped(latency.reached);
        table.row([
            grouped(latency.batch),
            latency.connections.to_string(),
            grouped(latency.rate),
            if is_reached {
                reached
            } else {
                format!("**{reached}, too much**")
            },
            millis(latency.p50_ms),
            millis(latency.p99_ms),
            millis(latency.p999_ms),
        ]);
    }
    table
}
