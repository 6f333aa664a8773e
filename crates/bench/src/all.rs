//! All measurements, each on a server of its own, as a table for the documentation.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::events::Shape;
use crate::ingest::{self, Batches, Load, Singles};
use crate::numbers::{grouped, now_micros};
use crate::quantities::{self, Options};
use crate::report::{self, LoadRow};
use crate::server::{ADMIN_TOKEN, Server};
use crate::{Target, block_on, machine, setup, time};

/// What to measure, and how long.
#[derive(Debug, Args)]
pub(crate) struct All {
    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "target/release/sextant")]
    server: PathBuf,

    /// Where to make the data folders; on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Only this measurement; may be repeated
    #[arg(long)]
    only: Vec<Part>,

    /// How long each run of ingest sends
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Events that quantities are asked about
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

/// One of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Batches of events with twelve metadata keys
    Twelve,
    /// Batches of events with three metadata keys
    Three,
    /// Single events
    Single,
    /// Quantities
    Quantities,
}

impl All {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Measures and prints.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let folders = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        println!("- machine: {}", machine::machine());
        println!(
            "- commit: {}, {}",
            machine::commit(),
            &time::timestamp(now_micros())[..10]
        );
        println!(
            "- command: `bench all --seconds {} --events {}`",
            self.seconds, self.events
        );
        println!(
            "- load average of the minute before: {}\n",
            machine::load_average()
        );
        let batches = |keys| Batches {
            batch: 1_000,
            connections: 4,
            seconds: self.seconds,
            keys,
            days: 1,
        };
        let singles = Singles {
            connections: 64,
            seconds: self.seconds,
            keys: Shape::Twelve,
        };
        let mut runs = Vec::new();
        for (part, keys) in [(Part::Twelve, Shape::Twelve), (Part::Three, Shape::Three)] {
            if self.wants(part) {
                let options = batches(keys);
                runs.push(self.load(&folders, options.title(), |target| {
                    block_on(ingest::batches(target, &options))
                })?);
            }
        }
        if self.wants(Part::Single) {
            runs.push(self.load(&folders, singles.title(), |target| {
                block_on(ingest::singles(target, &singles))
            })?);
        }
        if !runs.is_empty() {
            println!("{}", report::loads(&runs));
        }
        if self.wants(Part::Quantities) {
            self.quantities(&folders)?;
        }
        Ok(())
    }

    fn quantities(&self, folders: &Path) -> anyhow::Result<()> {
        let folder = Folder::make(folders)?;
        let server = Server::start(&self.server, &folder.path)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let options = Options {
            events: self.events,
        };
        let answers = block_on(quantities::measure(&target, &options))?;
        println!("{}", report::answers(&answers));
        let memory = server.usage()?.memory_bytes_max / 1_000_000;
        let rate = grouped(answers.fill.events_per_second());
        println!("Filled at {rate} events/s; peak memory afterwards {memory} MB.");
        Ok(())
    }

    /// One run of ingest on a fresh server, which is then killed and started again.
    fn load(
        &self,
        folders: &Path,
        title: String,
        run: impl FnOnce(&Target) -> anyhow::Result<Load>,
    ) -> anyhow::Result<LoadRow> {
        let folder = Folder::make(folders)?;
        let server = Server::start(&self.server, &folder.path)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let before = server.usage()?;
        let load = run(&target)?;
        let mut usage = server.usage()?;
        usage.cpu_micros -= before.cpu_micros;
        // Killed, not stopped.
        drop(server);
        let disk_bytes = machine::folder_bytes(&folder.path).context("measure the data folder")?;
        let again = Server::start(&self.server, &folder.path)?;
        let ready_micros = u64::try_from(again.ready_after.as_micros()).unwrap_or(u64::MAX);
        Ok(LoadRow {
            title,
            load,
            usage,
            disk_bytes,
            ready_micros,
        })
    }
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
