//! Which events a meter counts, and what of them. SEMANTICS 6 and 7, read once more.

use std::cmp::Ordering;

use api::{Aggregation, Clause, Comparison, Filter, Meter, Operand};

use super::decimal::Decimal;
use super::model::Event;
use super::value::Value;

/// What a matching event adds to a meter.
#[derive(Debug, Clone)]
pub(super) enum Contribution {
    /// Itself.
    One,
    /// A number.
    Number(Decimal),
    /// A value, if it has one.
    Distinct(Option<Value>),
}

/// What the event adds to the meter; `None` when it does not match.
pub(super) fn contribution(meter: &Meter, event: &Event) -> Option<Contribution> {
    if !admits(&meter.filter, event) {
        return None;
    }
    match &meter.aggregation {
        Aggregation::Count => Some(Contribution::One),
        Aggregation::Sum { property }
        | Aggregation::Max { property }
        | Aggregation::Min { property }
        | Aggregation::Avg { property } => number(property, event).map(Contribution::Number),
        Aggregation::Unique { property } => {
            Some(Contribution::Distinct(event.metadata.at(property).cloned()))
        }
    }
}

fn number(property: &str, event: &Event) -> Option<Decimal> {
    match property {
        "name" | "source" => None,
        "timestamp" => Some(Decimal::from_integer(seconds(event).into())),
        path => match event.metadata.at(path)? {
            Value::Number(spelled) => Some(spelled.number),
            _ => None,
        },
    }
}

/// Unix seconds, the half of one rounded up.
fn seconds(event: &Event) -> i64 {
    (event.timestamp + 500_000).div_euclid(1_000_000)
}

fn admits(filter: &Filter, event: &Event) -> bool {
    let holds = |clause: &Clause| match clause {
        Clause::Comparison(comparison) => holds(comparison, event),
        Clause::Filter(filter) => admits(filter, event),
    };
    match filter.conjunction.as_str() {
        _ if filter.clauses.is_empty() => true,
        "and" => filter.clauses.iter().all(holds),
        "or" => filter.clauses.iter().any(holds),
        other => panic!("a conjunction {other}"),
    }
}

fn holds(comparison: &Comparison, event: &Event) -> bool {
    let Comparison {
        property,
        operator,
        value: operand,
    } = comparison;
    let of_text = |text: &str| match operand {
        Operand::Text(operand) if is_substring_test(operator) => contains(operator, text, operand),
        Operand::Text(operand) => orders(operator, text.cmp(operand)),
        Operand::Integer(_) | Operand::Bool(_) => false,
    };
    match property.as_str() {
        "name" => of_text(&event.name),
        "source" => of_text(event.source()),
        "timestamp" => match operand {
            Operand::Integer(operand) => orders(operator, seconds(event).cmp(&i64::from(*operand))),
            Operand::Text(_) | Operand::Bool(_) => false,
        },
        path => event
            .metadata
            .at(path)
            .is_some_and(|value| compares(operator, value, operand)),
    }
}

fn compares(operator: &str, value: &Value, operand: &Operand) -> bool {
    let operand_text = match operand {
        Operand::Text(text) => text.clone(),
        Operand::Integer(integer) => integer.to_string(),
        Operand::Bool(boolean) => if *boolean { "t" } else { "f" }.to_owned(),
    };
    if is_substring_test(operator) {
        return value
            .text()
            .is_some_and(|text| contains(operator, text, &operand_text));
    }
    match (value, operand) {
        // Of what is no number, a boolean is no more and no less (SEMANTICS 6.12).
        (Value::Text(_), Operand::Bool(_)) if !matches!(operator, "eq" | "ne") => false,
        (Value::Text(text), _) => orders(operator, text.as_str().cmp(&operand_text)),
        (Value::Number(spelled), Operand::Integer(integer)) => {
            let integer = Decimal::from_integer((*integer).into());
            orders(operator, spelled.number.cmp(&integer))
        }
        (Value::Number(spelled), Operand::Bool(boolean)) => {
            let one_or_zero = Decimal::from_integer((*boolean).into());
            orders(operator, spelled.number.cmp(&one_or_zero))
        }
        (Value::Bool(value), Operand::Bool(boolean)) if matches!(operator, "eq" | "ne") => {
            orders(operator, value.cmp(boolean))
        }
        _ => false,
    }
}

fn is_substring_test(operator: &str) -> bool {
    matches!(operator, "like" | "not_like")
}

fn contains(operator: &str, text: &str, operand: &str) -> bool {
    text.contains(operand) == (operator == "like")
}

fn orders(operator: &str, ordering: Ordering) -> bool {
    match operator {
        "eq" => ordering.is_eq(),
        "ne" => ordering.is_ne(),
        "gt" => ordering.is_gt(),
        "gte" => ordering.is_ge(),
        "lt" => ordering.is_lt(),
        "lte" => ordering.is_le(),
        other => panic!("{other} does not order"),
    }
}
