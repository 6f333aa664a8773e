//! Sends what is due, one request to an endpoint at a time, and has the outcomes noted.
//!
//! What is due, whose turn it is and what follows from an outcome is the service's to say.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use service::{DeliveryOutcome, FinishedDelivery, PendingDelivery, Service, Unnoted};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::client::Client;
use super::signature::sign;
use super::{Complaints, in_background};
use crate::limits::{
    WEBHOOK_DURATION_MAX, WEBHOOKS_LOOKED_FOR_EVERY, WEBHOOKS_NOTED_AGAIN_AFTER, WEBHOOKS_SENT_MAX,
    WEBHOOKS_SHUTDOWN_MAX,
};
use crate::serve::told_to_stop;
use crate::telemetry;
use crate::validate::Hosts;

/// The contract's (SEMANTICS 14.4): receivers know it.
const AGENT: HeaderValue = HeaderValue::from_static("polar.sh webhooks");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What is being sent, and what came of what was.
struct Sender {
    service: Arc<Service>,
    client: Arc<Client>,
    sends: JoinSet<FinishedDelivery>,
    /// What is being sent, in case the sending panics.
    in_flight: HashMap<Id, PendingDelivery>,
    /// What is to be noted.
    finished: Vec<FinishedDelivery>,
    /// Before this, nothing is noted: it could not be.
    notes_again_at: Option<Instant>,
    complaints: Complaints,
}

/// Sends until the server stops.
pub(super) async fn run(service: Arc<Service>, mut stopping: watch::Receiver<bool>) {
    let hosts = Hosts::new(service.allows_private_webhooks());
    let mut sender = Sender {
        service,
        client: Arc::new(Client::new(hosts, WEBHOOK_DURATION_MAX)),
        sends: JoinSet::new(),
        in_flight: HashMap::new(),
        finished: Vec::new(),
        notes_again_at: None,
        complaints: Complaints::default(),
    };
    let mut ticks = interval(WEBHOOKS_LOOKED_FOR_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut looks = false;
        tokio::select! {
            _ = ticks.tick() => looks = true,
            Some(sent) = sender.sends.join_next_with_id() => sender.finish(sent),
            () = told_to_stop(&mut stopping) => break,
        }
        sender.round(looks).await;
    }
    sender.end().await;
}

impl Sender {
    /// Has what is finished noted, and sends what there is room for.
    async fn round(&mut self, looks: bool) {
        while let Some(sent) = self.sends.try_join_next_with_id() {
            self.finish(sent);
        }
        if !self.note().await {
            return;
        }
        let room = WEBHOOKS_SENT_MAX.saturating_sub(self.sends.len());
        let take = move |service: &Service| {
            if looks {
                service.find_due_deliveries()?;
            }
            service.take_deliveries(room)
        };
        let otherwise = "webhooks were not looked for";
        let complaints = &mut self.complaints;
        let pending = in_background(&self.service, complaints, otherwise, take).await;
        for delivery in pending.unwrap_or_default() {
            self.send(delivery);
        }
    }

    /// Has what is finished noted, and says whether it was. What was not is kept for the next time; nothing else is sent to these
    /// endpoints until then.
    async fn note(&mut self) -> bool {
        if self.finished.is_empty() {
            return true;
        }
        if self.notes_again_at.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        self.note_now().await
    }

    async fn note_now(&mut self) -> bool {
        let finished = Arc::new(std::mem::take(&mut self.finished));
        let to_note = Arc::clone(&finished);
        let note = move |service: &Service| service.note_deliveries(&to_note);
        let otherwise = "webhooks were not noted";
        let noted = in_background(&self.service, &mut self.complaints, otherwise, note).await;
        let Some(unnoted) = noted else {
            self.finished.extend(finished.iter().cloned());
            self.notes_again_at = Some(Instant::now() + WEBHOOKS_NOTED_AGAIN_AFTER);
            return false;
        };
        self.notes_again_at = None;
        for Unnoted { event, error } in unnoted {
            let causes = telemetry::causes(&error);
            tracing::error!(%event, error = causes, "a webhook was sent, and cannot be noted");
        }
        true
    }

    fn send(&mut self, delivery: PendingDelivery) {
        let (service, client) = (Arc::clone(&self.service), Arc::clone(&self.client));
        let sent = delivery.clone();
        let task = self.sends.spawn(async move {
            let outcome = post(&service, &client, &sent).await;
            FinishedDelivery {
                delivery: sent,
                outcome,
                at: service.now(),
            }
        });
        self.in_flight.insert(task.id(), delivery);
    }

    fn finish(&mut self, sent: Result<(Id, FinishedDelivery), JoinError>) {
        match sent {
            Ok((id, finished)) => {
                self.in_flight.remove(&id);
                self.finished.push(finished);
            }
            Err(error) => {
                tracing::error!(error = %error, "sending a webhook panicked");
                let delivery = self.in_flight.remove(&error.id());
                self.finished
                    .extend(delivery.map(|delivery| FinishedDelivery {
                        delivery,
                        outcome: DeliveryOutcome {
                            http_code: None,
                            response: None,
                        },
                        at: self.service.now(),
                    }));
            }
        }
    }

    /// Waits for what is being sent, not for long, and has it noted. What is cut is sent again after the next start.
    async fn end(mut self) {
        let until = Instant::now() + WEBHOOKS_SHUTDOWN_MAX;
        while let Ok(Some(sent)) = timeout_at(until, self.sends.join_next_with_id()).await {
            self.finish(sent);
        }
        self.sends.shutdown().await;
        if !self.finished.is_empty() {
            self.note_now().await;
        }
    }
}

async fn post(service: &Service, client: &Client, delivery: &PendingDelivery) -> DeliveryOutcome {
    let PendingDelivery {
        endpoint, event, ..
    } = delivery;
    let body: Arc<str> = event.payload.clone().unwrap_or_default();
    let id = event.id.to_string();
    let seconds = service.now().micros().div_euclid(1_000_000);
    let signature = sign(endpoint.secret.as_bytes(), &id, seconds, &body);
    let ascii = |text: String| HeaderValue::try_from(text).expect("it is of ASCII characters");
    let headers = HeaderMap::from_iter([
        (USER_AGENT, AGENT),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ID, ascii(id)),
        (TIMESTAMP, ascii(seconds.to_string())),
        (SIGNATURE, ascii(signature)),
    ]);
    let body = Bytes::from_owner(Arc::<[u8]>::from(body));
    client.post(&endpoint.url, headers, body).await
}
