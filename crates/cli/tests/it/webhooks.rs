//! Webhooks of a real server at a real receiver: signed, in order, and none lost when the server is killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver as Channel, Sender};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::api::Organization;
use crate::server::{Server, serve, with_admin_token};

/// A webhook that does not come within this time is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was sent.
#[derive(Debug)]
struct Received {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Received {
    /// Reads one request.
    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.trim_end().split_once(": ") {
                headers.insert(name.to_owned(), value.to_owned());
            }
        }
        let length = headers["content-length"].parse().expect("a number");
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8(body).expect("text");
        Ok(Self { headers, body })
    }

    /// Whether the signature is that of the secret, as Standard Webhooks has it, over just these bytes.
    fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        let (id, timestamp) = (
            &self.headers["webhook-id"],
            &self.headers["webhook-timestamp"],
        );
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        self.headers["webhook-signature"] == format!("v1,{signature}")
    }

    fn payload(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Listens on a free port until the end of the process. As long as it refuses, it answers 503 to everything.
struct Receiver {
    url: String,
    refuses: Arc<AtomicBool>,
    received: Channel<Received>,
}

impl Receiver {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let refuses = Arc::new(AtomicBool::new(false));
        let (sender, received) = mpsc::channel();
        thread::spawn({
            let refuses = Arc::clone(&refuses);
            move || receive(&listener, &refuses, &sender)
        });
        Self {
            url,
            refuses,
            received,
        }
    }

    #[track_caller]
    fn next(&self) -> Received {
        let received = self.received.recv_timeout(PATIENCE);
        received.expect("a webhook in time")
    }
}

/// Until nobody waits for what comes.
fn receive(listener: &TcpListener, refuses: &AtomicBool, sender: &Sender<Received>) {
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let is_refused = refuses.load(Ordering::SeqCst);
        // A server that is killed in the middle is no fault here.
        let Ok(received) = Received::read(&stream) else {
            continue;
        };
        let status = if is_refused { 503 } else { 200 };
        let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
        let _gone = stream.write_all(answer.as_bytes());
        if sender.send(received).is_err() {
            return;
        }
    }
}

/// A server whose webhooks may go to this machine.
fn start(folder: &Path) -> Server {
    let mut command = serve(folder);
    with_admin_token(&mut command).env("SEXTANT_WEBHOOKS_ALLOW_PRIVATE", "true");
    Server::spawn(&mut command).expect("the server starts")
}

fn endpoint(organization: &mut Organization, url: &str, events: &[&str]) -> Value {
    let body = json!({"url": url, "format": "raw", "events": events});
    let made = organization.post("/v1/webhooks/endpoints", &body);
    assert_eq!(made.status, 201, "{}", made.excerpt());
    made.json()
}

fn customer(organization: &mut Organization, external_id: &str) -> Value {
    let email = format!("{external_id}@example.com");
    let body = json!({"external_id": external_id, "email": email});
    let made = organization.post("/v1/customers/", &body);
    assert_eq!(made.status, 201, "{}", made.excerpt());
    made.json()
}

#[test]
fn what_was_told_of_before_a_kill_is_sent_after_it_in_order_and_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::new();
    receiver.refuses.store(true, Ordering::SeqCst);
    let server = start(folder.path());
    let mut organization = Organization::create(&server, "acme");
    let endpoint = endpoint(&mut organization, &receiver.url, &["customer.created"]);
    let secret = endpoint["secret"].as_str().expect("a secret").to_owned();
    let mut waiting = Vec::new();
    for number in 0..10 {
        let made = customer(&mut organization, &format!("c{number}"));
        waiting.push(made["id"].as_str().expect("an id").to_owned());
    }
    // In the middle of the first attempts.
    let refused: Vec<Received> = (0..3).map(|_| receiver.next()).collect();
    server.kill();
    receiver.refuses.store(false, Ordering::SeqCst);
    // What it said last before it was killed.
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for received in refused.into_iter().chain(receiver.received.try_iter()) {
        assert!(received.is_signed_with(&secret), "{received:?}");
        let customer = received.payload()["data"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        ids.insert(customer, received.headers["webhook-id"].clone());
    }
    let _server = start(folder.path());
    let mut first_attempts = Vec::new();
    let mut left = waiting.clone();
    while !left.is_empty() {
        let told = receiver.next();
        assert!(told.is_signed_with(&secret), "{told:?}");
        let customer = told.payload()["data"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let id = &told.headers["webhook-id"];
        match ids.get(&customer) {
            // At least once, and under one id.
            Some(known) => assert_eq!(known, id),
            None => first_attempts.push(customer.clone()),
        }
        ids.insert(customer.clone(), id.clone());
        left.retain(|waits| *waits != customer);
    }
    let in_order: Vec<&String> = waiting
        .iter()
        .filter(|id| first_attempts.contains(id))
        .collect();
    assert_eq!(first_attempts.iter().collect::<Vec<_>>(), in_order);
    assert!(!first_attempts.is_empty());
}

#[test]
fn usage_is_told_as_the_state_of_the_customer_also_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::new();
    let server = start(folder.path());
    let mut organization = Organization::create(&server, "acme");
    organization.create_meter(&json!({"func": "count"}));
    let made = customer(&mut organization, "ada");
    endpoint(
        &mut organization,
        &receiver.url,
        &["customer.state_changed"],
    );
    let events: Vec<Value> = (0..5)
        .map(|_| json!({"name": "call", "external_customer_id": "ada"}))
        .collect();
    organization.ingest(&events);
    // Most likely before anybody has looked at them.
    server.kill();
    let server = start(folder.path());
    let mut organization = organization.on(&server);
    let told = receiver.next();
    let payload = told.payload();
    assert_eq!(payload["type"], "customer.state_changed");
    let state = organization.get(&format!(
        "/v1/customers/{}/state",
        made["id"].as_str().expect("an id")
    ));
    assert_eq!(payload["data"], state.json());
    assert_eq!(payload["data"]["active_meters"][0]["consumed_units"], 5.0);
}

#[test]
fn other_than_public_hosts_are_refused_unless_the_server_is_told_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "acme");
    for (url, message) in [
        (
            "https://127.0.0.1/",
            "Value error, Webhook URLs cannot point to localhost or private IP addresses.",
        ),
        ("http://example.com/", "URL scheme should be 'https'"),
    ] {
        let body = json!({"url": url, "format": "raw", "events": []});
        let refused = organization.post("/v1/webhooks/endpoints", &body);
        assert_eq!(refused.status, 422, "{}", refused.excerpt());
        let fault = &refused.json()["detail"][0];
        assert_eq!(
            (&fault["loc"], &fault["msg"]),
            (&json!(["body", "url"]), &json!(message))
        );
    }
    let body = json!({"url": "https://example.com", "format": "slack", "events": []});
    let made = organization.post("/v1/webhooks/endpoints", &body);
    assert_eq!(made.status, 201, "{}", made.excerpt());
    assert_eq!(made.json()["api_version"], "2026-04");
}
