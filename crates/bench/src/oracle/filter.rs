//! Which events match, read from the description of the API and not from the product.
//!
//! A clause over a property of few values is worked out once for each of them; what remains for an event is a look-up.

use crate::workload::event::{Event, NANOS};
use crate::workload::meters::{Condition, Operator, Property, Value};
use crate::workload::vocabulary::{DOCUMENTS, MODELS, NAMES, PLANS, REGIONS, STATUSES, Status};

/// A filter, ready for many events.
#[derive(Debug)]
pub(super) enum Test {
    /// By the value's code; see [`code`].
    Among(Property, Vec<bool>),
    /// A number of [`nanos`], compared.
    Compare(Property, Operator, Value),
    All(Vec<Test>),
    Any(Vec<Test>),
}

/// A value of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    Absent,
    Text(String),
    /// In billionths.
    Number(i64),
    Bool(bool),
}

impl Test {
    /// Of a meter's filter.
    pub(super) fn of(condition: &Condition) -> Self {
        match condition {
            Condition::All(conditions) => Self::All(conditions.iter().map(Self::of).collect()),
            Condition::Any(conditions) => Self::Any(conditions.iter().map(Self::of).collect()),
            Condition::Is(property, operator, value) => match codes(*property) {
                Some(count) => Self::Among(
                    *property,
                    (0..count)
                        .map(|code| is_match(*property, &known(*property, code), *operator, *value))
                        .collect(),
                ),
                None => Self::Compare(*property, *operator, *value),
            },
        }
    }

    /// Of a metadata filter: the value's text is `text`.
    pub(super) fn of_text(property: Property, text: &str) -> Self {
        match codes(property) {
            Some(count) => Self::Among(
                property,
                (0..count)
                    .map(|code| text_of(&known(property, code)).as_deref() == Some(text))
                    .collect(),
            ),
            // An integer's text is its digits: only one integer has a given text.
            None => match text.parse() {
                Ok(integer) => Self::Compare(property, Operator::Eq, Value::Integer(integer)),
                Err(_) => Self::Any(vec![Self::Among(Property::Cached, vec![false; 2])]),
            },
        }
    }

    pub(super) fn accepts(&self, event: &Event) -> bool {
        match self {
            Self::Among(property, accepted) => accepted[code(event, *property)],
            Self::Compare(property, operator, value) => {
                let known = if *property == Property::InputTokens && event.input_is_text {
                    Known::Text(event.input_tokens.to_string())
                } else {
                    nanos(event, *property).map_or(Known::Absent, Known::Number)
                };
                is_match(*property, &known, *operator, *value)
            }
            Self::All(tests) => tests.iter().all(|test| test.accepts(event)),
            Self::Any(tests) => tests.is_empty() || tests.iter().any(|test| test.accepts(event)),
        }
    }
}

/// How many values a property has, when they are few.
pub(super) fn codes(property: Property) -> Option<usize> {
    match property {
        Property::Name => Some(NAMES.len()),
        Property::Region => Some(REGIONS.len()),
        Property::Plan => Some(PLANS.len()),
        Property::Model => Some(MODELS.len()),
        Property::Status => Some(STATUSES.len()),
        // The last is that of none.
        Property::Document => Some(DOCUMENTS as usize + 1),
        Property::Cached | Property::Stream => Some(2),
        Property::Timestamp
        | Property::User
        | Property::InputTokens
        | Property::OutputTokens
        | Property::LatencyMs
        | Property::Cost => None,
    }
}

/// Which of its property's values an event has; for a property with [`codes`], and for `user`.
pub(super) fn code(event: &Event, property: Property) -> usize {
    match property {
        Property::Name => usize::from(event.name),
        Property::Region => usize::from(event.region),
        Property::Plan => usize::from(event.plan),
        Property::Model => usize::from(event.model),
        Property::Status => usize::from(event.status),
        Property::Document => event.document.unwrap_or(DOCUMENTS) as usize,
        Property::Cached => usize::from(event.cached),
        Property::Stream => usize::from(event.stream),
        Property::User => event.user as usize,
        Property::Timestamp
        | Property::InputTokens
        | Property::OutputTokens
        | Property::LatencyMs
        | Property::Cost => unreachable!("`{}` has too many values", property.key()),
    }
}

/// Whether the code stands for a value at all.
pub(super) fn is_present(property: Property, code: usize) -> bool {
    property == Property::User || known(property, code) != Known::Absent
}

/// The number that an event has, in billionths.
pub(super) fn nanos(event: &Event, property: Property) -> Option<i64> {
    let whole = |number: u32| Some(i64::from(number) * NANOS);
    match property {
        Property::User => whole(event.user),
        Property::InputTokens if event.input_is_text => None,
        Property::InputTokens => whole(event.input_tokens),
        Property::OutputTokens => whole(event.output_tokens),
        Property::LatencyMs => whole(event.latency_ms),
        Property::Cost => event.cost_nanos,
        Property::Status => match event.status() {
            Status::Number(number) => whole(u32::from(number)),
            Status::Text(_) | Status::Absent => None,
        },
        // Seconds, rounded half up.
        Property::Timestamp => Some((event.at_micros + 500_000).div_euclid(1_000_000) * NANOS),
        Property::Name
        | Property::Region
        | Property::Plan
        | Property::Model
        | Property::Document
        | Property::Cached
        | Property::Stream => None,
    }
}

/// The value that a code stands for.
fn known(property: Property, code: usize) -> Known {
    let text = |text: &str| Known::Text(text.to_owned());
    match property {
        Property::Name => text(NAMES[code].0),
        Property::Region => text(REGIONS[code].0),
        Property::Plan => text(PLANS[code].0),
        Property::Model => text(MODELS[code].0),
        Property::Status => match STATUSES[code].0 {
            Status::Number(number) => Known::Number(i64::from(number) * NANOS),
            Status::Text(status) => text(status),
            Status::Absent => Known::Absent,
        },
        Property::Document if code == DOCUMENTS as usize => Known::Absent,
        Property::Document => Known::Text(format!("doc-{code:05}")),
        Property::Cached | Property::Stream => Known::Bool(code == 1),
        Property::Timestamp
        | Property::User
        | Property::InputTokens
        | Property::OutputTokens
        | Property::LatencyMs
        | Property::Cost => unreachable!("`{}` has too many values", property.key()),
    }
}

/// The rules of the API for one clause.
fn is_match(property: Property, known: &Known, operator: Operator, value: Value) -> bool {
    // Of the two pseudo-properties, one is always a text and the other always an integer.
    let is_of_other_kind = match property {
        Property::Name => !matches!(value, Value::Text(_)),
        Property::Timestamp => matches!(value, Value::Text(_)),
        _ => false,
    };
    if is_of_other_kind {
        return false;
    }
    if matches!(operator, Operator::Like | Operator::NotLike) {
        let is_in = text_of(known).map(|text| text.contains(&operand_text(value)));
        return is_in == Some(operator == Operator::Like);
    }
    let ordering = match (known, value) {
        (Known::Text(text), _) => text.as_str().cmp(operand_text(value).as_str()),
        (Known::Number(nanos), Value::Integer(integer)) => nanos.cmp(&(i64::from(integer) * NANOS)),
        (Known::Number(nanos), Value::Bool(bool)) => nanos.cmp(&(i64::from(bool) * NANOS)),
        (Known::Bool(known), Value::Bool(bool))
            if matches!(operator, Operator::Eq | Operator::Ne) =>
        {
            known.cmp(&bool)
        }
        _ => return false,
    };
    match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Ne => ordering.is_ne(),
        Operator::Gt => ordering.is_gt(),
        Operator::Gte => ordering.is_ge(),
        Operator::Lt => ordering.is_lt(),
        Operator::Lte => ordering.is_le(),
        Operator::Like | Operator::NotLike => false,
    }
}

fn operand_text(value: Value) -> String {
    match value {
        Value::Text(text) => text.to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Bool(bool) => (if bool { "t" } else { "f" }).to_owned(),
    }
}

/// A value's text; only whole numbers occur where texts matter.
fn text_of(known: &Known) -> Option<String> {
    match known {
        Known::Absent => None,
        Known::Text(text) => Some(text.clone()),
        Known::Number(nanos) => Some((nanos / NANOS).to_string()),
        Known::Bool(bool) => Some(bool.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_follow_the_table_of_kinds() {
        let text = |text: &str| Known::Text(text.to_owned());
        let number = |number: i64| Known::Number(number * NANOS);
        for (known, operator, value, expected) in [
            (text("404"), Operator::Gte, Value::Integer(400), true),
            (text("5"), Operator::Eq, Value::Integer(5), true),
            (text("t"), Operator::Eq, Value::Bool(true), true),
            (number(5), Operator::Eq, Value::Text("5"), false),
            (number(5), Operator::Ne, Value::Text("6"), false),
            (number(5), Operator::Lt, Value::Integer(6), true),
            (number(1), Operator::Eq, Value::Bool(true), true),
            (Known::Bool(true), Operator::Eq, Value::Integer(1), false),
            (Known::Bool(true), Operator::Ne, Value::Bool(false), true),
            (Known::Bool(true), Operator::Like, Value::Text("ru"), true),
            (number(10), Operator::NotLike, Value::Integer(0), false),
            (Known::Absent, Operator::Ne, Value::Integer(0), false),
            (Known::Absent, Operator::NotLike, Value::Text("x"), false),
        ] {
            let found = is_match(Property::Status, &known, operator, value);
            assert_eq!(found, expected, "{known:?} {operator:?} {value:?}");
        }
        assert!(!is_match(
            Property::Name,
            &text("5"),
            Operator::Eq,
            Value::Integer(5)
        ));
    }
}
