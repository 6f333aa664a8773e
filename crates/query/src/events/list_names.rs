//! Lists of the names of events. SEMANTICS 10.1.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{OwnedIdentity, Source};
use store::{RowRef, StoreError};

use super::conditions::{is_source_asked, numbers_of};
use super::index::EventIndex;
use super::live::LiveEvents;
use super::question::{Listed, NameOrder, NameQuestion, NameSummary, Part};

/// The names of a list, a part of them, and how many there are. Cost: all names; with identities, the events of these.
///
/// # Errors
/// Rows could not be read.
pub fn names<E: LiveEvents>(
    events: &E,
    question: &NameQuestion<'_>,
    part: Part,
) -> Result<Listed<NameSummary>, StoreError> {
    let is_asked = |summary: &NameSummary| {
        is_source_asked(question.sources, summary.source) && (question.is_wanted)(&summary.name)
    };
    let mut all = match question.identities {
        None => events.index(of_everyone),
        Some(identities) => of_identities(events, identities)?,
    };
    all.retain(is_asked);
    all.sort_unstable_by(|left, right| compare(question.sorting, left, right));
    let total = all.len() as u64;
    let offset = usize::try_from(part.offset).unwrap_or(usize::MAX);
    let items = all
        .into_iter()
        .skip(offset)
        .take(part.limit as usize)
        .collect();
    Ok(Listed {
        items,
        total,
        is_cut: false,
    })
}

fn of_everyone(index: &EventIndex) -> Vec<NameSummary> {
    let summary = |name: &super::names::Name| NameSummary {
        name: Arc::clone(&name.text),
        source: name.source,
        occurrences: name.counts.all.count(),
        first_seen: name.first_seen,
        last_seen: name.last_seen,
    };
    index.names().all().iter().map(summary).collect()
}

fn of_identities<E: LiveEvents>(
    events: &E,
    identities: &[OwnedIdentity],
) -> Result<Vec<NameSummary>, StoreError> {
    let snapshot = events.snapshot();
    let mut by_source: [BTreeMap<Arc<str>, NameSummary>; 2] = Default::default();
    for number in numbers_of(&snapshot, identities) {
        for row in snapshot.rows_of_identity(number) {
            add(&mut by_source, &row?.get());
        }
    }
    Ok(by_source
        .into_iter()
        .flat_map(BTreeMap::into_values)
        .collect())
}

fn add(by_source: &mut [BTreeMap<Arc<str>, NameSummary>; 2], row: &RowRef<'_>) {
    let event = row.event();
    let summaries = &mut by_source[usize::from(event.source == Source::System)];
    if let Some(summary) = summaries.get_mut(event.name) {
        summary.occurrences += 1;
        summary.first_seen = summary.first_seen.min(row.timestamp);
        summary.last_seen = summary.last_seen.max(row.timestamp);
        return;
    }
    let name: Arc<str> = event.name.into();
    summaries.insert(
        Arc::clone(&name),
        NameSummary {
            name,
            source: event.source,
            occurrences: 1,
            first_seen: row.timestamp,
            last_seen: row.timestamp,
        },
    );
}

fn compare(sorting: &[(NameOrder, bool)], left: &NameSummary, right: &NameSummary) -> Ordering {
    let sorting = match sorting {
        [] => &[(NameOrder::LastSeen, true)],
        given => given,
    };
    let by = |(order, is_descending): &(NameOrder, bool)| {
        let ascending = match order {
            NameOrder::Name => left.name.cmp(&right.name),
            NameOrder::Occurrences => left.occurrences.cmp(&right.occurrences),
            NameOrder::FirstSeen => left.first_seen.cmp(&right.first_seen),
            NameOrder::LastSeen => left.last_seen.cmp(&right.last_seen),
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
        .unwrap_or_else(|| (&left.name, left.source).cmp(&(&right.name, right.source)))
}
