//! A catalogue that is lost, or not the one that belongs to the events.

use std::fs;

use domain::Identity;
use service::OpenError;

use crate::harness::{Harness, ingest};

/// A folder with an event, closed.
fn with_an_event() -> Harness {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 1)],
    )
    .expect("taken");
    harness
}

/// The folder's journal.
fn journal(harness: &Harness) -> Vec<u8> {
    let folder = harness.folder.path().join("data/journal");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| fs::read(file).expect("readable"))
        .collect()
}

#[test]
fn a_catalogue_that_is_missing_or_empty_is_not_taken_for_that_of_a_first_start() {
    for lose in [|path| fs::remove_file(path), |path| fs::write(path, b"")] as [fn(_) -> _; 2] {
        let harness = with_an_event();
        let before = journal(&harness);
        lose(harness.folder.path().join("data/catalog.sqlite")).expect("lost");
        assert!(matches!(
            harness.try_open(),
            Err(OpenError::CatalogMissing { .. })
        ));
        assert_eq!(journal(&harness), before, "the journal is left as it was");
    }
}

#[test]
fn a_catalogue_that_does_not_know_the_events_organization_is_refused() {
    let (harness, other) = (with_an_event(), with_an_event());
    let path = |harness: &Harness| harness.folder.path().join("data/catalog.sqlite");
    // The harness makes the same identifiers every time; another name makes another catalogue.
    let (service, _) = other.open(None);
    drop(service);
    fs::remove_dir_all(other.folder.path().join("data")).expect("removed");
    let (service, _) = other.open(None);
    service
        .create_organization("Somebody else", "somebody-else")
        .expect("made");
    drop(service);
    fs::copy(path(&other), path(&harness)).expect("copied");
    assert!(matches!(
        harness.try_open(),
        Err(OpenError::CatalogForeign { .. })
    ));
}
