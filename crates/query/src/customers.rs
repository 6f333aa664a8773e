//! Answers about customers from a meter's history: no event is looked at, however many a customer has.

use domain::interval::Quarter;
use domain::packed::{PackedError, Reader};
use domain::{Function, Number};
use rustc_hash::FxHashMap;
use store::Snapshot;

use crate::distinct::Numbers;
use crate::fold::{Fold, Kept};
use crate::groups::Groups;
use crate::history::{History, Keys, Place, SavedHistory};
use crate::partial::{Cell, Partial};
use crate::question::{Customers, Question};
use crate::saved::TableError;
use crate::{Answer, tally};

/// An answer that is begun: what is in memory is in it. What was kept is still to be read, for which nobody need wait.
#[derive(Debug)]
pub struct CustomerAnswer<'a>(Inner<'a>);

#[derive(Debug)]
enum Inner<'a> {
    Numbers(Sums<'a, Cell>),
    Values(Sums<'a, Numbers>),
}

impl<'a> CustomerAnswer<'a> {
    /// Begins the answer to a question that [`crate::Plan::History`] is for. All rows of the snapshot must be folded, and there may
    /// be later ones. Cost: a few microseconds, and what is in memory of the time and the customers asked about.
    pub fn begin(fold: &Fold, snapshot: &'a Snapshot, question: &'a Question<'a>) -> Self {
        Self(match &fold.kept {
            Kept::Numbers(parts) => Inner::Numbers(Sums::begin(&parts.history, snapshot, question)),
            Kept::Values(_, parts) => {
                Inner::Values(Sums::begin(&parts.history, snapshot, question))
            }
        })
    }

    /// Reads what was kept, and adds up. Cost: a search in each file for each ten days of each customer, or a walk through the ten
    /// days of all, and about 20 ns for each quarter hour in which a customer counted something.
    ///
    /// # Errors
    /// What was kept cannot be read.
    pub fn finish(self) -> Result<Answer, TableError> {
        match self.0 {
            Inner::Numbers(sums) => sums.finish(),
            Inner::Values(sums) => sums.finish(),
        }
    }
}

#[derive(Debug)]
struct Sums<'a, P> {
    function: Function,
    snapshot: &'a Snapshot,
    question: &'a Question<'a>,
    /// By number, ascending; `None`: everyone's.
    identities: Option<Vec<u32>>,
    saved: Option<SavedHistory>,
    parts: AllParts<'a, P>,
}

#[derive(Debug)]
enum AllParts<'a, P> {
    /// One for each bucket.
    OfBuckets(Vec<P>),
    /// One for each bucket and group.
    OfGroups {
        parts: FxHashMap<(u32, u32), P>,
        groups: Groups<'a>,
    },
}

impl<P: Partial> AllParts<'_, P> {
    #[inline]
    fn of(&mut self, bucket: usize, identity: u32) -> &mut P {
        match self {
            AllParts::OfBuckets(parts) => &mut parts[bucket],
            AllParts::OfGroups { parts, groups } => {
                let bucket = u32::try_from(bucket).expect("a series has few points");
                parts.entry((bucket, groups.of(identity))).or_default()
            }
        }
    }
}

impl<'a, P: Partial> Sums<'a, P> {
    fn begin(history: &History<P>, snapshot: &'a Snapshot, question: &'a Question<'a>) -> Self {
        let identities = match question.customers {
            Customers::All => None,
            Customers::Identities(identities) => {
                let numbers = identities.iter();
                let numbers =
                    numbers.filter_map(|identity| snapshot.identity_index(identity.as_ref()));
                let mut numbers: Vec<u32> = numbers.collect();
                numbers.sort_unstable();
                numbers.dedup();
                Some(numbers)
            }
        };
        let buckets = question.buckets.len();
        let mut parts = match question.grouping {
            None => AllParts::OfBuckets(vec![P::default(); buckets]),
            Some(grouping) => AllParts::OfGroups {
                parts: FxHashMap::default(),
                groups: Groups::new(snapshot, grouping),
            },
        };
        let function = question.definition.aggregation.function();
        let keys = Keys::new(question.buckets.span(), identities.as_deref());
        let saved = history.visit_recent(&keys, |place, one| {
            if let Some(bucket) = bucket_of(question, place)
                && is_known(snapshot, place)
            {
                parts.of(bucket, place.identity).add(function, one);
            }
        });
        Self {
            function,
            snapshot,
            question,
            identities,
            saved,
            parts,
        }
    }

    fn finish(mut self) -> Result<Answer, TableError> {
        if let Some(saved) = self.saved.take() {
            let keys = Keys::new(self.question.buckets.span(), self.identities.as_deref());
            let (question, function, parts) = (self.question, self.function, &mut self.parts);
            let snapshot = self.snapshot;
            saved.visit(&keys, |place, packed: &mut Reader<'_>| {
                if let Some(bucket) = bucket_of(question, place)
                    && is_known(snapshot, place)
                {
                    let part = parts.of(bucket, place.identity);
                    part.merge_packed(function, packed)?;
                }
                Ok::<(), PackedError>(())
            })?;
        }
        Ok(match self.parts {
            AllParts::OfBuckets(parts) => of_buckets(self.function, &parts),
            AllParts::OfGroups { parts, .. } => {
                let over = self.question.grouping.map(|grouping| grouping.function);
                let buckets = self.question.buckets.len();
                of_groups(self.function, over, buckets, parts)
            }
        })
    }
}

/// The bucket of a quarter hour, which lies in one as a whole or not at all.
#[inline]
fn bucket_of(question: &Question<'_>, place: Place) -> Option<usize> {
    let quarter = Quarter::from_index(place.quarter.into())?;
    question.buckets.find(quarter.start())
}

/// Whether an identity is one of the snapshot's: later rows than the snapshot's may be folded, and those of an identity that it does not
/// know yet are left to later questions.
fn is_known(snapshot: &Snapshot, place: Place) -> bool {
    place.identity < snapshot.identities_count()
}

fn of_buckets<P: Partial>(function: Function, parts: &[P]) -> Answer {
    let value = |part: &P| part.value(function).unwrap_or_default();
    let all: Vec<&P> = parts.iter().collect();
    Answer {
        quantities: parts.iter().map(value).collect(),
        total: value(&P::merge_all(function, &all)),
    }
}

fn of_groups<P: Partial>(
    function: Function,
    over: Option<Function>,
    buckets: usize,
    parts: FxHashMap<(u32, u32), P>,
) -> Answer {
    let mut by_bucket: Vec<Vec<P>> = std::iter::repeat_with(Vec::new).take(buckets).collect();
    #[expect(
        clippy::iter_over_hash_type,
        reason = "what is made of a list does not depend on its order"
    )]
    for ((bucket, _), part) in parts {
        by_bucket[bucket as usize].push(part);
    }
    let values: Vec<Option<Number>> = by_bucket
        .iter()
        .map(|parts| {
            let values = parts.iter().filter_map(|part| part.value(function));
            tally::over_customers(over.unwrap_or(function), values)
        })
        .collect();
    tally::with_total(function, values, || {
        let all: Vec<&P> = by_bucket.iter().flatten().collect();
        P::merge_all(function, &all).value(function)
    })
}
