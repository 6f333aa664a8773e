//! Merging runs, so that few are asked for each key.
//!
//! Runs that follow each other and are of similar size become one. With four at once a key is rewritten once for each factor of
//! four, and a hundred million keys stand in ten runs or fewer. A large merge takes seconds, so it is done in steps, between which
//! there is time for other things.

use std::sync::Arc;

use super::run::{Entry, Run, RunWriter};
use crate::error::StoreError;

/// How many runs become one.
const MERGED_AT_ONCE: usize = 4;

/// Where in a list of runs, the oldest first, some can be merged: the last [`MERGED_AT_ONCE`] or more that are about as small as the
/// last. `None` when there are too few.
pub(crate) fn candidates(keys: &[u64]) -> Option<usize> {
    let last = *keys.last()?;
    let mut largest = last.max(1);
    // Those at the end that are not much larger than what would be merged so far.
    let mut count = 0;
    let mut sum = 0_u64;
    for keys in keys.iter().rev() {
        if *keys > largest.max(sum / 2).saturating_mul(2) {
            break;
        }
        count += 1;
        sum += keys;
        largest = largest.max(*keys);
    }
    (count >= MERGED_AT_ONCE).then(|| keys.len() - count)
}

/// Runs that are being merged.
#[derive(Debug)]
pub(crate) struct Merge {
    inputs: Vec<Input>,
}

/// A run, read up to somewhere.
#[derive(Debug)]
struct Input {
    run: Arc<Run>,
    /// How many of its pieces were read.
    pieces: usize,
    /// The last piece.
    entries: Vec<Entry>,
    /// How many of its entries were taken.
    taken: usize,
}

impl Input {
    /// The next entry, which stays the next; `None` at the end.
    fn head(&mut self) -> Result<Option<Entry>, StoreError> {
        while self.taken == self.entries.len() {
            self.taken = 0;
            if !self.run.read_piece(self.pieces, &mut self.entries)? {
                return Ok(None);
            }
            self.pieces += 1;
        }
        Ok(self.entries.get(self.taken).copied())
    }
}

impl Merge {
    /// Of these runs, none of which has a key of another.
    pub(crate) fn new(runs: &[Arc<Run>]) -> Self {
        let input = |run: &Arc<Run>| Input {
            run: Arc::clone(run),
            pieces: 0,
            entries: Vec::new(),
            taken: 0,
        };
        Self {
            inputs: runs.iter().map(input).collect(),
        }
    }

    /// The runs.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Arc<Run>> {
        self.inputs.iter().map(|input| &input.run)
    }

    /// Writes up to so many entries. Returns whether there are more.
    ///
    /// # Errors
    /// `Damaged`, `Io`: a run cannot be read. `NoSpace`, `Write`: what the system refused.
    pub(crate) fn step(
        &mut self,
        entries_max: usize,
        writer: &mut RunWriter,
    ) -> Result<bool, StoreError> {
        let mut heads: Vec<Option<Entry>> = (self.inputs.iter_mut())
            .map(Input::head)
            .collect::<Result<_, _>>()?;
        for _ in 0..entries_max {
            // Few inputs: the least is found faster by looking at all than in a heap.
            let mut least: Option<(usize, Entry)> = None;
            for (index, head) in heads.iter().enumerate() {
                if let Some(head) = head
                    && least.is_none_or(|(_, (hash, _))| head.0 < hash)
                {
                    least = Some((index, *head));
                }
            }
            let Some((index, entry)) = least else {
                return Ok(false);
            };
            writer.push(entry)?;
            if let (Some(head), Some(input)) = (heads.get_mut(index), self.inputs.get_mut(index)) {
                input.taken += 1;
                *head = input.head()?;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_size_stay_few_and_no_key_is_rewritten_often() {
        let mut runs: Vec<u64> = Vec::new();
        let (mut rewritten, mut most) = (0, 0);
        for _ in 0..1_000 {
            runs.push(500_000);
            while let Some(at) = candidates(&runs) {
                let merged = runs.split_off(at).iter().sum();
                rewritten += merged;
                runs.push(merged);
            }
            most = most.max(runs.len());
        }
        assert!(most <= 16, "{most}");
        assert!(rewritten <= 6 * 1_000 * 500_000, "{rewritten}");
    }
}
