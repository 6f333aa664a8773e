//! The table of docs/conformance.md that names a test for each line of SEMANTICS 18 has every line, and names no test that is not there.

use std::collections::BTreeMap;
use std::fs;

use super::root;

/// The parts of SEMANTICS 18, and how many lines each has.
const LINES: [(&str, usize); 6] = [
    ("18.1", 9),
    ("18.2", 13),
    ("18.3", 14),
    ("18.4", 19),
    ("18.5", 3),
    ("18.6", 14),
];

/// What the table calls the folders of tests, below `crates`.
const FOLDERS: [(&str, &str); 6] = [
    ("routes", "server/src/routes/tests"),
    ("router", "server/src/router/tests"),
    ("request", "server/src/request"),
    ("service", "service/tests/it"),
    ("domain", "domain/src"),
    ("it", "cli/tests/it"),
];

/// A line and its tests, each a file as the table calls it and the name of a function.
type Row<'a> = (&'a str, Vec<(&'a str, &'a str)>);

/// The rows of the table.
fn rows(page: &str) -> Vec<Row<'_>> {
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [number, _, tests] = cells[..] else {
        return None;
    };
    if !line.starts_with('|') || !number.starts_with("18.") {
        return None;
    }
    let mut file = "";
    let mut named = Vec::new();
    // What stands between backticks: every other piece.
    for word in tests.split('`').skip(1).step_by(2) {
        match word.strip_suffix(".rs") {
            Some(_) => file = word,
            None => named.push((file, word)),
        }
    }
    Some((number, named))
}

/// The source of a file as the table calls it.
fn source(file: &str) -> Option<String> {
    let (folder, rest) = file.split_once('/')?;
    let (_, below) = FOLDERS.iter().find(|(short, _)| *short == folder)?;
    fs::read_to_string(root().join("crates").join(below).join(rest)).ok()
}

/// Whether a function of this name is a test that runs.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    let found = lines
        .iter()
        .position(|line| starts.iter().any(|start| line.starts_with(start.as_str())));
    let attributes = lines[..found.unwrap_or(0)].iter().rev();
    let attributes: Vec<&&str> = attributes
        .take_while(|line| line.starts_with("#["))
        .collect();
    let is_marked = |mark: &str| attributes.iter().any(|line| line.starts_with(mark));
    (is_marked("#[test]") || is_marked("#[tokio::test")) && !is_marked("#[ignore")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/conformance.md")).expect("docs/conformance.md")
}

#[test]
fn every_line_of_section_18_has_one_row_and_each_row_a_test() {
    let page = page();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, tests) in rows(&page) {
        let (part, line) = number.rsplit_once('.').expect("a part and a line");
        let count = found.entry(part).or_default();
        *count += 1;
        assert_eq!(line, count.to_string(), "{number} is in its place");
        assert!(!tests.is_empty(), "{number} names no test");
    }
    assert_eq!(found, BTreeMap::from(LINES));
}

#[test]
fn every_test_that_is_named_for_a_line_is_there() {
    for (number, tests) in rows(&page()) {
        for (file, name) in tests {
            let source = source(file).unwrap_or_else(|| panic!("{number}: no file {file}"));
            assert!(is_test(&source, name), "{number}: no test {name} in {file}");
        }
    }
}

#[test]
fn a_row_is_read_and_a_test_told_from_a_function_that_only_looks_like_one() {
    let page = "text\n| line | about | test |\n|---|---|---|\n| 18.9.1 | `x` | `a/b.rs`: `one`, `two`; `c.rs`: `three` |\n| D1 | a | b |\n";
    let tests = vec![("a/b.rs", "one"), ("a/b.rs", "two"), ("c.rs", "three")];
    assert_eq!(rows(page), [("18.9.1", tests)]);
    let source = "#[test]\n#[expect(a, reason = \"b\")]\nfn one() {}\n    #[tokio::test]\n    async fn two() {}\n\nfn three() {}\n#[test]\n#[ignore = \"slow\"]\nfn four() {}\n// #[test]\nfn five() {}\n";
    for (name, expected) in [
        ("one", true),
        ("two", true),
        ("three", false),
        ("four", false),
        ("five", false),
        ("on", false),
    ] {
        assert_eq!(is_test(source, name), expected, "{name}");
    }
}
