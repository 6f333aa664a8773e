//! The engine against a naive model, on random workloads.
//!
//! The model keeps every event it was told is new in a list and adds up by hand, in whole thousandths, each time it is
//! asked. What must hold: a key counts once for ever, a quantity equals the model's, a cube equals a scan, a restart
//! and a kill change no answer.

use std::collections::{BTreeMap, BTreeSet};

use domain::interval::{Buckets, series};
use domain::{
    Aggregation, Clause, Comparison, Conjunction, CustomerId, Definition, Event, EventBatch,
    Filter, Function, Identity, Interval, MetadataBuilder, MetadataFilter, MeterId, Number,
    Operand, Operator, OrganizationId, OwnedIdentity, Property, Source, Timestamp, Zone,
};
use engine::{Ask, Customers, Engine, Ingested};
use proptest::prelude::*;
use store::testing::MemoryDisk;

use crate::harness::{self, HOUR, START, open, open_sealing};

/// An event as the model keeps it.
#[derive(Debug, Clone)]
struct Plain {
    organization: u8,
    /// Customers 0 and 1 have an id and an external id, 2 and 3 only an external one.
    customer: u8,
    by_id: bool,
    at_minutes: i64,
    key: Option<u8>,
    model: u8,
    /// In thousandths; `None`: text instead of a number.
    amount: Option<i64>,
}

#[derive(Debug, Clone)]
enum Step {
    Ingest(Vec<Plain>),
    Ask(Question),
    Restart,
    Kill,
}

#[derive(Debug, Clone)]
struct Question {
    organization: u8,
    meter: usize,
    start_minutes: i64,
    span_hours: i64,
    interval: Interval,
    zone: usize,
    customer: Option<u8>,
    model: Option<u8>,
    over_customers: Option<Function>,
}

const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Asia/Kathmandu", "America/New_York"];
const FUNCTIONS: [Function; 6] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
    Function::Unique,
];

/// Fifteen years before the others, now and then.
fn minutes(range: std::ops::Range<i64>) -> impl Strategy<Value = i64> {
    let far = prop::bool::weighted(0.1);
    (range, far).prop_map(|(minutes, is_far)| minutes - i64::from(is_far) * 15 * 365 * 24 * 60)
}

fn plain() -> impl Strategy<Value = Plain> {
    (
        0_u8..2,
        0_u8..4,
        any::<bool>(),
        minutes(0_i64..60 * 24 * 60),
        prop::option::of(0_u8..40),
        0_u8..3,
    )
        .prop_flat_map(|(organization, customer, by_id, at_minutes, key, model)| {
            prop::option::weighted(0.9, -5_000_i64..100_000).prop_map(move |amount| Plain {
                organization,
                customer,
                by_id: by_id && customer < 2,
                at_minutes,
                key,
                model,
                amount,
            })
        })
}

fn question() -> impl Strategy<Value = Question> {
    let who = (prop::option::of(0_u8..4), prop::option::of(0_u8..3));
    let over = prop::option::of((0..FUNCTIONS.len()).prop_map(|index| FUNCTIONS[index]));
    let interval = prop_oneof![
        Just(Interval::Hour),
        Just(Interval::Day),
        Just(Interval::Week),
        Just(Interval::Month)
    ];
    (
        0_u8..2,
        0..2 * FUNCTIONS.len(),
        minutes(0_i64..50 * 24 * 60),
        prop_oneof![3 => 0_i64..150, 1 => Just(1_400)],
        interval,
        0..ZONES.len(),
        who,
        over,
    )
        .prop_map(
            |(
                organization,
                meter,
                start_minutes,
                span_hours,
                interval,
                zone,
                who,
                over_customers,
            )| {
                let (customer, model) = who;
                Question {
                    organization,
                    meter,
                    start_minutes,
                    span_hours,
                    interval,
                    zone,
                    customer,
                    model,
                    over_customers,
                }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(plain(), 0..30).prop_map(Step::Ingest),
        8 => question().prop_map(Step::Ask),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
    ]
}

fn organization(index: u8) -> OrganizationId {
    OrganizationId::from_random([index; 16])
}

fn customer_id(customer: u8) -> CustomerId {
    CustomerId::from_random([100 + customer; 16])
}

fn external_id(customer: u8) -> String {
    format!("customer {customer}")
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_micros(START + minutes * 60_000_000).expect("in range")
}

/// Every function without a filter, then every function for model 1.
fn definition(meter: usize) -> Definition {
    let function = FUNCTIONS[meter % FUNCTIONS.len()];
    let property = (function != Function::Count).then(|| Property::parse("amount"));
    let mut filter = Filter::all();
    if meter >= FUNCTIONS.len() {
        filter = Filter {
            conjunction: Conjunction::And,
            clauses: vec![Clause::Comparison(Comparison {
                property: Property::parse("metadata.model"),
                operator: Operator::Eq,
                operand: Operand::Text("m1".into()),
            })],
        };
    }
    let aggregation = Aggregation::new(function, property).expect("they go together");
    Definition {
        filter,
        aggregation,
    }
}

fn meter_id(organization: u8, meter: usize) -> MeterId {
    let meter = u8::try_from(meter).expect("few meters");
    MeterId::from_random([organization * 100 + meter; 16])
}

fn thousandths(value: i64) -> Number {
    Number::from_parts(value.into(), 3)
}

#[derive(Debug, Default)]
struct Model {
    events: Vec<Plain>,
    keys: BTreeSet<(u8, u8)>,
}

impl Model {
    fn ingest(&mut self, organization: u8, events: &[Plain]) -> Ingested {
        let mut ingested = Ingested {
            inserted: 0,
            duplicates: 0,
        };
        for event in events
            .iter()
            .filter(|event| event.organization == organization)
        {
            if event
                .key
                .is_some_and(|key| !self.keys.insert((organization, key)))
            {
                ingested.duplicates += 1;
            } else {
                ingested.inserted += 1;
                self.events.push(event.clone());
            }
        }
        ingested
    }

    /// The quantities and the total.
    fn answer(&self, question: &Question, buckets: &Buckets) -> (Vec<Number>, Number) {
        let function = FUNCTIONS[question.meter % FUNCTIONS.len()];
        let numeric = !matches!(function, Function::Count | Function::Unique);
        let matching: Vec<&Plain> = self
            .events
            .iter()
            .filter(|event| event.organization == question.organization)
            .filter(|event| question.meter < FUNCTIONS.len() || event.model == 1)
            .filter(|event| !numeric || event.amount.is_some())
            .filter(|event| {
                question
                    .customer
                    .is_none_or(|customer| event.customer == customer)
            })
            .filter(|event| question.model.is_none_or(|model| event.model == model))
            .collect();
        let inside = |index: usize| {
            let range = buckets.ranges()[index];
            matching
                .iter()
                .copied()
                .filter(move |event| range.contains(at(event.at_minutes)))
        };
        let shown: Vec<Vec<&Plain>> = (0..buckets.ranges().len())
            .map(|index| inside(index).collect())
            .collect();
        let all: Vec<&Plain> = shown.iter().flatten().copied().collect();
        let Some(over) = question.over_customers else {
            let quantities = shown
                .iter()
                .map(|events| aggregate(function, events).unwrap_or_default())
                .collect();
            return (quantities, aggregate(function, &all).unwrap_or_default());
        };
        let values: Vec<Option<Number>> = shown
            .iter()
            .map(|events| {
                let mut customers: BTreeMap<u8, Vec<&Plain>> = BTreeMap::new();
                for event in events {
                    customers.entry(event.customer).or_default().push(event);
                }
                let values: Vec<Number> = customers
                    .values()
                    .filter_map(|events| aggregate(function, events))
                    .collect();
                over_numbers(over, &values)
            })
            .collect();
        let present: Vec<Number> = values.iter().flatten().cloned().collect();
        let total = match function {
            Function::Count | Function::Sum => over_numbers(Function::Sum, &present),
            Function::Max | Function::Min => over_numbers(function, &present),
            Function::Avg | Function::Unique => aggregate(function, &all),
        };
        (
            values.into_iter().map(Option::unwrap_or_default).collect(),
            total.unwrap_or_default(),
        )
    }
}

fn aggregate(function: Function, events: &[&Plain]) -> Option<Number> {
    let amounts: Vec<i64> = events.iter().filter_map(|event| event.amount).collect();
    match function {
        Function::Count => (!events.is_empty()).then(|| Number::from_u64(events.len() as u64)),
        Function::Unique => (!events.is_empty()).then(|| {
            // Text instead of a number is one value of its own.
            let distinct: BTreeSet<Option<i64>> = events.iter().map(|event| event.amount).collect();
            Number::from_u64(distinct.len() as u64)
        }),
        Function::Sum => (!amounts.is_empty()).then(|| thousandths(amounts.iter().sum())),
        Function::Max => amounts.iter().max().map(|amount| thousandths(*amount)),
        Function::Min => amounts.iter().min().map(|amount| thousandths(*amount)),
        Function::Avg => {
            let count = std::num::NonZeroU64::new(amounts.len() as u64)?;
            Some(thousandths(amounts.iter().sum()).divide_by_count(count))
        }
    }
}

fn over_numbers(function: Function, values: &[Number]) -> Option<Number> {
    let count = std::num::NonZeroU64::new(values.len() as u64)?;
    let sum = || {
        values
            .iter()
            .fold(Number::ZERO, |sum, value| sum.plus(value))
    };
    match function {
        Function::Count => Some(Number::from_u64(count.get())),
        Function::Unique => Some(Number::from_u64(
            values.iter().collect::<BTreeSet<_>>().len() as u64,
        )),
        Function::Sum => Some(sum()),
        Function::Max => values.iter().max().cloned(),
        Function::Min => values.iter().min().cloned(),
        Function::Avg => Some(sum().divide_by_count(count)),
    }
}

/// With or without seals, at which what is folded is kept; without, it is when the engine is closed.
fn open_with_meters(disk: &MemoryDisk, is_sealing: bool) -> Engine {
    let engine = if is_sealing {
        open_sealing(disk)
    } else {
        open(disk)
    };
    for index in 0..2 {
        for meter in 0..2 * FUNCTIONS.len() {
            engine.define_meter(
                organization(index),
                meter_id(index, meter),
                definition(meter),
            );
        }
    }
    engine
}

fn ingest(engine: &Engine, of: u8, events: &[Plain]) -> Ingested {
    let mut batch = EventBatch::default();
    for event in events.iter().filter(|event| event.organization == of) {
        let mut metadata = MetadataBuilder::new();
        metadata.text("model", &format!("m{}", event.model));
        match event.amount {
            Some(amount) => {
                metadata.number("amount", &thousandths(amount), domain::Spelling::Decimal);
            }
            None => metadata.text("amount", "n/a"),
        }
        let external = external_id(event.customer);
        let key = event.key.map(|key| format!("key {key}"));
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity: if event.by_id {
                Identity::Customer(customer_id(event.customer))
            } else {
                Identity::External(&external)
            },
            member: None,
            timestamp: at(event.at_minutes),
            external_id: key.as_deref(),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    harness::ingest(engine, organization(of), batch).expect("the disk is sound")
}

fn check(engine: &Engine, model: &Model, question: &Question) -> Result<(), TestCaseError> {
    let zone = Zone::from_name(ZONES[question.zone]).expect("a zone");
    let start = at(question.start_minutes);
    let end =
        Timestamp::from_micros(start.micros() + question.span_hours * HOUR).expect("in range");
    let buckets = Buckets::of_series(
        &series(start, end, question.interval, &zone),
        question.interval,
        &zone,
    );
    let identities: Vec<OwnedIdentity> = question
        .customer
        .iter()
        .flat_map(|customer| {
            let external = OwnedIdentity::External(external_id(*customer).into());
            [external, OwnedIdentity::Customer(customer_id(*customer))]
        })
        .collect();
    let metadata = question.model.map(|model| {
        (
            "model".to_owned(),
            vec!["x".to_owned(), format!("m{model}")],
        )
    });
    let ask = Ask {
        buckets: &buckets,
        customers: match question.customer {
            None => Customers::All,
            Some(_) => Customers::Identities(&identities),
        },
        metadata: &MetadataFilter::new(metadata.into_iter().collect()),
        customer_function: question.over_customers,
        customer_of: &|external| {
            (0..2)
                .find(|customer| external_id(*customer) == external)
                .map(customer_id)
        },
    };
    let meter = meter_id(question.organization, question.meter);
    let answer = engine
        .quantities(organization(question.organization), meter, &ask)
        .expect("the rows can be read")
        .expect("the meter is known");
    let (quantities, total) = model.answer(question, &buckets);
    prop_assert_eq!(&answer.quantities, &quantities);
    prop_assert_eq!(&answer.total, &total);
    // The same by the other way: every row matches this one.
    let everything = MetadataFilter::new(vec![(
        "model".to_owned(),
        (0..3).map(|model| format!("m{model}")).collect(),
    )]);
    if question.model.is_none() {
        let scanned = engine.quantities(
            organization(question.organization),
            meter,
            &Ask {
                metadata: &everything,
                ..ask
            },
        );
        prop_assert_eq!(scanned.expect("the rows can be read"), Some(answer));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_answers_as_the_naive_model(
        steps in prop::collection::vec(step(), 1..40),
        is_sealing in any::<bool>(),
    ) {
        let mut disk = MemoryDisk::new();
        let mut engine = open_with_meters(&disk, is_sealing);
        let mut model = Model::default();
        for step in &steps {
            match step {
                Step::Ingest(events) => {
                    for of in 0..2 {
                        prop_assert_eq!(ingest(&engine, of, events), model.ingest(of, events));
                    }
                }
                Step::Ask(question) => check(&engine, &model, question)?,
                Step::Restart => {
                    drop(engine);
                    engine = open_with_meters(&disk, is_sealing);
                }
                Step::Kill => {
                    disk = disk.kill();
                    drop(engine);
                    engine = open_with_meters(&disk, is_sealing);
                }
            }
        }
    }
}
