//! What events add, in the form in which it is kept.

use domain::Contribution;

use crate::distinct::{Dictionary, NO_VALUE, Numbers};
use crate::partial::{Cell, Partial};

/// Gives what events add that are folded.
pub(crate) trait Values<P: Partial> {
    /// What an event adds that is folded.
    fn one(&self, contribution: &Contribution) -> P::One;

    /// How many rows are folded.
    fn folded(&self) -> u32;
}

/// For functions of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfNumbers {
    pub(crate) folded: u32,
}

/// For distinct values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfValues<'a> {
    pub(crate) folded: u32,
    pub(crate) dictionary: &'a Dictionary,
}

impl Values<Cell> for OfNumbers {
    fn one(&self, contribution: &Contribution) -> Cell {
        cell(contribution)
    }

    fn folded(&self) -> u32 {
        self.folded
    }
}

impl Values<Numbers> for OfValues<'_> {
    fn one(&self, contribution: &Contribution) -> u32 {
        match contribution {
            Contribution::Distinct(value) => {
                (self.dictionary.find(value)).expect("the values of rows that are folded are known")
            }
            Contribution::Event | Contribution::Number(_) => NO_VALUE,
        }
    }

    fn folded(&self) -> u32 {
        self.folded
    }
}

/// What an event adds to a function of numbers.
pub(crate) fn cell(contribution: &Contribution) -> Cell {
    match contribution {
        Contribution::Number(number) => Cell::of(Some(number)),
        Contribution::Event | Contribution::Distinct(_) => Cell::of(None),
    }
}
