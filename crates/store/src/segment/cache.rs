//! Decoded row groups that are kept for a while, bounded by bytes.
//!
//! A block is kept on probation first, in the order of arrival, within a quarter of the bytes; only one that is asked for again
//! while it is there is kept for longer. So a look at the whole history passes through the quarter and does not drive out
//! what is in use.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::tail::Block;

/// A segment's number, a row group's in it, and the first and the last row in that.
pub(super) type Place = (u64, u32, u32, u32);

/// Shared by all readers.
#[derive(Debug)]
pub(crate) struct BlockCache {
    state: Mutex<State>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    blocks: BTreeMap<Place, Entry>,
    probation: Queue,
    kept: Queue,
}

#[derive(Debug)]
struct Entry {
    block: Arc<Block>,
    is_kept: bool,
    /// Whether it was asked for since it was last passed over.
    is_used: bool,
}

#[derive(Debug, Default)]
struct Queue {
    places: VecDeque<Place>,
    bytes: usize,
}

impl BlockCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            bytes_max,
        }
    }

    pub(super) fn get(&self, place: Place) -> Option<Arc<Block>> {
        let mut state = self.state.lock();
        let entry = state.blocks.get_mut(&place)?;
        entry.is_used = true;
        Some(Arc::clone(&entry.block))
    }

    pub(super) fn put(&self, place: Place, block: &Arc<Block>) {
        let bytes = block.memory_bytes();
        let dropped = {
            let state = &mut *self.state.lock();
            if state.blocks.contains_key(&place) {
                return;
            }
            let entry = Entry {
                block: Arc::clone(block),
                is_kept: false,
                is_used: false,
            };
            state.blocks.insert(place, entry);
            state.probation.places.push_back(place);
            state.probation.bytes += bytes;
            state.make_room(self.bytes_max)
        };
        // Freed without the lock.
        drop(dropped);
    }
}

impl State {
    /// Takes out what passes the bound.
    fn make_room(&mut self, bytes_max: usize) -> Vec<Arc<Block>> {
        let mut dropped = Vec::new();
        while self.probation.bytes > bytes_max / 4 {
            let Some(place) = self.probation.places.pop_front() else {
                break;
            };
            let Some(entry) = self.blocks.get_mut(&place) else {
                continue;
            };
            let bytes = entry.block.memory_bytes();
            self.probation.bytes -= bytes;
            if entry.is_used {
                (entry.is_kept, entry.is_used) = (true, false);
                self.kept.places.push_back(place);
                self.kept.bytes += bytes;
            } else {
                dropped.extend(self.blocks.remove(&place).map(|entry| entry.block));
            }
        }
        while self.kept.bytes > bytes_max - bytes_max / 4 {
            let Some(place) = self.kept.places.pop_front() else {
                break;
            };
            let Some(entry) = self.blocks.get_mut(&place) else {
                continue;
            };
            if std::mem::take(&mut entry.is_used) {
                self.kept.places.push_back(place);
            } else {
                self.kept.bytes -= entry.block.memory_bytes();
                dropped.extend(self.blocks.remove(&place).map(|entry| entry.block));
            }
        }
        dropped
    }
}
