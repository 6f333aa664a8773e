//! The comparison: one workload, every engine on it one after the other, every answer compared, one report.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use api::Aggregation;
use clap::{Args, ValueEnum};

use crate::numbers::now_micros;
use crate::report::{self, Report};
use crate::results::EngineResult;
use crate::sextant::{Pressure, Sextant};
use crate::workload::Workload;
use crate::workload::files::{Folder, QuestionFile};
use crate::{machine, runs, time};

/// Where the scripts for the other engines are, from the root of the workspace.
const SCRIPTS: &str = "crates/bench/engines";

/// How long another engine is asked one question again and again, unless three times take longer.
const QUESTION_SECONDS: &str = "2";

/// Up to so many events the lines are written to a file; more are made as they are sent, and to Sextant alone.
const EVENTS_IN_FILE_MAX: u64 = 20_000_000;

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Events to send, retries included
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,

    /// What the workload is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Which engines, one after the other
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "sextant,clickhouse,duckdb,postgres"
    )]
    engines: Vec<Engine>,

    /// How long batches are sent while questions are asked; 0 leaves out all that is measured under load
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    #[command(flatten)]
    pressure: Pressure,

    /// How long each run of ingest alone sends; 0 leaves them out
    #[arg(long, default_value_t = 10)]
    ingest_seconds: u64,

    /// How long requests are sent at each rate
    #[arg(long, default_value_t = 5)]
    rate_seconds: u64,

    /// How long each question is asked again and again, in milliseconds
    #[arg(long, default_value_t = 500)]
    question_ms: u64,

    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "target/release/sextant")]
    server: PathBuf,

    /// A Python in which the other engines are installed
    #[arg(
        long,
        value_name = "FILE",
        default_value = "target/bench/venv/bin/python"
    )]
    python: PathBuf,

    /// Where workloads, data folders and results are made
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    folder: PathBuf,

    /// Where the report goes: benchmarks.md and the folder benchmarks
    #[arg(long, value_name = "DIR", default_value = "docs")]
    docs: PathBuf,

    /// Take results that are there instead of measuring again
    #[arg(long)]
    keep: bool,
}

/// Something that answers questions about events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sextant,
    Clickhouse,
    Duckdb,
    Postgres,
}

impl Engine {
    fn key(self) -> &'static str {
        match self {
            Self::Sextant => "sextant",
            Self::Clickhouse => "clickhouse",
            Self::Duckdb => "duckdb",
            Self::Postgres => "postgres",
        }
    }
}

impl Compare {
    /// Measures, prints the tables, writes the report. Fails when an answer of Sextant was wrong.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let load_average = machine::load_average();
        let workload = Workload::new(self.events, self.seed)?;
        let folder = Folder::new(self.folder.join(format!("{}-{}", self.events, self.seed)));
        let with_events = self.events <= EVENTS_IN_FILE_MAX;
        ensure!(
            with_events || self.engines == [Engine::Sextant],
            "more than {EVENTS_IN_FILE_MAX} events are for Sextant alone: `--engines sextant`"
        );
        folder.make(&workload, with_events)?;
        let mut results = Vec::new();
        for engine in &self.engines {
            let out = folder
                .path()
                .join("results")
                .join(format!("{}.json", engine.key()));
            if !(self.keep && fs::exists(&out).context("look for results")?) {
                match engine {
                    Engine::Sextant => self.sextant(&folder, &out)?,
                    Engine::Clickhouse | Engine::Duckdb | Engine::Postgres => {
                        self.other(*engine, &folder, &out)?;
                    }
                }
            }
            results.push(EngineResult::read(&out)?);
        }
        let report = Report::new(
            report::Circumstances {
                machine: machine::machine(),
                // Results that were kept may be of an earlier one.
                commit: results
                    .iter()
                    .find(|result| result.server.is_some())
                    .map_or_else(machine::commit, |result| result.version.clone()),
                date: time::timestamp(now_micros())[..10].to_owned(),
                command: self.command(),
                load_average,
            },
            &folder.stamp()?,
            &with_functions(&folder)?,
            results,
        )?;
        println!("{}", report.terminal());
        report.write(&self.docs)
    }

    fn sextant(&self, folder: &Folder, out: &Path) -> anyhow::Result<()> {
        let sextant = Sextant {
            workload: folder.path().to_owned(),
            server: self.server.clone(),
            folder: None,
            out: Some(out.to_owned()),
            connections: 8,
            seconds: self.seconds,
            pressure: self.pressure,
            rate_seconds: self.rate_seconds,
            question_ms: self.question_ms,
        };
        sextant.run()?;
        if self.ingest_seconds == 0 {
            return Ok(());
        }
        let mut result = EngineResult::read(out)?;
        if let Some(server) = &mut result.server {
            server.ingest = runs::all(&self.server, &self.folder, self.ingest_seconds)?;
        }
        result.write(out)
    }

    /// Runs the script for another engine.
    fn other(&self, engine: Engine, folder: &Folder, out: &Path) -> anyhow::Result<()> {
        println!("{} on {}", engine.key(), folder.path().display());
        let status = Command::new(&self.python)
            .arg(Path::new(SCRIPTS).join("run.py"))
            .args([
                "--engine",
                engine.key(),
                "--seconds",
                QUESTION_SECONDS,
                "--workload",
            ])
            .arg(folder.path())
            .arg("--out")
            .arg(out)
            .status()
            .with_context(|| format!("start `{}`", self.python.display()))?;
        ensure!(status.success(), "{}: {status}", engine.key());
        Ok(())
    }

    fn command(&self) -> String {
        let engines: Vec<&str> = self.engines.iter().map(|engine| engine.key()).collect();
        format!(
            "cargo xtask bench --events {} --seed {} --seconds {} --ingest-seconds {} --rate-seconds {} \
             --engines {}{}",
            self.events,
            self.seed,
            self.seconds,
            self.ingest_seconds,
            self.rate_seconds,
            engines.join(","),
            if self.keep { " --keep" } else { "" }
        )
    }
}

/// The questions, each with the function of its meter.
fn with_functions(folder: &Folder) -> anyhow::Result<Vec<(QuestionFile, String)>> {
    let meters = folder.meters()?;
    let questions = folder.questions()?.into_iter().map(|question| {
        let meter = meters.iter().find(|meter| meter.slug == question.meter);
        let meter = meter.with_context(|| format!("no meter `{}`", question.meter))?;
        let function = match meter.aggregation {
            Aggregation::Count => "count",
            Aggregation::Sum { .. } => "sum",
            Aggregation::Max { .. } => "max",
            Aggregation::Min { .. } => "min",
            Aggregation::Avg { .. } => "avg",
            Aggregation::Unique { .. } => "unique",
        };
        Ok((question, function.to_owned()))
    });
    questions.collect()
}
