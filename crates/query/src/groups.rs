//! Whose results are one result: the identities of each customer.

use std::collections::BTreeMap;

use domain::{CustomerId, Identity};
use store::Snapshot;

use crate::question::Grouping;

/// Who belongs together: identities of one customer are one group (D3).
#[derive(Debug)]
pub(crate) struct Groups<'a> {
    snapshot: &'a Snapshot,
    grouping: Grouping<'a>,
    /// By identity index.
    known: Vec<Option<u32>>,
    of_customer: BTreeMap<CustomerId, u32>,
    count: u32,
}

impl<'a> Groups<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, grouping: Grouping<'a>) -> Self {
        let known = vec![None; snapshot.identities_count() as usize];
        Self {
            snapshot,
            grouping,
            known,
            of_customer: BTreeMap::new(),
            count: 0,
        }
    }

    /// The group of an identity, which is one of the snapshot's.
    pub(crate) fn of(&mut self, identity: u32) -> u32 {
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
