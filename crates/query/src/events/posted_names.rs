//! The names of the events of identities, counted from what is posted of each row: rows are read only for names that have no number, and
//! of each name for the exact times of the first and the last.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Source, TimeRange, Timestamp};
use roaring::RoaringBitmap;
use store::{PostedPart, PostedRun, RowRef, Snapshot, StoreError};

/// What is counted.
pub(super) struct Counting<'a, C, A> {
    pub(super) snapshot: &'a Snapshot,
    /// Only rows before this ordinal.
    pub(super) rows: u32,
    /// Whether the row of an ordinal counts; `None`: each does.
    pub(super) counts: Option<C>,
    /// Takes in a row that counts, one by one.
    pub(super) add: A,
}

/// The events of a name, and when the first and the last of them happened.
pub(super) struct Counted {
    pub(super) source: Source,
    pub(super) name: Arc<str>,
    pub(super) occurrences: u64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
}

/// What postings say of a name.
#[derive(Default)]
struct Posted {
    occurrences: u64,
    least: Extreme,
    greatest: Extreme,
    /// Whose rows are not in the extremes yet, and the number of their part.
    runs: Vec<(usize, PostedRun)>,
}

/// The rows of the tick that is the least or, all signs changed, the greatest.
struct Extreme {
    tick: i64,
    rows: Vec<u32>,
}

impl Default for Extreme {
    fn default() -> Self {
        Self {
            tick: i64::MAX,
            rows: Vec::new(),
        }
    }
}

impl Extreme {
    fn reach(&mut self, tick: i64) {
        if tick < self.tick {
            self.tick = tick;
            self.rows.clear();
        }
    }

    fn take(&mut self, tick: i64, ordinal: u32) {
        self.reach(tick);
        if tick == self.tick {
            self.rows.push(ordinal);
        }
    }

    fn times(&self, snapshot: &Snapshot) -> Result<Vec<Timestamp>, StoreError> {
        snapshot.timestamps_of(&self.rows)
    }
}

impl<C: Fn(u32) -> bool, A: FnMut(&RowRef<'_>)> Counting<'_, C, A> {
    /// Counts the rows of identities: those of names that have numbers are returned, the others given to `add`.
    ///
    /// # Errors
    /// Rows could not be read.
    pub(super) fn of(mut self, identities: &RoaringBitmap) -> Result<Vec<Counted>, StoreError> {
        let mut names: BTreeMap<(Source, Arc<str>), Posted> = BTreeMap::new();
        let mut parts: Vec<PostedPart> = Vec::new();
        for number in identities {
            let postings = self.snapshot.postings(number);
            for row in postings.in_memory() {
                self.add_row(&row.get());
            }
            for part in postings.parts(TimeRange::ALL) {
                let part = part?;
                self.take(&part, parts.len(), &mut names)?;
                parts.push(part);
            }
        }
        let counted = names
            .into_iter()
            .map(|((source, name), posted)| {
                let (occurrences, [first, last]) = (posted.occurrences, posted.ends(&parts)?);
                let first = first.times(self.snapshot)?.into_iter().min();
                let last = last.times(self.snapshot)?.into_iter().max();
                Ok(first.zip(last).map(|(first_seen, last_seen)| Counted {
                    source,
                    name,
                    occurrences,
                    first_seen,
                    last_seen,
                }))
            })
            .filter_map(Result::transpose);
        counted.collect()
    }

    fn add_row(&mut self, row: &RowRef<'_>) {
        if self.is_counted(row.ordinal) {
            (self.add)(row);
        }
    }

    fn is_counted(&self, ordinal: u32) -> bool {
        ordinal < self.rows && self.counts.as_ref().is_none_or(|counts| counts(ordinal))
    }

    /// Takes in what is posted of an identity in a part, which will be the one with this number.
    fn take(
        &mut self,
        part: &PostedPart,
        number: usize,
        names: &mut BTreeMap<(Source, Arc<str>), Posted>,
    ) -> Result<(), StoreError> {
        let is_whole = self.counts.is_none() && part.ordinals().end <= self.rows;
        // A look-up for each name and not for each row.
        let mut of_part: BTreeMap<u16, Posted> = BTreeMap::new();
        let mut unnumbered = Vec::new();
        let mut singly = part.rows().to_vec();
        for run in part.runs() {
            if is_whole && part.name(run.name).is_some() {
                let posted = of_part.entry(run.name).or_default();
                posted.occurrences += u64::from(run.rows);
                posted.runs.push((number, *run));
            } else {
                singly.extend(part.load(run)?);
            }
        }
        for row in singly.iter().filter(|row| self.is_counted(row.ordinal)) {
            if part.name(row.name).is_none() {
                unnumbered.push(row.ordinal);
                continue;
            }
            let posted = of_part.entry(row.name).or_default();
            posted.occurrences += 1;
            posted.least.take(row.tick, row.ordinal);
            posted.greatest.take(-row.tick, row.ordinal);
        }
        for (name, posted) in of_part {
            if let Some((source, name)) = part.name(name) {
                let known = names.entry((source, name.into())).or_default();
                known.join(posted);
            }
        }
        unnumbered.sort_unstable();
        for ordinal in unnumbered {
            if let Some(row) = self.snapshot.row(ordinal)? {
                (self.add)(&row.get());
            }
        }
        Ok(())
    }
}

impl Posted {
    fn join(&mut self, other: Self) {
        self.occurrences += other.occurrences;
        self.runs.extend(other.runs);
        for (own, other) in [
            (&mut self.least, other.least),
            (&mut self.greatest, other.greatest),
        ] {
            for row in other.rows {
                own.take(other.tick, row);
            }
        }
    }

    /// The rows of the least and of the greatest tick.
    fn ends(mut self, parts: &[PostedPart]) -> Result<[Extreme; 2], StoreError> {
        for (_, run) in &self.runs {
            self.least.reach(run.ticks.0);
            self.greatest.reach(-run.ticks.1);
        }
        for (part, run) in &self.runs {
            if run.ticks.0 > self.least.tick && -run.ticks.1 > self.greatest.tick {
                continue;
            }
            for row in parts[*part].load(run)? {
                self.least.take(row.tick, row.ordinal);
                self.greatest.take(-row.tick, row.ordinal);
            }
        }
        Ok([self.least, self.greatest])
    }
}
