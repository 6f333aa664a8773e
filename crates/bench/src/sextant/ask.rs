//! Questions, asked over HTTP, and each answer compared with the exact one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api::{Meter, MeterCreate, MeterQuantities};

use crate::http::{Connection, escaped};
use crate::latency::{Latencies, Percentiles};
use crate::oracle::decimal::Decimal;
use crate::results::AnswerResult;
use crate::workload::files::{MeterFile, QuestionFile};

/// How often a question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeats {
    /// At least so often,
    pub(crate) runs_min: u64,
    /// at most so often,
    pub(crate) runs_max: u64,
    /// and between these no longer than this.
    pub(crate) time_max: Duration,
}

/// The ids of the meters by slug.
pub(crate) type MeterIds = BTreeMap<String, String>;

/// Makes the meters.
pub(crate) async fn make_meters(
    connection: &mut Connection,
    meters: &[MeterFile],
) -> anyhow::Result<MeterIds> {
    let mut ids = MeterIds::new();
    for meter in meters {
        let id = make_meter(connection, meter).await?;
        ids.insert(meter.slug.clone(), id);
    }
    Ok(ids)
}

/// Makes a meter and gives back its id.
pub(crate) async fn make_meter(
    connection: &mut Connection,
    meter: &MeterFile,
) -> anyhow::Result<String> {
    let body = MeterCreate {
        name: meter.name.clone(),
        unit: None,
        custom_label: None,
        custom_multiplier: None,
        filter: meter.filter.clone(),
        aggregation: meter.aggregation.clone(),
        metadata: None,
    };
    let meter: Meter = connection.post("/v1/meters/", &body).await?;
    Ok(meter.id)
}

/// Where a question is asked.
pub(crate) fn target(question: &QuestionFile, meter_id: &str) -> String {
    let mut target = format!(
        "/v1/meters/{meter_id}/quantities?start_timestamp={}&end_timestamp={}&interval={}&timezone={}",
        escaped(&question.start),
        escaped(&question.end),
        question.interval,
        escaped(&question.timezone),
    );
    let mut add = |key: &str, value: &str| {
        for part in ["&", key, "=", &escaped(value)] {
            target.push_str(part);
        }
    };
    if let Some(customer) = &question.customer {
        add("external_customer_id", customer);
    }
    for (key, value) in question.metadata.iter().flatten() {
        let key = format!("metadata%5B{}%5D", escaped(key));
        add(&key, value.as_str().unwrap_or_default());
    }
    if let Some(function) = &question.customer_aggregation_function {
        add("customer_aggregation_function", function);
    }
    target
}

/// Asks a question again and again. Every answer is compared.
pub(crate) async fn ask(
    connection: &mut Connection,
    question: &QuestionFile,
    meter_id: &str,
    repeats: Repeats,
) -> anyhow::Result<AnswerResult> {
    let target = target(question, meter_id);
    let request = connection.head("GET", &target, 0);
    let mut latencies = Latencies::default();
    let mut error = Decimal::new(0, 0);
    let mut last = Vec::new();
    let mut cold_micros = 0;
    let begun = Instant::now();
    while latencies.count() < repeats.runs_min
        || (latencies.count() < repeats.runs_max && begun.elapsed() < repeats.time_max)
    {
        let sent = Instant::now();
        let answer = connection.exchange(&request).await?;
        let took = sent.elapsed();
        ensure!(
            answer.status == 200,
            "{target}: {} {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        if latencies.count() == 0 && cold_micros == 0 {
            // The first has to fetch what later ones find in memory; it is told apart.
            cold_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        } else {
            latencies.add(took);
        }
        if answer.body != last {
            last = answer.body.to_vec();
            error = error.max(error_of(question, &last)?);
        }
    }
    let runs = latencies.count();
    let read: MeterQuantities = serde_json::from_slice(&last).context("read quantities")?;
    let Percentiles { p50, p99, .. } = latencies.percentiles();
    Ok(AnswerResult::new(
        question,
        &read,
        runs,
        (p50, p99, cold_micros),
        &error,
    ))
}

/// By how much an answer differs from the exact one, at most: 0 when it is right.
pub(crate) fn error_of(question: &QuestionFile, body: &[u8]) -> anyhow::Result<Decimal> {
    let answer: MeterQuantities = serde_json::from_slice(body).context("read quantities")?;
    ensure!(
        answer.quantities.len() == question.quantities.len(),
        "{}: {} quantities instead of {}",
        question.id,
        answer.quantities.len(),
        question.quantities.len()
    );
    let difference = |found: &str, expected: &str| -> anyhow::Result<Decimal> {
        Ok((&Decimal::parse(found)? - &Decimal::parse(expected)?).abs())
    };
    let mut error = difference(answer.total.as_str(), &question.total)?;
    for (found, expected) in answer.quantities.iter().zip(&question.quantities) {
        ensure!(
            found.timestamp == expected.timestamp,
            "{}: a point at {} instead of {}",
            question.id,
            found.timestamp,
            expected.timestamp
        );
        error = error.max(difference(found.quantity.as_str(), &expected.quantity)?);
    }
    Ok(error)
}
