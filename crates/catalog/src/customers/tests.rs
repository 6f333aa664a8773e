use super::*;
use crate::samples::{at, catalog_with_organizations, customer, delete, metadata, organization};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

fn named(n: u8, email: &str, name: Option<&str>, external_id: Option<&str>) -> Customer {
    Customer {
        email: Some(email.to_owned()),
        name: name.map(str::to_owned),
        external_id: external_id.map(str::to_owned),
        ..customer(n)
    }
}

/// The customers of the conversation `customers/list` with the reference, in the order in which they were created.
fn recorded() -> Vec<Customer> {
    let customers = [
        named(1, "alice@example.com", Some("Alice"), Some("usr_1")),
        named(2, "bob@example.com", Some("bob"), Some("usr_2")),
        named(3, "carol@example.org", None, Some("USR_3")),
        named(4, "dave@example.net", Some("Dave Alice"), None),
        named(5, "eve@example.com", Some("Ève"), Some("other")),
        named(6, "frank_b@example.com", Some("100%"), Some("usr%4")),
        named(7, "zed@example.com", Some("zed"), Some("a")),
    ];
    let entries = ["0", "1", "2", "3", "4", "5", "6"].map(|i| {
        let odd = if i.parse::<u8>().expect("a digit") % 2 == 1 {
            "true"
        } else {
            "false"
        };
        metadata(&[("i", i), ("odd", odd)])
    });
    customers
        .into_iter()
        .zip(entries)
        .map(|(customer, metadata)| Customer {
            metadata,
            ..customer
        })
        .collect()
}

fn recorded_catalog() -> Catalog {
    let catalog = catalog_with_organizations();
    for customer in recorded() {
        catalog
            .insert_customer(&customer, &Outbox::default())
            .expect("inserts");
    }
    catalog
}

/// The first letters of the addresses.
fn initials(catalog: &Catalog, search: &CustomerSearch) -> String {
    let listed = catalog
        .customers(organization(1).id, search, ALL)
        .expect("lists");
    assert_eq!(listed.total, listed.items.len() as u64);
    listed
        .items
        .iter()
        .filter_map(|customer| customer.email.as_ref()?.chars().next())
        .collect()
}

#[track_caller]
fn check_conflict(outcome: Result<(), CatalogError>, expected: (bool, bool)) {
    match outcome {
        Err(CatalogError::CustomerConflict { email, external_id }) => {
            assert_eq!((email, external_id), expected);
        }
        other => panic!("no conflict: {other:?}"),
    }
}

#[test]
fn a_customer_comes_back_as_it_went_in() {
    let catalog = catalog_with_organizations();
    let full = Customer {
        kind: CustomerKind::Team,
        name: Some("Ève".into()),
        billing_address: Some(Address {
            country: "FR".into(),
            line1: Some("1 rue".into()),
            city: Some("Paris".into()),
            ..Address::default()
        }),
        tax_id: TaxId::parse("FR", "FR61954506077"),
        locale: Some("fr".into()),
        metadata: metadata(&[("k", "v"), ("n", "1.0")]),
        modified_at: Some(at(-1)),
        ..customer(1)
    };
    let bare = Customer {
        email: None,
        external_id: None,
        ..customer(2)
    };
    for stored in [&full, &bare] {
        catalog
            .insert_customer(stored, &Outbox::default())
            .expect("inserts");
        let read = catalog
            .customer(stored.organization, stored.id)
            .expect("reads");
        assert_eq!(read.as_ref(), Some(stored));
    }
    let by_external_id = catalog.customer_by_external_id(full.organization, "external-1");
    assert_eq!(by_external_id.expect("reads"), Some(full.clone()));
    let other_case = catalog.customer_by_external_id(full.organization, "External-1");
    assert_eq!(other_case.expect("reads"), None);
}

#[test]
fn a_customer_of_another_organization_is_not_there() {
    let catalog = catalog_with_organizations();
    let stored = customer(1);
    catalog
        .insert_customer(&stored, &Outbox::default())
        .expect("inserts");
    let other = organization(2).id;
    assert_eq!(catalog.customer(other, stored.id).expect("reads"), None);
    assert_eq!(
        catalog
            .customer_including_deleted(other, stored.id)
            .expect("reads"),
        None
    );
    assert_eq!(
        catalog
            .customer_by_external_id(other, "external-1")
            .expect("reads"),
        None
    );
    assert_eq!(
        catalog
            .customers(other, &CustomerSearch::default(), ALL)
            .expect("lists")
            .total,
        0
    );
    let moved = Customer {
        organization: other,
        ..stored.clone()
    };
    assert!(matches!(
        catalog.update_customer(&moved, &Outbox::default()),
        Err(CatalogError::NotFound)
    ));
    let outcome = delete(&catalog, other, stored.id, at(1));
    assert!(matches!(outcome, Err(CatalogError::NotFound)));
    // And what is taken in one is free in the other.
    let twin = Customer {
        organization: other,
        ..stored
    };
    let twin = Customer {
        id: customer(9).id,
        ..twin
    };
    catalog
        .insert_customer(&twin, &Outbox::default())
        .expect("inserts");
}

#[test]
fn a_customer_needs_its_organization() {
    let catalog = catalog_with_organizations();
    let orphan = Customer {
        organization: organization(9).id,
        ..customer(1)
    };
    assert!(matches!(
        catalog.insert_customer(&orphan, &Outbox::default()),
        Err(CatalogError::OrganizationUnknown)
    ));
}

#[test]
fn an_address_is_taken_in_any_case_and_an_external_id_in_its_own() {
    let catalog = catalog_with_organizations();
    catalog
        .insert_customer(
            &named(1, "Ève@Example.com", None, Some("Key")),
            &Outbox::default(),
        )
        .expect("inserts");
    let insert = |email: &str, external_id: &str| {
        catalog.insert_customer(
            &named(2, email, None, Some(external_id)),
            &Outbox::default(),
        )
    };
    check_conflict(insert("èVE@example.COM", "other"), (true, false));
    check_conflict(insert("other@example.com", "Key"), (false, true));
    check_conflict(insert("ÈVE@EXAMPLE.COM", "Key"), (true, true));
    assert_eq!(
        catalog
            .customer(customer(2).organization, customer(2).id)
            .expect("reads"),
        None
    );
    insert("eve@example.com", "key").expect("both differ");
}

#[test]
fn any_number_of_customers_have_no_address_and_no_external_id() {
    let catalog = catalog_with_organizations();
    for n in 1..=3 {
        let bare = Customer {
            email: None,
            external_id: None,
            ..customer(n)
        };
        catalog
            .insert_customer(&bare, &Outbox::default())
            .expect("inserts");
    }
}

#[test]
fn an_empty_external_id_is_one_like_any_other() {
    let catalog = catalog_with_organizations();
    catalog
        .insert_customer(
            &named(1, "a@example.com", None, Some("")),
            &Outbox::default(),
        )
        .expect("inserts");
    check_conflict(
        catalog.insert_customer(
            &named(2, "b@example.com", None, Some("")),
            &Outbox::default(),
        ),
        (false, true),
    );
    let found = catalog
        .customer_by_external_id(organization(1).id, "")
        .expect("reads");
    assert_eq!(found.map(|customer| customer.id), Some(customer(1).id));
}

#[test]
fn an_update_replaces_the_row_but_when_it_was_created() {
    let catalog = catalog_with_organizations();
    catalog
        .insert_customer(&customer(1), &Outbox::default())
        .expect("inserts");
    let changed = Customer {
        kind: CustomerKind::Team,
        email: Some("New@example.com".into()),
        external_id: None,
        billing_address: Some(Address {
            country: "DE".into(),
            ..Address::default()
        }),
        created_at: at(1),
        modified_at: Some(at(400)),
        ..customer(1)
    };
    catalog
        .update_customer(&changed, &Outbox::default())
        .expect("updates");
    let expected = Customer {
        created_at: customer(1).created_at,
        ..changed
    };
    let read = catalog
        .customer(expected.organization, expected.id)
        .expect("reads");
    assert_eq!(read, Some(expected));
    assert!(matches!(
        catalog.update_customer(&customer(2), &Outbox::default()),
        Err(CatalogError::NotFound)
    ));
}

#[test]
fn an_update_keeps_to_what_is_taken_and_does_nothing_otherwise() {
    let catalog = catalog_with_organizations();
    catalog
        .insert_customer(&customer(1), &Outbox::default())
        .expect("inserts");
    catalog
        .insert_customer(&customer(2), &Outbox::default())
        .expect("inserts");
    let wanted = Customer {
        email: Some("CUSTOMER1@example.com".into()),
        external_id: Some("external-1".into()),
        name: Some("lost".into()),
        ..customer(2)
    };
    check_conflict(catalog.check_customer(&wanted), (true, true));
    check_conflict(
        catalog.update_customer(&wanted, &Outbox::default()),
        (true, true),
    );
    let read = catalog
        .customer(customer(2).organization, customer(2).id)
        .expect("reads");
    assert_eq!(read, Some(customer(2)));
    let own = Customer {
        email: Some("Customer2@Example.com".into()),
        ..customer(2)
    };
    assert!(is_same_email(
        "Customer2@Example.com",
        "customer2@example.COM"
    ));
    catalog
        .check_customer(&own)
        .expect("its own are free to it");
    catalog
        .update_customer(&own, &Outbox::default())
        .expect("its own are free to it");
}

#[test]
fn a_deleted_customer_is_seen_only_where_deleted_ones_are() {
    let catalog = catalog_with_organizations();
    let stored = customer(1);
    let of = stored.organization;
    catalog
        .insert_customer(&stored, &Outbox::default())
        .expect("inserts");
    let deleted = delete(&catalog, of, stored.id, at(500)).expect("deletes");
    let expected = Customer {
        external_id: None,
        former_external_id: stored.external_id.clone(),
        modified_at: Some(at(500)),
        deleted_at: Some(at(500)),
        ..stored.clone()
    };
    assert_eq!(deleted, expected);
    let kept = catalog
        .customer_including_deleted(of, stored.id)
        .expect("reads");
    assert_eq!(kept, Some(expected.clone()));
    assert_eq!(catalog.customer(of, stored.id).expect("reads"), None);
    assert_eq!(
        catalog
            .customer_by_external_id(of, "external-1")
            .expect("reads"),
        None
    );
    assert_eq!(
        catalog
            .customers(of, &CustomerSearch::default(), ALL)
            .expect("lists")
            .total,
        0
    );
    assert!(catalog.customer_identities().expect("reads").is_empty());
    assert!(matches!(
        catalog.update_customer(&stored, &Outbox::default()),
        Err(CatalogError::NotFound)
    ));
    let again = delete(&catalog, of, stored.id, at(600));
    assert!(matches!(again, Err(CatalogError::NotFound)));
    assert_eq!(
        catalog
            .customer_including_deleted(of, stored.id)
            .expect("reads"),
        Some(expected)
    );
}

#[test]
fn what_a_deleted_customer_had_is_free_again() {
    let catalog = catalog_with_organizations();
    let of = organization(1).id;
    for n in 1..=3 {
        let same = named(n, "same@example.com", None, Some("same"));
        catalog
            .insert_customer(&same, &Outbox::default())
            .expect("is free");
        delete(&catalog, of, same.id, at(500)).expect("deletes");
    }
}

#[test]
fn an_update_may_delete_so_that_erasing_is_one_step() {
    let catalog = catalog_with_organizations();
    catalog
        .insert_customer(&customer(1), &Outbox::default())
        .expect("inserts");
    let erased = Customer {
        email: Some("0123@anonymized.example".into()),
        external_id: None,
        former_external_id: Some("external-1".into()),
        modified_at: Some(at(500)),
        deleted_at: Some(at(500)),
        ..customer(1)
    };
    catalog
        .update_customer(&erased, &Outbox::default())
        .expect("updates");
    let of = erased.organization;
    assert_eq!(catalog.customer(of, erased.id).expect("reads"), None);
    let kept = catalog
        .customer_including_deleted(of, erased.id)
        .expect("reads");
    assert_eq!(kept, Some(erased));
}

#[test]
fn identities_are_those_of_all_organizations() {
    let catalog = catalog_with_organizations();
    let one = customer(1);
    let two = Customer {
        organization: organization(2).id,
        external_id: None,
        ..customer(2)
    };
    let gone = customer(3);
    for stored in [&one, &two, &gone] {
        catalog
            .insert_customer(stored, &Outbox::default())
            .expect("inserts");
    }
    delete(&catalog, gone.organization, gone.id, at(500)).expect("deletes");
    let mut identities = catalog.customer_identities().expect("reads");
    identities.sort();
    let mut expected = [&one, &two].map(|customer| CustomerIdentity {
        organization: customer.organization,
        id: customer.id,
        external_id: customer.external_id.as_deref().map(Box::from),
    });
    expected.sort();
    assert_eq!(identities, expected);
}

#[test]
fn customers_are_listed_newest_first_unless_asked_otherwise() {
    let catalog = recorded_catalog();
    let check = |sorting: &[(CustomerOrder, Direction)], expected: &str| {
        let search = CustomerSearch {
            sorting: sorting.to_vec(),
            ..CustomerSearch::default()
        };
        assert_eq!(initials(&catalog, &search), expected, "{sorting:?}");
    };
    check(&[], "zfedcba");
    check(
        &[(CustomerOrder::CreatedAt, Direction::Ascending)],
        "abcdefz",
    );
    check(
        &[(CustomerOrder::CreatedAt, Direction::Descending)],
        "zfedcba",
    );
    check(&[(CustomerOrder::Email, Direction::Ascending)], "abcdefz");
    check(&[(CustomerOrder::Email, Direction::Descending)], "zfedcba");
    // carol has no name: last when ascending, first when descending.
    check(&[(CustomerOrder::Name, Direction::Ascending)], "fadbzec");
    check(&[(CustomerOrder::Name, Direction::Descending)], "cezbdaf");
}

#[test]
fn equal_keys_go_by_id() {
    let catalog = catalog_with_organizations();
    let mut customers: Vec<_> = (1..=5)
        .map(|n| Customer {
            created_at: at(7),
            ..customer(n)
        })
        .collect();
    for customer in &customers {
        catalog
            .insert_customer(customer, &Outbox::default())
            .expect("inserts");
    }
    customers.sort_by_key(|customer| customer.id);
    for direction in [Direction::Ascending, Direction::Descending] {
        for order in [CustomerOrder::CreatedAt, CustomerOrder::Name] {
            let sorting = vec![(order, direction)];
            let search = CustomerSearch {
                sorting,
                ..CustomerSearch::default()
            };
            for (number, expected) in (1..).zip(customers.chunks(2)) {
                let page = Page {
                    page: number,
                    limit: 2,
                };
                let listed = catalog
                    .customers(organization(1).id, &search, page)
                    .expect("lists");
                assert_eq!(
                    listed,
                    Listed {
                        items: expected.to_vec(),
                        total: 5
                    }
                );
            }
        }
    }
}

#[test]
fn a_query_finds_what_the_reference_finds() {
    let catalog = recorded_catalog();
    let check = |query: &str, expected: &str| {
        let search = CustomerSearch {
            query: Some(query.to_owned()),
            sorting: vec![(CustomerOrder::CreatedAt, Direction::Ascending)],
            ..CustomerSearch::default()
        };
        assert_eq!(initials(&catalog, &search), expected, "{query:?}");
    };
    check("alice", "ad");
    check("ALICE", "ad");
    check("usr", "abcf");
    check("usr_", "abc");
    check("USR", "abcf");
    check("example.org", "c");
    check("ther", "");
    check("%", "f");
    check("_", "f");
    check("100%", "f");
    check("bob@example.com", "b");
    check("", "abcdefz");
    check(" ", "d");
    check("è", "e");
    check("È", "e");
    check("\\", "");
    check("' OR 1 = 1 --", "");
}

#[test]
fn an_address_is_looked_up_whole_and_in_any_case() {
    let catalog = recorded_catalog();
    let check = |email: &str, expected: &str| {
        let search = CustomerSearch {
            email: Some(email.to_owned()),
            ..CustomerSearch::default()
        };
        assert_eq!(initials(&catalog, &search), expected, "{email:?}");
    };
    check("alice@example.com", "a");
    check("ALICE@EXAMPLE.COM", "a");
    check("alice", "");
    check("", "");
    check("nope@example.com", "");
}

#[test]
fn metadata_limits_the_list() {
    let catalog = recorded_catalog();
    let check = |key: &str, values: &[&str], expected: &str| {
        let wanted = values.iter().map(|value| (*value).to_owned()).collect();
        let search = CustomerSearch {
            metadata: vec![(key.to_owned(), wanted)].into(),
            sorting: vec![(CustomerOrder::CreatedAt, Direction::Ascending)],
            ..CustomerSearch::default()
        };
        assert_eq!(initials(&catalog, &search), expected, "{key}={values:?}");
    };
    check("i", &["3"], "d");
    check("odd", &["true"], "bdf");
    check("i", &["3", "4"], "de");
    check("zz", &["1"], "");
}

#[test]
fn a_customer_without_anything_to_search_is_in_the_list_but_in_no_search() {
    let catalog = catalog_with_organizations();
    let bare = Customer {
        email: None,
        external_id: None,
        ..customer(1)
    };
    catalog
        .insert_customer(&bare, &Outbox::default())
        .expect("inserts");
    let count = |query: &str| {
        let search = CustomerSearch {
            query: Some(query.to_owned()),
            ..CustomerSearch::default()
        };
        catalog
            .customers(organization(1).id, &search, ALL)
            .expect("lists")
            .total
    };
    assert_eq!(count(""), 1);
    assert_eq!(count("a"), 0);
}
