//! The store against a naive list with a naive set of keys.

use std::collections::BTreeSet;

use proptest::prelude::*;
use store::Appended;
use store::testing::MemoryDisk;

use crate::support::{Open, Request, Sample, open_on};

/// What the store must do, said plainly.
#[derive(Debug, Default)]
pub(crate) struct Model {
    keys: BTreeSet<(u8, String)>,
    events: Vec<(u8, Sample)>,
}

impl Model {
    pub(crate) fn append(&mut self, request: &Request) -> Appended {
        let sequence = self.events.len() as u64 + 1;
        for event in &request.events {
            let key = event.key.clone().map(|key| (request.organization, key));
            if key.is_none_or(|key| self.keys.insert(key)) {
                self.events.push((request.organization, event.clone()));
            }
        }
        let sequences = sequence..self.events.len() as u64 + 1;
        let inserted = u32::try_from(sequences.end - sequences.start).expect("few");
        let events = u32::try_from(request.events.len()).expect("few");
        Appended {
            inserted,
            duplicates: events - inserted,
            sequences,
        }
    }

    pub(crate) fn events(&self, organization: u8) -> Vec<Sample> {
        let of = self
            .events
            .iter()
            .filter(|(number, _)| *number == organization);
        of.map(|(_, event)| event.clone()).collect()
    }

    pub(crate) fn check(&self, open: &Open) {
        for organization in 0..4 {
            assert_eq!(open.events(organization), self.events(organization));
        }
    }
}

pub(crate) fn requests(count: usize) -> impl Strategy<Value = Vec<Request>> {
    let event = (0..5_u32, prop::option::of("[ab]{0,3}"), "[a-z]{0,8}").prop_map(
        |(customer, key, value)| crate::support::sample(customer, key.as_deref(), &value),
    );
    let request =
        (0..3_u8, prop::collection::vec(event, 0..6)).prop_map(|(organization, events)| Request {
            organization,
            events,
        });
    prop::collection::vec(request, 0..count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn answers_and_events_equal_the_naive_ones_also_after_restarts(
        groups in prop::collection::vec((requests(4), any::<bool>()), 1..20),
    ) {
        let mut disk = MemoryDisk::new();
        let mut model = Model::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        for (at, (group, restart)) in (0_i64..).zip(groups) {
            let expected: Vec<_> = group.iter().map(|request| model.append(request)).collect();
            let answers = open.commit(at, &group).expect("a healthy disk");
            prop_assert_eq!(answers, expected);
            model.check(&open);
            if restart {
                disk = disk.kill();
                open = open_on(&disk).expect("a healthy disk");
                prop_assert!(open.report.torn.is_none());
                model.check(&open);
            }
        }
    }
}
