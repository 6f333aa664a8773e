//! The rules of the source tree that no compiler keeps: which crate may name which, and words that must not occur.

mod facts;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every crate, and those of ours that its `[dependencies]` may name.
const LAYERS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("api", &[]),
    ("catalog", &["domain"]),
    ("store", &["domain"]),
    ("query", &["domain", "store"]),
    ("engine", &["domain", "store", "query"]),
    ("service", &["domain", "catalog", "engine"]),
    ("server", &["domain", "service", "api"]),
    ("cli", &["server", "api", "service"]),
    ("bench", &["service", "api"]),
    ("conformance", &[]),
    ("xtask", &[]),
];

/// Crates of others that only these may name: an async runtime, HTTP, JSON, SQL, file formats.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("tokio", &["server", "cli", "bench"]),
    ("tokio-rustls", &["server"]),
    ("rustls-native-certs", &["server"]),
    ("webpki-roots", &["server"]),
    ("axum", &["server"]),
    ("tower", &["server"]),
    ("tower-http", &["server"]),
    ("serde", &["api", "server", "cli", "conformance", "bench"]),
    (
        "serde_json",
        &["api", "server", "cli", "conformance", "bench"],
    ),
    ("rusqlite", &["catalog"]),
    ("parquet", &["store"]),
    ("xorf", &["store"]),
];

/// Words that must not stand in the code of these crates (tests and comments aside), and why.
const WORDS: [(&[&str], &[&str], &str); 5] = [
    (
        &["domain", "query", "engine", "service", "catalog", "store"],
        &[
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
        ],
        "below the server nothing reads a clock that it was not given",
    ),
    (
        &["domain", "catalog", "store", "query", "engine", "service"],
        &["async fn", "async move", ".await", "tokio::"],
        "only the server is async",
    ),
    (
        &["domain"],
        &[
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "serde",
            "f32",
            "f64",
        ],
        "domain is pure and exact",
    ),
    (
        &["store"],
        &[
            "meter",
            "Meter",
            "price",
            "Price",
            "aggregation",
            "Aggregation",
            "serde",
        ],
        "the store knows bytes and columns, not what they are billed as",
    ),
    (
        &["query"],
        &["std::fs", "std::net", "File::"],
        "a query reads the snapshot that it is given",
    ),
];

/// Files above this many lines are named in the output: is there more than one thing in them?
const LINES_MANY: usize = 700;

#[test]
fn every_crate_names_only_crates_of_the_layers_below_it() {
    let ours: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeSet::new();
    for manifest in manifests() {
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let name = package_name(&text).expect("a package");
        let layer = LAYERS.iter().find(|(layer, _)| *layer == name);
        let (_, below) = layer.unwrap_or_else(|| panic!("{name} has no place in the layers"));
        for dependency in dependencies(&text) {
            assert!(
                !ours.contains(dependency) || below.contains(&dependency),
                "{name} may not depend on {dependency}"
            );
            let only_in = ONLY_IN.iter().find(|(only, _)| *only == dependency);
            assert!(
                only_in.is_none_or(|(_, crates)| crates.contains(&name)),
                "{name} may not depend on {dependency}"
            );
        }
        seen.insert(name.to_owned());
    }
    let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(
        seen, ours,
        "crates that are there, and crates that have a place"
    );
}

#[test]
fn code_does_not_use_what_its_layer_must_not_know() {
    for (crates, words, why) in WORDS {
        for name in crates {
            for path in sources(&root().join("crates").join(name).join("src")) {
                let text = fs::read_to_string(&path).expect("a source");
                for (number, line) in code(&text) {
                    let word = words.iter().find(|word| line.contains(**word));
                    assert!(
                        word.is_none(),
                        "{}:{number} has `{}`, but {why}:\n{line}",
                        path.display(),
                        word.unwrap_or(&"")
                    );
                }
            }
        }
    }
}

#[test]
fn every_source_says_what_it_is_for() {
    for manifest in manifests() {
        let folder = manifest
            .parent()
            .expect("a manifest is in a folder")
            .join("src");
        for path in sources(&folder) {
            let text = fs::read_to_string(&path).expect("a source");
            let is_tests = path.file_name().is_some_and(|name| name == "tests.rs");
            assert!(
                is_tests || text.starts_with("//!"),
                "{} does not start with //!",
                path.display()
            );
            let lines = text.lines().count();
            if lines > LINES_MANY {
                eprintln!("{} has {lines} lines", path.display());
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The manifests of all crates.
fn manifests() -> Vec<PathBuf> {
    let mut found = vec![root().join("xtask/Cargo.toml")];
    for entry in fs::read_dir(root().join("crates")).expect("the crates") {
        let manifest = entry.expect("an entry").path().join("Cargo.toml");
        if manifest.is_file() {
            found.push(manifest);
        }
    }
    found.sort();
    found
}

/// All `.rs` files below the folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.append(&mut sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn package_name(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("name = "))?;
    line.split('"').nth(1)
}

/// The names under `[dependencies]` and `[build-dependencies]`; what tests use is theirs alone.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            if let Some((table, name)) = section.rsplit_once('.')
                && is_shipped(table)
            {
                found.push(name);
            }
        } else if is_shipped(section)
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
        {
            found.push(name);
        }
    }
    found
}

fn is_shipped(section: &str) -> bool {
    matches!(
        section.rsplit('.').next(),
        Some("dependencies" | "build-dependencies")
    )
}

/// The lines of a source, numbered, without comments and without what is compiled for tests alone: a module of tests at the
/// end, or the one line behind `#[cfg(test)]` elsewhere.
fn code(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut lines = source.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            found.push((index + 1, line.split("//").next().unwrap_or_default()));
        } else if lines.next().is_some_and(|(_, line)| line == "mod tests {") {
            break;
        }
    }
    found
}

#[test]
fn words_are_looked_for_in_code_and_not_in_comments_or_tests() {
    let source = "a\n// b\nc // d\n#[cfg(test)]\nmod tests;\ne\n#[cfg(test)]\nmod tests {\nf\n}\n";
    assert_eq!(code(source), [(1, "a"), (2, ""), (3, "c "), (6, "e")]);
}

#[test]
fn the_reading_of_a_manifest_finds_every_way_to_name_a_dependency() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = 1\nc = { path = \"c\" }\n\n[dependencies.d]\nversion = \"1\"\n[dev-dependencies]\ne.workspace = true\n[target.'cfg(unix)'.dependencies]\nf = \"1\"\n";
    assert_eq!(package_name(manifest), Some("x"));
    assert_eq!(dependencies(manifest), ["a", "c", "d", "f"]);
}
