//! Answers from rows: every row that may count is looked at once.
//!
//! Sealed rows are looked at by column, those in memory one by one. Pieces of the history are dealt out to several threads; as states
//! are exact and merge in any order, the answer does not depend on how.

mod by_identity;
mod distinct_values;
mod totals;
mod work;

use std::num::NonZeroUsize;

use domain::{Function, KeyedHash};
use store::{Snapshot, StoreError};

use crate::Answer;
use crate::question::Question;
use by_identity::ByIdentity;
use distinct_values::DistinctValues;
use totals::Totals;
use work::{Rules, Work};

/// With what a scan is done.
#[derive(Debug, Clone)]
pub struct ScanMeans {
    /// How many threads at most, the caller's own counted. Small scans take fewer.
    pub threads: NonZeroUsize,
    /// Gives the hashes that stand for distinct values.
    pub hash: KeyedHash,
}

/// Answers a question by looking at rows. Cost: the columns that are asked about, of the organization's rows whose groups reach into the
/// buckets, or of those of the identities asked for. Memory: the states of the buckets, and a few columns of a few thousand rows for each
/// thread.
///
/// # Errors
/// Rows could not be read.
pub fn scan(
    snapshot: &Snapshot,
    question: &Question<'_>,
    means: &ScanMeans,
) -> Result<Answer, StoreError> {
    let work = Work::of(snapshot, question)?;
    let rules = Rules {
        definition: question.definition,
        metadata: question.metadata,
        buckets: question.buckets,
    };
    let function = question.definition.aggregation.function();
    let buckets = question.buckets.ranges().len();
    Ok(match (question.grouping, function) {
        (Some(grouping), _) => work
            .run(rules, means.threads, || ByIdentity::new(function))?
            .answer(snapshot, grouping, buckets),
        (None, Function::Unique) => work
            .run(rules, means.threads, || {
                DistinctValues::new(buckets, means.hash.clone())
            })?
            .answer(),
        (None, _) => work
            .run(rules, means.threads, || Totals::new(function, buckets))?
            .answer(),
    })
}

#[cfg(test)]
pub(crate) mod tests;
