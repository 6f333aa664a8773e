//! What a run leaves behind for the report: one file of JSON for each engine, of the same form for all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use api::MeterQuantities;
use serde::{Deserialize, Serialize};

use crate::numbers::millis_float;
use crate::oracle::decimal::Decimal;
use crate::workload::files::QuestionFile;

/// An engine's results.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EngineResult {
    pub(crate) engine: String,
    pub(crate) version: String,
    /// How the events are kept, and why so.
    pub(crate) schema: String,
    /// What it makes of repeated keys.
    #[serde(default)]
    pub(crate) deduplication: Option<String>,
    pub(crate) load: LoadResult,
    /// Small inserts of the same lines, as they come.
    #[serde(default)]
    pub(crate) insert_1000: Option<InsertResult>,
    pub(crate) answers: Vec<AnswerResult>,
    /// What only Sextant is measured for.
    #[serde(default)]
    pub(crate) server: Option<ServerResult>,
}

/// All events, brought in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LoadResult {
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
    pub(crate) bytes_on_disk: u64,
    /// A bulk load of so many of the rows, where there is one,
    #[serde(default)]
    pub(crate) bulk_rows: Option<u64>,
    /// in so many seconds.
    #[serde(default)]
    pub(crate) bulk_seconds: Option<f64>,
}

/// Batches of 1,000 lines.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InsertResult {
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
}

/// An answer, and how long it took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AnswerResult {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) p50_ms: f64,
    #[serde(default)]
    pub(crate) p99_ms: f64,
    /// The first time.
    #[serde(default)]
    pub(crate) cold_ms: Option<f64>,
    #[serde(default)]
    pub(crate) runs: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) quantities: Vec<String>,
    #[serde(default)]
    pub(crate) total: String,
    /// Why there is no answer.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// By how much any of the answers differed, at most.
    #[serde(default)]
    pub(crate) error_max: Option<String>,
}

impl AnswerResult {
    /// Of Sextant; `micros` are p50, p99 and the first.
    pub(crate) fn new(
        question: &QuestionFile,
        answer: &MeterQuantities,
        runs: u64,
        (p50, p99, cold): (u64, u64, u64),
        error_max: &Decimal,
    ) -> Self {
        Self {
            id: question.id.clone(),
            p50_ms: millis_float(p50),
            p99_ms: millis_float(p99),
            cold_ms: Some(millis_float(cold)),
            runs,
            quantities: answer
                .quantities
                .iter()
                .map(|quantity| quantity.quantity.as_str().to_owned())
                .collect(),
            total: answer.total.as_str().to_owned(),
            error: None,
            error_max: Some(error_max.to_string()),
        }
    }

    /// By how much any of the answers differed, at most.
    pub(crate) fn error_max(&self) -> anyhow::Result<Decimal> {
        Decimal::parse(self.error_max.as_deref().unwrap_or("0"))
    }

    pub(crate) fn is_exact(&self) -> anyhow::Result<bool> {
        Ok(self.error.is_none() && self.error_max()?.is_zero())
    }
}

/// A server: what it takes, and what it does under load and after a kill.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ServerResult {
    pub(crate) connections: u64,
    pub(crate) load_p50_ms: f64,
    pub(crate) load_p99_ms: f64,
    /// Processor time while loading, and until it came to rest.
    pub(crate) cpu_seconds: f64,
    pub(crate) settle_seconds: f64,
    pub(crate) memory_bytes_max: u64,
    pub(crate) bytes_by_kind: BTreeMap<String, u64>,
    /// From the creation of a meter over all events, until it answers as quickly as the others; the slowest of some.
    #[serde(default)]
    pub(crate) backfill_seconds: Option<f64>,
    #[serde(default)]
    pub(crate) busy: Option<BusyResult>,
    #[serde(default)]
    pub(crate) restart: Option<RestartResult>,
    #[serde(default)]
    pub(crate) latencies: Vec<LatencyResult>,
    #[serde(default)]
    pub(crate) ingest: Vec<IngestResult>,
}

/// Requests as fast as they are answered, on a server of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IngestResult {
    pub(crate) title: String,
    pub(crate) events: u64,
    pub(crate) events_per_second: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) cpu_micros_per_event: f64,
    pub(crate) memory_bytes_max: u64,
    /// With what of the journal is still there.
    pub(crate) disk_bytes_per_event: u64,
    /// From the start of a server on that folder, after the first was killed, until it listens.
    pub(crate) restart_ms: f64,
}

/// Questions while batches are sent as fast as they are answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BusyResult {
    pub(crate) events_per_second: u64,
    pub(crate) answers: Vec<AnswerResult>,
    /// Answers of a count over the events that were just sent, each between what was acknowledged before and sent after.
    pub(crate) fresh_counts: u64,
}

/// A server killed while it took in batches, and started again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RestartResult {
    /// From the start of the program until it listens.
    pub(crate) listening_ms: f64,
    /// From the start of the program to the first answer, which was right.
    pub(crate) first_answer_ms: f64,
    /// All questions were asked again; by how much an answer differed, at most.
    pub(crate) error_max: String,
}

/// Requests at a set rate; latency counts from when each should have been sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LatencyResult {
    pub(crate) batch: u64,
    pub(crate) connections: u64,
    /// Events a second that were to be sent.
    pub(crate) rate: u64,
    /// Events a second that were answered.
    pub(crate) reached: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
}

impl EngineResult {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("read `{}`", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("read `{}`", path.display()))
    }

    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
        }
        let mut text = serde_json::to_vec_pretty(self).context("write JSON")?;
        text.push(b'\n');
        fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
    }
}
