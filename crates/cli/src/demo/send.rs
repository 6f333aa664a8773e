//! Sends the sample in batches over two connections, some batches twice.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use api::EventsIngestResponse;
use indicatif::ProgressBar;

use super::calendar::Day;
use super::sample::{Call, Sample};
use crate::client::Client;

/// Events in a request.
const BATCH_EVENTS: usize = 1_000;

/// Each so many batches one is sent again, as a client does that got no answer in time.
const REPEAT_EVERY: usize = 20;

/// So many batches later.
const REPEAT_AFTER: usize = 3;

/// Requests at the same time.
const CONNECTIONS: usize = 2;

/// What was sent, and what the server made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Events, repeats included.
    pub(super) events: u64,
    /// Events that were sent a second time.
    pub(super) repeats: u64,
    /// What the server took as new.
    pub(super) inserted: u64,
    /// What the server dropped as known.
    pub(super) duplicates: u64,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
}

impl Sent {
    /// Whether each event counted once.
    pub(super) fn is_right(&self) -> bool {
        self.inserted == self.events - self.repeats && self.duplicates == self.repeats
    }

    /// Events a second.
    pub(super) fn rate(&self) -> u64 {
        let micros = self.elapsed.as_micros().max(1);
        u64::try_from(u128::from(self.events) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }
}

/// The body of a request.
#[derive(Debug, Clone)]
struct Batch {
    body: Arc<str>,
    events: u64,
    day: Day,
}

/// Sends all of the sample. Returns when the last answer is there.
pub(super) fn send(
    client: &Client,
    sample: &mut Sample,
    progress: &ProgressBar,
) -> anyhow::Result<Sent> {
    let started = Instant::now();
    let (queue, batches) = sync_channel(2 * CONNECTIONS);
    let batches = Arc::new(Mutex::new(batches));
    let mut sent = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let batches = Arc::clone(&batches);
                scope.spawn(move || send_batches(client, &batches, progress))
            })
            .collect();
        // Only the senders hold it now: when all of them have failed, nobody waits for room.
        drop(batches);
        let (events, repeats) = enqueue(sample, &queue);
        // No more batches: the senders end when they have sent those that there are.
        drop(queue);
        let mut sent = Sent {
            events,
            repeats,
            ..Sent::default()
        };
        for sender in senders {
            let answered = sender
                .join()
                .map_err(|_| anyhow!("a sending thread panicked"))??;
            sent.inserted += answered.inserted;
            sent.duplicates += answered.duplicates;
        }
        anyhow::Ok(sent)
    })?;
    sent.elapsed = started.elapsed();
    Ok(sent)
}

/// Makes the batches and hands them to the senders. Returns how many events they hold and how many of them are repeats.
fn enqueue(sample: &mut Sample, queue: &SyncSender<Batch>) -> (u64, u64) {
    let (mut events, mut repeats) = (0, 0);
    let mut again: Option<(usize, Batch)> = None;
    let mut index = 0;
    let mut put = |batch: Batch| {
        index += 1;
        events += batch.events;
        if index % REPEAT_EVERY == 0 {
            again = Some((index + REPEAT_AFTER, batch.clone()));
        }
        // The senders are gone only when they have failed, and they say why.
        drop(queue.send(batch));
        if let Some((_, batch)) = again.take_if(|(due, _)| *due <= index) {
            events += batch.events;
            repeats += batch.events;
            drop(queue.send(batch));
        }
    };
    let mut pending: Vec<Call> = Vec::with_capacity(BATCH_EVENTS);
    while let Some(calls) = sample.next_day() {
        for call in calls {
            pending.push(call);
            if pending.len() == BATCH_EVENTS {
                put(batch(&pending));
                pending.clear();
            }
        }
    }
    if !pending.is_empty() {
        put(batch(&pending));
    }
    (events, repeats)
}

fn batch(calls: &[Call]) -> Batch {
    let mut body = String::with_capacity(calls.len() * 450);
    body.push_str("{\"events\":[");
    for (index, call) in calls.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        call.write_json(&mut body);
    }
    body.push_str("]}");
    let day = Day::of(calls.last().map_or(0, |call| call.at_micros));
    Batch {
        body: body.into(),
        events: calls.len() as u64,
        day,
    }
}

fn send_batches(
    client: &Client,
    batches: &Mutex<Receiver<Batch>>,
    progress: &ProgressBar,
) -> anyhow::Result<EventsIngestResponse> {
    let mut total = EventsIngestResponse {
        inserted: 0,
        duplicates: 0,
    };
    loop {
        let next = batches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(batch) = next else { return Ok(total) };
        let answer: EventsIngestResponse = client
            .post_json("/v1/events/ingest", batch.body.as_bytes())
            .context("send events")?;
        total.inserted += answer.inserted;
        total.duplicates += answer.duplicates;
        progress.set_message(batch.day.short());
        progress.inc(batch.events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T12:00:00Z.
    const NOON: i64 = 1_772_366_400_000_000;

    #[test]
    fn some_batches_are_sent_twice_and_all_calls_once_at_least() {
        let mut sample = Sample::new(NOON);
        let (queue, batches) = sync_channel(1_000);
        let (events, repeats) = enqueue(&mut sample, &queue);
        drop(queue);
        let batches: Vec<Batch> = batches.iter().collect();
        assert_eq!(
            batches.iter().map(|batch| batch.events).sum::<u64>(),
            events
        );
        assert!(repeats >= 4_000, "{repeats} repeats");
        assert_eq!(events - repeats, sample.total().calls);
        let mut bodies: Vec<&str> = batches.iter().map(|batch| &*batch.body).collect();
        bodies.sort_unstable();
        bodies.dedup();
        assert_eq!((batches.len() - bodies.len()) as u64 * 1_000, repeats);
    }

    #[test]
    fn the_body_is_the_one_of_an_ingest() {
        let mut sample = Sample::new(NOON);
        let calls = sample.next_day().expect("a first day");
        let batch = batch(&calls[..2]);
        let body: api::EventsIngest = serde_json::from_str(&batch.body).expect("an ingest");
        assert_eq!(body.events.len(), 2);
        assert_eq!(body.events[1].external_id.as_deref(), Some("call-0000002"));
    }
}
