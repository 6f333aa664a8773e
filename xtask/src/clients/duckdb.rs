//! DuckDB reads a data folder with sealed events as `docs/data-folder.md` says: the view and the question shown there, and what they
//! must answer.
//!
//! The store's example makes the folder, and `check.py` in the store's tests asks.

use std::fs;
use std::io;

use super::environment::Environment;
use super::published::Published;
use crate::run::{Failed, Profile, cargo, run, run_tests, target};

/// Seals events into a new folder and reads them; the closing line.
///
/// # Errors
/// When the folder cannot be made, DuckDB cannot open it, or gives another answer than the one that the events add up to.
pub(crate) fn read_sealed(
    published: &Published,
    environment: &Environment,
    profile: Profile,
) -> Result<String, Failed> {
    let title = format!("{}, a sealed data folder", published.package);
    eprintln!("\nxtask: {title}");
    let folder = target()?.join("clients/sealed");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", folder.display()));
        }
        _ => {}
    }
    let mut seal = cargo(["run", "--quiet", "--locked"]);
    if profile == Profile::Release {
        seal.arg("--release");
    }
    seal.args(["--package", "store", "--example", "sealed_folder", "--"]);
    run(seal.arg(&folder))?;
    let ran = run_tests(environment.program("check").arg(&folder))?;
    match ran.as_slice() {
        [line] => Ok(line.clone()),
        _ => Err(format!("{title}: nothing was checked")),
    }
}
