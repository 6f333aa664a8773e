//! One state for each bucket, of functions whose states are small.

use domain::{Aggregation, Contribution, Function, Number, State};
use store::StoreError;

use super::work::Accumulator;
use crate::columns::{GroupRows, Sink, measure};
use crate::{Answer, tally};

/// See the module. Numbers that come as units of one scale are added up as such, and made numbers of at the end.
#[derive(Debug)]
pub(super) struct Totals {
    function: Function,
    states: Vec<State>,
    /// Events that add no more than themselves.
    counts: Vec<u64>,
    of_scales: Vec<OfScale>,
}

/// What was added in units of 10^-`scale`, for each bucket.
#[derive(Debug)]
struct OfScale {
    scale: u8,
    units: Vec<Units>,
}

#[derive(Debug, Clone, Copy)]
struct Units {
    count: u64,
    /// An organization has fewer than 2^32 events, of 64 bits each: no sum passes 128 bits.
    sum: i128,
    least: i64,
    greatest: i64,
}

impl Units {
    const NONE: Self = Self {
        count: 0,
        sum: 0,
        least: i64::MAX,
        greatest: i64::MIN,
    };

    /// The state of a function.
    fn state(self, function: Function, scale: u8) -> State {
        let number = |units: i128| Number::from_parts(units, scale);
        let Units { count, sum, .. } = self;
        match function {
            Function::Sum => State::Sum {
                count,
                sum: number(sum),
            },
            Function::Avg => State::Avg {
                count,
                sum: number(sum),
            },
            Function::Max => State::Max(Some(number(self.greatest.into()))),
            Function::Min => State::Min(Some(number(self.least.into()))),
            Function::Count | Function::Unique => unreachable!("they measure no numbers"),
        }
    }
}

impl Totals {
    pub(super) fn new(function: Function, buckets: usize) -> Self {
        Self {
            function,
            states: vec![State::new(function); buckets],
            counts: vec![0; buckets],
            of_scales: Vec::new(),
        }
    }

    pub(super) fn answer(mut self) -> Answer {
        self.settle();
        tally::plain(self.function, &self.states)
    }

    /// Puts all into the states.
    fn settle(&mut self) {
        for (state, count) in self.states.iter_mut().zip(&mut self.counts) {
            let count = std::mem::take(count);
            if count > 0 {
                state.merge(&State::Count(count));
            }
        }
        for OfScale { scale, units } in self.of_scales.drain(..) {
            for (state, units) in self.states.iter_mut().zip(units) {
                if units.count > 0 {
                    state.merge(&units.state(self.function, scale));
                }
            }
        }
    }
}

impl Accumulator for Totals {
    fn add(&mut self, bucket: usize, _: u32, contribution: Contribution) {
        self.states[bucket].add(contribution);
    }

    fn add_group(
        &mut self,
        group: &mut GroupRows,
        aggregation: &Aggregation,
        rows: &[u32],
        bucket_of: &[u32],
    ) -> Result<(), StoreError> {
        let mut sink = Into {
            totals: self,
            bucket_of,
        };
        measure(group, aggregation, rows, &mut sink)
    }

    fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        for (state, other) in self.states.iter_mut().zip(&other.states) {
            state.merge(other);
        }
    }
}

struct Into<'a> {
    totals: &'a mut Totals,
    bucket_of: &'a [u32],
}

impl Into<'_> {
    fn bucket(&self, row: u32) -> usize {
        self.bucket_of[row as usize] as usize
    }
}

impl Sink for Into<'_> {
    fn add(&mut self, row: u32, contribution: Contribution) {
        let bucket = self.bucket(row);
        self.totals.states[bucket].add(contribution);
    }

    fn add_events(&mut self, rows: &[u32]) {
        for row in rows {
            let bucket = self.bucket(*row);
            self.totals.counts[bucket] += 1;
        }
    }

    fn add_units(&mut self, rows: &[u32], values: &[i64], scale: u8) {
        let Totals {
            function,
            states,
            of_scales,
            ..
        } = &mut *self.totals;
        let place = of_scales.iter().position(|known| known.scale == scale);
        let place = place.unwrap_or_else(|| {
            of_scales.push(OfScale {
                scale,
                units: vec![Units::NONE; states.len()],
            });
            of_scales.len() - 1
        });
        let units = &mut *of_scales[place].units;
        let bucket_of = self.bucket_of;
        match function {
            Function::Sum | Function::Avg => in_runs(rows, bucket_of, values, |bucket, run| {
                let (mut count, mut sum) = (0, 0);
                for value in run.values() {
                    count += 1;
                    sum += i128::from(value);
                }
                units[bucket].count += count;
                units[bucket].sum += sum;
            }),
            _ => in_runs(rows, bucket_of, values, |bucket, run| {
                let units = &mut units[bucket];
                for value in run.values() {
                    units.count += 1;
                    units.least = units.least.min(value);
                    units.greatest = units.greatest.max(value);
                }
            }),
        }
    }
}

/// Shows `add` the values of rows, as many at once as follow each other in one bucket.
fn in_runs(rows: &[u32], bucket_of: &[u32], values: &[i64], mut add: impl FnMut(usize, Run<'_>)) {
    let bucket = |row: &u32| bucket_of[*row as usize];
    for run in rows.chunk_by(|one, next| bucket(one) == bucket(next)) {
        let Some(first) = run.first() else {
            continue;
        };
        add(bucket(first) as usize, Run { rows: run, values });
    }
}

/// Rows of one bucket.
struct Run<'a> {
    rows: &'a [u32],
    values: &'a [i64],
}

impl Run<'_> {
    fn values(&self) -> impl Iterator<Item = i64> {
        self.rows.iter().map(|row| self.values[*row as usize])
    }
}
