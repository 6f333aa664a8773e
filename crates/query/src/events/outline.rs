//! A list that only time, names, sources and whether an event is a root decide on, counted from timelines: its total and where in time a page lies cost as many
//! look-ups as there are days, and no row but those of the quarter hours in which the asked time begins and ends.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::interval::Quarter;
use domain::{Source, TimeRange, Timestamp};

use super::conditions::is_source_asked;
use super::index::EventIndex;
use super::names::Counts;
use super::question::EventQuestion;
use super::timeline::{Timeline, around_whole_days, index_of, quarters_of_day};

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: TimeRange,
    /// How many matches it has; `None` when the rows must tell.
    pub(super) count: Option<u64>,
}

/// Whether a question can be answered from timelines.
pub(super) fn is_outlined(question: &EventQuestion<'_>) -> bool {
    question.identities.is_none()
        && question.metadata.is_empty()
        && question.filter.is_none()
        && question.definition.is_none()
        && question.text.is_none()
        && question.parent.is_none()
        && question.depth.is_none_or(|depth| depth == 0)
}

/// The stretches of the asked time that have matches, in order of time. The range is not empty.
pub(super) fn outline(index: &EventIndex, question: &EventQuestion<'_>) -> Vec<Piece> {
    let counts = counts(index, question);
    let Edges {
        before,
        whole,
        after,
    } = Edges::of(question.range);
    let partial = |range: Option<TimeRange>| {
        let range = range?;
        let quarters = quarter_at_or_after(range.start, Rounding::Down)
            ..quarter_at_or_after(range.end, Rounding::Up);
        let has_events = |counts: &&Counts| counts.all.quarters(quarters.clone()).next().is_some();
        let piece = Piece { range, count: None };
        counts.iter().any(has_events).then_some(piece)
    };
    let mut events = Stretches::new(&whole);
    for counts in &counts {
        events.add(&counts.all);
    }
    if question.depth.is_some() {
        for counts in &counts {
            events.subtract(&counts.children);
        }
    }
    partial(before)
        .into_iter()
        .chain(events.into_pieces())
        .chain(partial(after))
        .collect()
}

/// Whole quarter hours, of which those of whole days are taken together.
struct Stretches<'a> {
    whole: &'a Range<i32>,
    /// The quarter hours around the whole days.
    around: [Range<i32>; 2],
    quarters: BTreeMap<i32, u64>,
    /// By their first quarter hours.
    days: BTreeMap<i32, u64>,
}

impl<'a> Stretches<'a> {
    fn new(whole: &'a Range<i32>) -> Self {
        Self {
            whole,
            around: around_whole_days(whole).into(),
            quarters: BTreeMap::new(),
            days: BTreeMap::new(),
        }
    }

    fn add(&mut self, timeline: &Timeline) {
        for (quarter, events) in self
            .around
            .iter()
            .flat_map(|some| timeline.quarters(some.clone()))
        {
            *self.quarters.entry(quarter).or_default() += events;
        }
        for (day, events) in timeline.whole_days(self.whole) {
            *self.days.entry(day).or_default() += events;
        }
    }

    /// Takes events away that have been added.
    fn subtract(&mut self, timeline: &Timeline) {
        for (quarter, events) in self
            .around
            .iter()
            .flat_map(|some| timeline.quarters(some.clone()))
        {
            *self.quarters.entry(quarter).or_default() -= events;
        }
        for (day, events) in timeline.whole_days(self.whole) {
            *self.days.entry(day).or_default() -= events;
        }
    }

    /// In order of time.
    fn into_pieces(self) -> Vec<Piece> {
        let piece = |quarters: Range<i32>, events: u64| Piece {
            range: TimeRange::new(start_of(quarters.start), start_of(quarters.end)),
            count: Some(events),
        };
        let quarters = self.quarters.into_iter();
        let days = self.days.into_iter();
        let mut pieces: Vec<Piece> = quarters
            .map(|(quarter, events)| piece(quarter..quarter + 1, events))
            .chain(days.map(|(day, events)| piece(quarters_of_day(day), events)))
            .filter(|piece| piece.count != Some(0))
            .collect();
        pieces.sort_unstable_by_key(|piece| piece.range.start);
        pieces
    }
}

/// The counts whose sum is that of the matches.
fn counts<'a>(index: &'a EventIndex, question: &EventQuestion<'_>) -> Vec<&'a Counts> {
    let sources = [Source::User, Source::System]
        .into_iter()
        .filter(|source| is_source_asked(question.sources, *source));
    let names = index.names();
    if question.names.is_empty() {
        return sources.map(|source| names.of_source(source)).collect();
    }
    let mut asked: Vec<&str> = question.names.iter().map(String::as_str).collect();
    asked.sort_unstable();
    asked.dedup();
    sources
        .flat_map(|source| asked.iter().map(move |name| (source, *name)))
        .filter_map(|(source, name)| Some(&names.get(source, name)?.counts))
        .collect()
}

/// A range of time as whole quarter hours and what is left on either side.
struct Edges {
    before: Option<TimeRange>,
    whole: Range<i32>,
    after: Option<TimeRange>,
}

impl Edges {
    fn of(range: TimeRange) -> Self {
        let first = quarter_at_or_after(range.start, Rounding::Up);
        let last = quarter_at_or_after(range.end, Rounding::Down);
        if first > last {
            return Self {
                before: Some(range),
                whole: first..first,
                after: None,
            };
        }
        let not_empty = |range: TimeRange| (!range.is_empty()).then_some(range);
        Self {
            before: not_empty(TimeRange::new(range.start, start_of(first))),
            whole: first..last,
            after: not_empty(TimeRange::new(start_of(last), range.end)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Up,
}

/// The quarter hour that an instant is in, or, rounded up, the first one that does not begin before it.
fn quarter_at_or_after(at: Timestamp, rounding: Rounding) -> i32 {
    let quarter = Quarter::of(at);
    let begins_before = quarter.start() < at;
    index_of(quarter) + i32::from(rounding == Rounding::Up && begins_before)
}

/// Where a quarter hour starts; the end of time for those after it.
fn start_of(quarter: i32) -> Timestamp {
    Quarter::from_index(quarter.into()).map_or(Timestamp::END, Quarter::start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: i64 = 900_000_000;

    fn range(start: i64, end: i64) -> TimeRange {
        let at = |micros| Timestamp::from_micros(micros).expect("in range");
        TimeRange::new(at(start), at(end))
    }

    fn check(
        asked: TimeRange,
        before: Option<TimeRange>,
        whole: Range<i32>,
        after: Option<TimeRange>,
    ) {
        let edges = Edges::of(asked);
        assert_eq!((edges.before, edges.after), (before, after), "{asked:?}");
        assert!(edges.whole == whole || edges.whole.is_empty() && whole.is_empty());
    }

    #[test]
    fn a_range_is_whole_quarter_hours_and_what_is_left_at_its_edges() {
        check(range(0, 2 * QUARTER), None, 0..2, None);
        check(range(-QUARTER, QUARTER), None, -1..1, None);
        check(
            range(1, 2 * QUARTER + 1),
            Some(range(1, QUARTER)),
            1..2,
            Some(range(2 * QUARTER, 2 * QUARTER + 1)),
        );
        check(range(5, 6), Some(range(5, 6)), 0..0, None);
        check(range(0, 6), None, 0..0, Some(range(0, 6)));
        check(range(6, QUARTER), Some(range(6, QUARTER)), 0..0, None);
        check(
            range(6, QUARTER + 6),
            Some(range(6, QUARTER)),
            0..0,
            Some(range(QUARTER, QUARTER + 6)),
        );
        let (first, last) = (Quarter::of(Timestamp::MIN), Quarter::of(Timestamp::END));
        check(TimeRange::ALL, None, index_of(first)..index_of(last), None);
    }
}
