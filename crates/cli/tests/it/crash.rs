//! `kill -9` at any moment loses no acknowledged event and doubles none.
//!
//! Connections send batches while the server is killed; then it is started again on the same folder, and every request of the round is sent once
//! more. What was acknowledged must now be duplicates to the last key; what was not must be there whole or not at all.
//! Which moment is hit depends on the machine; what is sent depends on the seed, which a failure prints.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Ingested, Organization, event, tenths, tenths_text};
use crate::random::Random;
use crate::server::{Server, serve, with_admin_token};

const ROUNDS: usize = 24;
const CONNECTIONS: usize = 4;
/// The server is killed after at most so many acknowledged requests of a round.
const ACKNOWLEDGED_MAX: u64 = 60;
const BATCH_EVENTS_MAX: u64 = 60;

/// One request: its own keys, and keys of requests acknowledged before.
#[derive(Debug, Clone)]
struct Sent {
    own: std::ops::Range<u64>,
    repeated: Vec<u64>,
    acknowledged: bool,
}

impl Sent {
    /// The events, repeated ones between the own ones.
    fn events(&self) -> Vec<Value> {
        let mut keys: Vec<u64> = self.own.clone().collect();
        let middle = keys.len() / 2;
        keys.splice(middle..middle, self.repeated.iter().copied());
        keys.into_iter().map(event).collect()
    }

    fn own_count(&self) -> u64 {
        self.own.end - self.own.start
    }

    /// Holds an answer against what may be: the own keys are inserted all or none, and nothing is counted twice.
    #[track_caller]
    fn check(&self, ingested: Ingested, seed: u64) {
        let Ingested {
            inserted,
            duplicates,
        } = ingested;
        let own = self.own_count();
        assert!(
            inserted == 0 || inserted == own,
            "a part of a request was stored: {inserted} of {own}, {self:?}; seed {seed}"
        );
        assert_eq!(
            inserted + duplicates,
            own + self.repeated.len() as u64,
            "every event is counted once, {self:?}; seed {seed}"
        );
    }
}

/// What the connections of one round have sent so far.
#[derive(Debug, Default)]
struct Round {
    sent: Vec<Sent>,
    next_key: u64,
}

impl Round {
    /// Chooses what to send next: mostly new keys, at times with keys repeated, at times a whole request again, which may still be in flight.
    fn choose(&mut self, random: &mut Random) -> usize {
        if !self.sent.is_empty() && random.below(8) == 0 {
            return random.index(self.sent.len());
        }
        let count = if random.below(2) == 0 {
            1
        } else {
            2 + random.below(BATCH_EVENTS_MAX - 1)
        };
        let own = self.next_key..self.next_key + count;
        self.next_key = own.end;
        let acknowledged: Vec<u64> = (self.sent.iter())
            .filter(|sent| sent.acknowledged && random.below(4) == 0)
            .map(|sent| sent.own.start)
            .take(3)
            .collect();
        self.sent.push(Sent {
            own,
            repeated: acknowledged,
            acknowledged: false,
        });
        self.sent.len() - 1
    }
}

#[test]
fn a_kill_at_any_moment_loses_no_acknowledged_event_and_doubles_none() {
    let seed = Random::seed();
    eprintln!("seed {seed}; SEXTANT_TEST_SEED={seed} sends the same again");
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "crash");
    let count = organization.create_meter(&json!({"func": "count"}));
    let sum = organization.create_meter(&json!({"func": "sum", "property": "value"}));
    let unique = organization.create_meter(&json!({"func": "unique", "property": "tenths"}));

    let mut next_key = 0;
    let (mut acknowledged, mut found, mut absent) = (0_usize, 0, 0);
    for round in 0..ROUNDS {
        let sent = send_until_killed(server, &organization, next_key, &mut random);
        next_key = sent.last().map_or(next_key, |sent| sent.own.end);
        if round % 3 == 0 {
            kill_while_starting(folder.path(), &mut random);
        }
        server = Server::start(folder.path());
        organization = organization.on(&server);
        for sent in &sent {
            let again = organization.ingest(&sent.events());
            sent.check(again, seed);
            if sent.acknowledged {
                assert_eq!(
                    again.inserted, 0,
                    "an acknowledged event was lost: {sent:?}; seed {seed}"
                );
                acknowledged += 1;
            } else if again.inserted == 0 {
                found += 1;
            } else {
                absent += 1;
            }
        }
        // By now every key has been acknowledged once or more.
        let tenths_sum: u64 = (0..next_key).map(tenths).sum();
        let total = |meter: &str, organization: &mut Organization| organization.total(meter);
        assert_eq!(
            total(&count, &mut organization),
            format!("{next_key}.0"),
            "seed {seed}"
        );
        assert_eq!(
            total(&sum, &mut organization),
            tenths_text(tenths_sum),
            "seed {seed}"
        );
        let distinct = next_key.min(1000);
        assert_eq!(
            total(&unique, &mut organization),
            format!("{distinct}.0"),
            "seed {seed}"
        );
    }
    eprintln!(
        "{ROUNDS} kills, {next_key} keys: {acknowledged} acknowledged requests, all kept; of the others {found} kept whole, {absent} absent"
    );
    assert!(
        acknowledged > ROUNDS,
        "only {acknowledged} requests were acknowledged"
    );
    for key in (0..next_key).step_by(500) {
        let events: Vec<Value> = (key..next_key.min(key + 500)).map(event).collect();
        let again = organization.ingest(&events);
        assert_eq!(
            again.inserted, 0,
            "keys from {key} on, after the last round; seed {seed}"
        );
    }
}

/// Sends on all connections, kills the server after a random number of answers, and says what was sent.
fn send_until_killed(
    server: Server,
    organization: &Organization,
    next_key: u64,
    random: &mut Random,
) -> Vec<Sent> {
    let seed = random.next();
    let round = Mutex::new(Round {
        sent: Vec::new(),
        next_key,
    });
    let kill_after = 1 + random.below(ACKNOWLEDGED_MAX);
    let moment = Duration::from_micros(random.below(1500));
    let (report, answers) = mpsc::channel();
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let mut organization = organization.on(&server);
            let (round, report) = (&round, report.clone());
            let mut random = Random::new(seed ^ connection as u64);
            scope.spawn(move || {
                while let Ok(()) = send_one(&mut organization, round, &mut random, seed) {
                    // The one who counts has seen enough when it no longer listens.
                    let _counted = report.send(());
                }
            });
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
    });
    round
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .sent
}

/// Sends one request. `Err` when the server is gone.
fn send_one(
    organization: &mut Organization,
    round: &Mutex<Round>,
    random: &mut Random,
    seed: u64,
) -> io::Result<()> {
    let lock = || round.lock().unwrap_or_else(PoisonError::into_inner);
    let (index, sent) = {
        let mut round = lock();
        let index = round.choose(random);
        (index, round.sent[index].clone())
    };
    let answer = organization.try_ingest(&sent.events())?;
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    sent.check(Ingested::of(&answer), seed);
    lock().sent[index].acknowledged = true;
    Ok(())
}

/// Starts the server on the folder and kills it at once, in the middle of its recovery or just after.
fn kill_while_starting(folder: &Path, random: &mut Random) {
    let process = crate::server::Process::spawn(with_admin_token(&mut serve(folder)));
    let (_silent, nothing) = mpsc::channel::<()>();
    assert!(
        nothing
            .recv_timeout(Duration::from_micros(random.below(30_000)))
            .is_err()
    );
    drop(process);
}
