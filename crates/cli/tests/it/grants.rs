//! `kill -9` at any moment leaves no grant without its credit, and no credit twice.
//!
//! Connections grant benefits, begin new periods and revoke, each for customers of its own, while the server is killed. After each restart
//! every grant must be told of by just its events, every acknowledged one must be there, and what customers were credited must be what
//! their events add up to. What is done depends on the seed, which a failure prints.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Organization;
use crate::random::Random;
use crate::server::Server;

const ROUNDS: usize = 16;
const CONNECTIONS: usize = 3;
const CUSTOMERS_EACH: usize = 2;
const UNITS: i64 = 100;
/// The server is killed after at most so many answers of a round.
const ANSWERS_MAX: u64 = 25;

/// A benefit and the meter that it credits.
#[derive(Debug, Clone)]
struct Benefit {
    id: String,
    meter: String,
    rollover: bool,
}

/// How many events of each kind a grant must have at least: those that were acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Acknowledged {
    cycles: usize,
    is_revoked: bool,
}

/// A customer, and what was acknowledged of its grants.
#[derive(Debug, Clone)]
struct Customer {
    id: String,
    grants: BTreeMap<String, Acknowledged>,
    /// By benefit: the grant that is not revoked, as far as is known.
    in_force: [Option<String>; 2],
}

#[test]
fn a_kill_at_any_moment_leaves_no_grant_without_its_credit_and_no_credit_twice() {
    let seed = Random::seed();
    eprintln!("seed {seed}; SEXTANT_TEST_SEED={seed} does the same again");
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "grants");
    let benefits = [false, true].map(|rollover| create_benefit(&mut organization, rollover));
    let mut customers: Vec<Customer> = (0..CONNECTIONS * CUSTOMERS_EACH)
        .map(|n| create_customer(&mut organization, n))
        .collect();
    let mut done = 0;
    for _ in 0..ROUNDS {
        done += act_until_killed(
            server,
            &organization,
            &benefits,
            &mut customers,
            &mut random,
        );
        server = Server::start(folder.path());
        organization = organization.on(&server);
        for customer in &mut customers {
            check(&mut organization, &benefits, customer, seed);
        }
    }
    eprintln!("{ROUNDS} kills, {done} answers");
    assert!(done > ROUNDS as u64, "only {done} requests were answered");
}

fn create_benefit(organization: &mut Organization, rollover: bool) -> Benefit {
    let clause = json!({"property": "name", "operator": "eq", "value": "call"});
    let meter = json!({
        "name": "calls",
        "filter": {"conjunction": "and", "clauses": [clause]},
        "aggregation": {"func": "count"},
    });
    let meter = created(organization, "/v1/meters/", &meter);
    let benefit = json!({
        "type": "meter_credit",
        "description": "some calls",
        "properties": {"units": UNITS, "rollover": rollover, "meter_id": meter},
    });
    Benefit {
        id: created(organization, "/v1/benefits/", &benefit),
        meter,
        rollover,
    }
}

fn create_customer(organization: &mut Organization, n: usize) -> Customer {
    let customer = json!({"email": format!("customer{n}@example.com")});
    Customer {
        id: created(organization, "/v1/customers/", &customer),
        grants: BTreeMap::new(),
        in_force: [None, None],
    }
}

fn created(organization: &mut Organization, target: &str, body: &Value) -> String {
    let made = organization.post(target, body);
    assert_eq!(made.status, 201, "{}", made.excerpt());
    text(&made.json()["id"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Acts on all connections and kills the server after a random number of answers. How many there were.
fn act_until_killed(
    server: Server,
    organization: &Organization,
    benefits: &[Benefit; 2],
    customers: &mut [Customer],
    random: &mut Random,
) -> u64 {
    let kill_after = 1 + random.below(ANSWERS_MAX);
    let moment = Duration::from_micros(random.below(4000));
    let (report, answers) = mpsc::channel();
    thread::scope(|scope| {
        for own in customers.chunks_mut(CUSTOMERS_EACH) {
            let mut organization = organization.on(&server);
            let report = report.clone();
            let mut random = Random::new(random.next());
            scope.spawn(move || {
                loop {
                    let customer = random.index(own.len());
                    let customer = &mut own[customer];
                    if act(&mut organization, benefits, customer, &mut random).is_err() {
                        break;
                    }
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
        let (_silent, nothing) = mpsc::channel::<()>();
        assert!(nothing.recv_timeout(moment).is_err());
        server.kill();
    });
    kill_after
}

/// Does one thing to a customer's grants. `Err` when the server is gone.
fn act(
    organization: &mut Organization,
    benefits: &[Benefit; 2],
    customer: &mut Customer,
    random: &mut Random,
) -> io::Result<()> {
    let which = random.index(benefits.len());
    let mut body = json!({"customer_id": customer.id});
    let Some(grant) = customer.in_force[which].clone() else {
        if random.happens(1, 2) {
            body["external_id"] = json!(format!("grant-{}", random.next()));
        }
        let target = format!("/v1/benefits/{}/grants", benefits[which].id);
        let answer = organization.try_send("POST", &target, Some(&body.to_string()))?;
        assert!(
            matches!(answer.status, 200 | 201),
            "{} {}",
            answer.status,
            answer.excerpt()
        );
        let id = text(&answer.json()["id"]);
        customer.grants.entry(id.clone()).or_default();
        customer.in_force[which] = Some(id);
        return Ok(());
    };
    if random.happens(1, 3) {
        let target = format!("/v1/benefit-grants/{grant}");
        let answer = organization.try_send("DELETE", &target, None)?;
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        customer.grants.entry(grant).or_default().is_revoked = true;
        customer.in_force[which] = None;
    } else {
        let key = json!({"external_id": format!("cycle-{}", random.next())}).to_string();
        let body = if random.happens(1, 2) { "{}" } else { &key };
        let target = format!("/v1/benefit-grants/{grant}/cycle");
        let answer = organization.try_send("POST", &target, Some(body))?;
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        customer.grants.entry(grant).or_default().cycles += 1;
    }
    Ok(())
}

/// Holds what the server says of a customer against what was acknowledged, and learns what became of the rest.
fn check(
    organization: &mut Organization,
    benefits: &[Benefit; 2],
    customer: &mut Customer,
    seed: u64,
) {
    let of = format!("customer_id={}", customer.id);
    let events = all(organization, &format!("/v1/events/?{of}&sorting=timestamp"));
    let rows = all(organization, &format!("/v1/benefit-grants/?{of}"));
    let told = |name: &str, grant: &str| {
        let of_grant = |event: &&Value| {
            event["name"] == name && event["metadata"]["benefit_grant_id"] == grant
        };
        events.iter().filter(of_grant).count()
    };
    let mut found = BTreeMap::new();
    for row in &rows {
        let id = text(&row["id"]);
        let is_revoked = row["is_revoked"] == true;
        assert_eq!(told("benefit.granted", &id), 1, "{row}; seed {seed}");
        assert_eq!(
            told("benefit.revoked", &id),
            usize::from(is_revoked),
            "{row}; seed {seed}"
        );
        let cycles = told("benefit.cycled", &id);
        let known = customer.grants.get(&id).copied().unwrap_or_default();
        assert!(
            known.cycles <= cycles && cycles <= known.cycles + 1,
            "{known:?} {row}; seed {seed}"
        );
        assert!(!known.is_revoked || is_revoked, "{row}; seed {seed}");
        found.insert(id, Acknowledged { cycles, is_revoked });
    }
    for id in customer.grants.keys() {
        assert!(
            found.contains_key(id),
            "a grant was lost: {id}; seed {seed}"
        );
    }
    for event in &events {
        if let Some(grant) = event["metadata"]["benefit_grant_id"].as_str() {
            assert!(found.contains_key(grant), "{event}; seed {seed}");
        }
    }
    for (benefit, in_force) in benefits.iter().zip(&mut customer.in_force) {
        let credited = credited(organization, &customer.id, &benefit.meter);
        let expected = replayed(&events, benefit);
        assert_eq!(
            credited,
            expected,
            "{benefit:?} {customer_id}; seed {seed}",
            customer_id = customer.id
        );
        let row = rows
            .iter()
            .find(|row| row["benefit_id"] == benefit.id.as_str() && row["is_revoked"] == false);
        *in_force = row.map(|row| text(&row["id"]));
    }
    customer.grants = found;
}

/// What a customer has been credited since the last reset, by the events of grants alone.
fn replayed(events: &[Value], benefit: &Benefit) -> i64 {
    let of_benefit = |event: &&Value| event["metadata"]["benefit_id"] == benefit.id.as_str();
    let names = events
        .iter()
        .filter(of_benefit)
        .map(|event| text(&event["name"]));
    names.fold(0, |credited: i64, name| match name.as_str() {
        "benefit.granted" => credited + UNITS,
        "benefit.cycled" if benefit.rollover => credited + UNITS,
        "benefit.cycled" => UNITS,
        "benefit.revoked" => (credited - UNITS).max(0),
        other => panic!("{other} is not an event of a benefit"),
    })
}

fn credited(organization: &mut Organization, customer: &str, meter: &str) -> i64 {
    let target = format!("/v1/customer-meters/?customer_id={customer}&meter_id={meter}");
    let answer = organization.get(&target);
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    let row = &answer.json()["items"][0]["credited_units"];
    row.as_i64().unwrap_or_default()
}

/// All items of a list.
fn all(organization: &mut Organization, target: &str) -> Vec<Value> {
    let mut items = Vec::new();
    for page in 1.. {
        let answer = organization.get(&format!("{target}&limit=100&page={page}"));
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        let answer = answer.json();
        let of_page = answer["items"].as_array().expect("a list").clone();
        items.extend(of_page);
        if page >= answer["pagination"]["max_page"].as_u64().expect("a number") {
            break;
        }
    }
    items
}
