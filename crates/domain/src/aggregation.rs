//! Aggregations: what a meter makes of the events that pass its filter. SEMANTICS 7, 8.6.
//!
//! A [`State`] is a partial result. Merging states in any order and grouping gives the same state, because sums are
//! exact, and so a quantity is the same whether it comes from a scan, from a live cube or from many parts.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use crate::event::Event;
use crate::metadata::{Value, read_value, write_number};
use crate::number::{Number, Spelling};
use crate::packed::{PackedError, Reader, write_len, write_text, write_varint};
use crate::property::{Field, Property};

/// The name of an aggregation, on the wire and where one is applied to customers' results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// How many.
    Count,
    /// The exact sum.
    Sum,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// The sum divided by the count, once, to 34 significant digits half to even.
    Avg,
    /// How many distinct values.
    Unique,
}

/// All functions. The position of each is part of the packed form.
const FUNCTIONS: [(Function, &str); 6] = [
    (Function::Count, "count"),
    (Function::Sum, "sum"),
    (Function::Max, "max"),
    (Function::Min, "min"),
    (Function::Avg, "avg"),
    (Function::Unique, "unique"),
];

impl Function {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        FUNCTIONS
            .iter()
            .find_map(|(function, name)| (*function == self).then_some(*name))
            .expect("all functions are listed")
    }

    /// The function with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        FUNCTIONS
            .iter()
            .find_map(|(function, known)| (*known == name).then_some(*function))
    }
}

/// What a meter makes of the events that pass its filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregation {
    /// How many events.
    Count,
    /// Over a property of the events.
    Over(PropertyFunction, Property),
}

/// The functions that look at a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyFunction {
    /// See [`Function::Sum`].
    Sum,
    /// See [`Function::Max`].
    Max,
    /// See [`Function::Min`].
    Min,
    /// See [`Function::Avg`].
    Avg,
    /// See [`Function::Unique`].
    Unique,
}

impl Aggregation {
    /// The function, and the property for all but count; `None` when they do not go together.
    pub fn new(function: Function, property: Option<Property>) -> Option<Self> {
        let function = match (function, &property) {
            (Function::Count, None) => return Some(Aggregation::Count),
            (Function::Count, Some(_)) | (_, None) => return None,
            (Function::Sum, _) => PropertyFunction::Sum,
            (Function::Max, _) => PropertyFunction::Max,
            (Function::Min, _) => PropertyFunction::Min,
            (Function::Avg, _) => PropertyFunction::Avg,
            (Function::Unique, _) => PropertyFunction::Unique,
        };
        property.map(|property| Aggregation::Over(function, property))
    }

    /// Its function.
    pub fn function(&self) -> Function {
        match self {
            Aggregation::Count => Function::Count,
            Aggregation::Over(function, _) => match function {
                PropertyFunction::Sum => Function::Sum,
                PropertyFunction::Max => Function::Max,
                PropertyFunction::Min => Function::Min,
                PropertyFunction::Avg => Function::Avg,
                PropertyFunction::Unique => Function::Unique,
            },
        }
    }

    /// Its property.
    pub fn property(&self) -> Option<&Property> {
        match self {
            Aggregation::Count => None,
            Aggregation::Over(_, property) => Some(property),
        }
    }

    /// What an event that passed the filter adds; `None` when it does not match the meter after all, because its
    /// property is no number (SEMANTICS 7.3, 7.4). A distinct value that is missing matches and adds nothing.
    pub fn contribution(&self, event: &Event<'_>) -> Option<Contribution> {
        match self {
            Aggregation::Count => Some(Contribution::Event),
            Aggregation::Over(PropertyFunction::Unique, property) => Some(
                property
                    .in_metadata(event)
                    .map_or(Contribution::Event, |value| {
                        let mut canonical = Vec::new();
                        value.write_canonical(&mut canonical);
                        Contribution::Distinct(canonical.into())
                    }),
            ),
            Aggregation::Over(_, property) => match property.field() {
                Some(Field::Name | Field::Source) => None,
                Some(Field::Timestamp) => Some(Contribution::Number(Number::from_i64(
                    event.timestamp.unix_seconds_half_up(),
                ))),
                None => {
                    let value = property.in_metadata(event)?;
                    value.number().cloned().map(Contribution::Number)
                }
            },
        }
    }

    /// Appends the packed form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let code = FUNCTIONS
            .iter()
            .position(|(function, _)| *function == self.function());
        out.push(
            code.and_then(|code| u8::try_from(code).ok())
                .expect("all functions are listed"),
        );
        if let Some(property) = self.property() {
            write_text(property.as_str(), out);
        }
    }

    /// Reads the packed form.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let unknown = PackedError {
            what: "a function is unknown",
        };
        let (function, _) = FUNCTIONS.get(usize::from(reader.byte()?)).ok_or(unknown)?;
        let property = match function {
            Function::Count => None,
            _ => Some(Property::stored(reader.text()?)),
        };
        Self::new(*function, property).ok_or(unknown)
    }
}

/// What one matching event adds to a [`State`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contribution {
    /// Only that there was one.
    Event,
    /// A number.
    Number(Number),
    /// The canonical bytes of a distinct value.
    Distinct(Box<[u8]>),
}

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

    #[test]
    fn the_packed_form_comes_back() {
        for (function, _) in FUNCTIONS {
            let property = (function != Function::Count)
                .then(|| Property::parse("metadata._llm.total_tokens"));
            let aggregation = Aggregation::new(function, property).expect("they go together");
            let mut bytes = Vec::new();
            aggregation.encode(&mut bytes);
            assert_eq!(
                Aggregation::decode(&mut Reader::new(&bytes)),
                Ok(aggregation)
            );
        }
    }
}
