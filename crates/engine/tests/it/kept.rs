//! What customers used, against a naive model, while what is folded is kept and read back.
//!
//! The model adds up by hand all events that it was told of. What must hold: a window begins with its reset, an external id counts for who
//! has it now, and neither seals, restarts nor kills change an answer.

use std::collections::BTreeSet;

use domain::{
    Aggregation, CustomerId, Definition, Event, EventBatch, Filter, Function, Identity,
    MetadataBuilder, MeterId, Number, OrganizationId, OwnedIdentity, Property, Source, Spelling,
    SystemEvent, Timestamp,
};
use engine::{Customer, Engine, Entered, Entry};
use proptest::prelude::*;
use store::testing::MemoryDisk;

use crate::harness::{self, HOUR, START, open, open_sealing};

const CUSTOMERS: u8 = 3;
const EXTERNALS: u8 = 2;
const FUNCTIONS: [Function; 4] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Unique,
];

#[derive(Debug, Clone)]
enum Step {
    /// Events of one identity: amounts.
    Use(u8, Vec<i64>),
    Credit(u8, i64),
    Reset(u8),
    /// An external id is another customer's from now on, or nobody's.
    Pass(u8, Option<u8>),
    Restart,
    Kill,
    Check,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..CUSTOMERS + EXTERNALS, prop::collection::vec(0_i64..30, 1..12))
            .prop_map(|(identity, amounts)| Step::Use(identity, amounts)),
        1 => (0..CUSTOMERS, -20_i64..50).prop_map(|(customer, units)| Step::Credit(customer, units)),
        1 => (0..CUSTOMERS).prop_map(Step::Reset),
        1 => (0..EXTERNALS, prop::option::of(0..CUSTOMERS))
            .prop_map(|(external, owner)| Step::Pass(external, owner)),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
        3 => Just(Step::Check),
    ]
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

fn meter(index: usize) -> MeterId {
    MeterId::from_random([u8::try_from(index).expect("few meters"); 16])
}

fn customer_id(customer: u8) -> CustomerId {
    CustomerId::from_random([100 + customer; 16])
}

/// Customers come first, then external ids.
fn identity(identity: u8) -> OwnedIdentity {
    if identity < CUSTOMERS {
        OwnedIdentity::Customer(customer_id(identity))
    } else {
        OwnedIdentity::External(format!("external {identity}").into())
    }
}

/// What happened, in the order of receipt.
#[derive(Debug, Clone, Copy)]
enum Happened {
    Used {
        identity: u8,
        amount: i64,
    },
    Credited {
        customer: u8,
        meter: usize,
        units: i64,
    },
    Reset {
        customer: u8,
        meter: usize,
    },
}

#[derive(Debug, Default)]
struct Model {
    happened: Vec<Happened>,
    owners: [Option<u8>; EXTERNALS as usize],
}

impl Model {
    fn identities(&self, customer: u8) -> Vec<u8> {
        let externals = (CUSTOMERS..).zip(self.owners);
        let externals = externals.filter(|(_, owner)| *owner == Some(customer));
        std::iter::once(customer)
            .chain(externals.map(|(external, _)| external))
            .collect()
    }

    /// What is consumed, and what is credited.
    fn usage(&self, index: usize, of: u8) -> (Number, Number) {
        let identities = self.identities(of);
        let is_reset = |happened: &Happened| {
            matches!(happened, Happened::Reset { customer, meter }
                if *customer == of && *meter == index)
        };
        let first = self.happened.iter().rposition(is_reset).unwrap_or(0);
        let mut amounts = Vec::new();
        let mut credited = 0;
        for happened in &self.happened[first..] {
            match *happened {
                Happened::Used { identity, amount } if identities.contains(&identity) => {
                    amounts.push(amount);
                }
                Happened::Credited {
                    customer,
                    meter,
                    units,
                } if customer == of && meter == index => {
                    credited = (credited + units).max(0);
                }
                _ => {}
            }
        }
        let consumed = match FUNCTIONS[index] {
            Function::Count => amounts.len() as u64,
            Function::Unique => amounts.iter().collect::<BTreeSet<_>>().len() as u64,
            Function::Max => amounts.iter().max().map_or(0, |max| max.unsigned_abs()),
            _ => amounts.iter().sum::<i64>().unsigned_abs(),
        };
        (Number::from_u64(consumed), Number::from_i64(credited))
    }
}

fn open_with_meters(disk: &MemoryDisk, is_sealing: bool) -> Engine {
    let engine = if is_sealing {
        open_sealing(disk)
    } else {
        open(disk)
    };
    for (index, function) in FUNCTIONS.into_iter().enumerate() {
        let property = (function != Function::Count).then(|| Property::parse("amount"));
        let definition = Definition {
            filter: Filter::all(),
            aggregation: Aggregation::new(function, property).expect("they go together"),
        };
        engine.define_meter(organization(), meter(index), without_system(definition));
    }
    engine
}

/// Counts what users sent and not what this server writes, which is not what is tested here.
fn without_system(definition: Definition) -> Definition {
    use domain::{Clause, Comparison, Conjunction, Operand, Operator};
    Definition {
        filter: Filter {
            conjunction: Conjunction::And,
            clauses: vec![Clause::Comparison(Comparison {
                property: Property::parse("source"),
                operator: Operator::Eq,
                operand: Operand::Text("user".into()),
            })],
        },
        ..definition
    }
}

fn use_up(engine: &Engine, of: u8, amounts: &[i64]) {
    let mut batch = EventBatch::default();
    let identity = identity(of);
    for (index, amount) in (0..).zip(amounts) {
        let mut metadata = MetadataBuilder::new();
        metadata.number("amount", &Number::from_i64(*amount), Spelling::Integer);
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity: identity.as_ref(),
            member: None,
            timestamp: Timestamp::from_micros(START + index * HOUR).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    harness::ingest(engine, organization(), batch).expect("the disk is sound");
}

fn enter(engine: &Engine, model: &Model, customer: u8, what: SystemEvent) {
    let entry = Entry {
        customer: customer_id(customer),
        identities: model
            .identities(customer)
            .into_iter()
            .map(identity)
            .collect(),
        what: vec![what],
        timestamp: None,
        external_id: None,
    };
    let entered = engine.enter(organization(), entry);
    assert!(matches!(entered, Ok(Entered::New { .. })), "{entered:?}");
}

fn check(engine: &Engine, model: &Model) -> Result<(), TestCaseError> {
    let number = |identity: Identity<'_>| {
        let known = engine.identity(organization(), identity);
        known
            .expect("the rows can be read")
            .map(|known| known.number)
    };
    for customer in 0..CUSTOMERS {
        let identities: Vec<u32> = model
            .identities(customer)
            .into_iter()
            .filter_map(|of| number(identity(of).as_ref()))
            .collect();
        let asked = Customer {
            own: number(Identity::Customer(customer_id(customer))),
            identities: &identities,
        };
        for (index, function) in FUNCTIONS.into_iter().enumerate() {
            let usages = engine
                .customer_usage(organization(), meter(index), &[asked], None)
                .expect("the rows can be read")
                .expect("the meter is known");
            let (consumed, credited) = model.usage(index, customer);
            prop_assert_eq!(&usages[0].consumed, &consumed, "{:?}", function);
            prop_assert_eq!(&usages[0].credited, &credited);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_customers_used_is_what_came_in_their_windows(
        steps in prop::collection::vec(step(), 1..40),
        is_sealing in any::<bool>(),
    ) {
        let mut disk = MemoryDisk::new();
        let mut engine = open_with_meters(&disk, is_sealing);
        let mut model = Model::default();
        for step in &steps {
            match step {
                Step::Use(identity, amounts) => {
                    use_up(&engine, *identity, amounts);
                    let used = amounts.iter().map(|amount| Happened::Used {
                        identity: *identity,
                        amount: *amount,
                    });
                    model.happened.extend(used);
                }
                Step::Credit(customer, units) => {
                    for index in 0..FUNCTIONS.len() {
                        let what = SystemEvent::MeterCredited {
                            meter: meter(index),
                            units: *units,
                            rollover: false,
                        };
                        enter(&engine, &model, *customer, what);
                        model.happened.push(Happened::Credited {
                            customer: *customer,
                            meter: index,
                            units: *units,
                        });
                    }
                }
                Step::Reset(customer) => {
                    for index in 0..FUNCTIONS.len() {
                        let what = SystemEvent::MeterReset {
                            meter: meter(index),
                            carry_over: false,
                        };
                        enter(&engine, &model, *customer, what);
                        model.happened.push(Happened::Reset {
                            customer: *customer,
                            meter: index,
                        });
                    }
                }
                Step::Pass(external, owner) => model.owners[usize::from(*external)] = *owner,
                Step::Restart => {
                    drop(engine);
                    engine = open_with_meters(&disk, is_sealing);
                }
                Step::Kill => {
                    disk = disk.kill();
                    drop(engine);
                    engine = open_with_meters(&disk, is_sealing);
                }
                Step::Check => check(&engine, &model)?,
            }
        }
        check(&engine, &model)?;
    }
}
