//! Aggregations: what a meter makes of the events that pass its filter. SEMANTICS 7, 8.6.
//!
//! A [`State`] is a partial result. Merging states in any order and grouping gives the same state, because sums are
//! exact, and so a quantity is the same whether it comes from a scan, from a live cube or from many parts.

mod state;

use crate::event::Event;
use crate::metadata::Value;
use crate::number::Number;
use crate::packed::{PackedError, Reader, write_text};
use crate::property::{Field, Property};
use crate::time::Timestamp;

pub use state::State;

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

/// What an aggregation looks at in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured<'a> {
    /// That there is one.
    Event,
    /// What its metadata has under the property.
    Metadata(&'a Property),
    /// When it happened, in whole seconds.
    Seconds,
    /// Something that is never a number: no event matches.
    Never,
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

    /// What it looks at in an event.
    pub fn measured(&self) -> Measured<'_> {
        match self {
            Aggregation::Count => Measured::Event,
            Aggregation::Over(PropertyFunction::Unique, property) => Measured::Metadata(property),
            Aggregation::Over(_, property) => match property.field() {
                Some(Field::Name | Field::Source) => Measured::Never,
                Some(Field::Timestamp) => Measured::Seconds,
                None => Measured::Metadata(property),
            },
        }
    }

    /// What an event that passed the filter adds; `None` when it does not match the meter after all, because its
    /// property is no number (SEMANTICS 7.3, 7.4). A distinct value that is missing matches and adds nothing.
    pub fn contribution(&self, event: &Event<'_>) -> Option<Contribution> {
        match self.measured() {
            Measured::Event => Some(Contribution::Event),
            Measured::Metadata(property) => self.of_value(property.in_metadata(event).as_ref()),
            Measured::Seconds => Some(Self::of_timestamp(event.timestamp)),
            Measured::Never => None,
        }
    }

    /// What an event adds where metadata is measured and has this under the property. To all functions but unique a number adds itself,
    /// and nothing else adds anything.
    pub fn of_value(&self, value: Option<&Value<'_>>) -> Option<Contribution> {
        match self.function() {
            Function::Count => Some(Contribution::Event),
            Function::Unique => Some(value.map_or(Contribution::Event, |value| {
                let mut canonical = Vec::new();
                value.write_canonical(&mut canonical);
                Contribution::Distinct(canonical.into())
            })),
            Function::Sum | Function::Max | Function::Min | Function::Avg => {
                value?.number().cloned().map(Contribution::Number)
            }
        }
    }

    /// What an event of that time adds where seconds are measured.
    pub fn of_timestamp(at: Timestamp) -> Contribution {
        Contribution::Number(Number::from_i64(at.unix_seconds_half_up()))
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

#[cfg(test)]
mod tests;
