//! What the commands do: programs run one after another from the root of the workspace.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Why a command ended: which step, and how.
type Failed = String;

/// Everything that a change must pass. The last lines printed are the closing lines of the test runners.
pub(crate) fn test() -> Result<(), Failed> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    run(cargo(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    let mut closing = run_tests(&mut cargo(["test", "--workspace", "--doc", "--locked"]))?;
    let ran = run_tests(&mut tests())?;
    if ran.is_empty() {
        return Err("no test ran".to_owned());
    }
    closing.extend(ran);
    let mut out = io::stdout().lock();
    let printed = writeln!(
        out,
        "\nxtask: every step passed; the test runners closed with"
    )
    .and_then(|()| closing.iter().try_for_each(|line| writeln!(out, "{line}")));
    printed.map_err(|error| format!("print: {error}"))
}

/// [`test()`], and what only a release build shows: that there is one, and that the measurements still run. Their inputs are tiny
/// here, so the figures say nothing.
pub(crate) fn ci() -> Result<(), Failed> {
    run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "--package",
        "cli",
        "--package",
        "bench",
    ]))?;
    run(&mut cargo([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "bench",
        "--",
        "all",
        "--seconds",
        "1",
        "--events",
        "20000",
    ]))?;
    test()
}

/// All tests, with nextest where it is installed: it runs the tests of all crates at once.
fn tests() -> Command {
    let nextest = cargo(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if nextest.is_ok_and(|status| status.success()) {
        cargo([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ])
    } else {
        cargo([
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--locked",
            "--no-fail-fast",
        ])
    }
}

/// The cargo that runs this, at the root of the workspace.
fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).stdin(Stdio::null());
    command
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .map_or_else(|| here.to_owned(), Path::to_owned)
}

/// Runs a program whose output is the developer's to read.
fn run(command: &mut Command) -> Result<(), Failed> {
    let name = announce(command);
    let status = command
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {status}"))
    }
}

/// Runs a test runner, passes its output on, and gives back its closing lines: of each set of tests how it came out.
fn run_tests(command: &mut Command) -> Result<Vec<String>, Failed> {
    let name = announce(command);
    let failed = |error: io::Error| format!("{name}: {error}");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (found, closing) = mpsc::channel();
    let out = child
        .stdout
        .take()
        .map(|from| pass_on(from, io::stdout(), found.clone()));
    let err = child
        .stderr
        .take()
        .map(|from| pass_on(from, io::stderr(), found));
    let status = child.wait().map_err(failed)?;
    for reader in [out, err].into_iter().flatten() {
        reader
            .join()
            .map_err(|_| format!("{name}: its output could not be passed on"))?;
    }
    if !status.success() {
        return Err(format!("{name}: {status}"));
    }
    Ok(closing.iter().filter(|line| has_tests(line)).collect())
}
/// Copies lines, and reports those that close a run of tests.
fn pass_on(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    found: Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // Who reads our output may have gone; the tests go on, and their status counts.
            let _printed = writeln!(to, "{line}");
            if is_closing(&line) && found.send(line).is_err() {
                return;
            }
        }
    })
}

/// Whether a test runner says with this line how a run came out.
fn is_closing(line: &str) -> bool {
    line.starts_with("test result: ") || line.trim_start().starts_with("Summary [")
}

/// Whether any test ran in what a closing line closes.
fn has_tests(line: &str) -> bool {
    !line.contains(" 0 passed; 0 failed")
}

fn announce(command: &Command) -> String {
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    let name = std::iter::once("cargo".to_owned())
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ");
    eprintln!("xtask: {name}");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_known() {
        let cargo = "test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let nextest = "     Summary [   0.012s] 31 tests run: 31 passed, 0 skipped";
        for line in [cargo, nextest] {
            assert!(is_closing(line) && has_tests(line), "{line}");
        }
        assert!(!is_closing("test http::tests::a_test ... ok"));
        let nothing = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert!(is_closing(nothing) && !has_tests(nothing));
    }
}
