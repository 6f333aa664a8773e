//! Lists of the events of identities, as far as time, names and sources decide on them: counted and cut into pages by what is posted of
//! each row, so that no more rows are read than a page has.
//!
//! Postings know the time of a row to a *tick*. So it is in doubt only at the two ends of the time that is asked for, and in the ticks with
//! which a page begins and ends; there the exact times are looked up.

use domain::{Source, TimeRange};
use roaring::RoaringBitmap;
use store::{
    PostedPart, PostedRow, PostedRun, Postings, RowRef, Snapshot, StoreError, TICK_MICROS, tick_of,
};

use super::conditions::{Conditions, is_source_asked};
use super::place::Place;
use super::question::{EventDirection, EventQuestion, Part};

/// So many rows are looked at one by one at most, be it as doubtful or as of the same tick; else all rows are passed over, in bounded memory.
const ROWS_MAX: usize = if cfg!(test) { 150 } else { 1 << 18 };

/// Whether nothing but time, names, sources and identities decides.
pub(super) fn is_posted(question: &EventQuestion<'_>) -> bool {
    question.identities.is_some()
        && question.metadata.is_empty()
        && question.filter.is_none()
        && question.definition.is_none()
        && question.text.is_none()
        && question.parent.is_none()
        && question.depth.is_none()
}

/// What is asked of the rows of identities.
pub(super) struct Asked<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Only rows before this ordinal.
    pub(super) rows: u32,
    pub(super) conditions: &'a Conditions<'a>,
}

/// A part of a list, and how many there are in all.
pub(super) struct Selected {
    pub(super) total: u64,
    pub(super) places: Vec<Place>,
}

/// What postings say of a row or of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    /// Its name or its exact time has to be looked at.
    Doubtful,
}

/// The events of identities, from the one numbered `part.offset` on; `None` when too many rows would have to be looked at one by one.
///
/// # Errors
/// Rows could not be read.
pub(super) fn select(
    asked: &Asked<'_>,
    identities: &RoaringBitmap,
    part: Part,
) -> Result<Option<Selected>, StoreError> {
    let until = part.offset.saturating_add(part.limit.into());
    let Some(until) = usize::try_from(until).ok().filter(|end| *end <= ROWS_MAX) else {
        return Ok(None);
    };
    let mut taken = Taken {
        total: 0,
        found: Found::new(asked.question().direction, until),
        doubtful: Vec::new(),
    };
    let mut runs: Vec<(i64, usize, PostedRun)> = Vec::new();
    let mut parts: Vec<PostedPart> = Vec::new();
    for number in identities {
        let postings = asked.snapshot.postings(number);
        asked.in_memory(&postings, |place| taken.take_exact(place));
        for of_part in postings.parts(asked.question().range) {
            let of_part = of_part?;
            let mut judge = Judge::new(asked, &of_part);
            for row in of_part.rows() {
                taken.take(row, judge.row(row));
            }
            for run in of_part.runs() {
                match judge.run(run) {
                    Verdict::No => {}
                    Verdict::Yes => {
                        taken.total += u64::from(run.rows);
                        runs.push((taken.found.coarse_of_run(run), parts.len(), *run));
                    }
                    Verdict::Doubtful => {
                        for row in &of_part.load(run)? {
                            taken.take(row, judge.row(row));
                        }
                    }
                }
            }
            parts.push(of_part);
            taken.found.prune();
            if taken.found.rows.len() > ROWS_MAX || taken.doubtful.len() > ROWS_MAX {
                return Ok(None);
            }
        }
    }
    let doubtful = std::mem::take(&mut taken.doubtful);
    asked.look_at(&doubtful, |place| taken.take_exact(place))?;
    let Taken {
        total, mut found, ..
    } = taken;
    found.prune();
    runs.sort_unstable_by_key(|(first, ..)| *first);
    for (first, of_part, run) in runs {
        if found.is_beyond(first) {
            break;
        }
        for row in parts[of_part].load(&run)? {
            found.offer(row);
        }
        found.prune();
        if found.rows.len() > ROWS_MAX {
            return Ok(None);
        }
    }
    let offset = usize::try_from(part.offset).unwrap_or(usize::MAX);
    let places = found.part(asked.snapshot, offset, part.limit as usize)?;
    Ok(Some(Selected { total, places }))
}

/// What was found so far.
struct Taken {
    total: u64,
    found: Found,
    doubtful: Vec<u32>,
}

impl Taken {
    fn take(&mut self, row: &PostedRow, verdict: Verdict) {
        match verdict {
            Verdict::No => {}
            Verdict::Yes => {
                self.total += 1;
                self.found.offer(*row);
            }
            Verdict::Doubtful => self.doubtful.push(row.ordinal),
        }
    }

    fn take_exact(&mut self, place: Place) {
        self.total += 1;
        self.found.offer_exact(place);
    }
}

impl Asked<'_> {
    /// Shows `visit` the places of the rows in memory that match.
    fn in_memory(&self, postings: &Postings, mut visit: impl FnMut(Place)) {
        for row in postings.in_memory() {
            let row = row.get();
            if row.ordinal < self.rows
                && self.question().range.contains(row.timestamp)
                && self.conditions.hold(&row)
            {
                let direction = self.question().direction;
                visit(Place::new(direction, row.timestamp, row.ordinal));
            }
        }
    }

    /// Shows `visit` the places of those of some rows that match.
    fn look_at(&self, ordinals: &[u32], mut visit: impl FnMut(Place)) -> Result<(), StoreError> {
        let times = self.snapshot.timestamps_of(ordinals)?;
        for (ordinal, at) in ordinals.iter().zip(times) {
            if !self.question().range.contains(at) {
                continue;
            }
            let row = self.snapshot.row(*ordinal)?;
            if row.is_some_and(|row| self.conditions.hold(&row.get())) {
                visit(Place::new(self.question().direction, at, *ordinal));
            }
        }
        Ok(())
    }

    /// Shows `visit` the rows of an identity that may match, as far as postings tell.
    pub(super) fn each_candidate(
        &self,
        number: u32,
        mut visit: impl FnMut(&RowRef<'_>),
    ) -> Result<(), StoreError> {
        let postings = self.snapshot.postings(number);
        for row in postings.in_memory() {
            visit(&row.get());
        }
        for of_part in postings.parts(self.question().range) {
            let of_part = of_part?;
            let mut judge = Judge::new(self, &of_part);
            let mut rows = Vec::new();
            let mut take = |row: &PostedRow| {
                if judge.row(row) != Verdict::No {
                    rows.push(row.ordinal);
                }
            };
            of_part.rows().iter().for_each(&mut take);
            for run in of_part.runs() {
                of_part.load(run)?.iter().for_each(&mut take);
            }
            // So that rows that stand together are read together.
            rows.sort_unstable();
            for ordinal in rows {
                if let Some(row) = self.snapshot.row(ordinal)? {
                    visit(&row.get());
                }
            }
        }
        Ok(())
    }

    fn question(&self) -> &EventQuestion<'_> {
        self.conditions.question()
    }
}

/// Judges the rows of a part.
struct Judge<'a> {
    asked: &'a Asked<'a>,
    part: &'a PostedPart,
    /// By the number of the name.
    names: Vec<Option<Verdict>>,
    /// The first and the last tick of which rows may be in the asked time, and those of which all are.
    ticks: (i64, i64),
    whole_ticks: (i64, i64),
    is_whole: bool,
}

impl<'a> Judge<'a> {
    fn new(asked: &'a Asked<'a>, part: &'a PostedPart) -> Self {
        let TimeRange { start, end } = asked.question().range;
        let start_tick = tick_of(start);
        let is_start_whole = start.micros() == start_tick * TICK_MICROS;
        // The tick in which the asked time ends is in it in part, or not at all.
        let end_tick = tick_of(end);
        let is_end_whole = end.micros() == end_tick * TICK_MICROS;
        Self {
            asked,
            part,
            names: vec![None; usize::from(part.names_count()) + 1],
            ticks: (start_tick, end_tick - i64::from(is_end_whole)),
            whole_ticks: (start_tick + i64::from(!is_start_whole), end_tick - 1),
            is_whole: part.ordinals().end <= asked.rows,
        }
    }

    fn row(&mut self, row: &PostedRow) -> Verdict {
        if row.ordinal >= self.asked.rows {
            return Verdict::No;
        }
        self.name(row.name).and(self.times((row.tick, row.tick)))
    }

    fn run(&mut self, run: &PostedRun) -> Verdict {
        let verdict = self.name(run.name).and(self.times(run.ticks));
        if verdict == Verdict::Yes && !self.is_whole {
            return Verdict::Doubtful;
        }
        verdict
    }

    fn times(&self, (first, last): (i64, i64)) -> Verdict {
        if last < self.ticks.0 || first > self.ticks.1 {
            Verdict::No
        } else if first >= self.whole_ticks.0 && last <= self.whole_ticks.1 {
            Verdict::Yes
        } else {
            Verdict::Doubtful
        }
    }

    fn name(&mut self, number: u16) -> Verdict {
        let Some(verdict) = self.names.get_mut(usize::from(number)) else {
            return Verdict::Doubtful;
        };
        *verdict.get_or_insert_with(|| {
            let question = self.asked.question();
            let is_any = question.names.is_empty() && question.sources.is_empty();
            match self.part.name(number) {
                _ if is_any => Verdict::Yes,
                None => Verdict::Doubtful,
                Some((source, name)) if is_asked(question, source, name) => Verdict::Yes,
                Some(_) => Verdict::No,
            }
        })
    }
}

fn is_asked(question: &EventQuestion<'_>, source: Source, name: &str) -> bool {
    let is_named = || question.names.iter().any(|asked| asked == name);
    is_source_asked(question.sources, source) && (question.names.is_empty() || is_named())
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Doubtful,
        }
    }
}

/// The rows with which a list begins, up to the end of the page, and those of the same tick as the last of these.
struct Found {
    direction: EventDirection,
    until: usize,
    rows: Vec<Row>,
    /// Rows behind this are not needed.
    last: i64,
}

/// Where a row stands in the list: the tick, less comes first; exactly, when that is known.
#[derive(Debug, Clone, Copy)]
struct Row {
    coarse: i64,
    ordinal: u32,
    exact: Option<Place>,
}

impl Found {
    fn new(direction: EventDirection, until: usize) -> Self {
        Self {
            direction,
            until,
            rows: Vec::new(),
            last: if until == 0 { i64::MIN } else { i64::MAX },
        }
    }

    fn coarse(&self, tick: i64) -> i64 {
        match self.direction {
            EventDirection::OldestFirst => tick,
            EventDirection::NewestFirst => -tick,
        }
    }

    /// Where the first row of a run stands.
    fn coarse_of_run(&self, run: &PostedRun) -> i64 {
        self.coarse(run.ticks.0).min(self.coarse(run.ticks.1))
    }

    fn is_beyond(&self, coarse: i64) -> bool {
        coarse > self.last
    }

    fn offer(&mut self, row: PostedRow) {
        let coarse = self.coarse(row.tick);
        if !self.is_beyond(coarse) {
            self.rows.push(Row {
                coarse,
                ordinal: row.ordinal,
                exact: None,
            });
        }
    }

    fn offer_exact(&mut self, place: Place) {
        let coarse = self.coarse(place.micros(self.direction).div_euclid(TICK_MICROS));
        if !self.is_beyond(coarse) {
            self.rows.push(Row {
                coarse,
                ordinal: place.ordinal(self.direction),
                exact: Some(place),
            });
        }
    }

    /// Drops what comes behind the page.
    fn prune(&mut self) {
        let Some(last) = self.until.checked_sub(1) else {
            return;
        };
        if self.rows.len() > last {
            let (_, last, _) = self.rows.select_nth_unstable_by_key(last, |row| row.coarse);
            self.last = last.coarse;
            let last = self.last;
            self.rows.retain(|row| row.coarse <= last);
        }
    }

    /// `limit` rows from the one numbered `offset` on.
    fn part(
        mut self,
        snapshot: &Snapshot,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        self.prune();
        if self.rows.len() <= offset {
            return Ok(Vec::new());
        }
        self.rows.sort_unstable_by_key(|row| row.coarse);
        let first = self.rows[offset].coarse;
        let before = self.rows.partition_point(|row| row.coarse < first);
        let rows = &self.rows[before..];
        let unknown: Vec<u32> = rows
            .iter()
            .filter(|row| row.exact.is_none())
            .map(|row| row.ordinal)
            .collect();
        let mut times = snapshot.timestamps_of(&unknown)?.into_iter();
        let mut places: Vec<Place> = Vec::with_capacity(rows.len());
        for row in rows {
            places.push(if let Some(place) = row.exact {
                place
            } else {
                let at = times.next().expect("one for each");
                Place::new(self.direction, at, row.ordinal)
            });
        }
        places.sort_unstable();
        let places = places.into_iter().skip(offset - before).take(limit);
        Ok(places.collect())
    }
}
