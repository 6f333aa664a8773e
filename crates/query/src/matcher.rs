//! One pass over rows for many meters: each event is decoded once, and only the meters that may count events of its name look at it.

mod by_column;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use domain::{Contribution, Definition, Event, KeyedHash, MeterId, Source, SystemEvent, Timestamp};
use rustc_hash::FxHashMap;
use store::{RowRef, Snapshot, StoreError};

use crate::columns::GroupRows;

/// Which meters look at which events. Made once for a set of meters.
#[derive(Debug)]
pub struct Matcher {
    meters: Vec<(MeterId, Arc<Definition>)>,
    /// By the event's name, for meters that ask for names. Both the meters' names and the events' are chosen by clients.
    by_name: HashMap<Box<str>, Vec<usize>, KeyedHash>,
    /// The others.
    of_any_name: Vec<usize>,
    by_id: FxHashMap<MeterId, usize>,
}

/// What some rows are to each meter of a [`Matcher`]. Use it again for the next rows: it keeps its memory.
#[derive(Debug, Default)]
pub struct Matches {
    rows: Range<u32>,
    /// By the meter's place in the matcher.
    by_meter: Vec<Vec<Match>>,
    /// The block of the last rows, when they were sealed and there are more in it.
    group: Option<GroupRows>,
}

/// A row that concerns a meter: it matches, or it is a credit or a reset of the meter, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) ordinal: u32,
    /// The number of the identity.
    pub(crate) identity: u32,
    pub(crate) received_at: Timestamp,
    pub(crate) timestamp: Timestamp,
    pub(crate) source: Source,
    /// What it adds; `None`: it does not match.
    pub(crate) contribution: Option<Contribution>,
    /// When it is a credit or a reset of this meter. Rare.
    pub(crate) own: Option<Box<SystemEvent>>,
}

impl Matcher {
    /// For these meters; each is known by its place in the list. `hash` keeps clients from choosing names that fall together.
    pub fn new(meters: Vec<(MeterId, Arc<Definition>)>, hash: KeyedHash) -> Self {
        let mut by_name: HashMap<Box<str>, Vec<usize>, KeyedHash> = HashMap::with_hasher(hash);
        let mut of_any_name = Vec::new();
        let mut by_id = FxHashMap::default();
        for (place, (id, definition)) in meters.iter().enumerate() {
            by_id.insert(*id, place);
            let Some(mut names) = definition.filter.names() else {
                of_any_name.push(place);
                continue;
            };
            names.sort_unstable();
            names.dedup();
            for name in names {
                match by_name.get_mut(name) {
                    Some(places) => places.push(place),
                    None => drop(by_name.insert(name.into(), vec![place])),
                }
            }
        }
        Self {
            meters,
            by_name,
            of_any_name,
            by_id,
        }
    }

    /// Finds what the rows of a range of ordinals are to the meters at `places`, of which there is one or more; what was found before is
    /// forgotten. Cost: of sealed rows the columns that the meters look at, of others a decoding of each; a look at its name, and what the meters'
    /// filters take that may match it.
    ///
    /// # Errors
    /// Rows could not be read.
    ///
    /// # Panics
    /// When a place is not in the matcher.
    pub fn find(
        &self,
        snapshot: &Snapshot,
        rows: Range<u32>,
        places: &[usize],
        found: &mut Matches,
    ) -> Result<(), StoreError> {
        found.by_meter.resize_with(self.meters.len(), Vec::new);
        for matches in &mut found.by_meter {
            matches.clear();
        }
        let mut is_wanted = vec![false; self.meters.len()];
        for place in places {
            is_wanted[*place] = true;
        }
        found.rows = rows.clone();
        for handle in snapshot.blocks_from(rows.start) {
            if handle.ordinals().start >= rows.end {
                break;
            }
            let of_block = handle.ordinals();
            let end = rows.end.min(of_block.end);
            let in_block = rows.start.max(of_block.start) - of_block.start..end - of_block.start;
            if self.look_at_columns(snapshot, &handle, in_block, &is_wanted, found)? {
                continue;
            }
            let block = handle.load()?;
            for index in handle.rows_from(rows.start) {
                let row = block.row(index);
                if row.ordinal >= rows.end {
                    break;
                }
                self.look_at(row, &is_wanted, &mut found.by_meter);
            }
        }
        Ok(())
    }

    fn look_at(&self, row: RowRef<'_>, is_wanted: &[bool], found: &mut [Vec<Match>]) {
        let event = Event::decode_judged(row.bytes).expect("rows are decoded before they are kept");
        let said = SystemEvent::of(&event);
        // The meter whose account it changes hears of it, whether it matches or not.
        let own = said.and_then(|said| self.by_id.get(&said.meter()?).copied());
        let named = self.by_name.get(event.name).map_or(&[][..], Vec::as_slice);
        for place in named.iter().chain(&self.of_any_name).copied() {
            if !is_wanted[place] {
                continue;
            }
            if let Some(contribution) = self.meters[place].1.contribution(&event) {
                let said = said.filter(|_| own == Some(place));
                found[place].push(Match::new(row, event.source, Some(contribution), said));
            }
        }
        if let Some(place) = own.filter(|place| is_wanted[*place])
            && found[place]
                .last()
                .is_none_or(|last| last.ordinal != row.ordinal)
        {
            found[place].push(Match::new(row, event.source, None, said));
        }
    }
}

impl Matches {
    /// The rows that were looked at.
    pub fn rows(&self) -> Range<u32> {
        self.rows.clone()
    }

    /// What was found for the meter at a place, in the order of the rows.
    pub(crate) fn of(&mut self, place: usize) -> &mut Vec<Match> {
        &mut self.by_meter[place]
    }
}

impl Match {
    fn new(
        row: RowRef<'_>,
        source: Source,
        contribution: Option<Contribution>,
        own: Option<SystemEvent>,
    ) -> Self {
        Self {
            ordinal: row.ordinal,
            identity: row.identity,
            received_at: row.received_at,
            timestamp: row.timestamp,
            source,
            contribution,
            own: own.map(Box::new),
        }
    }
}

#[cfg(test)]
mod tests;
