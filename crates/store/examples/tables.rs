//! What tables of derived state cost: `cargo run --profile fast -p store --example tables [FOLDER]`.
//!
//! Thirty appends of 400,000 entries, as saves of histories make them: keys are customer and quarter hour, values have about 12 bytes.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it is a program that prints what it measured"
)]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use domain::OrganizationId;
use store::disk::RealDisk;
use store::{Folder, Options, StoreError, TableList, TableSet, open};

const APPENDS: u64 = 30;
const ENTRIES: u64 = 400_000;
const CUSTOMERS: u64 = 100_000;
const TABLES: u64 = 4;
const NAME_BYTES: usize = 17;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args().nth(1).map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let path = given.unwrap_or_else(|| temporary.path().join("data"));
    let folder = Folder::open(Arc::new(RealDisk), &path, [7; 32])?;
    let (writer, reader, _) = open(&folder, Options::default())?;
    let organization = OrganizationId::from_random([1; 16]);
    let derived = reader.derived();
    let mut set = derived.open_tables(organization, &TableList::default())?;

    let mut random = Random(1);
    let (mut append_seconds, mut join_seconds, mut joined) = (0.0, 0.0, 0);
    for number in 0..APPENDS {
        let entries = entries(&mut random, number);
        let started = Instant::now();
        set = set.with(append(&set, &entries)?);
        append_seconds += started.elapsed().as_secs_f64();
        set.mark_kept();
        let started = Instant::now();
        let change = set.compact(|group, out| {
            joined += group.values().len() as u64;
            // The newest: what a merge does with the values is not what is measured.
            out.extend_from_slice(group.values().last().unwrap_or_default());
            Ok::<_, StoreError>(true)
        })?;
        if let Some(change) = change {
            set = set.with(change);
            set.mark_kept();
        }
        join_seconds += started.elapsed().as_secs_f64();
    }
    let appended = APPENDS * ENTRIES;
    let bytes = set.bytes();
    let held: u64 = (0..TABLES).map(|table| set.entries(&name(table))).sum();
    println!(
        "{} files, {held} entries, {:.1} bytes an entry",
        set.files(),
        ratio(bytes, held)
    );
    print("append, with its sync", append_seconds, appended);
    print("join, of what is joined", join_seconds, joined);
    print("join, of what is appended", join_seconds, appended);

    let started = Instant::now();
    let mut walked = 0;
    for table in 0..TABLES {
        let mut range = set.range(&name(table), ..)?;
        while let Some(entry) = range.next()? {
            walked += entry.values().len() as u64;
        }
    }
    print("walk through all", seconds(started), walked);

    let started = Instant::now();
    let mut found = 0;
    for customer in 0..CUSTOMERS {
        let first = customer << 32;
        let mut range = set.range(&name(1), first + 500..first + 3_380)?;
        while let Some(entry) = range.next()? {
            found += entry.values().len();
        }
    }
    let what = format!("a month of one customer, {found} values in all");
    print(&what, seconds(started), CUSTOMERS);

    let started = Instant::now();
    let mut range = set.range(&name(2), ..)?;
    for customer in 0..CUSTOMERS {
        let first = customer << 32;
        range.seek(first + 500)?;
        while let Some(entry) = range.next()? {
            if entry.key() >= first + 3_380 {
                break;
            }
            std::hint::black_box(entry);
        }
    }
    print(
        "the same by one walk that seeks",
        seconds(started),
        CUSTOMERS,
    );

    for (what, customers) in [
        ("get, blocks not in the cache for the most part", CUSTOMERS),
        ("get, blocks in the cache", 300),
    ] {
        let rounds = 100_000;
        let mut seconds_spent = 0.0;
        for warm in [true, false] {
            let started = Instant::now();
            for _ in 0..rounds {
                let customer = random.below(customers);
                std::hint::black_box(set.get(&name(3), customer << 32)?);
            }
            seconds_spent = if warm { 0.0 } else { seconds(started) };
        }
        print(what, seconds_spent, rounds);
    }
    writer.close()?;
    Ok(())
}

/// Sorted, without repeats. Popular customers have many quarter hours, all have the one of zero now and then.
fn entries(random: &mut Random, number: u64) -> Vec<(u64, u64)> {
    let entry = |random: &mut Random| {
        let table = random.below(TABLES);
        let bound = random.below(CUSTOMERS) + 1;
        let customer = random.below(bound);
        let quarter = if random.below(10) == 0 {
            0
        } else {
            number * 96 * 12 + random.below(96 * 12)
        };
        (table, customer << 32 | quarter)
    };
    let mut entries: Vec<_> = (0..ENTRIES).map(|_| entry(random)).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

fn append(set: &TableSet, entries: &[(u64, u64)]) -> Result<store::TableChange, StoreError> {
    set.append(|writer| {
        let mut table = u64::MAX;
        for (of_table, key) in entries {
            if *of_table != table {
                table = *of_table;
                writer.begin(&name(table))?;
            }
            let bytes = usize::try_from(8 + key % 9).unwrap_or(8);
            writer.push(*key, &[7; 16][..bytes])?;
        }
        Ok(())
    })
}

fn name(table: u64) -> [u8; NAME_BYTES] {
    let mut name = [b'm'; NAME_BYTES];
    if let Some(last) = name.last_mut() {
        *last = u8::try_from(table).unwrap_or(u8::MAX);
    }
    name
}

fn seconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "for people"
)]
fn print(what: &str, seconds: f64, count: u64) {
    println!(
        "{what}: {:.0} ns each of {count}",
        seconds * 1e9 / count as f64
    );
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "for people"
)]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
