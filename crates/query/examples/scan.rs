//! Measures scans of sealed events: `cargo run --profile fast -p query --example scan [EVENTS] [THREADS] [QUESTION]`.
//!
//! The events have the shape of a busy organization: twelve keys of metadata, 100,000 customers of which few have most of the events, a year
//! of event time. They are kept in `target/scan/EVENTS` for the next run. Prints for each question how many rows it looks at in a second; of
//! the questions that begin with QUESTION, if it is given, after more runs.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use domain::interval::Buckets;
use domain::{
    Aggregation, Clause, Comparison, Conjunction, Definition, Event, EventBatch, Filter, Function,
    Identity, Interval, KeyedHash, MetadataBuilder, MetadataFilter, MeterId, Number, Operand,
    Operator, OrganizationId, OwnedIdentity, Property, Source, Spelling, Timestamp, Zone,
};
use query::{Customers, Grouping, MATCH_ROWS, Matcher, Matches, Question, ScanMeans, scan};
use store::disk::RealDisk;
use store::{AppendRequest, Folder, Options, Snapshot, open};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START: i64 = 1_735_689_600_000_000;
const DAY: i64 = 86_400_000_000;
const YEAR: i64 = 365 * DAY;
const SEALED_AT_ONCE: u32 = 500_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let events: u32 = arguments
        .next()
        .map_or(Ok(2_000_000), |text| text.parse())?;
    let threads: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let means = ScanMeans {
        threads: NonZeroUsize::new(threads).ok_or("some threads")?,
        hash: KeyedHash::new([9; 16]),
    };
    let organization = OrganizationId::from_random([1; 16]);
    let path = PathBuf::from(format!("target/scan/{events}"));
    let folder = Folder::open(Arc::new(RealDisk), &path, [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let mut sealer = writer.take_sealer().ok_or("nobody took it")?;
    let mut random = Random(42);
    let there = reader.snapshot(organization).rows();
    for first in (0..events).step_by(1_000) {
        if there >= events {
            break;
        }
        let at = YEAR / i64::from(events) * i64::from(first);
        let batch = batch(&mut random, at);
        if first < there {
            continue;
        }
        let request = AppendRequest {
            organization,
            hashes: &vec![None; 1_000],
            batch: &batch,
        };
        let received_at = START + 2 * YEAR + i64::from(first);
        writer.commit(
            Timestamp::from_micros(received_at).ok_or("in range")?,
            &[request],
        )?;
        if (first + 1_000).is_multiple_of(SEALED_AT_ONCE) || first + 1_000 >= events {
            sealer.seal()?;
        }
    }
    let snapshot = reader.snapshot(organization);
    println!("{} events, {threads} threads", snapshot.rows());
    questions(&snapshot, &means)?;
    new_meters(&snapshot, &means)?;
    single_rows(&snapshot, &means)?;
    writer.close()?;
    Ok(())
}

/// A name, what filters, what is measured, and which metadata is asked for.
type Case = (
    &'static str,
    Vec<Clause>,
    Function,
    &'static str,
    MetadataFilter,
);

fn cases() -> Vec<Case> {
    let text = |text: &str| Operand::Text(text.into());
    let named = || comparison("name", "eq", text("name-3"));
    let everything = || MetadataFilter::default();
    let with = |key: &str, value: &str| {
        MetadataFilter::new(vec![(key.to_owned(), vec![value.to_owned()])])
    };
    vec![
        ("count of all", vec![], Function::Count, "", everything()),
        (
            "name eq: count",
            vec![named()],
            Function::Count,
            "",
            everything(),
        ),
        (
            "name eq, int gt: count",
            vec![named(), comparison("int_1", "gt", Operand::Integer(500))],
            Function::Count,
            "",
            everything(),
        ),
        (
            "text of 50,000 eq: count",
            vec![comparison("path", "eq", text("value-77"))],
            Function::Count,
            "",
            everything(),
        ),
        (
            "int gt: sum of a decimal",
            vec![comparison("int_1", "gt", Operand::Integer(500))],
            Function::Sum,
            "cost",
            everything(),
        ),
        (
            "sum of a decimal",
            vec![],
            Function::Sum,
            "cost",
            everything(),
        ),
        (
            "max of an int",
            vec![],
            Function::Max,
            "int_2",
            everything(),
        ),
        (
            "unique texts of 50,000",
            vec![],
            Function::Unique,
            "path",
            everything(),
        ),
        (
            "unique ints of 1,000,000",
            vec![],
            Function::Unique,
            "wide",
            everything(),
        ),
        (
            "metadata of a short text: sum",
            vec![named()],
            Function::Sum,
            "int_2",
            with("region", "region-2"),
        ),
        (
            "metadata of a text of 50,000: sum",
            vec![named()],
            Function::Sum,
            "int_2",
            with("path", "value-77"),
        ),
        (
            "metadata of a bool: sum",
            vec![named()],
            Function::Sum,
            "int_2",
            with("cached", "true"),
        ),
    ]
}

fn questions(snapshot: &Snapshot, means: &ScanMeans) -> Result<(), Box<dyn Error>> {
    let zone = Zone::from_name("Europe/Vienna").ok_or("a zone")?;
    let days = |from: i64, count: i64| {
        let points: Vec<Timestamp> = (from..from + count)
            .filter_map(|day| Timestamp::from_micros(START + day * DAY + DAY / 2))
            .collect();
        Buckets::of_series(&points, Interval::Day, &zone)
    };
    let (year, month) = (days(-1, 368), days(180, 30));
    let customer_of = |_: &str| None;
    let identities =
        [0, 40_000].map(|number| OwnedIdentity::External(format!("customer-{number}").into()));
    for (name, clauses, function, property, metadata) in &cases() {
        let definition = Definition {
            filter: Filter {
                conjunction: Conjunction::And,
                clauses: clauses.clone(),
            },
            aggregation: Aggregation::new(
                *function,
                (!property.is_empty()).then(|| Property::parse(property)),
            )
            .ok_or("they go together")?,
        };
        let question = Question {
            definition: &definition,
            buckets: &year,
            customers: Customers::All,
            metadata,
            grouping: None,
        };
        measure(&format!("{name}, year by day"), snapshot, &question, means)?;
        let of_month = Question {
            buckets: &month,
            ..question
        };
        measure(&format!("{name}, 30 days"), snapshot, &of_month, means)?;
        if *function == Function::Max {
            for (who, identity) in ["popular", "rare"].into_iter().zip(&identities) {
                let of_one = Question {
                    customers: Customers::Identities(std::slice::from_ref(identity)),
                    ..question
                };
                measure(&format!("{name}, {who} customer"), snapshot, &of_one, means)?;
            }
            let by_customer = Question {
                grouping: Some(Grouping {
                    function: Function::Avg,
                    customer_of: &customer_of,
                }),
                ..of_month
            };
            measure(
                &format!("{name}, by customer, 30 days"),
                snapshot,
                &by_customer,
                means,
            )?;
        }
    }
    Ok(())
}

/// What it costs to find the rows of a new meter, before they are folded.
fn new_meters(snapshot: &Snapshot, means: &ScanMeans) -> Result<(), Box<dyn Error>> {
    let named = comparison("name", "eq", Operand::Text("name-3".into()));
    let named = [named, comparison("int_1", "gt", Operand::Integer(100))];
    for (name, clauses, function) in [
        ("one in 13 rows: sum", &named[..], Function::Sum),
        ("one in 13 rows: unique", &named[..], Function::Unique),
        ("all rows: count", &[], Function::Count),
        ("all rows: sum", &[], Function::Sum),
        ("all rows: unique", &[], Function::Unique),
    ] {
        let property = match function {
            Function::Count => None,
            Function::Unique => Some(Property::parse("path")),
            _ => Some(Property::parse("cost")),
        };
        let definition = Definition {
            filter: Filter {
                conjunction: Conjunction::And,
                clauses: clauses.to_vec(),
            },
            aggregation: Aggregation::new(function, property).ok_or("they go together")?,
        };
        let meters = vec![(MeterId::from_random([1; 16]), Arc::new(definition))];
        let matcher = Matcher::new(meters, means.hash.clone());
        let mut found = Matches::default();
        let start = time(means);
        for from in (0..snapshot.rows()).step_by(MATCH_ROWS as usize) {
            let until = snapshot.rows().min(from + MATCH_ROWS);
            matcher.find(snapshot, from..until, &[0], &mut found)?;
        }
        let nanos = time(means).saturating_sub(start).as_nanos();
        let rows = u128::from(snapshot.rows());
        println!("a new meter of {name:38} {:6} ns/row", nanos / rows);
    }
    Ok(())
}

/// What it costs to look at rows here and there, most of which are in no cache of ours.
fn single_rows(snapshot: &Snapshot, means: &ScanMeans) -> Result<(), Box<dyn Error>> {
    let mut random = Random(7);
    let mut bytes = 0;
    let start = time(means);
    for _ in 0..2_000 {
        let ordinal = u32::try_from(random.below(snapshot.rows().into()))?;
        let row = snapshot.row(ordinal)?.ok_or("a row")?;
        bytes += row.get().bytes.len();
    }
    let micros = time(means).saturating_sub(start).as_micros() / 2_000;
    println!("a single row: {micros} us ({bytes} bytes)");
    Ok(())
}

/// How long this thread has had a processor, where the system tells: not slowed by other programs' turns. Of several threads, what a clock
/// says.
fn time(means: &ScanMeans) -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    if means.threads.get() > 1 {
        return START.get_or_init(Instant::now).elapsed();
    }
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The best of some runs.
fn measure(
    name: &str,
    snapshot: &Snapshot,
    question: &Question<'_>,
    means: &ScanMeans,
) -> Result<(), Box<dyn Error>> {
    let only = std::env::args().nth(3);
    if only.as_ref().is_some_and(|only| !name.starts_with(&**only)) {
        return Ok(());
    }
    let mut best = u128::MAX;
    let mut total = Number::ZERO;
    for _ in 0..if only.is_some() { 50 } else { 3 } {
        let start = time(means);
        total = scan(snapshot, question, means)?.total;
        best = best.min(time(means).saturating_sub(start).as_micros().max(1));
    }
    println!(
        "{name:50} {:9}.{:01} ms  {:6} M rows/s  {total}",
        best / 1_000,
        best / 100 % 10,
        u128::from(snapshot.rows()) / best,
    );
    Ok(())
}

fn comparison(property: &str, operator: &str, operand: Operand) -> Clause {
    Clause::Comparison(Comparison {
        property: Property::parse(property),
        operator: Operator::from_name(operator).expect("an operator"),
        operand,
    })
}

/// A thousand events from `at` on, some of them late.
fn batch(random: &mut Random, at: i64) -> EventBatch {
    let mut batch = EventBatch::default();
    for index in 0..1_000 {
        let mut metadata = MetadataBuilder::new();
        metadata.text("region", &format!("region-{}", random.below(8)));
        metadata.text("model", &format!("model-{}", random.below(30)));
        metadata.text("tier", &format!("tier-{}", random.below(4)));
        metadata.text("path", &format!("value-{}", random.below(50_000)));
        for number in 0..4 {
            let value = Number::from_u64(random.below(1_000));
            metadata.number(&format!("int_{number}"), &value, Spelling::Integer);
        }
        let wide = Number::from_u64(random.below(1_000_000));
        metadata.number("wide", &wide, Spelling::Integer);
        let cost = Number::from_parts(random.below(5_000_000_000).into(), 9);
        metadata.number("cost", &cost, Spelling::Decimal);
        metadata.bool("cached", random.below(2) == 0);
        metadata.bool("stream", random.below(10) == 0);
        let late = if random.below(50) == 0 {
            i64::try_from(random.below(40)).unwrap_or_default() * DAY
        } else {
            0
        };
        // Few have most of the events.
        let customer =
            random.below(100_000) * random.below(1_000) / 1_000 * random.below(1_000) / 1_000;
        batch.push(&Event {
            source: Source::User,
            name: &format!("name-{}", random.below(12)),
            identity: Identity::External(&format!("customer-{customer}")),
            member: None,
            timestamp: Timestamp::from_micros(START + at + index * 1_000 - late).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    batch
}

/// A generator that is the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
