//! What a question keeps while events go by, and the answer at their end. All integers; two folds over different events merge into
//! that over both.

use std::collections::HashSet;

use super::decimal::Decimal;
use super::filter::{code, codes, is_present, nanos};
use crate::workload::CUSTOMERS;
use crate::workload::event::Event;
use crate::workload::meters::{Function, Meter, Property};
use crate::workload::vocabulary::USERS;

/// States by cell. A cell is a period, or, with a function over the customers, a period and a customer.
#[derive(Debug)]
pub(super) struct Fold {
    function: Function,
    property: Property,
    periods: usize,
    by_customer: bool,
    states: States,
}

#[derive(Debug)]
enum States {
    Count(Vec<u64>),
    /// Sum in billionths, and of how many.
    Sum(Vec<(i128, u64)>),
    /// The greatest or the least.
    Extreme(Vec<Option<i64>>),
    /// Which values each period has, a bit for each of `values`.
    Unique {
        values: usize,
        seen: Vec<u64>,
    },
    /// Cell and value, packed; value 0 says only that the customer has an event.
    UniqueByCustomer(HashSet<u64>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) quantities: Vec<Decimal>,
    pub(crate) total: Decimal,
}

/// Bits of a value in a packed cell and value.
const VALUE_BITS: u32 = 21;

impl Fold {
    pub(super) fn new(meter: &Meter, periods: usize, by_customer: bool) -> Self {
        let cells = if by_customer {
            periods * CUSTOMERS as usize
        } else {
            periods
        };
        let states = match meter.function {
            Function::Count => States::Count(vec![0; cells]),
            Function::Sum | Function::Avg => States::Sum(vec![(0, 0); cells]),
            Function::Max | Function::Min => States::Extreme(vec![None; cells]),
            Function::Unique if by_customer => States::UniqueByCustomer(HashSet::new()),
            Function::Unique => {
                let values = codes(meter.property).unwrap_or(USERS as usize);
                States::Unique {
                    values,
                    seen: vec![0; periods * values.div_ceil(64)],
                }
            }
        };
        Self {
            function: meter.function,
            property: meter.property,
            periods,
            by_customer,
            states,
        }
    }

    /// Takes in an event that the question's filters accept.
    pub(super) fn add(&mut self, period: usize, event: &Event) {
        let cell = if self.by_customer {
            period * CUSTOMERS as usize + event.customer as usize
        } else {
            period
        };
        match &mut self.states {
            States::Count(counts) => counts[cell] += 1,
            States::Sum(sums) => {
                if let Some(nanos) = nanos(event, self.property) {
                    sums[cell].0 += i128::from(nanos);
                    sums[cell].1 += 1;
                }
            }
            States::Extreme(extremes) => {
                if let Some(nanos) = nanos(event, self.property) {
                    extremes[cell] = Some(extreme(self.function, extremes[cell], nanos));
                }
            }
            States::Unique { values, seen } => {
                let code = code(event, self.property);
                seen[cell * values.div_ceil(64) + code / 64] |= 1 << (code % 64);
            }
            States::UniqueByCustomer(seen) => {
                let code = code(event, self.property);
                let cell = (cell as u64) << VALUE_BITS;
                seen.insert(cell);
                if is_present(self.property, code) {
                    seen.insert(cell | (code as u64 + 1));
                }
            }
        }
    }

    /// Takes over what another fold of the same question has seen.
    pub(super) fn merge(&mut self, other: Self) {
        match (&mut self.states, other.states) {
            (States::Count(mine), States::Count(other)) => {
                for (mine, other) in mine.iter_mut().zip(other) {
                    *mine += other;
                }
            }
            (States::Sum(mine), States::Sum(other)) => {
                for (mine, other) in mine.iter_mut().zip(other) {
                    *mine = (mine.0 + other.0, mine.1 + other.1);
                }
            }
            (States::Extreme(mine), States::Extreme(other)) => {
                for (mine, other) in mine.iter_mut().zip(other) {
                    *mine = other.map_or(*mine, |other| Some(extreme(self.function, *mine, other)));
                }
            }
            (States::Unique { seen: mine, .. }, States::Unique { seen: other, .. }) => {
                for (mine, other) in mine.iter_mut().zip(other) {
                    *mine |= other;
                }
            }
            (States::UniqueByCustomer(mine), States::UniqueByCustomer(other)) => mine.extend(other),
            _ => unreachable!("folds of one question keep the same states"),
        }
    }

    /// The answer; with `function`, over the customers of each period.
    pub(super) fn answer(&self, function: Option<Function>) -> Answer {
        let quantities: Vec<Option<Decimal>> = match function {
            None => (0..self.periods).map(|period| self.value(period)).collect(),
            Some(function) => (0..self.periods)
                .map(|period| over(function, &mut self.customers(period)))
                .collect(),
        };
        let total = match self.function {
            Function::Count | Function::Sum => quantities
                .iter()
                .flatten()
                .fold(zero(), |sum, quantity| &sum + quantity),
            Function::Max => quantities
                .iter()
                .flatten()
                .max()
                .cloned()
                .unwrap_or_else(zero),
            Function::Min => quantities
                .iter()
                .flatten()
                .min()
                .cloned()
                .unwrap_or_else(zero),
            Function::Avg | Function::Unique => self.whole(),
        };
        let quantities = quantities
            .into_iter()
            .map(|quantity| quantity.unwrap_or_else(zero))
            .collect();
        Answer { quantities, total }
    }

    /// Of a cell, when there is anything in it.
    fn value(&self, cell: usize) -> Option<Decimal> {
        match &self.states {
            States::Count(counts) => (counts[cell] > 0).then(|| Decimal::new(counts[cell], 0)),
            States::Sum(sums) => {
                let (sum, count) = sums[cell];
                (count > 0).then(|| mean_or_sum(self.function, sum, count))
            }
            States::Extreme(extremes) => {
                extremes[cell].map(|nanos| Decimal::from_nanos(i128::from(nanos)))
            }
            States::Unique { values, seen } => {
                let words = values.div_ceil(64);
                Some(self.present(&seen[cell * words..(cell + 1) * words]))
            }
            States::UniqueByCustomer(_) => unreachable!("read as a whole"),
        }
    }

    /// The values of the customers of a period.
    fn customers(&self, period: usize) -> Vec<Decimal> {
        let cells = period * CUSTOMERS as usize..(period + 1) * CUSTOMERS as usize;
        if let States::UniqueByCustomer(seen) = &self.states {
            let mut counts = vec![None; cells.len()];
            #[expect(clippy::iter_over_hash_type, reason = "a sum is the same in any order")]
            for packed in seen {
                let (cell, value) = (packed >> VALUE_BITS, packed & ((1 << VALUE_BITS) - 1));
                let cell = usize::try_from(cell).expect("a cell");
                if cells.contains(&cell) {
                    *counts[cell - cells.start].get_or_insert(0_u64) += u64::from(value > 0);
                }
            }
            return counts
                .into_iter()
                .flatten()
                .map(|count| Decimal::new(count, 0))
                .collect();
        }
        cells.filter_map(|cell| self.value(cell)).collect()
    }

    /// Over all events of all periods.
    fn whole(&self) -> Decimal {
        match &self.states {
            States::Sum(sums) => {
                let sum = sums.iter().map(|(sum, _)| *sum).sum();
                let count = sums.iter().map(|(_, count)| *count).sum();
                if count == 0 {
                    zero()
                } else {
                    mean_or_sum(self.function, sum, count)
                }
            }
            States::Unique { values, seen } => {
                let words = values.div_ceil(64);
                let mut all = vec![0; words];
                for period in seen.chunks(words) {
                    for (all, seen) in all.iter_mut().zip(period) {
                        *all |= seen;
                    }
                }
                self.present(&all)
            }
            States::UniqueByCustomer(seen) => {
                let mut values: Vec<u64> = seen
                    .iter()
                    .map(|packed| packed & ((1 << VALUE_BITS) - 1))
                    .filter(|value| *value > 0)
                    .collect();
                values.sort_unstable();
                values.dedup();
                Decimal::new(values.len() as u64, 0)
            }
            States::Count(_) | States::Extreme(_) => unreachable!("their totals are of quantities"),
        }
    }

    /// How many of the values seen are values.
    fn present(&self, seen: &[u64]) -> Decimal {
        let all: u64 = seen.iter().map(|word| u64::from(word.count_ones())).sum();
        let absent = match self.property {
            Property::User => 0,
            property => (0..codes(property).unwrap_or(0))
                .filter(|code| seen[code / 64] >> (code % 64) & 1 == 1)
                .filter(|code| !is_present(property, *code))
                .count() as u64,
        };
        Decimal::new(all - absent, 0)
    }
}

fn zero() -> Decimal {
    Decimal::new(0, 0)
}

fn extreme(function: Function, mine: Option<i64>, other: i64) -> i64 {
    match (function, mine) {
        (_, None) => other,
        (Function::Min, Some(mine)) => mine.min(other),
        (_, Some(mine)) => mine.max(other),
    }
}

fn mean_or_sum(function: Function, sum: i128, count: u64) -> Decimal {
    let sum = Decimal::from_nanos(sum);
    if function == Function::Avg {
        sum.divided(count)
    } else {
        sum
    }
}

/// A function over the values of customers; `None` without any.
fn over(function: Function, values: &mut Vec<Decimal>) -> Option<Decimal> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as u64;
    let sum = |values: &[Decimal]| values.iter().fold(zero(), |sum, value| &sum + value);
    Some(match function {
        Function::Count => Decimal::new(count, 0),
        Function::Sum => sum(values),
        Function::Avg => sum(values).divided(count),
        Function::Max => values.iter().max().cloned()?,
        Function::Min => values.iter().min().cloned()?,
        Function::Unique => {
            values.sort_unstable();
            values.dedup();
            Decimal::new(values.len() as u64, 0)
        }
    })
}
