//! Blocks and rows as readers get them: known by their ranges, loaded when their rows are looked at.

use std::ops::Range;
use std::sync::Arc;

use domain::Timestamp;

use super::block::{Block, RowRef};
use crate::error::StoreError;

/// A block whose rows may have to be read from disk first. Clones are cheap.
#[derive(Debug, Clone)]
pub struct BlockHandle {
    block: Arc<Block>,
}

impl BlockHandle {
    pub(crate) fn in_memory(block: Arc<Block>) -> Self {
        Self { block }
    }

    /// The ordinals of its rows; never empty.
    pub fn ordinals(&self) -> Range<u32> {
        self.block.ordinals()
    }

    /// The least and the greatest event time.
    pub fn time_span(&self) -> (Timestamp, Timestamp) {
        self.block.time_span()
    }

    /// The indexes in the block of the rows from `ordinal` on.
    pub fn rows_from(&self, ordinal: u32) -> Range<usize> {
        let ordinals = self.ordinals();
        let first = ordinal.clamp(ordinals.start, ordinals.end);
        (first - ordinals.start) as usize..(ordinals.end - ordinals.start) as usize
    }

    /// Its rows. Costs nothing when they are in memory.
    ///
    /// # Errors
    /// `Damaged`: the bytes on disk are not what was written. `Io`: what the system refused.
    pub fn load(&self) -> Result<Arc<Block>, StoreError> {
        Ok(Arc::clone(&self.block))
    }
}

/// One row, with the block that keeps it in memory. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Row {
    block: Arc<Block>,
    index: usize,
}

impl Row {
    pub(crate) fn new(block: Arc<Block>, index: usize) -> Self {
        Self { block, index }
    }

    /// The row.
    pub fn get(&self) -> RowRef<'_> {
        self.block.row(self.index)
    }
}
