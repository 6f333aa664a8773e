//! `bench`: load and measurements over HTTP, from a client that costs little itself.
//!
//! Never shipped. Everything runs on one thread, so that the server keeps the rest of the machine.

#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

mod all;
mod events;
mod http;
mod ingest;
mod latency;
mod machine;
mod numbers;
mod quantities;
mod report;
mod server;
mod setup;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

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
    /// Fill a server with events and measure quantities
    Quantities {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: quantities::Options,
    },
    /// Start a server for each of the measurements and print a table in Markdown
    All(all::All),
}

/// A running server, and a token of one of its organizations.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The server's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,

    /// A token that may write events and, for quantities, meters
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
        Command::Quantities { target, options } => {
            let answers = block_on(quantities::measure(&target, &options))?;
            println!("{}", report::answers(&answers));
        }
        Command::All(all) => all.run()?,
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
