//! Sealing changes where events are, and no answer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use store::StoreError;
use store::disk::Disk;
use store::testing::{Fault, MemoryDisk, Survives};

use crate::model::{Model, requests};
use crate::snapshots::{told, told_of};
use crate::support::{Open, PATH, Request, micros, open_on, organization, sample};

/// Everything that can be asked of all organizations.
fn all_told(open: &Open) -> Vec<Vec<String>> {
    let mut organizations = open.reader.organizations();
    // One that was only ever refused is forgotten by a restart.
    organizations.retain(|id| open.reader.snapshot(*id).rows() > 0);
    let known = organizations
        .iter()
        .map(|id| (*id, open.reader.snapshot(*id)));
    let mut all: Vec<_> = known
        .map(|(id, snapshot)| told_of(open, id, &snapshot))
        .collect();
    for at in [0, 3, 10, 1_000] {
        let found = organizations.iter().map(|id| {
            let snapshot = open.reader.snapshot(*id);
            let first = snapshot.first_received_from(micros(at));
            first.expect("a healthy disk").to_string()
        });
        all.push(found.collect());
    }
    all
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Request>),
    Seal,
    Compact,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => requests(4).prop_map(Step::Commit),
        3 => Just(Step::Seal),
        1 => Just(Step::Compact),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn answers_equal_the_naive_ones_whenever_it_is_sealed_compacted_and_restarted(steps in steps()) {
        let mut disk = MemoryDisk::new();
        let mut model = Model::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        for (at, step) in (0_i64..).zip(steps) {
            let before = all_told(&open);
            match step {
                Step::Commit(group) => {
                    let expected: Vec<_> = group.iter().map(|request| model.append(request)).collect();
                    let answers = open.commit(at, &group).expect("a healthy disk");
                    prop_assert_eq!(answers, expected);
                    model.check(&open);
                    continue;
                }
                Step::Seal => {
                    open.sealer.seal().expect("a healthy disk");
                    prop_assert!(open.sealer.seal().expect("a healthy disk").is_none());
                }
                Step::Compact => while open.sealer.compact().expect("a healthy disk") {},
                Step::Restart => {
                    disk = disk.kill();
                    open = open_on(&disk).expect("a healthy disk");
                }
            }
            model.check(&open);
            prop_assert_eq!(all_told(&open), before);
        }
    }
}

fn group(number: u32) -> Vec<Request> {
    let repeat = format!("key-{}-1", number.saturating_sub(1));
    let fresh = |customer, key: u32| {
        sample(
            customer,
            Some(&format!("key-{number}-{key}")),
            &number.to_string(),
        )
    };
    vec![
        Request {
            organization: 1,
            events: vec![
                fresh(number % 3, 1),
                fresh(7, 2),
                sample(3, None, "no key"),
                sample(9, Some(&repeat), "repeat"),
            ],
        },
        Request {
            organization: 2,
            events: vec![fresh(number % 5, 1)],
        },
    ]
}

/// Commits, seals, and merges, and goes on after whatever fails. Returns how many events were acknowledged.
fn work(open: &mut Open, model: &mut Model) -> bool {
    let mut is_well = true;
    for number in 0..8 {
        let group = group(number);
        match open.commit(number.into(), &group) {
            Ok(answers) => {
                let expected: Vec<_> = group.iter().map(|request| model.append(request)).collect();
                assert_eq!(answers, expected);
            }
            Err(_) => return false,
        }
        if number % 2 == 1 {
            is_well &= open.sealer.seal().is_ok();
        }
        is_well &= open.sealer.compact().is_ok();
    }
    is_well
}

/// Runs the work with one fault at every operation; afterwards everything acknowledged is there once, and the work goes on.
fn fail_everywhere(fault: Fault) {
    let start = {
        let disk = MemoryDisk::new();
        drop(open_on(&disk).expect("a healthy disk"));
        disk.operations()
    };
    for after in 0.. {
        let disk = MemoryDisk::new();
        let mut model = Model::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        disk.fail_after(after, fault);
        let is_well = work(&mut open, &mut model);
        let is_done = disk.operations() < start + after;
        disk.heal();
        let is_whole = model.events(1).len() == 24;
        if is_whole && !is_well && !matches!(fault, Fault::Die { .. }) {
            // What failed is done again, unless the machine is dead.
            open.sealer.seal().expect("a healthy disk");
            model.check(&open);
        }
        for disk in [
            disk.kill(),
            disk.cut_power(Survives {
                unsynced_bytes: 0,
                lengths: false,
                names: false,
            }),
            disk.cut_power(Survives {
                unsynced_bytes: 100,
                lengths: true,
                names: true,
            }),
        ] {
            let mut open = open_on(&disk)
                .unwrap_or_else(|error| panic!("{fault:?} at operation {after}: {error:?}"));
            if is_whole {
                model.check(&open);
            } else {
                // A group whose answer was lost may be there.
                let events = open.events(1);
                assert!(events.starts_with(&model.events(1)), "{fault:?} at {after}");
                assert!(events.len() <= model.events(1).len() + 3);
            }
            let mut again = open_again(&mut open);
            for number in 20..23 {
                let group = group(number);
                let answers = open.commit(100, &group).expect("a healthy disk");
                let expected: Vec<_> = group
                    .iter()
                    .map(|request| again.append(request).inserted)
                    .collect();
                let inserted: Vec<_> = answers.iter().map(|answer| answer.inserted).collect();
                assert_eq!(inserted, expected);
                open.sealer.seal().expect("a healthy disk");
            }
            while open.sealer.compact().expect("a healthy disk") {}
            again.check(&open);
            let told = all_told(&open);
            let left = disk.paths();
            drop(open);
            let open = open_on(&disk).expect("a healthy disk");
            assert_eq!(all_told(&open), told);
            assert_eq!(open.report.events_sealed, open.report.events);
            // Nothing stays that nobody names.
            let is_sealed = |path: &&PathBuf| {
                ["segments", "identities", "keys"]
                    .iter()
                    .any(|folder| path.starts_with(Path::new(PATH).join(folder)))
            };
            let files = disk.paths();
            assert_eq!(
                files.iter().filter(is_sealed).count(),
                left.iter().filter(is_sealed).count()
            );
        }
        if is_done {
            assert!(after > 100, "the loop ended early: {after}");
            break;
        }
    }
}

/// A model of what is there.
fn open_again(open: &mut Open) -> Model {
    let mut model = Model::default();
    for organization in [1, 2] {
        let events = open.events(organization);
        let count = events.len();
        let appended = model.append(&Request {
            organization,
            events,
        });
        assert_eq!(appended.inserted as usize, count, "a key is there twice");
    }
    model
}

#[test]
fn a_refused_operation_while_sealing_loses_and_doubles_nothing() {
    fail_everywhere(Fault::Refuse);
}

#[test]
fn no_space_while_sealing_loses_and_doubles_nothing() {
    fail_everywhere(Fault::NoSpace { written: 20 });
}

#[test]
fn death_while_sealing_loses_and_doubles_nothing() {
    fail_everywhere(Fault::Die { written: 0 });
    fail_everywhere(Fault::Die { written: 1_000 });
}

/// A disk with two segments, merged keys or not, and a tail.
fn filled() -> (MemoryDisk, Vec<Vec<String>>) {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    for number in 0..9 {
        open.commit(i64::from(number), &group(number))
            .expect("a healthy disk");
        if number % 4 == 3 {
            open.sealer.seal().expect("a healthy disk");
        }
    }
    let told = all_told(&open);
    (disk.kill(), told)
}

#[test]
fn a_flipped_byte_in_a_sealed_file_is_an_error_and_never_another_answer() {
    let (disk, told) = filled();
    assert_eq!(all_told(&open_on(&disk.kill()).expect("undamaged")), told);
    let is_sealed = |path: &PathBuf| {
        let text = path.to_string_lossy();
        ["MANIFEST", "segments/", "identities/", "keys/"]
            .iter()
            .any(|part| text.contains(part))
    };
    let mut seen = 0;
    for path in disk.paths().into_iter().filter(is_sealed) {
        let content = disk.content(&path).expect("it is there");
        for offset in (0..content.len()).step_by(7) {
            let damaged = disk.kill();
            let mut content = content.clone();
            *content.get_mut(offset).expect("within it") ^= 0x11;
            damaged.put(&path, content);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                open_on(&damaged).map(|open| asked(&open))
            }));
            let outcome = outcome.unwrap_or_else(|_| panic!("{} {offset}", path.display()));
            match outcome {
                Err(
                    StoreError::Damaged { path: named, .. } | StoreError::Newer { path: named, .. },
                )
                | Ok(Err(StoreError::Damaged { path: named, .. })) => {
                    assert_eq!(named, path);
                    seen += 1;
                }
                Err(error) | Ok(Err(error)) => panic!("{} {offset}: {error}", path.display()),
                // Nobody looked there: zeros behind entries, or filters that let pass what they must.
                Ok(Ok(())) => {}
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

/// Looks at everything, until something cannot be read.
fn asked(open: &Open) -> Result<(), StoreError> {
    for id in open.reader.organizations() {
        let snapshot = open.reader.snapshot(id);
        for ordinal in 0..snapshot.rows() {
            let row = snapshot.row(ordinal)?.expect("below the count");
            let row = row.get();
            assert_eq!(row.ordinal, ordinal);
            let event = row.event();
            if let Some(key) = event.external_id {
                let hash = (open.reader.key_hasher()).hash(id, event.source, key);
                let found = snapshot.ordinal_of_key(hash, event.source, key)?;
                assert_eq!(found, Some(ordinal));
            }
        }
        for identity in 0..snapshot.identities_count() {
            for row in snapshot.rows_of_identity(identity) {
                assert_eq!(row?.get().identity, identity);
            }
        }
    }
    Ok(())
}

#[test]
fn a_missing_or_short_sealed_file_is_an_error() {
    let (disk, _) = filled();
    for path in disk.paths() {
        let text = path.to_string_lossy().into_owned();
        if !["MANIFEST", "segments/", "identities/", "keys/"]
            .iter()
            .any(|part| text.contains(part))
        {
            continue;
        }
        let missing = disk.kill();
        missing.remove(&path).expect("it is there");
        match open_on(&missing).map(drop) {
            Err(StoreError::Missing { path: named }) => assert_eq!(named, path),
            other => panic!("{text}: {other:?}"),
        }
        let short = disk.kill();
        let mut content = short.content(&path).expect("it is there");
        content.pop();
        short.put(&path, content);
        match open_on(&short).map(drop) {
            Err(StoreError::Damaged { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_journal_is_cut_behind_what_is_sealed_and_a_start_reads_only_the_rest() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    for number in 0..20 {
        open.commit(i64::from(number), &group(number))
            .expect("a healthy disk");
    }
    assert!(open.sealer.wants_seal());
    let before = journal_bytes(&disk);
    let sealed = open
        .sealer
        .seal()
        .expect("a healthy disk")
        .expect("there are events");
    assert_eq!((sealed.events, sealed.organizations), (80, 2));
    assert!(!open.sealer.wants_seal());
    open.commit(50, &group(20)).expect("a healthy disk");
    open.sealer.seal().expect("a healthy disk");
    assert!(journal_bytes(&disk) < before / 3);
    open.commit(60, &group(21)).expect("a healthy disk");
    let open = open_on(&disk.kill()).expect("a healthy disk");
    assert_eq!((open.report.events, open.report.events_sealed), (88, 84));
    assert_eq!(open.report.segments, 2);
}

fn journal_bytes(disk: &MemoryDisk) -> usize {
    let files = crate::support::journal_files(disk);
    files
        .iter()
        .filter_map(|path| disk.content(path))
        .map(|content| content.len())
        .sum()
}

#[test]
fn a_snapshot_from_before_a_seal_never_changes_and_repeats_are_known_after_it() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let mut snapshots = Vec::new();
    for number in 0..12 {
        open.commit(i64::from(number), &group(number))
            .expect("a healthy disk");
        let snapshot = open.reader.snapshot(organization(1));
        let told_now = told(&open, &snapshot);
        snapshots.push((snapshot, told_now));
        if number % 3 == 2 {
            open.sealer.seal().expect("a healthy disk");
            while open.sealer.compact().expect("a healthy disk") {}
        }
        for (snapshot, before) in &snapshots {
            assert_eq!(&told(&open, snapshot), before);
        }
    }
    for number in 0..12 {
        let mut repeats = group(number);
        for request in &mut repeats {
            request.events.retain(|event| event.key.is_some());
        }
        for answer in open.commit(100, &repeats).expect("a healthy disk") {
            assert_eq!(answer.inserted, 0);
        }
    }
}

#[test]
fn files_stay_few_when_a_step_of_merging_follows_each_seal() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    // More keys than a step merges, so that seals come between the steps of a merge.
    let fresh = |number: u32| {
        let key = |key: u32| format!("key-{number}-{key}");
        let events = (0..70).map(|at| sample(at % 9, Some(&key(at)), "fresh"));
        vec![Request {
            organization: 1,
            events: events.collect(),
        }]
    };
    let sealed = |disk: &MemoryDisk, folder: &str| {
        let folder = Path::new(PATH).join(folder);
        let paths = disk.paths().into_iter();
        paths.filter(|path| path.starts_with(&folder)).count()
    };
    let (mut runs_most, mut segments_most) = (0, 0);
    for number in 0..60 {
        open.commit(i64::from(number), &fresh(number))
            .expect("a healthy disk");
        open.sealer.seal().expect("a healthy disk");
        for _ in 0..4 {
            open.sealer.compact().expect("a healthy disk");
        }
        runs_most = runs_most.max(sealed(&disk, "keys"));
        segments_most = segments_most.max(sealed(&disk, "segments"));
    }
    assert!(runs_most <= 16, "{runs_most}");
    // Each has two files. Keys are merged first.
    assert!(segments_most <= 40, "{segments_most}");
    let told = all_told(&open);
    while open.sealer.compact().expect("a healthy disk") {}
    assert_eq!(all_told(&open), told);
    let mut restarted = open_on(&disk.kill()).expect("a healthy disk");
    assert_eq!(all_told(&restarted), told);
    for number in 0..60 {
        let answers = restarted.commit(100, &fresh(number));
        let answers = answers.expect("a healthy disk");
        assert!(answers.iter().all(|answer| answer.inserted == 0));
    }
}

#[test]
fn files_of_replaced_segments_stay_while_somebody_reads_them() {
    let files = |disk: &MemoryDisk| {
        let folder = Path::new(PATH).join("segments");
        let paths = disk.paths().into_iter();
        paths.filter(|path| path.starts_with(&folder)).count()
    };
    for crashes in [false, true] {
        let disk = MemoryDisk::new();
        let mut open = open_on(&disk).expect("a healthy disk");
        for number in 0..4 {
            open.commit(i64::from(number), &group(number))
                .expect("a healthy disk");
            open.sealer.seal().expect("a healthy disk");
        }
        let snapshot = open.reader.snapshot(organization(1));
        let before = told(&open, &snapshot);
        while open.sealer.compact().expect("a healthy disk") {}
        assert_eq!(files(&disk), 10, "four old segments and one");
        let again = open.reader.snapshot(organization(1));
        assert_eq!(told(&open, &again), before);
        assert_eq!(told(&open, &snapshot), before);
        if crashes {
            let disk = disk.kill();
            let open = open_on(&disk).expect("a healthy disk");
            assert_eq!((files(&disk), open.report.segments), (2, 1));
            assert_eq!(told(&open, &open.reader.snapshot(organization(1))), before);
        } else {
            drop((snapshot, again));
            open.sealer.compact().expect("a healthy disk");
            assert_eq!(files(&disk), 2);
            assert_eq!(told(&open, &open.reader.snapshot(organization(1))), before);
        }
    }
}

#[test]
fn readers_and_the_writer_go_on_while_it_is_sealed() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let reader = open.reader.clone();
    let groups = 400_u32;
    let is_done = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sealer = &mut open.sealer;
        let sealing = scope.spawn(move || {
            let mut events = 0;
            while !is_done.load(Ordering::Relaxed) {
                events += sealer
                    .seal()
                    .expect("a healthy disk")
                    .map_or(0, |sealed| sealed.events);
                while sealer.compact().expect("a healthy disk") {}
                std::thread::yield_now();
            }
            events
        });
        let watching = scope.spawn(move || {
            while reader.snapshot(organization(1)).rows() < groups * 4 {
                let snapshot = reader.snapshot(organization(1));
                let mut next = 0;
                for handle in snapshot.blocks_from(0) {
                    let block = handle.load().expect("a healthy disk");
                    for row in handle.rows_from(next) {
                        assert_eq!(block.row(row).ordinal, next);
                        next += 1;
                    }
                }
                assert_eq!(next, snapshot.rows());
                let of_customer = (0..snapshot.identities_count())
                    .map(|identity| snapshot.rows_of_identity(identity).count());
                assert_eq!(of_customer.sum::<usize>(), snapshot.rows() as usize);
            }
        });
        for number in 0..groups {
            let group = group(number);
            let commit = |writer: &mut store::Writer| {
                let hasher = open.reader.key_hasher();
                let batches: Vec<_> = (group.iter())
                    .map(|request| {
                        let id = organization(request.organization);
                        (id, crate::support::batch_of(hasher, id, &request.events))
                    })
                    .collect();
                let requests: Vec<_> = (batches.iter())
                    .map(|(organization, (batch, hashes))| store::AppendRequest {
                        organization: *organization,
                        batch,
                        hashes,
                    })
                    .collect();
                writer
                    .commit(micros(number.into()), &requests)
                    .expect("a healthy disk")
            };
            let answers = commit(&mut open.writer);
            let inserted: Vec<_> = answers.iter().map(|answer| answer.inserted).collect();
            assert_eq!(inserted, [3, 1]);
            // And everything again.
            let answers = commit(&mut open.writer);
            let inserted: Vec<_> = answers.iter().map(|answer| answer.inserted).collect();
            assert_eq!(inserted, [1, 0]);
            if number == groups - 1 {
                is_done.store(true, Ordering::Relaxed);
            }
        }
        watching.join().expect("the watcher saw nothing wrong");
        assert!(sealing.join().expect("it sealed") > 0);
    });
}
