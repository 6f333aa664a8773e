//! `bench`: load and measurements over HTTP, from a client that costs little itself.
//!
//! Never shipped. Everything runs on one thread, so that the server keeps the rest of the machine.

#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

mod compare;
mod events;
mod http;
mod ingest;
mod latency;
mod machine;
mod numbers;
mod oracle;
mod profile;
mod report;
mod results;
mod runs;
mod server;
mod setup;
mod sextant;
mod time;
mod workload;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use workload::Workload;
use workload::files::Folder;

/// Measure a Sextant server.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send batches as fast as they are answered
    Ingest {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: ingest::Batches,
    },
    /// Send single events as fast as they are answered
    Single {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: ingest::Singles,
    },
    /// Make the workload of the comparisons: events, meters, questions and their exact answers
    Workload(Make),
    /// Measure Sextant on a workload, and compare every answer
    Sextant(sextant::Sextant),
    /// Ingest alone, each run on a server of its own, as a table in Markdown
    Runs(runs::Runs),
    /// The comparison: every engine on the same workload, every answer compared, one report
    Compare(compare::Compare),
    /// Where the time goes: a flame graph, or counts of instructions
    Profile(profile::Profile),
    /// Write docs/benchmarks.md and its charts again, from the figures in docs/benchmarks
    Page {
        /// The folder of the page
        #[arg(long, value_name = "DIR", default_value = "docs")]
        docs: PathBuf,
    },
}

/// Which workload to make.
#[derive(Debug, Args)]
struct Make {
    /// Events to send, retries included
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,

    /// What all of it is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Where to; target/bench/EVENTS-SEED when left out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Leave the events out; Sextant can be sent them as they are made
    #[arg(long)]
    no_events: bool,
}

impl Make {
    fn run(&self) -> anyhow::Result<()> {
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| format!("target/bench/{}-{}", self.events, self.seed).into());
        let workload = Workload::new(self.events, self.seed)?;
        let folder = Folder::new(out);
        let begun = Instant::now();
        if folder.make(&workload, !self.no_events)? {
            println!(
                "made {} in {} ms",
                folder.path().display(),
                begun.elapsed().as_millis()
            );
        } else {
            println!("{} is there", folder.path().display());
        }
        Ok(())
    }
}

/// A running server, and a token of one of its organizations.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The server's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,

    /// A token that may write events
    #[arg(long, env = "SEXTANT_TOKEN", hide_env_values = true)]
    pub(crate) token: String,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Ingest { target, options } => {
            let load = block_on(ingest::batches(&target, &options))?;
            println!("{}", report::load(&options.title(), &load));
        }
        Command::Single { target, options } => {
            let load = block_on(ingest::singles(&target, &options))?;
            println!("{}", report::load(&options.title(), &load));
        }
        Command::Workload(make) => make.run()?,
        Command::Sextant(sextant) => sextant.run()?,
        Command::Runs(runs) => runs.run()?,
        Command::Compare(compare) => compare.run()?,
        Command::Profile(profile) => profile.run()?,
        Command::Page { docs } => report::rewrite(&docs)?,
    }
    Ok(())
}

/// Runs to the end on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    // Tasks that share what is not thread-safe need a set of their own.
    tokio::task::LocalSet::new().block_on(&runtime, work)
}
