//! Which way leads to an answer.

use crate::question::{Customers, Question};

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// From the meter's cube: the cost does not grow with history.
    Cube,
    /// From the meter's history of each identity: the cost is that of the quarter hours in which the customers counted something.
    History,
    /// From rows.
    Scan,
}

impl Plan {
    /// The way for a question. What is added up beforehand serves when the events are asked for as they are and every bucket begins and
    /// ends at a quarter hour (all do in every zone since the end of 2021).
    pub fn of(question: &Question<'_>) -> Self {
        if !question.metadata.is_empty() || !question.buckets.quarter_aligned() {
            return Plan::Scan;
        }
        match question.customers {
            Customers::All if question.grouping.is_none() => Plan::Cube,
            _ => Plan::History,
        }
    }
}
