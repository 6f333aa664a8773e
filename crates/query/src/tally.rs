//! From states to the numbers of an answer.

use domain::{Contribution, Function, Number, Spelling, State, Value};

use crate::Answer;

/// The answer from one state per bucket: the total is the state of all of them, whatever the function.
pub(crate) fn plain(function: Function, buckets: &[State]) -> Answer {
    let mut total = State::new(function);
    for state in buckets {
        total.merge(state);
    }
    Answer {
        quantities: buckets
            .iter()
            .map(|state| state.value().unwrap_or_default())
            .collect(),
        total: total.value().unwrap_or_default(),
    }
}

/// The answer from one state per bucket and customer: `over` is applied to the customers' values of each bucket.
///
/// The total is the sum of the shown values for count and sum meters, the greatest or least of them for max and min
/// meters (by the meter's function), and for avg and unique meters what it is without customers (SEMANTICS 8.7).
pub(crate) fn by_customer(function: Function, over: Function, buckets: &[Vec<State>]) -> Answer {
    let values = buckets.iter();
    let values =
        values.map(|customers| over_customers(over, customers.iter().filter_map(State::value)));
    with_total(function, values.collect(), || {
        let mut total = State::new(function);
        for state in buckets.iter().flatten() {
            total.merge(state);
        }
        total.value()
    })
}

/// A function over the values of a bucket's customers.
pub(crate) fn over_customers(
    over: Function,
    values: impl Iterator<Item = Number>,
) -> Option<Number> {
    let mut state = State::new(over);
    for value in values {
        state.add(contribution(over, value));
    }
    state.value()
}

/// The answer from what is shown of each bucket; `without_customers` is the value of all events in the buckets.
pub(crate) fn with_total(
    function: Function,
    values: Vec<Option<Number>>,
    without_customers: impl FnOnce() -> Option<Number>,
) -> Answer {
    let total = match function {
        Function::Count | Function::Sum => total_of(Function::Sum, &values),
        Function::Max | Function::Min => total_of(function, &values),
        Function::Avg | Function::Unique => without_customers(),
    };
    Answer {
        quantities: values.into_iter().map(Option::unwrap_or_default).collect(),
        total: total.unwrap_or_default(),
    }
}

fn total_of(function: Function, values: &[Option<Number>]) -> Option<Number> {
    let mut state = State::new(function);
    for value in values.iter().flatten() {
        state.add(Contribution::Number(value.clone()));
    }
    state.value()
}

/// What a customer's value adds to a function over customers.
fn contribution(over: Function, value: Number) -> Contribution {
    match over {
        Function::Count => Contribution::Event,
        Function::Unique => {
            let mut canonical = Vec::new();
            Value::Number(value, Spelling::Decimal).write_canonical(&mut canonical);
            Contribution::Distinct(canonical.into())
        }
        Function::Sum | Function::Max | Function::Min | Function::Avg => {
            Contribution::Number(value)
        }
    }
}
