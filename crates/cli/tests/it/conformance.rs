//! The recorded conversations with the reference, played against the real binary.

use std::path::PathBuf;

use conformance::{Expected, Level, Report, Tally, read_cases, replay};

use crate::server::{ADMIN_TOKEN, Server};

/// The groups whose steps must reach level 2 save those in `expected.json`, and level 3 where they are refused with 422.
const GROUPS: [&str; 8] = [
    "quantities",
    "filters",
    "aggregations",
    "meters",
    "events",
    "customers",
    "customer_meters",
    "events_list",
];

#[test]
fn quantities_are_those_of_the_reference() {
    check("quantities");
}

#[test]
fn filters_admit_the_events_that_the_reference_admits() {
    check("filters");
}

#[test]
fn aggregations_are_those_of_the_reference() {
    check("aggregations");
}

#[test]
fn meters_are_created_changed_and_listed_as_by_the_reference() {
    check("meters");
}

#[test]
fn events_are_taken_and_refused_as_by_the_reference() {
    check("events");
}

#[test]
fn customers_are_created_listed_changed_and_deleted_as_by_the_reference() {
    check("customers");
}

#[test]
fn customer_meters_are_those_of_the_reference() {
    check("customer_meters");
}

#[test]
fn events_are_read_back_as_from_the_reference() {
    check("events_list");
}

#[track_caller]
fn check(group: &str) {
    assert!(GROUPS.contains(&group), "{group} is in the list of groups");
    let report = play(group);
    let total = report.total();
    eprintln!("{report}");
    for failure in report.failures().iter().take(20) {
        eprintln!("{failure}");
    }
    assert_eq!(
        report.failures().len(),
        0,
        "steps of {group} that differ; the first are above"
    );
    let agreeing: Vec<_> = report.agreeing().collect();
    assert!(
        agreeing.is_empty(),
        "`conformance --expected FILE --prune` takes out of the list what agrees: {agreeing:?}"
    );
    let Tally {
        steps,
        refused,
        refused_alike,
        ..
    } = total;
    assert!(steps > 40, "only {steps} steps of {group} were compared");
    assert_eq!(
        refused_alike, refused,
        "recorded 422 answers that name the same places and types, and all of them"
    );
}

fn play(group: &str) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut client = server.client();
    let expected = Expected::read(&folder_of_recordings().with_file_name("expected.json"));
    let mut report = Report::new(Level::Body, expected.expect("the list of differences"));
    for case in recorded(group) {
        let outcomes = replay(&mut client, ADMIN_TOKEN, &case).expect("organizations can be made");
        report.add(&case, &outcomes);
    }
    report
}

fn recorded(group: &str) -> Vec<conformance::Case> {
    let file = folder_of_recordings().join(group).with_extension("jsonl");
    read_cases(&file).expect("a recording")
}

fn folder_of_recordings() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance/recordings"
    ))
}

#[test]
fn every_group_of_recordings_is_replayed() {
    let mut files: Vec<String> = std::fs::read_dir(folder_of_recordings())
        .expect("the recordings")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
        .collect();
    files.sort();
    let mut named = GROUPS.to_vec();
    named.sort_unstable();
    assert_eq!(files, named);
}

#[test]
fn every_listed_difference_is_a_recorded_step_and_its_rule_is_explained() {
    let folder = folder_of_recordings();
    let expected = Expected::read(&folder.with_file_name("expected.json")).expect("the list");
    let cases: Vec<_> = GROUPS.into_iter().flat_map(recorded).collect();
    let page = std::fs::read_to_string(folder.join("../../../docs/conformance.md"));
    let page = page.expect("docs/conformance.md");
    for (case, step, rule) in expected.entries() {
        let steps = cases
            .iter()
            .find(|known| known.name == case)
            .map(|known| known.steps.len());
        assert!(
            steps.is_some_and(|steps| step < steps),
            "{case} step {step} is not recorded"
        );
        assert!(
            page.contains(&format!("`{rule}`")),
            "docs/conformance.md does not explain `{rule}`"
        );
    }
}
