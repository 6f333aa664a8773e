//! The exact answers, from the lines of the workload themselves: whole numbers of billionths, one pass over all events, on all
//! processors, in memory that does not grow with them.
//!
//! It shares no code with the product, and reads the rules from the description of the API.

mod buckets;
pub(crate) mod decimal;
mod filter;
mod fold;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, anyhow};
use jiff::Timestamp;

use crate::workload::meters::Meter;
use crate::workload::questions::Question;
use crate::workload::{BLOCK_LINES, Workload};
use buckets::Buckets;
use filter::Test;
pub(crate) use fold::Answer;
use fold::Fold;

/// The answers to all questions, and the points they are for.
pub(crate) fn answers(
    workload: &Workload,
    meters: &[Meter],
    questions: &[Question],
) -> anyhow::Result<Vec<(Vec<Timestamp>, Answer)>> {
    let tests: Vec<Test> = meters.iter().map(|meter| Test::of(&meter.filter)).collect();
    let asked = questions
        .iter()
        .map(Asked::of)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next_block = AtomicU64::new(0);
    let fold = || fold_blocks(workload, meters, &tests, &asked, &next_block);
    let folds = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(fold)).collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .map_err(|_| anyhow!("a worker of the oracle panicked"))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    let merged = folds
        .into_iter()
        .reduce(|mut all, folds| {
            for (all, fold) in all.iter_mut().zip(folds) {
                all.merge(fold);
            }
            all
        })
        .context("there is at least one worker")?;
    let answers = asked.into_iter().zip(merged).zip(questions);
    Ok(answers
        .map(|((asked, fold), question)| (asked.buckets.points, fold.answer(question.function)))
        .collect())
}

/// A question, ready for many events.
#[derive(Debug)]
struct Asked {
    meter: usize,
    buckets: Buckets,
    whole: (i64, i64),
    customer: Option<u32>,
    metadata: Option<Test>,
    by_customer: bool,
}

impl Asked {
    fn of(question: &Question) -> anyhow::Result<Self> {
        let buckets = Buckets::of(question)?;
        Ok(Self {
            meter: question.meter,
            whole: buckets.whole(),
            buckets,
            customer: question.customer,
            metadata: question
                .metadata
                .map(|(property, text)| Test::of_text(property, text)),
            by_customer: question.function.is_some(),
        })
    }
}

/// Takes blocks of lines until there is none left.
fn fold_blocks(
    workload: &Workload,
    meters: &[Meter],
    tests: &[Test],
    asked: &[Asked],
    next_block: &AtomicU64,
) -> Vec<Fold> {
    let mut folds: Vec<Fold> = asked
        .iter()
        .map(|asked| {
            Fold::new(
                &meters[asked.meter],
                asked.buckets.periods.len(),
                asked.by_customer,
            )
        })
        .collect();
    // Of one event: what each meter says to it, once it was asked.
    let mut verdicts: Vec<Option<bool>> = vec![None; meters.len()];
    loop {
        let start = next_block.fetch_add(BLOCK_LINES, Ordering::Relaxed);
        if start >= workload.lines() {
            return folds;
        }
        for line in start..workload.lines().min(start + BLOCK_LINES) {
            let Some(event) = workload.counted(line) else {
                continue;
            };
            verdicts.fill(None);
            for (asked, fold) in asked.iter().zip(&mut folds) {
                let is_outside = event.at_micros < asked.whole.0
                    || event.at_micros >= asked.whole.1
                    || asked
                        .customer
                        .is_some_and(|customer| customer != event.customer);
                if is_outside {
                    continue;
                }
                let verdict =
                    verdicts[asked.meter].get_or_insert_with(|| tests[asked.meter].accepts(&event));
                if !*verdict
                    || asked
                        .metadata
                        .as_ref()
                        .is_some_and(|test| !test.accepts(&event))
                {
                    continue;
                }
                if let Some(period) = asked.buckets.find(event.at_micros) {
                    fold.add(period, &event);
                }
            }
        }
    }
}
