//! A server, and what the test knows of it that no answer tells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use api::ListResource;
use conformance::Answer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::instant;
use super::model::{Customer, Event, Identity, Receipts};
use super::value::Value;
use crate::api::Organization;
use crate::random::Random;
use crate::server::{Server, serve, with_admin_token};

/// After how many events a server moves them from memory to files: one of these, at each start.
const SEAL_EVENTS: [&str; 4] = ["1", "7", "50", "1000000"];

/// See the module. When a test fails, it says what was done to the server.
#[derive(Debug)]
pub(super) struct World {
    seed: u64,
    folder: tempfile::TempDir,
    server: Option<Server>,
    starts: Random,
    pub(super) organization: Organization,
    /// Of all that were ever made.
    pub(super) customers: Vec<Customer>,
    /// The ids of all meters, the oldest first.
    pub(super) meters: Vec<String>,
    /// For each archived meter, the place of the event that was received next.
    pub(super) archived: BTreeMap<String, usize>,
    /// The events of users that were acknowledged, by their place, which is in their metadata as `n`.
    pub(super) sent: BTreeMap<usize, Sent>,
    /// The places of system events, by id.
    pub(super) places: BTreeMap<String, usize>,
    pub(super) receipts: Receipts,
    /// The keys of events that were acknowledged.
    pub(super) keys: BTreeSet<String>,
    /// Credits and resets with a key that were acknowledged.
    pub(super) keyed_entries: Vec<Keyed>,
    /// The id of every customer meter that was seen, by customer and meter.
    pub(super) row_ids: BTreeMap<(String, String), String>,
    pub(super) next_order: usize,
    /// Makes what must be unique.
    pub(super) next_number: usize,
    done: Vec<String>,
}

/// An event of a user, as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) identity: Identity,
    pub(super) name: String,
    /// `None`: when it was received.
    pub(super) timestamp: Option<i64>,
    pub(super) metadata: Value,
}

/// A credit or reset with a key.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    pub(super) customer: String,
    pub(super) entry: Entry,
}

/// The body of a credit or a reset.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Credit(api::CustomerMeterCredit),
    Reset(api::CustomerMeterReset),
}

impl Entry {
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Credit(_) => "/v1/customer-meters/credits",
            Self::Reset(_) => "/v1/customer-meters/resets",
        }
    }

    pub(super) fn body(&self) -> String {
        match self {
            Self::Credit(credit) => to_json(credit),
            Self::Reset(reset) => to_json(reset),
        }
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Apart, so that a start more or less does not change what is done.
        let mut starts = Random::new(seed.rotate_left(32));
        let server = start(folder.path(), &mut starts);
        let organization = Organization::create(&server, "customer-meters");
        Self {
            seed,
            folder,
            server: Some(server),
            starts,
            organization,
            customers: Vec::new(),
            meters: Vec::new(),
            archived: BTreeMap::new(),
            sent: BTreeMap::new(),
            places: BTreeMap::new(),
            receipts: Receipts::default(),
            keys: BTreeSet::new(),
            keyed_entries: Vec::new(),
            row_ids: BTreeMap::new(),
            next_order: 0,
            next_number: 0,
            done: Vec::new(),
        }
    }

    /// Notes what is done next, and the time.
    pub(super) fn note(&mut self, step: String) {
        self.done.push(step);
        let moment = (instant::now(), self.next_order);
        self.receipts.moments.push(moment);
    }

    /// Stops the server as it wants to be stopped, and starts it again.
    pub(super) fn restart(&mut self) {
        let exit = self.server.take().expect("a server").stop();
        assert!(exit.status.success(), "{exit:?}");
        self.start_again();
    }

    /// Kills the server and starts it again.
    pub(super) fn kill(&mut self) {
        self.server.take().expect("a server").kill();
        self.start_again();
    }

    fn start_again(&mut self) {
        let server = start(self.folder.path(), &mut self.starts);
        self.organization = self.organization.on(&server);
        self.server = Some(server);
    }

    /// Sends a request that must be answered with that status.
    #[track_caller]
    pub(super) fn call(
        &mut self,
        method: &str,
        target: &str,
        body: Option<&str>,
        status: u16,
    ) -> Answer {
        let answer = self.organization.send(method, target, body);
        assert_eq!(
            answer.status,
            status,
            "{method} {target} {}: {}",
            body.unwrap_or_default(),
            answer.excerpt()
        );
        answer
    }

    /// What a GET answers.
    #[track_caller]
    pub(super) fn get<T: DeserializeOwned>(&mut self, target: &str) -> T {
        read(&self.call("GET", target, None, 200))
    }

    /// All items of a list, of which `target` is the path with a query or without.
    #[track_caller]
    pub(super) fn list<T: DeserializeOwned>(&mut self, target: &str) -> Vec<T> {
        let joint = if target.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        for page in 1.. {
            let listed: ListResource<T> =
                self.get(&format!("{target}{joint}limit=100&page={page}"));
            items.extend(listed.items);
            if page >= listed.pagination.max_page {
                assert_eq!(
                    items.len() as u64,
                    listed.pagination.total_count,
                    "{target}"
                );
                break;
            }
        }
        items
    }

    /// All events that the API lists, in the order of their receipt, each held against what was sent.
    #[track_caller]
    pub(super) fn events(&mut self) -> Vec<Event> {
        let listed: Vec<api::Event> = self.list("/v1/events/");
        let events = listed.iter().map(|listed| self.event(listed));
        let events: Vec<Event> = events.collect();
        let newest_first = |pair: &[Event]| pair[0].timestamp >= pair[1].timestamp;
        assert!(
            events.windows(2).all(newest_first),
            "events are listed newest first"
        );
        let by_place: BTreeMap<usize, Event> = events
            .into_iter()
            .map(|event| (event.order, event))
            .collect();
        assert_eq!(
            (by_place.len(), listed.len()),
            (self.sent.len() + self.places.len(), by_place.len()),
            "events that were sent, and those that are listed"
        );
        by_place.into_values().collect()
    }

    #[track_caller]
    fn event(&self, listed: &api::Event) -> Event {
        let event = Event::of(listed, self.place(listed));
        let customer = self.customers.iter().find(|customer| customer.has(&event));
        assert_eq!(
            listed.customer.as_ref().map(|customer| &customer.id),
            customer.map(|customer| &customer.id),
            "the customer of {listed:?}"
        );
        if event.is_of_user {
            let sent = &self.sent[&event.order];
            assert_eq!(event.identity, sent.identity, "{listed:?}");
            assert_eq!(event.name, sent.name, "{listed:?}");
            assert_eq!(event.metadata, sent.metadata, "{listed:?}");
            if let Some(timestamp) = sent.timestamp {
                assert_eq!(event.timestamp, timestamp, "{listed:?}");
            }
        }
        event
    }

    #[track_caller]
    fn place(&self, listed: &api::Event) -> usize {
        if listed.source == "system" {
            let place = self.places.get(&listed.id);
            return *place.unwrap_or_else(|| panic!("nobody did this: {listed:?}"));
        }
        let metadata = Value::of_event(&listed.metadata);
        let place = match metadata.at("n") {
            Some(Value::Number(n)) => usize::try_from(n.number.floor()).ok(),
            _ => None,
        };
        place
            .filter(|place| self.sent.contains_key(place))
            .unwrap_or_else(|| panic!("nobody sent this: {listed:?}"))
    }

    /// Gives the system events that were written since the last time their places, and answers with them: the reset before its
    /// credit.
    #[track_caller]
    pub(super) fn place_system_events(&mut self) -> Vec<Event> {
        let listed: Vec<api::Event> = self.list("/v1/events/?source=system");
        let mut new: Vec<&api::Event> = listed
            .iter()
            .filter(|listed| !self.places.contains_key(&listed.id))
            .collect();
        new.sort_by_key(|listed| listed.name != "meter.reset");
        let mut placed = Vec::new();
        for listed in new {
            let order = self.take_place();
            self.places.insert(listed.id.clone(), order);
            placed.push(Event::of(listed, order));
        }
        placed
    }

    pub(super) fn take_place(&mut self) -> usize {
        self.next_order += 1;
        self.next_order - 1
    }

    pub(super) fn fresh(&mut self, prefix: &str) -> String {
        self.next_number += 1;
        format!("{prefix}-{}", self.next_number)
    }

    /// The customers that are not deleted.
    pub(super) fn living(&self) -> Vec<Customer> {
        let living = self
            .customers
            .iter()
            .filter(|customer| !customer.is_deleted);
        living.cloned().collect()
    }

    /// The meters that are not archived.
    pub(super) fn active_meters(&self) -> Vec<String> {
        let meters = self.meters.iter();
        let active = meters.filter(|meter| !self.archived.contains_key(*meter));
        active.cloned().collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what was done, seed {} ---", self.seed);
            for step in &self.done {
                eprintln!("{step}");
            }
            eprintln!(
                "SEXTANT_TEST_SEED={} SEXTANT_TEST_SEQUENCES=1 does it again",
                self.seed
            );
        }
    }
}

#[track_caller]
pub(super) fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&answer.body)))
}

pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it serialises")
}

/// Starts a server that seals after a random number of events.
pub(super) fn start(folder: &Path, starts: &mut Random) -> Server {
    let mut command = serve(folder);
    command.args(["--seal-events", starts.one_of(&SEAL_EVENTS)]);
    Server::spawn(with_admin_token(&mut command)).expect("the server starts")
}
