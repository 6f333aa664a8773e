//! Files that are not a catalogue, are newer, or are damaged: a clear error that names the file, and not a byte changed.

use std::error::Error;
use std::fs;
use std::path::Path;

use catalog::{Catalog, CatalogError, Outbox};
use rusqlite::Connection;

use crate::{customer, folder, open, organization};

/// Opens what must not open and gives the error; the file must be as it was.
#[track_caller]
fn refused(path: &Path) -> CatalogError {
    let before = fs::read(path).expect("reads");
    let error = Catalog::open(path).expect_err("must not open");
    let after = fs::read(path).expect("reads");
    let changed = before
        .iter()
        .zip(&after)
        .position(|(before, after)| before != after);
    assert_eq!(
        (changed, after.len()),
        (None, before.len()),
        "the file was changed"
    );
    assert!(
        error.to_string().contains("catalog.sqlite"),
        "{error} names no file"
    );
    error
}

fn with_connection(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opens");
    connection.execute_batch(sql).expect("runs");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    for content in ["x", "not a database", &"long ".repeat(10_000)] {
        let (_folder, path) = folder();
        fs::write(&path, content).expect("writes");
        assert!(matches!(refused(&path), CatalogError::NotACatalog { .. }));
    }
}

#[test]
fn the_database_of_another_program_is_refused() {
    for sql in [
        "CREATE TABLE notes (text TEXT)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 77",
        "CREATE TABLE organizations (id BLOB); PRAGMA user_version = 1",
    ] {
        let (_folder, path) = folder();
        with_connection(&path, sql);
        assert!(
            matches!(refused(&path), CatalogError::NotACatalog { .. }),
            "{sql}"
        );
    }
}

#[test]
fn a_newer_format_is_refused_and_both_versions_are_named() {
    let (_folder, path) = folder();
    drop(open(&path));
    with_connection(&path, "PRAGMA user_version = 99");
    let error = refused(&path);
    assert!(matches!(
        error,
        CatalogError::NewerVersion {
            found: 99,
            supported: 1,
            ..
        }
    ));
    assert!(error.to_string().contains("format 99"), "{error}");
}

#[test]
fn an_empty_file_becomes_a_catalogue() {
    let (_folder, path) = folder();
    fs::write(&path, "").expect("writes");
    open(&path)
        .insert_organization(&organization())
        .expect("inserts");
    assert_eq!(
        open(&path).organization(organization().id).expect("reads"),
        Some(organization())
    );
}

#[test]
fn a_folder_or_a_missing_folder_is_an_error() {
    let (folder, path) = folder();
    assert!(matches!(
        Catalog::open(folder.path()),
        Err(CatalogError::Open { .. })
    ));
    let nowhere = path.join("catalog.sqlite");
    assert!(matches!(
        Catalog::open(&nowhere),
        Err(CatalogError::Open { .. })
    ));
}

#[test]
fn a_damaged_page_is_found_when_the_file_is_opened() {
    let (_folder, path) = folder();
    {
        let catalog = open(&path);
        catalog
            .insert_organization(&organization())
            .expect("inserts");
        for n in 1..=200 {
            catalog
                .insert_customer(&customer(n), &Outbox::default())
                .expect("inserts");
        }
    }
    let sound = fs::read(&path).expect("reads");
    let page_bytes = 4096;
    // The first page holds the header and the schema; damage of any of the others must be seen, but for those of what webhooks leave.
    let unchecked = unchecked_pages(&path);
    let mut found = 0;
    let pages = sound.len() / page_bytes;
    for page in 1..pages {
        if unchecked.contains(&page) {
            continue;
        }
        let mut damaged = sound.clone();
        damaged[page * page_bytes..][..64].fill(0xff);
        fs::write(&path, damaged).expect("writes");
        let error = refused(&path);
        assert!(matches!(error, CatalogError::Open { .. }), "{error:?}");
        assert!(
            error
                .source()
                .is_some_and(|source| source.to_string().contains("damaged"))
        );
        found += 1;
    }
    assert!(found > 10, "{found} pages are too few to tell");
    fs::write(&path, sound).expect("writes");
    open(&path);
}

/// The pages of the tables, here without rows, that are not looked through when the file is opened; counted from 0.
fn unchecked_pages(path: &Path) -> Vec<usize> {
    let connection = Connection::open(path).expect("opens");
    let sql = "SELECT rootpage - 1 FROM sqlite_schema \
               WHERE tbl_name IN ('webhook_payloads', 'webhook_events', 'webhook_deliveries') \
               AND rootpage > 0";
    let mut statement = connection.prepare(sql).expect("prepares");
    let pages = statement.query_map([], |row| row.get::<_, u32>(0).map(|page| page as usize));
    let pages = pages.expect("reads");
    pages.collect::<Result<_, _>>().expect("reads")
}
