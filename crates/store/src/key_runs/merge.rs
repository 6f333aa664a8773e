//! Merging runs, so that few are asked for each key.
//!
//! Runs that follow each other and are of similar size become one. With four at once a key is rewritten once for each factor of
//! four, and a hundred million keys stand in ten runs or fewer.

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

/// Writes the entries of several runs as one.
///
/// # Errors
/// `Damaged`, `Io`: a run cannot be read. `NoSpace`, `Write`: what the system refused.
pub(crate) fn merge(runs: &[Arc<Run>], writer: &mut RunWriter) -> Result<(), StoreError> {
    let mut inputs: Vec<_> = runs.iter().map(|run| run.entries()).collect();
    let mut heads: Vec<Option<Entry>> = inputs
        .iter_mut()
        .map(|input| input.next().transpose())
        .collect::<Result<_, _>>()?;
    loop {
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
            return Ok(());
        };
        writer.push(entry)?;
        if let (Some(head), Some(input)) = (heads.get_mut(index), inputs.get_mut(index)) {
            *head = input.next().transpose()?;
        }
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
