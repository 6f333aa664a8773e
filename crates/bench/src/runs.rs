//! Ingest alone, as fast as it is answered: each run on a server of its own, which is then killed and started again.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::events::Shape;
use crate::ingest::{self, Batches, Load, Singles};
use crate::numbers::{millis_float, now_micros};
use crate::results::IngestResult;
use crate::server::{ADMIN_TOKEN, Server};
use crate::{Target, block_on, machine, report, setup, time};

/// What to measure, and how long.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "target/release/sextant")]
    server: PathBuf,

    /// Where to make the data folders; on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Only this run; may be repeated
    #[arg(long)]
    only: Vec<Run>,

    /// How long each run sends
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// One of the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Run {
    /// Batches of events with twelve metadata keys
    Twelve,
    /// Batches of events with three metadata keys
    Three,
    /// Single events
    Single,
}

impl Runs {
    /// Measures and prints.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        println!("- machine: {}", machine::machine());
        println!(
            "- commit: {}, {}",
            machine::commit(),
            &time::timestamp(now_micros())[..10]
        );
        println!("- command: `bench runs --seconds {}`", self.seconds);
        println!(
            "- load average of the minute before: {}\n",
            machine::load_average()
        );
        let folders = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let runs = measure(&self.server, &folders, self.seconds, &self.only)?;
        println!("{}", report::ingest(&runs));
        Ok(())
    }
}

/// All runs.
pub(crate) fn all(
    program: &Path,
    folders: &Path,
    seconds: u64,
) -> anyhow::Result<Vec<IngestResult>> {
    measure(program, folders, seconds, &[])
}

fn measure(
    program: &Path,
    folders: &Path,
    seconds: u64,
    only: &[Run],
) -> anyhow::Result<Vec<IngestResult>> {
    let batches = |keys| Batches {
        batch: 1_000,
        connections: 4,
        seconds,
        keys,
        days: 1,
    };
    let mut results = Vec::new();
    for run in [Run::Twelve, Run::Three, Run::Single] {
        if !only.is_empty() && !only.contains(&run) {
            continue;
        }
        results.push(match run {
            Run::Twelve => batch_run(program, folders, &batches(Shape::Twelve))?,
            Run::Three => batch_run(program, folders, &batches(Shape::Three))?,
            Run::Single => {
                let options = Singles {
                    connections: 64,
                    seconds,
                    keys: Shape::Twelve,
                };
                one(program, folders, options.title(), |target| {
                    block_on(ingest::singles(target, &options))
                })?
            }
        });
    }
    Ok(results)
}

fn batch_run(program: &Path, folders: &Path, options: &Batches) -> anyhow::Result<IngestResult> {
    one(program, folders, options.title(), |target| {
        block_on(ingest::batches(target, options))
    })
}

/// One run on a fresh server, which is then killed and started again.
fn one(
    program: &Path,
    folders: &Path,
    title: String,
    run: impl FnOnce(&Target) -> anyhow::Result<Load>,
) -> anyhow::Result<IngestResult> {
    let folder = Folder::make(folders)?;
    let server = Server::start(program, &folder.path)?;
    let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
    let before = server.usage()?;
    let load = run(&target)?;
    let usage = server.usage()?;
    // Killed, not stopped.
    drop(server);
    let disk_bytes = machine::folder_bytes(&folder.path).context("measure the data folder")?;
    let again = Server::start(program, &folder.path)?;
    let ready_micros = u64::try_from(again.ready_after.as_micros()).unwrap_or(u64::MAX);
    let events = load.events.max(1);
    // Nanoseconds an event, for digits behind the point.
    let cpu_nanos = (usage.cpu_micros - before.cpu_micros).saturating_mul(1_000) / events;
    Ok(IngestResult {
        title,
        events,
        events_per_second: load.events_per_second(),
        p50_ms: millis_float(load.latency.p50),
        p99_ms: millis_float(load.latency.p99),
        p999_ms: millis_float(load.latency.p999),
        cpu_micros_per_event: millis_float(cpu_nanos),
        memory_bytes_max: usage.memory_bytes_max,
        disk_bytes_per_event: disk_bytes / events,
        restart_ms: millis_float(ready_micros),
    })
}

/// A data folder; removed when dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(folders: &Path) -> anyhow::Result<Self> {
        let name = format!("sextant-bench-{}-{}", std::process::id(), now_micros());
        let path = folders.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("make `{}`", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is in a temporary folder.
        drop(std::fs::remove_dir_all(&self.path));
    }
}
