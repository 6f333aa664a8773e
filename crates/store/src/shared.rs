//! What writer, readers and sealer share beside the tails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::key_runs::KeyRuns;
use crate::segment::BlockCache;

/// One a store.
#[derive(Debug)]
pub(crate) struct Shared {
    cache: BlockCache,
    key_runs: RwLock<Arc<KeyRuns>>,
    /// The sequence number behind the last published event.
    published_end: AtomicU64,
    /// Published events that are not sealed, and about how much memory they take.
    tail_rows: AtomicU64,
    tail_bytes: AtomicU64,
    /// The sequence number with which the journal file begins that is written to.
    journal_begins_at: AtomicU64,
    /// Whether the journal should go on in a new file.
    rotate: AtomicBool,
}

impl Shared {
    pub(crate) fn new(cache_bytes_max: usize, key_runs: KeyRuns) -> Self {
        Self {
            cache: BlockCache::new(cache_bytes_max),
            key_runs: RwLock::new(Arc::new(key_runs)),
            published_end: AtomicU64::new(0),
            tail_rows: AtomicU64::new(0),
            tail_bytes: AtomicU64::new(0),
            journal_begins_at: AtomicU64::new(0),
            rotate: AtomicBool::new(false),
        }
    }

    pub(crate) fn cache(&self) -> &BlockCache {
        &self.cache
    }

    /// The sealed keys as they are now.
    pub(crate) fn key_runs(&self) -> Arc<KeyRuns> {
        Arc::clone(&self.key_runs.read())
    }

    pub(crate) fn set_key_runs(&self, runs: KeyRuns) {
        let old = std::mem::replace(&mut *self.key_runs.write(), Arc::new(runs));
        drop(old);
    }

    pub(crate) fn published_end(&self) -> u64 {
        self.published_end.load(Ordering::Acquire)
    }

    /// Says that all events before this sequence number are published.
    pub(crate) fn set_published_end(&self, sequence: u64) {
        self.published_end.store(sequence, Ordering::Release);
    }

    pub(crate) fn add_to_tail(&self, rows: u64, bytes: u64) {
        self.tail_rows.fetch_add(rows, Ordering::Relaxed);
        self.tail_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn take_from_tail(&self, rows: u64, bytes: u64) {
        self.tail_rows.fetch_sub(rows, Ordering::Relaxed);
        self.tail_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Rows and bytes of the tail.
    pub(crate) fn tail(&self) -> (u64, u64) {
        let rows = self.tail_rows.load(Ordering::Relaxed);
        (rows, self.tail_bytes.load(Ordering::Relaxed))
    }

    /// Files of the journal before the one that begins with this sequence number are not written to any more.
    pub(crate) fn journal_begins_at(&self) -> u64 {
        self.journal_begins_at.load(Ordering::Acquire)
    }

    pub(crate) fn set_journal_begins_at(&self, sequence: u64) {
        self.journal_begins_at.store(sequence, Ordering::Release);
    }

    /// Asks the writer to go on in a new journal file. It does so before its next frame.
    pub(crate) fn ask_to_rotate(&self) {
        self.rotate.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked since the last call.
    pub(crate) fn take_rotation(&self) -> bool {
        self.rotate.load(Ordering::Relaxed) && self.rotate.swap(false, Ordering::Relaxed)
    }
}
