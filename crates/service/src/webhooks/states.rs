//! The states of customers: who is told of them, and when.
//!
//! A customer's state changes with its row and its grants, which say so when they are written, and with what it uses, which is found
//! here: the events that were received since the last look tell whose states may have changed. Nothing of this is on the way of an
//! event, and nothing is done for organizations that nobody asked about.
//!
//! Changes of a customer gather for a while and are told as one. What is told is the state at the time of telling.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{StateChange, ToldState};
use domain::{
    CustomerId, Identity, Meter, OrganizationId, OwnedIdentity, Timestamp, WebhookEndpoint,
    WebhookEndpointId, WebhookEvent,
};
use engine::{Arrivals, Engine};
use rustc_hash::{FxHashMap, FxHashSet};

use super::announce::{Announcement, asks_for_states};
use super::{Round, Step, later};
use crate::limits::{
    EVENTS_FOLLOWED_AT_ONCE_MAX, STATE_BYTES_AT_ONCE, STATE_GATHERED_MICROS,
    STATE_POSTPONED_MICROS, STATES_AT_ONCE_MAX, STATES_WAIT_FOR_EVENTS,
};
use crate::{CustomerState, Error, Service};

/// What those who follow usage and tell states know of it.
#[derive(Debug, Default)]
pub(super) struct Follower {
    /// Customers of which the catalogue knows already that their states are to be told because of usage. Not all of these: it only
    /// saves writing the same again.
    noted: FxHashMap<OrganizationId, FxHashSet<CustomerId>>,
}

/// How far the usage of each organization that is told of states was looked at: the ordinal of the first event that was not; as the
/// catalogue has it.
#[derive(Debug, Default)]
pub(super) struct Positions(BTreeMap<OrganizationId, u32>);

impl Positions {
    pub(super) fn new(positions: Vec<(OrganizationId, u32)>, engine: &Engine) -> Self {
        // A position behind the end comes from a catalogue that is newer than the events, such as a backup.
        let positions = positions.into_iter().map(|(organization, position)| {
            let count = engine.events_count(organization);
            (organization, position.min(count))
        });
        Self(positions.collect())
    }

    /// Follows an organization's usage from a position on, unless it is followed already.
    pub(super) fn follow(&mut self, organization: OrganizationId, position: u32) {
        self.0.entry(organization).or_insert(position);
    }
}

impl Service {
    /// Looks at the events that were received since the last look, a bounded number of each organization, for whose states are to be
    /// told. To be called every second or so, and again at once while there is more. Cost: a look-up for each organization that is
    /// told of states, and one for each customer that has new events.
    pub fn follow_usage(&self) -> Result<Round, Error> {
        let mut follower = self.webhooks.follower.lock();
        self.stop_following(&mut follower)?;
        let before: Vec<(OrganizationId, u32)> = {
            let positions = self.webhooks.positions.lock();
            positions.0.iter().map(|(of, at)| (*of, *at)).collect()
        };
        let now = self.now();
        let mut positions = Vec::new();
        let mut changes = Vec::new();
        let mut round = Round::new();
        for (organization, position) in before {
            let count = self.engine.events_count(organization);
            if count <= position {
                continue;
            }
            let Arrivals { identities, next } =
                match (self.engine).arrivals(organization, position, EVENTS_FOLLOWED_AT_ONCE_MAX) {
                    Ok(arrivals) => arrivals,
                    Err(error) => {
                        round.fail(organization, error.into());
                        continue;
                    }
                };
            round.step = round.step.or(Step::more(next < count));
            positions.push((organization, next));
            let noted = follower.noted.get(&organization);
            let customers = self.customers_of(organization, &identities);
            let new = customers.into_iter().filter(|(customer, _)| {
                // What waits of it takes this in.
                !noted.is_some_and(|noted| noted.contains(customer))
            });
            changes.extend(new.map(|(customer, since)| StateChange {
                organization,
                customer,
                due_at: later(now, STATE_GATHERED_MICROS),
                since: Some(since),
            }));
        }
        if !positions.is_empty() {
            self.catalog.follow_usage(&positions, &changes)?;
        }
        // Only who follows forgets a position, so all of these are there still.
        self.webhooks.positions.lock().0.extend(positions);
        for change in changes {
            let noted = follower.noted.entry(change.organization).or_default();
            noted.insert(change.customer);
        }
        Ok(round)
    }

    /// Forgets the organizations that are not told of states any more.
    fn stop_following(&self, follower: &mut Follower) -> Result<(), Error> {
        if self.not_told().is_empty() {
            return Ok(());
        }
        // Endpoints do not change while it is forgotten.
        let _changing = self.changing.lock();
        for organization in self.not_told() {
            self.catalog.forget_usage(organization)?;
            self.webhooks.positions.lock().0.remove(&organization);
            follower.noted.remove(&organization);
        }
        Ok(())
    }

    /// The organizations whose usage is followed, and that are not told of states.
    fn not_told(&self) -> Vec<OrganizationId> {
        let told = self.webhooks.endpoints.read().told_of_states();
        let positions = self.webhooks.positions.lock();
        let all = positions.0.keys().copied();
        all.filter(|organization| told.binary_search(organization).is_err())
            .collect()
    }

    /// The customers that have these identities now, each once, with the first of the times. What came under an external id that
    /// nobody has is told of when somebody gets it.
    fn customers_of(
        &self,
        organization: OrganizationId,
        identities: &[(OwnedIdentity, Timestamp)],
    ) -> Vec<(CustomerId, Timestamp)> {
        let directory = self.directory.read();
        let Some(customers) = directory.customers(organization) else {
            return Vec::new();
        };
        let mut seen = FxHashSet::default();
        let customers = identities.iter().filter_map(|(identity, at)| {
            let customer = match identity.as_ref() {
                Identity::Customer(id) => customers.contains(id).then_some(id),
                Identity::External(external_id) => customers.by_external_id(external_id),
            };
            Some((customer?, *at))
        });
        customers
            .filter(|(customer, _)| seen.insert(*customer))
            .collect()
    }

    /// Tells of the states that are to be told now, a bounded number of each organization: writes events for its endpoints. To be
    /// called every second or so, and again at once while there is more. Cost: that of a customer's state for each.
    pub fn tell_states(&self) -> Result<Round, Error> {
        let told = self.webhooks.endpoints.read().told_of_states();
        let mut round = Round::new();
        for organization in told {
            let mut follower = self.webhooks.follower.lock();
            match self.tell_states_of(organization, &mut follower, &mut round) {
                Ok(step) => round.step = round.step.or(step),
                Err(error) => round.fail(organization, error),
            }
        }
        Ok(round)
    }

    fn tell_states_of(
        &self,
        organization: OrganizationId,
        follower: &mut Follower,
        round: &mut Round,
    ) -> Result<Step, Error> {
        let mut endpoints = self.webhooks.endpoints.read().told(organization);
        endpoints.retain(|endpoint| asks_for_states(endpoint));
        let mut ready = Vec::new();
        let mut behind = Vec::new();
        for endpoint in endpoints {
            let waiting = STATES_WAIT_FOR_EVENTS;
            if (self.catalog).are_webhook_events_waiting(endpoint.id, waiting)? {
                behind.push(endpoint.id);
            } else {
                ready.push(endpoint);
            }
        }
        if ready.is_empty() {
            // They are gathered for longer.
            return Ok(Step::Done);
        }
        let mut telling = Telling::new(self, organization);
        let step = telling.tell_due(&ready, &behind, follower)?;
        let missed = telling.tell_missed(&ready)?;
        telling.postpone()?;
        round.failures.append(&mut telling.failures);
        Ok(step.or(missed))
    }
}

/// The telling of some states of an organization.
struct Telling<'a> {
    service: &'a Service,
    organization: OrganizationId,
    now: Timestamp,
    /// The organization's, once they are needed.
    meters: Option<Vec<Meter>>,
    /// The customers whose states could not be worked out, and why.
    failed: Vec<CustomerId>,
    failures: Vec<super::RoundFailure>,
}

impl<'a> Telling<'a> {
    fn new(service: &'a Service, organization: OrganizationId) -> Self {
        Self {
            service,
            organization,
            now: service.now(),
            meters: None,
            failed: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Tells the states that are due to those that are ready, and notes that those that are behind missed them.
    fn tell_due(
        &mut self,
        ready: &[Arc<WebhookEndpoint>],
        behind: &[WebhookEndpointId],
        follower: &mut Follower,
    ) -> Result<Step, Error> {
        let catalog = &self.service.catalog;
        let due = catalog.due_states(self.organization, self.now, STATES_AT_ONCE_MAX)?;
        let mut told = Vec::new();
        let mut bytes = 0;
        for due in &due {
            if bytes >= STATE_BYTES_AT_ONCE {
                break;
            }
            if let Some(events) = self.events(due.customer, due.since, ready) {
                bytes += bytes_of(&events);
                told.push(ToldState { due: *due, events });
            }
        }
        if told.is_empty() {
            return Ok(Step::Done);
        }
        catalog.tell_states(self.organization, &told, behind)?;
        if let Some(noted) = follower.noted.get_mut(&self.organization) {
            for state in &told {
                noted.remove(&state.due.customer);
            }
        }
        let is_cut = told.len() + self.failed.len() < due.len();
        Ok(Step::more(
            is_cut || due.len() >= STATES_AT_ONCE_MAX as usize,
        ))
    }

    /// Tells those that are ready of the states that they missed while they were behind.
    fn tell_missed(&mut self, ready: &[Arc<WebhookEndpoint>]) -> Result<Step, Error> {
        let catalog = &self.service.catalog;
        let mut step = Step::Done;
        for endpoint in ready {
            let missed = catalog.missed_states(endpoint.id, STATES_AT_ONCE_MAX)?;
            let mut told = Vec::new();
            let mut bytes = 0;
            for customer in &missed {
                if bytes >= STATE_BYTES_AT_ONCE {
                    break;
                }
                let to = std::slice::from_ref(endpoint);
                if let Some(events) = self.events(*customer, None, to) {
                    bytes += bytes_of(&events);
                    told.push((*customer, events));
                }
            }
            if !told.is_empty() {
                catalog.tell_missed_states(endpoint.id, &told)?;
                let is_cut = told.len() < missed.len();
                step = step.or(Step::more(
                    is_cut || missed.len() >= STATES_AT_ONCE_MAX as usize,
                ));
            }
        }
        Ok(step)
    }

    /// Puts off what could not be worked out, so that it is not in the way of the rest.
    fn postpone(&mut self) -> Result<(), Error> {
        if self.failed.is_empty() {
            return Ok(());
        }
        let until = later(self.now, STATE_POSTPONED_MICROS);
        let catalog = &self.service.catalog;
        Ok(catalog.postpone_states(self.organization, &self.failed, until)?)
    }

    /// What endpoints are told of a customer's state: none if there is nothing new in it since a time. `None`: it could not be worked out.
    fn events(
        &mut self,
        customer: CustomerId,
        since: Option<Timestamp>,
        to: &[Arc<WebhookEndpoint>],
    ) -> Option<Vec<WebhookEvent>> {
        match self.state(customer) {
            Ok(state) => {
                let mut events = Vec::new();
                let state = state.filter(|state| is_changed(state, since));
                if let Some(state) = state {
                    let announcement = Announcement::CustomerState(&state);
                    self.service.tell(&announcement, to, self.now, &mut events);
                }
                Some(events)
            }
            Err(error) => {
                self.failed.push(customer);
                self.failures.push(super::RoundFailure {
                    organization: self.organization,
                    error,
                });
                None
            }
        }
    }

    /// The state of a customer, deleted or not.
    fn state(&mut self, customer: CustomerId) -> Result<Option<CustomerState>, Error> {
        let catalog = &self.service.catalog;
        let customer = catalog.customer_including_deleted(self.organization, customer)?;
        let Some(customer) = customer else {
            return Ok(None);
        };
        let meters = match &mut self.meters {
            Some(meters) => meters,
            meters => meters.insert(catalog.meters_of(self.organization)?),
        };
        let state = self.service.customer_state_of(customer, meters)?;
        Ok(Some(state))
    }
}

/// Whether a customer meter changed since a time; `None`: something did, in any case.
fn is_changed(state: &CustomerState, since: Option<Timestamp>) -> bool {
    since.is_none_or(|since| {
        let mut modified = state.meters.iter().filter_map(|meter| meter.modified_at);
        modified.any(|at| at >= since)
    })
}

/// The bytes of payloads, each counted once for all endpoints that are told it.
fn bytes_of(events: &[WebhookEvent]) -> usize {
    let mut bytes = 0;
    let mut seen: Vec<&Arc<str>> = Vec::new();
    for payload in events.iter().filter_map(|event| event.payload.as_ref()) {
        if !seen.iter().any(|known| Arc::ptr_eq(known, payload)) {
            bytes += payload.len();
            seen.push(payload);
        }
    }
    bytes
}
