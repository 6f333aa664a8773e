//! Running programs: announced, their output passed on, and of test runners their closing lines kept.
//!
//! A runner that ran no test, or skipped one, has failed: its exit status alone does not say so.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Why a command ended: which step, and how.
pub(crate) type Failed = String;

/// How a program of ours is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quickly built.
    Dev,
    /// As it is shipped.
    Release,
}

impl Profile {
    /// The folder below the target folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// The cargo that runs this, at the root of the workspace.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).stdin(Stdio::null());
    command
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .map_or_else(|| here.to_owned(), Path::to_owned)
}

/// Where cargo builds: this program was built there too.
pub(crate) fn target() -> Result<PathBuf, Failed> {
    let here = std::env::current_exe().map_err(|error| format!("find this program: {error}"))?;
    let folder = here.ancestors().nth(2);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| format!("{} is in no target folder", here.display()))
}

/// Runs a program whose output is the developer's to read.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
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
pub(crate) fn run_tests(command: &mut Command) -> Result<Vec<String>, Failed> {
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
    let closing: Vec<String> = closing.iter().collect();
    if let Some(line) = closing.iter().find(|line| has_skipped(line)) {
        return Err(format!("{name}: tests were skipped: {}", line.trim()));
    }
    Ok(closing
        .into_iter()
        .filter(|line| has_tests(line) && !line.starts_with(NODE_SKIPPED))
        .collect())
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

/// How Node.js says how many tests were skipped.
const NODE_SKIPPED: &str = "ℹ skipped ";

/// Whether a test runner says with this line how a run came out: cargo, nextest, unittest, Node.js, the checks with schemathesis and DuckDB.
fn is_closing(line: &str) -> bool {
    const STARTS: [&str; 7] = [
        "test result: ",
        "Ran ",
        "OK (skipped=",
        "ℹ tests ",
        NODE_SKIPPED,
        "duckdb: ",
        "schemathesis: ",
    ];
    line.trim_start().starts_with("Summary [") || STARTS.iter().any(|start| line.starts_with(start))
}

/// Whether any test ran in what a closing line closes.
fn has_tests(line: &str) -> bool {
    !line.contains(" 0 passed; 0 failed")
        && !line.starts_with("Ran 0 tests")
        && line != "ℹ tests 0"
        && !line.ends_with(": 0 checks")
        && !line.ends_with(": 0 requests")
}

/// Whether a runner of a published client says that it left tests out. (Of our own tests none is ever ignored.)
fn has_skipped(line: &str) -> bool {
    line.starts_with("OK (skipped=")
        || line
            .strip_prefix(NODE_SKIPPED)
            .is_some_and(|count| count != "0")
}

fn announce(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    let name = std::iter::once(program.into_owned())
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
    fn closing_lines_of_all_runners_are_known() {
        let cargo = "test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let nextest = "     Summary [   0.012s] 31 tests run: 31 passed, 0 skipped";
        let unittest = "Ran 24 tests in 0.923s";
        let node = "ℹ tests 87";
        let duckdb = "duckdb: 2.0.0 reads a sealed folder as documented: 16 checks";
        let schemathesis = "schemathesis: 4.32.5 finds no fault in 47 operations: 7036 requests";
        for line in [cargo, nextest, unittest, node, duckdb, schemathesis] {
            assert!(is_closing(line) && has_tests(line), "{line}");
            assert!(!has_skipped(line), "{line}");
        }
        assert!(!is_closing("test http::tests::a_test ... ok"));
        let nothing = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let no_check = "duckdb: 2.0.0 reads a sealed folder as documented: 0 checks";
        let no_request = "schemathesis: 4.32.5 finds no fault in 0 operations: 0 requests";
        let no_test = "Ran 0 tests in 0.000s";
        for line in [nothing, no_test, "ℹ tests 0", no_check, no_request] {
            assert!(is_closing(line) && !has_tests(line), "{line}");
        }
    }

    #[test]
    fn a_skipped_test_is_seen() {
        for line in ["OK (skipped=2)", "ℹ skipped 1"] {
            assert!(is_closing(line) && has_skipped(line), "{line}");
        }
        assert!(!has_skipped("ℹ skipped 0"));
    }
}
