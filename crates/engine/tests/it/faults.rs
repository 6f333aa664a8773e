//! What a disk can do to the engine, and what the engine says then.

use std::sync::mpsc;

use domain::{Event, EventBatch, Identity, MetadataRef, OrganizationId, Source, Timestamp};
use engine::{IngestError, Ingested, StoreError};
use store::testing::{Fault, MemoryDisk};

use crate::harness::{START, ingest, open, try_open};

fn batch(keys: std::ops::Range<u32>) -> EventBatch {
    let mut batch = EventBatch::default();
    for key in keys {
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity: Identity::External("a"),
            member: None,
            timestamp: Timestamp::from_micros(START).expect("in range"),
            external_id: Some(&key.to_string()),
            parent: None,
            metadata: MetadataRef::EMPTY,
        });
    }
    batch
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

#[expect(clippy::unnecessary_wraps, reason = "it is what `ingest` gives")]
const fn taken(inserted: u64, duplicates: u64) -> Result<Ingested, IngestError> {
    Ok(Ingested {
        inserted,
        duplicates,
    })
}

#[test]
fn a_full_disk_refuses_and_takes_again_when_there_is_space() {
    let disk = MemoryDisk::new();
    let engine = open(&disk);
    assert_eq!(ingest(&engine, organization(), batch(0..10)), taken(10, 0));
    disk.limit_bytes(Some(disk.used_bytes() + 20));
    assert_eq!(
        ingest(&engine, organization(), batch(5..15)),
        Err(IngestError::NoSpace)
    );
    // What was durable before is still known.
    assert_eq!(ingest(&engine, organization(), batch(0..10)), taken(0, 10));
    assert!(engine.takes_writes());
    disk.limit_bytes(None);
    assert_eq!(ingest(&engine, organization(), batch(5..15)), taken(5, 5));
    drop(engine);
    assert_eq!(
        ingest(&open(&disk), organization(), batch(0..20)),
        taken(5, 15)
    );
}

#[test]
fn after_a_failed_sync_nothing_is_taken_until_a_restart() {
    let disk = MemoryDisk::new();
    let engine = open(&disk);
    assert_eq!(ingest(&engine, organization(), batch(0..10)), taken(10, 0));
    // The write works and the sync after it fails.
    disk.fail_after(1, Fault::Refuse);
    assert_eq!(
        ingest(&engine, organization(), batch(10..20)),
        Err(IngestError::Stopped)
    );
    disk.heal();
    assert_eq!(
        ingest(&engine, organization(), batch(20..30)),
        Err(IngestError::Stopped)
    );
    assert!(!engine.takes_writes());
    drop(engine);
    let again = ingest(&open(&disk.kill()), organization(), batch(0..10));
    assert_eq!(again, taken(0, 10));
}

#[test]
fn closing_writes_what_waits_and_refuses_the_rest() {
    let disk = MemoryDisk::new();
    let engine = open(&disk);
    let (sender, receiver) = mpsc::channel();
    for first in 0..100 {
        let sender = sender.clone();
        engine.submit(organization(), batch(first..first + 1), move |result| {
            sender.send(result).expect("somebody waits");
        });
    }
    engine.close();
    assert_eq!(
        receiver
            .try_iter()
            .filter(|result| *result == taken(1, 0))
            .count(),
        100
    );
    assert_eq!(
        ingest(&engine, organization(), batch(0..1)),
        Err(IngestError::Stopped)
    );
}

#[test]
fn a_second_engine_on_the_same_folder_is_refused() {
    let disk = MemoryDisk::new();
    let _engine = open(&disk);
    assert!(matches!(try_open(&disk), Err(StoreError::Locked { .. })));
}
