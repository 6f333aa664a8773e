//! Events in the shape of a busy organization, and meters on them: for measuring.

use domain::{
    Aggregation, Clause, Comparison, Conjunction, Definition, Event, EventBatch, Filter, Function,
    Identity, MetadataBuilder, Number, Operand, Operator, Property, Source, Spelling, Timestamp,
};

/// How many meters there are.
pub(crate) const METERS: u8 = 30;
const CUSTOMERS: f64 = 100_000.0;
const VALUES: u64 = 1_000_000;
/// 2025-01-01T00:00Z, in microseconds.
pub(crate) const START: i64 = 1_735_689_600_000_000;
/// The time over which events happen, in microseconds.
pub(crate) const YEAR: i64 = 365 * 86_400 * 1_000_000;
const FUNCTIONS: [Function; 6] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
    Function::Unique,
];

/// A meter on one name in ten, or on two; half of them with a condition on metadata.
pub(crate) fn definition(index: u8) -> Definition {
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

/// A thousand events that happen within an hour.
pub(crate) fn batch(random: &mut Random, at: i64) -> EventBatch {
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

/// The same numbers for the same seed.
pub(crate) struct Random(pub(crate) u64);

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
