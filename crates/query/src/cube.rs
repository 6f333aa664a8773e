//! The usage cube of a meter: what it counted in every quarter hour, over everyone.
//!
//! Fifteen minutes divide every offset from UTC in use since the end of 2021, so hours, days, weeks, months and years in
//! any zone are sums of quarter hours. A cube is derived: [`crate::Fold`] makes it from an organization's rows.
//!
//! Distinct values get a number each, in the order in which they are met, and a quarter hour keeps a bitmap of them, so
//! that the distinct values of a month are a union of bitmaps and not of texts.

use std::collections::{BTreeMap, HashMap};

use domain::interval::{Buckets, Quarter};
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
