//! An engine on a disk in memory, with a clock and randomness that repeat.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;

use domain::{EventBatch, OrganizationId, Timestamp};
use engine::{Clock, Engine, IngestError, Ingested, OpenOptions, Random, StoreError, StoreOptions};
use store::testing::MemoryDisk;

/// 2026-03-01T00:00Z.
pub(crate) const START: i64 = 1_772_323_200_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

#[derive(Debug)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::Relaxed)).expect("in range")
    }
}

#[derive(Debug)]
struct TestRandom;

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(42);
    }
}

pub(crate) fn open(disk: &MemoryDisk) -> Engine {
    try_open(disk).expect("the folder opens")
}

/// Seals after a few events.
pub(crate) fn open_sealing(disk: &MemoryDisk) -> Engine {
    let options = StoreOptions {
        seal_rows: 8,
        ..StoreOptions::default()
    };
    try_open_with(disk, options).expect("the folder opens")
}

pub(crate) fn try_open(disk: &MemoryDisk) -> Result<Engine, StoreError> {
    try_open_with(disk, StoreOptions::default())
}

fn try_open_with(disk: &MemoryDisk, store: StoreOptions) -> Result<Engine, StoreError> {
    let options = OpenOptions {
        store,
        folder: Path::new("/data").into(),
        disk: Arc::new(disk.clone()),
        clock: Arc::new(TestClock(AtomicI64::new(START + 100 * 24 * HOUR))),
        random: Arc::new(TestRandom),
    };
    Engine::open(&options)
}

/// Submits and waits.
pub(crate) fn ingest(
    engine: &Engine,
    organization: OrganizationId,
    batch: EventBatch,
) -> Result<Ingested, IngestError> {
    let (sender, receiver) = mpsc::channel();
    engine.submit(organization, batch, move |result| {
        sender.send(result).expect("somebody waits");
    });
    receiver.recv().expect("told once")
}
