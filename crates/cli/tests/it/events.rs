//! Events as they are read back from the real binary: the same through seals, restarts and kills.

use api::{Event, EventName, ListResource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::Organization;
use crate::server::{Server, serve, with_admin_token};

/// A server that moves every event to a file at once, so that what is read back comes from files and from memory.
fn start(folder: &std::path::Path) -> Server {
    let mut command = serve(folder);
    command.args(["--seal-events", "1"]);
    Server::spawn(with_admin_token(&mut command)).expect("the server starts")
}

fn get<T: DeserializeOwned>(organization: &mut Organization, target: &str) -> T {
    let answer = organization.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.excerpt());
    serde_json::from_slice(&answer.body).expect("what the contract says")
}

fn events(organization: &mut Organization, query: &str) -> Vec<Event> {
    let target = format!("/v1/events/?sorting=timestamp&limit=100&{query}");
    get::<ListResource<Event>>(organization, &target).items
}

fn names(events: &[Event]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.join(" ")
}

/// An event of the customer `ada` that is known by its name, at some hour of a day.
fn event(name: &str, hour: u32, parent: Option<&str>) -> Value {
    json!({
        "name": name,
        "external_id": name,
        "parent_id": parent,
        "external_customer_id": "ada",
        "timestamp": format!("2026-03-01T{hour:02}:00:00Z"),
        "metadata": {"hour": hour},
    })
}

/// All that can be read: the lists, each event, the names.
fn all(organization: &mut Organization) -> Vec<Value> {
    let listed = events(organization, "");
    let mut targets = vec![
        "/v1/events/?limit=100".to_owned(),
        "/v1/events/names?limit=100".to_owned(),
        "/v1/events/?depth=0".to_owned(),
        "/v1/events/?depth=2".to_owned(),
        "/v1/events/?external_customer_id=ada&name=b&name=c".to_owned(),
    ];
    for event in listed {
        targets.push(format!("/v1/events/{}", event.id));
        targets.push(format!("/v1/events/?parent_id={}&depth=5", event.id));
    }
    targets
        .iter()
        .map(|target| get(organization, target))
        .collect()
}

#[test]
fn a_chain_that_arrives_leaves_first_is_linked_through_restarts_and_kills() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = start(folder.path());
    let mut organization = Organization::create(&server, "events");
    // Each is a root until its parent has come.
    for (name, parent, hour) in [("d", "c", 4), ("c", "b", 3), ("b", "a", 2)] {
        organization.ingest(&[event(name, hour, Some(parent))]);
        assert_eq!(names(&events(&mut organization, "depth=0")), name);
        if name == "c" {
            server.kill();
        } else {
            assert!(server.stop().status.success());
        }
        server = start(folder.path());
        organization = organization.on(&server);
        assert_eq!(names(&events(&mut organization, "depth=0")), name);
    }
    organization.ingest(&[event("a", 1, None)]);
    let chain = events(&mut organization, "");
    assert_eq!(names(&chain), "a b c d");
    for pair in chain.windows(2) {
        assert_eq!(pair[1].parent_id.as_ref(), Some(&pair[0].id));
        assert_eq!(pair[0].child_count, 1);
    }
    // By the id of an event too; nobody is its own parent, and an orphan stays a root.
    organization.ingest(&[
        event("e", 5, Some(&chain[0].id)),
        event("self", 6, Some("self")),
        event("orphan", 7, Some("nobody")),
    ]);
    for (query, expected) in [
        ("depth=0", "a self orphan"),
        ("depth=1", "a b e self orphan"),
        ("depth=5", "a b c d e self orphan"),
        (&format!("parent_id={}", chain[0].id), "b e"),
        (&format!("parent_id={}&depth=2", chain[0].id), "b c e"),
    ] {
        assert_eq!(
            names(&events(&mut organization, query)),
            expected,
            "{query}"
        );
    }
    assert_eq!(events(&mut organization, "name=a")[0].child_count, 2);
    let before = all(&mut organization);
    server.kill();
    server = start(folder.path());
    organization = organization.on(&server);
    assert_eq!(all(&mut organization), before, "after a kill");
    assert!(server.stop().status.success());
    server = start(folder.path());
    organization = organization.on(&server);
    assert_eq!(all(&mut organization), before, "after a restart");
}

#[test]
fn names_of_users_and_of_the_system_are_counted_apart_also_after_a_kill() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(folder.path());
    let mut organization = Organization::create(&server, "names");
    let meter = organization.create_meter(&json!({"func": "count"}));
    let customer = json!({"email": "ada@example.com", "external_id": "ada"});
    assert_eq!(organization.post("/v1/customers/", &customer).status, 201);
    let named_alike = json!({"name": "meter.credited", "external_customer_id": "ada"});
    organization.ingest(&[event("call", 1, None), event("other", 2, None), named_alike]);
    for units in [3, 4] {
        let credit = json!({"external_customer_id": "ada", "meter_id": meter, "units": units});
        let credited = organization.post("/v1/customer-meters/credits", &credit);
        assert_eq!(credited.status, 201, "{}", credited.excerpt());
    }
    let reset = json!({"external_customer_id": "ada", "meter_id": meter});
    let reset = organization.post("/v1/customer-meters/resets", &reset);
    assert_eq!(reset.status, 201, "{}", reset.excerpt());
    let check = |organization: &mut Organization| {
        let target = "/v1/events/names?sorting=name&sorting=occurrences";
        let names: ListResource<EventName> = get(organization, target);
        let rows: Vec<String> = names
            .items
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row.name, row.source, row.label, row.occurrences
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "call user call 1",
                "meter.credited user meter.credited 1",
                "meter.credited system Meter Credited 2",
                "meter.reset system Meter Reset 1",
                "other user other 1",
            ]
        );
        let system = events(organization, "source=system");
        assert_eq!(
            labels(&system),
            "Meter Credited, Meter Credited, Meter Reset"
        );
        assert_eq!(
            serde_json::from_str::<Value>(system[0].metadata.as_str()).expect("an object"),
            json!({"meter_id": meter, "units": 3, "rollover": false})
        );
    };
    check(&mut organization);
    server.kill();
    let server = start(folder.path());
    check(&mut organization.on(&server));
}

fn labels(events: &[Event]) -> String {
    let labels: Vec<&str> = events.iter().map(|event| event.label.as_str()).collect();
    labels.join(", ")
}
