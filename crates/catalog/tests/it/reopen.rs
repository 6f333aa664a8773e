//! What was written is there after the file was closed, copied, or filled from several threads.

use std::fs;

use catalog::{CatalogError, CustomerSearch, MeterSearch, OrganizationSearch, Outbox, Page};

use crate::{customer, folder, meter, open, organization, token};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

#[test]
fn all_rows_are_there_after_a_restart() {
    let (_folder, path) = folder();
    let of = organization().id;
    {
        let catalog = open(&path);
        catalog
            .insert_organization(&organization())
            .expect("inserts");
        catalog.insert_token(&token(), &[7; 32]).expect("inserts");
        catalog
            .insert_customer(&customer(1), &Outbox::default())
            .expect("inserts");
        catalog
            .insert_customer(&customer(2), &Outbox::default())
            .expect("inserts");
        catalog.insert_meter(&meter()).expect("inserts");
        catalog
            .delete_customer(&customer(2).deleted(crate::at(50)), &[], &Outbox::default())
            .expect("deletes");
    }
    let catalog = open(&path);
    let organizations = catalog
        .organizations(&OrganizationSearch::default(), ALL)
        .expect("lists");
    assert_eq!(organizations.items, [organization()]);
    assert_eq!(catalog.all_tokens().expect("reads"), [([7; 32], token())]);
    assert_eq!(catalog.all_meters().expect("reads"), [meter()]);
    let meters = catalog
        .meters(of, &MeterSearch::default(), ALL)
        .expect("lists");
    assert_eq!(meters.items, [meter()]);
    let customers = catalog
        .customers(of, &CustomerSearch::default(), ALL)
        .expect("lists");
    assert_eq!(customers.items, [customer(1)]);
    let deleted = catalog
        .customer_including_deleted(of, customer(2).id)
        .expect("reads");
    let former = deleted.and_then(|deleted| deleted.former_external_id);
    assert_eq!(former.as_deref(), Some("external-2"));
    let search = CustomerSearch {
        email: Some("CUSTOMER1@EXAMPLE.COM".into()),
        query: Some("È".into()),
        ..CustomerSearch::default()
    };
    assert_eq!(
        catalog.customers(of, &search, ALL).expect("lists").items,
        [customer(1)]
    );
}

#[test]
fn a_closed_catalogue_is_one_file() {
    let (folder, path) = folder();
    {
        let catalog = open(&path);
        catalog
            .insert_organization(&organization())
            .expect("inserts");
        catalog.organization(organization().id).expect("reads");
    }
    let names = fs::read_dir(folder.path())
        .expect("lists")
        .map(|entry| entry.expect("lists").file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["catalog.sqlite"]);
}

#[test]
fn what_was_acknowledged_is_in_the_files_as_they_are_on_disk() {
    // The files of an open catalogue are what a process that is killed leaves behind.
    let (folder, path) = folder();
    let catalog = open(&path);
    catalog
        .insert_organization(&organization())
        .expect("inserts");
    catalog
        .insert_customer(&customer(1), &Outbox::default())
        .expect("inserts");
    let left_behind = folder.path().join("left-behind");
    fs::create_dir(&left_behind).expect("creates");
    for file in ["catalog.sqlite", "catalog.sqlite-wal"] {
        fs::copy(folder.path().join(file), left_behind.join(file)).expect("copies");
    }
    let recovered = open(&left_behind.join("catalog.sqlite"));
    let found = recovered
        .customer(organization().id, customer(1).id)
        .expect("reads");
    assert_eq!(found, Some(customer(1)));
}

#[test]
fn readers_see_what_was_just_written_from_any_thread() {
    let (_folder, path) = folder();
    let catalog = open(&path);
    catalog
        .insert_organization(&organization())
        .expect("inserts");
    let of = organization().id;
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let catalog = &catalog;
            scope.spawn(move || {
                for n in 0..10 {
                    let customer = customer(thread * 10 + n);
                    catalog
                        .insert_customer(&customer, &Outbox::default())
                        .expect("inserts");
                    assert_eq!(
                        catalog.customer(of, customer.id).expect("reads"),
                        Some(customer)
                    );
                    let search = CustomerSearch::default();
                    let listed = catalog.customers(of, &search, ALL).expect("lists");
                    assert_eq!(listed.total, listed.items.len() as u64);
                }
            });
        }
    });
    assert_eq!(catalog.customer_identities().expect("reads").len(), 40);
}

#[test]
fn of_two_that_want_one_address_at_once_one_gets_it() {
    let (_folder, path) = folder();
    let catalog = open(&path);
    catalog
        .insert_organization(&organization())
        .expect("inserts");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let insert = |n: u8| {
            let mut wanted = customer(n);
            wanted.email = Some("wanted@example.com".into());
            catalog.insert_customer(&wanted, &Outbox::default())
        };
        let threads: Vec<_> = (1..=4).map(|n| scope.spawn(move || insert(n))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("runs"))
            .collect()
    });
    let taken = |outcome: &Result<(), CatalogError>| {
        matches!(
            outcome,
            Err(CatalogError::CustomerConflict {
                email: true,
                external_id: false
            })
        )
    };
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| taken(outcome)).count(), 3);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = folder();
    let catalog = open(&path);
    catalog
        .insert_organization(&organization())
        .expect("inserts");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).expect("lists") {
        let entry = entry.expect("lists");
        let mode = entry.metadata().expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name());
    }
    names.sort();
    assert_eq!(
        names,
        ["catalog.sqlite", "catalog.sqlite-shm", "catalog.sqlite-wal"]
    );
}

#[test]
fn of_what_was_replaced_nothing_is_left_in_the_files() {
    let (folder, path) = folder();
    let catalog = open(&path);
    catalog
        .insert_organization(&organization())
        .expect("inserts");
    let mut row = customer(1);
    let secret = "very.personal@example.com";
    row.email = Some(secret.to_owned());
    catalog
        .insert_customer(&row, &Outbox::default())
        .expect("inserts");
    let is_left = || {
        let entries = fs::read_dir(folder.path()).expect("lists");
        let mut files = entries.map(|entry| entry.expect("an entry").path());
        files.any(|path| {
            let bytes = fs::read(path).expect("reads");
            bytes
                .windows(secret.len())
                .any(|some| some == secret.as_bytes())
        })
    };
    assert!(is_left());
    row.email = Some("nobody@example.com".to_owned());
    catalog
        .update_customer(&row, &Outbox::default())
        .expect("updates");
    catalog.empty_log().expect("empties");
    assert!(!is_left());
}
