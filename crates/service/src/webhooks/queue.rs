//! Whose turn it is, and what follows from an attempt.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use domain::{
    DeliveryId, OrganizationId, Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEndpointId,
    WebhookEvent,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::later;
use crate::limits::{
    WEBHOOK_ATTEMPTS_MAX, WEBHOOK_FAILURES_MAX, WEBHOOK_PAUSE_MAX_MICROS, WEBHOOK_PAUSE_MIN_MICROS,
    WEBHOOK_RESPONSE_CHARS_MAX, WEBHOOKS_SENT_PER_ORGANIZATION_MAX,
};
use crate::{Error, Service};

/// Something to be sent now.
#[derive(Debug, Clone)]
pub struct PendingDelivery {
    /// To whom.
    pub endpoint: Arc<WebhookEndpoint>,
    /// What; its payload is there.
    pub event: WebhookEvent,
}

/// What came of sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// The status of the answer; `None`: it came to none.
    pub http_code: Option<u16>,
    /// What the endpoint said, or why it came to no answer. As much of it is kept as is kept of any.
    pub response: Option<String>,
}

/// A delivery whose outcome is to be noted.
#[derive(Debug, Clone)]
pub struct FinishedDelivery {
    /// What was sent.
    pub delivery: PendingDelivery,
    /// What came of it.
    pub outcome: DeliveryOutcome,
    /// When that was known.
    pub at: Timestamp,
}

/// The endpoints that something is due for, and those that something is being sent to.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Those whose turn will come, by organization.
    ready: BTreeMap<OrganizationId, VecDeque<Arc<WebhookEndpoint>>>,
    /// The same, and those that something is being sent to.
    known: FxHashSet<WebhookEndpointId>,
    /// How many of each organization's endpoints something is being sent to.
    in_flight: FxHashMap<OrganizationId, usize>,
    /// Whose turn it was last.
    last: Option<OrganizationId>,
}

impl Queue {
    /// An endpoint's turn will come, unless it is to come already.
    fn push(&mut self, endpoint: Arc<WebhookEndpoint>) {
        if self.known.insert(endpoint.id) {
            let of = self.ready.entry(endpoint.organization).or_default();
            of.push_back(endpoint);
        }
    }

    /// The next endpoint whose turn it is: organizations take turns, and each has a bound.
    fn pop(&mut self) -> Option<Arc<WebhookEndpoint>> {
        let from = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let until = self.last.map_or(Bound::Unbounded, Bound::Included);
        let after = self.ready.range((from, Bound::Unbounded));
        let before = self.ready.range((Bound::Unbounded, until));
        let mut in_turn = after.chain(before).map(|(organization, _)| *organization);
        let organization = in_turn.find(|organization| {
            let sent = self.in_flight.get(organization).copied().unwrap_or(0);
            sent < WEBHOOKS_SENT_PER_ORGANIZATION_MAX
        })?;
        self.last = Some(organization);
        let of = self.ready.get_mut(&organization)?;
        let endpoint = of.pop_front();
        if of.is_empty() {
            self.ready.remove(&organization);
        }
        *self.in_flight.entry(organization).or_default() += 1;
        endpoint
    }

    /// Nothing is being sent to an endpoint any more.
    fn land(&mut self, endpoint: &WebhookEndpoint) {
        self.known.remove(&endpoint.id);
        if let Some(sent) = self.in_flight.get_mut(&endpoint.organization) {
            *sent -= 1;
            if *sent == 0 {
                self.in_flight.remove(&endpoint.organization);
            }
        }
    }
}

impl Service {
    /// Finds the endpoints that something is due for. To be called a few times a second. Cost: nothing without endpoints, else a
    /// look-up for each for which something waits.
    pub fn find_due_deliveries(&self) -> Result<(), Error> {
        if self.webhooks.endpoints.read().is_empty() {
            return Ok(());
        }
        let now = self.now();
        for id in self.catalog.due_webhook_endpoints(now)? {
            let endpoint = self.webhooks.endpoints.read().find_told(id);
            match endpoint {
                Some(endpoint) => self.webhooks.queue.lock().push(endpoint),
                // It was disabled or deleted while something was written for it.
                None => self.catalog.skip_webhook_events(id, now)?,
            }
        }
        Ok(())
    }

    /// What is to be sent now, at most so much. Each is to be sent and then given to [`Self::note_deliveries`]; until then nothing else
    /// is sent to its endpoint. What is not noted before a restart is sent again.
    pub fn take_deliveries(&self, count_max: usize) -> Result<Vec<PendingDelivery>, Error> {
        let mut taken = Vec::new();
        let mut queue = self.webhooks.queue.lock();
        while taken.len() < count_max {
            let Some(found) = queue.pop() else {
                break;
            };
            // As it is now: it may have changed since its turn was to come.
            let endpoint = self.webhooks.endpoints.read().find_told(found.id);
            let next = self.catalog.next_webhook_event(found.id, self.now());
            match (endpoint, next) {
                (Some(endpoint), Ok(Some(event))) if event.payload.is_some() => {
                    taken.push(PendingDelivery { endpoint, event });
                }
                (_, Ok(_)) => queue.land(&found),
                (_, Err(error)) => {
                    queue.land(&found);
                    for delivery in taken {
                        queue.land(&delivery.endpoint);
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(taken)
    }

    /// Notes what came of deliveries, all or nothing; durable when it returns. A failed one is tried again later, with ever longer pauses,
    /// or counts against its endpoint when it was the last. On an error the same is to be given again.
    pub fn note_deliveries(&self, finished: &[FinishedDelivery]) -> Result<(), Error> {
        if finished.is_empty() {
            return Ok(());
        }
        let deliveries: Vec<WebhookDelivery> = finished
            .iter()
            .map(|finished| self.noted(finished))
            .collect();
        {
            let _changing = self.changing.lock();
            let disabled = self
                .catalog
                .note_deliveries(&deliveries, WEBHOOK_FAILURES_MAX)?;
            let mut endpoints = self.webhooks.endpoints.write();
            for endpoint in disabled {
                endpoints.put(endpoint);
            }
        }
        let mut queue = self.webhooks.queue.lock();
        for finished in finished {
            let endpoint = &finished.delivery.endpoint;
            queue.land(endpoint);
            queue.push(Arc::clone(endpoint));
        }
        Ok(())
    }

    /// The delivery, with its event as it is after.
    fn noted(&self, finished: &FinishedDelivery) -> WebhookDelivery {
        let FinishedDelivery {
            delivery,
            outcome,
            at,
        } = finished;
        let succeeded = outcome
            .http_code
            .is_some_and(|code| (200..300).contains(&code));
        let mut event = delivery.event.clone();
        event.attempts += 1;
        event.last_http_code = outcome.http_code;
        event.modified_at = Some(*at);
        let is_last = succeeded || event.attempts >= WEBHOOK_ATTEMPTS_MAX;
        event.succeeded = is_last.then_some(succeeded);
        event.next_attempt_at = (!is_last).then(|| later(*at, self.pause_after(event.attempts)));
        let response = outcome.response.as_deref();
        WebhookDelivery {
            id: DeliveryId::from_random(self.random_id()),
            created_at: *at,
            succeeded,
            http_code: outcome.http_code,
            response: response.map(|text| text.chars().take(WEBHOOK_RESPONSE_CHARS_MAX).collect()),
            event,
        }
    }

    /// How long to wait after so many attempts: up to a tenth longer than the table says, so that what failed together does not come
    /// back together.
    fn pause_after(&self, attempts: u32) -> i64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        let pause = pause(attempts);
        let tenth = pause / 10 * i64::from(u32::from_le_bytes(bytes)) / i64::from(u32::MAX);
        (pause + tenth).min(WEBHOOK_PAUSE_MAX_MICROS)
    }
}

/// How long to wait after so many attempts.
fn pause(attempts: u32) -> i64 {
    let doubled = attempts.saturating_sub(1).min(32);
    (WEBHOOK_PAUSE_MIN_MICROS << doubled).min(WEBHOOK_PAUSE_MAX_MICROS)
}

#[cfg(test)]
mod tests {
    use domain::WebhookFormat;

    use super::*;

    #[test]
    fn pauses_double_from_two_seconds_up_to_twenty_minutes() {
        let seconds = |attempts| pause(attempts) / 1_000_000;
        let table: Vec<i64> = (1..=12).map(seconds).collect();
        assert_eq!(
            table,
            [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_200, 1_200]
        );
        assert_eq!(seconds(u32::MAX), 1_200);
    }

    fn endpoint(n: u8, of: u8) -> Arc<WebhookEndpoint> {
        Arc::new(WebhookEndpoint {
            id: WebhookEndpointId::from_bytes([n; 16]),
            organization: OrganizationId::from_bytes([of; 16]),
            url: String::new(),
            name: None,
            format: WebhookFormat::Raw,
            secret: String::new(),
            events: Vec::new(),
            enabled: true,
            created_at: Timestamp::EPOCH,
            modified_at: None,
        })
    }

    #[test]
    fn organizations_take_turns_and_none_has_more_than_its_share() {
        let mut queue = Queue::default();
        for n in 0..10 {
            queue.push(endpoint(n, 1));
        }
        queue.push(endpoint(20, 2));
        queue.push(endpoint(30, 3));
        // It is there already.
        queue.push(endpoint(30, 3));
        let mut popped = Vec::new();
        while let Some(endpoint) = queue.pop() {
            popped.push(endpoint.id.as_bytes()[0]);
        }
        assert_eq!(popped, [0, 20, 30, 1, 2, 3]);
        queue.land(&endpoint(1, 1));
        // What is being sent to is not ready until it has landed.
        queue.push(endpoint(0, 1));
        let next = queue.pop().expect("there is room again");
        assert_eq!(next.id.as_bytes()[0], 4);
        assert!(queue.pop().is_none());
    }
}
