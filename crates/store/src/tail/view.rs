//! What is published of an organization at one moment: its blocks, in a list of two levels.
//!
//! A block that is heavy enough is settled: it is never copied again. Settled blocks are put away in chunks, whose list grows by one
//! now and then. What is not put away, at most about 100 blocks, is the recent list, which is made anew at each commit. All
//! lists are shared by pointer with every snapshot.
//!
//! Joining: 16 light blocks of similar weight at the end, or fewer that make a settled one, become one. So a row is copied about once
//! per factor of 16 until its block is settled; a row of a large group never is.

use std::sync::Arc;

use super::block::{Block, RowRef};
use crate::limits::{BLOCK_WEIGHT_SETTLED, BLOCKS_JOINED, BLOCKS_PER_CHUNK};

/// Settled blocks that follow each other; not empty.
type Chunk = Arc<Vec<Arc<Block>>>;

/// The published blocks. Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// Older blocks.
    chunks: Arc<Vec<Chunk>>,
    /// The blocks after them.
    recent: Arc<Vec<Arc<Block>>>,
    /// How many of the recent blocks, from the first, are settled.
    settled: usize,
    /// How many rows all blocks have.
    rows: u32,
}

impl View {
    /// Without blocks; the first will begin with this ordinal.
    pub(crate) fn starting_at(ordinal: u32) -> Self {
        Self {
            rows: ordinal,
            ..Self::default()
        }
    }

    /// The ordinal behind the last row.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// The ordinal of the first row that is here; [`Self::rows`] when none is.
    pub(crate) fn start(&self) -> u32 {
        let first = self.blocks_from(0).next();
        first.map_or(self.rows, |block| block.ordinal_first())
    }

    /// The same without the rows before `ordinal`. Cost: a list of the blocks that stay, and a copy of the rows that stay of a block of
    /// which some go, which is a light one.
    pub(crate) fn without_rows_before(&self, ordinal: u32) -> Self {
        let keep = |list: &[Arc<Block>]| -> Vec<Arc<Block>> {
            let stays = |block: &&Arc<Block>| block.ordinals().end > ordinal;
            let cut = |block: &Arc<Block>| match ordinal.checked_sub(block.ordinal_first()) {
                None | Some(0) => Arc::clone(block),
                Some(from) => Arc::new(block.suffix(from as usize)),
            };
            list.iter().filter(stays).map(cut).collect()
        };
        let chunks = (self.chunks.iter()).map(|chunk| match chunk.first() {
            Some(first) if first.ordinal_first() >= ordinal => Arc::clone(chunk),
            _ => Arc::new(keep(chunk)),
        });
        let recent = keep(&self.recent);
        let gone = self.recent.len() - recent.len();
        Self {
            chunks: Arc::new(chunks.filter(|chunk| !chunk.is_empty()).collect()),
            recent: Arc::new(recent),
            settled: self.settled.saturating_sub(gone),
            rows: self.rows,
        }
    }

    /// Whether nobody else holds its lists.
    pub(crate) fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.chunks) == 1 && Arc::strong_count(&self.recent) == 1
    }

    /// Adds a block at the end.
    pub(super) fn push(&mut self, block: Arc<Block>) {
        self.rows = block.ordinals().end;
        let mut recent = Vec::with_capacity(self.recent.len() + 1);
        recent.extend(self.recent.iter().cloned());
        recent.push(block);
        self.recent = Arc::new(recent);
    }

    /// Joins light blocks at the end where there are enough, and puts settled ones away. Returns whether it changed
    /// anything. Rows and ordinals stay.
    pub(super) fn tidy(&mut self) -> bool {
        let Some((recent, settled)) = joined(&self.recent, self.settled) else {
            return false;
        };
        self.settled = settled;
        if self.settled >= BLOCKS_PER_CHUNK {
            let (chunk, rest) = recent.split_at(self.settled);
            let mut chunks = Vec::with_capacity(self.chunks.len() + 1);
            chunks.extend(self.chunks.iter().cloned());
            chunks.push(Arc::new(chunk.to_vec()));
            self.chunks = Arc::new(chunks);
            self.recent = Arc::new(rest.to_vec());
            self.settled = 0;
        } else {
            self.recent = Arc::new(recent);
        }
        true
    }

    /// The blocks that hold rows from `ordinal` on.
    pub(crate) fn blocks_from(&self, ordinal: u32) -> impl Iterator<Item = &Arc<Block>> {
        let is_before = |block: &Arc<Block>| block.ordinals().end <= ordinal;
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.last().is_none_or(is_before));
        let chunks = self.chunks.get(chunk..).unwrap_or_default();
        let lists = chunks.iter().chain([&self.recent]);
        let in_first = lists
            .clone()
            .next()
            .map_or(0, |list| list.partition_point(is_before));
        lists.flat_map(|list| list.iter()).skip(in_first)
    }

    /// The block that holds the row, and the row's index in it; `None` when it is not here.
    pub(crate) fn find(&self, ordinal: u32) -> Option<(&Arc<Block>, usize)> {
        let block = self.blocks_from(ordinal).next()?;
        let index = ordinal.checked_sub(block.ordinal_first())?;
        Some((block, index as usize))
    }

    pub(crate) fn row(&self, ordinal: u32) -> Option<RowRef<'_>> {
        let (block, index) = self.find(ordinal)?;
        Some(block.row(index))
    }

    /// The least ordinal of a row here that does not satisfy `is_before`, which holds for all rows before some ordinal and for none
    /// from there on.
    pub(crate) fn partition_point(&self, is_before: impl Fn(&Block, usize) -> bool) -> u32 {
        let begins_before = |block: &Arc<Block>| is_before(block, 0);
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.first().is_some_and(begins_before));
        let chunk = chunk.checked_sub(1).and_then(|last| self.chunks.get(last));
        let block = [Some(&self.recent), chunk]
            .into_iter()
            .flatten()
            .find_map(|list| list.get(list.partition_point(begins_before).checked_sub(1)?));
        let Some(block) = block else {
            return self.start();
        };
        let before = block.partition_point(|row| is_before(block, row));
        block.ordinal_first() + u32::try_from(before).expect("ordinals have 32 bits")
    }
}

/// The recent blocks after joining, and how many of them, from the first, are settled then; `None` when there is nothing to join and
/// the last is light.
fn joined(recent: &[Arc<Block>], settled: usize) -> Option<(Vec<Arc<Block>>, usize)> {
    let (settled, light) = recent.split_at_checked(settled)?;
    let mut blocks = settled.to_vec();
    // Light ones before a settled one stay between two settled ones: they will not grow any more.
    let (between, mut light) = match light.iter().rposition(is_settled) {
        None => (Vec::new(), light.to_vec()),
        Some(last) => {
            let (between, light) = light.split_at(last + 1);
            (between.to_vec(), light.to_vec())
        }
    };
    let mut changed = !between.is_empty();
    for run in between.chunk_by(|one, next| !is_settled(one) && !is_settled(next)) {
        blocks.extend(join(run));
    }
    while let Some(last) = light.last().filter(|last| !is_settled(last)) {
        let level_last = level(last);
        // The longest run at the end of blocks that are not of a higher level than the last.
        let run = light
            .iter()
            .rev()
            .take_while(|block| level(block) <= level_last)
            .count();
        let at = light.len() - run;
        let weight: usize = light.iter().skip(at).map(|block| block.weight()).sum();
        if run < BLOCKS_JOINED && (run < 2 || weight < BLOCK_WEIGHT_SETTLED) {
            break;
        }
        let run = light.split_off(at);
        light.extend(join(&run));
        changed = true;
    }
    let mut settled = blocks.len();
    if light.last().is_some_and(is_settled) {
        let last = light.pop();
        blocks.extend(join(&light).into_iter().chain(last));
        settled = blocks.len();
    } else {
        blocks.extend(light);
    }
    changed.then_some((blocks, settled))
}

/// One block of several; none of none.
fn join(blocks: &[Arc<Block>]) -> Option<Arc<Block>> {
    match blocks {
        [] => None,
        [single] => Some(Arc::clone(single)),
        several => Some(Arc::new(Block::join(several))),
    }
}

fn is_settled(block: &Arc<Block>) -> bool {
    block.weight() >= BLOCK_WEIGHT_SETTLED
}

/// The power of 16 that a block's weight has reached.
fn level(block: &Arc<Block>) -> u32 {
    block.weight().max(1).ilog2() / BLOCKS_JOINED.ilog2()
}

#[cfg(test)]
mod tests;
