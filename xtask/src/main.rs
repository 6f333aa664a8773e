//! The commands of a developer, as `cargo xtask COMMAND`. Standard library only, so that a clone needs nothing but cargo.
//!
//! - `test`: what a change must pass: format, lints, documentation, all tests, examples in documentation.
//! - `ci`: the same, and that the release build and the measurements work.
//!
//! Steps run in order and the first that fails ends it, with exit status 1. Warnings are errors.

mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--rust-only]   format, lints, documentation, tests
  ci                   test, the release build, the measurements on tiny inputs
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        // There is nothing yet but Rust to test.
        ["test"] | ["test", "--rust-only"] => steps::test(),
        ["ci"] => steps::ci(),
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
