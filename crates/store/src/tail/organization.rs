//! The writer's side of an organization's tail: rows wait here until their frame is durable, then are published, or
//! undone.

use std::sync::Arc;

use domain::{Event, Source, Timestamp};
use parking_lot::{Mutex, RwLock};

use super::NO_ROW;
use super::block::{Block, Columns};
use super::identities::{CopiedIdentities, CopyIdentities, Identities, IdentityHasher};
use super::view::View;
use crate::error::StoreError;
use crate::keys::{HashIndex, table_hash};
use crate::limits::{BLOCK_BYTES_PER_WEIGHT, BLOCK_WEIGHT_SETTLED, ROWS_PER_LOCK};
use crate::sealed::SealedRows;
use crate::segment::BlockCache;
use crate::shared::Shared;

/// What readers, the writer and the sealer share of an organization.
#[derive(Debug)]
pub(crate) struct Tail {
    shared: Arc<Shared>,
    pub(super) published: RwLock<Published>,
    pub(super) index: RwLock<Index>,
    /// Held while the list of blocks is changed, which the writer and the sealer do.
    changes: Mutex<()>,
}

impl Tail {
    /// Without rows.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self::recovered(shared, SealedRows::default(), Identities::default())
    }

    /// With what is sealed, and the identities of that.
    pub(crate) fn recovered(
        shared: Arc<Shared>,
        sealed: SealedRows,
        identities: Identities,
    ) -> Self {
        let published = Published {
            view: View::starting_at(sealed.rows()),
            identities: identities.count(),
            newest: vec![NO_ROW; identities.count() as usize],
            sealed: Arc::new(sealed),
        };
        let index = Index {
            keys: HashIndex::default(),
            identities,
        };
        Self {
            shared,
            published: RwLock::new(published),
            index: RwLock::new(index),
            changes: Mutex::new(()),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn cache(&self) -> &BlockCache {
        self.shared.cache()
    }

    /// What is sealed and what is not.
    pub(crate) fn published(&self) -> (Arc<SealedRows>, View) {
        let published = self.published.read();
        (Arc::clone(&published.sealed), published.view.clone())
    }

    /// Forgets keys of rows that are sealed; the runs of keys must know them by now.
    pub(crate) fn forget_keys(&self, keys: &[(u128, u32)]) {
        for keys in keys.chunks(ROWS_PER_LOCK) {
            let mut index = self.index.write();
            for (hash, ordinal) in keys {
                index.keys.remove(table_hash(*hash), *ordinal);
            }
        }
    }

    /// Lets readers see sealed rows in place of those in memory. Their keys must be forgotten before. Returns what held
    /// them in memory.
    pub(crate) fn seal(&self, sealed: SealedRows) -> View {
        let _changes = self.changes.lock();
        let view = self
            .published
            .read()
            .view
            .without_rows_before(sealed.rows());
        let mut published = self.published.write();
        published.sealed = Arc::new(sealed);
        std::mem::replace(&mut published.view, view)
    }
}

impl CopyIdentities for Tail {
    fn copy(&self, numbers: &[u32]) -> Option<CopiedIdentities> {
        let mut copied = CopiedIdentities::default();
        for numbers in numbers.chunks(ROWS_PER_LOCK) {
            let index = self.index.read();
            for number in numbers {
                copied.push(index.identities.view(*number)?);
            }
        }
        Some(copied)
    }
}

/// What readers see. Changed by the writer in one step a commit, and by the sealer, which changes where rows are, but not which
/// there are.
#[derive(Debug)]
pub(super) struct Published {
    /// The rows before those of the view.
    pub(super) sealed: Arc<SealedRows>,
    pub(super) view: View,
    /// How many identities its rows have.
    pub(super) identities: u32,
    /// The newest row of each identity that was ever in this tail; it may be sealed by now.
    pub(super) newest: Vec<u32>,
}

/// Which keys and identities are known, those of waiting rows included.
#[derive(Debug)]
pub(crate) struct Index {
    pub(super) keys: HashIndex,
    pub(super) identities: Identities,
}

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Organization {
    tail: Arc<Tail>,
    hasher: IdentityHasher,
    /// What is published, to read without a lock. Without blocks between commits, so that it keeps no memory from
    /// being freed.
    view: View,
    identities: u32,
    waiting: Waiting,
    /// Whether it is noted as one that may have waiting rows.
    pub(crate) is_touched: bool,
}

/// Rows whose frame is not durable yet.
#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    columns: Columns,
    /// The entries that they added to the index of keys.
    keys: Vec<(u64, u32)>,
}

/// A row to take in.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) row: &'a [u8],
    pub(crate) event: Event<'a>,
    pub(crate) key_hash: Option<u128>,
    identity_hash: u64,
}

/// What became of some candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Absorbed {
    /// How many wait now.
    pub(crate) inserted: usize,
    /// Whether all the others repeat published rows, and not waiting ones, of which nobody knows yet.
    pub(crate) repeats_durable: bool,
}

impl Organization {
    pub(crate) fn new(tail: Arc<Tail>, hasher: IdentityHasher) -> Self {
        let (rows, identities) = {
            let published = tail.published.read();
            (published.view.rows(), published.identities)
        };
        Self {
            tail,
            hasher,
            view: View::starting_at(rows),
            identities,
            waiting: Waiting::default(),
            is_touched: false,
        }
    }

    /// A row to take in; done before, so that the index is locked for its look-ups alone.
    pub(crate) fn candidate<'a>(
        &self,
        row: &'a [u8],
        event: Event<'a>,
        key_hash: Option<u128>,
    ) -> Candidate<'a> {
        let identity_hash = self.hasher.hash(event.identity);
        Candidate {
            row,
            event,
            key_hash,
            identity_hash,
        }
    }

    /// How many rows wait.
    pub(crate) fn waiting_rows(&self) -> usize {
        self.waiting.columns.ends.len()
    }

    /// Makes room for more waiting rows.
    ///
    /// # Errors
    /// `OrganizationFull` when there would be more rows than ordinals.
    pub(crate) fn reserve(&mut self, rows: usize, bytes: usize) -> Result<(), StoreError> {
        let rows_after = self.view.rows() as usize + self.waiting_rows() + rows;
        if rows_after >= NO_ROW as usize {
            return Err(StoreError::OrganizationFull);
        }
        self.waiting.bytes.reserve(bytes);
        self.waiting.columns.reserve(rows);
        Ok(())
    }

    /// Takes rows in, but for those whose key is known. They get the sequence numbers from `sequence` on.
    ///
    /// One pass over the keys, one over the identities, one over the bytes: the look-ups of a pass miss the processor's cache, and
    /// being short and independent they miss it at the same time instead of one after the other.
    ///
    /// # Errors
    /// `Damaged`, `Io`: the sealed keys cannot be read. No candidate was taken in.
    pub(crate) fn absorb(
        &mut self,
        candidates: &[Candidate<'_>],
        sequence: u64,
        received_at: Timestamp,
    ) -> Result<Absorbed, StoreError> {
        let tail = Arc::clone(&self.tail);
        let hashes: Vec<_> = candidates
            .iter()
            .map(|candidate| candidate.key_hash)
            .collect();
        // A seal adds keys to the runs, then takes them from the index, then drops the rows. So a key that is not in the runs as
        // they are while the index is locked is in the index if it is known, and the view has every row of the index.
        self.view = tail.published.read().view.clone();
        let (index, are_sealed) = loop {
            let runs = tail.shared.key_runs();
            let are_sealed = runs.contain(&hashes)?;
            let index = tail.index.write();
            if Arc::ptr_eq(&runs, &tail.shared.key_runs()) {
                break (index, are_sealed);
            }
        };
        let mut index = index;
        let index = &mut *index;
        let published = self.view.rows();
        let waiting = u32::try_from(self.waiting_rows()).expect("room was reserved");
        let ordinal_first = published + waiting;

        let mut accepted: Vec<&Candidate<'_>> = Vec::with_capacity(candidates.len());
        let mut repeats_durable = true;
        let mut ordinal = ordinal_first;
        for (candidate, is_sealed) in candidates.iter().zip(are_sealed) {
            if is_sealed {
                continue;
            }
            if let Some(key_hash) = candidate.key_hash.map(table_hash) {
                let key = (candidate.event.source, candidate.event.external_id);
                let is_same = |known: u32| match known.checked_sub(ordinal_first) {
                    None => self.key(known) == Some(key),
                    Some(place) => accepted
                        .get(place as usize)
                        .is_some_and(|known| (known.event.source, known.event.external_id) == key),
                };
                match index.keys.find_or_insert(key_hash, ordinal, is_same) {
                    None => self.waiting.keys.push((key_hash, ordinal)),
                    Some(known) => {
                        repeats_durable &= known < published;
                        continue;
                    }
                }
            }
            accepted.push(candidate);
            ordinal += 1;
        }

        let Waiting { bytes, columns, .. } = &mut self.waiting;
        columns.identities.extend(accepted.iter().map(|candidate| {
            index
                .identities
                .find_or_insert(candidate.identity_hash, candidate.event.identity)
        }));
        for candidate in &accepted {
            bytes.extend_from_slice(candidate.row);
            columns
                .ends
                .push(u32::try_from(bytes.len()).expect("a group is below 4 GiB"));
            columns.timestamps.push(candidate.event.timestamp);
        }
        let inserted = accepted.len();
        columns
            .sequences
            .extend(sequence..sequence + inserted as u64);
        columns.received_at.resize(columns.ends.len(), received_at);
        Ok(Absorbed {
            inserted,
            repeats_durable,
        })
    }

    /// The waiting rows from index `from` on: where the first begins, where each ends, and their bytes.
    pub(crate) fn waiting_from(&self, from: usize) -> (u32, &[u32], &[u8]) {
        let Waiting { bytes, columns, .. } = &self.waiting;
        let (before, ends) = columns.ends.split_at(from);
        let start = before.last().copied().unwrap_or(0);
        (start, ends, bytes.get(start as usize..).unwrap_or_default())
    }

    /// Whether enough rows wait to make a settled block.
    pub(crate) fn is_block_waiting(&self) -> bool {
        let weight = self.waiting.bytes.len() / BLOCK_BYTES_PER_WEIGHT;
        self.waiting_rows().max(weight) >= BLOCK_WEIGHT_SETTLED
    }

    /// Publishes the waiting rows, in one step, and joins small blocks afterwards.
    pub(crate) fn publish(&mut self) {
        if self.waiting_rows() == 0 {
            self.release();
            return;
        }
        let Waiting {
            mut bytes, columns, ..
        } = std::mem::take(&mut self.waiting);
        if bytes.capacity() > bytes.len() + bytes.len() / 4 {
            bytes.shrink_to_fit();
        }
        self.identities = self.tail.index.read().identities.count();
        let _changes = self.tail.changes.lock();
        self.view = self.tail.published.read().view.clone();
        let ordinal_first = self.view.rows();
        {
            let published = &mut *self.tail.published.write();
            published.identities = self.identities;
            published.newest.resize(self.identities as usize, NO_ROW);
            let newest = &mut published.newest;
            let previous = (columns.identities.iter().zip(ordinal_first..))
                .map(|(identity, ordinal)| {
                    let newest = newest.get_mut(*identity as usize).expect("it is numbered");
                    std::mem::replace(newest, ordinal)
                })
                .collect();
            let block = Block::new(ordinal_first, bytes, columns, previous);
            let (rows, bytes) = (block.len() as u64, block.memory_bytes() as u64);
            self.tail.shared.add_to_tail(rows, bytes);
            self.view.push(Arc::new(block));
            published.view = self.view.clone();
        }
        if self.view.tidy() {
            let old = std::mem::replace(&mut self.tail.published.write().view, self.view.clone());
            // Freed here, when no reader holds them, and not under the lock.
            drop(old);
        }
        self.view = View::starting_at(self.view.rows());
    }

    /// Forgets the waiting rows, with their keys and identities.
    pub(crate) fn undo(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        {
            let mut index = self.tail.index.write();
            for (hash, ordinal) in waiting.keys {
                index.keys.remove(hash, ordinal);
            }
            index.identities.truncate(self.identities, self.hasher);
        }
        self.release();
    }

    /// Holds no blocks any more.
    fn release(&mut self) {
        self.view = View::starting_at(self.view.rows());
    }

    /// The source and the key of a row, published or waiting.
    fn key(&self, ordinal: u32) -> Option<(Source, Option<&str>)> {
        let row = match ordinal.checked_sub(self.view.rows()) {
            None => self.view.row(ordinal)?.bytes,
            Some(index) => {
                let ends = &self.waiting.columns.ends;
                let end = *ends.get(index as usize)?;
                let start = match index.checked_sub(1) {
                    None => 0,
                    Some(before) => *ends.get(before as usize)?,
                };
                self.waiting.bytes.get(start as usize..end as usize)?
            }
        };
        let event = Event::decode(row).expect("rows are decoded before they are kept");
        Some((event.source, event.external_id))
    }
}
