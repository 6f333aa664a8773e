//! Events are read back while others come in, and after a restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use domain::{
    Event, EventBatch, EventId, Identity, MetadataFilter, MetadataRef, OrganizationId,
    OwnedIdentity, Source, TimeRange, Timestamp,
};
use engine::{Engine, EventDirection, EventQuestion, FoundEvent, Listed, NameQuestion, Part};
use store::testing::MemoryDisk;

use crate::harness::{START, ingest, open, open_sealing};

const MINUTE: i64 = 60_000_000;

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_micros(START + minutes * MINUTE).expect("in range")
}

/// An event of a minute, with that as its key, below the one of the minute before; every tenth is a root.
fn push(batch: &mut EventBatch, minutes: i64) {
    let (key, parent) = (minutes.to_string(), (minutes - 1).to_string());
    batch.push(&Event {
        source: Source::User,
        name: if minutes % 3 == 0 { "third" } else { "other" },
        identity: Identity::External("ada"),
        member: None,
        timestamp: at(minutes),
        external_id: Some(&key),
        parent: (minutes % 10 != 0).then_some(&*parent),
        metadata: MetadataRef::EMPTY,
    });
}

fn send(engine: &Engine, minutes: impl IntoIterator<Item = i64>) {
    let mut batch = EventBatch::default();
    for minutes in minutes {
        push(&mut batch, minutes);
    }
    ingest(engine, organization(), batch).expect("the disk is sound");
}

fn list(
    engine: &Engine,
    change: impl FnOnce(&mut EventQuestion<'_>),
    part: Part,
) -> Listed<FoundEvent> {
    let metadata = MetadataFilter::default();
    let mut question = EventQuestion {
        range: TimeRange::ALL,
        names: &[],
        sources: &[],
        identities: None,
        metadata: &metadata,
        filter: None,
        definition: None,
        text: None,
        parent: None,
        depth: None,
        direction: EventDirection::NewestFirst,
    };
    change(&mut question);
    engine
        .events(organization(), &question, part)
        .expect("the disk is sound")
}

/// All that an engine tells of its events.
fn told(engine: &Engine) -> String {
    let part = Part {
        offset: 0,
        limit: 1_000,
    };
    let everything = list(engine, |_| {}, part);
    let roots = list(engine, |question| question.depth = Some(0), part);
    let names = NameQuestion {
        identities: None,
        sources: &[],
        is_wanted: &|_, _| true,
        roots_only: false,
        parent: None,
        sorting: &[],
    };
    let root_names = NameQuestion {
        roots_only: true,
        ..names
    };
    let names = engine.event_names(organization(), &names, part);
    let root_names = engine.event_names(organization(), &root_names, part);
    let identities = [
        OwnedIdentity::External("ada".into()),
        OwnedIdentity::External("nobody".into()),
    ];
    let times = engine.identity_times(organization(), &identities);
    let shown = |listed: &Listed<FoundEvent>| {
        let show = |found: &FoundEvent| {
            let alone = engine
                .event(organization(), found.id)
                .expect("sound")
                .expect("there");
            assert_eq!(
                (alone.parent, alone.children_count),
                (found.parent, found.children_count)
            );
            format!(
                "{} {:?} {} {:?}",
                found.id,
                found.parent,
                found.children_count,
                found.event()
            )
        };
        listed.items.iter().map(show).collect::<Vec<_>>()
    };
    format!(
        "{:?} {:?} {names:?} {root_names:?} {times:?}",
        shown(&everything),
        shown(&roots)
    )
}

/// Whatever is sealed, kept or in the journal alone.
fn check_restarts(open: impl Fn(&MemoryDisk) -> Engine) {
    let disk = MemoryDisk::new();
    let engine = open(&disk);
    // Each parent after its child, in one batch and in another.
    send(&engine, (10..20).rev());
    send(&engine, 0..5);
    send(&engine, (5..10).rev());
    let before = told(&engine);
    drop(engine);
    let engine = open(&disk);
    assert_eq!(told(&engine), before);
    send(&engine, 30..60);
    let before = told(&engine);
    let disk = disk.kill();
    drop(engine);
    let engine = open(&disk);
    assert_eq!(told(&engine), before);
    send(&engine, 60..62);
    let newest = list(
        &engine,
        |_| {},
        Part {
            offset: 0,
            limit: 1,
        },
    );
    assert_eq!(newest.total, 52);
    assert!(newest.items[0].parent.is_some());
}

#[test]
fn a_restart_changes_no_answer() {
    check_restarts(open);
}

#[test]
fn a_restart_changes_no_answer_where_events_are_sealed() {
    check_restarts(open_sealing);
}

#[test]
fn what_is_acknowledged_is_listed_and_counted_while_more_comes_in_and_is_sealed() {
    let engine = open_sealing(&MemoryDisk::new());
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = || {
            let mut seen = 0;
            while !is_done.load(Ordering::Relaxed) {
                let part = Part {
                    offset: 2,
                    limit: 7,
                };
                let listed = list(&engine, |_| {}, part);
                assert!(listed.total >= seen, "events are gone");
                assert_eq!(listed.total % 10, 0, "a request is seen in part");
                seen = listed.total;
                // Times rise with the order of receipt, so the place in the list tells which event it is.
                let shown = listed.items.iter().map(|found| found.event().timestamp);
                let newest = i64::try_from(seen).expect("few");
                let expected = (0..newest).rev().skip(2).take(7).map(at);
                assert!(shown.eq(expected));
                let scanned = list(&engine, |question| question.depth = Some(9), part);
                assert!(scanned.total >= seen);
            }
        };
        let watchers = [scope.spawn(watch), scope.spawn(watch)];
        for group in 0..200 {
            send(&engine, group * 10..group * 10 + 10);
            let own = list(
                &engine,
                |_| {},
                Part {
                    offset: 0,
                    limit: 1,
                },
            );
            assert_eq!(own.total, group.unsigned_abs() * 10 + 10);
            let found = own.items.first().expect("just acknowledged");
            assert_eq!(found.event().timestamp, at(group * 10 + 9));
            assert!(found.parent.is_some());
        }
        is_done.store(true, Ordering::Relaxed);
        for watcher in watchers {
            watcher.join().expect("the watcher saw nothing wrong");
        }
    });
}

#[test]
fn an_organization_without_events_has_none() {
    let engine = open(&MemoryDisk::new());
    let listed = list(
        &engine,
        |_| {},
        Part {
            offset: 0,
            limit: 1,
        },
    );
    assert_eq!((listed.total, listed.items.len()), (0, 0));
    let unknown = engine.event(organization(), EventId::from_random([3; 16]));
    assert!(unknown.expect("sound").is_none());
    let times = engine.identity_times(organization(), &[OwnedIdentity::External("x".into())]);
    assert_eq!(times.expect("sound"), [None]);
}
