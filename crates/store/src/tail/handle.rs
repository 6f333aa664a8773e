//! Blocks and rows as readers get them: known by their ranges, loaded when their rows are looked at.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use domain::Timestamp;

use super::block::{Block, RowRef};
use super::organization::Tail;
use crate::error::StoreError;
use crate::sealed::SealedGroup;
use crate::segment::{GroupColumns, Wanted};

/// A block whose rows may have to be read from disk first. Clones are cheap.
#[derive(Clone)]
pub struct BlockHandle {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(Arc<Block>),
    Sealed(SealedGroup, Arc<Tail>),
}

impl fmt::Debug for BlockHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockHandle")
            .field("ordinals", &self.ordinals())
            .finish_non_exhaustive()
    }
}

impl BlockHandle {
    pub(crate) fn in_memory(block: Arc<Block>) -> Self {
        Self {
            place: Place::Memory(block),
        }
    }

    pub(super) fn sealed(group: SealedGroup, tail: Arc<Tail>) -> Self {
        Self {
            place: Place::Sealed(group, tail),
        }
    }

    /// The ordinals of its rows; never empty.
    pub fn ordinals(&self) -> Range<u32> {
        match &self.place {
            Place::Memory(block) => block.ordinals(),
            Place::Sealed(group, _) => group.ordinals(),
        }
    }

    /// The least and the greatest event time.
    pub fn time_span(&self) -> (Timestamp, Timestamp) {
        match &self.place {
            Place::Memory(block) => block.time_span(),
            Place::Sealed(group, _) => group.group().times,
        }
    }

    /// The indexes in the block of the rows from `ordinal` on.
    pub fn rows_from(&self, ordinal: u32) -> Range<usize> {
        let ordinals = self.ordinals();
        let first = ordinal.clamp(ordinals.start, ordinals.end);
        (first - ordinals.start) as usize..(ordinals.end - ordinals.start) as usize
    }

    /// Its rows. Costs nothing when they are in memory; else a few milliseconds, and they stay in a cache for a while.
    ///
    /// # Errors
    /// `Damaged`, `Missing`: the bytes on disk are not what was written. `Io`: what the system refused.
    pub fn load(&self) -> Result<Arc<Block>, StoreError> {
        match &self.place {
            Place::Memory(block) => Ok(Arc::clone(block)),
            Place::Sealed(group, tail) => group.load(&**tail, tail.cache()),
        }
    }
}

impl BlockHandle {
    /// Its rows, column by column, when they are sealed; `None` when they are in memory.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn columns(&self) -> Result<Option<GroupColumns>, StoreError> {
        match &self.place {
            Place::Memory(_) => Ok(None),
            Place::Sealed(group, _) => group.columns().map(Some),
        }
    }

    /// Whether these are the columns of its rows, so that they need not be opened again.
    pub fn has_columns(&self, columns: &GroupColumns) -> bool {
        match &self.place {
            Place::Memory(_) => false,
            Place::Sealed(group, _) => group.has_columns(columns),
        }
    }

    /// Shows `visit` each of its rows in a range of ordinals: the number of the identity and the time of receipt, in order. Costs next to
    /// nothing for rows in memory; of sealed ones these two columns are read.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn each_arrival(
        &self,
        ordinals: Range<u32>,
        mut visit: impl FnMut(u32, Timestamp),
    ) -> Result<(), StoreError> {
        let all = self.ordinals();
        let (start, end) = (ordinals.start.max(all.start), ordinals.end.min(all.end));
        if start >= end {
            return Ok(());
        }
        let rows = start - all.start..end - all.start;
        let mut visit_all = |identities: &[u32], received_at: &[Timestamp]| {
            for (identity, at) in identities.iter().zip(received_at) {
                visit(*identity, *at);
            }
        };
        match &self.place {
            Place::Memory(block) => {
                let rows = rows.start as usize..rows.end as usize;
                visit_all(
                    block.identities().get(rows.clone()).unwrap_or_default(),
                    block.received_at().get(rows).unwrap_or_default(),
                );
            }
            Place::Sealed(group, _) => {
                let columns = group.columns()?;
                let wanted: Vec<u32> = rows.clone().collect();
                let (mut identities, mut received_at) =
                    (columns.identities()?, columns.received_at()?);
                identities.load(Wanted::Rows(&wanted))?;
                received_at.load(Wanted::Rows(&wanted))?;
                let rows = rows.start as usize..rows.end as usize;
                visit_all(&identities.numbers(rows.clone()), &received_at.times(rows)?);
            }
        }
        Ok(())
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
