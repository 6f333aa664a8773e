//! The usage cube of a meter: what it counted in every quarter hour, over everyone.
//!
//! Fifteen minutes divide every offset from UTC in use since the end of 2021, so hours, days, weeks, months and years in
//! any zone are sums of quarter hours. A cube is derived: it is folded from an organization's rows in their order, up to
//! [`Cube::rows`] of them, and can be thrown away and folded again at any time.
//!
//! Distinct values get a number each, in the order in which they are met, and a quarter hour keeps a bitmap of them, so
//! that the distinct values of a month are a union of bitmaps and not of texts.

use std::collections::{BTreeMap, HashMap};

use domain::interval::{Buckets, Quarter};
use domain::{Contribution, Definition, Function, KeyedHash, Number, State, TimeRange};
use roaring::{MultiOps as _, RoaringBitmap};
use store::{Snapshot, StoreError};

use crate::{Answer, tally};

/// How many rows are folded between two looks at whether somebody else waits for the cube.
pub const CATCH_UP_ROWS: u32 = 8_192;

/// See the module.
#[derive(Debug)]
pub struct Cube {
    /// How many of the organization's rows have been folded, from the first on.
    rows: u32,
    matched: u64,
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
        Self {
            rows: 0,
            matched: 0,
            levels,
        }
    }

    /// How many of the organization's rows have been folded.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many of them match the meter.
    pub fn matched(&self) -> u64 {
        self.matched
    }

    /// Folds up to `rows_max` rows of a snapshot that have not been folded yet, in their order. Returns whether all of
    /// the snapshot is in the cube now. Cost: one look at each row.
    ///
    /// # Errors
    /// Rows could not be read; those before them are folded.
    pub fn catch_up(
        &mut self,
        snapshot: &Snapshot,
        definition: &Definition,
        rows_max: u32,
    ) -> Result<bool, StoreError> {
        let until = snapshot.rows().min(self.rows.saturating_add(rows_max));
        for handle in snapshot.blocks_from(self.rows) {
            let block = handle.load()?;
            for row in handle.rows_from(self.rows).map(|index| block.row(index)) {
                if self.rows >= until {
                    return Ok(self.rows >= snapshot.rows());
                }
                if let Some(contribution) = definition.contribution(&row.event()) {
                    self.levels.add(Quarter::of(row.timestamp), contribution);
                    self.matched += 1;
                }
                self.rows += 1;
            }
        }
        Ok(self.rows >= snapshot.rows())
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
