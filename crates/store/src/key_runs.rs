//! The keys of sealed events: sorted runs of hashes on disk, a filter for each in memory.
//!
//! - A run never changes. A seal adds one; small neighbours are merged, so that there are few to ask.
//! - An absent key, the common case, is turned away by the filters with one look into memory a run; one in 250 looks goes to
//!   the disk in vain.
//! - A hash that is found is taken for the key, without a look at the event, so an event would be lost whose hash is that of
//!   another key. A hash has 128 bits under a secret key that no client knows (SipHash-1-3-128), and all of them are kept: two
//!   keys have the same one with a chance of 2^-128. Among 100 million keys (2^26.6) there is such a pair with a chance of
//!   2^-76, among the 2^32 that one organization can have with 2^-65, and among those of a year at 700,000 a second (2^44,
//!   some 300 TB of keys) with 2^-41. With 96 bits the first would be 2^-44: 4 bytes a key are not worth that.
//! - Every block that is read is under a checksum. A run that cannot be read is an error: whether a key is known must not be
//!   guessed.

mod block;
mod filter;
mod merge;
mod run;
mod sort;

use std::sync::Arc;

pub(crate) use merge::{Merge, candidates as merge_candidates};
pub(crate) use run::{Entry, Run, RunPlace, RunWriter};
pub(crate) use sort::{distribute, sort};

use crate::error::StoreError;

/// All runs, the oldest first. Made anew when a run is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyRuns {
    runs: Vec<Arc<Run>>,
}

impl KeyRuns {
    pub(crate) fn new(runs: Vec<Arc<Run>>) -> Self {
        Self { runs }
    }

    pub(crate) fn runs(&self) -> &[Arc<Run>] {
        &self.runs
    }

    /// The ordinal of the sealed row with this key.
    pub(crate) fn find(&self, hash: u128) -> Result<Option<u32>, StoreError> {
        for run in self.runs.iter().rev() {
            if run.may_have(hash)
                && let Some(ordinal) = run.find(hash)?
            {
                return Ok(Some(ordinal));
            }
        }
        Ok(None)
    }

    /// For each hash whether it is a sealed key. Run by run, so that the parts of a filter that are in the processor's cache are
    /// used while they are.
    pub(crate) fn contain(&self, hashes: &[Option<u128>]) -> Result<Vec<bool>, StoreError> {
        let mut are_known = vec![false; hashes.len()];
        for run in self.runs.iter().rev() {
            for (hash, is_known) in hashes.iter().zip(&mut are_known) {
                if let Some(hash) = hash
                    && !*is_known
                    && run.may_have(*hash)
                {
                    *is_known = run.find(*hash)?.is_some();
                }
            }
        }
        Ok(are_known)
    }
}
