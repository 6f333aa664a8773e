//! Rows that wait for their frame to be durable, already in the form of the blocks that they will be.
//!
//! The rows of a large request are a block of their own, whose memory is the request's: nothing is copied. Those of small ones
//! are gathered in one.

use domain::{Event, Timestamp};
use parking_lot::RwLock;

use super::block::{Block, Columns};
use crate::keys::HashIndex;
use crate::limits::{BLOCK_BYTES_PER_WEIGHT, BLOCK_WEIGHT_SETTLED, ROWS_PER_LOCK};
use crate::writer::Prepared;

/// The rows of one organization in one group.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: Rows,
    /// The entries that they added to the index of keys: hash and ordinal.
    keys: Vec<(u64, u32)>,
    /// How many identities there are, those of these rows included. Known when the group is complete.
    pub(super) identities: u32,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    drafts: Vec<Draft>,
    count: u32,
}

/// A block to be. Has rows, but for one that was just made.
#[derive(Debug)]
pub(super) struct Draft {
    bytes: Vec<u8>,
    columns: Columns,
}

impl Waiting {
    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        self.rows.count
    }

    /// A row, by its place among these.
    pub(super) fn event(&self, place: u32) -> Option<Event<'_>> {
        self.rows.event(place)
    }

    /// The rows, to look into, and the entries in the index of keys, to add to.
    pub(super) fn rows_and_keys(&mut self) -> (&Rows, &mut Vec<(u64, u32)>) {
        (&self.rows, &mut self.keys)
    }

    /// Takes the entries from number `from` on out of the index of keys.
    pub(super) fn forget_keys(&mut self, from: usize, index: &RwLock<HashIndex>) {
        let keys = self.keys.split_off(from);
        for keys in keys.chunks(ROWS_PER_LOCK) {
            let mut index = index.write();
            for (hash, ordinal) in keys {
                index.remove(*hash, *ordinal);
            }
        }
    }

    /// Adds rows, of which there is one at least.
    pub(super) fn push(&mut self, rows: Draft) {
        let Rows { drafts, count } = &mut self.rows;
        *count += rows.len();
        match drafts.last_mut() {
            Some(last) if !last.is_settled() && !rows.is_settled() => last.append(&rows),
            _ => drafts.push(rows),
        }
    }

    /// The last rows, which were pushed together: where the first begins, where each ends, and their bytes.
    pub(super) fn newest(&self, count: u32) -> (u32, &[u32], &[u8]) {
        let last = self.rows.drafts.last();
        last.map_or((0, &[], &[]), |last| {
            last.since((last.len() - count) as usize)
        })
    }

    /// Whether they make a settled block.
    pub(super) fn is_block(&self) -> bool {
        self.rows.drafts.iter().any(Draft::is_settled)
    }

    /// The blocks to be, in order.
    pub(super) fn into_drafts(self) -> Vec<Draft> {
        self.rows.drafts
    }
}

impl Rows {
    /// A row, by its place among all.
    pub(super) fn event(&self, place: u32) -> Option<Event<'_>> {
        let mut place = place;
        for draft in &self.drafts {
            match place.checked_sub(draft.len()) {
                Some(rest) => place = rest,
                None => return draft.event(place as usize),
            }
        }
        None
    }
}

impl Draft {
    /// The rows of a request, but for those that repeat others.
    pub(super) fn new(
        request: Prepared,
        repeats: &[usize],
        sequence: u64,
        received_at: Timestamp,
    ) -> Self {
        let (bytes, ends, timestamps, identities) = if repeats.is_empty() {
            (
                request.bytes,
                request.ends,
                request.timestamps,
                request.identities,
            )
        } else {
            without(&request, repeats)
        };
        let rows = ends.len();
        Self {
            bytes,
            columns: Columns {
                ends,
                sequences: (sequence..sequence + rows as u64).collect(),
                received_at: vec![received_at; rows],
                timestamps,
                identities,
            },
        }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.columns.ends.len()).expect("a request is far below 2^32 events")
    }

    /// Whether it makes a block that is never copied.
    fn is_settled(&self) -> bool {
        let weight = self.bytes.len() / BLOCK_BYTES_PER_WEIGHT;
        self.columns.ends.len().max(weight) >= BLOCK_WEIGHT_SETTLED
    }

    fn append(&mut self, rows: &Self) {
        let start = u32::try_from(self.bytes.len()).expect("it is small");
        self.bytes.extend_from_slice(&rows.bytes);
        self.columns.extend(start, &rows.columns);
    }

    /// The rows from index `from` on: where the first begins, where each ends, and their bytes.
    fn since(&self, from: usize) -> (u32, &[u32], &[u8]) {
        let (before, ends) = self.columns.ends.split_at(from);
        let start = before.last().copied().unwrap_or(0);
        let bytes = self.bytes.get(start as usize..).unwrap_or_default();
        (start, ends, bytes)
    }

    fn event(&self, index: usize) -> Option<Event<'_>> {
        let end = *self.columns.ends.get(index)?;
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => *self.columns.ends.get(before)?,
        };
        let row = self.bytes.get(start as usize..end as usize)?;
        Some(Event::decode(row).expect("rows are decoded before they are kept"))
    }

    /// The block whose first row has this ordinal. `newest` is the newest row of each identity, before and after.
    pub(super) fn into_block(self, ordinal_first: u32, newest: &mut [u32]) -> Block {
        let Self { mut bytes, columns } = self;
        if bytes.capacity() > bytes.len() + bytes.len() / 4 {
            bytes.shrink_to_fit();
        }
        let chained = |(identity, ordinal): (&u32, u32)| {
            let newest = newest.get_mut(*identity as usize).expect("it is numbered");
            std::mem::replace(newest, ordinal)
        };
        let previous = (columns.identities.iter().zip(ordinal_first..))
            .map(chained)
            .collect();
        Block::new(ordinal_first, bytes, columns, previous)
    }
}

/// Bytes, ends, times and identities of the rows of a request but for some, whose indexes rise.
fn without(request: &Prepared, repeats: &[usize]) -> (Vec<u8>, Vec<u32>, Vec<Timestamp>, Vec<u32>) {
    let mut repeats = repeats.iter().copied().peekable();
    let is_kept = |row: &usize| repeats.next_if_eq(row).is_none();
    let kept: Vec<usize> = (0..request.events()).filter(is_kept).collect();
    let bytes = kept.iter().map(|row| request.row(*row).len()).sum();
    let (mut bytes, mut ends) = (Vec::with_capacity(bytes), Vec::with_capacity(kept.len()));
    for row in &kept {
        bytes.extend_from_slice(request.row(*row));
        ends.push(u32::try_from(bytes.len()).expect("a request is far below 4 GiB"));
    }
    (
        bytes,
        ends,
        pick(&request.timestamps, &kept),
        pick(&request.identities, &kept),
    )
}

/// The entries of a column at some indexes.
fn pick<T: Copy>(column: &[T], indexes: &[usize]) -> Vec<T> {
    indexes
        .iter()
        .map(|index| *column.get(*index).expect("one a row"))
        .collect()
}
