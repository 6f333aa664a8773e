use domain::{CustomerId, CustomerKind, Identity, Metadata};
use service::{Error, Fault, NewCustomer};

use crate::harness::{Harness, ingest, new_meter, sum_of, that_day, total};

fn new_customer(email: &str, external_id: Option<&str>) -> NewCustomer {
    NewCustomer {
        kind: CustomerKind::Individual,
        external_id: external_id.map(str::to_owned),
        email: Some(email.to_owned()),
        name: None,
        billing_address: None,
        locale: None,
        metadata: Metadata::default(),
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
