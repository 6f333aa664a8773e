//! Whose turn it is, and what follows from an attempt.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use catalog::{CatalogError, Patience, Turn};
use domain::{
    DeliveryId, OrganizationId, Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEndpointId,
    WebhookEvent, WebhookEventId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::later;
use crate::limits::{
    WEBHOOK_ATTEMPTS_MAX, WEBHOOK_FAILED_ATTEMPTS_MAX, WEBHOOK_FAILING_MICROS_MIN,
    WEBHOOK_FAILURES_MAX, WEBHOOK_PAUSE_MAX_MICROS, WEBHOOK_PAUSE_MIN_MICROS,
    WEBHOOK_RESPONSE_CHARS_MAX, WEBHOOK_SLOW_MICROS, WEBHOOKS_SENT_PER_ORGANIZATION_MAX,
    WEBHOOKS_SENT_TO_TROUBLED_MAX,
};
use crate::{Error, Service};

/// Something to be sent now.
#[derive(Debug, Clone)]
pub struct PendingDelivery {
    /// To whom.
    pub endpoint: Arc<WebhookEndpoint>,
    /// What; its payload is there.
    pub event: WebhookEvent,
    /// When it was taken to be sent.
    pub begun_at: Timestamp,
}

/// What came of sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// The status of the answer; `None`: it came to none.
    pub http_code: Option<u16>,
    /// What the endpoint said, or why it came to no answer. As much of it is kept as is kept of any.
    pub response: Option<String>,
}

impl DeliveryOutcome {
    /// Whether the endpoint took it.
    fn is_taken(&self) -> bool {
        self.http_code
            .is_some_and(|code| (200..300).contains(&code))
    }
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

/// A delivery that can never be noted. Its event is not sent again.
#[derive(Debug)]
pub struct Unnoted {
    /// What was sent.
    pub event: WebhookEventId,
    /// Why what came of it is not noted.
    pub error: Error,
}

/// When an endpoint has failed so much that it is disabled.
const PATIENCE: Patience = Patience {
    events: WEBHOOK_FAILURES_MAX,
    attempts: WEBHOOK_FAILED_ATTEMPTS_MAX,
    micros: WEBHOOK_FAILING_MICROS_MIN,
};

impl FinishedDelivery {
    /// Whether its endpoint has a smaller share of what is sent next: it did not take this, or took long to.
    fn is_troubled(&self) -> bool {
        let took = self.at.micros() - self.delivery.begun_at.micros();
        !self.outcome.is_taken() || took > WEBHOOK_SLOW_MICROS
    }
}

/// The endpoints that something is due for, and those that something is being sent to.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Those whose turn will come, by organization.
    ready: BTreeMap<OrganizationId, VecDeque<Arc<WebhookEndpoint>>>,
    /// The same, and those that something is being sent to.
    known: FxHashSet<WebhookEndpointId>,
    /// Those that did not take what was sent to them last, or took long to: they have a smaller share.
    troubled: FxHashSet<WebhookEndpointId>,
    /// Those to which a first attempt was made last: one that is repeated comes before the next first one, and so on in turns.
    sent_first: FxHashSet<WebhookEndpointId>,
    /// The endpoints that something is being sent to, by organization, and whether they were troubled when it began.
    in_flight: FxHashMap<OrganizationId, Vec<(WebhookEndpointId, bool)>>,
    /// How many of these were troubled.
    troubled_in_flight: usize,
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
        let (organization, place) = after
            .chain(before)
            .find_map(|(organization, of)| Some((*organization, self.place(*organization, of)?)))?;
        self.last = Some(organization);
        let of = self.ready.get_mut(&organization)?;
        let endpoint = of.remove(place)?;
        if of.is_empty() {
            self.ready.remove(&organization);
        }
        let is_troubled = self.troubled.contains(&endpoint.id);
        self.troubled_in_flight += usize::from(is_troubled);
        let in_flight = self.in_flight.entry(organization).or_default();
        in_flight.push((endpoint.id, is_troubled));
        Some(endpoint)
    }

    /// Which of an organization's endpoints is next, if there is room for one.
    fn place(
        &self,
        organization: OrganizationId,
        ready: &VecDeque<Arc<WebhookEndpoint>>,
    ) -> Option<usize> {
        let in_flight = self.in_flight.get(&organization);
        let in_flight = in_flight.map(Vec::as_slice).unwrap_or_default();
        if in_flight.len() >= WEBHOOKS_SENT_PER_ORGANIZATION_MAX {
            return None;
        }
        let troubled = in_flight.iter().filter(|(_, is_troubled)| *is_troubled);
        let takes_troubled = troubled.count() < WEBHOOKS_SENT_PER_ORGANIZATION_MAX / 2
            && self.troubled_in_flight < WEBHOOKS_SENT_TO_TROUBLED_MAX;
        ready
            .iter()
            .position(|endpoint| takes_troubled || !self.troubled.contains(&endpoint.id))
    }

    /// Nothing is being sent to an endpoint any more.
    fn land(&mut self, endpoint: &WebhookEndpoint) {
        self.known.remove(&endpoint.id);
        let Some(in_flight) = self.in_flight.get_mut(&endpoint.organization) else {
            return;
        };
        if let Some(place) = in_flight.iter().position(|(id, _)| *id == endpoint.id) {
            let (_, was_troubled) = in_flight.swap_remove(place);
            self.troubled_in_flight -= usize::from(was_troubled);
        }
        if in_flight.is_empty() {
            self.in_flight.remove(&endpoint.organization);
        }
    }

    /// Notes whether an endpoint took what was sent to it last.
    fn set_troubled(&mut self, endpoint: WebhookEndpointId, is_troubled: bool) {
        if is_troubled {
            self.troubled.insert(endpoint);
        } else {
            self.troubled.remove(&endpoint);
        }
    }

    /// Which of an endpoint's attempts is next, when there are both.
    fn turn(&self, endpoint: WebhookEndpointId) -> Turn {
        if self.sent_first.contains(&endpoint) {
            Turn::Repeated
        } else {
            Turn::First
        }
    }

    /// Notes that an attempt is being made.
    fn take(&mut self, event: &WebhookEvent) {
        if event.attempts == 0 {
            self.sent_first.insert(event.endpoint);
        } else {
            self.sent_first.remove(&event.endpoint);
        }
    }

    /// Forgets what is known of an endpoint that is no more.
    pub(super) fn forget(&mut self, endpoint: WebhookEndpointId) {
        self.troubled.remove(&endpoint);
        self.sent_first.remove(&endpoint);
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
            let turn = queue.turn(found.id);
            let now = self.now();
            let next = self.catalog.next_webhook_event(found.id, now, turn);
            match (endpoint, next) {
                (Some(endpoint), Ok(Some(event))) if event.payload.is_some() => {
                    queue.take(&event);
                    taken.push(PendingDelivery {
                        endpoint,
                        event,
                        begun_at: now,
                    });
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

    /// Notes what came of deliveries; durable when it returns. A failed one is tried again later, with ever longer pauses, or counts
    /// against its endpoint when it was the last. Gives those that can never be noted.
    ///
    /// # Errors
    ///
    /// None is noted, or some are, and the same is to be given again: there is no space, or no write is taken any more.
    pub fn note_deliveries(&self, finished: &[FinishedDelivery]) -> Result<Vec<Unnoted>, Error> {
        let mut unnoted = Vec::new();
        if finished.is_empty() {
            return Ok(unnoted);
        }
        let deliveries: Vec<WebhookDelivery> = finished
            .iter()
            .map(|finished| self.noted(finished))
            .collect();
        match self.note(&deliveries) {
            Ok(()) => self.land(finished),
            Err(error) if concerns_all(&error) => return Err(error.into()),
            // What is wrong with one takes nothing from the others.
            Err(_) => {
                for (delivery, finished) in deliveries.iter().zip(finished) {
                    match self.note(std::slice::from_ref(delivery)) {
                        Ok(()) => self.land(std::slice::from_ref(finished)),
                        Err(error) if concerns_all(&error) => return Err(error.into()),
                        Err(error) => {
                            unnoted.push(Unnoted {
                                event: delivery.event.id,
                                error: error.into(),
                            });
                            let skipped = self
                                .catalog
                                .skip_webhook_event(delivery.event.id, finished.at);
                            // Otherwise nothing is sent to this endpoint until the next start, rather than the same without an end.
                            if skipped.is_ok() {
                                self.land(std::slice::from_ref(finished));
                            }
                        }
                    }
                }
            }
        }
        Ok(unnoted)
    }

    /// Writes what came of deliveries, all or nothing.
    fn note(&self, deliveries: &[WebhookDelivery]) -> Result<(), CatalogError> {
        let _changing = self.changing.lock();
        let disabled = self.catalog.note_deliveries(deliveries, PATIENCE)?;
        let mut endpoints = self.webhooks.endpoints.write();
        for endpoint in disabled {
            endpoints.put(endpoint);
        }
        Ok(())
    }

    /// Nothing is being sent to these endpoints any more; their turn comes again.
    fn land(&self, finished: &[FinishedDelivery]) {
        let mut queue = self.webhooks.queue.lock();
        for finished in finished {
            let endpoint = &finished.delivery.endpoint;
            queue.set_troubled(endpoint.id, finished.is_troubled());
            queue.land(endpoint);
            queue.push(Arc::clone(endpoint));
        }
    }

    /// The delivery, with its event as it is after.
    fn noted(&self, finished: &FinishedDelivery) -> WebhookDelivery {
        let FinishedDelivery {
            delivery,
            outcome,
            at,
        } = finished;
        let succeeded = outcome.is_taken();
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

/// Whether what went wrong is not about what was to be written, and is to be tried again.
fn concerns_all(error: &CatalogError) -> bool {
    match error {
        CatalogError::NoSpace(_) | CatalogError::WriteFailed(_) | CatalogError::WritesStopped => {
            true
        }
        CatalogError::NotFound
        | CatalogError::SlugTaken
        | CatalogError::CustomerConflict { .. }
        | CatalogError::OrganizationUnknown
        | CatalogError::Damaged(_)
        | CatalogError::NotACatalog { .. }
        | CatalogError::NewerVersion { .. }
        | CatalogError::Open { .. }
        | CatalogError::Statement(_) => false,
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

    #[test]
    fn endpoints_that_do_not_take_what_is_sent_leave_room_for_those_that_do() {
        let mut queue = Queue::default();
        for n in 0..4 {
            queue.push(endpoint(n, 1));
            queue.set_troubled(endpoint(n, 1).id, n < 3);
        }
        let popped: Vec<u8> = std::iter::from_fn(|| queue.pop())
            .map(|endpoint| endpoint.id.as_bytes()[0])
            .collect();
        assert_eq!(popped, [0, 1, 3]);
        // Of all organizations together, too.
        for of in 2..100 {
            queue.push(endpoint(of, of));
            queue.set_troubled(endpoint(of, of).id, true);
        }
        queue.push(endpoint(200, 200));
        let popped: Vec<u8> = std::iter::from_fn(|| queue.pop())
            .map(|endpoint| endpoint.id.as_bytes()[0])
            .collect();
        assert_eq!(popped.len(), WEBHOOKS_SENT_TO_TROUBLED_MAX - 2 + 1);
        assert_eq!(popped.last(), Some(&200));
        // It comes back, and there is room again for one that waited.
        queue.set_troubled(endpoint(2, 2).id, false);
        queue.land(&endpoint(2, 2));
        queue.push(endpoint(2, 2));
        assert!(queue.pop().is_some() && queue.pop().is_some() && queue.pop().is_none());
    }
}
