//! Measures the writer: `cargo run --release -p store --example commit [FOLDER]`.
//!
//! Prints, for groups of a thousand events and of one, and for a growing number of known keys, the serial time of an
//! event, sync and all, on the disk of FOLDER (by default the system's folder for temporary files). In a folder that is in
//! memory the sync is free: what remains is the writer's own cost.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::metadata::MetadataBuilder;
use domain::{Event, EventBatch, Identity, OrganizationId, Source, Timestamp};
use store::disk::RealDisk;
use store::{AppendRequest, Folder, Options, Reader, open};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let organization = OrganizationId::from_random([1; 16]);
    let parent = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let path = parent.join(format!("sextant-commit-{}", std::process::id()));
    for (batch, events) in [(1_000, 4_000_000), (1, 100_000)] {
        println!(
            "{:>8} {:>10} {:>10} {:>10} {:>10}",
            "a group", "events", "ns/event", "cpu ns", "worst us"
        );
        run(&path, organization, batch, events)?;
        let bytes = journal_bytes(&path)?;
        let start = Instant::now();
        let folder = Folder::open(Arc::new(RealDisk), &path, [7; 32])?;
        let (_, reader, report) = open(&folder, Options::default())?;
        let took = start.elapsed().as_millis();
        println!(
            "replay of {} events, {} MiB: {took} ms",
            report.events,
            bytes >> 20
        );
        scan(&reader, organization)?;
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

fn run(
    path: &Path,
    organization: OrganizationId,
    group: u64,
    events: u64,
) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let keys = reader.key_hasher();
    let step = events / 4;
    for quarter in 0..4 {
        let (mut worst, mut total, mut cpu) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for first in (quarter * step..(quarter + 1) * step).step_by(usize::try_from(group)?) {
            let (batch, hashes) = make_batch(keys, organization, first, group);
            let request = AppendRequest {
                organization,
                batch: &batch,
                hashes: &hashes,
            };
            let received_at = Timestamp::from_micros(first.cast_signed()).ok_or("in range")?;
            let (cpu_start, start) = (cpu_time(), Instant::now());
            let appended = writer.commit(received_at, &[request])?;
            let took = start.elapsed();
            cpu += cpu_time().saturating_sub(cpu_start);
            total += took;
            worst = worst.max(took);
            assert!(
                appended.iter().all(|answer| answer.duplicates == 0),
                "all keys are new"
            );
        }
        println!(
            "{group:>8} {:>10} {:>10} {:>10} {:>10}",
            (quarter + 1) * step,
            total.as_nanos() / u128::from(step),
            cpu.as_nanos() / u128::from(step),
            worst.as_micros()
        );
    }
    Ok(())
}

/// How long this thread has had a processor, where the system tells; not slowed by other programs' turns.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Events of about 300 bytes with keys like UUIDs, from `CUSTOMERS` customers in no order.
fn make_batch(
    keys: store::KeyHasher,
    organization: OrganizationId,
    first: u64,
    count: u64,
) -> (EventBatch, Vec<Option<u128>>) {
    let mut batch = EventBatch::with_capacity(1_000, 320_000);
    let mut hashes = Vec::new();
    let mut text = String::new();
    for number in first..first + count {
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        text.clear();
        write!(text, "{random:016x}-{number:08x}-0123456789").expect("text takes everything");
        let customer = format!("customer-{}", random % CUSTOMERS);
        let mut metadata = MetadataBuilder::new();
        for key in ["region", "model", "tier", "path", "kind", "unit", "status"] {
            metadata.text(key, &text[..20]);
        }
        hashes.push(Some(keys.hash(organization, Source::User, &text)));
        batch.push(&Event {
            source: Source::User,
            name: "api.request",
            identity: Identity::External(&customer),
            member: None,
            timestamp: Timestamp::EPOCH,
            external_id: Some(&text),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    (batch, hashes)
}

fn journal_bytes(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder.join("journal"))? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// Passes over a column, and along the chain of one identity.
fn scan(reader: &Reader, organization: OrganizationId) -> Result<(), Box<dyn Error>> {
    let snapshot = reader.snapshot(organization);
    let start = Instant::now();
    let mut sum = 0_u64;
    for handle in snapshot.blocks_from(0) {
        let block = handle.load()?;
        let column = block.identities();
        sum += column
            .iter()
            .map(|identity| u64::from(*identity))
            .sum::<u64>();
    }
    let took = start.elapsed();
    let start = Instant::now();
    let chain = snapshot.rows_of_identity(0).count();
    println!(
        "  scan of a column: {took:?} (sum {sum}); {chain} rows of one identity: {:?}",
        start.elapsed()
    );
    Ok(())
}
