//! Answers from rows: every row that may count is looked at once.

use std::collections::BTreeMap;

use domain::{CustomerId, Identity, State};
use rustc_hash::FxHashMap;
use store::{RowRef, Snapshot, StoreError};

use crate::question::{Grouping, Question};
use crate::{Answer, Customers, tally};

/// Answers a question by looking at rows. Cost: those of the organization whose blocks reach into the buckets, or those of the
/// identities asked for.
///
/// # Errors
/// Rows could not be read.
pub fn scan(snapshot: &Snapshot, question: &Question<'_>) -> Result<Answer, StoreError> {
    let function = question.definition.aggregation.function();
    Ok(match question.grouping {
        None => {
            let mut states = vec![State::new(function); question.buckets.ranges().len()];
            for_each_row(snapshot, question, |row, bucket| {
                add(question, row, &mut states[bucket]);
            })?;
            tally::plain(function, &states)
        }
        Some(grouping) => {
            let mut groups = Groups::new(snapshot, grouping);
            let mut buckets = vec![Vec::new(); question.buckets.ranges().len()];
            // Where in its bucket's list the state of a group is. Both numbers are ours, so the hash need not be keyed.
            let mut places: FxHashMap<(usize, u32), usize> = FxHashMap::default();
            for_each_row(snapshot, question, |row, bucket| {
                let Some(contribution) = contribution(question, row) else {
                    return;
                };
                let states: &mut Vec<State> = &mut buckets[bucket];
                let place = *places
                    .entry((bucket, groups.of(row.identity)))
                    .or_insert_with(|| {
                        states.push(State::new(function));
                        states.len() - 1
                    });
                states[place].add(contribution);
            })?;
            tally::by_customer(function, grouping.function, &buckets)
        }
    })
}

/// Calls `visit` with every row of the customers asked for that falls into a bucket, and the bucket's index.
fn for_each_row(
    snapshot: &Snapshot,
    question: &Question<'_>,
    mut visit: impl FnMut(RowRef<'_>, usize),
) -> Result<(), StoreError> {
    let buckets = question.buckets;
    match question.customers {
        Customers::All => {
            let span = buckets.span();
            for handle in snapshot.blocks_from(0) {
                let (least, greatest) = handle.time_span();
                if least >= span.end || greatest < span.start {
                    continue;
                }
                let block = handle.load()?;
                for row in (0..block.len()).map(|index| block.row(index)) {
                    if let Some(bucket) = buckets.find(row.timestamp) {
                        visit(row, bucket);
                    }
                }
            }
        }
        Customers::Identities(identities) => {
            let mut indices: Vec<u32> = identities
                .iter()
                .filter_map(|identity| snapshot.identity_index(identity.as_ref()))
                .collect();
            indices.sort_unstable();
            indices.dedup();
            for index in indices {
                for row in snapshot.rows_of_identity(index) {
                    let row = row?;
                    let row = row.get();
                    if let Some(bucket) = buckets.find(row.timestamp) {
                        visit(row, bucket);
                    }
                }
            }
        }
    }
    Ok(())
}

fn add(question: &Question<'_>, row: RowRef<'_>, state: &mut State) {
    if let Some(contribution) = contribution(question, row) {
        state.add(contribution);
    }
}

fn contribution(question: &Question<'_>, row: RowRef<'_>) -> Option<domain::Contribution> {
    let event = row.event();
    if question.metadata.matches(event.metadata) {
        question.definition.contribution(&event)
    } else {
        None
    }
}

/// Who belongs together: identities of one customer are one group (D3).
struct Groups<'a> {
    snapshot: &'a Snapshot,
    grouping: Grouping<'a>,
    /// By identity index.
    known: Vec<Option<u32>>,
    of_customer: BTreeMap<CustomerId, u32>,
    count: u32,
}

impl<'a> Groups<'a> {
    fn new(snapshot: &'a Snapshot, grouping: Grouping<'a>) -> Self {
        let known = vec![None; snapshot.identities_count() as usize];
        Self {
            snapshot,
            grouping,
            known,
            of_customer: BTreeMap::new(),
            count: 0,
        }
    }

    fn of(&mut self, identity: u32) -> u32 {
        if let Some(group) = self.known[identity as usize] {
            return group;
        }
        let named = self
            .snapshot
            .identity(identity)
            .expect("a row has an identity of its snapshot");
        let customer = match named.as_ref() {
            Identity::Customer(id) => Some(id),
            Identity::External(external_id) => (self.grouping.customer_of)(external_id),
        };
        let fresh = self.count;
        let group = customer.map_or(fresh, |id| *self.of_customer.entry(id).or_insert(fresh));
        if group == fresh {
            self.count += 1;
        }
        self.known[identity as usize] = Some(group);
        group
    }
}
