//! Which way leads to an answer.

use crate::question::{Customers, Question};

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// From the meter's cube: the cost does not grow with history.
    Cube,
    /// From rows.
    Scan,
}

impl Plan {
    /// The way for a question. The cube serves when everyone's events are asked for as they are and every bucket begins and ends at a
    /// quarter hour (all do in every zone since the end of 2021).
    pub fn of(question: &Question<'_>) -> Self {
        let everyone = matches!(question.customers, Customers::All);
        let as_they_are = question.metadata.is_empty() && question.grouping.is_none();
        if everyone && as_they_are && question.buckets.quarter_aligned() {
            Plan::Cube
        } else {
            Plan::Scan
        }
    }
}
