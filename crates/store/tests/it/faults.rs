//! Every operation of the disk fails once; power goes at every byte.
//!
//! What must hold whatever happens: nothing acknowledged is lost, nothing is there twice, each request is there whole or not
//! at all, and an answer that holds in spite of a failure is right.

use store::testing::{Fault, MemoryDisk, Survives};
use store::{Appended, Group, StoreError, TakenIn};

use crate::support::{Open, Request, Sample, journal_files, micros, open_on, sample};

/// Groups that fill several journal files, with repeats inside a request, a group and over time.
fn groups() -> Vec<Vec<Request>> {
    let request = |organization, events| Request {
        organization,
        events,
    };
    (0..10)
        .map(|number: u32| {
            let (key, before) = (
                format!("key-{number}"),
                format!("key-{}", number.saturating_sub(1)),
            );
            let value = format!("{number}-{}", "x".repeat(20 + number as usize));
            let fresh = |customer| sample(customer, Some(&format!("{key}-{customer}")), &value);
            vec![
                request(
                    1,
                    vec![fresh(1), fresh(2), sample(3, None, &value), fresh(1)],
                ),
                // Only a repeat of the group before; new in the first group.
                request(1, vec![sample(9, Some(&format!("{before}-1")), "repeat")]),
                request(
                    2,
                    vec![fresh(1), sample(1, Some(&format!("{before}-1")), "repeat")],
                ),
            ]
        })
        .collect()
}

/// What is known from the answers: for each request, whether it was acknowledged, refused, or was not answered.
#[derive(Debug, Default)]
struct Known {
    requests: Vec<(Request, Outcome)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    /// Certainly not there: the write was cut off again.
    Refused,
    Unknown,
}

impl Outcome {
    /// That of a request whose group was not written.
    fn of_failure(cause: &StoreError) -> Self {
        if cause.is_retryable() || matches!(cause, StoreError::Poisoned) {
            Self::Refused
        } else {
            Self::Unknown
        }
    }
}

impl Known {
    fn note(&mut self, group: &[Request], outcomes: impl IntoIterator<Item = Outcome>) {
        self.requests.extend(group.iter().cloned().zip(outcomes));
    }

    /// Checks a store that was opened after all this.
    fn check(&self, open: &Open) {
        for organization in [1, 2] {
            let events = open.events(organization);
            let mut keys: Vec<_> = events
                .iter()
                .filter_map(|event| event.key.clone())
                .collect();
            let total = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), total, "a key is there twice");
            let mine = self
                .requests
                .iter()
                .filter(|(request, _)| request.organization == organization);
            let mut refused_only: Vec<Sample> = Vec::new();
            for (request, outcome) in mine {
                let is_there = |event: &Sample| match &event.key {
                    Some(key) => keys.binary_search(key).is_ok(),
                    None => events.contains(event),
                };
                let there = request
                    .events
                    .iter()
                    .filter(|event| is_there(event))
                    .count();
                match outcome {
                    Outcome::Acknowledged => {
                        assert_eq!(
                            there,
                            request.events.len(),
                            "an acknowledged request is lost"
                        );
                    }
                    Outcome::Unknown => {
                        let fresh = |event: &&Sample| event.value != "repeat";
                        let fresh: Vec<_> = request.events.iter().filter(fresh).collect();
                        let there = fresh.iter().filter(|event| is_there(event)).count();
                        assert!(
                            there == 0 || there == fresh.len(),
                            "a request is there in part"
                        );
                    }
                    Outcome::Refused => {
                        refused_only
                            .extend(request.events.iter().filter(|e| e.key.is_none()).cloned());
                    }
                }
            }
            for event in refused_only {
                assert!(!events.contains(&event), "a refused request is there");
            }
        }
    }
}

/// Commits groups one after the other. A retryable failure is noted as refused.
fn run(open: &mut Open, known: &mut Known, groups: &[Vec<Request>]) -> usize {
    for (at, group) in (0_i64..).zip(groups) {
        match open.commit(at, group) {
            Ok(answers) => {
                assert_eq!(answers.len(), group.len());
                known.note(group, group.iter().map(|_| Outcome::Acknowledged));
            }
            Err(error) => {
                let otherwise = Outcome::of_failure(&error.cause);
                let outcome = |answer: &Option<Appended>| match answer {
                    Some(answer) => {
                        assert_eq!(
                            answer.inserted, 0,
                            "only repeats hold in spite of a failure"
                        );
                        Outcome::Acknowledged
                    }
                    None => otherwise,
                };
                known.note(group, error.answered.iter().map(outcome));
            }
        }
    }
    groups.len()
}

/// The same, but each group is prepared and taken in while the one before it is being written.
fn run_pipelined(open: &mut Open, known: &mut Known, groups: &[Vec<Request>]) -> usize {
    type Asked<'a> = (&'a Request, TakenIn);
    let log = open.writer.log();
    let mut writing: Option<(Group, Vec<Asked<'_>>)> = None;
    let empty = Vec::new();
    for (at, group) in (0_i64..).zip(groups.iter().chain([&empty])) {
        let mut gathered: Vec<Asked<'_>> = Vec::new();
        // What the sealed keys are asked for may fail, and nothing is taken in then.
        if let Ok(prepared) = open.prepare(group) {
            for (request, prepared) in group.iter().zip(prepared) {
                match open.writer.take_in(micros(at), prepared) {
                    Ok(taken) => gathered.push((request, taken)),
                    Err(_) => known.note(std::slice::from_ref(request), [Outcome::Refused]),
                }
            }
        }
        if let Some((mut group, asked)) = writing.take() {
            match log.write(&mut group) {
                Ok(()) => {
                    open.writer.publish(group);
                    for (request, _) in asked {
                        known.note(std::slice::from_ref(request), [Outcome::Acknowledged]);
                    }
                }
                Err(cause) => {
                    open.writer.undo(group);
                    // Those behind it were never written.
                    let behind = std::mem::take(&mut gathered);
                    let all = asked
                        .into_iter()
                        .map(|asked| (asked, Outcome::of_failure(&cause)))
                        .chain(behind.into_iter().map(|asked| (asked, Outcome::Refused)));
                    for ((request, taken), otherwise) in all {
                        let outcome = if taken.is_durable {
                            assert_eq!(taken.appended.inserted, 0, "only repeats hold");
                            Outcome::Acknowledged
                        } else {
                            otherwise
                        };
                        known.note(std::slice::from_ref(request), [outcome]);
                    }
                }
            }
        }
        writing = Some((open.writer.begin_group(), gathered));
    }
    // The last has no requests.
    if let Some((group, _)) = writing {
        open.writer.publish(group);
    }
    groups.len()
}

const NOTHING: Survives = Survives {
    unsynced_bytes: 0,
    lengths: false,
    names: false,
};

/// What the next start may find.
fn restarts(disk: &MemoryDisk) -> Vec<MemoryDisk> {
    let mut disks = vec![disk.kill()];
    for unsynced_bytes in [0, 41, 10_000] {
        for (lengths, names) in [(false, false), (false, true), (true, true)] {
            disks.push(disk.cut_power(Survives {
                unsynced_bytes,
                lengths,
                names,
            }));
        }
    }
    disks
}

fn fail_everywhere(fault: Fault) {
    fail_everywhere_in(fault, run);
    fail_everywhere_in(fault, run_pipelined);
}

fn fail_everywhere_in(fault: Fault, run: impl Fn(&mut Open, &mut Known, &[Vec<Request>]) -> usize) {
    let groups = groups();
    let mut after = 0;
    loop {
        let disk = MemoryDisk::new();
        disk.fail_after(after, fault);
        let mut known = Known::default();
        if let Ok(mut open) = open_on(&disk) {
            run(&mut open, &mut known, &groups);
        }
        let operations = disk.operations();
        for disk in restarts(&disk) {
            let mut open = open_on(&disk)
                .unwrap_or_else(|error| panic!("{fault:?} at operation {after}: {error:?}"));
            known.check(&open);
            // It takes everything again, and a second start agrees.
            let mut again = Known::default();
            assert_eq!(run(&mut open, &mut again, &groups), groups.len());
            again.check(&open);
            let events = open.events(1);
            drop(open);
            // Whatever was answered since the start is durable, also what came from before it.
            let open = open_on(&disk.cut_power(NOTHING)).expect("a healthy disk");
            assert_eq!(open.events(1), events);
        }
        if operations <= after {
            break;
        }
        after += 1;
    }
    assert!(after > 45, "the loop ended early");
}

#[test]
fn a_refused_operation_loses_and_doubles_nothing() {
    fail_everywhere(Fault::Refuse);
}

#[test]
fn an_operation_without_space_loses_and_doubles_nothing() {
    fail_everywhere(Fault::NoSpace { written: 0 });
    fail_everywhere(Fault::NoSpace { written: 55 });
    fail_everywhere(Fault::NoSpace {
        written: usize::MAX,
    });
}

#[test]
fn death_at_any_operation_loses_and_doubles_nothing() {
    fail_everywhere(Fault::Die { written: 0 });
    fail_everywhere(Fault::Die { written: 60 });
    fail_everywhere(Fault::Die {
        written: usize::MAX,
    });
}

#[test]
fn two_failures_in_a_row_lose_and_double_nothing() {
    let groups = groups();
    for after in 0..50 {
        let disk = MemoryDisk::new();
        let mut known = Known::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        disk.fail_after(after, Fault::NoSpace { written: 30 });
        run(
            &mut open,
            &mut known,
            groups.get(..5).expect("enough groups"),
        );
        disk.fail_after(0, Fault::Refuse);
        run(
            &mut open,
            &mut known,
            groups.get(5..).expect("enough groups"),
        );
        disk.heal();
        for disk in restarts(&disk) {
            known.check(&open_on(&disk).expect("a healthy disk"));
        }
    }
}

#[test]
fn power_lost_at_any_byte_of_the_last_frame_leaves_it_whole_or_absent() {
    let groups = groups();
    let (last, before) = groups.split_last().expect("there are groups");
    let mut whole = 0;
    for unsynced_bytes in 0_usize.. {
        let disk = MemoryDisk::new();
        let mut known = Known::default();
        let mut open = open_on(&disk).expect("a healthy disk");
        run(&mut open, &mut known, before);
        // The write goes through, its sync does not.
        let files = journal_files(&disk);
        let path = files.last().expect("there is a journal");
        let length = disk.content(path).expect("it is there").len();
        assert!(length < 700, "the last group begins no file");
        disk.fail_after(1, Fault::Die { written: 0 });
        let error = open.commit(99, last).expect_err("the sync fails");
        known.note(last, error.answered.iter().map(|_| Outcome::Unknown));
        let frame = disk.content(path).expect("it is there").len() - length;
        for lengths in [false, true] {
            let disk = disk.cut_power(Survives {
                unsynced_bytes,
                lengths,
                names: true,
            });
            let open = open_on(&disk).expect("a torn frame is cut off");
            known.check(&open);
            let is_whole = unsynced_bytes >= frame;
            let is_torn = !is_whole && (lengths || unsynced_bytes > 0);
            whole += u32::from(is_whole);
            match &open.report.torn {
                None => assert!(!is_torn),
                Some(torn) => {
                    assert!(is_torn);
                    assert_eq!((&torn.path, torn.offset), (path, length as u64));
                    let kept = disk.content(&torn.kept_in).expect("the cut is kept");
                    assert_eq!(kept.len() as u64, torn.bytes);
                }
            }
        }
        if unsynced_bytes >= frame {
            break;
        }
    }
    assert_eq!(whole, 2);
}

#[test]
fn writes_resume_when_there_is_space_again_and_reads_go_on() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let groups = groups();
    let (first, rest) = groups.split_first().expect("there are groups");
    open.commit(1, first).expect("there is space");
    let events = open.events(1);
    disk.limit_bytes(Some(disk.used_bytes() + 25));
    let error = open
        .commit(2, rest.first().expect("a second group"))
        .expect_err("no space");
    assert!(matches!(error.cause, StoreError::NoSpace { .. }));
    assert!(error.cause.is_retryable());
    // The middle request only repeats what is durable.
    let holds: Vec<bool> = error.answered.iter().map(Option::is_some).collect();
    assert_eq!(holds, [false, true, false]);
    assert_eq!(open.events(1), events);
    disk.limit_bytes(None);
    let answers = open
        .commit(3, rest.first().expect("a second group"))
        .expect("space again");
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.inserted)
            .collect::<Vec<_>>(),
        [3, 0, 1]
    );
}

#[test]
fn nothing_is_written_after_a_failed_sync_but_reads_and_repeats_are_answered() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let groups = groups();
    let (first, rest) = groups.split_first().expect("there are groups");
    open.commit(1, first).expect("a healthy disk");
    let events = open.events(1);
    disk.fail_after(1, Fault::Refuse);
    let second = rest.first().expect("a second group");
    let error = open.commit(2, second).expect_err("the sync fails");
    assert!(matches!(error.cause, StoreError::Sync { .. }));
    let operations = disk.operations();
    let error = open.commit(3, second).expect_err("poisoned");
    assert!(matches!(error.cause, StoreError::Poisoned));
    assert!(!error.cause.is_retryable());
    assert_eq!(disk.operations(), operations);
    assert_eq!(open.events(1), events);
    // What only repeats durable events is still answered. (The event without a key would be new again.)
    let mut repeats = first.clone();
    for request in &mut repeats {
        request.events.retain(|event| event.key.is_some());
    }
    let answers = open.commit(4, &repeats).expect("only repeats");
    assert!(
        answers
            .iter()
            .all(|answer| answer.inserted == 0 && answer.duplicates > 0)
    );
}
