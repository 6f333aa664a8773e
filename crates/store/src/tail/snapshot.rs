//! Snapshots: an organization's events at one moment, for readers.

use std::ops::Range;
use std::sync::Arc;

use domain::{Identity, OwnedIdentity, Timestamp};

use super::NO_ROW;
use super::block::{Block, RowRef};
use super::identities::IdentityHasher;
use super::organization::Tail;
use super::view::View;
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

    /// The blocks that hold rows from `ordinal` on, each with the range of its rows to look at.
    pub fn blocks_from(&self, ordinal: u32) -> impl Iterator<Item = (&Block, Range<usize>)> {
        self.view.blocks_from(ordinal).map(move |block| {
            let start = ordinal.saturating_sub(block.ordinal_first()) as usize;
            (&**block, start..block.len())
        })
    }

    /// A row; `None` when there is none of that ordinal. Costs a binary search among the blocks.
    pub fn row(&self, ordinal: u32) -> Option<RowRef<'_>> {
        self.view.row(ordinal)
    }

    /// The ordinal of the event with this sequence number, if it is one of the organization's.
    pub fn ordinal_of_sequence(&self, sequence: u64) -> Option<u32> {
        let ordinal = self
            .view
            .partition_point(|block, row| block.row(row).sequence < sequence);
        self.row(ordinal)
            .filter(|row| row.sequence == sequence)
            .map(|row| row.ordinal)
    }

    /// The ordinal of the first event that was received at `at` or later; [`Self::rows`] when none was.
    pub fn first_received_from(&self, at: Timestamp) -> u32 {
        self.view
            .partition_point(|block, row| block.row(row).received_at < at)
    }

    /// The ordinal of the event with this key. `hash` is [`crate::KeyHasher::hash`] of it.
    pub fn ordinal_of_key(&self, hash: u128, external_id: &str) -> Option<u32> {
        let index = self.tail.index.read();
        index.keys.find(table_hash(hash), |ordinal| {
            // A newer row than this snapshot's is not found, or not even durable.
            self.row(ordinal)
                .is_some_and(|row| row.event().external_id == Some(external_id))
        })
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

    /// The ordinals of an identity's events, the newest first. Each costs a binary search among the blocks.
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
        let mut rows = IdentityRows { view, next: newest };
        // The chain begins at the newest row of all, which may be newer than this snapshot.
        while rows.next != NO_ROW && rows.next >= self.rows() {
            rows.next();
        }
        rows
    }
}

/// The ordinals of one identity's events, the newest first.
#[derive(Debug, Clone)]
pub struct IdentityRows {
    view: View,
    next: u32,
}

impl Iterator for IdentityRows {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.next == NO_ROW {
            return None;
        }
        let ordinal = self.next;
        let (block, index) = self
            .view
            .find(ordinal)
            .expect("a chain of rows stays in the tail");
        self.next = block.previous(index);
        Some(ordinal)
    }
}
