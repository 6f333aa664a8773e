use std::thread;

use domain::{
    Address, Customer, CustomerId, CustomerKind, Function, Identity, Metadata, MetadataBuilder,
    OrganizationId,
};
use service::{Change, CustomerChanges, CustomerSearch, Error, Fault, NewCustomer, Page, Service};

mod billing;

use crate::harness::{Harness, ingest, new_meter, sum_of, that_day, total};

pub(crate) fn new_customer(email: &str, external_id: Option<&str>) -> NewCustomer {
    NewCustomer {
        owner: None,
        kind: CustomerKind::Individual,
        external_id: external_id.map(str::to_owned),
        email: Some(email.to_owned()),
        name: None,
        billing_address: None,
        tax_id: None,
        locale: None,
        metadata: Metadata::default(),
    }
}

fn set(text: &str) -> Change<Option<String>> {
    Change::Set(Some(text.to_owned()))
}

fn in_france() -> Address {
    Address {
        country: "FR".to_owned(),
        ..Address::default()
    }
}

#[test]
fn events_are_a_customers_by_both_identifiers_as_they_are_now() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    // Before the customer exists.
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 1)],
    )
    .expect("taken");
    let ada = service
        .create_customer(organization, new_customer("ada@example.com", Some("a")))
        .expect("made");
    ingest(
        &service,
        organization,
        &[(Identity::Customer(ada.id), "call", 10)],
    )
    .expect("taken");
    ingest(
        &service,
        organization,
        &[(Identity::External("b"), "call", 100)],
    )
    .expect("taken");
    let of_id = |id| {
        let mut request = that_day();
        request.customers = vec![id];
        total(&service, organization, meter, &request)
    };
    let of_external = |id: &str| {
        let mut request = that_day();
        request.external_customers = vec![id.to_owned()];
        total(&service, organization, meter, &request)
    };
    assert_eq!(
        (
            of_id(ada.id),
            of_external("a"),
            of_external("b"),
            of_external("z")
        ),
        (11, 11, 100, 0)
    );
    assert_eq!(of_id(CustomerId::from_random([9; 16])), 0);
    service
        .delete_customer(organization, ada.id)
        .expect("deleted");
    assert_eq!((of_id(ada.id), of_external("a")), (0, 1));
    // Another customer gets the external id, and with it the events that came under it.
    let eve = service
        .create_customer(organization, new_customer("ada@example.com", Some("a")))
        .expect("made");
    assert_eq!((of_id(eve.id), of_external("a")), (1, 1));
    assert_eq!(total(&service, organization, meter, &that_day()), 111);
    drop(service);
    let (service, _) = harness.open(None);
    let mut request = that_day();
    request.customers = vec![eve.id];
    assert_eq!(total(&service, organization, meter, &request), 1);
    request.customers = vec![ada.id];
    assert_eq!(total(&service, organization, meter, &request), 0);
}

#[test]
fn an_event_of_an_unknown_customer_is_refused_with_the_whole_request() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    let nobody = Identity::Customer(CustomerId::from_random([9; 16]));
    let events = [
        (Identity::External("a"), "call", 1),
        (nobody, "call", 1),
        (nobody, "call", 1),
    ];
    let result = ingest(&service, organization, &events);
    let unknown = [
        Fault::CustomerUnknown { event: 1 },
        Fault::CustomerUnknown { event: 2 },
    ];
    assert!(matches!(result, Err(Error::Invalid(faults)) if faults == unknown));
    assert_eq!(total(&service, organization, meter, &that_day()), 0);
    // A customer of another organization is unknown too, and so is one that was deleted.
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    let theirs = service
        .create_customer(other, new_customer("a@example.com", None))
        .expect("made");
    let result = ingest(
        &service,
        organization,
        &[(Identity::Customer(theirs.id), "call", 1)],
    );
    assert!(matches!(result, Err(Error::Invalid(_))));
    service.delete_customer(other, theirs.id).expect("deleted");
    let result = ingest(
        &service,
        other,
        &[(Identity::Customer(theirs.id), "call", 1)],
    );
    assert!(matches!(result, Err(Error::Invalid(_))));
}

#[test]
fn taken_addresses_and_external_ids_are_reported_together() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    service
        .create_customer(organization, new_customer("ada@example.com", Some("a")))
        .expect("made");
    let again = service.create_customer(organization, new_customer("ADA@example.com", Some("a")));
    let both = [Fault::EmailTaken, Fault::ExternalIdTaken];
    assert!(matches!(again, Err(Error::Invalid(faults)) if faults == both));
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    service
        .create_customer(other, new_customer("ada@example.com", Some("a")))
        .expect("another organization's");
}

#[test]
fn after_closing_no_events_are_taken() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    service.close();
    let result = ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 1)],
    );
    assert!(matches!(result, Err(Error::WritesStopped)));
    assert!(!service.takes_writes());
}

#[test]
fn a_customer_that_gets_its_external_id_has_the_events_that_came_under_it() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    let ada = service
        .create_customer(organization, new_customer("ada@example.com", None))
        .expect("made")
        .id;
    let events = [
        (Identity::External("a"), "call", 1),
        (Identity::Customer(ada), "call", 10),
        (Identity::External("b"), "call", 100),
    ];
    ingest(&service, organization, &events).expect("taken");
    let by_id = |service: &Service| {
        let mut request = that_day();
        request.customers = vec![ada];
        total(service, organization, meter, &request)
    };
    let by_external_id = |service: &Service| {
        let mut request = that_day();
        request.external_customers = vec!["a".to_owned()];
        total(service, organization, meter, &request)
    };
    let least = |service: &Service| {
        let mut request = that_day();
        request.customer_function = Some(Function::Min);
        total(service, organization, meter, &request)
    };
    assert_eq!(
        (by_id(&service), by_external_id(&service), least(&service)),
        (10, 1, 1)
    );
    let changes = CustomerChanges {
        external_id: set("a"),
        ..CustomerChanges::default()
    };
    let after = service
        .update_customer(organization, ada, changes)
        .expect("changed");
    assert_eq!(after.external_id.as_deref(), Some("a"));
    assert_eq!(
        (by_id(&service), by_external_id(&service), least(&service)),
        (11, 11, 11),
        "one customer, whichever way it is named"
    );
    // What comes later is the customer's too.
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 1000)],
    )
    .expect("taken");
    assert_eq!(by_id(&service), 1011);
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!((by_id(&service), by_external_id(&service)), (1011, 1011));
    service.delete_customer(organization, ada).expect("deleted");
    assert_eq!((by_id(&service), by_external_id(&service)), (0, 1001));
}

#[test]
fn what_changes_a_customer_is_there_after_a_restart_and_the_rest_stays() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made = service
        .create_customer(organization, new_customer("ada@example.com", Some("a")))
        .expect("made");
    let mut metadata = MetadataBuilder::new();
    metadata.text("plan", "pro");
    let metadata = metadata.finish();
    let changes = CustomerChanges {
        kind: Some(CustomerKind::Team),
        name: set("Ada"),
        billing_address: Change::Set(Some(in_france())),
        metadata: Some(metadata.clone()),
        ..CustomerChanges::default()
    };
    let after = service
        .update_customer(organization, made.id, changes)
        .expect("changed");
    let expected = Customer {
        kind: CustomerKind::Team,
        name: Some("Ada".to_owned()),
        billing_address: Some(in_france()),
        metadata,
        modified_at: after.modified_at,
        ..made.clone()
    };
    assert!(after.modified_at > Some(made.created_at));
    assert_eq!(after, expected);
    drop(service);
    let (service, _) = harness.open(None);
    let read = service.customer(organization, made.id).expect("there");
    assert_eq!(read, expected);
    let emptied = CustomerChanges {
        name: Change::Set(None),
        metadata: Some(Metadata::default()),
        ..CustomerChanges::default()
    };
    let emptied = service
        .update_customer(organization, made.id, emptied)
        .expect("changed");
    assert_eq!(
        (emptied.name, emptied.metadata),
        (None, Metadata::default())
    );
}

/// Whether a change of a new customer sets its `modified_at`.
fn moves(changes: CustomerChanges) -> bool {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let mut new = new_customer("ada@example.com", Some("a"));
    new.name = Some("Ada".to_owned());
    new.billing_address = Some(in_france());
    let before = service.create_customer(organization, new).expect("made");
    let after = service
        .update_customer(organization, before.id, changes)
        .expect("changed");
    let read = service.customer(organization, before.id).expect("there");
    assert_eq!(read, after);
    after.modified_at != before.modified_at
}

#[test]
fn a_named_field_counts_as_changed_but_an_address_only_when_it_is_another() {
    let none = CustomerChanges::default;
    assert!(!moves(none()));
    let same: [CustomerChanges; 4] = [
        CustomerChanges {
            name: set("Ada"),
            ..none()
        },
        CustomerChanges {
            external_id: set("a"),
            ..none()
        },
        CustomerChanges {
            locale: Change::Set(None),
            ..none()
        },
        CustomerChanges {
            kind: Some(CustomerKind::Individual),
            ..none()
        },
    ];
    for changes in same {
        assert!(moves(changes.clone()), "{changes:?}");
    }
    let email = |email: &str| CustomerChanges {
        email: Some(email.to_owned()),
        ..none()
    };
    assert!(!moves(email("ADA@example.com")), "in another case alone");
    assert!(moves(email("eve@example.com")));
    let address = |address: Address| CustomerChanges {
        billing_address: Change::Set(Some(address)),
        ..none()
    };
    assert!(!moves(address(in_france())));
    let moved = Address {
        city: Some("Paris".to_owned()),
        ..in_france()
    };
    assert!(moves(address(moved)));
}

#[test]
fn what_a_customer_must_keep_and_what_others_have_is_refused_together() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let ada = NewCustomer {
        kind: CustomerKind::Team,
        billing_address: Some(in_france()),
        ..new_customer("ada@example.com", Some("a"))
    };
    let ada = service.create_customer(organization, ada).expect("made");
    let eve = service
        .create_customer(organization, new_customer("eve@example.com", None))
        .expect("made");
    let check = |before: &Customer, changes: CustomerChanges, expected: &[Fault]| {
        let refused = service.update_customer(organization, before.id, changes);
        assert!(
            matches!(&refused, Err(Error::Invalid(faults)) if faults == expected),
            "{refused:?}"
        );
        let after = service.customer(organization, before.id).expect("there");
        assert_eq!(&after, before, "nothing of it was done");
    };
    let changes = CustomerChanges {
        kind: Some(CustomerKind::Individual),
        external_id: set("b"),
        email: Some("EVE@example.com".to_owned()),
        name: set("Ada"),
        billing_address: Change::Set(None),
        ..CustomerChanges::default()
    };
    let all = [
        Fault::EmailTaken,
        Fault::ExternalIdFixed,
        Fault::BillingAddressRemoved,
        Fault::TeamToIndividual,
    ];
    check(&ada, changes, &all);
    let changes = CustomerChanges {
        external_id: Change::Set(None),
        ..CustomerChanges::default()
    };
    check(&ada, changes, &[Fault::ExternalIdFixed]);
    let changes = CustomerChanges {
        external_id: set("a"),
        email: Some("ada@EXAMPLE.com".to_owned()),
        ..CustomerChanges::default()
    };
    check(&eve, changes, &[Fault::EmailTaken, Fault::ExternalIdTaken]);
    // What is not there can be left out.
    let changes = CustomerChanges {
        external_id: Change::Set(None),
        billing_address: Change::Set(None),
        ..CustomerChanges::default()
    };
    service
        .update_customer(organization, eve.id, changes)
        .expect("nothing to remove");
}

#[test]
fn a_customer_that_is_not_there_is_not_changed() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    let id = service
        .create_customer(organization, new_customer("ada@example.com", None))
        .expect("made")
        .id;
    let rename = |organization: OrganizationId, id: CustomerId| {
        let changes = CustomerChanges {
            name: set("Ada"),
            ..CustomerChanges::default()
        };
        service.update_customer(organization, id, changes)
    };
    assert!(matches!(rename(other, id), Err(Error::NotFound)));
    service.delete_customer(organization, id).expect("deleted");
    assert!(matches!(rename(organization, id), Err(Error::NotFound)));
}

#[test]
fn changes_at_the_same_time_do_not_undo_each_other() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let id = service
        .create_customer(organization, new_customer("ada@example.com", None))
        .expect("made")
        .id;
    let change = |changes| {
        service
            .update_customer(organization, id, changes)
            .expect("changed");
    };
    for round in 0..20 {
        let text = round.to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                change(CustomerChanges {
                    name: set(&text),
                    ..CustomerChanges::default()
                });
            });
            scope.spawn(|| {
                change(CustomerChanges {
                    locale: set(&text),
                    ..CustomerChanges::default()
                });
            });
        });
        let read = service.customer(organization, id).expect("there");
        assert_eq!(
            (read.name.as_ref(), read.locale),
            (Some(&text), Some(text.clone()))
        );
    }
}

#[test]
fn the_list_has_the_customers_of_one_organization_that_are_not_deleted() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    let make = |organization: OrganizationId, email: &str| {
        service
            .create_customer(organization, new_customer(email, None))
            .expect("made")
            .id
    };
    let ada = make(organization, "ada@example.com");
    let eve = make(organization, "eve@example.com");
    let gone = make(organization, "gone@example.com");
    make(other, "ada@example.com");
    service
        .delete_customer(organization, gone)
        .expect("deleted");
    let page = Page { page: 1, limit: 10 };
    let ids = |search: &CustomerSearch| -> Vec<CustomerId> {
        let listed = service
            .customers(organization, search, page)
            .expect("listed");
        assert_eq!(listed.total, listed.items.len() as u64);
        listed.items.iter().map(|customer| customer.id).collect()
    };
    assert_eq!(ids(&CustomerSearch::default()), [eve, ada], "newest first");
    let search = CustomerSearch {
        email: Some("ADA@example.com".to_owned()),
        ..CustomerSearch::default()
    };
    assert_eq!(ids(&search), [ada]);
}
