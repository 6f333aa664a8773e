//! What the commands do: programs run one after another from the root of the workspace.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use crate::bench;
use crate::clients::{self, Clients};
use crate::run::{Failed, Profile, cargo, run, run_tests};

/// Everything that a change must pass. The last lines printed are the closing lines of the test runners.
pub(crate) fn test() -> Result<(), Failed> {
    // What is missing for the last step is told before the first.
    let clients = Clients::prepare(&[])?;
    let mut closing = clients_of(Profile::Dev, &clients, rust()?)?;
    tell(&mut closing)
}

/// [`test()`] without the programs that people have.
pub(crate) fn test_rust_only() -> Result<(), Failed> {
    let mut closing = rust()?;
    closing.push("(what needs Python or Node.js was left out)".to_owned());
    tell(&mut closing)
}

/// [`test()`] on a release build, and what only a release build shows: that there is one, and that the measurements still run. Their
/// inputs are tiny here, so the figures say nothing.
pub(crate) fn ci() -> Result<(), Failed> {
    let clients = Clients::prepare(&[])?;
    build(Profile::Release, &["cli", "bench"])?;
    bench::tiny()?;
    let mut closing = rust()?;
    // A client of our own, and a `kill -9` at any moment, against the release build.
    closing.extend(run_tests(&mut cargo([
        "test",
        "--release",
        "--package",
        "cli",
        "--test",
        "it",
        "--locked",
        "--no-fail-fast",
    ]))?);
    let mut closing = clients_of(Profile::Release, &clients, closing)?;
    tell(&mut closing)
}

/// The programs that people have: what has these names, all without names.
pub(crate) fn clients(profile: Profile, names: &[&str]) -> Result<(), Failed> {
    let clients = Clients::prepare(names)?;
    let mut closing = clients_of(profile, &clients, Vec::new())?;
    tell(&mut closing)
}

/// Adds the closing lines of the programs that people have.
fn clients_of(
    profile: Profile,
    clients: &Clients,
    mut closing: Vec<String>,
) -> Result<Vec<String>, Failed> {
    if clients.need_server() {
        build(profile, &["cli"])?;
    }
    closing.extend(clients::try_out(clients, profile)?);
    Ok(closing)
}

/// All that needs only Rust.
fn rust() -> Result<Vec<String>, Failed> {
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
    Ok(closing)
}

pub(crate) fn build(profile: Profile, packages: &[&str]) -> Result<(), Failed> {
    let mut command = cargo(["build", "--locked"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    for package in packages {
        command.args(["--package", package]);
    }
    run(&mut command)
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

fn tell(closing: &mut Vec<String>) -> Result<(), Failed> {
    closing.insert(
        0,
        "\nxtask: every step passed; the test runners closed with".to_owned(),
    );
    let mut out = io::stdout().lock();
    closing
        .iter()
        .try_for_each(|line| writeln!(out, "{line}"))
        .map_err(|error| format!("print: {error}"))
}
