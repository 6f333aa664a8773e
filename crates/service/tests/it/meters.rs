use domain::{
    Aggregation, Clause, Comparison, Conjunction, Definition, Filter, Function, Identity, MeterId,
    Operand, Operator, OrganizationId, Property, Unit,
};
use service::{Change, Error, Fault, MeterChanges, Service};

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

#[test]
fn a_meter_that_matches_an_event_of_before_is_frozen_from_the_start() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let send = |name| {
        let event = [(Identity::External("a"), name, 7)];
        ingest(&service, organization, &event).expect("taken");
    };
    let meter = || {
        let definition = Definition {
            filter: named("matching"),
            ..sum_of("amount")
        };
        let made = service.create_meter(organization, new_meter(definition));
        made.expect("made").id
    };
    let change = |meter| {
        let filter = Change::Set(Some(named("other")));
        let changes = MeterChanges {
            filter,
            ..MeterChanges::default()
        };
        service.update_meter(organization, meter, changes)
    };
    send("not matching");
    let free = meter();
    assert_eq!(
        change(free).expect("changed").definition.filter,
        named("other")
    );
    send("matching");
    send("not matching");
    let refused = change(meter());
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults == [Fault::FilterFrozen]));
}

#[test]
fn while_nothing_matches_filter_aggregation_and_unit_are_changed_at_once() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let definition = Definition {
        filter: named("nothing"),
        ..sum_of("absent")
    };
    let meter = service
        .create_meter(organization, new_meter(definition))
        .expect("made")
        .id;
    let events = ["call", "call", "other"].map(|name| (Identity::External("a"), name, 7));
    ingest(&service, organization, &events).expect("taken");
    let change = |changes| {
        let changed = service.update_meter(organization, meter, changes);
        changed.expect("changed")
    };
    for unit in [Unit::Token, Unit::Custom, Unit::Scalar] {
        let changes = MeterChanges {
            unit: Some(unit),
            ..MeterChanges::default()
        };
        assert_eq!(change(changes).unit, unit);
    }
    change(MeterChanges {
        aggregation: aggregation(Function::Sum, "amount"),
        ..MeterChanges::default()
    });
    assert_eq!(total(&service, organization, meter, &that_day()), 0);
    change(MeterChanges {
        filter: Change::Set(Some(named("call"))),
        ..MeterChanges::default()
    });
    assert_eq!(total(&service, organization, meter, &that_day()), 14);
}

/// Events that are received at one time, as all events of one request are.
const AT_ONCE: usize = 2_500;

#[test]
fn a_new_meter_counts_each_old_event_that_matches_once_however_many_were_received_at_one_time() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let events: Vec<(Identity<'_>, &str, i64)> = (0..AT_ONCE)
        .map(|index| match index % 5 {
            0 => (Identity::External("a"), "other", 1_000),
            _ => (Identity::External("a"), "call", 1),
        })
        .collect();
    let taken = ingest(&service, organization, &events).expect("taken");
    assert_eq!(taken.inserted, 2_500);
    let of_calls = |service: &Service| {
        let definition = Definition {
            filter: named("call"),
            ..sum_of("amount")
        };
        let made = service.create_meter(organization, new_meter(definition));
        made.expect("made").id
    };
    let first = of_calls(&service);
    for _ in 0..2 {
        assert_eq!(total(&service, organization, first, &that_day()), 2_000);
    }
    service.close();
    drop(service);
    let service = harness.open_sealing();
    harness.wait_for_a_seal();
    for meter in [first, of_calls(&service)] {
        for _ in 0..2 {
            assert_eq!(total(&service, organization, meter, &that_day()), 2_000);
        }
    }
    let unknown = service.quantities(organization, MeterId::from_random([9; 16]), &that_day());
    assert!(matches!(unknown, Err(Error::NotFound)));
}

/// All events of this name.
fn named(name: &str) -> Filter {
    Filter {
        conjunction: Conjunction::And,
        clauses: vec![Clause::Comparison(Comparison {
            property: Property::parse("name"),
            operator: Operator::Eq,
            operand: Operand::Text(name.into()),
        })],
    }
}
