//! What is done to a server at random. Each step knows what must be answered.

mod customers;
mod entries;
mod meters;

use api::{EventCreate, EventsIngest};
use serde_json::json;

use super::instant;
use super::model::Identity;
use super::samples::{NAMES, every_function, metadata, of_users};
use super::value::Value;
use super::world::{Sent, World, to_json};
use crate::api::Ingested;
use crate::random::Random;

/// External ids, which customers get, lose and pass on. Events come under all of them, whether a customer has them or not.
const EXTERNAL_IDS: [&str; 4] = ["ada", "bob", "größe", "e e"];
/// Keys of events, few enough to be repeated.
const KEYS: u64 = 60;
/// March 2025, before everything that is received.
const MARCH: i64 = 1_740_787_200_000_000;
const DAY: i64 = 86_400_000_000;

impl World {
    /// What every sequence begins with: a meter of each function, and a customer.
    pub(super) fn furnish(&mut self, random: &mut Random) {
        for aggregation in every_function() {
            self.note("begin".to_owned());
            self.add_meter(&of_users(), &aggregation);
        }
        self.create_customer(random);
    }

    /// Does something.
    pub(super) fn step(&mut self, random: &mut Random) {
        match random.below(100) {
            0..35 => self.ingest(random),
            35..51 => self.credit(random),
            51..62 => self.reset(random),
            62..66 => self.repeat_entry(random),
            66..73 => self.archive_or_bring_back(random),
            73..79 => self.create_customer(random),
            79..83 => self.delete_customer(random),
            83..86 => self.give_external_id(random),
            86..89 => self.create_meter(random),
            89..91 => self.redefine_meter(random),
            91..93 => self.ingest_for_a_deleted_customer(random),
            93..96 => {
                self.note("restart".to_owned());
                self.restart();
            }
            _ => {
                self.note("kill".to_owned());
                self.kill();
            }
        }
    }

    fn ingest(&mut self, random: &mut Random) {
        let count = 1 + random.below(12);
        let mut events = Vec::new();
        let mut sent = Vec::new();
        for _ in 0..count {
            let place = self.take_place();
            let (event, as_sent) = self.random_event(random, place);
            let key = event.external_id.clone();
            // The first of a key counts, also within a request.
            if key.is_none_or(|key| self.keys.insert(key)) {
                sent.push((place, as_sent));
            }
            events.push(event);
        }
        let body = to_json(&EventsIngest { events });
        // The time is noted before anything of this step is received.
        let first = self.next_order - usize::try_from(count).expect("a few");
        self.note(format!("ingest from {first} on: {body}"));
        if let Some((_, order)) = self.receipts.moments.last_mut() {
            *order = first;
        }
        let answer = self.call("POST", "/v1/events/ingest", Some(&body), 200);
        let expected = Ingested {
            inserted: sent.len() as u64,
            duplicates: count - sent.len() as u64,
        };
        assert_eq!(Ingested::of(&answer), expected);
        self.sent.extend(sent);
    }

    fn random_event(&mut self, random: &mut Random, place: usize) -> (EventCreate, Sent) {
        let living = self.living();
        let identity = if random.happens(1, 2) && !living.is_empty() {
            Identity::Customer(living[mostly_first(random, living.len())].id.clone())
        } else {
            Identity::External(random.one_of(&EXTERNAL_IDS).to_owned())
        };
        let timestamp = match random.below(4) {
            0 => None,
            // To the half second, where seconds are rounded.
            1 => Some(MARCH + half_seconds(random)),
            _ => Some(MARCH + days(random)),
        };
        let (sent, listed) = metadata(random, place);
        let name = random.one_of(&NAMES).to_owned();
        let (customer_id, external_customer_id) = match &identity {
            Identity::Customer(id) => (Some(id.clone()), None),
            Identity::External(id) => (None, Some(id.clone())),
        };
        let event = EventCreate {
            name: name.clone(),
            timestamp: timestamp.map(instant::format),
            external_id: random
                .happens(1, 3)
                .then(|| format!("key-{}", random.below(KEYS))),
            customer_id,
            external_customer_id,
            metadata: api::Metadata::from_json(sent),
            ..EventCreate::default()
        };
        let listed = api::Metadata::from_json(listed).expect("an object");
        let as_sent = Sent {
            identity,
            name,
            timestamp,
            metadata: Value::of_event(&listed),
        };
        (event, as_sent)
    }

    fn ingest_for_a_deleted_customer(&mut self, random: &mut Random) {
        let mut deleted = self.customers.iter();
        let Some(deleted) = deleted.find(|customer| customer.is_deleted).cloned() else {
            return self.ingest(random);
        };
        self.note(format!("ingest for {}, who is deleted", deleted.id));
        let of = |key: &str, id: &str| json!({"name": "call", key: id});
        let events = [
            of("external_customer_id", EXTERNAL_IDS[0]),
            of("customer_id", &deleted.id),
        ];
        let body = json!({"events": events}).to_string();
        self.call("POST", "/v1/events/ingest", Some(&body), 422);
    }
}

/// An index, half of the time the first: enough must happen to the same customers and meters.
fn mostly_first(random: &mut Random, length: usize) -> usize {
    if random.happens(1, 2) {
        0
    } else {
        random.index(length)
    }
}

fn days(random: &mut Random) -> i64 {
    i64::try_from(random.below(30)).expect("a day") * DAY
}

fn half_seconds(random: &mut Random) -> i64 {
    i64::try_from(random.below(60 * 86_400)).expect("half seconds") * 500_000
}
