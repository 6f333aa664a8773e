//! The one workload of all comparisons: a year of usage in the ugly shape of reality, made from a seed.
//!
//! A *line* is an event as it is sent; lines are numbered from 0 in the order of sending. Invariants:
//! - line `n` of a seed and size is the same at every time and on every machine, and is made without the lines before it;
//! - a retry bears the key of an earlier line of its own block of [`BLOCK_LINES`], or of a line at least [`BLOCKS_IN_FLIGHT`] blocks
//!   before; so that whoever sends whole blocks, in order and at most so many at once, always has the first occurrence taken first;
//! - only a retry lacks a timestamp, so that no answer depends on the clock.

pub(crate) mod calendar;
pub(crate) mod event;
pub(crate) mod files;
pub(crate) mod meters;
pub(crate) mod questions;
mod retries;
mod spell;
pub(crate) mod vocabulary;
mod zipf;

use calendar::Calendar;
use event::Event;
pub(crate) use retries::Sent;
use zipf::Zipf;

/// How many customers there are.
pub(crate) const CUSTOMERS: u32 = 100_000;

/// Lines that are sent in one request.
pub(crate) const BLOCK_LINES: u64 = 1_000;

/// No more blocks than these may wait for an answer at once, from the oldest that does.
pub(crate) const BLOCKS_IN_FLIGHT: u64 = 16;

/// Counts up whenever the same seed gives other lines, meters or questions.
pub(crate) const VERSION: u32 = 3;

/// A workload; cheap to ask for any of its lines, from any thread.
#[derive(Debug)]
pub(crate) struct Workload {
    seed: u64,
    lines: u64,
    popularity: Zipf,
    calendar: Calendar,
}

impl Workload {
    /// The workload of `lines` lines from `seed`.
    pub(crate) fn new(lines: u64, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            seed,
            lines,
            popularity: Zipf::new(CUSTOMERS),
            calendar: Calendar::new()?,
        })
    }

    /// How many lines it has.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// What it was made from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The event that counts, when `line` is the first occurrence of its key.
    pub(crate) fn counted(&self, line: u64) -> Option<Event> {
        self.repeated(line).is_none().then(|| self.event(line))
    }

    /// Appends the lines `first..end` as JSON, each ended by `between`.
    pub(crate) fn write(&self, lines: std::ops::Range<u64>, between: u8, out: &mut Vec<u8>) {
        for line in lines {
            spell::write(out, &self.sent(line), self.seed);
            out.push(between);
        }
    }
}
