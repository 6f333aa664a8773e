//! One state for each bucket and identity, from which those of customers are made.

use domain::{Aggregation, Contribution, Function, State};
use rustc_hash::FxHashMap;
use store::{Snapshot, StoreError};

use super::work::Accumulator;
use crate::columns::{GroupRows, Sink, measure};
use crate::groups::Groups;
use crate::question::Grouping;
use crate::{Answer, tally};

/// See the module.
#[derive(Debug)]
pub(super) struct ByIdentity {
    function: Function,
    states: Vec<(Place, State)>,
    /// Where in the list the state of a place is. Its numbers are ours, so the hash need not be keyed.
    places: FxHashMap<Place, usize>,
}

/// A bucket and an identity.
type Place = (u32, u32);

impl ByIdentity {
    pub(super) fn new(function: Function) -> Self {
        Self {
            function,
            states: Vec::new(),
            places: FxHashMap::default(),
        }
    }

    /// The answer, with the identities of one customer taken together.
    pub(super) fn answer(
        self,
        snapshot: &Snapshot,
        grouping: Grouping<'_>,
        buckets: usize,
    ) -> Answer {
        let mut groups = Groups::new(snapshot, grouping);
        let mut by_group = Self::new(self.function);
        for ((bucket, identity), state) in &self.states {
            by_group.state((*bucket, groups.of(*identity))).merge(state);
        }
        let mut states = vec![Vec::new(); buckets];
        for ((bucket, _), state) in by_group.states {
            states[bucket as usize].push(state);
        }
        tally::by_customer(self.function, grouping.function, &states)
    }

    fn state(&mut self, place: Place) -> &mut State {
        let index = *self.places.entry(place).or_insert_with(|| {
            self.states.push((place, State::new(self.function)));
            self.states.len() - 1
        });
        &mut self.states[index].1
    }
}

impl Accumulator for ByIdentity {
    fn add(&mut self, bucket: usize, identity: u32, contribution: Contribution) {
        let bucket = u32::try_from(bucket).expect("a series has few points");
        self.state((bucket, identity)).add(contribution);
    }

    fn add_group(
        &mut self,
        group: &mut GroupRows,
        aggregation: &Aggregation,
        rows: &[u32],
        bucket_of: &[u32],
    ) -> Result<(), StoreError> {
        let identities = group.identities(rows)?.to_vec();
        let mut sink = Into {
            states: self,
            bucket_of,
            identities: &identities,
        };
        measure(group, aggregation, rows, &mut sink)
    }

    fn merge(&mut self, other: Self) {
        for (place, state) in &other.states {
            self.state(*place).merge(state);
        }
    }
}

struct Into<'a> {
    states: &'a mut ByIdentity,
    bucket_of: &'a [u32],
    identities: &'a [i64],
}

impl Sink for Into<'_> {
    fn add(&mut self, row: u32, contribution: Contribution) {
        let identity = crate::columns::identity(self.identities[row as usize]);
        let place = (self.bucket_of[row as usize], identity);
        self.states.state(place).add(contribution);
    }
}
