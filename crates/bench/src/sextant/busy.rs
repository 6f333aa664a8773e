//! Questions while batches are sent as fast as they are answered, and meters that are made over events that are there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use api::MeterQuantities;

use super::ask::{self, Repeats};
use super::{Loaded, Pressure, pause};
use crate::events::Shape;
use crate::http::{Connection, escaped};
pub(super) use crate::ingest::Progress;
use crate::ingest::{self, Batches, Load};
use crate::numbers::{millis, millis_float, now_micros};
use crate::results::{AnswerResult, BusyResult};
use crate::time::timestamp;
use crate::workload::files::{MeterFile, QuestionFile};
use crate::{Target, block_on};

/// Of each kind so many questions are asked under load.
const QUESTIONS_OF_A_KIND: usize = 3;

/// A new meter is not waited for longer than this.
const BACKFILL_MAX: Duration = Duration::from_mins(5);

/// Meters that are made over all events: one that few match, one that most do, one with many values.
const NEW_METERS: [&str; 3] = ["errors", "cost", "llm-users"];

/// A day in microseconds.
const DAY_MICROS: u64 = 86_400_000_000;

/// Batches that are being sent by a thread.
pub(super) struct Sending {
    thread: JoinHandle<anyhow::Result<Load>>,
    progress: Arc<Progress>,
}

impl Sending {
    /// Sends events of the present day, which no question of the workload is about.
    pub(super) fn start(target: &Target, pressure: Pressure, progress: &Arc<Progress>) -> Self {
        let (target, watched) = (target.clone(), Arc::clone(progress));
        progress.stop.store(false, Ordering::Relaxed);
        let thread = thread::spawn(move || {
            let options = Batches {
                batch: pressure.pressure_batch,
                connections: pressure.pressure_connections,
                // More than enough; it is stopped.
                seconds: 3_600,
                keys: Shape::Twelve,
                days: 1,
            };
            block_on(ingest::batches_watched(&target, &options, &watched))
        });
        Self {
            thread,
            progress: Arc::clone(progress),
        }
    }

    /// Ends it, and says what it came to.
    pub(super) fn stop(self) -> anyhow::Result<Load> {
        self.progress.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the thread that sends panicked"))?
    }

    /// Waits until so many events more are acknowledged.
    pub(super) fn wait_for(&self, events: u64) -> anyhow::Result<()> {
        let enough = self.progress.acknowledged.load(Ordering::Relaxed) + events;
        while self.progress.acknowledged.load(Ordering::Relaxed) < enough {
            ensure!(!self.thread.is_finished(), "sending ended too early");
            pause(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Makes new meters and asks about them at once, until they answer as quickly as the old ones: how many seconds that takes.
#[expect(clippy::float_arithmetic, reason = "times to compare, no quantities")]
pub(super) async fn backfill(target: &Target, loaded: &Loaded) -> anyhow::Result<f64> {
    let mut connection = Connection::open(&target.url, &target.token).await?;
    let quick = Repeats {
        runs_min: 5,
        runs_max: 5,
        time_max: Duration::ZERO,
    };
    let mut seconds: f64 = 0.0;
    for slug in NEW_METERS {
        let (meter, question) = plain(loaded, slug)?;
        let usual = ask::ask(&mut connection, question, loaded.id(question)?, quick).await?;
        let begun = Instant::now();
        let id = ask::make_meter(&mut connection, meter).await?;
        let mut asked = 0_u64;
        loop {
            let answer = ask::ask(&mut connection, question, &id, quick).await?;
            asked += answer.runs;
            ensure!(
                answer.is_exact()?,
                "a new meter answers wrongly: {}",
                answer.id
            );
            if answer.p50_ms <= (3.0 * usual.p50_ms).max(2.0) {
                break;
            }
            ensure!(
                begun.elapsed() < BACKFILL_MAX,
                "a new meter stays slow: {}",
                answer.id
            );
        }
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        println!(
            "a new meter like {slug}: as quick as the old one after {} ms, {asked} answers meanwhile",
            millis(took)
        );
        seconds = seconds.max(millis_float(took / 1_000));
    }
    Ok(seconds)
}

/// Asks under load. Meanwhile a meter is made, and the events that are being sent are counted.
pub(super) fn measure(
    target: &Target,
    loaded: &Loaded,
    seconds: u64,
    pressure: Pressure,
    progress: &Arc<Progress>,
) -> anyhow::Result<BusyResult> {
    let sending = Sending::start(target, pressure, progress);
    sending.wait_for(10 * pressure.pressure_batch as u64)?;
    let asked = block_on(ask_meanwhile(target, loaded, seconds, progress));
    let load = sending.stop()?;
    let (answers, fresh_counts) = asked?;
    println!(
        "under load of {} events/s: {} answers, {fresh_counts} counts of what was just sent",
        load.events_per_second(),
        answers.iter().map(|answer| answer.runs).sum::<u64>()
    );
    Ok(BusyResult {
        events_per_second: load.events_per_second(),
        answers,
        fresh_counts,
    })
}

async fn ask_meanwhile(
    target: &Target,
    loaded: &Loaded,
    seconds: u64,
    progress: &Progress,
) -> anyhow::Result<(Vec<AnswerResult>, u64)> {
    let mut connection = Connection::open(&target.url, &target.token).await?;
    let questions = some_of_each_kind(&loaded.questions);
    let share = Duration::from_secs(seconds) / u32::try_from(questions.len().max(1)).unwrap_or(1);
    let repeats = Repeats {
        runs_min: 2,
        runs_max: 10_000,
        time_max: share,
    };
    let (mut answers, mut fresh_counts) = (Vec::new(), 0);
    for (index, question) in questions.into_iter().enumerate() {
        let mut id = loaded.id(question)?.to_owned();
        if index == 1 {
            // A meter whose events are counted up in the background.
            let (meter, _) = plain(loaded, &question.meter)?;
            id = ask::make_meter(&mut connection, meter).await?;
        }
        let answer = ask::ask(&mut connection, question, &id, repeats).await?;
        println!(
            "under load, {}: p50 {} ms, p99 {} ms, {} runs{}",
            answer.id,
            answer.p50_ms,
            answer.p99_ms,
            answer.runs,
            if answer.is_exact()? { "" } else { "; WRONG" }
        );
        answers.push(answer);
        count_fresh(&mut connection, loaded, progress).await?;
        fresh_counts += 1;
    }
    Ok((answers, fresh_counts))
}

/// Counts the events that were just sent: all that were acknowledged before, and none that was not sent.
pub(super) async fn count_fresh(
    connection: &mut Connection,
    loaded: &Loaded,
    progress: &Progress,
) -> anyhow::Result<()> {
    let id = loaded.ids.get("events").context("no meter `events`")?;
    let now = now_micros();
    let target = format!(
        "/v1/meters/{id}/quantities?start_timestamp={}&end_timestamp={}&interval=day",
        escaped(&timestamp(now - 3 * DAY_MICROS)),
        escaped(&timestamp(now + DAY_MICROS)),
    );
    let least = progress.acknowledged.load(Ordering::SeqCst);
    let answer: MeterQuantities = connection.get(&target).await?;
    let most = progress.sent.load(Ordering::SeqCst);
    let total = answer.total.as_str().trim_end_matches(".0");
    let total: u64 = total
        .parse()
        .with_context(|| format!("read the count `{total}`"))?;
    ensure!(
        (least..=most).contains(&total),
        "{total} events are counted, of {least} that were acknowledged and {most} that were sent"
    );
    Ok(())
}

/// A meter, and the plain question about it.
fn plain<'a>(loaded: &'a Loaded, slug: &str) -> anyhow::Result<(&'a MeterFile, &'a QuestionFile)> {
    let meter = loaded.meters.iter().find(|meter| meter.slug == slug);
    let question = loaded
        .questions
        .iter()
        .find(|question| question.meter == slug && question.kind == "plain");
    meter
        .zip(question)
        .with_context(|| format!("no meter and question `{slug}`"))
}

fn some_of_each_kind(questions: &[QuestionFile]) -> Vec<&QuestionFile> {
    let mut chosen: Vec<&QuestionFile> = Vec::new();
    for question in questions {
        let alike = chosen
            .iter()
            .filter(|other| other.kind == question.kind)
            .count();
        if alike < QUESTIONS_OF_A_KIND {
            chosen.push(question);
        }
    }
    chosen
}
