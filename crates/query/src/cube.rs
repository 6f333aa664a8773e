//! The usage cube of a meter: what it counted in every quarter hour, over everyone.
//!
//! Fifteen minutes divide every offset from UTC in use since the end of 2021, so hours, days, weeks, months and years in
//! any zone are sums of quarter hours. A cube is derived: [`crate::Fold`] makes it from an organization's rows.
//!
//! Distinct values get a number each, in the order in which they are met, and a quarter hour keeps a bitmap of them, so
//! that the distinct values of a month are a union of bitmaps and not of texts.

use std::collections::{BTreeMap, HashMap};

use domain::interval::{Buckets, Quarter};
use domain::packed::{PackedError, Reader, write_len, write_signed};
use domain::{Contribution, Function, KeyedHash, Number, State, TimeRange, Timestamp};
use roaring::{MultiOps as _, RoaringBitmap};

use crate::{Answer, tally};

/// See the module.
#[derive(Debug)]
pub struct Cube {
    levels: Levels,
}

#[derive(Debug)]
enum Levels {
    /// All functions whose states are small.
    Small {
        function: Function,
        quarters: BTreeMap<Quarter, State>,
    },
    /// Distinct values.
    Unique {
        numbers: HashMap<Box<[u8]>, u32, KeyedHash>,
        quarters: BTreeMap<Quarter, RoaringBitmap>,
    },
}

impl Cube {
    /// With nothing folded yet. `hash` keeps clients from choosing values that fall together.
    pub fn new(function: Function, hash: KeyedHash) -> Self {
        let levels = match function {
            Function::Unique => Levels::Unique {
                numbers: HashMap::with_hasher(hash),
                quarters: BTreeMap::new(),
            },
            _ => Levels::Small {
                function,
                quarters: BTreeMap::new(),
            },
        };
        Self { levels }
    }

    /// Adds what an event contributes.
    pub(crate) fn add(&mut self, at: Timestamp, contribution: Contribution) {
        self.levels.add(Quarter::of(at), contribution);
    }

    /// Appends the packed form; the function is not in it.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match &self.levels {
            Levels::Small { quarters, .. } => {
                write_len(quarters.len(), out);
                for (quarter, state) in quarters {
                    write_signed(quarter.index().into(), out);
                    state.encode(out);
                }
            }
            Levels::Unique { numbers, quarters } => {
                let mut values: Vec<(u32, &[u8])> = numbers
                    .iter()
                    .map(|(value, number)| (*number, &**value))
                    .collect();
                values.sort_unstable();
                write_len(values.len(), out);
                for (_, value) in values {
                    write_len(value.len(), out);
                    out.extend_from_slice(value);
                }
                write_len(quarters.len(), out);
                for (quarter, bitmap) in quarters {
                    write_signed(quarter.index().into(), out);
                    write_len(bitmap.serialized_size(), out);
                    bitmap
                        .serialize_into(&mut *out)
                        .expect("writing to memory does not fail");
                }
            }
        }
    }

    /// Reads the packed form of a cube of this function.
    pub(crate) fn decode(
        function: Function,
        hash: KeyedHash,
        reader: &mut Reader<'_>,
    ) -> Result<Self, PackedError> {
        let mut cube = Self::new(function, hash);
        match &mut cube.levels {
            Levels::Small { quarters, .. } => {
                for _ in 0..reader.len()? {
                    let quarter = read_quarter(reader)?;
                    quarters.insert(quarter, State::decode(function, reader)?);
                }
            }
            Levels::Unique { numbers, quarters } => {
                let count = reader.len()?;
                numbers.reserve(count);
                for number in 0..count {
                    let len = reader.len()?;
                    let number = u32::try_from(number).map_err(|_| TOO_MANY)?;
                    numbers.insert(reader.bytes(len)?.into(), number);
                }
                for _ in 0..reader.len()? {
                    let quarter = read_quarter(reader)?;
                    let len = reader.len()?;
                    let bitmap = RoaringBitmap::deserialize_from(reader.bytes(len)?);
                    quarters.insert(quarter, bitmap.map_err(|_| NO_BITMAP)?);
                }
            }
        }
        Ok(cube)
    }

    /// The answer for buckets whose edges are quarter hours. Cost: the quarter hours of the buckets that hold something.
    pub fn answer(&self, buckets: &Buckets) -> Answer {
        match &self.levels {
            Levels::Small { function, quarters } => {
                let states: Vec<State> = buckets
                    .ranges()
                    .iter()
                    .map(|range| {
                        let mut state = State::new(*function);
                        for (_, quarter) in quarters.range(quarters_of(*range)) {
                            state.merge(quarter);
                        }
                        state
                    })
                    .collect();
                tally::plain(*function, &states)
            }
            Levels::Unique { quarters, .. } => {
                let distinct: Vec<RoaringBitmap> = buckets
                    .ranges()
                    .iter()
                    .map(|range| {
                        quarters
                            .range(quarters_of(*range))
                            .map(|(_, bitmap)| bitmap)
                            .union()
                    })
                    .collect();
                let count = |bitmap: &RoaringBitmap| Number::from_u64(bitmap.len());
                Answer {
                    quantities: distinct.iter().map(count).collect(),
                    total: count(&distinct.iter().union()),
                }
            }
        }
    }
}

const TOO_MANY: PackedError = PackedError {
    what: "there are more values than rows",
};
const NO_BITMAP: PackedError = PackedError {
    what: "a bitmap is unreadable",
};

fn read_quarter(reader: &mut Reader<'_>) -> Result<Quarter, PackedError> {
    i64::try_from(reader.signed()?)
        .ok()
        .and_then(Quarter::from_index)
        .ok_or(PackedError {
            what: "a quarter hour is out of range",
        })
}

fn quarters_of(range: TimeRange) -> std::ops::Range<Quarter> {
    Quarter::of(range.start)..Quarter::of(range.end)
}

impl Levels {
    fn add(&mut self, quarter: Quarter, contribution: Contribution) {
        match self {
            Levels::Small { function, quarters } => {
                quarters
                    .entry(quarter)
                    .or_insert_with(|| State::new(*function))
                    .add(contribution);
            }
            Levels::Unique { numbers, quarters } => {
                let Contribution::Distinct(value) = contribution else {
                    return;
                };
                let fresh =
                    u32::try_from(numbers.len()).expect("an organization has less than 2^32 rows");
                let number = *numbers.entry(value).or_insert(fresh);
                quarters.entry(quarter).or_default().insert(number);
            }
        }
    }
}
