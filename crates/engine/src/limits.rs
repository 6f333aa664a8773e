//! Every bound of the engine, with its name.

use std::time::Duration;

/// How long upkeep lets new rows gather. A question that comes earlier folds them itself.
pub(crate) const UPKEEP_PAUSE: Duration = Duration::from_millis(2);

/// How many pieces of rows of one organization upkeep folds before it looks after the next organization. A piece is folded for all meters
/// that are at about the same place.
pub(crate) const UPKEEP_PIECES_MAX: usize = 64;

/// How long upkeep waits for whoever has what is folded for a meter, before it goes on to the next.
pub(crate) const UPKEEP_PATIENCE: Duration = Duration::from_millis(2);

/// With more entries of its meters' histories in memory (32 bytes each), an organization's are written to disk without waiting for a seal.
pub(crate) const UNSAVED_ENTRIES_MAX: usize = 2_000_000;

/// Bytes of rows that may wait for the writer. More is refused, so that memory stays bounded when the disk is slow. One
/// organization has half of it at most.
pub(crate) const QUEUE_BYTES_MAX: usize = 128 << 20;

/// Bytes of rows in one group: bounds how long a request waits behind others. Larger ones are not written faster.
pub(crate) const GROUP_BYTES_MAX: usize = 4 << 20;

/// Requests in one group.
pub(crate) const GROUP_REQUESTS_MAX: usize = 4_096;

/// Bytes that an organization adds to a group before another has its turn.
pub(crate) const TURN_BYTES: usize = 64 << 10;

/// A group of at least so many bytes is written by a thread of its own, while the next one is gathered. For less, the change of threads
/// takes longer than what is gained.
pub(crate) const WRITE_BESIDE_BYTES: usize = 64 << 10;

/// How many customers' usage is read under one lock.
pub(crate) const CUSTOMERS_PER_LOCK: usize = 256;

/// How often is looked whether there is enough to seal.
pub(crate) const SEAL_LOOK: Duration = Duration::from_millis(50);

/// How long after a failure sealing is tried again.
pub(crate) const SEAL_RETRY: Duration = Duration::from_secs(10);

/// How many times as much as makes a seal may be in memory before who appends has to wait.
pub(crate) const UNSEALED_FACTOR_MAX: u64 = 3;

/// How long who appends waits each time when just so much is in memory.
pub(crate) const SEAL_WAIT: Duration = Duration::from_millis(4);

/// How long who appends waits at most, each time.
pub(crate) const SEAL_WAIT_MAX: Duration = Duration::from_millis(500);

/// So many events in memory hold nobody up, however soon they are to be sealed.
pub(crate) const UNSEALED_ROWS_FREE: u64 = 100_000;

/// The same for bytes.
pub(crate) const UNSEALED_BYTES_FREE: u64 = 64 << 20;

/// How often a step of the writer may find that what it needs is not prepared before it prepares it itself.
pub(crate) const STEPS_UNREADY_MAX: u32 = 8;

/// How long a step of the writer waits for whoever has what is folded for a meter.
pub(crate) const STEP_PATIENCE: Duration = Duration::from_millis(5);

/// How long, in microseconds, an end keeps what is folded before it leaves the rest to be folded again.
pub(crate) const CLOSE_KEEPS_MICROS: i64 = 5_000_000;

/// After so many seals with no pause between them, what is folded is kept all the same.
pub(crate) const SEALS_IN_A_ROW_MAX: u32 = 4;

/// So many steps of merging files follow a seal although there is enough for the next. A step merges the keys of two seals, and over a
/// hundred million events each key is merged four times: two steps a seal are needed on average.
pub(crate) const MERGE_STEPS_PER_SEAL: u32 = 3;
