//! `kill -9` at any moment loses no acknowledged event, credit or reset of any customer meter, and doubles none.
//!
//! Each connection has a customer of its own and sends for it one request after another, so that the order of receipt is known. After
//! the kill and a new start, every customer meter is as the acknowledged requests left it, or as the one request without an answer
//! would have; and when that one is sent once more, under its keys, it counts once.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use api::{CustomerMeter, ListResource, Meter};
use conformance::Answer;
use serde_json::json;

use super::check::{All, figures_of_rows};
use super::model::{Counted, Customer, Event, Identity, Receipts, all_figures};
use super::samples::of_users;
use super::value::Value;
use super::world::{read, start};
use crate::api::{Ingested, Organization};
use crate::random::Random;
use crate::server::Server;

const ROUNDS: usize = 12;
const CONNECTIONS: usize = 4;
/// The server is killed after at most so many acknowledged requests of a round.
const ACKNOWLEDGED_MAX: u64 = 60;

/// A customer, and what was done for it.
#[derive(Debug)]
struct Account {
    customer: Customer,
    external_id: String,
    /// Of requests that were acknowledged, as lists would show them.
    events: Vec<Event>,
    receipts: Receipts,
    next_key: usize,
    acknowledged: usize,
    /// What may have been received or not.
    unanswered: Option<Request>,
}

/// A request, with the events that it adds when it counts.
#[derive(Debug, Clone)]
struct Request {
    path: &'static str,
    body: String,
    events: Vec<Event>,
    is_bare_reset: bool,
}

#[test]
fn what_was_acknowledged_is_in_the_customer_meters_right_after_a_kill() {
    let seed = Random::seed();
    eprintln!("seed {seed}; SEXTANT_TEST_SEED={seed} sends the same again");
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = start(folder.path(), &mut random);
    let mut organization = Organization::create(&server, "kill");
    let meters = create_meters(&mut organization);
    let numbers = 0..CONNECTIONS;
    let mut accounts: Vec<Account> = numbers
        .map(|number| Account::open(&mut organization, number))
        .collect();
    let (mut found, mut absent) = (0, 0);
    for _ in 0..ROUNDS {
        accounts = send_until_killed(server, &organization, &meters, accounts, &mut random);
        server = start(folder.path(), &mut random);
        organization = organization.on(&server);
        for account in &mut accounts {
            match account.settle(&mut organization, &meters) {
                Some(true) => found += 1,
                Some(false) => absent += 1,
                None => {}
            }
        }
    }
    let acknowledged: usize = accounts.iter().map(|account| account.acknowledged).sum();
    eprintln!(
        "{ROUNDS} kills: {acknowledged} acknowledged requests, all kept; of the others {found} kept whole, {absent} absent"
    );
    assert!(acknowledged > ROUNDS, "only {acknowledged} acknowledged");
    // A clean restart changes nothing either.
    let exit = server.stop();
    assert!(exit.status.success(), "{exit:?}");
    let server = start(folder.path(), &mut random);
    let mut organization = organization.on(&server);
    for account in &accounts {
        let expected = account.rows(&meters, None);
        assert_eq!(account.look(&mut organization), expected, "seed {seed}");
    }
}

fn create_meters(organization: &mut Organization) -> Vec<Meter> {
    let property = "value".to_owned();
    let aggregations = [
        api::Aggregation::Count,
        api::Aggregation::Sum {
            property: property.clone(),
        },
        api::Aggregation::Unique { property },
    ];
    let mut create = |aggregation: &api::Aggregation| {
        let body = json!({"name": "a meter", "filter": of_users(), "aggregation": aggregation});
        let made = organization.post("/v1/meters/", &body);
        assert_eq!(made.status, 201, "{}", made.excerpt());
        read(&made)
    };
    aggregations.iter().map(&mut create).collect()
}

/// Sends on all connections, kills the server after a random number of answers, and gives back what was sent.
fn send_until_killed(
    server: Server,
    organization: &Organization,
    meters: &[Meter],
    accounts: Vec<Account>,
    random: &mut Random,
) -> Vec<Account> {
    let kill_after = 1 + random.below(ACKNOWLEDGED_MAX);
    let moment = Duration::from_micros(random.below(1500));
    let (report, answers) = mpsc::channel();
    thread::scope(|scope| {
        let mut running = Vec::new();
        for mut account in accounts {
            let organization = organization.on(&server);
            let (report, mut random) = (report.clone(), Random::new(random.next()));
            running.push(scope.spawn(move || {
                account.send_until_killed(organization, meters, &report, &mut random);
                account
            }));
        }
        drop(report);
        for _ in 0..kill_after {
            answers
                .recv()
                .expect("the server answers until it is killed");
        }
        // Not always right after an answer. Nothing is sent here; this only lets time pass.
        let (_silent, nothing) = mpsc::channel::<()>();
        assert!(nothing.recv_timeout(moment).is_err());
        server.kill();
        let joined = running.into_iter().map(thread::ScopedJoinHandle::join);
        joined
            .map(|account| account.expect("every answer was right"))
            .collect()
    })
}

impl Account {
    /// Makes a customer with an external id.
    fn open(organization: &mut Organization, number: usize) -> Self {
        let external_id = format!("customer-{number}");
        let email = format!("{external_id}@example.com");
        let body = json!({"email": email, "external_id": external_id});
        let made = organization.post("/v1/customers/", &body);
        assert_eq!(made.status, 201, "{}", made.excerpt());
        Self {
            customer: Customer {
                id: read::<api::Customer>(&made).id,
                external_id: Some(external_id.clone()),
                is_deleted: false,
            },
            external_id,
            events: Vec::new(),
            receipts: Receipts::default(),
            next_key: 0,
            acknowledged: 0,
            unanswered: None,
        }
    }

    /// Sends one request after another until there is no answer. Looks, between, at what the acknowledged ones made of the customer meters.
    fn send_until_killed(
        &mut self,
        mut organization: Organization,
        meters: &[Meter],
        report: &Sender<()>,
        random: &mut Random,
    ) {
        loop {
            let request = self.choose(meters, random);
            self.unanswered = Some(request.clone());
            let Ok(answer) = request.send(&mut organization) else {
                return;
            };
            request.check_first(&answer);
            self.unanswered = None;
            self.acknowledge(request);
            self.acknowledged += 1;
            // The one who counts has seen enough when it no longer listens.
            let _counted = report.send(());
            if random.happens(1, 4) {
                let Ok(rows) = self.try_look(&mut organization) else {
                    return;
                };
                assert_eq!(rows, self.rows(meters, None), "{:?}", self.customer);
            }
        }
    }

    /// After a kill: the customer meters are as the acknowledged requests left them, or as the one without an answer would have, which
    /// is then sent once more. Says whether that one had been kept.
    fn settle(&mut self, organization: &mut Organization, meters: &[Meter]) -> Option<bool> {
        let without = self.rows(meters, None);
        let shown = self.look(organization);
        let Some(request) = self.unanswered.take() else {
            assert_eq!(shown, without, "{:?}", self.customer);
            return None;
        };
        let with = self.rows(meters, Some(&request));
        assert!(
            shown == without || shown == with,
            "after a kill: {shown:?}\nwithout the last request: {without:?}\nwith it: {with:?}\n{request:?}"
        );
        let answer = request.send(organization).expect("an answer");
        let was_kept = request.is_repeat(&answer);
        let expected = if was_kept { &with } else { &without };
        assert_eq!(shown, *expected, "as the answer to the repeat says");
        self.acknowledge(request);
        assert_eq!(self.look(organization), with, "{:?}", self.customer);
        Some(was_kept)
    }

    fn acknowledge(&mut self, request: Request) {
        if request.is_bare_reset {
            let order = request.events[0].order;
            self.receipts.bare_resets.insert(order);
        }
        self.events.extend(request.events);
    }

    /// What the customer meters must be, with a request more or without.
    fn rows(&self, meters: &[Meter], more: Option<&Request>) -> All {
        let mut events = self.events.clone();
        let mut receipts = self.receipts.clone();
        if let Some(request) = more {
            if request.is_bare_reset {
                receipts.bare_resets.insert(request.events[0].order);
            }
            events.extend(request.events.iter().cloned());
        }
        let customers = [self.customer.clone()];
        all_figures(&customers, meters, &events, &receipts, &BTreeMap::new())
    }

    fn look(&self, organization: &mut Organization) -> All {
        self.try_look(organization).expect("an answer")
    }

    fn try_look(&self, organization: &mut Organization) -> io::Result<All> {
        let target = format!(
            "/v1/customer-meters/?customer_id={}&limit=100",
            self.customer.id
        );
        let answer = organization.try_send("GET", &target, None)?;
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        let listed: ListResource<CustomerMeter> = read(&answer);
        Ok(figures_of_rows(&listed.items))
    }

    /// Events under both identifiers, a credit or a reset.
    fn choose(&mut self, meters: &[Meter], random: &mut Random) -> Request {
        let meter = &meters[random.index(meters.len())];
        let place = self.events.len();
        match random.below(8) {
            0..5 => self.ingest(place, random),
            5 | 6 => self.credit(meter, place, random),
            _ => self.reset(meter, place, random),
        }
    }

    fn ingest(&mut self, place: usize, random: &mut Random) -> Request {
        let count = 1 + random.index(20);
        let mut sent = Vec::new();
        let mut events = Vec::new();
        for order in place..place + count {
            let metadata = json!({"value": random.below(500)});
            let mut event = json!({
                "name": "call",
                "timestamp": "2025-03-01T00:00:00Z",
                "external_id": self.key(),
                "metadata": metadata,
            });
            let identity = if random.happens(1, 2) {
                event["customer_id"] = json!(self.customer.id);
                Identity::Customer(self.customer.id.clone())
            } else {
                event["external_customer_id"] = json!(self.external_id);
                Identity::External(self.external_id.clone())
            };
            events.push(Event {
                order,
                is_of_user: true,
                name: "call".to_owned(),
                identity,
                timestamp: 0,
                metadata: Value::parse(&metadata.to_string()),
            });
            sent.push(event);
        }
        Request {
            path: "/v1/events/ingest",
            body: json!({"events": sent}).to_string(),
            events,
            is_bare_reset: false,
        }
    }

    fn credit(&mut self, meter: &Meter, place: usize, random: &mut Random) -> Request {
        let units = i64::try_from(1 + random.below(900)).expect("a few");
        let units = if random.happens(1, 4) { -units } else { units };
        let rollover = random.happens(1, 2);
        let body = json!({
            "external_customer_id": self.external_id,
            "meter_id": meter.id,
            "units": units,
            "rollover": rollover,
            "external_id": self.key(),
        });
        Request {
            path: "/v1/customer-meters/credits",
            body: body.to_string(),
            events: vec![self.credited(meter, place, units.into(), rollover)],
            is_bare_reset: false,
        }
    }

    fn reset(&mut self, meter: &Meter, place: usize, random: &mut Random) -> Request {
        let carry_over = random.happens(2, 3);
        let body = json!({
            "customer_id": self.customer.id,
            "meter_id": meter.id,
            "carry_over": carry_over,
            "external_id": self.key(),
        });
        let mut events = vec![self.said("meter.reset", place, &json!({"meter_id": meter.id}))];
        if carry_over {
            let counted = Counted::new(meter, &self.receipts, &self.events, usize::MAX);
            let units = counted.rolls_over(&self.customer, None);
            if units > 0 {
                events.push(self.credited(meter, place + 1, units, true));
            }
        }
        Request {
            path: "/v1/customer-meters/resets",
            body: body.to_string(),
            events,
            is_bare_reset: true,
        }
    }

    fn credited(&self, meter: &Meter, place: usize, units: i128, rollover: bool) -> Event {
        let units = i64::try_from(units).expect("a few");
        let said = json!({"meter_id": meter.id, "units": units, "rollover": rollover});
        self.said("meter.credited", place, &said)
    }

    /// A system event. Its time is that of its receipt, so that one is later than the other as its place is.
    fn said(&self, name: &str, place: usize, metadata: &serde_json::Value) -> Event {
        Event {
            order: place,
            is_of_user: false,
            name: name.to_owned(),
            identity: Identity::Customer(self.customer.id.clone()),
            timestamp: i64::try_from(place).expect("a few"),
            metadata: Value::parse(&metadata.to_string()),
        }
    }

    fn key(&mut self) -> String {
        self.next_key += 1;
        format!("{}-{}", self.external_id, self.next_key)
    }
}

impl Request {
    fn send(&self, organization: &mut Organization) -> io::Result<Answer> {
        organization.try_send("POST", self.path, Some(&self.body))
    }

    /// The answer to a request that was not sent before.
    fn check_first(&self, answer: &Answer) {
        assert!(!self.is_repeat(answer), "{self:?}: {}", answer.excerpt());
    }

    /// Whether the answer says that the request, whole, was there before.
    fn is_repeat(&self, answer: &Answer) -> bool {
        if !self.path.ends_with("/ingest") {
            assert!(
                matches!(answer.status, 200 | 201),
                "{self:?}: {}",
                answer.excerpt()
            );
            return answer.status == 200;
        }
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        let Ingested {
            inserted,
            duplicates,
        } = Ingested::of(answer);
        let sent = self.events.len() as u64;
        assert!(
            (inserted, duplicates) == (sent, 0) || (inserted, duplicates) == (0, sent),
            "all or none: {}",
            answer.excerpt()
        );
        duplicates > 0
    }
}
