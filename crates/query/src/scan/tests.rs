//! Scans by column, by row and on several threads give what the rules say of each event by itself.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use domain::interval::Buckets;
use domain::metadata::MetadataBuilder;
use domain::system::METER_CREDITED;
use domain::{
    Aggregation, Clause, Comparison, Conjunction, CustomerId, Definition, Event, EventBatch,
    Filter, Function, Interval, KeyedHash, MetadataFilter, MeterId, Number, Operand, Operator,
    OrganizationId, OwnedIdentity, Property, Source, State, Timestamp, Zone,
};
use proptest::prelude::*;
use store::testing::MemoryDisk;
use store::{AppendRequest, Folder, Options, Snapshot, open};

use super::{ScanMeans, scan};
use crate::question::{Customers, Grouping, Question};
use crate::{Answer, tally};

const HOUR: i64 = 3_600_000_000;

/// A value of metadata that owns what it holds.
#[derive(Debug, Clone)]
enum Owned {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Object(Vec<(String, Owned)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Sample {
    is_system: bool,
    name: u8,
    customer: u8,
    hour: i64,
    metadata: Vec<(String, Owned)>,
}

fn value() -> impl Strategy<Value = Owned> {
    let number = prop_oneof![
        4 => "-?[0-3]",
        2 => "-?[0-3]\\.[0-9]{1,2}",
        1 => "[1-9][0-9]{18,30}",
        1 => "[0-9]\\.[0-9]{13,20}",
        1 => "[1-9]e[0-9]",
    ];
    let leaf = prop_oneof![
        1 => Just(Owned::Null),
        2 => any::<bool>().prop_map(Owned::Bool),
        6 => number.prop_map(Owned::Number),
        4 => "[ab1]{0,2}".prop_map(Owned::Text),
        1 => prop_oneof!["1", "0.5", "true", "t", "2.0"].prop_map(Owned::Text),
    ];
    leaf.prop_recursive(1, 4, 2, |inner| {
        prop::collection::vec((key(), inner), 0..3)
            .prop_map(|entries| Owned::Object(unique(entries)))
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[a-c]", 1 => "a\\.b", 1 => Just("name".to_owned()), 1 => "k[0-9]{2}"]
}

/// One value for each key.
fn unique(entries: Vec<(String, Owned)>) -> Vec<(String, Owned)> {
    let mut known: Vec<(String, Owned)> = Vec::new();
    for (key, value) in entries {
        if !known.iter().any(|(other, _)| *other == key) {
            known.push((key, value));
        }
    }
    known
}

pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    (
        prop::bool::weighted(0.1),
        0_u8..3,
        0_u8..5,
        -2_i64..50,
        prop::collection::vec((key(), value()), 0..6),
    )
        .prop_map(|(is_system, name, customer, hour, metadata)| Sample {
            is_system,
            name,
            customer,
            hour,
            metadata: unique(metadata),
        })
}

fn property() -> impl Strategy<Value = Property> {
    let text = prop_oneof![
        6 => key(),
        1 => "[a-c]\\.[a-c]",
        1 => Just("timestamp".to_owned()),
        1 => Just("source".to_owned()),
        1 => Just("metadata.name".to_owned()),
        1 => Just("absent".to_owned()),
    ];
    text.prop_map(|text| Property::parse(&text))
}

fn comparison() -> impl Strategy<Value = Clause> {
    let operator = prop_oneof!["eq", "ne", "gt", "gte", "lt", "lte", "like", "not_like"]
        .prop_map(|name| Operator::from_name(&name).expect("an operator"));
    let operand = prop_oneof![
        "[ab1t]{0,2}".prop_map(|text| Operand::Text(text.into())),
        "name-[0-3]".prop_map(|text| Operand::Text(text.into())),
        (-2_i32..3).prop_map(Operand::Integer),
        any::<bool>().prop_map(Operand::Bool),
    ];
    (property(), operator, operand).prop_map(|(property, operator, operand)| {
        Clause::Comparison(Comparison {
            property,
            operator,
            operand,
        })
    })
}

pub(crate) fn filter() -> impl Strategy<Value = Filter> {
    let clauses = |clause: BoxedStrategy<Clause>| {
        (any::<bool>(), prop::collection::vec(clause, 0..3)).prop_map(|(is_and, clauses)| Filter {
            conjunction: if is_and {
                Conjunction::And
            } else {
                Conjunction::Or
            },
            clauses,
        })
    };
    let inner = clauses(comparison().boxed()).prop_map(Clause::Filter);
    clauses(prop_oneof![3 => comparison(), 1 => inner].boxed())
}

fn function() -> impl Strategy<Value = Function> {
    prop_oneof!["count", "sum", "max", "min", "avg", "unique"]
        .prop_map(|name| Function::from_name(&name).expect("a function"))
}

pub(crate) fn aggregation() -> impl Strategy<Value = Aggregation> {
    (function(), property()).prop_map(|(function, property)| {
        let property = (function != Function::Count).then_some(property);
        Aggregation::new(function, property).expect("they go together")
    })
}

fn metadata_filter() -> impl Strategy<Value = MetadataFilter> {
    let accepted = prop_oneof!["[ab1]{0,2}", "-?[0-3](\\.[0-9])?", "true|false", "100\\.0"];
    let condition = (key(), prop::collection::vec(accepted, 1..3));
    prop::collection::vec(condition, 0..2).prop_map(MetadataFilter::new)
}

fn build(entries: &[(String, Owned)]) -> MetadataBuilder {
    let mut builder = MetadataBuilder::new();
    for (key, value) in entries {
        match value {
            Owned::Null => builder.null(key),
            Owned::Bool(bool) => builder.bool(key, *bool),
            Owned::Number(text) => {
                let literal = Number::parse(text).expect("a number");
                builder.number(key, &literal.value, literal.spelling);
            }
            Owned::Text(text) => builder.text(key, text),
            Owned::Object(entries) => builder.object(key, build(entries).as_ref()),
        }
    }
    builder
}

fn identity_of(customer: u8) -> OwnedIdentity {
    match customer {
        4 => OwnedIdentity::Customer(customer_id()),
        number => OwnedIdentity::External(format!("customer-{number}").into()),
    }
}

pub(crate) fn meter(number: u8) -> MeterId {
    MeterId::from_random([number; 16])
}

fn customer_id() -> CustomerId {
    CustomerId::from_random([4; 16])
}

/// Events of two organizations that share row groups, all but some of them sealed.
pub(crate) fn stored(samples: &[Sample], others: &[Sample], in_memory: usize) -> Snapshot {
    let folder = Folder::open(Arc::new(MemoryDisk::new()), Path::new("/data"), [7; 32])
        .expect("a healthy disk");
    let (mut writer, reader, _) = open(&folder, Options::default()).expect("a healthy disk");
    let mut sealer = writer.take_sealer().expect("nobody took it");
    let organization = |number| OrganizationId::from_random([number; 16]);
    let (old, new) = samples.split_at(samples.len().saturating_sub(in_memory));
    let half = old.len() / 2;
    let steps = [
        (1, &old[..half], false),
        (2, others, true),
        (1, &old[half..], true),
        (1, new, false),
    ];
    for (number, samples, is_sealed) in steps {
        let mut batch = EventBatch::default();
        for sample in samples {
            let mut name = format!("name-{}", sample.name);
            let mut metadata = sample.metadata.clone();
            if sample.is_system && sample.name == 2 {
                METER_CREDITED.clone_into(&mut name);
                let own = [
                    (
                        "meter_id",
                        Owned::Text(meter(sample.customer % 2).to_string()),
                    ),
                    ("units", Owned::Number("7".to_owned())),
                ];
                metadata.extend(own.map(|(key, value)| (key.to_owned(), value)));
            }
            batch.push(&Event {
                source: if sample.is_system {
                    Source::System
                } else {
                    Source::User
                },
                name: &name,
                identity: identity_of(sample.customer).as_ref(),
                member: None,
                timestamp: Timestamp::from_micros(sample.hour * HOUR).expect("in range"),
                external_id: None,
                parent: None,
                metadata: build(&metadata).as_ref(),
            });
        }
        let request = AppendRequest {
            organization: organization(number),
            batch: &batch,
            hashes: &vec![None; samples.len()],
        };
        writer
            .commit(Timestamp::EPOCH, &[request])
            .expect("a healthy disk");
        if is_sealed {
            sealer.seal().expect("a healthy disk");
        }
    }
    reader.snapshot(organization(1))
}

fn buckets() -> Buckets {
    let zone = Zone::from_name("UTC").expect("a zone");
    // The third hour is in no bucket.
    let points: Vec<Timestamp> = [0, 1, 3, 4, 5, 6, 20, 21]
        .map(|hour| Timestamp::from_micros(hour * HOUR).expect("in range"))
        .into();
    Buckets::of_series(&points, Interval::Hour, &zone)
}

/// What the rules say, row by row.
fn naive(snapshot: &Snapshot, question: &Question<'_>) -> Answer {
    let function = question.definition.aggregation.function();
    let mut by_customer: Vec<Vec<(OwnedIdentity, State)>> =
        vec![Vec::new(); question.buckets.len()];
    let mut states = vec![State::new(function); question.buckets.len()];
    for handle in snapshot.blocks_from(0) {
        let block = handle.load().expect("as it was written");
        for row in (0..block.len()).map(|index| block.row(index)) {
            let event = row.event();
            let identity = event.identity.to_owned();
            let is_asked = match question.customers {
                Customers::All => true,
                Customers::Identities(identities) => identities.contains(&identity),
            };
            let Some(bucket) = question.buckets.find(row.timestamp).filter(|_| is_asked) else {
                continue;
            };
            if !question.metadata.matches(event.metadata) {
                continue;
            }
            let Some(contribution) = question.definition.contribution(&event) else {
                continue;
            };
            let customer = match (&identity, question.grouping) {
                (OwnedIdentity::External(id), Some(grouping)) => (grouping.customer_of)(id),
                _ => None,
            };
            let identity = customer.map_or(identity, OwnedIdentity::Customer);
            let customers = &mut by_customer[bucket];
            let known = customers.iter().position(|(known, _)| *known == identity);
            let known = known.unwrap_or_else(|| {
                customers.push((identity, State::new(function)));
                customers.len() - 1
            });
            customers[known].1.add(contribution.clone());
            states[bucket].add(contribution);
        }
    }
    let without_names = |customers: Vec<(_, State)>| customers.into_iter().map(|(_, state)| state);
    let by_customer: Vec<Vec<State>> = by_customer
        .into_iter()
        .map(|customers| without_names(customers).collect())
        .collect();
    match question.grouping {
        None => tally::plain(function, &states),
        Some(grouping) => tally::by_customer(function, grouping.function, &by_customer),
    }
}

fn check(snapshot: &Snapshot, question: &Question<'_>) {
    let expected = naive(snapshot, question);
    for threads in [1, 3] {
        let means = ScanMeans {
            threads: NonZeroUsize::new(threads).expect("some"),
            hash: KeyedHash::new([3; 16]),
        };
        let answer = scan(snapshot, question, &means).expect("as it was written");
        assert_eq!(answer, expected, "{question:?}");
    }
}

fn check_all(
    snapshot: &Snapshot,
    definition: &Definition,
    metadata: &MetadataFilter,
    over: Function,
) {
    let buckets = buckets();
    let customer_of = |external_id: &str| (external_id == "customer-1").then(customer_id);
    let identities = [identity_of(1), identity_of(4), identity_of(9)];
    for customers in [Customers::All, Customers::Identities(&identities)] {
        for grouping in [
            None,
            Some(Grouping {
                function: over,
                customer_of: &customer_of,
            }),
        ] {
            let question = Question {
                definition,
                buckets: &buckets,
                customers,
                metadata,
                grouping,
            };
            check(snapshot, &question);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_scan_by_column_is_what_the_rules_say_of_each_event(
        samples in prop::collection::vec(sample(), 1..80), others in prop::collection::vec(sample(), 0..20), in_memory in 0_usize..10,
        questions in prop::collection::vec((filter(), aggregation(), metadata_filter(), function()), 12),
    ) {
        let snapshot = stored(&samples, &others, in_memory);
        for (filter, aggregation, metadata, over) in questions {
            let definition = Definition { filter, aggregation };
            check_all(&snapshot, &definition, &metadata, over);
        }
    }
}

#[test]
fn many_groups_and_pages_are_added_up_once_each_on_any_number_of_threads() {
    let samples: Vec<Sample> = (0..70_000_i64)
        .map(|number| Sample {
            is_system: false,
            name: u8::try_from(number % 3).expect("few"),
            customer: u8::try_from(number % 5).expect("few"),
            hour: number / 3_000,
            metadata: vec![
                ("a".to_owned(), Owned::Number((number % 1_000).to_string())),
                ("b".to_owned(), Owned::Text(format!("b{}", number % 5_000))),
                ("c".to_owned(), Owned::Bool(number % 2 == 0)),
            ],
        })
        .filter(|sample| sample.customer != 2 || sample.hour > 4)
        .collect();
    let snapshot = stored(&samples, &[], 500);
    let text = |text: &str| Operand::Text(text.into());
    let comparison = |property: &str, operator: &str, operand| {
        Clause::Comparison(Comparison {
            property: Property::parse(property),
            operator: Operator::from_name(operator).expect("an operator"),
            operand,
        })
    };
    for (clauses, function, property) in [
        (
            vec![comparison("name", "eq", text("name-1"))],
            Function::Sum,
            "a",
        ),
        (
            vec![
                comparison("name", "ne", text("name-1")),
                comparison("a", "gt", Operand::Integer(500)),
            ],
            Function::Unique,
            "b",
        ),
        (vec![comparison("b", "eq", text("b77"))], Function::Max, "a"),
        (
            vec![comparison("c", "eq", Operand::Bool(true))],
            Function::Unique,
            "a",
        ),
    ] {
        let definition = Definition {
            filter: Filter {
                conjunction: Conjunction::And,
                clauses,
            },
            aggregation: Aggregation::new(function, Some(Property::parse(property)))
                .expect("they go together"),
        };
        let some = MetadataFilter::new(vec![("b".to_owned(), vec!["b77".to_owned()])]);
        for metadata in [MetadataFilter::default(), some] {
            check_all(&snapshot, &definition, &metadata, Function::Avg);
        }
    }
}

#[test]
fn a_spelling_is_what_a_metadata_filter_compares() {
    let of = |text: &str| Sample {
        is_system: false,
        name: 0,
        customer: 0,
        hour: 0,
        metadata: vec![("a".to_owned(), Owned::Number(text.to_owned()))],
    };
    let samples: Vec<Sample> = ["1", "1.0", "1e0", "10", "1.50", "1.5"].map(of).into();
    let snapshot = stored(&samples, &[], 0);
    let definition = Definition {
        filter: Filter::all(),
        aggregation: Aggregation::Count,
    };
    for (text, expected) in [
        ("1", 1),
        ("1.0", 2),
        ("1.5", 2),
        ("1.50", 0),
        ("10", 1),
        ("x", 0),
    ] {
        let metadata = MetadataFilter::new(vec![("a".to_owned(), vec![text.to_owned()])]);
        let question = Question {
            definition: &definition,
            buckets: &buckets(),
            customers: Customers::All,
            metadata: &metadata,
            grouping: None,
        };
        check(&snapshot, &question);
        assert_eq!(
            naive(&snapshot, &question).total,
            Number::from_i64(expected),
            "{text}"
        );
    }
}
