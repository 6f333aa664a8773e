//! Turns and bounds.

use std::sync::Arc;

use domain::{Event, EventBatch, Identity, MetadataRef, Source, Timestamp};
use store::testing::MemoryDisk;
use store::{Folder, Options, Reader};

use super::*;

/// Makes requests.
struct Maker {
    reader: Reader,
    _folder: Folder,
}

impl Maker {
    fn new() -> Self {
        let disk = Arc::new(MemoryDisk::new());
        let folder = Folder::open(disk, "/data".as_ref(), [1; 32]).expect("a healthy disk");
        let (_, reader, _) = store::open(&folder, Options::default()).expect("a healthy disk");
        Self {
            reader,
            _folder: folder,
        }
    }

    /// A request with rows of about so many bytes.
    fn request(&self, organization: u8, bytes: usize) -> Pending {
        let organization = id(organization);
        let mut batch = EventBatch::default();
        batch.push(&Event {
            source: Source::User,
            name: &"n".repeat(bytes),
            identity: Identity::External("a"),
            member: None,
            timestamp: Timestamp::EPOCH,
            external_id: None,
            parent: None,
            metadata: MetadataRef::EMPTY,
        });
        let events = self.reader.prepare(organization, batch);
        Pending {
            organization,
            events: events.expect("a healthy disk"),
            done: Box::new(|_| ()),
        }
    }
}

fn id(organization: u8) -> OrganizationId {
    OrganizationId::from_random([organization; 16])
}

const EMPTY: Able = Able {
    bytes: 0,
    requests: 0,
    is_writing: false,
};

fn taken(queue: &Queue, able: Able) -> Vec<OrganizationId> {
    match queue.waiting.lock().take(able) {
        Some(Next::Requests(requests)) => requests
            .iter()
            .map(|request| request.organization)
            .collect(),
        Some(_) => panic!("only requests wait"),
        None => Vec::new(),
    }
}

#[test]
fn who_sends_little_waits_for_one_turn_of_who_sends_much() {
    let maker = Maker::new();
    let queue = Queue::default();
    for _ in 0..100 {
        queue.push(maker.request(1, TURN_BYTES));
    }
    queue.push(maker.request(2, 100));
    let group = taken(&queue, EMPTY);
    assert_eq!(group.iter().position(|one| *one == id(2)), Some(1));
    // What is left is taken later, in groups that are full.
    let per_group = GROUP_BYTES_MAX / TURN_BYTES;
    assert!(group.len() <= per_group + 1);
    let mut left = 101 - group.len();
    while left > 0 {
        let group = taken(&queue, EMPTY);
        assert!(!group.is_empty() && group.len() <= per_group);
        left -= group.len();
    }
    let waiting = queue.waiting.lock();
    assert_eq!((waiting.bytes, waiting.turns.len()), (0, 0));
    assert!(waiting.requests.is_empty());
}

#[test]
fn a_request_that_is_larger_than_a_group_is_one_by_itself() {
    let maker = Maker::new();
    let queue = Queue::default();
    queue.push(maker.request(1, GROUP_BYTES_MAX + 1));
    queue.push(maker.request(1, 1));
    let gathered = Able {
        bytes: 10,
        requests: 1,
        ..EMPTY
    };
    assert_eq!(taken(&queue, gathered), []);
    assert_eq!(taken(&queue, EMPTY), [id(1)]);
    assert_eq!(taken(&queue, gathered), [id(1)]);
}

#[test]
fn an_organization_holds_no_more_than_it_leaves() {
    let maker = Maker::new();
    let queue = Queue::default();
    let size = 8 << 20;
    let (sender, refused) = std::sync::mpsc::channel();
    let send = |organization| {
        let mut request = maker.request(organization, size);
        let sender = sender.clone();
        request.done = Box::new(move |result| sender.send(result).expect("the test waits"));
        queue.push(request);
        refused.try_recv().ok()
    };
    let mut held = 0;
    while send(1).is_none() {
        held += size;
    }
    assert!(held > QUEUE_BYTES_MAX / 3 && held <= QUEUE_BYTES_MAX / 2);
    // Another has room, and so has a third.
    assert_eq!(send(2), None);
    assert_eq!(send(3), None);
    assert_eq!(send(1), Some(Err(IngestError::Overloaded)));
}

#[test]
fn a_step_comes_when_the_groups_under_way_are_durable_and_requests_wait_for_it() {
    let maker = Maker::new();
    let queue = Queue::default();
    queue.push_step(Box::new(|_| ()));
    queue.push_step(Box::new(|_| ()));
    queue.push(maker.request(1, 1));
    let writing = Able {
        is_writing: true,
        ..EMPTY
    };
    assert_eq!(taken(&queue, writing), []);
    let is_step = || matches!(queue.waiting.lock().take(EMPTY), Some(Next::Step(_)));
    assert!(is_step());
    // They take turns.
    assert_eq!(taken(&queue, EMPTY), [id(1)]);
    assert!(is_step());
    assert_eq!(taken(&queue, EMPTY), []);
}
