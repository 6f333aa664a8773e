//! Blocks: rows and their columns, immutable.

use std::ops::Range;

use domain::{Event, Timestamp};

use crate::limits::BLOCK_BYTES_PER_WEIGHT;

/// Rows of one organization that follow each other, as encoded bytes and in columns.
///
/// Invariant: all columns have the same length, which is not 0; sequence numbers rise; times of receipt never
/// fall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub(super) ordinal_first: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) columns: Columns,
    pub(super) previous: Vec<u32>,
    pub(super) time_least: Timestamp,
    pub(super) time_greatest: Timestamp,
}

/// What a row's position gives without its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Where each row's bytes end.
    pub(crate) ends: Vec<u32>,
    pub(crate) sequences: Vec<u64>,
    pub(crate) received_at: Vec<Timestamp>,
    pub(crate) timestamps: Vec<Timestamp>,
    pub(crate) identities: Vec<u32>,
}

/// One row of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRef<'a> {
    /// The row: an encoded event.
    pub bytes: &'a [u8],
    /// Its number among the organization's rows, from 0.
    pub ordinal: u32,
    /// Its sequence number among all organizations' events, from 1.
    pub sequence: u64,
    /// When the server received it.
    pub received_at: Timestamp,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The number of its identity in the organization.
    pub identity: u32,
}

impl<'a> RowRef<'a> {
    /// The event, decoded; costs a pass over its short texts.
    pub fn event(&self) -> Event<'a> {
        Event::decode(self.bytes).expect("rows are decoded before they are kept")
    }
}

impl Block {
    /// A block of these rows. `previous` has one entry a row, or none when the rows are sealed: their chains are in the segment's
    /// index.
    ///
    /// # Panics
    /// Without rows.
    pub(crate) fn new(
        ordinal_first: u32,
        bytes: Vec<u8>,
        columns: Columns,
        previous: Vec<u32>,
    ) -> Self {
        let times = columns.timestamps.iter().copied();
        let time_least = times.clone().min().expect("a block has rows");
        let time_greatest = times.max().expect("a block has rows");
        Self {
            ordinal_first,
            bytes,
            columns,
            previous,
            time_least,
            time_greatest,
        }
    }

    /// One block of the rows of several that follow each other.
    pub(super) fn join(blocks: &[impl AsRef<Self>]) -> Self {
        let blocks = || blocks.iter().map(AsRef::as_ref);
        let rows = blocks().map(Block::len).sum();
        let mut bytes = Vec::with_capacity(blocks().map(|block| block.bytes.len()).sum());
        let mut columns = Columns::with_capacity(rows);
        let mut previous = Vec::with_capacity(rows);
        for block in blocks() {
            let start = u32::try_from(bytes.len()).expect("blocks that are joined are small");
            bytes.extend_from_slice(&block.bytes);
            columns.extend(start, &block.columns);
            previous.extend_from_slice(&block.previous);
        }
        let ordinal_first = blocks().next().map_or(0, |block| block.ordinal_first);
        Self::new(ordinal_first, bytes, columns, previous)
    }

    /// The rows from the index `from` on, copied; not all of them are before it.
    pub(super) fn suffix(&self, from: usize) -> Self {
        let start = from
            .checked_sub(1)
            .map_or(0, |before| at(&self.columns.ends, before));
        let bytes = self
            .bytes
            .get(start as usize..)
            .unwrap_or_default()
            .to_vec();
        let columns = Columns {
            ends: rest(&self.columns.ends, from)
                .iter()
                .map(|end| end - start)
                .collect(),
            sequences: rest(&self.columns.sequences, from).to_vec(),
            received_at: rest(&self.columns.received_at, from).to_vec(),
            timestamps: rest(&self.columns.timestamps, from).to_vec(),
            identities: rest(&self.columns.identities, from).to_vec(),
        };
        let ordinal_first =
            self.ordinal_first + u32::try_from(from).expect("ordinals have 32 bits");
        let previous = rest(&self.previous, from).to_vec();
        Self::new(ordinal_first, bytes, columns, previous)
    }

    /// About how much memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.len() + self.len() * ROW_BYTES
    }

    /// About how much memory some of its rows take.
    pub(crate) fn bytes_of(&self, rows: Range<usize>) -> u64 {
        let end = |rows: usize| match rows.checked_sub(1) {
            None => 0,
            Some(last) => at(&self.columns.ends, last),
        };
        u64::from(end(rows.end) - end(rows.start)) + (rows.len() * ROW_BYTES) as u64
    }

    /// What it counts for when blocks are joined: rows, or bytes where rows are long.
    pub(super) fn weight(&self) -> usize {
        self.len().max(self.bytes.len() / BLOCK_BYTES_PER_WEIGHT)
    }

    /// How many rows it has; never 0.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.columns.ends.len()
    }

    /// The ordinal of its first row.
    pub fn ordinal_first(&self) -> u32 {
        self.ordinal_first
    }

    /// The ordinals of its rows.
    pub fn ordinals(&self) -> Range<u32> {
        let rows = u32::try_from(self.len()).expect("ordinals have 32 bits");
        self.ordinal_first..self.ordinal_first + rows
    }

    /// The bytes of all rows.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each row ends in [`Self::bytes`].
    pub fn ends(&self) -> &[u32] {
        &self.columns.ends
    }

    /// The sequence number of each row, rising.
    pub fn sequences(&self) -> &[u64] {
        &self.columns.sequences
    }

    /// The time of receipt of each row, never falling.
    pub fn received_at(&self) -> &[Timestamp] {
        &self.columns.received_at
    }

    /// The event time of each row.
    pub fn timestamps(&self) -> &[Timestamp] {
        &self.columns.timestamps
    }

    /// The number of each row's identity.
    pub fn identities(&self) -> &[u32] {
        &self.columns.identities
    }

    /// The least and the greatest event time.
    pub fn time_span(&self) -> (Timestamp, Timestamp) {
        (self.time_least, self.time_greatest)
    }

    /// The encoded event of the row at `index` in this block.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row_bytes(&self, index: usize) -> &[u8] {
        let end = at(&self.columns.ends, index) as usize;
        let start = index
            .checked_sub(1)
            .map_or(0, |before| at(&self.columns.ends, before) as usize);
        self.bytes
            .get(start..end)
            .expect("rows are within their block")
    }

    /// The row at `index` in this block.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, index: usize) -> RowRef<'_> {
        RowRef {
            bytes: self.row_bytes(index),
            ordinal: self.ordinal_first + u32::try_from(index).expect("ordinals have 32 bits"),
            sequence: at(&self.columns.sequences, index),
            received_at: at(&self.columns.received_at, index),
            timestamp: at(&self.columns.timestamps, index),
            identity: at(&self.columns.identities, index),
        }
    }

    /// How many rows, from the first, satisfy `is_before`, which holds for all rows before some place and for none from there on.
    pub(super) fn partition_point(&self, is_before: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The ordinal of the row before this one with the same identity, or [`super::NO_ROW`].
    pub(super) fn previous(&self, index: usize) -> u32 {
        at(&self.previous, index)
    }
}

impl AsRef<Block> for Block {
    fn as_ref(&self) -> &Block {
        self
    }
}

impl Columns {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            ends: Vec::with_capacity(rows),
            sequences: Vec::with_capacity(rows),
            received_at: Vec::with_capacity(rows),
            timestamps: Vec::with_capacity(rows),
            identities: Vec::with_capacity(rows),
        }
    }

    /// Adds the rows of another block whose bytes begin at `start` here.
    pub(super) fn extend(&mut self, start: u32, other: &Self) {
        self.ends.extend(other.ends.iter().map(|end| start + end));
        self.sequences.extend_from_slice(&other.sequences);
        self.received_at.extend_from_slice(&other.received_at);
        self.timestamps.extend_from_slice(&other.timestamps);
        self.identities.extend_from_slice(&other.identities);
    }
}

/// What a row takes beside its bytes.
const ROW_BYTES: usize = 36;

fn rest<T>(column: &[T], from: usize) -> &[T] {
    column.get(from..).unwrap_or_default()
}

fn at<T: Copy>(column: &[T], index: usize) -> T {
    *column.get(index).expect("a row of this block")
}
