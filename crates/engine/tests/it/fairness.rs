//! Who sends little while another sends much.

use std::sync::Arc;
use std::sync::mpsc;

use domain::{Event, EventBatch, Identity, MetadataRef, OrganizationId, Source, Timestamp};
use engine::IngestError;
use parking_lot::Mutex;
use store::testing::MemoryDisk;

use crate::harness::{START, open};

/// Events of about so many bytes.
fn batch(events: usize, bytes: usize) -> EventBatch {
    let mut batch = EventBatch::default();
    let name = "n".repeat(bytes);
    for _ in 0..events {
        batch.push(&Event {
            source: Source::User,
            name: &name,
            identity: Identity::External("a"),
            member: None,
            timestamp: Timestamp::from_micros(START).expect("in range"),
            external_id: None,
            parent: None,
            metadata: MetadataRef::EMPTY,
        });
    }
    batch
}

fn organization(number: u8) -> OrganizationId {
    OrganizationId::from_random([number; 16])
}

#[test]
fn one_event_waits_for_a_few_groups_however_much_another_organization_sends() {
    const FLOOD: usize = 600;
    let engine = open(&MemoryDisk::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let (sender, told) = mpsc::channel();
    let submit = |number, batch| {
        let (order, sender) = (Arc::clone(&order), sender.clone());
        engine.submit(organization(number), batch, move |result| {
            order.lock().push(number);
            sender.send(result).expect("the test waits");
        });
    };
    // 40 MB, ten groups' worth.
    for _ in 0..FLOOD {
        submit(1, batch(10, 6_700));
    }
    let answered_before = order.lock().len();
    submit(2, batch(1, 10));
    for _ in 0..=FLOOD {
        assert!(told.recv().expect("all are answered").is_ok());
    }
    let order = order.lock();
    let place = order.iter().position(|number| *number == 2);
    let waited_for = place.expect("it is answered") - answered_before;
    // What is being written, what is gathered, and its own group; each of about 60 requests.
    assert!(waited_for < 4 * 63, "{waited_for} of {FLOOD}");
}

#[test]
fn who_sends_more_than_there_is_room_for_is_refused_and_others_are_not() {
    let disk = MemoryDisk::new();
    let engine = open(&disk);
    let (sender, told) = mpsc::channel();
    let submit = |number, events: &EventBatch| {
        let sender = sender.clone();
        engine.submit(organization(number), events.clone(), move |result| {
            sender.send((number, result)).expect("the test waits");
        });
    };
    // Far more than may wait, faster than it is written.
    let (large, small) = (batch(1_000, 6_000), batch(1, 10));
    for _ in 0..60 {
        submit(1, &large);
        submit(2, &small);
    }
    let mut overloaded = [0; 3];
    for _ in 0..120 {
        let (number, result) = told.recv().expect("all are answered");
        match result {
            Ok(_) => {}
            Err(IngestError::Overloaded) => overloaded[usize::from(number)] += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(overloaded[2], 0);
    let events = engine.events_count(organization(2));
    assert_eq!(events, 60);
    let taken = engine.events_count(organization(1));
    assert_eq!(taken, (60 - overloaded[1]) * 1_000);
}
