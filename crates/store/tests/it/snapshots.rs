//! What readers see.

use std::collections::BTreeMap;

use domain::{Identity, OrganizationId, Source};
use proptest::prelude::*;
use store::testing::{Fault, MemoryDisk};
use store::{Row, Snapshot};

use crate::model::requests;
use crate::support::{Open, Request, micros, open_on, organization, sample, sample_of};

fn row(snapshot: &Snapshot, ordinal: u32) -> Option<Row> {
    snapshot.row(ordinal).expect("a healthy disk")
}

fn ordinal_of_sequence(snapshot: &Snapshot, sequence: u64) -> Option<u32> {
    snapshot
        .ordinal_of_sequence(sequence)
        .expect("a healthy disk")
}

fn ordinal_of_key(snapshot: &Snapshot, hash: u128, key: &str) -> Option<u32> {
    snapshot
        .ordinal_of_key(hash, Source::User, key)
        .expect("a healthy disk")
}

/// Everything a snapshot tells, in one value.
pub(crate) fn told(open: &Open, snapshot: &Snapshot) -> Vec<String> {
    told_of(open, organization(1), snapshot)
}

/// The same of any organization.
pub(crate) fn told_of(open: &Open, id: OrganizationId, snapshot: &Snapshot) -> Vec<String> {
    let hasher = open.reader.key_hasher();
    let mut told = vec![format!(
        "{} {}",
        snapshot.rows(),
        snapshot.identities_count()
    )];
    for ordinal in 0..snapshot.rows() {
        let row = row(snapshot, ordinal).expect("below the count");
        let row = row.get();
        assert_eq!(row.ordinal, ordinal);
        assert_eq!(ordinal_of_sequence(snapshot, row.sequence), Some(ordinal));
        let event = row.event();
        if let Some(key) = event.external_id {
            let hash = hasher.hash(id, Source::User, key);
            assert_eq!(ordinal_of_key(snapshot, hash, key), Some(ordinal));
        }
        assert_eq!(snapshot.identity_index(event.identity), Some(row.identity));
        let identity = snapshot.identity(row.identity).expect("it is numbered");
        assert_eq!(identity.as_ref(), event.identity);
        told.push(format!("{row:?}"));
    }
    for identity in 0..snapshot.identities_count() {
        let rows: Vec<u32> = snapshot
            .rows_of_identity(identity)
            .map(|row| row.expect("a healthy disk").get().ordinal)
            .collect();
        let mut expected: Vec<u32> = (0..snapshot.rows())
            .filter(|ordinal| {
                row(snapshot, *ordinal).is_some_and(|row| row.get().identity == identity)
            })
            .collect();
        expected.reverse();
        assert_eq!(rows, expected);
    }
    assert!(row(snapshot, snapshot.rows()).is_none());
    assert_eq!(snapshot.identity(snapshot.identities_count()), None);
    assert_eq!(
        snapshot
            .rows_of_identity(snapshot.identities_count())
            .count(),
        0
    );
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_snapshot_never_changes(groups in prop::collection::vec(requests(4), 1..40)) {
        let disk = MemoryDisk::new();
        let mut open = open_on(&disk).expect("a healthy disk");
        let mut snapshots: BTreeMap<usize, (Snapshot, Vec<String>)> = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            open.commit(3, group).expect("a healthy disk");
            if number % 5 == 0 {
                let snapshot = open.reader.snapshot(organization(1));
                let now = told(&open, &snapshot);
                snapshots.insert(number, (snapshot, now));
            }
        }
        for (snapshot, before) in snapshots.values() {
            prop_assert_eq!(&told(&open, snapshot), before);
        }
    }
}

#[test]
fn a_commit_that_fails_shows_neither_rows_nor_keys_nor_identities() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let request = |events| {
        [Request {
            organization: 1,
            events,
        }]
    };
    open.commit(1, &request(vec![sample(1, Some("a"), "v")]))
        .expect("a healthy disk");
    let before = told(&open, &open.reader.snapshot(organization(1)));
    disk.fail_after(0, Fault::NoSpace { written: 3 });
    let refused = request(vec![sample(2, Some("b"), "v"), sample(1, Some("c"), "v")]);
    open.commit(2, &refused).expect_err("no space");
    let snapshot = open.reader.snapshot(organization(1));
    assert_eq!(told(&open, &snapshot), before);
    let hash = open
        .reader
        .key_hasher()
        .hash(organization(1), Source::User, "b");
    assert_eq!(ordinal_of_key(&snapshot, hash, "b"), None);
    assert_eq!(
        snapshot.identity_index(Identity::External("customer-2")),
        None
    );
    let other = request(vec![sample(3, None, "v")]);
    open.commit(3, &other).expect("there is space");
    assert_eq!(open.reader.snapshot(organization(1)).identities_count(), 2);
    // The same again goes through as new.
    let answers = open.commit(4, &refused).expect("there is space");
    assert_eq!(answers.first().map(|answer| answer.inserted), Some(2));
    let snapshot = open.reader.snapshot(organization(1));
    assert_eq!(ordinal_of_key(&snapshot, hash, "b"), Some(2));
    assert_eq!(
        snapshot.identity_index(Identity::External("customer-2")),
        Some(2)
    );
}

#[test]
fn times_of_receipt_never_fall_not_even_over_a_restart() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let request = [Request {
        organization: 1,
        events: vec![sample(1, None, "v")],
    }];
    for at in [50, 20, 70] {
        open.commit(at, &request).expect("a healthy disk");
    }
    let disk = disk.kill();
    let mut open = open_on(&disk).expect("a healthy disk");
    assert_eq!(open.report.received_at, Some(micros(70)));
    for at in [10, 80] {
        open.commit(at, &request).expect("a healthy disk");
    }
    let snapshot = open.reader.snapshot(organization(1));
    let times: Vec<_> = (0..snapshot.rows())
        .filter_map(|ordinal| Some(row(&snapshot, ordinal)?.get().received_at.micros()))
        .collect();
    assert_eq!(times, [50, 50, 70, 70, 80]);
    let first = |at| {
        let found = snapshot.first_received_from(micros(at));
        found.expect("a healthy disk")
    };
    assert_eq!(first(51), 2);
    assert_eq!(first(50), 0);
    assert_eq!(first(81), 5);
}

#[test]
fn organizations_do_not_see_each_others_keys_and_rows() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    for organization in [1, 2] {
        let events = vec![sample(1, Some("same"), &organization.to_string())];
        let answers = open
            .commit(
                1,
                &[Request {
                    organization,
                    events,
                }],
            )
            .expect("healthy");
        assert_eq!(answers.first().map(|answer| answer.inserted), Some(1));
    }
    let sequences: Vec<_> = [1, 2]
        .map(|number| open.reader.snapshot(organization(number)))
        .iter()
        .filter_map(|snapshot| Some(row(snapshot, 0)?.get().sequence))
        .collect();
    assert_eq!(sequences, [1, 2]);
    let unknown = open.reader.snapshot(organization(3));
    assert_eq!((unknown.rows(), unknown.identities_count()), (0, 0));
    let snapshot = open.reader.snapshot(organization(1));
    assert_eq!(ordinal_of_sequence(&snapshot, 2), None);
    let hash = open
        .reader
        .key_hasher()
        .hash(organization(2), Source::User, "same");
    assert_eq!(ordinal_of_key(&snapshot, hash, "same"), None);
    let row = row(&snapshot, 0).expect("one row");
    assert_eq!(sample_of(&row.get().event()).value, "1");
}

#[test]
fn readers_on_other_threads_see_whole_groups_in_order() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let reader = open.reader.clone();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(move || {
            let mut seen = 0;
            while seen < 3_000 {
                let snapshot = reader.snapshot(organization(1));
                assert!(snapshot.rows() >= seen);
                assert_eq!(snapshot.rows() % 3, 0, "a group is seen in part");
                for handle in snapshot.blocks_from(seen) {
                    let block = handle.load().expect("a healthy disk");
                    for row in handle.rows_from(seen) {
                        let row = block.row(row);
                        assert_eq!(row.sequence, u64::from(row.ordinal) + 1);
                        assert!(snapshot.identity(row.identity).is_some());
                    }
                }
                assert_eq!(
                    snapshot.rows_of_identity(0).count(),
                    snapshot.rows() as usize / 3
                );
                seen = snapshot.rows();
                std::thread::yield_now();
            }
        });
        let events = vec![
            sample(1, None, "a"),
            sample(2, None, "b"),
            sample(3, None, "c"),
        ];
        let group = [Request {
            organization: 1,
            events,
        }];
        for at in 0..1_000 {
            open.commit(at, &group).expect("a healthy disk");
        }
        watcher.join().expect("the watcher saw nothing wrong");
    });
}
