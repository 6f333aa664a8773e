//! Measures meters from end to end: `cargo run --profile fast -p engine --example questions [EVENTS [FOLDER]]`.
//!
//! Takes events in as the server does, seals and keeps what is folded, and prints what that takes, how long questions take, how much
//! memory there is, and how long a start takes.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use domain::interval::{Buckets, Interval, series};
use domain::{Function, MetadataFilter, MeterId, OrganizationId, OwnedIdentity, Timestamp, Zone};
use engine::{
    Ask, Clock, Customers, Engine, OpenOptions, Random as Randomness, RealDisk, StoreOptions,
};

#[path = "../../query/examples/workload/mod.rs"]
mod workload;

use workload::{METERS, Random, START, YEAR, batch, definition};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DAY: i64 = 86_400_000_000;

#[derive(Debug)]
struct Now(Instant);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.0.elapsed().as_micros()).unwrap_or(0);
        Timestamp::from_micros(START + 2 * YEAR + micros).unwrap_or(Timestamp::MAX)
    }
}

#[derive(Debug)]
struct NoRandomness;

impl Randomness for NoRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let events: u32 = match arguments.next() {
        Some(events) => events.parse()?,
        None => 2_000_000,
    };
    let parent = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let path = parent.join(format!("sextant-questions-{}", std::process::id()));
    let engine = open(&path)?;
    take_in(&engine, events)?;
    ask_all(&engine, "after the last event")?;
    let start = Instant::now();
    engine.close();
    println!("close: {} ms", start.elapsed().as_millis());
    drop(engine);
    let start = Instant::now();
    let engine = open(&path)?;
    println!("start: {} ms", start.elapsed().as_millis());
    ask_all(&engine, "after the start")?;
    drop(engine);
    std::fs::remove_dir_all(&path)?;
    Ok(())
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

fn meter(index: u8) -> MeterId {
    MeterId::from_random([index; 16])
}

fn open(path: &Path) -> Result<Engine, Box<dyn Error>> {
    let engine = Engine::open(&OpenOptions {
        folder: path.into(),
        disk: Arc::new(RealDisk),
        clock: Arc::new(Now(Instant::now())),
        random: Arc::new(NoRandomness),
        store: StoreOptions::default(),
    })?;
    let start = Instant::now();
    for index in 0..METERS {
        engine.define_meter(organization(), meter(index), definition(index));
    }
    let recovery = engine.recovery();
    println!(
        "meters: {} ms; {} events replayed",
        start.elapsed().as_millis(),
        recovery.events
    );
    Ok(engine)
}

fn take_in(engine: &Engine, events: u32) -> Result<(), Box<dyn Error>> {
    let mut random = Random(42);
    let start = Instant::now();
    let (sender, receiver) = mpsc::sync_channel(64);
    let mut waiting = 0;
    for first in (0..events).step_by(1_000) {
        let batch = batch(&mut random, i64::from(first) * (YEAR / i64::from(events)));
        let sender = sender.clone();
        engine.submit(organization(), batch, move |outcome| {
            sender.send(outcome).expect("somebody waits");
        });
        waiting += 1;
        if waiting == 32 {
            receiver.recv()??;
            waiting -= 1;
        }
    }
    for _ in 0..waiting {
        receiver.recv()??;
    }
    println!(
        "{events} events taken in: {} ns/event, making them included; {} MiB resident",
        start.elapsed().as_nanos() / u128::from(events),
        resident()
    );
    let start = Instant::now();
    let total = ask(engine, 0, Customers::All, None)?;
    println!(
        "first question: {} ms ({total})",
        start.elapsed().as_millis()
    );
    Ok(())
}

fn ask_all(engine: &Engine, when: &str) -> Result<(), Box<dyn Error>> {
    println!("{when}: {} MiB resident", resident());
    let identity = |number: u64| OwnedIdentity::External(format!("customer-{number:06}").into());
    let [popular, rare] = [[identity(1)], [identity(60_000)]];
    for index in 0..6 {
        let function = definition(index).aggregation.function();
        for (what, customers, over) in [
            ("everyone", Customers::All, None),
            ("a popular customer", Customers::Identities(&popular), None),
            ("a rare customer", Customers::Identities(&rare), None),
            ("per customer", Customers::All, Some(Function::Sum)),
        ] {
            let mut times = Vec::new();
            let mut answer = String::new();
            for _ in 0..20 {
                let start = Instant::now();
                answer = ask(engine, index, customers, over)?;
                times.push(start.elapsed());
            }
            let first = times.first().copied().unwrap_or_default();
            times.sort_unstable();
            let middle = times.get(times.len() / 2).copied().unwrap_or_default();
            let last = times.last().copied().unwrap_or_default();
            println!(
                "  {:>6} {what:<20} first {:>7} us, middle {:>7}, worst {:>7} ({answer})",
                function.as_str(),
                first.as_micros(),
                middle.as_micros(),
                last.as_micros()
            );
        }
    }
    Ok(())
}

/// 30 days by day, in a zone that is not UTC; the total.
fn ask(
    engine: &Engine,
    index: u8,
    customers: Customers<'_>,
    over: Option<Function>,
) -> Result<String, Box<dyn Error>> {
    let zone = Zone::from_name("America/New_York").ok_or("a zone")?;
    let at = |day: i64| Timestamp::from_micros(START + day * DAY).ok_or("in range");
    let points = series(at(200)?, at(229)?, Interval::Day, &zone);
    let answer = engine.quantities(
        organization(),
        meter(index),
        &Ask {
            buckets: &Buckets::of_series(&points, Interval::Day, &zone),
            customers,
            metadata: &MetadataFilter::default(),
            customer_function: over,
            customer_of: &|_| None,
        },
    )?;
    Ok(answer.ok_or("the meter is known")?.total.to_string())
}

/// Mebibytes of memory, where the system tells.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    (pages.unwrap_or(0_u64) * 4_096) >> 20
}
