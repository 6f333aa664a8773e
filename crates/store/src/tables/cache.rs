//! Blocks that were read, kept for a while, bounded by bytes.
//!
//! Second chance: the blocks stand in a queue; one that was asked for since it was put there goes to its end again when its turn
//! comes, any other goes. Long scans pass by the cache, so that they drive nothing out. Several parts with a lock each, so that readers seldom meet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::block::Block;

/// A file (by a number that no other file of the process has), and where in it.
pub(super) type Place = (u64, u64);

const PARTS: usize = 16;
/// What an entry takes beside its bytes, about.
const ENTRY_BYTES: usize = 128;

/// Shared by all sets.
#[derive(Debug)]
pub(crate) struct BlockCache {
    parts: [Mutex<Part>; PARTS],
    part_bytes_max: usize,
    file_number_next: AtomicU64,
}

#[derive(Debug, Default)]
struct Part {
    blocks: HashMap<Place, Kept, PlaceHasher>,
    queue: VecDeque<Place>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    content: Block,
    is_used: bool,
}

/// Places are no secret and nobody chooses them, so that a multiplication is enough.
#[derive(Debug, Clone, Copy, Default)]
struct PlaceHasher;

#[derive(Debug, Clone, Copy)]
struct PlaceHash(u64);

impl std::hash::BuildHasher for PlaceHasher {
    type Hasher = PlaceHash;

    fn build_hasher(&self) -> PlaceHash {
        PlaceHash(0)
    }
}

impl std::hash::Hasher for PlaceHash {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl BlockCache {
    /// Keeps up to so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            parts: Default::default(),
            part_bytes_max: bytes_max / PARTS,
            file_number_next: AtomicU64::new(0),
        }
    }

    /// A number for a file that no other one has.
    pub(super) fn take_file_number(&self) -> u64 {
        self.file_number_next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn get(&self, place: Place) -> Option<Block> {
        let mut part = self.part(place).lock();
        let block = part.blocks.get_mut(&place)?;
        block.is_used = true;
        Some(block.content.clone())
    }

    pub(super) fn put(&self, place: Place, content: &Block) {
        let bytes = content.len() + ENTRY_BYTES;
        if bytes > self.part_bytes_max {
            return;
        }
        let mut dropped = Vec::new();
        let mut part = self.part(place).lock();
        if part.blocks.contains_key(&place) {
            return;
        }
        part.make_room(self.part_bytes_max - bytes, &mut dropped);
        let block = Kept {
            content: content.clone(),
            is_used: false,
        };
        part.blocks.insert(place, block);
        part.queue.push_back(place);
        part.bytes += bytes;
        drop(part);
        // Freed without the lock.
        drop(dropped);
    }

    fn part(&self, (file, offset): Place) -> &Mutex<Part> {
        let hash = (file.rotate_left(40) ^ offset).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = usize::try_from(hash >> 60).expect("four bits");
        self.parts.get(index).expect("there are 16 parts")
    }
}

impl Part {
    fn make_room(&mut self, bytes_max: usize, dropped: &mut Vec<Kept>) {
        while self.bytes > bytes_max {
            let Some(place) = self.queue.pop_front() else {
                return;
            };
            let Some(block) = self.blocks.get_mut(&place) else {
                continue;
            };
            if std::mem::take(&mut block.is_used) {
                self.queue.push_back(place);
            } else if let Some(block) = self.blocks.remove(&place) {
                self.bytes -= block.content.len() + ENTRY_BYTES;
                dropped.push(block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::BlockWriter;
    use super::*;

    fn block_of(bytes: usize) -> Block {
        let mut writer = BlockWriter::default();
        writer.push(1, &vec![1; bytes]);
        Block::new(writer.finish(0).to_vec().into(), 0).expect("as it was written")
    }

    #[test]
    fn what_is_asked_for_stays_and_the_bytes_are_bounded() {
        let cache = BlockCache::new(PARTS * 20 * (4096 + ENTRY_BYTES));
        let block = block_of(4096);
        let hot = (7, 0);
        cache.put(hot, &block);
        for offset in 0..10_000 {
            cache.put((8, offset * 4096), &block);
            assert!(cache.get(hot).is_some(), "{offset}");
        }
        let parts = cache.parts.iter().map(|part| part.lock().blocks.len());
        let blocks: usize = parts.sum();
        assert!((PARTS * 10..=PARTS * 20).contains(&blocks), "{blocks}");
        // Larger than all there is room for: not kept, and nothing is driven out for it.
        cache.put((9, 0), &block_of(1 << 20));
        assert!(cache.get((9, 0)).is_none() && cache.get(hot).is_some());
    }
}
