//! What is published of an organization at one moment: its blocks, in two lists.
//!
//! Blocks that are full are never touched again; their list grows by one now and then. The others, at most about 60,
//! are the recent ones, whose list is made anew at each commit. Both are shared by pointer with every snapshot.
//!
//! Joining: 16 blocks of similar weight at the end, or fewer that make a full one, become one. So a row is copied about
//! once per factor of 16 until its block is full, and no copy is of more than two full blocks.

use std::sync::Arc;

use super::block::{Block, RowRef};
use crate::limits::{BLOCK_WEIGHT_FULL, BLOCKS_JOINED};

/// The published blocks. Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// Older blocks.
    full: Arc<Vec<Arc<Block>>>,
    /// The blocks after them.
    recent: Arc<Vec<Arc<Block>>>,
    /// How many rows all blocks have.
    rows: u32,
}

impl View {
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Adds a block at the end.
    pub(super) fn push(&mut self, block: Arc<Block>) {
        self.rows = block.ordinals().end;
        let mut recent = Vec::with_capacity(self.recent.len() + 1);
        recent.extend(self.recent.iter().cloned());
        recent.push(block);
        self.recent = Arc::new(recent);
    }

    /// Joins blocks at the end, where there are enough of similar weight, and puts away full ones. Returns whether it
    /// changed anything. Rows and ordinals stay.
    pub(super) fn tidy(&mut self) -> bool {
        let put_away = self.put_away_full();
        if !self.join_recent() {
            return put_away;
        }
        self.put_away_full();
        true
    }

    /// Joins the longest run of blocks at the end that are not of a higher level than the last, while it is long enough.
    fn join_recent(&mut self) -> bool {
        let mut recent = Vec::new();
        loop {
            let now = if recent.is_empty() {
                &*self.recent
            } else {
                &recent
            };
            let Some(last) = now.last() else { break };
            let level_last = level(last);
            let run = now
                .iter()
                .rev()
                .take_while(|block| level(block) <= level_last)
                .count();
            let (before, run) = now.split_at(now.len() - run);
            let weight: usize = run.iter().map(|block| block.weight()).sum();
            if run.len() < BLOCKS_JOINED && (run.len() < 2 || weight < BLOCK_WEIGHT_FULL) {
                break;
            }
            let joined = Arc::new(Block::join(run));
            recent = before.iter().cloned().chain([joined]).collect();
        }
        let changed = !recent.is_empty();
        if changed {
            self.recent = Arc::new(recent);
        }
        changed
    }

    /// Moves a full block to the full ones, with the smaller ones before it joined to one.
    fn put_away_full(&mut self) -> bool {
        let is_full = |block: &Arc<Block>| block.weight() >= BLOCK_WEIGHT_FULL;
        let Some(index) = self.recent.iter().rposition(is_full) else {
            return false;
        };
        let (before, rest) = self.recent.split_at(index);
        let mut full = Vec::with_capacity(self.full.len() + 2);
        full.extend(self.full.iter().cloned());
        match before {
            [] => {}
            [single] => full.push(Arc::clone(single)),
            several => full.push(Arc::new(Block::join(several))),
        }
        full.extend(rest.first().cloned());
        let recent = rest.iter().skip(1).cloned().collect();
        self.full = Arc::new(full);
        self.recent = Arc::new(recent);
        true
    }

    /// The blocks that hold rows from `ordinal` on.
    pub(crate) fn blocks_from(&self, ordinal: u32) -> impl Iterator<Item = &Arc<Block>> {
        let is_before = |block: &Arc<Block>| block.ordinals().end <= ordinal;
        let full = self.full.partition_point(is_before);
        let recent = self.recent.partition_point(is_before);
        self.full
            .iter()
            .skip(full)
            .chain(self.recent.iter().skip(recent))
    }

    /// The block that holds the row, and the row's index in it; `None` when there is no such row.
    pub(crate) fn find(&self, ordinal: u32) -> Option<(&Arc<Block>, usize)> {
        let block = self.blocks_from(ordinal).next()?;
        Some((block, (ordinal - block.ordinal_first()) as usize))
    }

    pub(crate) fn row(&self, ordinal: u32) -> Option<RowRef<'_>> {
        let (block, index) = self.find(ordinal)?;
        Some(block.row(index))
    }

    /// The least ordinal whose row does not satisfy `is_before`, which holds for all rows before some ordinal and for none
    /// from there on.
    pub(crate) fn partition_point(&self, is_before: impl Fn(&Block, usize) -> bool) -> u32 {
        let begins_before = |block: &Arc<Block>| is_before(block, 0);
        let mut blocks = [&self.recent, &self.full].into_iter();
        let block = blocks
            .find_map(|blocks| blocks.get(blocks.partition_point(begins_before).checked_sub(1)?));
        let Some(block) = block else { return 0 };
        let (mut low, mut high) = (0, block.len());
        while low < high {
            let middle = low.midpoint(high);
            if is_before(block, middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        block.ordinal_first() + u32::try_from(low).expect("ordinals have 32 bits")
    }
}

/// The power of 16 that a block's weight has reached.
fn level(block: &Arc<Block>) -> u32 {
    block.weight().max(1).ilog2() / BLOCKS_JOINED.ilog2()
}

#[cfg(test)]
mod tests;
