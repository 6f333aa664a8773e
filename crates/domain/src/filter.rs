//! Filters: which events a meter counts. SEMANTICS 6, 19.8, 19.11; the one reading of them, for every path.
//!
//! A missing property, a null and a value of a kind that the clause cannot be compared with never match, whatever
//! the operator, `ne` and `not_like` included. There is no negation, so this two-valued reading gives the same answers as
//! the three-valued one of SQL.

mod guard;

use std::cmp::Ordering;

use crate::event::{Event, Source};
use crate::metadata::Value;
use crate::number::{Number, Spelling};
use crate::packed::{PackedError, Reader, write_len, write_signed, write_text};
use crate::property::{Field, Property};
use crate::time::Timestamp;
use crate::units::UnitRange;

/// How many filters may stand inside each other, the outermost counted.
pub const FILTER_DEPTH_MAX: usize = 100;

/// Clauses and how they are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// How the clauses are joined.
    pub conjunction: Conjunction,
    /// None of them: everything matches, under `or` too (SEMANTICS 6.2).
    pub clauses: Vec<Clause>,
}

/// How clauses are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conjunction {
    /// All must match.
    And,
    /// One must match.
    Or,
}

/// A part of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// A comparison of one property.
    Comparison(Comparison),
    /// A filter in a filter.
    Filter(Filter),
}

/// `property operator operand`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What is compared.
    pub property: Property,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Present and not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// The operand's text is part of the property's text, case sensitive; no wildcards.
    Like,
    /// Present and not [`Self::Like`].
    NotLike,
}

/// What a property is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// At most 1,000 characters.
    Text(Box<str>),
    /// A signed 32-bit integer.
    Integer(i32),
    /// A boolean.
    Bool(bool),
}

impl Filter {
    /// Matches everything.
    pub const fn all() -> Self {
        Self {
            conjunction: Conjunction::And,
            clauses: Vec::new(),
        }
    }

    /// Whether an event passes. Cost: a look at each clause's property until the answer is certain.
    pub fn matches(&self, event: &Event<'_>) -> bool {
        if self.clauses.is_empty() {
            return true;
        }
        let matches = |clause: &Clause| match clause {
            Clause::Comparison(comparison) => comparison.matches(event),
            Clause::Filter(filter) => filter.matches(event),
        };
        match self.conjunction {
            Conjunction::And => self.clauses.iter().all(matches),
            Conjunction::Or => self.clauses.iter().any(matches),
        }
    }

    /// How many filters stand inside each other at the deepest place, this one counted.
    pub fn depth(&self) -> usize {
        let inner = self.clauses.iter().map(|clause| match clause {
            Clause::Comparison(_) => 0,
            Clause::Filter(filter) => filter.depth(),
        });
        inner.max().unwrap_or(0).saturating_add(1)
    }

    /// Appends the packed form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(match self.conjunction {
            Conjunction::And => 0,
            Conjunction::Or => 1,
        });
        write_len(self.clauses.len(), out);
        for clause in &self.clauses {
            match clause {
                Clause::Filter(filter) => {
                    out.push(FILTER);
                    filter.encode(out);
                }
                Clause::Comparison(comparison) => {
                    out.push(COMPARISON);
                    comparison.encode(out);
                }
            }
        }
    }

    /// Reads the packed form.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Self::decode_at(reader, 1)
    }

    fn decode_at(reader: &mut Reader<'_>, depth: usize) -> Result<Self, PackedError> {
        if depth > FILTER_DEPTH_MAX {
            return Err(PackedError {
                what: "filters nest too deep",
            });
        }
        let conjunction = match reader.byte()? {
            0 => Conjunction::And,
            1 => Conjunction::Or,
            _ => {
                return Err(PackedError {
                    what: "a conjunction is unknown",
                });
            }
        };
        let count = reader.len()?;
        let mut clauses = Vec::with_capacity(count);
        for _ in 0..count {
            clauses.push(match reader.byte()? {
                COMPARISON => Clause::Comparison(Comparison::decode(reader)?),
                FILTER => Clause::Filter(Self::decode_at(reader, depth.saturating_add(1))?),
                _ => {
                    return Err(PackedError {
                        what: "a clause has an unknown kind",
                    });
                }
            });
        }
        Ok(Self {
            conjunction,
            clauses,
        })
    }
}

const COMPARISON: u8 = 0;
const FILTER: u8 = 1;

/// What a comparison looks at in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The event's name.
    Name(&'a str),
    /// Who wrote it.
    Source(Source),
    /// When it happened.
    Timestamp(Timestamp),
    /// What its metadata has under the property.
    Metadata(Option<&'a Value<'a>>),
}

impl Comparison {
    /// Whether an event passes.
    pub fn matches(&self, event: &Event<'_>) -> bool {
        match self.property.field() {
            Some(Field::Name) => self.accepts(Subject::Name(event.name)),
            Some(Field::Source) => self.accepts(Subject::Source(event.source)),
            Some(Field::Timestamp) => self.accepts(Subject::Timestamp(event.timestamp)),
            None => {
                let value = self.property.in_metadata(event);
                self.accepts(Subject::Metadata(value.as_ref()))
            }
        }
    }

    /// Whether an event passes that has this where the property looks: what is the same in many events need be judged only once. The
    /// subject must be of the field that [`Property::field`] says, or metadata.
    pub fn accepts(&self, subject: Subject<'_>) -> bool {
        match subject {
            Subject::Name(name) => self.matches_text_field(name),
            Subject::Source(source) => self.matches_text_field(source.as_str()),
            Subject::Timestamp(at) => self.matches_seconds(at.unix_seconds_half_up()),
            Subject::Metadata(value) => {
                value.is_some_and(|value| self.operator.matches(value, &self.operand))
            }
        }
    }

    /// Which numbers pass, among the multiples of 10^-`scale`, with `scale` at most 18; `None` when more than a number's value is
    /// looked at. So it is for metadata and for the seconds of a timestamp, with a scale of 0.
    pub fn accepted_units(&self, scale: u8) -> Option<UnitRange> {
        let accepts = self.operator.ordering()?;
        let Some(operand) = self.operand.number() else {
            return Some(UnitRange::NONE);
        };
        let units = i128::from(operand).checked_mul(10_i128.checked_pow(scale.into())?)?;
        Some(UnitRange::around(units, accepts))
    }

    /// The only text that passes, when metadata has text under the property; `None` when others may pass, too.
    pub fn accepted_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        (self.operator == Operator::Eq).then(|| self.operand.text())
    }

    /// `name` and `source` are compared with text only (SEMANTICS 6.6).
    fn matches_text_field(&self, field: &str) -> bool {
        match &self.operand {
            Operand::Text(text) => self.operator.matches_text(field, text),
            Operand::Integer(_) | Operand::Bool(_) => false,
        }
    }

    /// `timestamp` is a number to integers and booleans, and never matches text (SEMANTICS 6.6, 6.12, D6).
    fn matches_seconds(&self, seconds: i64) -> bool {
        match self.operand {
            Operand::Text(_) => false,
            Operand::Integer(_) | Operand::Bool(_) => {
                let seconds = Value::Number(Number::from_i64(seconds), Spelling::Integer);
                self.operator.matches(&seconds, &self.operand)
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        write_text(self.property.as_str(), out);
        let code = OPERATORS
            .iter()
            .position(|(operator, _)| *operator == self.operator);
        write_len(code.expect("all operators are listed"), out);
        match &self.operand {
            Operand::Text(text) => {
                out.push(0);
                write_text(text, out);
            }
            Operand::Integer(integer) => {
                out.push(1);
                write_signed(i128::from(*integer), out);
            }
            Operand::Bool(bool) => out.push(if *bool { 3 } else { 2 }),
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let property = Property::stored(reader.text()?);
        let (operator, _) = OPERATORS
            .get(usize::from(reader.byte()?))
            .ok_or(PackedError {
                what: "an operator is unknown",
            })?;
        let operand = match reader.byte()? {
            0 => Operand::Text(reader.text()?.into()),
            1 => Operand::Integer(i32::try_from(reader.signed()?).map_err(|_| PackedError {
                what: "an operand passes 32 bits",
            })?),
            2 => Operand::Bool(false),
            3 => Operand::Bool(true),
            _ => {
                return Err(PackedError {
                    what: "an operand has an unknown kind",
                });
            }
        };
        Ok(Self {
            property,
            operator: *operator,
            operand,
        })
    }
}

/// The operators, with their names on the wire. The position of each is part of the packed form.
const OPERATORS: [(Operator, &str); 8] = [
    (Operator::Eq, "eq"),
    (Operator::Ne, "ne"),
    (Operator::Gt, "gt"),
    (Operator::Gte, "gte"),
    (Operator::Lt, "lt"),
    (Operator::Lte, "lte"),
    (Operator::Like, "like"),
    (Operator::NotLike, "not_like"),
];

impl Operator {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        OPERATORS
            .iter()
            .find_map(|(operator, name)| (*operator == self).then_some(*name))
            .expect("all operators are listed")
    }

    /// The operator with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        OPERATORS
            .iter()
            .find_map(|(operator, known)| (*known == name).then_some(*operator))
    }

    /// A stored value against an operand: the kind of the stored value decides (SEMANTICS 6.8, 6.10).
    fn matches(self, stored: &Value<'_>, operand: &Operand) -> bool {
        let Some(accepts) = self.ordering() else {
            return stored
                .text()
                .is_some_and(|text| self.matches_text(&text, &operand.text()));
        };
        match (stored, operand) {
            // A boolean has no order but to numbers (SEMANTICS 6.12, D6).
            (Value::Text(_), Operand::Bool(_)) if !self.is_equality() => false,
            (Value::Text(stored), _) => accepts((**stored).cmp(&*operand.text())),
            (Value::Number(stored, _), _) => (operand.number())
                .is_some_and(|operand| accepts(stored.cmp(&Number::from_i64(operand)))),
            (Value::Bool(stored), Operand::Bool(operand)) => match self {
                Operator::Eq => stored == operand,
                Operator::Ne => stored != operand,
                _ => false,
            },
            (Value::Bool(_), Operand::Text(_) | Operand::Integer(_))
            | (Value::Null | Value::Object(_), _) => false,
        }
    }

    /// Text against text, by code point (SEMANTICS 6.11, 19.8).
    fn matches_text(self, stored: &str, operand: &str) -> bool {
        match self {
            Operator::Like => stored.contains(operand),
            Operator::NotLike => !stored.contains(operand),
            _ => self
                .ordering()
                .is_some_and(|accepts| accepts(stored.cmp(operand))),
        }
    }

    /// Whether it asks for equality, or for the lack of it.
    fn is_equality(self) -> bool {
        matches!(self, Operator::Eq | Operator::Ne)
    }

    /// Which orders of stored value and operand pass; `None` for the two that look for a part of the text.
    fn ordering(self) -> Option<fn(Ordering) -> bool> {
        Some(match self {
            Operator::Eq => Ordering::is_eq,
            Operator::Ne => Ordering::is_ne,
            Operator::Gt => Ordering::is_gt,
            Operator::Gte => Ordering::is_ge,
            Operator::Lt => Ordering::is_lt,
            Operator::Lte => Ordering::is_le,
            Operator::Like | Operator::NotLike => return None,
        })
    }
}

impl Operand {
    /// The operand where numbers are compared: a boolean is 0 or 1, text is none.
    fn number(&self) -> Option<i64> {
        match self {
            Operand::Text(_) => None,
            Operand::Integer(integer) => Some(i64::from(*integer)),
            Operand::Bool(bool) => Some(i64::from(*bool)),
        }
    }

    /// The operand where text is compared: digits for an integer, `t` or `f` for a boolean.
    fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Operand::Text(text) => (&**text).into(),
            Operand::Integer(integer) => integer.to_string().into(),
            Operand::Bool(true) => "t".into(),
            Operand::Bool(false) => "f".into(),
        }
    }
}

impl Conjunction {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Conjunction::And => "and",
            Conjunction::Or => "or",
        }
    }

    /// The conjunction with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "and" => Some(Conjunction::And),
            "or" => Some(Conjunction::Or),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
