//! What endpoints are told of.

use std::fmt::Debug;
use std::sync::Arc;

use catalog::{Outbox, StateChange};
use domain::{
    Benefit, Customer, CustomerId, GrantChange, OrganizationId, Timestamp, WebhookEndpoint,
    WebhookEvent, WebhookEventId, WebhookEventType, WebhookFormat,
};

use super::later;
use crate::grants::GrantView;
use crate::limits::STATE_GATHERED_MICROS;
use crate::{CustomerState, Error, Profile, Service};

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub enum Announcement<'a> {
    /// To a customer. Its state changes with it.
    Customer(CustomerChange, &'a Profile),
    /// To what a customer used, was credited or was granted.
    CustomerState(&'a CustomerState),
    /// To a benefit.
    Benefit(BenefitChange, &'a Benefit),
    /// To a grant, as it is after. Its customer's state changes with it.
    Grant(GrantChange, &'a GrantView),
}

/// What happened to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerChange {
    /// It was made.
    Created,
    /// It changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// What happened to a benefit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenefitChange {
    /// It was made.
    Created,
    /// It changed, or was deleted.
    Updated,
}

/// Writes what endpoints are told.
pub trait WebhookPayloads: Debug + Send + Sync {
    /// The body that tells of something that happened at a time.
    fn render(
        &self,
        announcement: &Announcement<'_>,
        at: Timestamp,
        format: WebhookFormat,
    ) -> String;
}

impl Announcement<'_> {
    /// The type under which endpoints ask for it.
    pub const fn kind(&self) -> WebhookEventType {
        match self {
            Announcement::Customer(CustomerChange::Created, _) => WebhookEventType::CustomerCreated,
            Announcement::Customer(CustomerChange::Updated, _) => WebhookEventType::CustomerUpdated,
            Announcement::Customer(CustomerChange::Deleted, _) => WebhookEventType::CustomerDeleted,
            Announcement::CustomerState(_) => WebhookEventType::CustomerStateChanged,
            Announcement::Benefit(BenefitChange::Created, _) => WebhookEventType::BenefitCreated,
            Announcement::Benefit(BenefitChange::Updated, _) => WebhookEventType::BenefitUpdated,
            Announcement::Grant(GrantChange::Granted, _) => WebhookEventType::BenefitGrantCreated,
            Announcement::Grant(GrantChange::Cycled, _) => WebhookEventType::BenefitGrantCycled,
            Announcement::Grant(GrantChange::Revoked, _) => WebhookEventType::BenefitGrantRevoked,
        }
    }

    /// Of which customer it tells.
    fn customer(&self) -> Option<CustomerId> {
        match self {
            Announcement::CustomerState(state) => Some(state.profile.customer.id),
            Announcement::Customer(..) | Announcement::Benefit(..) | Announcement::Grant(..) => {
                self.changes_state_of()
            }
        }
    }

    /// Whose state changes with it.
    fn changes_state_of(&self) -> Option<CustomerId> {
        match self {
            Announcement::Customer(_, profile) => Some(profile.customer.id),
            Announcement::Grant(_, grant) => Some(grant.grant.customer),
            Announcement::CustomerState(_) | Announcement::Benefit(..) => None,
        }
    }
}

impl Service {
    /// What the organization's endpoints are to be told of things that happen, to be written with them. Cheap when there is no
    /// endpoint that asks for it.
    pub(crate) fn outbox(
        &self,
        organization: OrganizationId,
        announcements: &[Announcement<'_>],
    ) -> Outbox {
        let mut outbox = Outbox::default();
        let endpoints = self.webhooks.endpoints.read().told(organization);
        if endpoints.is_empty() {
            return outbox;
        }
        let now = self.now();
        let are_states_told = endpoints.iter().any(|endpoint| asks_for_states(endpoint));
        for announcement in announcements {
            self.tell(announcement, &endpoints, now, &mut outbox.events);
            let customer = announcement.changes_state_of();
            if let Some(customer) = customer.filter(|_| are_states_told) {
                outbox.state_changes.push(StateChange {
                    organization,
                    customer,
                    due_at: later(now, STATE_GATHERED_MICROS),
                    since: None,
                });
            }
        }
        outbox
    }

    /// Whether an organization has no endpoint that is told of anything.
    pub(crate) fn is_nobody_told(&self, organization: OrganizationId) -> bool {
        self.webhooks.endpoints.read().is_nobody_told(organization)
    }

    /// What is to be told of a change to a customer, who is as it is after.
    pub(crate) fn outbox_of_customer(
        &self,
        change: CustomerChange,
        customer: &Customer,
    ) -> Result<Outbox, Error> {
        if self.is_nobody_told(customer.organization) {
            return Ok(Outbox::default());
        }
        let profile = self.profile(customer.clone())?;
        let announcement = Announcement::Customer(change, &profile);
        Ok(self.outbox(customer.organization, &[announcement]))
    }

    /// Adds an event for each of these endpoints that asks for it.
    pub(super) fn tell(
        &self,
        announcement: &Announcement<'_>,
        endpoints: &[Arc<WebhookEndpoint>],
        now: Timestamp,
        events: &mut Vec<WebhookEvent>,
    ) {
        let kind = announcement.kind();
        let mut written: Vec<(WebhookFormat, Arc<str>)> = Vec::new();
        for endpoint in endpoints {
            if !endpoint.events.contains(&kind) {
                continue;
            }
            let format = endpoint.format;
            let known = written.iter().find(|(known, _)| *known == format);
            let payload = if let Some((_, payload)) = known {
                Arc::clone(payload)
            } else {
                let payload = self.webhooks.payloads.render(announcement, now, format);
                let payload: Arc<str> = payload.into();
                written.push((format, Arc::clone(&payload)));
                payload
            };
            let is_full = self.webhooks.endpoints.read().is_full(endpoint.id);
            events.push(WebhookEvent {
                id: WebhookEventId::from_random(self.random_id()),
                organization: endpoint.organization,
                endpoint: endpoint.id,
                kind,
                customer: announcement.customer(),
                payload: Some(payload),
                succeeded: None,
                skipped: is_full,
                last_http_code: None,
                attempts: 0,
                redeliveries: 0,
                next_attempt_at: (!is_full).then_some(now),
                created_at: now,
                modified_at: None,
            });
        }
    }
}

/// Whether an endpoint is told of the states of customers.
pub(super) fn asks_for_states(endpoint: &WebhookEndpoint) -> bool {
    endpoint.enabled
        && endpoint
            .events
            .contains(&WebhookEventType::CustomerStateChanged)
}
