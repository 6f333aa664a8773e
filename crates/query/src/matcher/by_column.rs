//! Sealed rows, looked at by column.

use std::ops::Range;

use domain::{Contribution, Source, SystemEvent};
use store::{BlockHandle, Snapshot, StoreError};

use super::{Match, Matcher, Matches};
use crate::columns::{GroupRows, Sink, identity, measure, select, timestamp};

impl Matcher {
    /// Looks at sealed rows of a block, counted from its first. The block's columns are kept for the next rows of it. Returns `false`, and has
    /// done nothing, when the rows are in memory.
    pub(super) fn look_at_columns(
        &self,
        snapshot: &Snapshot,
        handle: &BlockHandle,
        rows: Range<u32>,
        is_wanted: &[bool],
        found: &mut Matches,
    ) -> Result<bool, StoreError> {
        let kept = found.group.take().filter(|group| group.is_of(handle));
        let mut group = match kept {
            Some(group) => group,
            None => match handle.columns()? {
                Some(columns) => GroupRows::new(columns),
                None => return Ok(false),
            },
        };
        let all: Vec<u32> = rows.clone().collect();
        let system = group.by_system(&all)?;
        for (place, rows) in self.candidates(&mut group, &all, is_wanted)? {
            self.match_rows(place, &mut group, rows, &system, &mut found.by_meter[place])?;
        }
        for row in system {
            self.look_at_system_row(snapshot, group.ordinal_first() + row, is_wanted, found)?;
        }
        // What was seen to its end is not needed again.
        found.group = Some(group).filter(|group| (rows.end as usize) < group.len());
        Ok(true)
    }

    /// For each meter that may match some of the rows, which these are.
    fn candidates(
        &self,
        group: &mut GroupRows,
        all: &[u32],
        is_wanted: &[bool],
    ) -> Result<Vec<(usize, Vec<u32>)>, StoreError> {
        let wanted = |places: &[usize]| -> Vec<usize> {
            let places = places.iter().copied();
            places.filter(|place| is_wanted[*place]).collect()
        };
        let mut of_meters: Vec<Vec<u32>> = vec![Vec::new(); self.meters.len()];
        if self
            .by_name
            .values()
            .any(|places| places.iter().any(|place| is_wanted[*place]))
        {
            let names = group.names_of(all)?;
            // By the name's code, looked up when the first row has it.
            let mut of_codes: Vec<Option<Vec<usize>>> = vec![None; names.codes_count()];
            for row in all {
                let code = names.codes()[*row as usize];
                let places = match &mut of_codes[code as usize] {
                    Some(places) => places,
                    empty => {
                        let name = names.text(code)?.unwrap_or_default();
                        let places = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
                        empty.insert(wanted(places))
                    }
                };
                for place in places {
                    of_meters[*place].push(*row);
                }
            }
        }
        for place in wanted(&self.of_any_name) {
            of_meters[place] = all.to_vec();
        }
        let candidates = of_meters.into_iter().enumerate();
        Ok(candidates.filter(|(_, rows)| !rows.is_empty()).collect())
    }

    /// Appends those of the rows that match a meter, in their order.
    fn match_rows(
        &self,
        place: usize,
        group: &mut GroupRows,
        mut rows: Vec<u32>,
        system: &[u32],
        matches: &mut Vec<Match>,
    ) -> Result<(), StoreError> {
        let (_, definition) = &self.meters[place];
        select(group, &definition.filter, &mut rows)?;
        let mut added = Added::default();
        measure(group, &definition.aggregation, &rows, &mut added)?;
        let mut added = added.rows;
        if added.is_empty() {
            return Ok(());
        }
        if !added.is_sorted_by_key(|(row, _)| *row) {
            added.sort_unstable_by_key(|(row, _)| *row);
        }
        let first = group.ordinal_first();
        rows.clear();
        rows.extend(added.iter().map(|(row, _)| *row));
        let times = group.times_of(&rows)?;
        matches.reserve(added.len());
        for (row, contribution) in added {
            let index = row as usize;
            let is_by_system = !system.is_empty() && system.binary_search(&row).is_ok();
            matches.push(Match {
                ordinal: first + row,
                identity: identity(times.identities[index]),
                received_at: timestamp(times.received_at[index]),
                timestamp: timestamp(times.timestamps[index]),
                source: if is_by_system {
                    Source::System
                } else {
                    Source::User
                },
                contribution: Some(contribution),
                own: None,
            });
        }
        Ok(())
    }

    /// The meter whose account a row of the server's changes hears of it, whether it matches or not.
    fn look_at_system_row(
        &self,
        snapshot: &Snapshot,
        ordinal: u32,
        is_wanted: &[bool],
        found: &mut Matches,
    ) -> Result<(), StoreError> {
        let Some(row) = snapshot.row(ordinal)? else {
            return Ok(());
        };
        let (row, event) = (row.get(), row.get().event());
        let Some(said) = SystemEvent::of(&event) else {
            return Ok(());
        };
        let own = said.meter().and_then(|meter| self.by_id.get(&meter));
        let Some(place) = own.copied().filter(|place| is_wanted[*place]) else {
            return Ok(());
        };
        let matches = &mut found.by_meter[place];
        match matches.binary_search_by_key(&ordinal, |known| known.ordinal) {
            Ok(at) => matches[at].own = Some(Box::new(said)),
            Err(at) => matches.insert(at, Match::new(row, event.source, None, Some(said))),
        }
        Ok(())
    }
}

/// What rows add.
#[derive(Debug, Default)]
struct Added {
    rows: Vec<(u32, Contribution)>,
}

impl Sink for Added {
    fn add(&mut self, row: u32, contribution: Contribution) {
        self.rows.push((row, contribution));
    }
}
