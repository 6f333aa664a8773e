//! Measures lists of sealed events: `cargo run --profile fast -p query --example pages [EVENTS] [NAMES] [ONLY]`.
//!
//! Seals events in the shape of a busy organization in segments of half a million: customers of which few have most of the events, 30
//! names, twelve keys of metadata, a year of event time, one event in fifty late by up to 40 days. Then it asks for pages, each question
//! for many customers, names and times: cold is the first time after a start, hot the third. What the system has in its memory of the
//! files is not dropped.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Event, EventBatch, EventIds, Identity, KeyedHash, MetadataBuilder, MetadataFilter, Number,
    OrganizationId, OwnedIdentity, Source, Spelling, TimeRange, Timestamp,
};
use query::events::{
    EventDirection, EventIndex, EventQuestion, LiveEvents, NameOrder, NameQuestion, Part,
    References, TextCondition, list, names,
};
use store::disk::RealDisk;
use store::{AppendRequest, Folder, Options, Reader, Snapshot, StoreError, open};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: f64 = 100_000.0;
const START: i64 = 1_735_689_600_000_000;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const BATCH: u32 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default| arguments.next().map_or(Ok(default), |text| text.parse());
    let events: u32 = next(2_000_000)?;
    let names: u64 = next(30)?.into();
    let only = arguments.next().unwrap_or_default();
    let path = std::env::temp_dir().join(format!("sextant-pages-{}", std::process::id()));
    let done = fill(&path, events, names)
        .and_then(|()| make_index(&path))
        .and_then(|()| ask(&path, names, &only));
    fs::remove_dir_all(&path)?;
    done
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

fn fill(path: &Path, events: u32, names: u64) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (mut writer, _reader, _) = open(&folder, Options::default())?;
    let mut sealer = writer.take_sealer().ok_or("nobody took it")?;
    let mut random = Random(42);
    for first in (0..events).step_by(BATCH as usize) {
        let step = YEAR / i64::from(events);
        let at = i64::from(first) * step;
        let batch = batch(&mut random, at, step, names);
        let request = AppendRequest {
            organization: organization(),
            hashes: &vec![None; BATCH as usize],
            batch: &batch,
        };
        let received_at = Timestamp::from_micros(START + at + HOUR).ok_or("in range")?;
        writer.commit(received_at, &[request])?;
        if sealer.wants_seal() {
            sealer.seal()?;
        }
    }
    sealer.seal()?;
    while sealer.compact()? {}
    Ok(())
}

/// Events and their index, as an engine has them.
struct Live {
    reader: Reader,
    ids: EventIds,
    index: EventIndex,
}

impl LiveEvents for Live {
    fn index<T>(&self, look: impl FnOnce(&EventIndex) -> T) -> T {
        look(&self.index)
    }

    fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(organization())
    }

    fn references(&self) -> References<'_> {
        References {
            organization: organization(),
            keys: self.reader.key_hasher(),
            ids: &self.ids,
        }
    }
}

/// Makes a question of a number.
type Make<'a> = &'a dyn Fn(u64) -> Asked;

#[expect(clippy::too_many_lines, reason = "a list of questions")]
fn ask(path: &Path, name_count: u64, only: &str) -> Result<(), Box<dyn Error>> {
    let live = start(path)?;
    let name = |number: u64| vec![format!("event {}", number % name_count)];
    let customer = |number: u64| vec![OwnedIdentity::External(customer_name(number).into())];
    let none: Vec<String> = Vec::new();
    let first = |limit| Part { offset: 0, limit };
    let month = |number: u64| {
        let from = START + (number.cast_signed() * 7 % 320) * DAY + 1_234_567;
        range(from, from + 30 * DAY)
    };
    let mut measure = Measure {
        path,
        live: Some(live),
        only,
    };
    let questions: [(&str, Make<'_>); 13] = [
        ("popular customer, 10", &|n| {
            Asked::new(TimeRange::ALL, &none, Some(customer(n % 10 + 1)), first(10))
        }),
        ("popular customer, 100", &|n| {
            Asked::new(
                TimeRange::ALL,
                &none,
                Some(customer(n % 10 + 1)),
                first(100),
            )
        }),
        ("rare customer, 10", &|n| {
            Asked::new(
                TimeRange::ALL,
                &none,
                Some(customer(90_000 + n * 97)),
                first(10),
            )
        }),
        ("rare customer, 100", &|n| {
            Asked::new(
                TimeRange::ALL,
                &none,
                Some(customer(90_000 + n * 97)),
                first(100),
            )
        }),
        ("popular customer, name, month, 10", &|n| {
            Asked::new(month(n), &name(n), Some(customer(n % 10 + 1)), first(10))
        }),
        ("customer 1,000, name, month, 10", &|n| {
            Asked::new(month(n), &name(n), Some(customer(1_000 + n)), first(10))
        }),
        ("rare customer, name, month, 10", &|n| {
            Asked::new(
                month(n),
                &name(n),
                Some(customer(90_000 + n * 97)),
                first(10),
            )
        }),
        ("popular customer, page 100 of 10", &|n| {
            Asked::new(
                TimeRange::ALL,
                &none,
                Some(customer(n % 10 + 1)),
                Part {
                    offset: 990,
                    limit: 10,
                },
            )
        }),
        ("name, 10", &|n| {
            Asked::new(TimeRange::ALL, &name(n), None, first(10))
        }),
        ("name, month, 10", &|n| {
            Asked::new(month(n), &name(n), None, first(10))
        }),
        ("month, 10", &|n| {
            Asked::new(month(n), &none, None, first(10))
        }),
        ("all, 100", &|_| {
            Asked::new(TimeRange::ALL, &none, None, first(100))
        }),
        ("all, page 100 of 100", &|_| {
            Asked::new(
                TimeRange::ALL,
                &none,
                None,
                Part {
                    offset: 9_900,
                    limit: 100,
                },
            )
        }),
    ];
    for (what, make) in questions {
        measure.pages(what, 20, make)?;
    }
    measure.pages("metadata filter, 10", 2, &|n| {
        let mut asked = Asked::new(TimeRange::ALL, &none, None, first(10));
        asked.metadata = path_is(n);
        asked
    })?;
    measure.pages("text, 10", 2, &|n| {
        let mut asked = Asked::new(TimeRange::ALL, &none, None, first(10));
        asked.text = Some(format!("resources/{n}"));
        asked
    })?;
    measure.names(
        "names, last seen",
        &NameQuestion {
            identities: None,
            sources: &[],
            is_wanted: &|_, _| true,
            roots_only: false,
            parent: None,
            sorting: &[],
        },
    )?;
    measure.names(
        "names by occurrences",
        &NameQuestion {
            identities: None,
            sources: &[],
            is_wanted: &|_, _| true,
            roots_only: false,
            parent: None,
            sorting: &[(NameOrder::Occurrences, true)],
        },
    )?;
    for number in [1, 95_000] {
        let identities = customer(number);
        measure.names(
            &format!("names of customer {number}"),
            &NameQuestion {
                identities: Some(&identities),
                sources: &[],
                is_wanted: &|_, _| true,
                roots_only: false,
                parent: None,
                sorting: &[],
            },
        )?;
    }
    Ok(())
}

fn path_is(number: u64) -> MetadataFilter {
    let value = format!("/v1/resources/{number}");
    MetadataFilter::new(vec![("path".to_owned(), vec![value])])
}

/// A question and what it borrows from.
struct Asked {
    range: TimeRange,
    names: Vec<String>,
    identities: Option<Vec<OwnedIdentity>>,
    metadata: MetadataFilter,
    text: Option<String>,
    part: Part,
}

impl Asked {
    fn new(
        range: TimeRange,
        names: &[String],
        identities: Option<Vec<OwnedIdentity>>,
        part: Part,
    ) -> Self {
        Self {
            range,
            names: names.to_vec(),
            identities,
            metadata: MetadataFilter::default(),
            text: None,
            part,
        }
    }

    fn list(&self, live: &Live) -> Result<(usize, u64), StoreError> {
        let occurs_in = |text: &str| {
            self.text
                .as_ref()
                .is_some_and(|part| text.contains(part.as_str()))
        };
        let question = EventQuestion {
            range: self.range,
            names: &self.names,
            sources: &[],
            identities: self.identities.as_deref(),
            metadata: &self.metadata,
            filter: None,
            definition: None,
            text: self.text.is_some().then_some(TextCondition {
                occurs_in: &occurs_in,
                identities: &[],
            }),
            parent: None,
            depth: None,
            direction: EventDirection::NewestFirst,
        };
        let listed = list(live, &question, self.part)?;
        Ok((listed.items.len(), listed.total))
    }
}

struct Measure<'a> {
    path: &'a Path,
    live: Option<Live>,
    /// Questions without this in their titles are left out.
    only: &'a str,
}

impl Measure<'_> {
    fn restart(&mut self) -> Result<&Live, Box<dyn Error>> {
        self.live = None;
        Ok(self.live.insert(start(self.path)?))
    }

    fn pages(
        &mut self,
        what: &str,
        times: u64,
        make: &dyn Fn(u64) -> Asked,
    ) -> Result<(), Box<dyn Error>> {
        if !what.contains(self.only) {
            return Ok(());
        }
        let live = self.restart()?;
        let mut figures = String::new();
        let mut total = 0;
        for round in ["cold", "again", "hot"] {
            let mut took = Vec::new();
            total = 0;
            for number in 0..times {
                let asked = make(number);
                let start = Instant::now();
                total += asked.list(live)?.1;
                took.push(start.elapsed());
            }
            if round != "again" {
                write!(figures, "   {round} {}", spread(&mut took))?;
            }
        }
        println!("{what:>36}: {figures}   ({} matches each)", total / times);
        Ok(())
    }

    fn names(&mut self, what: &str, question: &NameQuestion<'_>) -> Result<(), Box<dyn Error>> {
        if !what.contains(self.only) {
            return Ok(());
        }
        let live = self.restart()?;
        let mut figures = String::new();
        for round in ["cold", "hot"] {
            let mut took = Vec::new();
            for _ in 0..3 {
                let start = Instant::now();
                names(
                    live,
                    question,
                    Part {
                        offset: 0,
                        limit: 10,
                    },
                )?;
                took.push(start.elapsed());
            }
            write!(figures, "   {round} {}", spread(&mut took))?;
        }
        println!("{what:>36}: {figures}");
        Ok(())
    }
}

/// Opens the folder as a server does, with the index that was kept.
fn start(path: &Path) -> Result<Live, Box<dyn Error>> {
    let hash = KeyedHash::new([9; 16]);
    let kept = fs::read(path.join(INDEX))?;
    open_with(
        path,
        EventIndex::decode(&kept, &hash).map_err(|error| error.what)?,
    )
}

fn open_with(path: &Path, index: EventIndex) -> Result<Live, Box<dyn Error>> {
    let folder = Folder::open(Arc::new(RealDisk), path, [7; 32])?;
    let (_writer, reader, _) = open(&folder, Options::default())?;
    Ok(Live {
        reader,
        ids: EventIds::new(&[5; 32]),
        index,
    })
}

/// Makes the index, which is kept over a restart.
fn make_index(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut live = open_with(path, EventIndex::new(&KeyedHash::new([9; 16])))?;
    let mut index = std::mem::replace(&mut live.index, EventIndex::new(&KeyedHash::new([9; 16])));
    let begun = cpu_time();
    while !index.catch_up(&live.snapshot(), &live.references(), 10_000)? {}
    let folded = cpu_time().saturating_sub(begun);
    let mut packed = Vec::new();
    index.encode(&mut packed);
    println!(
        "index: {} bytes, {} ns/event",
        packed.len(),
        folded.as_nanos() / u128::from(index.rows())
    );
    fs::write(path.join(INDEX), &packed)?;
    Ok(())
}

const INDEX: &str = "index.packed";

/// How long this thread has had a processor, where the system tells; not slowed by other programs' turns.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The least, the median and the greatest.
fn spread(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |index: usize| took.get(index).copied().unwrap_or_default();
    format!(
        "{:>7.1?} {:>7.1?} {:>7.1?}",
        at(0),
        at(took.len() / 2),
        at(took.len() - 1)
    )
}

fn range(from: i64, until: i64) -> TimeRange {
    let at = |micros| Timestamp::from_micros(micros).expect("in range");
    TimeRange::new(at(from), at(until))
}

fn customer_name(number: u64) -> String {
    format!("customer-{:06}", number % 100_000)
}

fn batch(random: &mut Random, from: i64, step: i64, names: u64) -> EventBatch {
    let mut batch = EventBatch::default();
    for number in 0..i64::from(BATCH) {
        let customer = customer_name(random.zipf(CUSTOMERS));
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
        metadata.text("session", &format!("session-{}", random.below(1_000_000)));
        let late = match random.below(50) {
            0 => random.below((40 * DAY).unsigned_abs()),
            _ => random.below(60_000_000),
        };
        let key = random.uuid();
        batch.push(&Event {
            source: Source::User,
            name: &format!("event {}", random.below(names)),
            identity: Identity::External(&customer),
            member: None,
            timestamp: Timestamp::from_micros(START + from + number * step - late.cast_signed())
                .expect("in range"),
            external_id: Some(&key),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    batch
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

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            high & 0xffff,
            high >> 20 & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
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
