//! Snapshots: an organization's events at one moment, for readers.

use std::sync::Arc;

use domain::{Identity, OwnedIdentity, Source, Timestamp};

use super::NO_ROW;
use super::block::{Block, RowRef};
use super::handle::{BlockHandle, Row};
use super::identities::IdentityHasher;
use super::organization::Tail;
use super::view::View;
use crate::error::StoreError;
use crate::keys::table_hash;
use crate::sealed::{SealedGroup, SealedRows};
use crate::segment::Group;

mod posted;

pub use posted::{PostedPart, Postings};

/// The events of one organization at one moment, in the order of their acceptance. Clones are cheap.
///
/// Holds the memory of its blocks for as long as it lives. Nothing here waits for the writer, but for the look-ups of keys and
/// identities, which wait for microseconds at most. Sealed rows are read from disk, a few thousand at once, and kept in a cache for a
/// while.
#[derive(Debug, Clone)]
pub struct Snapshot {
    tail: Arc<Tail>,
    hasher: IdentityHasher,
    /// The rows before those of the view.
    sealed: Arc<SealedRows>,
    view: View,
    identities: u32,
}

impl Snapshot {
    pub(crate) fn new(tail: Arc<Tail>, hasher: IdentityHasher) -> Self {
        let (sealed, view, identities) = {
            let published = tail.published.read();
            let sealed = Arc::clone(&published.sealed);
            (sealed, published.view.clone(), published.identities)
        };
        Self {
            tail,
            hasher,
            sealed,
            view,
            identities,
        }
    }

    /// How many events there are; their ordinals are those below it.
    pub fn rows(&self) -> u32 {
        self.view.rows()
    }

    /// The blocks that hold rows from `ordinal` on, in order. The first may begin before it.
    pub fn blocks_from(&self, ordinal: u32) -> impl Iterator<Item = BlockHandle> {
        let sealed = (self.sealed.groups_from(ordinal))
            .map(|group| BlockHandle::sealed(group, Arc::clone(&self.tail)));
        let in_memory = self
            .view
            .blocks_from(ordinal)
            .map(|block| BlockHandle::in_memory(Arc::clone(block)));
        sealed.chain(in_memory)
    }

    /// A row; `None` when there is none of that ordinal. Costs a binary search among the blocks, and for a sealed one the loading of
    /// a page, a fraction of a millisecond, unless it was read lately.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn row(&self, ordinal: u32) -> Result<Option<Row>, StoreError> {
        if let Some((block, index)) = self.view.find(ordinal) {
            return Ok(Some(Row::new(Arc::clone(block), index)));
        }
        let Some(group) = self.sealed.find(ordinal) else {
            return Ok(None);
        };
        self.sealed_row(&group, ordinal).map(Some)
    }

    fn sealed_row(&self, group: &SealedGroup, ordinal: u32) -> Result<Row, StoreError> {
        let block = group.load_around(ordinal, &*self.tail, self.tail.cache())?;
        let index = (ordinal - block.ordinal_first()) as usize;
        Ok(Row::new(block, index))
    }

    /// The ordinal of the event with this sequence number, if it is one of the organization's.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn ordinal_of_sequence(&self, sequence: u64) -> Result<Option<u32>, StoreError> {
        let ordinal = self.least_ordinal(
            |row| row.sequence < sequence,
            |group| group.sequences.0 < sequence,
            |group| group.sequences.1 < sequence,
        )?;
        let row = self.row(ordinal)?;
        Ok(row
            .filter(|row| row.get().sequence == sequence)
            .map(|row| row.get().ordinal))
    }

    /// The ordinal of the first event that was received at `at` or later; [`Self::rows`] when none was.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn first_received_from(&self, at: Timestamp) -> Result<u32, StoreError> {
        self.least_ordinal(
            |row| row.received_at < at,
            |group| group.received_at.0 < at,
            |group| group.received_at.1 < at,
        )
    }

    /// The least ordinal of a row that does not satisfy `is_before`, which holds for all rows before some ordinal and for none from
    /// there on; said for a row, and for the first and the last row of a row group.
    fn least_ordinal(
        &self,
        is_before: impl Fn(RowRef<'_>) -> bool,
        is_first_before: impl Fn(&Group) -> bool,
        is_last_before: impl Fn(&Group) -> bool,
    ) -> Result<u32, StoreError> {
        let in_view = self
            .view
            .partition_point(|block, row| is_before(block.row(row)));
        if in_view > self.sealed.rows() {
            return Ok(in_view);
        }
        // No row in memory is before; the last group that begins before has the place, or ends where it is.
        let Some(group) = self.sealed.last_group_beginning_before(is_first_before) else {
            return Ok(0);
        };
        if is_last_before(group.group()) {
            return Ok(group.ordinals().end);
        }
        // Its first row is before and its last is not. A few pages are looked into.
        let (mut low, mut high) = (group.ordinals().start, group.ordinals().end - 1);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if is_before(self.sealed_row(&group, middle)?.get()) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(high)
    }

    /// The ordinal of the event of this source with this key. `hash` is [`crate::KeyHasher::hash`] of them.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn ordinal_of_key(
        &self,
        hash: u128,
        source: Source,
        external_id: &str,
    ) -> Result<Option<u32>, StoreError> {
        let in_memory = {
            let keys = self.tail.keys.read();
            keys.find(table_hash(hash), |ordinal| {
                // A newer row than this snapshot's is not found, or not even durable.
                self.view.row(ordinal).is_some_and(|row| {
                    let event = row.event();
                    event.source == source && event.external_id == Some(external_id)
                })
            })
        };
        if in_memory.is_some() {
            return Ok(in_memory);
        }
        // Asked after the index: a seal adds keys to the runs before it takes them from the index.
        let sealed = self.tail.shared().key_runs().find(hash)?;
        Ok(sealed.filter(|ordinal| *ordinal < self.rows()))
    }

    /// How many different identities the events have; their numbers are those below it, in the order of their first event.
    pub fn identities_count(&self) -> u32 {
        self.identities
    }

    /// The number of an identity; `None` when no event has it.
    pub fn identity_index(&self, identity: Identity<'_>) -> Option<u32> {
        let hash = self.hasher.hash(identity);
        let number = self.tail.identities.read().find(hash, identity);
        number.filter(|number| *number < self.identities)
    }

    /// The identity of this number; `None` when there is none.
    pub fn identity(&self, index: u32) -> Option<OwnedIdentity> {
        if index >= self.identities {
            return None;
        }
        self.tail.identities.read().get(index)
    }

    /// The ordinals of an identity's events, ascending. Cost: for each in memory a binary search among the blocks, and for each segment a
    /// small read.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn ordinals_of_identity(&self, index: u32) -> Result<Vec<u32>, StoreError> {
        let mut rows = self.rows_of_identity(index);
        let mut in_memory = Vec::new();
        while let Some(row) = rows.next_in_memory() {
            in_memory.push(row.get().ordinal);
        }
        let mut ordinals = Vec::new();
        for part in rows.sealed.parts().iter().take(rows.parts_left) {
            if index < part.identities_end {
                ordinals.extend(part.rows_of_identity(index)?);
            }
        }
        // They may have been sealed since, and then not be this snapshot's.
        ordinals.retain(|ordinal| *ordinal < self.rows());
        ordinals.extend(in_memory.iter().rev());
        Ok(ordinals)
    }

    /// An identity's events, the newest first. Each in memory costs a binary search among the blocks; of the sealed ones, each
    /// segment costs a small read, and each event the loading of its page, unless it was read lately.
    pub fn rows_of_identity(&self, index: u32) -> IdentityRows {
        let (sealed, view, newest) = {
            let published = self.tail.published.read();
            let newest = published
                .newest
                .get(index as usize)
                .copied()
                .unwrap_or(NO_ROW);
            let sealed = Arc::clone(&published.sealed);
            (sealed, published.view.clone(), newest)
        };
        IdentityRows {
            parts_left: if index < self.identities {
                sealed.parts().len()
            } else {
                0
            },
            tail: Arc::clone(&self.tail),
            identity: index,
            sealed,
            view,
            next: newest,
            ordinals: Vec::new(),
            loaded: None,
            // The chain begins at the newest row of all, which may be newer than this snapshot.
            rows: self.rows(),
        }
    }
}

/// One identity's events, the newest first. Ends after an error.
#[derive(Debug, Clone)]
pub struct IdentityRows {
    tail: Arc<Tail>,
    identity: u32,
    sealed: Arc<SealedRows>,
    view: View,
    /// The next row of the chain in memory; one that is not in the view ends it.
    next: u32,
    /// How many of the sealed parts, from the first, have not been asked.
    parts_left: usize,
    /// Rows of the last part that was asked, ascending.
    ordinals: Vec<u32>,
    /// The block of the last sealed row.
    loaded: Option<Arc<Block>>,
    /// Rows from this ordinal on are not the snapshot's.
    rows: u32,
}

impl IdentityRows {
    fn next_in_memory(&mut self) -> Option<Row> {
        while self.next != NO_ROW {
            let ordinal = self.next;
            let Some((block, index)) = self.view.find(ordinal) else {
                // It is sealed, and so is all before it.
                self.next = NO_ROW;
                break;
            };
            self.next = block.previous(index);
            if ordinal < self.rows {
                return Some(Row::new(Arc::clone(block), index));
            }
        }
        None
    }

    fn next_sealed(&mut self) -> Result<Option<Row>, StoreError> {
        loop {
            if let Some(ordinal) = self.ordinals.pop() {
                if ordinal < self.rows {
                    return self.load(ordinal).map(Some);
                }
                continue;
            }
            let Some(last) = self.parts_left.checked_sub(1) else {
                return Ok(None);
            };
            self.parts_left = last;
            let Some(part) = self.sealed.parts().get(last) else {
                return Ok(None);
            };
            if self.identity >= part.identities_end {
                // It was not known then, and not before.
                self.parts_left = 0;
            } else {
                self.ordinals = part.rows_of_identity(self.identity)?;
            }
        }
    }

    fn load(&mut self, ordinal: u32) -> Result<Row, StoreError> {
        let block = match self.loaded.take() {
            Some(block) if block.ordinals().contains(&ordinal) => block,
            _ => {
                let group = self.sealed.find(ordinal).expect("a part is in the list");
                group.load_around(ordinal, &*self.tail, self.tail.cache())?
            }
        };
        self.loaded = Some(Arc::clone(&block));
        let index = (ordinal - block.ordinal_first()) as usize;
        Ok(Row::new(block, index))
    }
}

impl Iterator for IdentityRows {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.next_in_memory() {
            return Some(Ok(row));
        }
        let row = self.next_sealed();
        if row.is_err() {
            (self.parts_left, self.ordinals) = (0, Vec::new());
        }
        row.transpose()
    }
}
