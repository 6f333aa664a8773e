//! Snapshots: an organization's events at one moment, for readers.

use std::sync::Arc;

use domain::{Identity, OwnedIdentity, Source, Timestamp};

use super::NO_ROW;
use super::handle::{BlockHandle, Row};
use super::identities::IdentityHasher;
use super::organization::Tail;
use super::view::View;
use crate::error::StoreError;
use crate::keys::table_hash;

/// The events of one organization at one moment, in the order of their acceptance. Clones are cheap.
///
/// Holds the memory of its blocks for as long as it lives. Nothing here waits for the writer, but for the look-ups of keys and
/// identities, which wait for microseconds at most.
#[derive(Debug, Clone)]
pub struct Snapshot {
    tail: Arc<Tail>,
    hasher: IdentityHasher,
    view: View,
    identities: u32,
}

impl Snapshot {
    pub(crate) fn new(tail: Arc<Tail>, hasher: IdentityHasher) -> Self {
        let (view, identities) = {
            let published = tail.published.read();
            (published.view.clone(), published.identities)
        };
        Self {
            tail,
            hasher,
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
        self.view
            .blocks_from(ordinal)
            .map(|block| BlockHandle::in_memory(Arc::clone(block)))
    }

    /// A row; `None` when there is none of that ordinal. Costs a binary search among the blocks.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn row(&self, ordinal: u32) -> Result<Option<Row>, StoreError> {
        let found = self.view.find(ordinal);
        Ok(found.map(|(block, index)| Row::new(Arc::clone(block), index)))
    }

    /// The ordinal of the event with this sequence number, if it is one of the organization's.
    ///
    /// # Errors
    /// As [`BlockHandle::load`].
    pub fn ordinal_of_sequence(&self, sequence: u64) -> Result<Option<u32>, StoreError> {
        let ordinal = self
            .view
            .partition_point(|block, row| block.row(row).sequence < sequence);
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
        Ok(self
            .view
            .partition_point(|block, row| block.row(row).received_at < at))
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
        let index = self.tail.index.read();
        Ok(index.keys.find(table_hash(hash), |ordinal| {
            // A newer row than this snapshot's is not found, or not even durable.
            self.view.row(ordinal).is_some_and(|row| {
                let event = row.event();
                event.source == source && event.external_id == Some(external_id)
            })
        }))
    }

    /// How many different identities the events have; their numbers are those below it, in the order of their first event.
    pub fn identities_count(&self) -> u32 {
        self.identities
    }

    /// The number of an identity; `None` when no event has it.
    pub fn identity_index(&self, identity: Identity<'_>) -> Option<u32> {
        let hash = self.hasher.hash(identity);
        let number = self.tail.index.read().identities.find(hash, identity);
        number.filter(|number| *number < self.identities)
    }

    /// The identity of this number; `None` when there is none.
    pub fn identity(&self, index: u32) -> Option<OwnedIdentity> {
        if index >= self.identities {
            return None;
        }
        self.tail.index.read().identities.get(index)
    }

    /// An identity's events, the newest first. Each costs a binary search among the blocks.
    pub fn rows_of_identity(&self, index: u32) -> IdentityRows {
        let (view, newest) = {
            let published = self.tail.published.read();
            let newest = published
                .newest
                .get(index as usize)
                .copied()
                .unwrap_or(NO_ROW);
            (published.view.clone(), newest)
        };
        IdentityRows {
            view,
            next: newest,
            // The chain begins at the newest row of all, which may be newer than this snapshot.
            rows: self.rows(),
        }
    }
}

/// One identity's events, the newest first.
#[derive(Debug, Clone)]
pub struct IdentityRows {
    view: View,
    next: u32,
    /// Rows from this ordinal on are not the snapshot's.
    rows: u32,
}

impl Iterator for IdentityRows {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next != NO_ROW {
            let ordinal = self.next;
            let (block, index) = self
                .view
                .find(ordinal)
                .expect("a chain of rows stays in the tail");
            self.next = block.previous(index);
            if ordinal < self.rows {
                return Some(Ok(Row::new(Arc::clone(block), index)));
            }
        }
        None
    }
}
