//! Finding a page of a list by looking at rows, in bounded memory.
//!
//! A page near the beginning takes one pass, which keeps as many places as come up to its end. A page further back is approached: a
//! pass counts the events of 4,096 parts of the time, the next one looks only at the part in which the page begins, and so on. Ties
//! are split by their ordinals in the same way, so that this ends whatever the times are.

use domain::Timestamp;
use roaring::RoaringBitmap;
use store::{BlockHandle, RowRef, Snapshot, StoreError};

use super::conditions::Conditions;
use super::live::LiveEvents;
use super::place::{First, PARTS, Place, Span};
use super::posted::Asked;
use super::question::EventDirection;
use crate::columns::{self, GroupRows};

/// How many places are kept at once: 1 MiB. So few in tests that their pages are approached, too.
const KEPT_MAX: u64 = if cfg!(test) { 8 } else { 1 << 16 };

/// The rows that may be in a list, and what they must be.
pub(super) struct Scan<'a, E> {
    pub(super) events: &'a E,
    pub(super) snapshot: &'a Snapshot,
    /// Only rows before this ordinal.
    pub(super) rows: u32,
    pub(super) direction: EventDirection,
    pub(super) candidates: Candidates<'a>,
    pub(super) conditions: &'a Conditions<'a>,
    /// At most so many ancestors.
    pub(super) depth: Option<u8>,
}

/// Where rows are looked for.
pub(super) enum Candidates<'a> {
    /// Everywhere.
    All,
    /// Among those of identities with these numbers.
    Identities(&'a RoaringBitmap),
    /// Among these, by ordinal.
    Rows(&'a [u32]),
}

/// Whether all that match are counted, or only those looked at that are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    Count,
    Find,
}

/// Matches of a span.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// How many there are, when they are counted.
    pub(super) count: u64,
    /// Those asked for, in order.
    pub(super) places: Vec<Place>,
}

impl<E: LiveEvents> Scan<'_, E> {
    /// The matches from the one numbered `skip` on, `want` of them.
    pub(super) fn select(
        &self,
        span: Span,
        skip: u64,
        want: u64,
        effort: Effort,
    ) -> Result<Selected, StoreError> {
        let kept = skip.saturating_add(want);
        if kept <= KEPT_MAX {
            return self.select_near(span, skip, kept, effort);
        }
        let parts = span.parts();
        let mut counts = vec![0_u64; PARTS];
        self.for_each(span, |place| counts[parts.index_of(place)] += 1)?;
        let mut selected = Selected {
            count: counts.iter().sum(),
            places: Vec::new(),
        };
        let mut before = 0;
        for (index, count) in counts.into_iter().enumerate() {
            if before + count <= skip {
                before += count;
                continue;
            }
            let (part, rest) = parts.split(index);
            let skip = skip - before;
            let want_here = want.min(count - skip);
            selected.places = self.select(part, skip, want_here, Effort::Find)?.places;
            if let Some(rest) = rest.filter(|_| want_here < want) {
                let after = self.select(rest, 0, want - want_here, Effort::Find)?;
                selected.places.extend(after.places);
            }
            break;
        }
        Ok(selected)
    }

    fn select_near(
        &self,
        span: Span,
        skip: u64,
        kept: u64,
        effort: Effort,
    ) -> Result<Selected, StoreError> {
        let kept = usize::try_from(kept).expect("few are kept");
        let mut first = First::new(kept);
        let mut count = 0;
        match (&self.candidates, effort) {
            (Candidates::All, Effort::Find) => self.find_first(span, &mut first)?,
            _ => self.for_each(span, |place| {
                count += 1;
                first.offer(place);
            })?,
        }
        let places = first.into_sorted();
        let skip = usize::try_from(skip).expect("few are kept");
        let places = places.get(skip..).unwrap_or_default().to_vec();
        Ok(Selected { count, places })
    }

    /// Fills `first` from the blocks that come first, and looks at no others.
    fn find_first(&self, span: Span, first: &mut First) -> Result<(), StoreError> {
        let mut blocks: Vec<(Place, BlockHandle)> = self
            .blocks(span)
            .map(|block| (self.first_place(&block), block))
            .collect();
        blocks.sort_unstable_by_key(|(place, _)| *place);
        for (place, handle) in blocks {
            if first.is_beyond(place) {
                break;
            }
            let mut found = Vec::new();
            self.look_at_block(
                &handle,
                |place| span.contains(place) && !first.is_beyond(place),
                |place| found.push(place),
            )?;
            for place in found {
                first.offer(place);
            }
        }
        Ok(())
    }

    /// Calls `visit` with the places of the matches of a block, among those that `is_wanted`. Of sealed rows no more is read than the
    /// columns that decide.
    fn look_at_block(
        &self,
        handle: &BlockHandle,
        is_wanted: impl Fn(Place) -> bool,
        mut visit: impl FnMut(Place),
    ) -> Result<(), StoreError> {
        let ordinal_first = handle.ordinals().start;
        let place_of = |at: Timestamp, ordinal: u32| Place::new(self.direction, at, ordinal);
        let is_candidate = |at, ordinal| ordinal < self.rows && is_wanted(place_of(at, ordinal));
        let Some(columns) = handle.columns()? else {
            let block = handle.load()?;
            for (index, at) in block.timestamps().iter().enumerate() {
                let ordinal = ordinal_first + to_u32(index);
                if is_candidate(*at, ordinal) && self.is_match(&block.row(index)) {
                    visit(place_of(*at, ordinal));
                }
            }
            return Ok(());
        };
        let mut group = GroupRows::new(columns);
        let mut rows = group.all();
        let at = |micros: &[i64], row: u32| columns::timestamp(micros[row as usize]);
        let micros = group.timestamps(&rows)?;
        rows.retain(|row| is_candidate(at(micros, *row), ordinal_first + row));
        self.conditions.select(&mut group, &mut rows)?;
        rows.retain(|row| self.is_at_depth(ordinal_first + row));
        if !self.conditions.is_all_in_columns() && !rows.is_empty() {
            let block = handle.load()?;
            rows.retain(|row| self.conditions.hold(&block.row(*row as usize)));
        }
        let micros = group.timestamps(&rows)?;
        for row in rows {
            visit(place_of(at(micros, row), ordinal_first + row));
        }
        Ok(())
    }

    /// No row of the block comes before this place.
    fn first_place(&self, block: &BlockHandle) -> Place {
        let (least, greatest) = block.time_span();
        match self.direction {
            EventDirection::OldestFirst => Place::new(self.direction, least, 0),
            EventDirection::NewestFirst => Place::new(self.direction, greatest, u32::MAX),
        }
    }

    /// Calls `visit` with the place of every match of the span, in no order.
    pub(super) fn for_each(
        &self,
        span: Span,
        mut visit: impl FnMut(Place),
    ) -> Result<(), StoreError> {
        let mut look = |row: &RowRef<'_>| {
            let place = Place::new(self.direction, row.timestamp, row.ordinal);
            if row.ordinal < self.rows && span.contains(place) && self.is_match(row) {
                visit(place);
            }
        };
        match &self.candidates {
            Candidates::All => {
                for handle in self.blocks(span) {
                    self.look_at_block(&handle, |place| span.contains(place), &mut visit)?;
                }
            }
            Candidates::Identities(numbers) => {
                let asked = Asked {
                    snapshot: self.snapshot,
                    rows: self.rows,
                    conditions: self.conditions,
                };
                for number in *numbers {
                    asked.each_candidate(number, |row| look(row))?;
                }
            }
            Candidates::Rows(ordinals) => {
                for ordinal in *ordinals {
                    if let Some(row) = self.snapshot.row(*ordinal)? {
                        look(&row.get());
                    }
                }
            }
        }
        Ok(())
    }

    /// The blocks that may have rows in the span.
    fn blocks(&self, span: Span) -> impl Iterator<Item = BlockHandle> {
        let (from, until) = span.micros(self.direction);
        let rows = self.rows;
        self.snapshot
            .blocks_from(0)
            .take_while(move |block| block.ordinals().start < rows)
            .filter(move |block| {
                let (least, greatest) = block.time_span();
                least.micros() <= until && greatest.micros() >= from
            })
    }

    fn is_match(&self, row: &RowRef<'_>) -> bool {
        self.conditions.hold(row) && self.is_at_depth(row.ordinal)
    }

    fn is_at_depth(&self, ordinal: u32) -> bool {
        self.depth.is_none_or(|depth| {
            self.events
                .index(|index| index.links().is_depth_at_most(ordinal, depth))
        })
    }
}

fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("ordinals have 32 bits")
}
