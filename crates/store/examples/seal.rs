//! Measures sealing: `cargo run --release -p store --example seal [FOLDER] [EVENTS]`.
//!
//! Appends events of 12 metadata keys and about 340 bytes of JSON, seals whenever the store wants it, as a server does but in
//! turns with the writer, and prints what each step takes: time, bytes on disk by kind of file, memory; then a start, a pass over
//! all rows, and look-ups.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]
#![expect(clippy::float_arithmetic, reason = "it prints what it measures")]
#![expect(clippy::cast_precision_loss, reason = "it prints what it measures")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::metadata::MetadataBuilder;
use domain::{Event, EventBatch, Identity, Number, OrganizationId, Source, Spelling, Timestamp};
use store::disk::RealDisk;
use store::{AppendRequest, Folder, KeyHasher, Options, Reader, open};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 100_000;
const BATCH: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let events = arguments
        .next()
        .map_or(Ok(2_000_000), |text| text.parse())?;
    let path = parent.join(format!("sextant-seal-{}", std::process::id()));
    let organization = OrganizationId::from_random([1; 16]);
    let done = append(&path, organization, events).and_then(|()| read(&path, organization));
    fs::remove_dir_all(&path)?;
    done?;
    let done = beside(&path, organization, events);
    fs::remove_dir_all(&path)?;
    done
}

#[expect(
    clippy::disallowed_methods,
    reason = "it looks now and then, as a server does"
)]
/// The same with the sealer on a thread of its own, as in a server: how long commits take.
fn beside(path: &Path, organization: OrganizationId, events: u64) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let mut sealing = writer.take_sealer().ok_or("nobody took it")?;
    let is_done = AtomicBool::new(false);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut commits = Vec::new();
    let seals = std::thread::scope(|scope| {
        let sealer = scope.spawn(|| {
            let mut seals = 0;
            while !is_done.load(Ordering::Relaxed) {
                if sealing.wants_seal() {
                    seals += u32::from(sealing.seal()?.is_some());
                    while sealing.compact()? {}
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok::<u32, store::StoreError>(seals)
        });
        for first in (0..events).step_by(1_000) {
            let (batch, hashes) = make_batch(reader.key_hasher(), organization, first, &mut random);
            let request = AppendRequest {
                organization,
                batch: &batch,
                hashes: &hashes,
            };
            let received_at = Timestamp::from_micros(first.cast_signed()).expect("in range");
            let start = Instant::now();
            let committed = writer.commit(received_at, &[request]);
            commits.push(start.elapsed());
            committed.expect("it is written");
        }
        is_done.store(true, Ordering::Relaxed);
        sealer.join().expect("it does not panic")
    })?;
    commits.sort_unstable();
    let at = |share: usize| commits.get((commits.len() - 1) * share / 1_000).copied();
    println!(
        "beside {seals} seals, a commit of {BATCH}: median {:?}, 99 % {:?}, worst {:?}",
        at(500).unwrap_or_default(),
        at(990).unwrap_or_default(),
        at(1_000).unwrap_or_default()
    );
    Ok(())
}

fn append(path: &Path, organization: OrganizationId, events: u64) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let mut sealing = writer.take_sealer().ok_or("nobody took it")?;
    let keys = reader.key_hasher();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut writing = Duration::ZERO;
    for first in (0..events).step_by(usize::try_from(BATCH)?) {
        let (batch, hashes) = make_batch(keys, organization, first, &mut random);
        let request = AppendRequest {
            organization,
            batch: &batch,
            hashes: &hashes,
        };
        let received_at = Timestamp::from_micros(first.cast_signed()).ok_or("in range")?;
        let start = cpu_time();
        writer.commit(received_at, &[request])?;
        writing += cpu_time().saturating_sub(start);
        if sealing.wants_seal() {
            let before = resident_mib();
            let (cpu_start, start) = (cpu_time(), Instant::now());
            let sealed = sealing.seal()?.ok_or("there are events")?;
            let (took, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu_start));
            let start = cpu_time();
            while sealing.compact()? {}
            let compacted = cpu_time().saturating_sub(start);
            println!(
                "{:>9} events: sealed {} in {} ms ({} cpu ns/event), merged in {} cpu ms; {:.1} B/event, of them rows {:.1}; \
                 write {} cpu ns/event; memory {before} -> {} MiB",
                first + BATCH,
                sealed.events,
                took.as_millis(),
                cpu.as_nanos() / u128::from(sealed.events),
                compacted.as_millis(),
                sealed.bytes as f64 / sealed.events as f64,
                sealed.segment_bytes as f64 / sealed.events as f64,
                std::mem::take(&mut writing).as_nanos() / u128::from(sealed.events),
                resident_mib(),
            );
        }
    }
    for kind in ["segments", "identities", "keys", "journal"] {
        let bytes = folder_bytes(&path.join(kind))?;
        println!("{kind:>11}: {:.2} B/event", bytes as f64 / events as f64);
    }
    Ok(())
}

fn read(path: &Path, organization: OrganizationId) -> Result<(), Box<dyn Error>> {
    let before = resident_mib();
    let start = cpu_time();
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (_writer, reader, report) = open(&folder, Options::default())?;
    println!(
        "open: {} cpu ms, {} events, of them {} replayed; memory {before} -> {} MiB",
        cpu_time().saturating_sub(start).as_millis(),
        report.events,
        report.events - report.events_sealed,
        resident_mib()
    );
    scan(&reader, organization)?;
    let snapshot = reader.snapshot(organization);
    let start = cpu_time();
    let looked = 50;
    for number in 0..looked {
        let ordinal = (u64::from(snapshot.rows()) * number / looked).try_into()?;
        snapshot.row(ordinal)?.ok_or("it is there")?;
    }
    println!(
        "a row anywhere: {} cpu us",
        cpu_time().saturating_sub(start).as_micros() / u128::from(looked)
    );
    let start = cpu_time();
    let rows = snapshot.rows_of_identity(17).take(50).count();
    println!(
        "the newest {rows} rows of an identity: {} cpu us",
        cpu_time().saturating_sub(start).as_micros()
    );
    Ok(())
}

/// Passes over all rows.
fn scan(reader: &Reader, organization: OrganizationId) -> Result<(), Box<dyn Error>> {
    let snapshot = reader.snapshot(organization);
    for round in ["first", "second"] {
        let start = cpu_time();
        let mut bytes = 0;
        for handle in snapshot.blocks_from(0) {
            bytes += handle.load()?.bytes().len();
        }
        println!(
            "{round} pass over all rows: {} cpu ns/row ({bytes} bytes)",
            cpu_time().saturating_sub(start).as_nanos() / u128::from(snapshot.rows())
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

fn resident_mib() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    (pages.unwrap_or(0_u64) * 4096) >> 20
}

fn folder_bytes(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

/// Events with UUID keys: 3 short texts, 1 text of 50,000 values, 5 integers, 1 decimal, 2 booleans, all drawn at random.
fn make_batch(
    keys: KeyHasher,
    organization: OrganizationId,
    first: u64,
    random: &mut u64,
) -> (EventBatch, Vec<Option<u128>>) {
    let mut batch = EventBatch::with_capacity(1_000, 320_000);
    let mut hashes = Vec::new();
    let (mut key, mut customer, mut text) = (String::new(), String::new(), String::new());
    let print = |out: &mut String, arguments: std::fmt::Arguments<'_>| {
        out.clear();
        out.write_fmt(arguments).expect("text takes everything");
    };
    for number in first..first + BATCH {
        let (high, low) = (next(random), next(random));
        print(
            &mut key,
            format_args!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                high >> 32,
                high >> 16 & 0xffff,
                high & 0xfff,
                low >> 48 & 0xfff,
                low & 0xffff_ffff_ffff
            ),
        );
        print(
            &mut customer,
            format_args!("customer-{}", next(random) % CUSTOMERS),
        );
        let mut metadata = MetadataBuilder::new();
        for (name, values) in [("region", 12), ("model", 30), ("tier", 4), ("path", 50_000)] {
            print(&mut text, format_args!("{name}-{}", next(random) % values));
            metadata.text(name, &text);
        }
        for name in [
            "input_tokens",
            "output_tokens",
            "latency",
            "retries",
            "bytes",
        ] {
            let whole = Number::from_u64(next(random) % 10_000);
            metadata.number(name, &whole, Spelling::Integer);
        }
        let cost = Number::from_parts(i128::from(next(random) % 1_000_000), 6);
        metadata.number("cost", &cost, Spelling::Decimal);
        metadata.bool("cached", next(random).is_multiple_of(2));
        metadata.bool("streamed", next(random).is_multiple_of(2));
        hashes.push(Some(keys.hash(organization, Source::User, &key)));
        let micros = (number * 1_000 + next(random) % 60_000_000).cast_signed();
        batch.push(&Event {
            source: Source::User,
            name: ["api.request", "api.completion", "storage"]
                [usize::try_from(next(random) % 3).unwrap_or(0)],
            identity: Identity::External(&customer),
            member: None,
            timestamp: Timestamp::from_micros(micros).expect("in range"),
            external_id: Some(&key),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    (batch, hashes)
}
