//! Replays recordings against a running server: `conformance --base-url URL --admin-token TOKEN FILE…`.
//!
//! Exit status: 0 when every step reaches the asked level, 1 when not, 2 when it could not run.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use conformance::{Client, Expected, Glob, Level, Report, read_cases, replay};

/// Replays recorded conversations against a running server and compares the answers.
#[derive(Debug, Parser)]
struct Args {
    /// Where the server listens, http://HOST:PORT.
    #[arg(long)]
    base_url: String,
    /// The server's admin token; every case gets an organization of its own.
    #[arg(long)]
    admin_token: String,
    /// A pattern for the names of cases.
    #[arg(long, default_value = "*")]
    only: String,
    /// How far an answer must agree: 1 the status, 2 the body, 3 what a 422 says.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    level: u8,
    /// Steps that may differ, [{"case","step","rule"}].
    #[arg(long)]
    expected: Option<PathBuf>,
    /// Take the steps that agree out of the file of --expected.
    #[arg(long, requires = "expected")]
    prune: bool,
    /// How many failures to print.
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// Write every failure to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The recordings.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    match run(&Args::parse(), &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Nobody is left to tell when this fails too.
            let _told = writeln!(std::io::stderr(), "conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every step reaches the level.
fn run(args: &Args, out: &mut impl std::io::Write) -> anyhow::Result<bool> {
    let expected = args
        .expected
        .as_deref()
        .map(Expected::read)
        .transpose()?
        .unwrap_or_default();
    let only = Glob::new(&args.only);
    let mut report = Report::new(Level::ALL[usize::from(args.level) - 1], expected);
    let mut client = Client::new(&args.base_url)?;
    for file in &args.files {
        for case in read_cases(file)?
            .iter()
            .filter(|case| only.fits(&case.name))
        {
            let outcomes = replay(&mut client, &args.admin_token, case)?;
            report.add(case, &outcomes);
        }
    }
    for failure in report.failures().iter().take(args.show) {
        writeln!(out, "{failure}")?;
    }
    if let Some(path) = &args.json {
        let text = serde_json::to_vec_pretty(report.failures())?;
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    if let (true, Some(path)) = (args.prune, &args.expected) {
        let kept = report.pruned();
        std::fs::write(path, kept).with_context(|| format!("write {}", path.display()))?;
    }
    writeln!(out, "{report}")?;
    Ok(report.total().steps > 0 && report.failures().is_empty())
}
