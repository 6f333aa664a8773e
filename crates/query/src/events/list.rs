//! Lists of events, and single ones.

use domain::{EventId, TimeRange};
use store::{Snapshot, StoreError};

use super::conditions::Conditions;
use super::live::LiveEvents;
use super::outline::{Piece, is_outlined, outline};
use super::place::{Place, Span};
use super::posted;
use super::question::{EventDirection, EventQuestion, FoundEvent, Listed, PART_BYTES_MAX, Part};
use super::scan::{Candidates, Effort, Scan};

/// The events of a list, a part of them, and how many there are. All that is in the index is listed, and nothing newer, but for parents
/// and children, which are those of the moment when the part was found.
///
/// Cost: when only time, names, sources and roots (depth 0) are asked for, the part's blocks and the days of the time; the events of the identities or
/// below the parent asked for; else all blocks that reach into the time.
///
/// # Errors
/// Rows could not be read.
pub fn list<E: LiveEvents>(
    events: &E,
    question: &EventQuestion<'_>,
    part: Part,
) -> Result<Listed<FoundEvent>, StoreError> {
    let Some(all_places) = Span::of(question.direction, question.range) else {
        return Ok(nothing());
    };
    if is_outlined(question) {
        let (rows, pieces) = events.index(|index| (index.rows(), outline(index, question)));
        let snapshot = events.snapshot();
        let conditions = Conditions::new(question, &snapshot);
        let scan = Scan {
            events,
            snapshot: &snapshot,
            rows,
            direction: question.direction,
            candidates: Candidates::All,
            conditions: &conditions,
            depth: question.depth,
        };
        return scan.list_outlined(pieces, part);
    }
    let descendants = match question.parent {
        None => None,
        Some(id) => {
            let parent = events
                .references()
                .ordinal_of_event(&events.snapshot(), id)?;
            let Some(parent) = parent else {
                return Ok(nothing());
            };
            let levels = question.depth.unwrap_or(1);
            Some(events.index(|index| index.links().descendants(parent, levels)))
        }
    };
    let rows = events.index(super::EventIndex::rows);
    let snapshot = events.snapshot();
    let conditions = Conditions::new(question, &snapshot);
    if let Some(numbers) = conditions
        .identities()
        .filter(|_| posted::is_posted(question))
    {
        let asked = posted::Asked {
            snapshot: &snapshot,
            rows,
            conditions: &conditions,
        };
        if let Some(selected) = posted::select(&asked, numbers, part)? {
            let found = found(events, question.direction, &selected.places)?;
            return Ok(found.of(selected.total));
        }
    }
    let scan = Scan {
        events,
        snapshot: &snapshot,
        rows,
        direction: question.direction,
        candidates: match (&descendants, conditions.identities()) {
            (Some(rows), _) => Candidates::Rows(rows),
            (None, Some(numbers)) => Candidates::Identities(numbers),
            (None, None) => Candidates::All,
        },
        conditions: &conditions,
        depth: question.depth.filter(|_| question.parent.is_none()),
    };
    let selected = scan.select(all_places, part.offset, part.limit.into(), Effort::Count)?;
    let found = found(events, question.direction, &selected.places)?;
    Ok(found.of(selected.count))
}

/// An event of the index by its id; `None` when there is none.
///
/// # Errors
/// Rows could not be read.
pub fn get<E: LiveEvents>(events: &E, id: EventId) -> Result<Option<FoundEvent>, StoreError> {
    let ordinal = events
        .references()
        .ordinal_of_event(&events.snapshot(), id)?;
    let found = match ordinal {
        None => None,
        Some(ordinal) => with_relations(events, &[ordinal])?.items.pop(),
    };
    Ok(found)
}

fn nothing() -> Listed<FoundEvent> {
    Found::default().of(0)
}

impl<E: LiveEvents> Scan<'_, E> {
    /// A list of which the pieces are known, in order of time.
    fn list_outlined(
        &self,
        mut pieces: Vec<Piece>,
        part: Part,
    ) -> Result<Listed<FoundEvent>, StoreError> {
        let mut counts = Vec::with_capacity(pieces.len());
        if self.direction == EventDirection::NewestFirst {
            pieces.reverse();
        }
        for piece in &pieces {
            let count = match piece.count {
                Some(count) => count,
                None => self.count(*piece)?,
            };
            counts.push(count);
        }
        let total = counts.iter().sum();
        // The pieces that have some of the part.
        let until = part.offset.saturating_add(part.limit.into());
        let mut before = 0;
        let mut end = 0;
        let mut hull: Option<TimeRange> = None;
        for (piece, count) in pieces.iter().zip(counts) {
            end += count;
            if end <= part.offset {
                before = end;
                continue;
            }
            let hull = hull.get_or_insert(piece.range);
            hull.start = hull.start.min(piece.range.start);
            hull.end = hull.end.max(piece.range.end);
            if end >= until {
                break;
            }
        }
        let span = hull.and_then(|hull| Span::of(self.direction, hull));
        let found = match span {
            None => Found::default(),
            Some(span) => {
                let (skip, want) = (part.offset - before, part.limit.into());
                let selected = self.select(span, skip, want, Effort::Find)?;
                found(self.events, self.direction, &selected.places)?
            }
        };
        Ok(found.of(total))
    }

    fn count(&self, piece: Piece) -> Result<u64, StoreError> {
        let mut count = 0;
        if let Some(span) = Span::of(self.direction, piece.range) {
            self.for_each(span, |_| count += 1)?;
        }
        Ok(count)
    }
}

fn found<E: LiveEvents>(
    events: &E,
    direction: EventDirection,
    places: &[Place],
) -> Result<Found, StoreError> {
    let ordinals: Vec<u32> = places
        .iter()
        .map(|place| place.ordinal(direction))
        .collect();
    with_relations(events, &ordinals)
}

/// The events of a part.
#[derive(Default)]
struct Found {
    items: Vec<FoundEvent>,
    is_cut: bool,
}

impl Found {
    fn of(self, total: u64) -> Listed<FoundEvent> {
        Listed {
            items: self.items,
            total,
            is_cut: self.is_cut,
        }
    }
}

/// Events with what is known of their relations. Their rows are copied, so that one does not keep all that was read with it in memory,
/// and no more of them than [`PART_BYTES_MAX`] allows.
fn with_relations<E: LiveEvents>(events: &E, ordinals: &[u32]) -> Result<Found, StoreError> {
    let relations: Vec<(Option<u32>, u32)> = events.index(|index| {
        let of = |ordinal: &u32| (index.parent(*ordinal), index.children_count(*ordinal));
        ordinals.iter().map(of).collect()
    });
    // Taken afterwards: it has the parents that arrived meanwhile.
    let snapshot = events.snapshot();
    let ids = events.references().ids;
    let row = |snapshot: &Snapshot, ordinal: u32| {
        let row = snapshot.row(ordinal)?;
        Ok::<_, StoreError>(row.expect("what the index knows is in a later snapshot"))
    };
    let mut found = Found::default();
    let mut bytes = 0_usize;
    for (ordinal, (parent, children_count)) in ordinals.iter().zip(relations) {
        let id_of = |sequence| ids.id(sequence);
        let parent = match parent {
            None => None,
            Some(parent) => Some(id_of(row(&snapshot, parent)?.get().sequence)),
        };
        let row = row(&snapshot, *ordinal)?;
        let row = row.get();
        bytes = bytes.saturating_add(row.bytes.len());
        if bytes > PART_BYTES_MAX && !found.items.is_empty() {
            found.is_cut = true;
            break;
        }
        found.items.push(FoundEvent {
            id: id_of(row.sequence),
            row: row.bytes.into(),
            parent,
            children_count,
        });
    }
    Ok(found)
}
