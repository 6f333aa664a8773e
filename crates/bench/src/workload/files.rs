//! A workload as files, for Sextant and for every other engine alike.
//!
//! | file | holds |
//! |---|---|
//! | `workload.json` | version, seed, lines, how many of them count; written last |
//! | `meters.json` | the meters, filter and aggregation as the API takes them |
//! | `questions.json` | the questions and their exact answers |
//! | `events.jsonl` | the lines as they are sent, one a line; left out on demand |

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use api::{Aggregation, Filter};
use serde::{Deserialize, Serialize};

use super::event::customer_id;
use super::meters::Meter;
use super::questions::Question;
use super::{BLOCK_LINES, CUSTOMERS, VERSION, Workload, questions};
use crate::oracle::{self, Answer};

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) version: u32,
    pub(crate) seed: u64,
    /// Lines that are sent.
    pub(crate) lines: u64,
    /// Lines that are no retries.
    pub(crate) events: u64,
    pub(crate) customers: u32,
    /// Whether `events.jsonl` is there.
    pub(crate) has_events: bool,
}

/// A meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MeterFile {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) aggregation: Aggregation,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuestionFile {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Its slug.
    pub(crate) meter: String,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) interval: String,
    pub(crate) timezone: String,
    /// An external id.
    pub(crate) customer: Option<String>,
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
    pub(crate) customer_aggregation_function: Option<String>,
    pub(crate) quantities: Vec<QuantityFile>,
    pub(crate) total: String,
}

/// The answer for one point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuantityFile {
    pub(crate) timestamp: String,
    pub(crate) quantity: String,
}

/// The folder of a workload.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder that has a workload already, or is given one by [`Self::make`].
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the files, unless they are there. Whether they were made.
    pub(crate) fn make(&self, workload: &Workload, with_events: bool) -> anyhow::Result<bool> {
        if self
            .stamp()
            .is_ok_and(|stamp| stamp.fits(workload, with_events))
        {
            return Ok(false);
        }
        fs::create_dir_all(&self.path)
            .with_context(|| format!("make `{}`", self.path.display()))?;
        let (meters, questions) = questions::questions()?;
        let answers = oracle::answers(workload, &meters, &questions)?;
        let meter_files: Vec<MeterFile> = meters.iter().map(meter_to_file).collect();
        let question_files: Vec<QuestionFile> = questions
            .iter()
            .zip(&answers)
            .enumerate()
            .map(|(index, (question, (points, answer)))| {
                question_to_file(index, question, &meters, points, answer)
            })
            .collect();
        self.write("meters.json", &meter_files)?;
        self.write("questions.json", &question_files)?;
        if with_events {
            self.write_events(workload)?;
        }
        let events = (0..workload.lines())
            .filter(|line| workload.repeated(*line).is_none())
            .count();
        self.write(
            "workload.json",
            &Stamp {
                version: VERSION,
                seed: workload.seed(),
                lines: workload.lines(),
                events: events as u64,
                customers: CUSTOMERS,
                has_events: with_events,
            },
        )?;
        Ok(true)
    }

    /// What the folder holds.
    pub(crate) fn stamp(&self) -> anyhow::Result<Stamp> {
        self.read("workload.json")
    }

    pub(crate) fn meters(&self) -> anyhow::Result<Vec<MeterFile>> {
        self.read("meters.json")
    }

    pub(crate) fn questions(&self) -> anyhow::Result<Vec<QuestionFile>> {
        self.read("questions.json")
    }

    /// Where the lines are.
    pub(crate) fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    fn write_events(&self, workload: &Workload) -> anyhow::Result<()> {
        let path = self.events();
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&path)?;
            let mut text = Vec::new();
            for start in (0..workload.lines()).step_by(usize::try_from(BLOCK_LINES).unwrap_or(1)) {
                text.clear();
                workload.write(
                    start..workload.lines().min(start + BLOCK_LINES),
                    b'\n',
                    &mut text,
                );
                file.write_all(&text)?;
            }
            Ok(())
        };
        write().with_context(|| format!("write `{}`", path.display()))
    }

    fn write(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let path = self.path.join(name);
        let write = || -> anyhow::Result<()> {
            let mut file = BufWriter::new(File::create(&path)?);
            serde_json::to_writer_pretty(&mut file, value)?;
            file.write_all(b"\n")?;
            Ok(file.flush()?)
        };
        write().with_context(|| format!("write `{}`", path.display()))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let path = self.path.join(name);
        let text = fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("read `{}`", path.display()))
    }
}

impl Stamp {
    fn fits(&self, workload: &Workload, with_events: bool) -> bool {
        self.version == VERSION
            && self.seed == workload.seed()
            && self.lines == workload.lines()
            && (self.has_events || !with_events)
    }
}

fn meter_to_file(meter: &Meter) -> MeterFile {
    MeterFile {
        slug: meter.slug.to_owned(),
        name: meter.slug.replace('-', " "),
        filter: meter.filter_to_api(),
        aggregation: meter.aggregation_to_api(),
    }
}

fn question_to_file(
    index: usize,
    question: &Question,
    meters: &[Meter],
    points: &[jiff::Timestamp],
    answer: &Answer,
) -> QuestionFile {
    let slug = meters[question.meter].slug;
    let quantities = points
        .iter()
        .zip(&answer.quantities)
        .map(|(point, quantity)| QuantityFile {
            timestamp: point.to_string(),
            quantity: quantity.to_string(),
        });
    QuestionFile {
        id: format!("{index:03}-{}-{slug}", question.kind.key()),
        kind: question.kind.key().to_owned(),
        meter: slug.to_owned(),
        start: question.start.to_string(),
        end: question.end.to_string(),
        interval: question.interval.key().to_owned(),
        timezone: question.zone.to_owned(),
        customer: question.customer.map(customer_id),
        metadata: question.metadata.map(|(property, text)| {
            [(property.key().to_owned(), text.into())]
                .into_iter()
                .collect()
        }),
        customer_aggregation_function: question.function.map(|function| function.key().to_owned()),
        quantities: quantities.collect(),
        total: answer.total.to_string(),
    }
}
