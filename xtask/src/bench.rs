//! Measuring: builds what is measured, makes the Python environment of the other engines, and leaves the rest to `crates/bench`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Failed, Profile, root, run, target};
use crate::steps;

/// What the other engines need, from the root of the workspace.
const REQUIREMENTS: &str = "crates/bench/engines/requirements.txt";

/// The comparison, with these arguments of `bench compare`.
///
/// # Errors
/// When Python is missing and another engine is asked for; when Sextant answers wrongly.
pub(crate) fn compare(args: &[&str]) -> Result<(), Failed> {
    steps::build(Profile::Release, &["cli", "bench"])?;
    if needs_python(args) {
        environment(&target()?.join("bench/venv"))?;
    }
    run(bench("compare")?.args(args))
}

/// Where the time goes, by `perf` or `valgrind`.
pub(crate) fn profile(args: &[&str]) -> Result<(), Failed> {
    steps::build(Profile::Release, &["cli", "bench"])?;
    run(bench("profile")?.args(args))
}

/// Our part on an input so small that the figures say nothing: only whether everything works, and the answers are right.
pub(crate) fn tiny() -> Result<(), Failed> {
    let folder = target()?.join("bench/tiny");
    let docs = folder.join("docs");
    let args = "--events 20000 --engines sextant --seconds 1 --ingest-seconds 1 --rate-seconds 1";
    let mut command = bench("compare")?;
    command
        .args(args.split(' '))
        .arg("--folder")
        .arg(&folder)
        .arg("--docs")
        .arg(&docs);
    run(&mut command)
}

/// The program that was built, at the root of the workspace.
fn bench(command: &str) -> Result<Command, Failed> {
    let program = target()?.join(Profile::Release.folder()).join("bench");
    let mut bench = Command::new(program);
    bench.arg(command).current_dir(root()).stdin(Stdio::null());
    Ok(bench)
}

/// Whether another engine than ours is asked for, as is without `--engines`.
fn needs_python(args: &[&str]) -> bool {
    let mut engines = args
        .iter()
        .enumerate()
        .filter_map(|(index, arg)| match *arg {
            "--engines" => args.get(index + 1).copied(),
            _ => arg.strip_prefix("--engines="),
        });
    engines.next_back() != Some("sextant")
}

/// Makes the environment, unless it is there with the same requirements.
fn environment(folder: &Path) -> Result<(), Failed> {
    let requirements = root().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)
        .map_err(|error| format!("read {}: {error}", requirements.display()))?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ];
    run(Command::new(folder.join("bin/python"))
        .args(pip)
        .arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(|error| format!("write {}: {error}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_other_engines_need_python() {
        assert!(needs_python(&[]));
        assert!(needs_python(&["--engines", "sextant,duckdb"]));
        assert!(!needs_python(&["--events", "5", "--engines", "sextant"]));
        assert!(!needs_python(&["--engines=sextant"]));
    }
}
