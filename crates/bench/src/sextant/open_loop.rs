//! Requests at a set rate, whether or not earlier ones were answered.
//!
//! Each request has a time at which it should be sent; its latency counts from that time, also when no connection was free then. So a
//! server that stalls is charged with all that would have come meanwhile.

use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::Target;
use crate::events::{Request, Shape, Source};
use crate::http::Connection;
use crate::ingest::{PATH, count};
use crate::latency::Latencies;
use crate::numbers::{Numbers, millis_float, per_second};
use crate::results::LatencyResult;

/// A rate to measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    batch: usize,
    connections: u64,
    /// Events a second.
    rate: u64,
}

impl Cell {
    const fn new(batch: usize, connections: u64, rate: u64) -> Self {
        Self {
            batch,
            connections,
            rate,
        }
    }
}

/// From leisure to more than there can be.
pub(super) const CELLS: [Cell; 16] = [
    Cell::new(1, 1, 1_000),
    Cell::new(1, 4, 5_000),
    Cell::new(1, 16, 10_000),
    Cell::new(1, 64, 20_000),
    Cell::new(1, 64, 40_000),
    Cell::new(10, 4, 10_000),
    Cell::new(10, 16, 50_000),
    Cell::new(10, 64, 100_000),
    Cell::new(100, 1, 20_000),
    Cell::new(100, 4, 100_000),
    Cell::new(100, 16, 200_000),
    Cell::new(1_000, 1, 50_000),
    Cell::new(1_000, 4, 100_000),
    Cell::new(1_000, 4, 200_000),
    Cell::new(1_000, 16, 400_000),
    Cell::new(1_000, 64, 600_000),
];

/// Templates that a connection sends in turn.
const TEMPLATE_EVENTS: usize = 16_000;

/// Sends for `duration`, and no longer than twice that until all that was due is answered or given up.
pub(super) async fn measure(
    target: &Target,
    cell: Cell,
    duration: Duration,
) -> anyhow::Result<LatencyResult> {
    let (due, receiver) = unbounded_channel();
    let receiver = Rc::new(Mutex::new(receiver));
    let mut seeds = Numbers::fresh();
    let mut prepared = Vec::new();
    for _ in 0..cell.connections {
        let connection = Connection::open(&target.url, &target.token).await?;
        let mut source = Source::new(Shape::Twelve, 1, seeds.next());
        let templates =
            (TEMPLATE_EVENTS / cell.batch / usize::try_from(cell.connections)?).clamp(2, 64);
        let requests: Vec<Request> = (0..templates)
            .map(|_| source.request(cell.batch, |length| connection.head("POST", PATH, length)))
            .collect();
        prepared.push((connection, requests, Numbers::new(seeds.next())));
    }
    let requests = cell.rate * duration.as_secs() / cell.batch as u64;
    let start = Instant::now() + Duration::from_millis(20);
    let give_up = start + 2 * duration;
    // Timers of the runtime are too coarse: a thread wakes the connections.
    let clock = thread::spawn(move || {
        for index in 0..requests {
            let at = start + share(duration, index, requests);
            wait_until(at);
            if due.send(at).is_err() {
                return;
            }
        }
    });
    let mut tasks = JoinSet::new();
    for (connection, requests, numbers) in prepared {
        tasks.spawn_local(send(
            connection,
            requests,
            numbers,
            Rc::clone(&receiver),
            give_up,
        ));
    }
    let (mut latencies, mut answered) = (Latencies::default(), 0);
    while let Some(sent) = tasks.join_next().await {
        let (more, events) = sent.context("wait for a connection")??;
        latencies.merge(more);
        answered += events;
    }
    let elapsed = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    clock
        .join()
        .map_err(|_| anyhow!("the thread that keeps time panicked"))?;
    let points = latencies.percentiles();
    Ok(LatencyResult {
        batch: cell.batch as u64,
        connections: cell.connections,
        rate: cell.rate,
        reached: per_second(answered, elapsed),
        p50_ms: millis_float(points.p50),
        p99_ms: millis_float(points.p99),
        p999_ms: millis_float(points.p999),
    })
}

/// Sends what is due until nothing more will be. What is due too late is given up, and counts as long as it waited.
async fn send(
    mut connection: Connection,
    mut requests: Vec<Request>,
    mut numbers: Numbers,
    due: Rc<Mutex<UnboundedReceiver<Instant>>>,
    give_up: Instant,
) -> anyhow::Result<(Latencies, u64)> {
    let (mut latencies, mut events) = (Latencies::default(), 0);
    let mut turn = 0;
    loop {
        let next = due.lock().await.recv().await;
        let Some(at) = next else {
            return Ok((latencies, events));
        };
        if Instant::now() >= give_up {
            latencies.add(at.elapsed());
            continue;
        }
        turn = (turn + 1) % requests.len();
        let request = &mut requests[turn];
        let sent = request.events();
        let answer = connection
            .exchange(request.with_new_ids(&mut numbers))
            .await?;
        // Too much may be refused for a while; then it was not answered.
        if answer.status == 503 {
            latencies.add(at.elapsed());
            continue;
        }
        ensure!(
            answer.status == 200 && count(answer.body, "inserted") == Some(sent),
            "the server answers {}",
            answer.status
        );
        latencies.add(at.elapsed());
        events += sent;
    }
}

/// `duration × part / whole`.
fn share(duration: Duration, part: u64, whole: u64) -> Duration {
    let nanos = duration.as_nanos() * u128::from(part) / u128::from(whole.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load generator keeps to a schedule"
)]
fn wait_until(at: Instant) {
    let left = at.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        thread::sleep(left);
    }
}
