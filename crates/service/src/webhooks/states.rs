//! The states of customers: who is told of them, and when.
//!
//! A customer's state changes with its row and its grants, which say so when they are written, and with what it uses, which is found
//! here: the events that were received since the last look tell whose states may have changed. Nothing of this is on the way of an
//! event, and nothing is done for organizations that nobody asked about.
//!
//! Changes of a customer gather for a while and are told as one. What is told is the state at the time of telling.

use std::collections::BTreeMap;

use catalog::{DueState, Outbox, StateChange};
use domain::{CustomerId, Identity, OrganizationId, OwnedIdentity, Timestamp};
use engine::Engine;
use rustc_hash::{FxHashMap, FxHashSet};

use super::announce::{Announcement, asks_for_states};
use super::{Step, Stepped, later};
use crate::limits::{
    EVENTS_FOLLOWED_AT_ONCE_MAX, STATE_GATHERED_MICROS, STATES_AT_ONCE_MAX, STATES_WAIT_FOR_EVENTS,
};
use crate::{CustomerState, Error, Service};

/// Which organizations' usage is followed.
#[derive(Debug, Default)]
pub(super) struct Follower {
    /// The ordinal of the first event that was not looked at; as the catalogue has it.
    positions: BTreeMap<OrganizationId, u32>,
    /// Customers of which the catalogue knows already that their states are to be told because of usage. Not all of these: it only
    /// saves writing the same again.
    noted: FxHashMap<OrganizationId, FxHashSet<CustomerId>>,
}

impl Follower {
    pub(super) fn new(positions: Vec<(OrganizationId, u32)>, engine: &Engine) -> Self {
        // A position behind the end comes from a catalogue that is newer than the events, such as a backup.
        let positions = positions.into_iter().map(|(organization, position)| {
            let count = engine.events_count(organization);
            (organization, position.min(count))
        });
        Self {
            positions: positions.collect(),
            noted: FxHashMap::default(),
        }
    }

    /// Follows an organization's usage from a position on, unless it is followed already.
    pub(super) fn follow(&mut self, organization: OrganizationId, position: Option<u32>) {
        if let Some(position) = position {
            self.positions.entry(organization).or_insert(position);
        }
    }
}

impl Service {
    /// Looks at the events that were received since the last look, a bounded number of each organization, for whose states are to be
    /// told. To be called every second or so, and again at once while there is more. Cost: a look-up for each organization that is
    /// told of states, and one for each customer that has new events.
    pub fn follow_usage(&self) -> Stepped {
        let mut follower = self.webhooks.follower.lock();
        let told = self.webhooks.endpoints.read().told_of_states();
        self.stop_following(&mut follower, &told)?;
        let now = self.now();
        let mut positions = Vec::new();
        let mut changes = Vec::new();
        let mut step = Step::Done;
        for (organization, position) in &follower.positions {
            let count = self.engine.events_count(*organization);
            if count <= *position {
                continue;
            }
            let arrivals =
                self.engine
                    .arrivals(*organization, *position, EVENTS_FOLLOWED_AT_ONCE_MAX)?;
            step = step.or(Step::more(arrivals.next < count));
            positions.push((*organization, arrivals.next));
            let noted = follower.noted.get(organization);
            let customers = self.customers_of(*organization, &arrivals.identities);
            let new = customers.into_iter().filter(|(customer, _)| {
                // What waits of it takes this in.
                !noted.is_some_and(|noted| noted.contains(customer))
            });
            changes.extend(new.map(|(customer, since)| StateChange {
                organization: *organization,
                customer,
                due_at: later(now, STATE_GATHERED_MICROS),
                since: Some(since),
            }));
        }
        if !positions.is_empty() {
            self.catalog.follow_usage(&positions, &changes)?;
        }
        follower.positions.extend(positions);
        for change in changes {
            let noted = follower.noted.entry(change.organization).or_default();
            noted.insert(change.customer);
        }
        Ok(step)
    }

    /// Forgets the organizations that are not told of states any more.
    fn stop_following(
        &self,
        follower: &mut Follower,
        told: &[OrganizationId],
    ) -> Result<(), Error> {
        let all = follower.positions.keys().copied();
        let stopped: Vec<OrganizationId> = all
            .filter(|organization| told.binary_search(organization).is_err())
            .collect();
        for organization in stopped {
            self.catalog.forget_usage(organization)?;
            follower.positions.remove(&organization);
            follower.noted.remove(&organization);
        }
        Ok(())
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
    pub fn tell_states(&self) -> Stepped {
        let told = self.webhooks.endpoints.read().told_of_states();
        let mut step = Step::Done;
        for organization in told {
            let mut follower = self.webhooks.follower.lock();
            let due = self.tell_states_of(organization)?;
            if let Some(noted) = follower.noted.get_mut(&organization) {
                for state in &due {
                    noted.remove(&state.customer);
                }
            }
            step = step.or(Step::more(due.len() >= STATES_AT_ONCE_MAX as usize));
        }
        Ok(step)
    }

    /// The states that were told, or that there was nothing new to tell of.
    fn tell_states_of(&self, organization: OrganizationId) -> Result<Vec<DueState>, Error> {
        let now = self.now();
        let due = self
            .catalog
            .due_states(organization, now, STATES_AT_ONCE_MAX)?;
        if due.is_empty() {
            return Ok(due);
        }
        let mut endpoints = self.webhooks.endpoints.read().told(organization);
        endpoints.retain(|endpoint| asks_for_states(endpoint));
        for endpoint in &endpoints {
            // Changes of states that come faster than they are sent are gathered for longer.
            if self
                .catalog
                .are_webhook_events_waiting(endpoint.id, STATES_WAIT_FOR_EVENTS)?
            {
                return Ok(Vec::new());
            }
        }
        let mut outbox = Outbox::default();
        for state in &due {
            if let Some(state) = self.changed_state(organization, state)? {
                let announcement = Announcement::CustomerState(&state);
                self.tell(&announcement, &endpoints, now, &mut outbox.events);
            }
        }
        self.catalog.tell_states(organization, &due, &outbox)?;
        Ok(due)
    }

    /// A customer's state, deleted or not, if there is something new in it.
    fn changed_state(
        &self,
        organization: OrganizationId,
        due: &DueState,
    ) -> Result<Option<CustomerState>, Error> {
        let customer = self
            .catalog
            .customer_including_deleted(organization, due.customer)?;
        let Some(customer) = customer else {
            return Ok(None);
        };
        let state = self.customer_state(organization, customer)?;
        let is_changed = due.since.is_none_or(|since| {
            let mut modified = state.meters.iter().filter_map(|meter| meter.modified_at);
            modified.any(|at| at >= since)
        });
        Ok(is_changed.then_some(state))
    }
}
