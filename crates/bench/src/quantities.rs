//! How long quantities take: thirty days by day, in every form that a bill or a dashboard asks for.

use std::time::{Duration, Instant};

use anyhow::ensure;
use api::{Aggregation, Clause, Comparison, Filter, Meter, MeterCreate, MeterQuantities, Operand};
use clap::Args;

use crate::Target;
use crate::http::Connection;
use crate::ingest::{self, Load};
use crate::latency::{Latencies, Percentiles};
use crate::numbers::{grouped, now_micros};
use crate::time::timestamp;

/// The events spread over so many days, and so many are asked for.
const DAYS: u64 = 30;

/// Requests of one kind: at most so many,
const REQUESTS_MAX: usize = 500;

/// and at most for so long.
const TIME_MAX: Duration = Duration::from_secs(4);

/// Requests before those that are measured.
const WARM_UP: usize = 5;

/// How many events to ask about.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Events to send before measuring
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) events: u64,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) events: u64,
    pub(crate) fill: Load,
    pub(crate) rows: Vec<Row>,
}

/// One kind of request.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) requests: u64,
    pub(crate) latency: Percentiles,
}

/// Sends the events, makes the meters, measures one request after the other.
pub(crate) async fn measure(target: &Target, options: &Options) -> anyhow::Result<Answers> {
    let fill = ingest::fill(target, options.events, DAYS).await?;
    let mut connection = Connection::open(&target.url, &target.token).await?;
    let now = now_micros();
    let range = format!(
        "start_timestamp={}&end_timestamp={}&interval=day",
        timestamp(now - (DAYS - 1) * 86_400_000_000),
        timestamp(now),
    );
    // The least cost is not 0, so that 0 can only mean that nothing was counted.
    let cost = || "cost".to_owned();
    let meters = [
        ("count", Aggregation::Count),
        ("sum", Aggregation::Sum { property: cost() }),
        ("max", Aggregation::Max { property: cost() }),
        ("min", Aggregation::Min { property: cost() }),
        ("avg", Aggregation::Avg { property: cost() }),
        (
            "unique (a million values)",
            Aggregation::Unique {
                property: "session".to_owned(),
            },
        ),
    ];
    let mut rows = Vec::new();
    let mut sum_meter = String::new();
    for (title, aggregation) in meters {
        let is_sum = title == "sum";
        let meter = create(&mut connection, title, aggregation).await?;
        let target = format!("/v1/meters/{}/quantities?{range}", meter.id);
        rows.push(row(&mut connection, title, &target).await?);
        if is_sum {
            sum_meter = target;
        }
    }
    for (title, parameter) in [
        ("sum of one customer", "external_customer_id=cust-004711"),
        (
            "sum, then max over the customers",
            "customer_aggregation_function=max",
        ),
        ("sum with a metadata filter", "metadata%5Bmodel%5D=large"),
    ] {
        rows.push(row(&mut connection, title, &format!("{sum_meter}&{parameter}")).await?);
    }
    Ok(Answers {
        events: fill.events,
        fill,
        rows,
    })
}

impl Answers {
    /// For a table.
    pub(crate) fn title(&self) -> String {
        format!(
            "{DAYS} days by day, {} events of 100,000 customers",
            grouped(self.events)
        )
    }
}

/// A meter over the events of every name but one: a filter that has to be looked at.
async fn create(
    connection: &mut Connection,
    name: &str,
    aggregation: Aggregation,
) -> anyhow::Result<Meter> {
    let clause = Comparison {
        property: "name".to_owned(),
        operator: "ne".to_owned(),
        value: Operand::Text("api.call.00".to_owned()),
    };
    let body = MeterCreate {
        name: name.to_owned(),
        unit: None,
        custom_label: None,
        custom_multiplier: None,
        filter: Filter {
            conjunction: "and".to_owned(),
            clauses: vec![Clause::Comparison(clause)],
        },
        aggregation,
        metadata: None,
    };
    connection.post("/v1/meters/", &body).await
}

async fn row(connection: &mut Connection, title: &str, target: &str) -> anyhow::Result<Row> {
    let first: MeterQuantities = connection.get(target).await?;
    ensure!(
        first.quantities.len() == 30,
        "{title}: {} quantities",
        first.quantities.len()
    );
    // With few events one customer may have none.
    ensure!(
        target.contains("customer_id=") || !matches!(first.total.as_str(), "0" | "0.0"),
        "{title}: nothing was counted"
    );
    let request = connection.head("GET", target, 0);
    let mut latencies = Latencies::default();
    let begun = Instant::now();
    for index in 0..REQUESTS_MAX + WARM_UP {
        let sent = Instant::now();
        let answer = connection.exchange(&request).await?;
        ensure!(answer.status == 200, "{title}: status {}", answer.status);
        if index >= WARM_UP {
            latencies.add(sent.elapsed());
        }
        if begun.elapsed() > TIME_MAX && latencies.count() >= 3 {
            break;
        }
    }
    let requests = latencies.count();
    Ok(Row {
        title: title.to_owned(),
        requests,
        latency: latencies.percentiles(),
    })
}
