//! Partial results in little room: what one function made of some events, for as many places as are kept up for a meter.
//!
//! What a function is, is said by [`State`] alone: here its states are only kept and added up in another form, and a test holds both equal.

use std::borrow::Cow;
use std::fmt::Debug;

use domain::packed::{PackedError, Reader, write_varint};
use domain::{Function, Number, State};

use crate::packed::{read_count, read_picos, write_picos};

/// What some events made of one function. Parts merge in any order and grouping.
pub(crate) trait Partial: Clone + Default + Debug + Send + Sync {
    /// What one event adds.
    type One: One;

    /// What is not kept of a part that is kept in pieces.
    type Fresh: Fresh<Self::One>;

    /// The lengths of time, in quarter hours, for which parts are kept beside those of the quarter hours themselves; each divides the next.
    /// What adds nothing to a shorter one adds nothing to a longer one.
    const COARSE: &'static [i64];

    /// Whether parts are so small that one that is added to another costs about as much as what one event adds.
    const IS_SMALL: bool;

    /// Adds what an event adds. Returns whether that changed anything.
    fn add(&mut self, function: Function, one: &Self::One) -> bool;

    /// Adds another part.
    fn merge(&mut self, function: Function, other: &Self);

    /// All of some parts together.
    fn merge_all<'a>(function: Function, parts: &[&'a Self]) -> Cow<'a, Self> {
        let mut all = Self::default();
        for part in parts {
            all.merge(function, part);
        }
        Cow::Owned(all)
    }

    /// Adds the packed form of another part.
    fn merge_packed(
        &mut self,
        function: Function,
        reader: &mut Reader<'_>,
    ) -> Result<(), PackedError>;

    /// Appends the packed form; the function is not in it.
    fn encode(&self, function: Function, out: &mut Vec<u8>);

    /// The result; `None` when there was nothing.
    fn value(&self, function: Function) -> Option<Number>;

    /// The bytes that it takes beside itself.
    fn heap_bytes(&self) -> usize;
}

/// What one event adds, or several that add the same or whose sum is as small.
pub(crate) trait One: Clone + Debug + Send + Sync {
    /// The order among those of one place.
    fn rank(&self) -> u32;

    /// Takes in what another one of the same place and rank adds.
    fn absorb(&mut self, function: Function, other: &Self);
}

/// What is not kept of a part that was kept before.
pub(crate) trait Fresh<T>: Clone + Default + Debug + Send + Sync {
    /// This was added, and is new.
    fn note(&mut self, one: &T);

    /// The part is another one now than what was kept with additions.
    fn forget(&mut self);

    /// Whether all of the part is to be kept, in the place of what was kept before.
    fn is_whole(&self) -> bool;

    /// Appends what is to be added to what was kept, in the form of a part.
    fn encode(&self, out: &mut Vec<u8>);

    /// The part is kept as it is.
    fn clear(&mut self);

    /// The bytes that it takes beside itself.
    fn heap_bytes(&self) -> usize;
}

/// For parts that are so small that they are always kept whole.
impl<T> Fresh<T> for () {
    fn note(&mut self, _one: &T) {}

    fn forget(&mut self) {}

    fn is_whole(&self) -> bool {
        true
    }

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn clear(&mut self) {}

    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A part of a function that makes one number of numbers: all but unique. 24 bytes.
#[derive(Debug, Clone, Default)]
pub(crate) enum Cell {
    /// Of nothing.
    #[default]
    Nothing,
    /// As nearly all are.
    Narrow {
        /// How many events; an organization has fewer than 2^32.
        count: u32,
        picos: Picos,
    },
    /// When the number needs it.
    Wide(Box<WideCell>),
}

/// A number in units of 10^-12 that lies at addresses of eight, so that a cell takes 24 bytes and not 32.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed(8))]
pub(crate) struct Picos(i128);

#[derive(Debug, Clone)]
pub(crate) struct WideCell {
    count: u32,
    number: Number,
}

impl Cell {
    /// Of one event, with the number that it adds where it adds one.
    pub(crate) fn of(number: Option<&Number>) -> Self {
        Self::new(1, number.unwrap_or(&Number::ZERO))
    }

    fn new(count: u32, number: &Number) -> Self {
        match number {
            Number::Narrow(narrow) => Cell::Narrow {
                count,
                picos: Picos(narrow.picos()),
            },
            Number::Wide(_) => Cell::Wide(Box::new(WideCell {
                count,
                number: number.clone(),
            })),
        }
    }

    fn parts(&self) -> (u32, Number) {
        match self {
            Cell::Nothing => (0, Number::ZERO),
            Cell::Narrow { count, picos } => (*count, picos.number()),
            Cell::Wide(wide) => (wide.count, wide.number.clone()),
        }
    }

    /// The state that it stands for.
    pub(crate) fn state(&self, function: Function) -> State {
        let (count, number) = self.parts();
        let (events, present) = (u64::from(count), (count > 0).then_some(number));
        match function {
            Function::Count | Function::Unique => State::Count(events),
            Function::Sum => State::Sum {
                count: events,
                sum: present.unwrap_or_default(),
            },
            Function::Avg => State::Avg {
                count: events,
                sum: present.unwrap_or_default(),
            },
            Function::Max => State::Max(present),
            Function::Min => State::Min(present),
        }
    }

    #[cold]
    fn merge_wide(&mut self, function: Function, other: &Self) {
        let mut state = self.state(function);
        state.merge(&other.state(function));
        let count = self.parts().0.saturating_add(other.parts().0);
        *self = match state {
            State::Sum { sum, .. } | State::Avg { sum, .. } => Self::new(count, &sum),
            State::Max(Some(number)) | State::Min(Some(number)) => Self::new(count, &number),
            _ => Self::new(count, &Number::ZERO),
        };
    }
}

impl Picos {
    fn number(self) -> Number {
        Number::Narrow(domain::number::Narrow::from_picos(self.0))
    }
}

impl Partial for Cell {
    type One = Self;
    type Fresh = ();

    const COARSE: &'static [i64] = &[96];

    const IS_SMALL: bool = true;

    fn add(&mut self, function: Function, one: &Self) -> bool {
        self.merge(function, one);
        true
    }

    #[inline]
    fn merge(&mut self, function: Function, other: &Self) {
        if let (
            Cell::Narrow { count, picos },
            Cell::Narrow {
                count: more,
                picos: others,
            },
        ) = (&mut *self, other)
        {
            let (this, that) = (picos.0, others.0);
            let merged = match function {
                Function::Max => Some(this.max(that)),
                Function::Min => Some(this.min(that)),
                _ => this.checked_add(that),
            };
            if let Some(merged) = merged {
                *picos = Picos(merged);
                *count = count.saturating_add(*more);
                return;
            }
        }
        match (&*self, other) {
            (_, Cell::Nothing) => {}
            (Cell::Nothing, other) => *self = other.clone(),
            _ => self.merge_wide(function, other),
        }
    }

    #[inline]
    fn merge_packed(
        &mut self,
        function: Function,
        reader: &mut Reader<'_>,
    ) -> Result<(), PackedError> {
        let head = reader.varint()?;
        let count = u32::try_from(head >> 1).map_err(|_| TOO_MANY)?;
        let other = if count == 0 {
            Cell::Nothing
        } else if head & 1 == 1 {
            let mut wide = State::decode(Function::Sum, reader)?;
            match &mut wide {
                State::Sum { sum, .. } => Self::new(count, sum),
                _ => return Err(TOO_MANY),
            }
        } else if function == Function::Count {
            Cell::Narrow {
                count,
                picos: Picos(0),
            }
        } else {
            Cell::Narrow {
                count,
                picos: Picos(read_picos(reader)?),
            }
        };
        self.merge(function, &other);
        Ok(())
    }

    fn encode(&self, function: Function, out: &mut Vec<u8>) {
        match self {
            Cell::Nothing => out.push(0),
            Cell::Narrow { count, picos } => {
                write_varint(u128::from(*count) << 1, out);
                if function != Function::Count {
                    write_picos(picos.0, out);
                }
            }
            Cell::Wide(wide) => {
                write_varint(u128::from(wide.count) << 1 | 1, out);
                let state = State::Sum {
                    count: 1,
                    sum: wide.number.clone(),
                };
                state.encode(out);
            }
        }
    }

    fn value(&self, function: Function) -> Option<Number> {
        self.state(function).value()
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Cell::Nothing | Cell::Narrow { .. } => 0,
            // A guess: what is wide has a few words of digits.
            Cell::Wide(_) => 128,
        }
    }
}

impl One for Cell {
    fn rank(&self) -> u32 {
        0
    }

    #[inline]
    fn absorb(&mut self, function: Function, other: &Self) {
        self.merge(function, other);
    }
}

const TOO_MANY: PackedError = PackedError {
    what: "there are more events than an organization has",
};

/// The number of a distinct value; see [`crate::distinct`].
impl One for u32 {
    fn rank(&self) -> u32 {
        *self
    }

    fn absorb(&mut self, _function: Function, _other: &Self) {}
}

/// Reads how many entries follow.
pub(crate) fn read_len(reader: &mut Reader<'_>) -> Result<usize, PackedError> {
    Ok(read_count(reader)? as usize)
}

#[cfg(test)]
mod tests {
    use domain::Contribution;
    use proptest::prelude::*;

    use super::*;

    const FUNCTIONS: [Function; 5] = [
        Function::Count,
        Function::Sum,
        Function::Max,
        Function::Min,
        Function::Avg,
    ];

    fn number() -> impl Strategy<Value = Number> {
        let text = prop_oneof![
            6 => "-?[1-9][0-9]{0,6}(\\.[0-9]{1,9})?",
            1 => "-?[1-9][0-9]{20,30}(\\.[0-9]{1,15})?",
            1 => Just("170141183460469231731687303".to_owned()),
        ];
        text.prop_map(|text| Number::parse(&text).expect("a number").value)
    }

    proptest! {
        #[test]
        fn a_cell_is_what_the_state_is(
            numbers in prop::collection::vec(number(), 0..12),
            cut in 0_usize..12,
        ) {
            for function in FUNCTIONS {
                let mut state = State::new(function);
                let mut parts = [Cell::Nothing, Cell::Nothing];
                for (index, number) in numbers.iter().enumerate() {
                    let (contribution, added) = match function {
                        Function::Count => (Contribution::Event, None),
                        _ => (Contribution::Number(number.clone()), Some(number)),
                    };
                    state.add(contribution);
                    parts[usize::from(index < cut)].add(function, &Cell::of(added));
                }
                let mut packed = Vec::new();
                parts[1].encode(function, &mut packed);
                let mut reader = Reader::new(&packed);
                prop_assert_eq!(parts[0].merge_packed(function, &mut reader), Ok(()));
                prop_assert!(reader.is_empty());
                prop_assert_eq!(&parts[0].state(function), &state);
                prop_assert_eq!(parts[0].value(function), state.value());
            }
        }
    }

    #[test]
    fn a_cell_takes_24_bytes() {
        assert_eq!(size_of::<Cell>(), 24);
    }
}
