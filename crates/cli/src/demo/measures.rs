//! The demo's meters, one of each kind that matters for a bill.

use api::{Aggregation, Clause, Comparison, Filter, MeterCreate, Operand};

use super::cast::MODELS;
use super::sample::EVENT_NAME;
use super::tally::{Expected, MICROS, Tally};

/// What a meter of the demo measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Calls,
    OutputTokens,
    Cost,
    Users,
    MeanLatency,
    WorstLatency,
}

impl Measure {
    /// All of them, in the order of the table's columns.
    pub(super) const ALL: [Self; 6] = [
        Self::Calls,
        Self::OutputTokens,
        Self::Cost,
        Self::Users,
        Self::MeanLatency,
        Self::WorstLatency,
    ];

    /// The meter's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Calls => "Calls",
            Self::OutputTokens => "Output tokens of lumen-large",
            Self::Cost => "Cost in US cents",
            Self::Users => "Active users",
            Self::MeanLatency => "Mean latency in ms",
            Self::WorstLatency => "Worst latency in ms",
        }
    }

    /// How it aggregates, for people.
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Calls => "count",
            Self::OutputTokens | Self::Cost => "sum",
            Self::Users => "unique",
            Self::MeanLatency => "avg",
            Self::WorstLatency => "max",
        }
    }

    /// The head of its column.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::OutputTokens => "lumen-large",
            Self::Cost => "cost, ct",
            Self::Users => "users",
            Self::MeanLatency => "mean ms",
            Self::WorstLatency => "worst ms",
        }
    }

    /// The meter to be made.
    pub(super) fn meter(self) -> MeterCreate {
        let equals = |property: &str, value: &str| {
            Clause::Comparison(Comparison {
                property: property.to_owned(),
                operator: "eq".to_owned(),
                value: Operand::Text(value.to_owned()),
            })
        };
        let mut clauses = vec![equals("name", EVENT_NAME)];
        if self == Self::OutputTokens {
            clauses.push(equals("model", MODELS[0].name));
        }
        let unit = match self {
            Self::OutputTokens => "token",
            Self::Cost => "custom",
            _ => "scalar",
        };
        MeterCreate {
            name: self.name().to_owned(),
            unit: Some(unit.to_owned()),
            custom_label: (self == Self::Cost).then(|| "cent".to_owned()),
            custom_multiplier: None,
            filter: Filter {
                conjunction: "and".to_owned(),
                clauses,
            },
            aggregation: self.aggregation(),
            metadata: None,
        }
    }

    fn aggregation(self) -> Aggregation {
        let latency = || "latency_ms".to_owned();
        match self {
            Self::Calls => Aggregation::Count,
            Self::OutputTokens => Aggregation::Sum {
                property: "_llm.output_tokens".to_owned(),
            },
            Self::Cost => Aggregation::Sum {
                property: "_cost.amount".to_owned(),
            },
            Self::Users => Aggregation::Unique {
                property: "user".to_owned(),
            },
            Self::MeanLatency => Aggregation::Avg {
                property: latency(),
            },
            Self::WorstLatency => Aggregation::Max {
                property: latency(),
            },
        }
    }

    /// What its quantity over the counted calls must be.
    pub(super) fn expected(self, tally: &Tally) -> Expected {
        let whole = |number: u64| Expected::Exact(i128::from(number) * MICROS);
        match self {
            Self::Calls => whole(tally.calls),
            Self::OutputTokens => whole(tally.output_tokens_of_first_model),
            Self::Cost => Expected::Exact(tally.cost_micro_cents),
            Self::Users => whole(tally.users.len() as u64),
            Self::MeanLatency => Expected::Mean {
                sum: tally.latency_ms_sum,
                count: tally.calls,
            },
            Self::WorstLatency => whole(tally.latency_ms_max),
        }
    }

    /// How many digits after the point are shown.
    pub(super) fn places(self) -> usize {
        match self {
            Self::Cost => 6,
            Self::MeanLatency => 1,
            _ => 0,
        }
    }
}
