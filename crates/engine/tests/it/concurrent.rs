//! Ingest, questions, upkeep and changes of meters at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use domain::interval::{Buckets, series};
use domain::{
    Aggregation, Clause, Comparison, Conjunction, Definition, Event, EventBatch, Filter, Function,
    Identity, Interval, MetadataBuilder, MetadataFilter, MeterId, Number, Operand, Operator,
    OrganizationId, OwnedIdentity, Property, Source, Spelling, Timestamp, Zone,
};
use engine::{Ask, Customers, Engine, StoreError};
use store::testing::MemoryDisk;

use crate::harness::{START, ingest, open};

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

fn meter(index: u8) -> MeterId {
    MeterId::from_random([index; 16])
}

fn batch(name: &str, customer: &str, events: usize) -> EventBatch {
    let mut metadata = MetadataBuilder::new();
    metadata.number("amount", &Number::from_i64(1_000), Spelling::Integer);
    let mut batch = EventBatch::default();
    for _ in 0..events {
        batch.push(&Event {
            source: Source::User,
            name,
            identity: Identity::External(customer),
            member: None,
            timestamp: Timestamp::from_micros(START).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    batch
}

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

fn count(filter: Filter) -> Definition {
    Definition {
        filter,
        aggregation: Aggregation::Count,
    }
}

fn sum(filter: Filter) -> Definition {
    let aggregation = Aggregation::new(Function::Sum, Some(Property::parse("amount")));
    Definition {
        filter,
        aggregation: aggregation.expect("they go together"),
    }
}

/// The total of a meter over the day of all events.
fn total(engine: &Engine, id: MeterId, customers: Customers<'_>, over: Option<Function>) -> i64 {
    let start = Timestamp::from_micros(START).expect("in range");
    let zone = Zone::utc();
    let buckets = Buckets::of_series(
        &series(start, start, Interval::Day, &zone),
        Interval::Day,
        &zone,
    );
    let ask = Ask {
        buckets: &buckets,
        customers,
        metadata: &MetadataFilter::default(),
        customer_function: over,
        customer_of: &|_| None,
    };
    let answer = engine
        .quantities(organization(), id, &ask)
        .expect("the rows can be read")
        .expect("the meter is known");
    answer.total.to_i64().expect("a whole number")
}

#[test]
fn what_is_acknowledged_is_in_every_later_answer_and_nothing_is_that_was_not_sent() {
    const REQUESTS: i64 = 40;
    const EVENTS: i64 = 300;
    let engine = open(&MemoryDisk::new());
    engine.define_meter(organization(), meter(1), count(Filter::all()));
    engine.define_meter(organization(), meter(2), sum(Filter::all()));
    let (sent, acknowledged) = (AtomicI64::new(0), AtomicI64::new(0));
    let is_done = AtomicBool::new(false);
    let customer = OwnedIdentity::External("c0".into());
    thread::scope(|scope| {
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let (engine, sent, acknowledged) = (&engine, &sent, &acknowledged);
                scope.spawn(move || {
                    for _ in 0..REQUESTS {
                        sent.fetch_add(EVENTS, Ordering::SeqCst);
                        let events = usize::try_from(EVENTS).expect("few");
                        let batch = batch("call", &format!("c{sender}"), events);
                        ingest(engine, organization(), batch).expect("the disk is sound");
                        acknowledged.fetch_add(EVENTS, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let at_least = acknowledged.load(Ordering::SeqCst);
                    let counted = total(&engine, meter(1), Customers::All, None);
                    let summed = total(&engine, meter(2), Customers::All, None);
                    let by_customer = total(&engine, meter(1), Customers::All, Some(Function::Sum));
                    let of_one = total(
                        &engine,
                        meter(1),
                        Customers::Identities(std::slice::from_ref(&customer)),
                        None,
                    );
                    let at_most = sent.load(Ordering::SeqCst);
                    for (what, value) in [
                        ("count", counted),
                        ("sum", summed / 1_000),
                        ("scan", by_customer),
                    ] {
                        assert!(
                            (at_least..=at_most).contains(&value),
                            "{what}: {value} of {at_least} to {at_most}"
                        );
                        assert_eq!(value % EVENTS, 0, "{what}: requests are whole");
                    }
                    assert!(of_one <= at_most / 3 + REQUESTS * EVENTS);
                }
            });
        }
        // A definition that nothing matches may change all the time.
        scope.spawn(|| {
            let mut round = 0_u64;
            engine.define_meter(organization(), meter(3), count(named("nobody")));
            while !is_done.load(Ordering::SeqCst) {
                round += 1;
                let next = count(named(&format!("nobody {round}")));
                let replaced = engine
                    .replace_definition(organization(), meter(3), next, || Ok::<_, StoreError>(()));
                assert!(matches!(replaced, Ok(true)));
                assert_eq!(total(&engine, meter(3), Customers::All, None), 0);
            }
        });
        for sender in senders {
            sender.join().expect("senders do not panic");
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!(
        total(&engine, meter(1), Customers::All, None),
        3 * REQUESTS * EVENTS
    );
    assert_eq!(
        total(&engine, meter(1), Customers::Identities(&[customer]), None),
        REQUESTS * EVENTS
    );
}

/// The event and the change race; a reader must not see the event by the old definition when the change succeeds.
#[test]
fn no_answer_shows_an_event_of_a_definition_that_is_replaced_afterwards() {
    let engine = open(&MemoryDisk::new());
    for round in 0..300 {
        let name = format!("event {round}");
        let id = meter(2);
        engine.define_meter(organization(), id, count(named(&name)));
        let start = Barrier::new(3);
        let (seen_old, replaced) = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                start.wait();
                // 1 by the old definition, 1,000 by the new one.
                std::iter::repeat_with(|| total(&engine, id, Customers::All, None))
                    .find(|total| *total > 0)
                    == Some(1)
            });
            let changer = scope.spawn(|| {
                start.wait();
                let next = sum(named(&name));
                engine
                    .replace_definition(organization(), id, next, || Ok::<_, StoreError>(()))
                    .expect("commits")
            });
            start.wait();
            ingest(&engine, organization(), batch(&name, "c", 1)).expect("the disk is sound");
            (
                reader.join().expect("reads"),
                changer.join().expect("changes"),
            )
        });
        assert_eq!(seen_old, !replaced, "round {round}");
    }
}
