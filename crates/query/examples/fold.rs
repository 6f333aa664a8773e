//! Measures the fold: `cargo run --profile fast -p query --example fold [EVENTS]`.
//!
//! Prints what an event costs, in the processor's time, with 30 meters, of which each event matches one to three, in the shape of a busy organization: twelve keys
//! of metadata, customers of which few have most of the events, a year of event time.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{Definition, KeyedHash, MeterId, OrganizationId, Timestamp};
use query::{Fold, FoldMemory, MATCH_ROWS, Matcher, Matches};
use store::testing::MemoryDisk;
use store::{AppendRequest, Folder, Options, Snapshot, StoreError, open};

mod workload;

use workload::{METERS, Random, START, YEAR, batch, definition};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let events: u32 = match std::env::args().nth(1) {
        Some(events) => events.parse()?,
        None => 500_000,
    };
    let organization = OrganizationId::from_random([1; 16]);
    let disk = MemoryDisk::new();
    let folder = Folder::open(Arc::new(disk), Path::new("/data"), [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let mut random = Random(42);
    for first in (0..events).step_by(1_000) {
        let batch = batch(&mut random, i64::from(first) * (YEAR / i64::from(events)));
        let request = AppendRequest {
            organization,
            hashes: &vec![None; 1_000],
            batch: &batch,
        };
        writer.commit(
            Timestamp::from_micros(START + 2 * YEAR).ok_or("in range")?,
            &[request],
        )?;
    }
    let snapshot = reader.snapshot(organization);
    let start = cpu_time();
    let bytes: usize = snapshot
        .blocks_from(0)
        .map(|block| {
            let block = block.load().expect("it is in memory");
            (0..block.len())
                .map(|index| block.row(index).event().name.len())
                .sum::<usize>()
        })
        .sum();
    println!(
        "decode alone: {} ns/event ({bytes})",
        cpu_time().saturating_sub(start).as_nanos() / u128::from(events)
    );
    let hash = KeyedHash::new([9; 16]);
    let definitions: Vec<Definition> = (0..METERS).map(definition).collect();
    let start = cpu_time();
    let mut count = 0;
    let by_themselves = if events > 500_000 {
        0
    } else {
        definitions.len()
    };
    for definition in definitions.iter().take(by_themselves) {
        let meter = (MeterId::from_random([0; 16]), Arc::new(definition.clone()));
        let matcher = Matcher::new(vec![meter], hash.clone());
        count += run(&snapshot, &matcher, &[definition], &hash)?;
    }
    println!(
        "each meter by itself: {} ns/event, {count} matches",
        cpu_time().saturating_sub(start).as_nanos() / u128::from(events)
    );
    let meters = (0..)
        .zip(&definitions)
        .map(|(index, definition)| {
            let id = MeterId::from_random([index; 16]);
            (id, Arc::new(definition.clone()))
        })
        .collect();
    let matcher = Matcher::new(meters, hash.clone());
    let definitions: Vec<&Definition> = definitions.iter().collect();
    for _ in 0..3 {
        let start = cpu_time();
        let count = run(&snapshot, &matcher, &definitions, &hash)?;
        println!(
            "all in one pass: {} ns/event, {count} matches",
            cpu_time().saturating_sub(start).as_nanos() / u128::from(events)
        );
    }
    Ok(())
}

/// Folds all rows; returns how many matched.
fn run(
    snapshot: &Snapshot,
    matcher: &Matcher,
    definitions: &[&Definition],
    hash: &KeyedHash,
) -> Result<u64, StoreError> {
    let mut folds: Vec<Fold> = definitions
        .iter()
        .map(|definition| Fold::new(definition, hash.clone()))
        .collect();
    let places: Vec<usize> = (0..folds.len()).collect();
    let mut found = Matches::default();
    let (mut finding, mut adding) = (Duration::ZERO, Duration::ZERO);
    for from in (0..snapshot.rows()).step_by(MATCH_ROWS as usize) {
        let start = cpu_time();
        let until = snapshot.rows().min(from + MATCH_ROWS);
        matcher.find(snapshot, from..until, &places, &mut found)?;
        finding += cpu_time().saturating_sub(start);
        let start = cpu_time();
        for (place, fold) in folds.iter_mut().enumerate() {
            fold.add(snapshot, &mut found, place)?;
        }
        adding += cpu_time().saturating_sub(start);
    }
    if folds.len() > 1 {
        let rows = u128::from(snapshot.rows());
        println!(
            "  find {} ns/event, add {} ns/event",
            finding.as_nanos() / rows,
            adding.as_nanos() / rows
        );
        let of = |size: fn(&FoldMemory) -> usize| -> usize {
            folds.iter().map(|fold| size(&fold.memory())).sum()
        };
        println!(
            "  KiB: cubes {}, usage {} of {} identities, history {} of {} entries, values {}",
            of(|memory| memory.cube_bytes) >> 10,
            of(|memory| memory.usage_bytes) >> 10,
            of(|memory| memory.identities),
            of(|memory| memory.unsaved_bytes) >> 10,
            of(|memory| memory.unsaved),
            of(|memory| memory.values_bytes) >> 10,
        );
    }
    Ok(folds.iter().map(Fold::matched).sum())
}

/// How long this thread has had a processor, where the system tells; not slowed by other programs' turns.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
