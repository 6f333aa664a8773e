//! Lists of the names of events. SEMANTICS 10.1.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{EventId, OwnedIdentity, Source, Timestamp};
use store::{RowRef, StoreError};

use super::conditions::{is_source_asked, numbers_of};
use super::index::EventIndex;
use super::live::LiveEvents;
use super::names::Name;
use super::posted_names::{Counted, Counting};
use super::question::{Listed, NameOrder, NameQuestion, NameSummary, Part};
use super::roots::Seen;

/// The names of a list, a part of them, and how many there are. Cost: a look at each name; with a parent, its children; else with identities,
/// what is posted of their events, and those in memory.
///
/// # Errors
/// Rows could not be read.
pub fn names<E: LiveEvents>(
    events: &E,
    question: &NameQuestion<'_>,
    part: Part,
) -> Result<Listed<NameSummary>, StoreError> {
    let all = match (question.parent, question.identities) {
        (Some(_), _) if question.roots_only => Vec::new(),
        (Some(parent), identities) => {
            let children = Tally::of_children(events, parent, identities)?;
            children.finish(events, question)
        }
        (None, Some(identities)) => {
            let theirs = Tally::of_identities(events, identities, question.roots_only)?;
            theirs.finish(events, question)
        }
        (None, None) => {
            return Ok(events.index(|index| {
                let all = of_everyone(index, question);
                page(all, question.sorting, part, Theirs::summary)
            }));
        }
    };
    Ok(page(all, question.sorting, part, |summary| summary))
}

/// A part of a list. Cost: a look at each item, and the sorting of those up to the part's end.
fn page<T: Listable>(
    mut all: Vec<T>,
    sorting: &[(NameOrder, bool)],
    part: Part,
    show: impl Fn(T) -> NameSummary,
) -> Listed<NameSummary> {
    let total = all.len() as u64;
    let offset = usize::try_from(part.offset).unwrap_or(usize::MAX);
    let end = offset.saturating_add(part.limit as usize);
    let order = |left: &T, right: &T| compare(sorting, left, right);
    if end < all.len() {
        all.select_nth_unstable_by(end, order);
        all.truncate(end);
    }
    all.sort_unstable_by(order);
    Listed {
        items: all.into_iter().skip(offset).map(show).collect(),
        total,
        is_cut: false,
    }
}

/// What names are ordered by.
trait Listable {
    fn name(&self) -> &str;
    fn source(&self) -> Source;
    fn occurrences(&self) -> u64;
    fn first_seen(&self) -> Timestamp;
    fn last_seen(&self) -> Timestamp;
}

impl Listable for NameSummary {
    fn name(&self) -> &str {
        &self.name
    }

    fn source(&self) -> Source {
        self.source
    }

    fn occurrences(&self) -> u64 {
        self.occurrences
    }

    fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    fn last_seen(&self) -> Timestamp {
        self.last_seen
    }
}

/// A name of the index, and what is known of those of its events that are asked for.
struct Theirs<'a> {
    name: &'a Name,
    occurrences: u64,
    seen: Seen,
}

impl Theirs<'_> {
    fn summary(self) -> NameSummary {
        NameSummary {
            name: Arc::clone(&self.name.text),
            source: self.name.source,
            occurrences: self.occurrences,
            first_seen: self.seen.first,
            last_seen: self.seen.last,
            first_received_at: self.name.first_received_at,
        }
    }
}

impl Listable for Theirs<'_> {
    fn name(&self) -> &str {
        &self.name.text
    }

    fn source(&self) -> Source {
        self.name.source
    }

    fn occurrences(&self) -> u64 {
        self.occurrences
    }

    fn first_seen(&self) -> Timestamp {
        self.seen.first
    }

    fn last_seen(&self) -> Timestamp {
        self.seen.last
    }
}

fn is_asked(question: &NameQuestion<'_>, source: Source, name: &str) -> bool {
    is_source_asked(question.sources, source) && (question.is_wanted)(source, name)
}

fn of_everyone<'a>(index: &'a EventIndex, question: &NameQuestion<'_>) -> Vec<Theirs<'a>> {
    let theirs = |name: &'a Name| {
        let (occurrences, seen) = if question.roots_only {
            (name.counts.roots_count(), name.roots.seen()?)
        } else {
            (name.counts.all.count(), name.seen)
        };
        is_asked(question, name.source, &name.text).then_some(Theirs {
            name,
            occurrences,
            seen,
        })
    };
    index.names().all().iter().filter_map(theirs).collect()
}

/// What is counted of rows, by source and name.
#[derive(Debug, Default)]
struct Tally {
    by_source: [BTreeMap<Arc<str>, NameSummary>; 2],
}

impl Tally {
    /// Of the events of identities.
    fn of_identities<E: LiveEvents>(
        events: &E,
        identities: &[OwnedIdentity],
        roots_only: bool,
    ) -> Result<Self, StoreError> {
        let rows = events.index(EventIndex::rows);
        let snapshot = events.snapshot();
        let mut tally = Self::default();
        let is_root = |ordinal: u32| events.index(|index| index.parent(ordinal).is_none());
        let counted = Counting {
            snapshot: &snapshot,
            rows,
            counts: roots_only.then_some(is_root),
            add: |row: &RowRef<'_>| tally.add(row),
        }
        .of(&numbers_of(&snapshot, identities))?;
        for counted in counted {
            tally.add_counted(counted);
        }
        Ok(tally)
    }

    /// Of the direct children of an event, those of identities only when these are given.
    fn of_children<E: LiveEvents>(
        events: &E,
        parent: EventId,
        identities: Option<&[OwnedIdentity]>,
    ) -> Result<Self, StoreError> {
        let mut tally = Self::default();
        let parent = events
            .references()
            .ordinal_of_event(&events.snapshot(), parent)?;
        let Some(parent) = parent else {
            return Ok(tally);
        };
        let children = events.index(|index| index.links().descendants(parent, 1));
        // Taken afterwards: it has the children that arrived meanwhile.
        let snapshot = events.snapshot();
        let numbers = identities.map(|identities| numbers_of(&snapshot, identities));
        for child in children {
            let row = snapshot.row(child)?;
            let row = row.expect("what the index knows is in a later snapshot");
            let row = row.get();
            let is_theirs = (numbers.as_ref()).is_none_or(|some| some.contains(row.identity));
            if is_theirs {
                tally.add(&row);
            }
        }
        Ok(tally)
    }

    fn add(&mut self, row: &RowRef<'_>) {
        let event = row.event();
        let summaries = self.of_source(event.source);
        if let Some(summary) = summaries.get_mut(event.name) {
            summary.occurrences += 1;
            summary.first_seen = summary.first_seen.min(row.timestamp);
            summary.last_seen = summary.last_seen.max(row.timestamp);
            return;
        }
        self.add_counted(Counted {
            source: event.source,
            name: event.name.into(),
            occurrences: 1,
            first_seen: row.timestamp,
            last_seen: row.timestamp,
        });
    }

    fn add_counted(&mut self, counted: Counted) {
        let summaries = self.of_source(counted.source);
        let summary = summaries
            .entry(Arc::clone(&counted.name))
            .or_insert_with(|| NameSummary {
                name: counted.name,
                source: counted.source,
                occurrences: 0,
                first_seen: counted.first_seen,
                last_seen: counted.last_seen,
                // Known of all events of the name; see `finish`.
                first_received_at: Timestamp::EPOCH,
            });
        summary.occurrences += counted.occurrences;
        summary.first_seen = summary.first_seen.min(counted.first_seen);
        summary.last_seen = summary.last_seen.max(counted.last_seen);
    }

    fn of_source(&mut self, source: Source) -> &mut BTreeMap<Arc<str>, NameSummary> {
        &mut self.by_source[usize::from(source == Source::System)]
    }

    /// Those of them that are asked for.
    fn finish<E: LiveEvents>(self, events: &E, question: &NameQuestion<'_>) -> Vec<NameSummary> {
        let summaries = (self.by_source.into_iter()).flat_map(BTreeMap::into_values);
        let mut asked: Vec<NameSummary> = summaries
            .filter(|summary| is_asked(question, summary.source, &summary.name))
            .collect();
        events.index(|index| {
            for summary in &mut asked {
                let name = index.names().get(summary.source, &summary.name);
                let name = name.expect("the index has the names of all its rows");
                summary.first_received_at = name.first_received_at;
            }
        });
        asked
    }
}

fn compare<T: Listable>(sorting: &[(NameOrder, bool)], left: &T, right: &T) -> Ordering {
    let sorting = match sorting {
        [] => &[(NameOrder::LastSeen, true)],
        given => given,
    };
    let by = |(order, is_descending): &(NameOrder, bool)| {
        let ascending = match order {
            NameOrder::Name => left.name().cmp(right.name()),
            NameOrder::Occurrences => left.occurrences().cmp(&right.occurrences()),
            NameOrder::FirstSeen => left.first_seen().cmp(&right.first_seen()),
            NameOrder::LastSeen => left.last_seen().cmp(&right.last_seen()),
        };
        if *is_descending {
            ascending.reverse()
        } else {
            ascending
        }
    };
    sorting
        .iter()
        .map(by)
        .find(|order| order.is_ne())
        .unwrap_or_else(|| (left.name(), left.source()).cmp(&(right.name(), right.source())))
}
