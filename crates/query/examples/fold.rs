//! Measures the fold: `cargo run --profile fast -p query --example fold [EVENTS]`.
//!
//! Prints what an event costs, in the processor's time, with 30 meters, of which each event matches one to three, in the shape of a busy organization: twelve keys
//! of metadata, customers of which few have most of the events, a year of event time.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Aggregation, Clause, Comparison, Conjunction, Definition, Event, EventBatch, Filter, Function,
    Identity, KeyedHash, MetadataBuilder, MeterId, Number, Operand, Operator, OrganizationId,
    Property, Source, Spelling, Timestamp,
};
use query::{Fold, MATCH_ROWS, Matcher, Matches};
use store::testing::MemoryDisk;
use store::{AppendRequest, Folder, Options, Snapshot, StoreError, open};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const METERS: u8 = 30;
const CUSTOMERS: f64 = 100_000.0;
const VALUES: u64 = 1_000_000;
const START: i64 = 1_735_689_600_000_000;
const YEAR: i64 = 365 * 86_400 * 1_000_000;
const FUNCTIONS: [Function; 6] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
    Function::Unique,
];

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
        let batch = batch(&mut random, i64::from(first) * YEAR / i64::from(events));
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
    let by_themselves = if events > 500_000 { 0 } else { definitions.len() };
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
    }
    Ok(folds.iter().map(Fold::matched).sum())
}

/// A meter on one name in ten, or on two; half of them with a condition on metadata.
fn definition(index: u8) -> Definition {
    let function = FUNCTIONS[usize::from(index) % FUNCTIONS.len()];
    let text = |property: &str, text: String| {
        Clause::Comparison(Comparison {
            property: Property::parse(property),
            operator: Operator::Eq,
            operand: Operand::Text(text.into()),
        })
    };
    let name = |index: u8| text("name", format!("event {}", index % 20));
    let mut clauses = vec![name(index)];
    if index.is_multiple_of(3) {
        clauses = vec![Clause::Filter(Filter {
            conjunction: Conjunction::Or,
            clauses: vec![name(index), name(index + 7)],
        })];
    }
    if index.is_multiple_of(2) {
        clauses.push(text("metadata.region", "region 1".to_owned()));
    }
    let property = match function {
        Function::Count => None,
        Function::Unique => Some("metadata.session"),
        _ if index.is_multiple_of(5) => Some("metadata.cost"),
        _ => Some("metadata.tokens"),
    };
    Definition {
        filter: Filter {
            conjunction: Conjunction::And,
            clauses,
        },
        aggregation: Aggregation::new(function, property.map(Property::parse))
            .expect("they go together"),
    }
}

fn batch(random: &mut Random, at: i64) -> EventBatch {
    let mut batch = EventBatch::default();
    for number in 0..1_000 {
        let customer = format!("customer-{:06}", random.zipf(CUSTOMERS));
        let mut metadata = MetadataBuilder::new();
        metadata.text("region", &format!("region {}", random.below(3)));
        metadata.text("model", &format!("model {}", random.below(12)));
        metadata.text("tier", "pro");
        metadata.text("path", &format!("/v1/resources/{}", random.below(50_000)));
        for key in ["status", "latency", "tokens", "input", "output"] {
            let value = Number::from_u64(random.below(10_000));
            metadata.number(key, &value, Spelling::Integer);
        }
        let cost = Number::from_parts(random.below(1_000_000_000_000).into(), 9);
        metadata.number("cost", &cost, Spelling::Decimal);
        metadata.bool("cached", random.below(2) == 0);
        metadata.text("session", &format!("session-{}", random.below(VALUES)));
        let key = format!("{:016x}-{number:08}-0123456789", random.next());
        let late = i64::try_from(random.below(3_600_000_000)).expect("it is small");
        batch.push(&Event {
            source: Source::User,
            name: &format!("event {}", random.below(20)),
            identity: Identity::External(&customer),
            member: None,
            timestamp: Timestamp::from_micros(START + at + late).expect("in range"),
            external_id: Some(&key),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    batch
}

/// How long this thread has had a processor, where the system tells; not slowed by other programs' turns.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    #[expect(
        clippy::float_arithmetic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a popularity, not an amount"
    )]
    fn zipf(&mut self, end: f64) -> u64 {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        end.powf(part) as u64
    }
}
