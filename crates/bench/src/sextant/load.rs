//! The lines of a workload, sent in blocks over several connections as fast as they are answered.
//!
//! No block is sent while one that is [`BLOCKS_IN_FLIGHT`] or more before it waits for its answer: so the first occurrence of a key is
//! the first that the server takes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, ensure};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::Target;
use crate::http::Connection;
use crate::ingest::{self, Load, PATH};
use crate::latency::Latencies;
use crate::workload::files::{Folder, Stamp};
use crate::workload::{BLOCK_LINES, BLOCKS_IN_FLIGHT, Workload};

/// Where the lines come from.
#[derive(Debug)]
enum Lines {
    File(BufReader<File>),
    /// Made as they are sent.
    Made(Box<Workload>),
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    lines: Lines,
    /// Lines of the whole workload.
    all: u64,
    next_block: u64,
    waiting: BTreeSet<u64>,
    inserted: u64,
    duplicates: u64,
}

/// Sends all lines of a folder's workload. The counts of new events and duplicates must be right.
pub(crate) async fn load(
    target: &Target,
    folder: &Folder,
    stamp: &Stamp,
    connections: u64,
) -> anyhow::Result<Load> {
    let lines = if stamp.has_events {
        let path = folder.events();
        let file = File::open(&path).with_context(|| format!("open `{}`", path.display()))?;
        Lines::File(BufReader::with_capacity(1 << 20, file))
    } else {
        Lines::Made(Box::new(Workload::new(stamp.lines, stamp.seed)?))
    };
    let shared = Rc::new(RefCell::new(Shared {
        lines,
        all: stamp.lines,
        next_block: 0,
        waiting: BTreeSet::new(),
        inserted: 0,
        duplicates: 0,
    }));
    let answered = Rc::new(Notify::new());
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections.clamp(1, BLOCKS_IN_FLIGHT) {
        let connection = Connection::open(&target.url, &target.token).await?;
        tasks.spawn_local(send(connection, Rc::clone(&shared), Rc::clone(&answered)));
    }
    let mut latencies = Latencies::default();
    while let Some(sent) = tasks.join_next().await {
        latencies.merge(sent.context("wait for a connection")??);
    }
    let elapsed_micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let shared = shared.borrow();
    ensure!(
        (shared.inserted, shared.duplicates) == (stamp.events, stamp.lines - stamp.events),
        "{} events were new and {} duplicates, instead of {} and {}",
        shared.inserted,
        shared.duplicates,
        stamp.events,
        stamp.lines - stamp.events,
    );
    Ok(Load {
        events: stamp.lines,
        requests: latencies.count(),
        elapsed_micros,
        latency: latencies.percentiles(),
    })
}

async fn send(
    mut connection: Connection,
    shared: Rc<RefCell<Shared>>,
    answered: Rc<Notify>,
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut body = Vec::new();
    loop {
        let Some((block, lines)) = shared.borrow_mut().take(&mut body)? else {
            return Ok(latencies);
        };
        while shared.borrow().is_early(block) {
            answered.notified().await;
        }
        let head = connection.head("POST", PATH, body.len());
        let sent = Instant::now();
        let answer = connection.exchange_parts(&head, &body).await?;
        latencies.add(sent.elapsed());
        let counts = (
            ingest::count(answer.body, "inserted"),
            ingest::count(answer.body, "duplicates"),
        );
        match (answer.status, counts) {
            (200, (Some(inserted), Some(duplicates))) if inserted + duplicates == lines => {
                shared.borrow_mut().done(block, inserted, duplicates);
            }
            (status, _) => anyhow::bail!(
                "the server answers {status}: {}",
                String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)])
            ),
        }
        answered.notify_waiters();
    }
}

impl Shared {
    /// Makes `body` a request of the next block: its number, and how many lines it has.
    fn take(&mut self, body: &mut Vec<u8>) -> anyhow::Result<Option<(u64, u64)>> {
        let block = self.next_block;
        let start = block * BLOCK_LINES;
        if start >= self.all {
            return Ok(None);
        }
        let end = self.all.min(start + BLOCK_LINES);
        self.next_block += 1;
        self.waiting.insert(block);
        body.clear();
        body.extend_from_slice(b"{\"events\":[");
        match &mut self.lines {
            Lines::Made(workload) => workload.write(start..end, b',', body),
            Lines::File(file) => {
                for _ in start..end {
                    let count = file.read_until(b'\n', body).context("read the events")?;
                    ensure!(count > 0, "there are fewer events than there should be");
                    let last = body.len() - 1;
                    body[last] = b',';
                }
            }
        }
        body.pop();
        body.extend_from_slice(b"]}");
        Ok(Some((block, end - start)))
    }

    /// Whether a block has to wait for one long before it.
    fn is_early(&self, block: u64) -> bool {
        self.waiting
            .first()
            .is_some_and(|first| block - first >= BLOCKS_IN_FLIGHT)
    }

    fn done(&mut self, block: u64, inserted: u64, duplicates: u64) {
        self.waiting.remove(&block);
        self.inserted += inserted;
        self.duplicates += duplicates;
    }
}
