//! What is sealed of an organization: its parts of all segments, as one list of rows.
//!
//! Parts follow each other without gaps from the ordinal 0 on. A list never changes; a seal makes a new one. Readers hold the list of
//! their snapshot, and with it the files' ranges; rows are loaded when they are looked at.

use std::ops::Range;
use std::sync::Arc;

use crate::error::StoreError;
use crate::segment::{BlockCache, Group, GroupColumns, Part};
use crate::tail::{Block, CopyIdentities};

/// The sealed rows of an organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct SealedRows {
    parts: Vec<Arc<Part>>,
    rows: u32,
}

/// A row group, to be loaded.
#[derive(Debug, Clone)]
pub(crate) struct SealedGroup {
    part: Arc<Part>,
    index: usize,
}

impl SealedRows {
    /// How many rows are sealed; their ordinals are those below it.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// How many identities these rows have.
    pub(crate) fn identities_end(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.identities_end)
    }

    /// The same with one more part; `None` when its rows do not follow.
    pub(crate) fn with(&self, part: &Arc<Part>) -> Option<Self> {
        let mut parts = Vec::with_capacity(self.parts.len() + 1);
        parts.extend(self.parts.iter().cloned());
        parts.push(Arc::clone(part));
        let rows = rows_behind(self.rows, self.identities_end(), part)?;
        Some(Self { parts, rows })
    }

    /// The same with one part in place of those that are replaced; `None` when its rows are not theirs.
    pub(crate) fn with_replaced(
        &self,
        is_replaced: impl Fn(&Part) -> bool,
        part: &Arc<Part>,
    ) -> Option<Self> {
        let first = self.parts.iter().position(|part| is_replaced(part))?;
        let mut replaced = Self::default();
        for (at, own) in self.parts.iter().enumerate() {
            let part = match is_replaced(own) {
                true if at == first => part,
                true => continue,
                false => own,
            };
            replaced.rows = rows_behind(replaced.rows, replaced.identities_end(), part)?;
            replaced.parts.push(Arc::clone(part));
        }
        (replaced.rows == self.rows).then_some(replaced)
    }

    /// The row groups that hold rows from `ordinal` on.
    pub(crate) fn groups_from(&self, ordinal: u32) -> impl Iterator<Item = SealedGroup> {
        let part = self
            .parts
            .partition_point(|part| part.ordinals().end <= ordinal);
        let parts = self.parts.get(part..).unwrap_or_default();
        let in_first = parts.first().map_or(0, |part| {
            part.groups
                .partition_point(|group| group.ordinals().end <= ordinal)
        });
        let groups = parts.iter().flat_map(|part| {
            (0..part.groups.len()).map(|index| SealedGroup {
                part: Arc::clone(part),
                index,
            })
        });
        groups.skip(in_first)
    }

    /// The row group of a row, if it is sealed.
    pub(crate) fn find(&self, ordinal: u32) -> Option<SealedGroup> {
        let part = self
            .parts
            .partition_point(|part| part.ordinals().end <= ordinal);
        let part = self.parts.get(part)?;
        let index = part
            .groups
            .partition_point(|group| group.ordinals().end <= ordinal);
        Some(SealedGroup {
            part: Arc::clone(part),
            index,
        })
    }

    /// The last group of which the first row satisfies `is_before`, which holds for all rows before some ordinal and for none from
    /// there on.
    pub(crate) fn last_group_beginning_before(
        &self,
        is_before: impl Fn(&Group) -> bool,
    ) -> Option<SealedGroup> {
        let begins_before = |part: &Arc<Part>| part.groups.first().is_some_and(&is_before);
        let part = self.parts.partition_point(begins_before).checked_sub(1)?;
        let part = self.parts.get(part)?;
        let index = part.groups.partition_point(&is_before).checked_sub(1)?;
        Some(SealedGroup {
            part: Arc::clone(part),
            index,
        })
    }

    /// The parts, the newest last.
    pub(crate) fn parts(&self) -> &[Arc<Part>] {
        &self.parts
    }
}

/// How many rows there are with a part behind so many rows and identities; `None` when it does not follow.
fn rows_behind(rows: u32, identities_end: u32, part: &Part) -> Option<u32> {
    let mut next = rows;
    for group in &part.groups {
        if group.ordinal_first != next || group.rows == 0 {
            return None;
        }
        next = next.checked_add(group.rows)?;
    }
    let follows = !part.groups.is_empty() && part.identities_end >= identities_end;
    follows.then_some(next)
}

impl SealedGroup {
    pub(crate) fn group(&self) -> &Group {
        self.part
            .groups
            .get(self.index)
            .expect("a place in the list")
    }

    pub(crate) fn ordinals(&self) -> Range<u32> {
        self.group().ordinals()
    }

    /// Its rows; see [`Part::load`].
    pub(crate) fn load(
        &self,
        identities: &dyn CopyIdentities,
        cache: &BlockCache,
    ) -> Result<Arc<Block>, StoreError> {
        self.part.load(self.group(), identities, cache)
    }

    /// The rows around one of them; see [`Part::load_around`].
    pub(crate) fn load_around(
        &self,
        ordinal: u32,
        identities: &dyn CopyIdentities,
        cache: &BlockCache,
    ) -> Result<Arc<Block>, StoreError> {
        self.part
            .load_around(self.group(), ordinal, identities, cache)
    }

    /// Its rows, column by column; see [`Part::columns`].
    pub(crate) fn columns(&self) -> Result<GroupColumns, StoreError> {
        self.part.columns(self.group())
    }

    /// Whether these are its columns.
    pub(crate) fn has_columns(&self, columns: &GroupColumns) -> bool {
        self.part.has_columns(self.group(), columns)
    }
}
