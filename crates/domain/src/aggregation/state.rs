//! Partial results of a function, and how they merge. SEMANTICS 7, 8.6.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::{Contribution, Function};
use crate::metadata::{Value, read_value, write_number};
use crate::number::{Number, Spelling};
use crate::packed::{PackedError, Reader, write_len, write_varint};

/// A partial result of one function: of some events of one bucket, or of the results of some customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// How many.
    Count(u64),
    /// The sum of `count` numbers.
    Sum {
        /// How many numbers.
        count: u64,
        /// Their exact sum.
        sum: Number,
    },
    /// The greatest number.
    Max(Option<Number>),
    /// The least number.
    Min(Option<Number>),
    /// As sum; divided when the value is asked for.
    Avg {
        /// How many numbers.
        count: u64,
        /// Their exact sum.
        sum: Number,
    },
    /// The distinct values, and how many events there were with or without one.
    Unique {
        /// How many events.
        count: u64,
        /// Canonical bytes of the values.
        values: BTreeSet<Box<[u8]>>,
    },
}

impl State {
    /// Of nothing.
    pub fn new(function: Function) -> Self {
        match function {
            Function::Count => State::Count(0),
            Function::Sum => State::Sum {
                count: 0,
                sum: Number::ZERO,
            },
            Function::Max => State::Max(None),
            Function::Min => State::Min(None),
            Function::Avg => State::Avg {
                count: 0,
                sum: Number::ZERO,
            },
            Function::Unique => State::Unique {
                count: 0,
                values: BTreeSet::new(),
            },
        }
    }

    /// Adds what one event contributes.
    ///
    /// # Panics
    /// When the contribution is of another function: a number where the function adds none.
    pub fn add(&mut self, contribution: Contribution) {
        match (self, contribution) {
            (State::Count(count), _) | (State::Unique { count, .. }, Contribution::Event) => {
                *count = count.saturating_add(1);
            }
            (State::Unique { count, values }, Contribution::Distinct(value)) => {
                *count = count.saturating_add(1);
                values.insert(value);
            }
            (
                State::Sum { count, sum } | State::Avg { count, sum },
                Contribution::Number(number),
            ) => {
                *count = count.saturating_add(1);
                sum.add_assign(&number);
            }
            (State::Max(max), Contribution::Number(number)) => {
                if max.as_ref().is_none_or(|max| number > *max) {
                    *max = Some(number);
                }
            }
            (State::Min(min), Contribution::Number(number)) => {
                if min.as_ref().is_none_or(|min| number < *min) {
                    *min = Some(number);
                }
            }
            (state, contribution) => panic!("{state:?} cannot add {contribution:?}"),
        }
    }

    /// Adds another partial result of the same function.
    ///
    /// # Panics
    /// When the function is another one.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (State::Count(count), State::Count(more)) => *count = count.saturating_add(*more),
            (
                State::Sum { count, sum },
                State::Sum {
                    count: more,
                    sum: other,
                },
            )
            | (
                State::Avg { count, sum },
                State::Avg {
                    count: more,
                    sum: other,
                },
            ) => {
                *count = count.saturating_add(*more);
                sum.add_assign(other);
            }
            (State::Max(max), State::Max(other)) => {
                if *other > *max {
                    max.clone_from(other);
                }
            }
            (State::Min(min), State::Min(other)) => {
                if min.is_none()
                    || other
                        .as_ref()
                        .is_some_and(|other| Some(other) < min.as_ref())
                {
                    min.clone_from(other);
                }
            }
            (
                State::Unique { count, values },
                State::Unique {
                    count: more,
                    values: other,
                },
            ) => {
                *count = count.saturating_add(*more);
                values.extend(other.iter().cloned());
            }
            (state, other) => panic!("{state:?} cannot merge {other:?}"),
        }
    }

    /// Whether no event has been added.
    pub fn is_empty(&self) -> bool {
        match self {
            State::Count(count)
            | State::Sum { count, .. }
            | State::Avg { count, .. }
            | State::Unique { count, .. } => *count == 0,
            State::Max(number) | State::Min(number) => number.is_none(),
        }
    }

    /// The result; `None` when there was nothing to aggregate, which is shown as 0 (SEMANTICS 7.6).
    pub fn value(&self) -> Option<Number> {
        if self.is_empty() {
            return None;
        }
        match self {
            State::Count(count) => Some(Number::from_u64(*count)),
            State::Sum { sum, .. } => Some(sum.clone()),
            State::Max(number) | State::Min(number) => number.clone(),
            State::Avg { count, sum } => Some(sum.divide_by_count(NonZeroU64::new(*count)?)),
            State::Unique { values, .. } => Some(Number::from_u64(values.len() as u64)),
        }
    }

    /// Appends the packed form; the function is not in it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            State::Count(count) => write_count(*count, out),
            State::Sum { count, sum } | State::Avg { count, sum } => {
                write_count(*count, out);
                write_number(sum, Spelling::Decimal, out);
            }
            State::Max(number) | State::Min(number) => match number {
                None => out.push(0),
                Some(number) => {
                    out.push(1);
                    write_number(number, Spelling::Decimal, out);
                }
            },
            State::Unique { count, values } => {
                write_count(*count, out);
                write_len(values.len(), out);
                for value in values {
                    write_len(value.len(), out);
                    out.extend_from_slice(value);
                }
            }
        }
    }

    /// Reads the packed form of a state of this function.
    pub fn decode(function: Function, reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let mut state = State::new(function);
        match &mut state {
            State::Count(count) => *count = read_count(reader)?,
            State::Sum { count, sum } | State::Avg { count, sum } => {
                *count = read_count(reader)?;
                *sum = read_number(reader)?;
            }
            State::Max(number) | State::Min(number) => {
                if reader.byte()? != 0 {
                    *number = Some(read_number(reader)?);
                }
            }
            State::Unique { count, values } => {
                *count = read_count(reader)?;
                for _ in 0..reader.len()? {
                    let len = reader.len()?;
                    values.insert(reader.bytes(len)?.into());
                }
            }
        }
        Ok(state)
    }
}

fn write_count(count: u64, out: &mut Vec<u8>) {
    write_varint(count.into(), out);
}

fn read_count(reader: &mut Reader<'_>) -> Result<u64, PackedError> {
    u64::try_from(reader.varint()?).map_err(|_| PackedError {
        what: "a count has more than 64 bits",
    })
}

fn read_number(reader: &mut Reader<'_>) -> Result<Number, PackedError> {
    match read_value(reader)? {
        Value::Number(number, _) => Ok(number),
        _ => Err(PackedError {
            what: "a sum is no number",
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::FUNCTIONS;
    use super::*;

    fn number(text: &str) -> Contribution {
        Contribution::Number(Number::parse(text).expect("a number").value)
    }

    fn contributions(function: Function) -> BoxedStrategy<Vec<Contribution>> {
        let one = match function {
            Function::Count => Just(Contribution::Event).boxed(),
            Function::Unique => prop_oneof![
                Just(Contribution::Event),
                prop::collection::vec(0_u8..4, 0..2)
                    .prop_map(|bytes| Contribution::Distinct(bytes.into())),
            ]
            .boxed(),
            _ => "-?[1-9][0-9]{0,30}(\\.[0-9]{1,15})?"
                .prop_map(|text| number(&text))
                .boxed(),
        };
        prop::collection::vec(one, 0..20).boxed()
    }

    fn state(function: Function, contributions: &[Contribution]) -> State {
        let mut state = State::new(function);
        for contribution in contributions {
            state.add(contribution.clone());
        }
        state
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole_in_any_order(
            (function, all) in (0..FUNCTIONS.len()).prop_flat_map(|index| {
                (Just(FUNCTIONS[index].0), contributions(FUNCTIONS[index].0))
            }),
            cut in 0_usize..20,
        ) {
            let (left, right) = all.split_at(cut.min(all.len()));
            let whole = state(function, &all);
            let mut forward = state(function, left);
            forward.merge(&state(function, right));
            let mut backward = state(function, right);
            backward.merge(&state(function, left));
            prop_assert_eq!(&forward, &whole);
            prop_assert_eq!(&backward, &whole);
            let mut packed = Vec::new();
            whole.encode(&mut packed);
            let mut reader = Reader::new(&packed);
            prop_assert_eq!(State::decode(function, &mut reader), Ok(whole));
            prop_assert!(reader.is_empty());
        }
    }

    #[test]
    fn ten_times_a_tenth_is_one() {
        let tenths = vec![number("0.1"); 10];
        assert_eq!(
            state(Function::Sum, &tenths).value(),
            Some(Number::from_i64(1))
        );
        assert_eq!(
            state(Function::Avg, &tenths).value(),
            Some(Number::parse("0.1").expect("a number").value)
        );
    }

    #[test]
    fn nothing_has_no_value() {
        for (function, _) in FUNCTIONS {
            assert_eq!(State::new(function).value(), None);
        }
    }
}
