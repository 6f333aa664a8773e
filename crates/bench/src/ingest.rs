//! Ingest as fast as it is answered: batches over few connections, single events over many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use tokio::task::JoinSet;

use crate::Target;
use crate::events::{Request, Shape, Source};
use crate::http::{Connection, find};
use crate::latency::{Latencies, Percentiles};
use crate::numbers::{Numbers, per_second};

pub(crate) const PATH: &str = "/v1/events/ingest";

/// Bytes of templates that a connection sends in turn, so that not all batches are alike.
const TEMPLATE_BYTES: usize = 16 * 1024 * 1024;

/// Batches.
#[derive(Debug, Clone, Args)]
pub(crate) struct Batches {
    /// Events in a request
    #[arg(long, default_value_t = 1_000)]
    pub(crate) batch: usize,

    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: u64,

    /// How long to send
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,

    /// Metadata keys of an event
    #[arg(long, default_value = "12")]
    pub(crate) keys: Shape,

    /// Over how many days up to now the events spread
    #[arg(long, default_value_t = 1)]
    pub(crate) days: u64,
}

/// Single events.
#[derive(Debug, Clone, Args)]
pub(crate) struct Singles {
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u64,

    /// How long to send
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,

    /// Metadata keys of an event
    #[arg(long, default_value = "12")]
    pub(crate) keys: Shape,
}

impl Batches {
    /// For a table.
    pub(crate) fn title(&self) -> String {
        let Self {
            batch,
            connections,
            keys,
            ..
        } = self;
        format!("ingest, {connections} × {batch} events, {}", keys.label())
    }
}

impl Singles {
    /// For a table.
    pub(crate) fn title(&self) -> String {
        format!(
            "ingest, {} × 1 event, {}",
            self.connections,
            self.keys.label()
        )
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) events: u64,
    pub(crate) requests: u64,
    pub(crate) elapsed_micros: u64,
    /// Of requests.
    pub(crate) latency: Percentiles,
}

impl Load {
    pub(crate) fn events_per_second(&self) -> u64 {
        per_second(self.events, self.elapsed_micros)
    }

    pub(crate) fn requests_per_second(&self) -> u64 {
        per_second(self.requests, self.elapsed_micros)
    }
}

/// How far a run has come; for whoever asks questions meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Events that are or were on their way.
    pub(crate) sent: AtomicU64,
    /// Events that were answered for.
    pub(crate) acknowledged: AtomicU64,
    /// Set to end the run early.
    pub(crate) stop: AtomicBool,
    /// Set to end the run when so many events are on their way; 0 means no such end.
    pub(crate) events_max: AtomicU64,
}

impl Progress {
    fn is_over(&self) -> bool {
        let most = self.events_max.load(Ordering::SeqCst);
        self.stop.load(Ordering::SeqCst) || (most > 0 && self.sent.load(Ordering::SeqCst) >= most)
    }
}

/// Sends batches for the time that is asked for.
pub(crate) async fn batches(target: &Target, options: &Batches) -> anyhow::Result<Load> {
    batches_watched(target, options, &Arc::default()).await
}

/// [`batches()`], and tells `progress` of each.
pub(crate) async fn batches_watched(
    target: &Target,
    options: &Batches,
    progress: &Arc<Progress>,
) -> anyhow::Result<Load> {
    let plan = Plan {
        shape: options.keys,
        days: options.days,
        events: options.batch,
        templates: (TEMPLATE_BYTES / (options.batch.max(1) * 340)).clamp(4, 240),
    };
    run(
        target,
        plan,
        options.connections,
        Duration::from_secs(options.seconds),
        progress,
    )
    .await
}

/// Sends single events for the time that is asked for.
pub(crate) async fn singles(target: &Target, options: &Singles) -> anyhow::Result<Load> {
    let plan = Plan {
        shape: options.keys,
        days: 1,
        events: 1,
        templates: 64,
    };
    run(
        target,
        plan,
        options.connections,
        Duration::from_secs(options.seconds),
        &Arc::default(),
    )
    .await
}

/// What each connection sends.
#[derive(Debug, Clone, Copy)]
struct Plan {
    shape: Shape,
    days: u64,
    /// In a request.
    events: usize,
    /// Different requests.
    templates: usize,
}

async fn run(
    target: &Target,
    plan: Plan,
    connections: u64,
    time: Duration,
    progress: &Arc<Progress>,
) -> anyhow::Result<Load> {
    let mut prepared = Vec::new();
    let mut seeds = Numbers::fresh();
    for _ in 0..connections {
        let connection = Connection::open(&target.url, &target.token).await?;
        let mut source = Source::new(plan.shape, plan.days, seeds.next());
        let requests: Vec<Request> = (0..plan.templates)
            .map(|_| source.request(plan.events, |length| connection.head("POST", PATH, length)))
            .collect();
        prepared.push((connection, requests, Numbers::new(seeds.next())));
    }
    let started = Instant::now();
    let end = started + time;
    let mut tasks = JoinSet::new();
    for (connection, requests, numbers) in prepared {
        tasks.spawn_local(send(
            connection,
            requests,
            numbers,
            end,
            Arc::clone(progress),
        ));
    }
    let (mut events, mut latencies) = (0, Latencies::default());
    while let Some(sent) = tasks.join_next().await {
        let (sent_events, sent_latencies) = sent.context("wait for a connection")??;
        events += sent_events;
        latencies.merge(sent_latencies);
    }
    let elapsed_micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(Load {
        events,
        requests: latencies.count(),
        elapsed_micros,
        latency: latencies.percentiles(),
    })
}

/// Sends the requests in turn, each time with new keys. Every event must be taken as new.
async fn send(
    mut connection: Connection,
    mut requests: Vec<Request>,
    mut numbers: Numbers,
    end: Instant,
    progress: Arc<Progress>,
) -> anyhow::Result<(u64, Latencies)> {
    let (mut events, mut latencies) = (0, Latencies::default());
    let mut turn = 0;
    loop {
        let begun = Instant::now();
        if begun >= end || progress.is_over() {
            break;
        }
        turn = (turn + 1) % requests.len();
        let request = &mut requests[turn];
        let count = request.events();
        let bytes = request.with_new_ids(&mut numbers);
        progress.sent.fetch_add(count, Ordering::SeqCst);
        let sent = Instant::now();
        let answer = connection.exchange(bytes).await?;
        latencies.add(sent.elapsed());
        ensure!(
            answer.status == 200 && inserted(answer.body) == Some(count),
            "the server answers {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)])
        );
        progress.acknowledged.fetch_add(count, Ordering::SeqCst);
        events += count;
    }
    Ok((events, latencies))
}

/// How many events the server took as new.
fn inserted(body: &[u8]) -> Option<u64> {
    count(body, "inserted")
}

/// A count in an answer, by its key.
pub(crate) fn count(body: &[u8], key: &str) -> Option<u64> {
    let key = format!("\"{key}\":");
    let digits = &body[find(body, key.as_bytes())? + key.len()..];
    let digits: String = digits
        .iter()
        .map(|byte| char::from(*byte))
        .skip_while(char::is_ascii_whitespace)
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_new_events_is_read_from_the_answer() {
        assert_eq!(inserted(br#"{"inserted":998,"duplicates":2}"#), Some(998));
        assert_eq!(inserted(br#"{"duplicates": 2, "inserted": 1}"#), Some(1));
        assert_eq!(inserted(br#"{"detail":[]}"#), None);
    }
}
