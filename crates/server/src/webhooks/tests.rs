//! The whole way: a change over HTTP here, a signed request at a receiver there.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::testing::Bench;

const PATIENCE: Duration = Duration::from_secs(20);

/// A request that was received.
struct Received {
    headers: BTreeMap<String, String>,
    body: String,
}

/// A receiver that answers every request with a status.
struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Received>,
    _task: JoinSet<()>,
}

impl Receiver {
    async fn new(status: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let (sender, requests) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let received = read(&mut stream).await;
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.expect("writes");
                if sender.send(received).is_err() {
                    return;
                }
            }
        });
        Self {
            url,
            requests,
            _task: task,
        }
    }

    async fn next(&mut self) -> Received {
        let received = timeout(PATIENCE, self.requests.recv()).await;
        received.expect("in time").expect("the receiver listens")
    }
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.expect("reads");
        assert!(read > 0, "it ended early");
        bytes.extend_from_slice(&some[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let headers: BTreeMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().expect("a number");
        if body.len() == length {
            let body = body.to_owned();
            return Received { headers, body };
        }
    }
}

/// A bench whose webhooks are sent, until the second is told to stop.
fn sending(bench: &Bench) -> (watch::Sender<bool>, JoinSet<()>) {
    let (stop, stopping) = watch::channel(false);
    let mut task = JoinSet::new();
    task.spawn(run(Arc::clone(&bench.service), stopping));
    (stop, task)
}

async fn endpoint(bench: &Bench, token: &str, url: &str, events: &[&str]) -> Value {
    let new = json!({"url": url, "format": "raw", "events": events});
    let path = "/v1/webhooks/endpoints";
    let made = bench.send(Method::POST, path, token, Some(&new)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    made.json()
}

async fn customer(bench: &Bench, token: &str, external_id: &str) -> Value {
    let new = json!({"external_id": external_id, "email": format!("{external_id}@example.com")});
    let made = bench
        .send(Method::POST, "/v1/customers/", token, Some(&new))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    made.json()
}

/// The deliveries, once there are so many.
async fn deliveries(bench: &Bench, token: &str, count: usize) -> Vec<Value> {
    let wait = async {
        loop {
            let path = "/v1/webhooks/deliveries?limit=100";
            let listed = bench.send(Method::GET, path, token, None).await.json();
            let items = listed["items"].as_array().expect("a list").clone();
            if items.len() >= count {
                return items;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_in_a_request_that_is_signed_over_what_it_holds() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let mut receiver = Receiver::new("202 Accepted").await;
    let endpoint = endpoint(&bench, &token, &receiver.url, &["customer.created"]).await;
    let (stop, mut task) = sending(&bench);
    let made = customer(&bench, &token, "ada").await;
    let Received { headers, body } = receiver.next().await;
    let payload: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(payload["type"], "customer.created");
    assert_eq!(payload["data"], made);
    assert!(payload["timestamp"].is_string());
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["user-agent"], "polar.sh webhooks");
    let secret = endpoint["secret"].as_str().expect("a secret");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    let (id, timestamp) = (&headers["webhook-id"], &headers["webhook-timestamp"]);
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(headers["webhook-signature"], signature);
    let noted = deliveries(&bench, &token, 1).await.remove(0);
    assert_eq!(noted["webhook_event"]["id"], **id);
    assert_eq!(noted["webhook_event"]["payload"], body);
    assert_eq!(
        (&noted["succeeded"], &noted["http_code"]),
        (&json!(true), &json!(202))
    );
    stop.send_replace(true);
    task.join_next().await.expect("a task").expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_again_under_the_same_id() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let mut receiver = Receiver::new("200 OK").await;
    endpoint(&bench, &token, &receiver.url, &["customer.created"]).await;
    let (_stop, _task) = sending(&bench);
    customer(&bench, &token, "ada").await;
    let first = receiver.next().await;
    let id = &first.headers["webhook-id"];
    deliveries(&bench, &token, 1).await;
    let path = format!("/v1/webhooks/events/{id}/redeliver");
    let asked = bench.send(Method::POST, &path, &token, None).await;
    assert_eq!((asked.status, asked.text()), (StatusCode::ACCEPTED, "null"));
    let again = receiver.next().await;
    assert_eq!(
        (&again.headers["webhook-id"], &again.body),
        (id, &first.body)
    );
    assert_eq!(deliveries(&bench, &token, 2).await.len(), 2);
    let other = bench.organization("other").await;
    let asked = bench.send(Method::POST, &path, &other, None).await;
    assert_eq!(asked.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_hangs_holds_up_no_other_and_keeps_its_order() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let hanging = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let hanging = hanging.expect("a free port");
    let url = format!("http://{}/", hanging.local_addr().expect("bound"));
    let hanging_endpoint = endpoint(&bench, &token, &url, &["customer.created"]).await;
    let mut receiver = Receiver::new("200 OK").await;
    endpoint(&bench, &token, &receiver.url, &["customer.created"]).await;
    let (stop, mut task) = sending(&bench);
    for n in 0..20 {
        customer(&bench, &token, &format!("c{n}")).await;
    }
    for n in 0..20 {
        let payload: Value = serde_json::from_str(&receiver.next().await.body).expect("JSON");
        assert_eq!(payload["data"]["external_id"], format!("c{n}"));
    }
    // One request to it, and no second one before the first has come to an end.
    let (_open, _) = hanging.accept().await.expect("a connection");
    let second = timeout(Duration::from_millis(600), hanging.accept()).await;
    assert!(second.is_err());
    let items = deliveries(&bench, &token, 20).await;
    assert!(items.iter().all(|item| item["succeeded"] == json!(true)));
    let path = format!(
        "/v1/webhooks/deliveries?endpoint_id={}",
        hanging_endpoint["id"].as_str().expect("an id")
    );
    let of_hanging = bench.send(Method::GET, &path, &token, None).await.json();
    assert_eq!(of_hanging["pagination"]["total_count"], 0);
    // The server does not wait for it for long when it stops.
    stop.send_replace(true);
    timeout(PATIENCE, task.join_next()).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_is_told_of_in_the_deliveries() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let mut receiver = Receiver::new("500 Internal Server Error").await;
    endpoint(&bench, &token, &receiver.url, &["customer.created"]).await;
    let (_stop, _task) = sending(&bench);
    customer(&bench, &token, "ada").await;
    receiver.next().await;
    let noted = deliveries(&bench, &token, 1).await.remove(0);
    assert_eq!(
        (&noted["succeeded"], &noted["http_code"]),
        (&json!(false), &json!(500))
    );
    // More attempts are to come.
    assert_eq!(noted["webhook_event"]["succeeded"], Value::Null);
    assert_eq!(noted["webhook_event"]["last_http_code"], 500);
}

#[tokio::test]
async fn what_goes_wrong_time_and_again_is_said_once_in_a_while() {
    let mut complaints = Complaints::default();
    assert!(complaints.are_due());
    assert!(!complaints.are_due());
    complaints.quiet_until = Some(Instant::now());
    assert!(complaints.are_due());
}
