//! Requests that are prepared early, and groups that are gathered while another is written.

use proptest::prelude::*;
use store::testing::{Fault, MemoryDisk};
use store::{Appended, Group, StoreError, TakenIn};

use crate::model::{Model, requests};
use crate::support::{Open, Request, micros, open_on, sample};

/// Takes requests in and returns their answers, should they become durable.
fn take_in(open: &mut Open, at: i64, group: &[Request]) -> Vec<TakenIn> {
    let prepared = open.prepare(group).expect("a healthy disk");
    let taken = |request| open.writer.take_in(micros(at), request);
    let taken: Result<_, StoreError> = prepared.into_iter().map(taken).collect();
    taken.expect("there is room")
}

fn write(open: &mut Open, mut group: Group) {
    open.writer.log().write(&mut group).expect("a healthy disk");
    open.writer.publish(group);
}

fn appended(taken: Vec<TakenIn>) -> Vec<Appended> {
    taken.into_iter().map(|taken| taken.appended).collect()
}

fn keyed(organization: u8, keys: &[&str]) -> Request {
    let events = keys.iter().map(|key| sample(1, Some(key), "v")).collect();
    Request {
        organization,
        events,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn gathering_beside_a_write_changes_no_answer(
        groups in prop::collection::vec((requests(4), 0..4_u8), 1..20),
    ) {
        let mut disk = MemoryDisk::new();
        let mut model = Model::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        let mut writing: Option<Group> = None;
        for (at, (group, then)) in (0_i64..).zip(groups) {
            let expected: Vec<_> = group.iter().map(|request| model.append(request)).collect();
            prop_assert_eq!(appended(take_in(&mut open, at, &group)), expected);
            if let Some(group) = writing.take() {
                write(&mut open, group);
            }
            let begun = open.writer.begin_group();
            if then == 0 {
                writing = Some(begun);
                continue;
            }
            write(&mut open, begun);
            model.check(&open);
            if then == 1 {
                open.sealer.seal().expect("a healthy disk");
                model.check(&open);
            }
            if then == 2 {
                disk = disk.kill();
                open = open_on(&disk).expect("a healthy disk");
                model.check(&open);
            }
        }
    }
}

#[test]
fn what_was_prepared_before_a_key_was_known_and_sealed_repeats_it_all_the_same() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let early = || [keyed(1, &["a", "b", "c", "d"]), keyed(1, &["a"])];
    let first = open.prepare(&early()).expect("a healthy disk");
    let second = open.prepare(&early()).expect("a healthy disk");
    open.commit(1, &[keyed(1, &["a"])]).expect("a healthy disk");
    open.sealer.seal().expect("a healthy disk");
    open.commit(2, &[keyed(1, &["b"])]).expect("a healthy disk");
    open.sealer.seal().expect("a healthy disk");
    while open.sealer.compact().expect("a healthy disk") {}
    open.commit(3, &[keyed(1, &["c"])]).expect("a healthy disk");
    let mut inserted = Vec::new();
    for request in first.into_iter().chain(second) {
        let taken = open.writer.take_in(micros(4), request);
        inserted.push(taken.expect("there is room").appended.inserted);
    }
    assert_eq!(inserted, [1, 0, 0, 0]);
    let group = open.writer.begin_group();
    write(&mut open, group);
    assert_eq!(open.events(1).len(), 4);
}

#[test]
fn a_repeat_of_what_is_being_written_is_answered_only_when_that_is_durable() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    open.commit(1, &[keyed(1, &["old"])])
        .expect("a healthy disk");
    let taken = take_in(&mut open, 2, &[keyed(1, &["new", "old"])]);
    assert_eq!(taken.first().map(|taken| taken.is_durable), Some(false));
    let mut group = open.writer.begin_group();
    let behind = take_in(
        &mut open,
        3,
        &[keyed(1, &["new"]), keyed(1, &["old"]), keyed(2, &["new"])],
    );
    let are_durable: Vec<_> = behind.iter().map(|taken| taken.is_durable).collect();
    assert_eq!(are_durable, [false, true, false]);
    disk.limit_bytes(Some(disk.used_bytes() + 10));
    let error = open.writer.log().write(&mut group).expect_err("no space");
    assert!(error.is_retryable());
    open.writer.undo(group);
    disk.limit_bytes(None);
    // All of it is new again, and readers have seen nothing of it.
    assert_eq!(open.events(1).len(), 1);
    let again = take_in(
        &mut open,
        4,
        &[keyed(1, &["new", "old"]), keyed(2, &["new"])],
    );
    let sequences: Vec<_> = again
        .iter()
        .map(|taken| taken.appended.sequences.clone())
        .collect();
    assert_eq!(sequences, [2..3, 3..4]);
    let group = open.writer.begin_group();
    write(&mut open, group);
    assert_eq!((open.events(1).len(), open.events(2).len()), (2, 1));
}

#[test]
fn a_request_that_cannot_be_looked_up_leaves_the_others_of_its_group() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let early = open.prepare(&[keyed(1, &["x", "a"]), keyed(1, &["y"])]);
    let early = early.expect("a healthy disk");
    open.commit(1, &[keyed(1, &["a"])]).expect("a healthy disk");
    open.sealer.seal().expect("a healthy disk");
    let mut early = early.into_iter();
    // The key is in a run that came since, which cannot be read.
    disk.fail_after(0, Fault::Refuse);
    let refused = open.writer.take_in(micros(2), early.next().expect("two"));
    assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
    disk.heal();
    let taken = open.writer.take_in(micros(2), early.next().expect("two"));
    assert_eq!(taken.expect("there is room").appended.inserted, 1);
    let again = take_in(&mut open, 3, &[keyed(1, &["x", "a"])]);
    assert_eq!(
        appended(again).first().map(|answer| answer.inserted),
        Some(1)
    );
    let group = open.writer.begin_group();
    write(&mut open, group);
    assert_eq!(open.events(1).len(), 3);
}
