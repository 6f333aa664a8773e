//! Whose events came is told from any row on, wherever the rows are.

use domain::{
    CustomerId, Event, EventBatch, MetadataRef, OrganizationId, OwnedIdentity, Source, Timestamp,
};
use engine::Engine;
use store::testing::MemoryDisk;

use crate::harness::{START, ingest, open_sealing};

/// The events of each request, by the numbers of their customers.
const REQUESTS: [&[u8]; 6] = [
    &[1, 2],
    &[2],
    &[3, 3, 1],
    &[4],
    &[2, 5, 5, 5, 5, 5],
    &[6, 1],
];

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

/// Even ones are known by an id, odd ones by an external id.
fn identity(number: u8) -> OwnedIdentity {
    if number.is_multiple_of(2) {
        OwnedIdentity::Customer(CustomerId::from_random([number; 16]))
    } else {
        OwnedIdentity::External(number.to_string().into())
    }
}

fn send(engine: &Engine, numbers: &[u8]) {
    let mut batch = EventBatch::default();
    for number in numbers {
        let owned = identity(*number);
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity: owned.as_ref(),
            member: None,
            timestamp: Timestamp::from_micros(START).expect("in range"),
            external_id: None,
            parent: None,
            metadata: MetadataRef::EMPTY,
        });
    }
    ingest(engine, organization(), batch).expect("the disk is sound");
}

#[track_caller]
fn check(engine: &Engine) {
    let all: Vec<u8> = REQUESTS
        .iter()
        .flat_map(|some| some.iter().copied())
        .collect();
    let count = u32::try_from(all.len()).expect("few");
    assert_eq!(engine.events_count(organization()), count);
    for from in 0..=count {
        for rows_max in [1, 3, 100] {
            let found = engine
                .arrivals(organization(), from, rows_max)
                .expect("reads");
            assert_eq!(found.next, count.min(from + rows_max));
            let mut expected: Vec<OwnedIdentity> = Vec::new();
            for number in &all[from as usize..found.next as usize] {
                if !expected.contains(&identity(*number)) {
                    expected.push(identity(*number));
                }
            }
            let identities = found
                .identities
                .iter()
                .map(|(identity, _)| identity.clone());
            assert_eq!(
                identities.collect::<Vec<_>>(),
                expected,
                "{from} {rows_max}"
            );
            assert!(found.identities.is_sorted_by_key(|(_, at)| *at));
        }
    }
    let beyond = engine
        .arrivals(organization(), count + 7, 10)
        .expect("reads");
    assert_eq!((beyond.identities, beyond.next), (Vec::new(), count + 7));
}

#[test]
fn arrivals_are_the_same_in_memory_sealed_and_after_a_restart() {
    let disk = MemoryDisk::new();
    let engine = open_sealing(&disk);
    for numbers in REQUESTS {
        send(&engine, numbers);
    }
    check(&engine);
    engine.close();
    drop(engine);
    check(&open_sealing(&disk));
}
