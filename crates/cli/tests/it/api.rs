//! What a client does, in short: organizations, ingest, meters, quantities.

use conformance::{Answer, Client};
use serde_json::{Value, json};

use crate::server::{ADMIN_TOKEN, Server};

/// The scopes that an organization's token gets here.
const SCOPES: [&str; 12] = [
    "meters:read",
    "meters:write",
    "events:read",
    "events:write",
    "customers:read",
    "customers:write",
    "customer_meters:read",
    "customer_meters:write",
    "benefits:read",
    "benefits:write",
    "webhooks:read",
    "webhooks:write",
];

/// The days that [`event`] spreads over, and the range that shows them all.
const MONTH: &str =
    "start_timestamp=2025-03-01T00:00:00Z&end_timestamp=2025-03-31T00:00:00Z&interval=day";

/// An organization and a connection with a token of its own.
#[derive(Debug)]
pub(crate) struct Organization {
    client: Client,
    token: String,
}

/// The answer to an ingest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ingested {
    pub(crate) inserted: u64,
    pub(crate) duplicates: u64,
}

impl Organization {
    /// Makes an organization of that name on the server.
    pub(crate) fn create(server: &Server, name: &str) -> Self {
        let mut client = server.client();
        let body = json!({"name": name, "slug": name});
        let made = post(&mut client, ADMIN_TOKEN, "/v1/organizations/", &body);
        assert_eq!(made.status, 201, "{}", made.excerpt());
        let id = made.json()["id"].clone();
        let token = create_token(&mut client, &id, &SCOPES);
        Self { client, token }
    }

    /// The same organization, on a server that has been started again or on another connection.
    pub(crate) fn on(&self, server: &Server) -> Self {
        Self {
            client: server.client(),
            token: self.token.clone(),
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.try_send("GET", target, None).expect("an answer")
    }

    /// Sends a request, with the text of a JSON body or without.
    pub(crate) fn send(&mut self, method: &str, target: &str, body: Option<&str>) -> Answer {
        self.try_send(method, target, body).expect("an answer")
    }

    /// As [`Self::send`]; `Err` when there is no answer.
    pub(crate) fn try_send(
        &mut self,
        method: &str,
        target: &str,
        body: Option<&str>,
    ) -> std::io::Result<Answer> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let headers = &headers[..if body.is_some() { 2 } else { 1 }];
        self.client
            .request(method, target, headers, body.map(str::as_bytes))
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Answer {
        post(&mut self.client, &self.token, target, body)
    }

    /// Sends events; `Err` when there is no answer.
    pub(crate) fn try_ingest(&mut self, events: &[Value]) -> std::io::Result<Answer> {
        let body = json!({ "events": events }).to_string();
        self.try_send("POST", "/v1/events/ingest", Some(&body))
    }

    /// Sends events, which must be taken.
    pub(crate) fn ingest(&mut self, events: &[Value]) -> Ingested {
        let answer = self.try_ingest(events).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        Ingested::of(&answer)
    }

    /// Makes a meter over all events and gives its id.
    pub(crate) fn create_meter(&mut self, aggregation: &Value) -> String {
        let filter = json!({"conjunction": "and", "clauses": []});
        let body = json!({"name": "a meter", "filter": filter, "aggregation": aggregation});
        let made = self.post("/v1/meters/", &body);
        assert_eq!(made.status, 201, "{}", made.excerpt());
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    /// The total of the meter over the events of [`event`], in the notation of the answer.
    pub(crate) fn total(&mut self, meter: &str) -> String {
        let answer = self.get(&format!("/v1/meters/{meter}/quantities?{MONTH}"));
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        answer.json()["total"].to_string()
    }
}

impl Ingested {
    /// Reads the answer to an ingest that was taken.
    pub(crate) fn of(answer: &Answer) -> Self {
        let body = answer.json();
        let count = |key: &str| {
            body[key]
                .as_u64()
                .unwrap_or_else(|| panic!("no {key} in {body}"))
        };
        Self {
            inserted: count("inserted"),
            duplicates: count("duplicates"),
        }
    }
}

/// An event with that key; all else follows from the key, so that a repeat is the same event.
pub(crate) fn event(key: u64) -> Value {
    json!({
        "name": "request",
        "external_customer_id": format!("customer-{}", key % 7),
        "external_id": format!("key-{key}"),
        "timestamp": format!("2025-03-{:02}T{:02}:30:00Z", 1 + key % 30, key % 24),
        "metadata": {"tenths": tenths_text(tenths(key)), "value": value(key)},
    })
}

/// What [`event`] with that key adds to a sum over `value`, in tenths.
pub(crate) fn tenths(key: u64) -> u64 {
    key % 1000
}

/// The metadata `value`: a number with one decimal, whose sums floats would get wrong.
fn value(key: u64) -> Value {
    serde_json::from_str(&tenths_text(tenths(key))).expect("a number")
}

/// A number of tenths as an answer writes it.
pub(crate) fn tenths_text(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Makes a token of the organization with these scopes.
pub(crate) fn create_token(
    client: &mut Client,
    organization_id: &Value,
    scopes: &[&str],
) -> String {
    let body = json!({
        "organization_id": organization_id,
        "comment": "a test",
        "scopes": scopes,
        "expires_in": null,
    });
    let made = post(
        client,
        ADMIN_TOKEN,
        "/v1/organization-access-tokens/",
        &body,
    );
    assert_eq!(made.status, 201, "{}", made.excerpt());
    made.json()["token"].as_str().expect("a token").to_owned()
}

fn post(client: &mut Client, token: &str, target: &str, body: &Value) -> Answer {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    client
        .request("POST", target, &headers, Some(body.as_bytes()))
        .expect("an answer")
}
