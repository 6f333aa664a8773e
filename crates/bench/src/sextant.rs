//! Sextant measured on a workload: loaded, asked at rest and under load, given new meters, killed and started again, and sent requests
//! at set rates. Every answer is compared with the exact one, at every step.

pub(crate) mod ask;
mod busy;
pub(crate) mod load;
mod open_loop;
mod restart;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;

use crate::http::Connection;
use crate::ingest::Load;
use crate::numbers::{grouped, millis, millis_float};
use crate::oracle::decimal::Decimal;
use crate::results::{AnswerResult, EngineResult, InsertResult, LoadResult, ServerResult};
use crate::server::{ADMIN_TOKEN, Server};
use crate::workload::files::{Folder, MeterFile, QuestionFile};
use crate::{Target, block_on, machine, setup};
use ask::{MeterIds, Repeats};

/// A server comes to rest when it uses less than this much of a processor for a while.
const REST_PERCENT: u64 = 4;

/// It is not waited for longer than this.
const SETTLE_MAX: Duration = Duration::from_mins(10);

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Sextant {
    /// The folder of a workload
    #[arg(long, value_name = "DIR")]
    pub(crate) workload: PathBuf,

    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "target/release/sextant")]
    pub(crate) server: PathBuf,

    /// Where to make the data folder; beside the workload when left out
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// Where to write the results; in the workload's folder when left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Connections that load
    #[arg(long, default_value_t = 8)]
    pub(crate) connections: u64,

    /// How long batches are sent while questions are asked; 0 leaves out all that is measured under load
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,

    #[command(flatten)]
    pub(crate) pressure: Pressure,

    /// How long requests are sent at each rate; 0 leaves the rates out
    #[arg(long, default_value_t = 5)]
    pub(crate) rate_seconds: u64,

    /// How long each question is asked again and again, in milliseconds
    #[arg(long, default_value_t = 500)]
    pub(crate) question_ms: u64,
}

/// What is sent while questions are asked.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Pressure {
    /// Events in a request that is sent under load
    #[arg(long, default_value_t = 1_000)]
    pub(crate) pressure_batch: usize,

    /// Connections that send under load, each with one request at a time
    #[arg(long, default_value_t = 4)]
    pub(crate) pressure_connections: u64,
}

/// A workload that was loaded, and who asks about it.
#[derive(Debug)]
struct Loaded {
    meters: Vec<MeterFile>,
    questions: Vec<QuestionFile>,
    ids: MeterIds,
    repeats: Repeats,
}

impl Sextant {
    /// Measures, prints a summary, writes the results. Fails when an answer was wrong.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let folder = Folder::new(&self.workload);
        let stamp = folder
            .stamp()
            .context("make a workload first: `bench workload`")?;
        let data = self
            .folder
            .clone()
            .unwrap_or_else(|| self.workload.join("sextant-data"));
        remove(&data)?;
        let server = Server::start(&self.server, &data)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let loaded = self.ready(&target, &folder)?;
        let cpu_before = server.usage()?.cpu_micros;
        let load = block_on(load::load(&target, &folder, &stamp, self.connections))?;
        let mut measured = self.at_rest(&server, &data, &load, cpu_before)?;
        let bytes_on_disk = measured.bytes_by_kind.values().sum::<u64>();
        println!(
            "at rest after {} s; {} MB at most; {} bytes an event on disk",
            measured.settle_seconds,
            measured.memory_bytes_max / 1_000_000,
            bytes_on_disk / stamp.events.max(1)
        );
        let answers = block_on(ask_all(&target, &loaded))?;
        if self.seconds > 0 {
            self.under_load(server, &target, &loaded, &data, &mut measured)?;
        } else {
            measured.see_memory(&server)?;
            drop(server);
        }
        remove(&data)?;
        if self.rate_seconds > 0 {
            measured.latencies = self.latencies(&data)?;
            remove(&data)?;
        }
        let seconds = millis_float(load.elapsed_micros / 1_000);
        let result = EngineResult {
            engine: "sextant".to_owned(),
            version: machine::commit(),
            schema: "Events over HTTP, in blocks of 1,000; the server decides how it keeps them."
                .to_owned(),
            deduplication: Some("Each key counts once, for ever.".to_owned()),
            load: LoadResult {
                rows: load.events,
                seconds,
                bytes_on_disk,
                bulk_rows: None,
                bulk_seconds: None,
            },
            insert_1000: Some(InsertResult {
                rows: load.events,
                seconds,
            }),
            answers,
            server: Some(measured),
        };
        let out = self.out.clone();
        result.write(&out.unwrap_or_else(|| self.workload.join("results/sextant.json")))?;
        check(&result)
    }

    /// Makes the meters and reads the questions.
    fn ready(&self, target: &Target, folder: &Folder) -> anyhow::Result<Loaded> {
        let (meters, questions) = (folder.meters()?, folder.questions()?);
        let ids = block_on(async {
            let mut connection = Connection::open(&target.url, &target.token).await?;
            ask::make_meters(&mut connection, &meters).await
        })?;
        let repeats = Repeats {
            runs_min: 3,
            runs_max: 1_000,
            time_max: Duration::from_millis(self.question_ms),
        };
        Ok(Loaded {
            meters,
            questions,
            ids,
            repeats,
        })
    }

    /// Waits until the server has come to rest after a load, and says what that took.
    fn at_rest(
        &self,
        server: &Server,
        data: &Path,
        load: &Load,
        cpu_before: u64,
    ) -> anyhow::Result<ServerResult> {
        println!(
            "loaded {} lines, {} events/s; p50 {} ms, p99 {} ms",
            grouped(load.events),
            grouped(load.events_per_second()),
            millis(load.latency.p50),
            millis(load.latency.p99)
        );
        let settled = settle(server)?;
        let usage = server.usage()?;
        Ok(ServerResult {
            connections: self.connections,
            load_p50_ms: millis_float(load.latency.p50),
            load_p99_ms: millis_float(load.latency.p99),
            cpu_seconds: millis_float((usage.cpu_micros - cpu_before) / 1_000),
            settle_seconds: millis_float(u64::try_from(settled.as_millis()).unwrap_or(u64::MAX)),
            memory_bytes_max: usage.memory_bytes_max,
            bytes_by_kind: machine::folder_bytes_by_kind(data)
                .context("measure the data folder")?,
            ..ServerResult::default()
        })
    }

    /// New meters, questions while batches come in, a kill in the middle and a restart.
    fn under_load(
        &self,
        server: Server,
        target: &Target,
        loaded: &Loaded,
        data: &Path,
        measured: &mut ServerResult,
    ) -> anyhow::Result<()> {
        measured.backfill_seconds = Some(block_on(busy::backfill(target, loaded))?);
        let progress = Arc::<busy::Progress>::default();
        let busy = busy::measure(target, loaded, self.seconds, self.pressure, &progress)?;
        measured.busy = Some(busy);
        measured.see_memory(&server)?;
        let (again, restart) = restart::measure(server, self, data, target, loaded, &progress)?;
        measured.restart = Some(restart);
        measured.see_memory(&again)
    }

    /// Requests at set rates, on a server of their own.
    fn latencies(&self, data: &Path) -> anyhow::Result<Vec<crate::results::LatencyResult>> {
        let server = Server::start(&self.server, data)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let duration = Duration::from_secs(self.rate_seconds);
        let mut latencies = Vec::new();
        for cell in open_loop::CELLS {
            let latency = block_on(open_loop::measure(&target, cell, duration))?;
            println!(
                "{} × {} at {}/s: {}/s, p50 {} ms, p99 {} ms, p99.9 {} ms",
                latency.connections,
                latency.batch,
                grouped(latency.rate),
                grouped(latency.reached),
                latency.p50_ms,
                latency.p99_ms,
                latency.p999_ms
            );
            latencies.push(latency);
        }
        Ok(latencies)
    }
}

impl ServerResult {
    /// Notes the most memory that a server has held.
    fn see_memory(&mut self, server: &Server) -> anyhow::Result<()> {
        let bytes = server.usage()?.memory_bytes_max;
        self.memory_bytes_max = self.memory_bytes_max.max(bytes);
        Ok(())
    }
}

/// Asks all questions, one after the other.
async fn ask_all(target: &Target, loaded: &Loaded) -> anyhow::Result<Vec<AnswerResult>> {
    let mut connection = Connection::open(&target.url, &target.token).await?;
    let mut answers = Vec::with_capacity(loaded.questions.len());
    for question in &loaded.questions {
        let answer = ask::ask(
            &mut connection,
            question,
            loaded.id(question)?,
            loaded.repeats,
        )
        .await?;
        println!(
            "{}: p50 {} ms, p99 {} ms, {} runs{}",
            answer.id,
            answer.p50_ms,
            answer.p99_ms,
            answer.runs,
            if answer.is_exact()? { "" } else { "; WRONG" }
        );
        answers.push(answer);
    }
    Ok(answers)
}

impl Loaded {
    /// The id of a question's meter.
    fn id(&self, question: &QuestionFile) -> anyhow::Result<&str> {
        let id = self.ids.get(&question.meter);
        id.map(String::as_str)
            .with_context(|| format!("no meter `{}`", question.meter))
    }
}

/// Waits until the server has nothing more to do, and says how long that took.
fn settle(server: &Server) -> anyhow::Result<Duration> {
    const STEP: Duration = Duration::from_millis(250);
    let begun = Instant::now();
    let mut quiet = 0;
    let mut before = server.usage()?.cpu_micros;
    while quiet < 4 && begun.elapsed() < SETTLE_MAX {
        pause(STEP);
        let now = server.usage()?.cpu_micros;
        let is_quiet =
            u128::from((now - before) * 100) <= STEP.as_micros() * u128::from(REST_PERCENT);
        quiet = if is_quiet { quiet + 1 } else { 0 };
        before = now;
    }
    Ok(begun.elapsed())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server does not say when it comes to rest"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Every answer must be exact.
fn check(result: &EngineResult) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let server = result.server.iter();
    let busy = server
        .clone()
        .flat_map(|server| &server.busy)
        .flat_map(|busy| &busy.answers);
    for answer in result.answers.iter().chain(busy) {
        if !answer.is_exact()? {
            wrong.push(answer.id.as_str());
        }
    }
    for restart in server.flat_map(|server| &server.restart) {
        if !Decimal::parse(&restart.error_max)?.is_zero() {
            wrong.push("after a restart");
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} wrong answers: {}",
        wrong.len(),
        wrong.join(", ")
    );
    println!("{} answers, all exact", result.answers.len());
    Ok(())
}
