//! The thirty meters: all six aggregations, filters of all eight operators, nested and flat, over values of every kind.
//!
//! Most count the events of one name, as meters do; three count every event, a few look at all names. An event matches between five and six
//! of them on average.

use api::{Aggregation, Clause, Comparison, Filter, Operand};

/// What a filter or an aggregation looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    Name,
    Timestamp,
    Region,
    Plan,
    Model,
    Document,
    User,
    InputTokens,
    OutputTokens,
    LatencyMs,
    Status,
    Cost,
    Cached,
    Stream,
}

impl Property {
    /// As it is called in metadata, or as a pseudo-property.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Timestamp => "timestamp",
            Self::Region => "region",
            Self::Plan => "plan",
            Self::Model => "model",
            Self::Document => "document",
            Self::User => "user",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::LatencyMs => "latency_ms",
            Self::Status => "status",
            Self::Cost => "cost",
            Self::Cached => "cached",
            Self::Stream => "stream",
        }
    }
}

/// How a clause compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Like,
    NotLike,
}

impl Operator {
    fn key(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Like => "like",
            Self::NotLike => "not_like",
        }
    }
}

/// With what a clause compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Text(&'static str),
    Integer(i32),
    Bool(bool),
}

/// A filter.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Is(Property, Operator, Value),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// What a meter makes of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Sum,
    Max,
    Min,
    Avg,
    Unique,
}

impl Function {
    /// As the API calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Max => "max",
            Self::Min => "min",
            Self::Avg => "avg",
            Self::Unique => "unique",
        }
    }
}

/// A meter.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) slug: &'static str,
    pub(crate) filter: Condition,
    pub(crate) function: Function,
    /// Not looked at by [`Function::Count`].
    pub(crate) property: Property,
}

impl Meter {
    /// In the form that the API takes.
    pub(crate) fn filter_to_api(&self) -> Filter {
        match clause_to_api(&self.filter) {
            Clause::Filter(filter) => filter,
            clause @ Clause::Comparison(_) => Filter {
                conjunction: "and".to_owned(),
                clauses: vec![clause],
            },
        }
    }

    /// In the form that the API takes.
    pub(crate) fn aggregation_to_api(&self) -> Aggregation {
        let property = self.property.key().to_owned();
        match self.function {
            Function::Count => Aggregation::Count,
            Function::Sum => Aggregation::Sum { property },
            Function::Max => Aggregation::Max { property },
            Function::Min => Aggregation::Min { property },
            Function::Avg => Aggregation::Avg { property },
            Function::Unique => Aggregation::Unique { property },
        }
    }
}

fn clause_to_api(condition: &Condition) -> Clause {
    let filter = |conjunction: &str, conditions: &[Condition]| {
        Clause::Filter(Filter {
            conjunction: conjunction.to_owned(),
            clauses: conditions.iter().map(clause_to_api).collect(),
        })
    };
    match condition {
        Condition::All(conditions) => filter("and", conditions),
        Condition::Any(conditions) => filter("or", conditions),
        Condition::Is(property, operator, value) => Clause::Comparison(Comparison {
            property: property.key().to_owned(),
            operator: operator.key().to_owned(),
            value: match value {
                Value::Text(text) => Operand::Text((*text).to_owned()),
                Value::Integer(integer) => Operand::Integer(*integer),
                Value::Bool(bool) => Operand::Bool(*bool),
            },
        }),
    }
}

/// All meters.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(crate) fn all() -> Vec<Meter> {
    use Condition::{All, Any};
    use Operator::{Eq, Gt, Gte, Like, Lt, Lte, Ne, NotLike};
    use Property::{
        Cached, Cost, Document, InputTokens, LatencyMs, Model, Name, OutputTokens, Plan, Region,
        Status, Stream, Timestamp, User,
    };
    let text = |property, operator, value| Condition::Is(property, operator, Value::Text(value));
    let integer =
        |property, operator, value| Condition::Is(property, operator, Value::Integer(value));
    let bool = |property, operator, value| Condition::Is(property, operator, Value::Bool(value));
    let everything = || All(Vec::new());
    let named = |name, conditions: Vec<Condition>| {
        All(std::iter::once(text(Name, Eq, name))
            .chain(conditions)
            .collect())
    };
    let in_europe = || {
        Any(vec![
            text(Region, Eq, "eu-west"),
            text(Region, Eq, "eu-north"),
        ])
    };
    let mut meters = Vec::new();
    let mut meter = |slug, function, property, filter| {
        meters.push(Meter {
            slug,
            filter,
            function,
            property,
        });
    };

    meter("events", Function::Count, Name, everything());
    meter(
        "completions",
        Function::Count,
        Name,
        text(Name, Eq, "llm.completion"),
    );
    // A status sent as text is compared as text.
    meter("errors", Function::Count, Name, integer(Status, Gte, 400));
    meter(
        "client-errors",
        Function::Count,
        Name,
        named(
            "api.call",
            vec![integer(Status, Gte, 400), integer(Status, Lt, 500)],
        ),
    );
    meter(
        "not-ok",
        Function::Count,
        Name,
        named("api.upload", vec![integer(Status, Ne, 200)]),
    );
    meter(
        "streams",
        Function::Count,
        Name,
        named("llm.completion", vec![bool(Stream, Eq, true)]),
    );
    meter(
        "uncached-europe",
        Function::Count,
        Name,
        All(vec![
            Any(vec![
                text(Name, Eq, "llm.completion"),
                text(Name, Eq, "llm.embedding"),
            ]),
            bool(Cached, Eq, false),
            in_europe(),
        ]),
    );
    meter(
        "large-models",
        Function::Count,
        Name,
        named("llm.rerank", vec![text(Model, Like, "large")]),
    );
    meter(
        "llm-not-mini",
        Function::Count,
        Name,
        All(vec![
            text(Name, Like, "llm."),
            text(Model, NotLike, "mini"),
            text(Plan, Eq, "team"),
        ]),
    );

    meter(
        "input-tokens",
        Function::Sum,
        InputTokens,
        text(Name, Eq, "llm.completion"),
    );
    meter(
        "output-tokens",
        Function::Sum,
        OutputTokens,
        All(vec![
            text(Name, Ne, "page.view"),
            text(Plan, Eq, "enterprise"),
        ]),
    );
    meter("cost", Function::Sum, Cost, everything());
    meter(
        "cost-europe",
        Function::Sum,
        Cost,
        named("api.call", vec![in_europe(), text(Plan, Ne, "free")]),
    );
    meter(
        "cost-heavy",
        Function::Sum,
        Cost,
        Any(vec![
            All(vec![
                text(Model, Eq, "large"),
                integer(InputTokens, Gt, 4_000),
            ]),
            All(vec![
                text(Model, Eq, "small"),
                Any(vec![
                    integer(OutputTokens, Gt, 1_000),
                    integer(LatencyMs, Gte, 3_000),
                ]),
            ]),
        ]),
    );
    meter(
        "latency-from-pro",
        Function::Sum,
        LatencyMs,
        named("job.run", vec![text(Plan, Gte, "pro")]),
    );
    meter("refunds", Function::Sum, Cost, integer(Cost, Lt, 0));

    meter(
        "slowest",
        Function::Max,
        LatencyMs,
        text(Name, Eq, "job.step"),
    );
    meter(
        "dearest",
        Function::Max,
        Cost,
        named("storage.write", vec![integer(Status, Eq, 200)]),
    );
    meter(
        "longest-output",
        Function::Max,
        OutputTokens,
        named("llm.completion", vec![text(Model, Eq, "large")]),
    );

    meter(
        "cheapest",
        Function::Min,
        Cost,
        named("mail.sent", vec![integer(Cost, Gt, 0)]),
    );
    meter(
        "fastest-asia",
        Function::Min,
        LatencyMs,
        named("search.query", vec![text(Region, Like, "ap-")]),
    );
    meter(
        "shortest-input",
        Function::Min,
        InputTokens,
        text(Name, Eq, "llm.embedding"),
    );

    meter(
        "mean-latency",
        Function::Avg,
        LatencyMs,
        text(Name, Eq, "api.call"),
    );
    meter(
        "mean-cost-enterprise",
        Function::Avg,
        Cost,
        text(Plan, Eq, "enterprise"),
    );
    meter(
        "mean-output-streamed",
        Function::Avg,
        OutputTokens,
        named(
            "llm.completion",
            vec![bool(Stream, Eq, true), bool(Cached, Ne, true)],
        ),
    );

    meter("users", Function::Unique, User, everything());
    meter(
        "documents",
        Function::Unique,
        Document,
        text(Name, Eq, "llm.embedding"),
    );
    meter(
        "llm-users",
        Function::Unique,
        User,
        text(Name, Eq, "llm.completion"),
    );
    // 200 and "200" are two.
    meter(
        "statuses",
        Function::Unique,
        Status,
        named("api.upload", vec![integer(LatencyMs, Lte, 20_000)]),
    );
    meter(
        "paid-documents-since-july",
        Function::Unique,
        Document,
        All(vec![
            text(Name, Eq, "storage.read"),
            text(Plan, Ne, "free"),
            integer(Timestamp, Gte, 1_751_328_000),
        ]),
    );
    meters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_meters_each_with_a_name_of_its_own() {
        let meters = all();
        assert_eq!(meters.len(), 30);
        let mut slugs: Vec<&str> = meters.iter().map(|meter| meter.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), 30);
    }
}
