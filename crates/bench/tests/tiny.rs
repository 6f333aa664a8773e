//! The whole measurement on a few thousand events and the server of this build: it works, and every answer is right.
//!
//! Times mean nothing here. What counts is that the load, the questions, the kill and the restart agree with the oracle.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The server of this build; built when it is not there, as when this package is tested alone.
fn server() -> PathBuf {
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let server = bench.with_file_name("sextant");
    if !server.try_exists().expect("look for the server") {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--locked", "--package", "cli"])
            .status()
            .expect("start cargo");
        assert!(status.success(), "the server does not build: {status}");
    }
    server
}

/// Runs `bench` and gives back what it prints.
fn bench(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .arg("--folder")
        .arg(folder)
        .arg("--docs")
        .arg(folder.join("docs"))
        .arg("--server")
        .arg(server())
        .output()
        .expect("start bench");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn every_answer_to_a_tiny_workload_is_exact_at_rest_under_load_and_after_a_kill() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tiny");
    drop(std::fs::remove_dir_all(&folder));
    let out = bench(
        &[
            "compare",
            "--events",
            "6000",
            "--engines",
            "sextant",
            "--seconds",
            "1",
            "--pressure-batch",
            "10",
            "--pressure-connections",
            "1",
            "--ingest-seconds",
            "0",
            "--rate-seconds",
            "0",
            "--question-ms",
            "5",
        ],
        &folder,
    );
    assert!(out.contains("103 answers, all exact"), "{out}");
    assert!(out.contains("greatest error 0"), "{out}");
    let page = std::fs::read_to_string(folder.join("docs/benchmarks.md")).expect("the page");
    assert!(page.contains("## 6,000 events"), "{page}");
    assert!(page.contains("| Sextant | 103 | 103 | 0 | 0 |"), "{page}");
}
