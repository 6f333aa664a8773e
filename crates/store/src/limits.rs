//! Every bound of the crate, in one place.

/// A journal file that has reached this size is followed by a new one.
pub const JOURNAL_FILE_BYTES_MAX: u64 = 256 << 20;

/// The rows of one group may not take more than this, so that lengths fit 32 bits and a damaged length is known as such.
/// Callers keep their groups far smaller.
pub const GROUP_BYTES_MAX: usize = 1 << 30;

/// How many blocks of similar size of the tail are joined into one.
pub(crate) const BLOCKS_JOINED: usize = 16;

/// A block of at least this weight is never copied again. See [`crate::Block`] for what a block weighs.
pub(crate) const BLOCK_WEIGHT_FULL: usize = 16_384;

/// Bytes that weigh as much as a row. A block stays below twice the full weight, 32,768 rows and 16 MiB, unless a single
/// group brought more.
pub(crate) const BLOCK_BYTES_PER_WEIGHT: usize = 512;

/// Rows that are looked up and indexed under one lock, so that readers of the index wait microseconds.
pub(crate) const ROWS_PER_LOCK: usize = 256;

/// An organization's key and identity tables are split in many small ones from this many entries on, so that none ever grows by a
/// long pause.
pub(crate) const TABLE_ENTRIES_UNSPLIT: usize = 1 << 16;

/// How much of a journal file is read at once during recovery.
pub(crate) const READ_BYTES: usize = 1 << 20;
