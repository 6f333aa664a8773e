//! The commands of a developer, as `cargo xtask COMMAND`. Standard library only, so that a clone needs nothing but cargo, and for the
//! programs that people have Python and Node.js.
//!
//! - `test`: what a change must pass: format, lints, documentation, all tests, examples in documentation, and against the server the
//!   published clients, packages built on them and schemathesis; DuckDB on a data folder. `--rust-only` leaves those out.
//! - `ci`: the same on a release build, and that the measurements work.
//! - `clients`: only the programs that people have.
//! - `bench`: Sextant beside ClickHouse, DuckDB and PostgreSQL on one workload, every answer compared; `bench profile`: where the time goes.
//!
//! Steps run in order and the first that fails ends it, with exit status 1. Warnings are errors.

mod bench;
mod clients;
mod run;
mod steps;

use std::process::ExitCode;

use run::Profile;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--rust-only]               format, lints, documentation, tests, and what `clients` does
  ci                               test, the release build, the measurements on tiny inputs
  clients [--release] [NAME...]    what people have: the published clients, packages built on them and schemathesis against
                                   the server, and DuckDB on a data folder; or only those named: python-0.32 python-1.0
                                   node-0.49 node-1.0 ingestion better-auth schemathesis duckdb
  bench [OPTION...]                measure Sextant beside ClickHouse, DuckDB and PostgreSQL, compare every answer, and write
                                   docs/benchmarks.md; `bench --help` has the options
  bench profile [ingest|query]     where the time goes: a flame graph, or counts of instructions

What people have needs Python and Node.js; --rust-only needs neither.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["test"] => steps::test(),
        ["test", "--rust-only"] => steps::test_rust_only(),
        ["ci"] => steps::ci(),
        ["clients", "--release", names @ ..] => steps::clients(Profile::Release, names),
        ["clients", names @ ..] => steps::clients(Profile::Dev, names),
        ["bench", "profile", args @ ..] => bench::profile(args),
        ["bench", args @ ..] => bench::compare(args),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("xtask: {failed}");
            ExitCode::FAILURE
        }
    }
}
