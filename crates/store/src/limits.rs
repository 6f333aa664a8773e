//! Every bound of the crate, in one place.

/// A journal file that has reached this size is followed by a new one.
pub const JOURNAL_FILE_BYTES_MAX: u64 = 256 << 20;

/// The rows of one group may not take more than this, so that lengths fit 32 bits and a damaged length is known as such.
/// Callers keep their groups far smaller.
pub const GROUP_BYTES_MAX: usize = 1 << 30;

/// A buffer for frames that has grown beyond this gives memory back.
pub(crate) const FRAME_BYTES_KEPT: usize = 16 << 20;

/// How many light blocks of the tail are joined into one.
pub(crate) const BLOCKS_JOINED: usize = 16;

/// A block of at least this weight is never copied again. A block of single requests stays below twice of it.
///
/// Low enough that the rows of a large request are never copied, high enough that a pass over all blocks costs
/// little for each.
pub(crate) const BLOCK_WEIGHT_SETTLED: usize = 512;

/// Bytes that weigh as much as a row.
pub(crate) const BLOCK_BYTES_PER_WEIGHT: usize = 512;

/// Settled blocks are put away in chunks of at least so many, so that the list of what is recent stays short.
pub(crate) const BLOCKS_PER_CHUNK: usize = 64;

/// Rows that are looked up and indexed under one lock, so that readers of the index wait microseconds.
pub(crate) const ROWS_PER_LOCK: usize = 256;

/// An organization's key and identity tables are split in many small ones from this many entries on, so that none ever grows by a
/// long pause.
pub(crate) const TABLE_ENTRIES_UNSPLIT: usize = 1 << 16;

/// How much of a journal file is read at once during recovery.
pub(crate) const READ_BYTES: usize = 1 << 20;

/// Names of derived state are not longer.
pub(crate) const DERIVED_NAME_BYTES_MAX: usize = 100;

/// Files that are written once are written in pieces of this size.
pub(crate) const WRITE_BYTES: usize = 1 << 20;

/// Rows of a row group at most: so many are decoded at once by who looks at all.
pub(crate) const GROUP_ROWS: usize = 8192;

/// A row group ends when its rows have so many bytes in memory.
pub(crate) const GROUP_BYTES: usize = 4 << 20;

/// Organizations with fewer rows than this in a segment share row groups.
pub(crate) const SHARED_GROUP_ROWS: usize = 1024;

/// Rows of a page: so many are decompressed at once.
pub(crate) const PAGE_ROWS: usize = 1024;

/// So many rows are decoded to look at one: a part of a page.
pub(crate) const WINDOW_ROWS: u32 = 256;

/// Columns of metadata in a segment at most. Below 254, which have a meaning of their own in a layout.
pub(crate) const METADATA_COLUMNS_MAX: usize = 64;

/// Keys longer than this get no column.
pub(crate) const METADATA_COLUMN_KEY_BYTES_MAX: usize = 64;

/// A key gets a column when it occurs in at least one of so many rows.
pub(crate) const METADATA_COLUMN_SHARE_MIN: usize = 200;

/// About how many rows are looked at to choose the columns of metadata.
pub(crate) const SHAPE_ROWS_SAMPLED: usize = 16_384;

/// A block of postings ends when it has so many bytes or identities.
pub(crate) const POSTINGS_BLOCK_BYTES: usize = 4096;
pub(crate) const POSTINGS_BLOCK_IDENTITIES: usize = 256;

/// Names that have a number in the postings of a part.
pub(crate) const POSTED_NAMES_MAX: usize = 1000;

/// Longer names have none.
pub(crate) const POSTED_NAME_BYTES_MAX: usize = 256;

/// An identity with more rows in a part has runs of them in the postings.
pub(crate) const POSTED_ROWS_INLINE_MAX: usize = 256;

/// A run has at most so many rows.
pub(crate) const POSTED_RUN_ROWS_MAX: usize = 4096;

/// Keys of a run that share a filter.
pub(crate) const KEYS_PER_PARTITION: usize = 1 << 20;

/// Identities of a row group in a file of identities.
pub(crate) const IDENTITIES_PER_GROUP: usize = 65_536;

/// So many files of tables an organization has at most, once [`crate::TableSet::compact`] has nothing to do any more.
pub const TABLE_FILES_MAX: usize = 10;

/// Names of tables are not longer.
pub const TABLE_NAME_BYTES_MAX: usize = 32;

/// A value of a table is not longer. One that is far longer than a block has a block of its own.
pub const TABLE_VALUE_BYTES_MAX: usize = 256 << 20;

/// A block of a table ends when its entries have so many bytes: about what one read of a disk gives.
pub(crate) const TABLE_BLOCK_BYTES: usize = 4096;

/// Of a walk through a table the first blocks go through the cache, and the others past it.
pub(crate) const TABLE_BLOCKS_CACHED_MAX: usize = 4;

/// Those others are read in pieces of this size.
pub(crate) const TABLE_READ_BYTES: u64 = 64 << 10;

/// Blocks of tables that were read are kept in memory up to so many bytes, for all organizations together.
pub const TABLE_CACHE_BYTES_MAX: usize = 64 << 20;

/// The tail is sealed when it has this many events or bytes.
pub const SEAL_ROWS: u64 = 500_000;
/// See [`SEAL_ROWS`].
pub const SEAL_BYTES: u64 = 256 << 20;

/// A segment that has so many rows, or bytes of rows in memory, is not merged any more: joined with others it would be read and written
/// again, and of those that are left there are few.
pub(crate) const SEGMENT_ROWS_SETTLED: u64 = 200_000;
/// See [`SEGMENT_ROWS_SETTLED`].
pub(crate) const SEGMENT_ROW_BYTES_SETTLED: u64 = 64 << 20;

/// Segments are merged to one of at most so many rows: they are all in memory then.
pub(crate) const MERGED_ROWS_MAX: u64 = 2 * SEGMENT_ROWS_SETTLED;
/// The same for their bytes.
pub(crate) const MERGED_ROW_BYTES_MAX: u64 = 2 * SEGMENT_ROW_BYTES_SETTLED;

/// In one step of [`crate::Sealer::compact`] so many times as many keys are merged as there are events in a seal, so that a seal never waits
/// for long.
pub(crate) const KEYS_PER_STEP_FACTOR: u64 = 2;

/// Sealed rows that were read are kept in memory up to so many bytes.
pub const CACHE_BYTES_MAX: usize = 256 << 20;

/// How often it is looked whether a commit still uses rows that were sealed, before their memory is given back.
pub(crate) const RELEASE_ATTEMPTS_MAX: usize = 1_000;
