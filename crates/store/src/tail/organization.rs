//! The writer's side of an organization's tail: rows wait here until their frame is durable, then are published, or
//! undone.

use std::sync::Arc;

use domain::Timestamp;
use parking_lot::{Mutex, RwLock};

use super::NO_ROW;
use super::identities::{CopiedIdentities, CopyIdentities, Identities, IdentityHasher};
use super::view::View;
use super::waiting::{Draft, Waiting};
use crate::error::StoreError;
use crate::key_runs::KeyRuns;
use crate::keys::{HashIndex, table_hash};
use crate::limits::ROWS_PER_LOCK;
use crate::sealed::SealedRows;
use crate::segment::BlockCache;
use crate::shared::Shared;
use crate::writer::{Prepared, UNNUMBERED};

/// What readers, the writer and the sealer share of an organization.
#[derive(Debug)]
pub(crate) struct Tail {
    shared: Arc<Shared>,
    pub(super) published: RwLock<Published>,
    /// Which keys are known that are not sealed, those of waiting rows included.
    pub(super) keys: RwLock<HashIndex>,
    /// All identities, those of waiting rows included.
    pub(crate) identities: RwLock<Identities>,
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
        Self {
            shared,
            published: RwLock::new(published),
            keys: RwLock::default(),
            identities: RwLock::new(identities),
            changes: Mutex::new(()),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn cache(&self) -> &BlockCache {
        self.shared.cache()
    }

    /// How many identities have published rows. Their numbers are never taken back.
    pub(crate) fn published_identities(&self) -> u32 {
        self.published.read().identities
    }

    /// What is sealed and what is not.
    pub(crate) fn published(&self) -> (Arc<SealedRows>, View) {
        let published = self.published.read();
        (Arc::clone(&published.sealed), published.view.clone())
    }

    /// Forgets keys of rows that are sealed; the runs of keys must know them by now.
    pub(crate) fn forget_keys(&self, keys: &[(u128, u32)]) {
        for keys in keys.chunks(ROWS_PER_LOCK) {
            let mut index = self.keys.write();
            for (hash, ordinal) in keys {
                index.remove(table_hash(*hash), *ordinal);
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
            let identities = self.identities.read();
            identities.copy_to(numbers, &mut copied)?;
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

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Organization {
    tail: Arc<Tail>,
    hasher: IdentityHasher,
    /// How many rows and identities are published.
    rows: u32,
    identities: u32,
    /// The rows of the group that is being written, and those of the next one.
    writing: Waiting,
    gathering: Waiting,
    /// Whether it is noted as one that may have rows in the next group.
    pub(crate) is_touched: bool,
}

/// What became of a request's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TakenIn {
    /// How many wait now.
    pub(crate) inserted: u32,
    /// Whether all the others repeat published rows, and not waiting ones, of which nobody knows yet.
    pub(crate) repeats_durable: bool,
}

/// The rows of a request that repeat a known key.
#[derive(Debug)]
struct Repeats {
    /// Their indexes, rising.
    rows: Vec<usize>,
    are_durable: bool,
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
            rows,
            identities,
            writing: Waiting::default(),
            gathering: Waiting::default(),
            is_touched: false,
        }
    }

    /// Takes the rows of a request into the next group, but for those whose key is known. They get the sequence numbers from
    /// `sequence` on.
    ///
    /// One pass over the keys, one over the identities: the look-ups of a pass miss the processor's cache, and being short and
    /// independent they miss it at the same time instead of one after the other.
    ///
    /// # Errors
    /// `OrganizationFull`: there would be more rows than ordinals. `Damaged`, `Io`: the sealed keys cannot be read. Nothing of the
    /// request was taken in.
    pub(crate) fn take_in(
        &mut self,
        mut request: Prepared,
        sequence: u64,
        received_at: Timestamp,
    ) -> Result<TakenIn, StoreError> {
        let ordinal_first = self.rows + self.writing.rows() + self.gathering.rows();
        let rows_after = ordinal_first as usize + request.events();
        if rows_after >= NO_ROW as usize {
            return Err(StoreError::OrganizationFull);
        }
        let repeats = self.enter_keys(&mut request, ordinal_first)?;
        self.number_identities(&mut request, &repeats.rows);
        let rows = Draft::new(request, &repeats.rows, sequence, received_at);
        let inserted = rows.len();
        if inserted > 0 {
            self.gathering.push(rows);
        }
        Ok(TakenIn {
            inserted,
            repeats_durable: repeats.are_durable,
        })
    }

    /// Enters the keys of a request in the index. Returns which rows repeat a known one.
    fn enter_keys(
        &mut self,
        request: &mut Prepared,
        ordinal_first: u32,
    ) -> Result<Repeats, StoreError> {
        let tail = &*self.tail;
        let under_way = &self.writing;
        let (gathered, added) = self.gathering.rows_and_keys();
        let added_before = added.len();
        added.reserve(request.events());
        // A seal adds keys to the runs, then takes them from the index, then drops the rows. So a key that is not in the runs as
        // they are while the index is locked is in the index if it is known, and the view has every published row of the index.
        let view = tail.published.read().view.clone();
        let rows = view.rows();
        let mut repeats = Repeats {
            rows: Vec::new(),
            are_durable: true,
        };
        let mut ordinal = ordinal_first;
        let mut start = 0;
        while start < request.events() {
            let mut index = tail.keys.write();
            let runs = tail.shared.key_runs();
            if !Arc::ptr_eq(&runs, &request.asked) {
                drop(index);
                if let Err(error) = ask_newer(request, runs) {
                    self.gathering.forget_keys(added_before, &tail.keys);
                    return Err(error);
                }
                continue;
            }
            let end = request.events().min(start + ROWS_PER_LOCK);
            let keys = request.keys.get(start..end).unwrap_or_default();
            index.touch(keys.iter().flatten().map(|hash| table_hash(*hash)));
            for row in start..end {
                if request.are_sealed.get(row) == Some(&true) {
                    repeats.rows.push(row);
                    continue;
                }
                if let Some(Some(hash)) = request.keys.get(row) {
                    let is_same = |known: u32| {
                        let event = request.event(row);
                        let key = (event.source, event.external_id);
                        let known = if let Some(place) = known.checked_sub(ordinal_first) {
                            request.event(kept_row(&repeats.rows, place as usize))
                        } else if let Some(known) = view.row(known) {
                            known.event()
                        } else {
                            let place = known - rows;
                            let known = match place.checked_sub(under_way.rows()) {
                                None => under_way.event(place),
                                Some(place) => gathered.event(place),
                            };
                            known.expect("the index has known rows alone")
                        };
                        (known.source, known.external_id) == key
                    };
                    let hash = table_hash(*hash);
                    if let Some(known) = index.find_or_insert(hash, ordinal, is_same) {
                        repeats.are_durable &= known < rows;
                        repeats.rows.push(row);
                        continue;
                    }
                    added.push((hash, ordinal));
                }
                ordinal += 1;
            }
            start = end;
        }
        Ok(repeats)
    }

    /// Gives numbers to the identities that have none, but for those of rows that are not kept.
    fn number_identities(&self, request: &mut Prepared, repeats: &[usize]) {
        let mut unnumbered = Vec::new();
        if request.identities.contains(&UNNUMBERED) {
            let all = request.identities.iter().enumerate();
            let of_kept = all.filter(|(row, number)| {
                **number == UNNUMBERED && repeats.binary_search(row).is_err()
            });
            unnumbered.extend(of_kept.map(|(row, _)| row));
        }
        for rows in unnumbered.chunks(ROWS_PER_LOCK) {
            let mut identities = self.tail.identities.write();
            for row in rows {
                let hash = *request.identity_hashes.get(*row).expect("one a row");
                let number = identities.find_or_insert(hash, request.event(*row).identity);
                *request.identities.get_mut(*row).expect("one a row") = number;
            }
        }
    }

    /// The rows that were taken in last, of one request: where the first begins, where each ends, and their bytes.
    pub(crate) fn newest_rows(&self, count: u32) -> (u32, &[u32], &[u8]) {
        self.gathering.newest(count)
    }

    /// Whether enough rows wait to make a settled block.
    pub(crate) fn is_block_waiting(&self) -> bool {
        self.gathering.is_block()
    }

    /// The rows that were taken in make the group that is written next. The one before must be published or undone.
    pub(crate) fn begin_writing(&mut self) {
        assert_eq!(self.writing.rows(), 0, "one group is written at a time");
        self.is_touched = false;
        self.writing = std::mem::take(&mut self.gathering);
        self.writing.identities = self.tail.identities.read().count();
    }

    /// Publishes the rows of the group that was written, in one step, and joins small blocks afterwards.
    pub(crate) fn publish(&mut self) {
        let written = std::mem::take(&mut self.writing);
        if written.rows() == 0 {
            return;
        }
        self.rows += written.rows();
        self.identities = written.identities;
        let _changes = self.tail.changes.lock();
        let mut view = {
            let published = &mut *self.tail.published.write();
            published.identities = self.identities;
            published.newest.resize(self.identities as usize, NO_ROW);
            for draft in written.into_drafts() {
                let block = draft.into_block(published.view.rows(), &mut published.newest);
                let (rows, bytes) = (block.len() as u64, block.memory_bytes() as u64);
                self.tail.shared.add_to_tail(rows, bytes);
                published.view.push(Arc::new(block));
            }
            published.view.clone()
        };
        if view.tidy() {
            let old = std::mem::replace(&mut self.tail.published.write().view, view);
            // Freed here, when no reader holds them, and not under the lock.
            drop(old);
        }
    }

    /// Forgets the rows of the group that was written and those of the next, with their keys and identities.
    pub(crate) fn undo(&mut self) {
        self.is_touched = false;
        for waiting in [&mut self.gathering, &mut self.writing] {
            waiting.forget_keys(0, &self.tail.keys);
            *waiting = Waiting::default();
        }
        let mut identities = self.tail.identities.write();
        identities.truncate(self.identities, self.hasher);
    }
}

/// Asks the runs of keys that are new since the request's were asked.
fn ask_newer(request: &mut Prepared, runs: Arc<KeyRuns>) -> Result<(), StoreError> {
    let is_new = |run: &&Arc<_>| !request.asked.runs().iter().any(|old| Arc::ptr_eq(old, run));
    let newer = KeyRuns::new(runs.runs().iter().filter(is_new).cloned().collect());
    let are_newer = newer.contain(&request.keys)?;
    for (is_sealed, is_newer) in request.are_sealed.iter_mut().zip(are_newer) {
        *is_sealed |= is_newer;
    }
    request.asked = runs;
    Ok(())
}

/// The index in a request of the row that is kept after `before` others, given which rows are not kept.
fn kept_row(repeats: &[usize], before: usize) -> usize {
    let mut row = before;
    for repeat in repeats {
        if *repeat > row {
            break;
        }
        row += 1;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_row_is_the_one_after_as_many_others() {
        let repeats = [0, 1, 4, 6];
        let kept = [2, 3, 5, 7, 8];
        for (before, row) in kept.into_iter().enumerate() {
            assert_eq!(kept_row(&repeats, before), row);
        }
    }
}
