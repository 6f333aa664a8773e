//! What came out, for people: tables in the terminal, `docs/benchmarks.md`, a chart of each size, and the raw figures.
//!
//! Everything that was measured is shown, also where another engine is faster.

mod aims;
mod chart;
mod figures;
mod page;
mod table;

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::numbers::{grouped, millis};
use crate::oracle::decimal::Decimal;
use crate::results::{AnswerResult, EngineResult, IngestResult};
use crate::workload::files::{QuestionFile, Stamp};
use table::Table;

/// One run of the comparison.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    circumstances: Circumstances,
    workload: Stamp,
    questions: Vec<Asked>,
    engines: Vec<EngineResult>,
}

/// Where, when and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    pub(crate) machine: String,
    pub(crate) commit: String,
    pub(crate) date: String,
    pub(crate) command: String,
    /// Of the minute before.
    pub(crate) load_average: String,
}

/// What a question was about.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Asked {
    id: String,
    kind: String,
    /// Of the meter.
    function: String,
    interval: String,
    points: usize,
}

impl Report {
    /// Compares the answers, and leaves out all of them but the totals.
    pub(crate) fn new(
        circumstances: Circumstances,
        workload: &Stamp,
        questions: &[(QuestionFile, String)],
        engines: Vec<EngineResult>,
    ) -> anyhow::Result<Self> {
        let mut report = Self {
            circumstances,
            workload: workload.clone(),
            questions: questions
                .iter()
                .map(|(question, function)| Asked {
                    id: question.id.clone(),
                    kind: question.kind.clone(),
                    function: function.clone(),
                    interval: question.interval.clone(),
                    points: question.quantities.len(),
                })
                .collect(),
            engines,
        };
        for engine in &mut report.engines {
            for answer in &mut engine.answers {
                let question = questions
                    .iter()
                    .find(|(question, _)| question.id == answer.id);
                let (question, _) =
                    question.with_context(|| format!("no question {}", answer.id))?;
                compare(question, answer)?;
                answer.quantities.clear();
            }
        }
        Ok(report)
    }

    /// The tables as they look in a terminal.
    pub(crate) fn terminal(&self) -> String {
        let tables = self.tables();
        let texts = tables
            .iter()
            .map(|(title, table)| format!("{title}\n\n{}", table.to_text()));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Writes the raw figures and the chart of this size, and the page about all sizes that there are figures of.
    pub(crate) fn write(&self, docs: &Path) -> anyhow::Result<()> {
        let folder = docs.join("benchmarks");
        fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
        let name = self.name();
        let raw = serde_json::to_string_pretty(self).context("write JSON")?;
        write(&folder.join(format!("{name}.json")), &(raw + "\n"))?;
        write(&folder.join(format!("{name}.svg")), &chart::chart(self))?;
        write(
            &docs.join("benchmarks.md"),
            &page::page(&read_all(&folder)?, &folder)?,
        )
    }

    /// Of its files.
    fn name(&self) -> String {
        format!("{}-events", self.workload.lines)
    }

    /// All tables, each below its title.
    fn tables(&self) -> Vec<(String, Table)> {
        let events = grouped(self.workload.lines);
        let mut tables = vec![
            (
                format!("Questions at {events} events, milliseconds"),
                figures::questions(self),
            ),
            ("Ingest and disk".to_owned(), figures::ingest(self)),
            (
                "Answers against the exact ones".to_owned(),
                figures::errors(self),
            ),
            ("Aims".to_owned(), aims::aims(self)),
        ];
        let server = self
            .engines
            .iter()
            .find_map(|engine| engine.server.as_ref());
        if let Some(server) = server {
            tables.extend(figures::server(server, &self.questions));
        }
        tables.retain(|(_, table)| !table.is_empty());
        tables
    }
}

/// Notes by how much an engine's answer differs, at most.
fn compare(question: &QuestionFile, answer: &mut AnswerResult) -> anyhow::Result<()> {
    if answer.error.is_some() {
        return Ok(());
    }
    if answer.quantities.len() != question.quantities.len() {
        answer.error = Some(format!(
            "{} quantities instead of {}",
            answer.quantities.len(),
            question.quantities.len()
        ));
        return Ok(());
    }
    // What Sextant answered in any run was compared already.
    let mut error = answer.error_max()?;
    let expected = question
        .quantities
        .iter()
        .map(|quantity| &quantity.quantity);
    let pairs = answer.quantities.iter().zip(expected);
    for (found, expected) in pairs.chain([(&answer.total, &question.total)]) {
        let Ok(found) = Decimal::parse(found) else {
            answer.error = Some(format!("`{found}` is no number"));
            return Ok(());
        };
        error = error.max((&found - &Decimal::parse(expected)?).abs());
    }
    answer.error_max = Some(error.to_string());
    Ok(())
}

/// Writes the page again, from the figures that are there.
pub(crate) fn rewrite(docs: &Path) -> anyhow::Result<()> {
    let folder = docs.join("benchmarks");
    for report in read_all(&folder)? {
        write(
            &folder.join(format!("{}.svg", report.name())),
            &chart::chart(&report),
        )?;
    }
    write(
        &docs.join("benchmarks.md"),
        &page::page(&read_all(&folder)?, &folder)?,
    )
}

/// The reports of all sizes, from the smallest.
fn read_all(folder: &Path) -> anyhow::Result<Vec<Report>> {
    let mut reports = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry.context("read a folder")?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
            let report: Report = serde_json::from_slice(&text)
                .with_context(|| format!("read `{}`", path.display()))?;
            reports.push(report);
        }
    }
    reports.sort_by_key(|report| report.workload.lines);
    Ok(reports)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}

/// One run of ingest, in words.
pub(crate) fn load(title: &str, load: &crate::ingest::Load) -> String {
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

/// Runs of ingest, as Markdown.
pub(crate) fn ingest(runs: &[IngestResult]) -> String {
    figures::ingest_runs(runs).to_markdown()
}
