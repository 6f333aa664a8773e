use domain::{Aggregation, Filter, Function, Identity, OrganizationId, Property};
use service::{Change, Error, Fault, MeterChanges};

use crate::harness::{Harness, ingest, new_meter, sum_of, that_day, total};

fn aggregation(function: Function, property: &str) -> Change<Option<Aggregation>> {
    Change::Set(Aggregation::new(function, Some(Property::parse(property))))
}

#[test]
fn a_meter_counts_the_events_that_came_before_it() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 7)],
    )
    .expect("taken");
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    assert_eq!(total(&service, organization, meter, &that_day()), 7);
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!(total(&service, organization, meter, &that_day()), 7);
}

#[test]
fn a_definition_changes_until_an_event_matches_and_then_no_more() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("absent")))
        .expect("made")
        .id;
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 7)],
    )
    .expect("taken");
    // The event has no number there, so it does not match.
    let change = MeterChanges {
        aggregation: aggregation(Function::Sum, "amount"),
        ..MeterChanges::default()
    };
    service
        .update_meter(organization, meter, change.clone())
        .expect("changed");
    assert_eq!(total(&service, organization, meter, &that_day()), 7);
    let both = MeterChanges {
        filter: Change::Set(Some(Filter::all())),
        name: Some("New".to_owned()),
        ..change
    };
    let refused = service.update_meter(organization, meter, both);
    let frozen = [Fault::FilterFrozen, Fault::AggregationFrozen];
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults == frozen));
    assert_eq!(
        service.meter(organization, meter).expect("there").name,
        "Amounts"
    );
    // Null in the body is refused too; a name alone is not.
    let null = MeterChanges {
        filter: Change::Set(None),
        ..MeterChanges::default()
    };
    let refused = service.update_meter(organization, meter, null);
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults == [Fault::FilterFrozen]));
    let name = MeterChanges {
        name: Some("New".to_owned()),
        ..MeterChanges::default()
    };
    assert_eq!(
        service
            .update_meter(organization, meter, name)
            .expect("changed")
            .name,
        "New"
    );
    drop(service);
    let (service, _) = harness.open(None);
    let again = MeterChanges {
        aggregation: aggregation(Function::Max, "amount"),
        ..MeterChanges::default()
    };
    assert!(matches!(
        service.update_meter(organization, meter, again),
        Err(Error::Invalid(_))
    ));
}

#[test]
fn an_archived_meter_answers_and_comes_back() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    let archive = |is_archived| MeterChanges {
        is_archived: Some(is_archived),
        ..MeterChanges::default()
    };
    let archived = service
        .update_meter(organization, meter, archive(true))
        .expect("archived");
    assert_eq!(archived.archived_at, Some(archived.modified_at));
    ingest(
        &service,
        organization,
        &[(Identity::External("a"), "call", 7)],
    )
    .expect("taken");
    assert_eq!(total(&service, organization, meter, &that_day()), 7);
    let back = service
        .update_meter(organization, meter, archive(false))
        .expect("back");
    assert_eq!(back.archived_at, None);
}

#[test]
fn a_meter_of_another_organization_does_not_exist() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    let other = OrganizationId::from_random([9; 16]);
    assert!(matches!(service.meter(other, meter), Err(Error::NotFound)));
    assert!(matches!(
        service.quantities(other, meter, &that_day()),
        Err(Error::NotFound)
    ));
    let changed = service.update_meter(other, meter, MeterChanges::default());
    assert!(matches!(changed, Err(Error::NotFound)));
}
