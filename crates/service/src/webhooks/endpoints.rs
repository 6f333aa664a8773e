//! Endpoints. They change seldom and are asked for with every change of a row, so all are in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::{OrganizationId, WebhookEndpoint, WebhookEndpointId, WebhookEventType, WebhookFormat};
use rustc_hash::{FxHashMap, FxHashSet};

use super::announce::asks_for_states;
use crate::limits::WEBHOOK_ENDPOINTS_PER_ORGANIZATION_MAX;
use crate::secrets::{WEBHOOK_PREFIX, mint};
use crate::{Change, Error, Fault, Listed, Page, Service};

/// An endpoint to be made. Every field is valid in form.
#[derive(Clone, PartialEq, Eq)]
pub struct NewWebhookEndpoint {
    /// See [`WebhookEndpoint::url`].
    pub url: String,
    /// See [`WebhookEndpoint::name`].
    pub name: Option<String>,
    /// See [`WebhookEndpoint::format`].
    pub format: WebhookFormat,
    /// `None`: one is made.
    pub secret: Option<String>,
    /// See [`WebhookEndpoint::events`].
    pub events: Vec<WebhookEventType>,
}

/// Without the secret.
impl fmt::Debug for NewWebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhookEndpoint")
            .field("url", &self.url)
            .field("name", &self.name)
            .field("format", &self.format)
            .field("secret", &Hidden::of(self.secret.as_ref()))
            .field("events", &self.events)
            .finish()
    }
}

/// Changes to an endpoint; `None`: unchanged (SEMANTICS 14.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WebhookEndpointChanges {
    /// See [`WebhookEndpoint::url`].
    pub url: Option<String>,
    /// See [`WebhookEndpoint::name`].
    pub name: Option<String>,
    /// See [`WebhookEndpoint::format`].
    pub format: Option<WebhookFormat>,
    /// See [`WebhookEndpoint::secret`].
    pub secret: Option<String>,
    /// See [`WebhookEndpoint::events`].
    pub events: Option<Vec<WebhookEventType>>,
    /// Enabled after it was disabled, it starts anew.
    pub enabled: Option<bool>,
}

/// Without the secret.
impl fmt::Debug for WebhookEndpointChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEndpointChanges")
            .field("url", &self.url)
            .field("name", &self.name)
            .field("format", &self.format)
            .field("secret", &Hidden::of(self.secret.as_ref()))
            .field("events", &self.events)
            .field("enabled", &self.enabled)
            .finish()
    }
}

/// Stands where a secret is.
#[derive(Debug)]
struct Hidden;

impl Hidden {
    fn of(secret: Option<&String>) -> Option<Self> {
        secret.map(|_| Self)
    }
}

impl WebhookEndpointChanges {
    fn apply(self, endpoint: &mut WebhookEndpoint) {
        let set = |change: Option<String>, field: &mut String| {
            change.map_or(Change::Keep, Change::Set).apply(field);
        };
        set(self.url, &mut endpoint.url);
        set(self.secret, &mut endpoint.secret);
        endpoint.name = self.name.or(endpoint.name.take());
        endpoint.format = self.format.unwrap_or(endpoint.format);
        endpoint.enabled = self.enabled.unwrap_or(endpoint.enabled);
        if let Some(events) = self.events {
            endpoint.events = events;
        }
    }
}

/// The endpoints of all organizations.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    by_organization: BTreeMap<OrganizationId, Vec<Arc<WebhookEndpoint>>>,
    organizations: FxHashMap<WebhookEndpointId, OrganizationId>,
    /// Those for which so much waits that nothing more is added.
    full: FxHashSet<WebhookEndpointId>,
}

impl Endpoints {
    pub(super) fn new(endpoints: Vec<WebhookEndpoint>) -> Self {
        let mut known = Self::default();
        for endpoint in endpoints {
            known.put(endpoint);
        }
        known
    }

    /// Adds an endpoint, or puts it in the place of what it was.
    pub(super) fn put(&mut self, endpoint: WebhookEndpoint) {
        self.organizations
            .insert(endpoint.id, endpoint.organization);
        let of = self
            .by_organization
            .entry(endpoint.organization)
            .or_default();
        match of.iter_mut().find(|known| known.id == endpoint.id) {
            Some(known) => *known = Arc::new(endpoint),
            None => of.push(Arc::new(endpoint)),
        }
    }

    fn remove(&mut self, organization: OrganizationId, id: WebhookEndpointId) {
        if let Some(of) = self.by_organization.get_mut(&organization) {
            of.retain(|known| known.id != id);
            if of.is_empty() {
                self.by_organization.remove(&organization);
            }
        }
        self.organizations.remove(&id);
        self.full.remove(&id);
    }

    fn count(&self, organization: OrganizationId) -> usize {
        self.by_organization.get(&organization).map_or(0, Vec::len)
    }

    /// Whether there is none of any organization.
    pub(super) fn is_empty(&self) -> bool {
        self.by_organization.is_empty()
    }

    /// Whether no endpoint of an organization is told of anything.
    pub(super) fn is_nobody_told(&self, organization: OrganizationId) -> bool {
        let of = self.by_organization.get(&organization);
        !of.is_some_and(|of| of.iter().any(|endpoint| endpoint.enabled))
    }

    /// The endpoints of an organization that are enabled, in the order in which they were made.
    pub(super) fn told(&self, organization: OrganizationId) -> Vec<Arc<WebhookEndpoint>> {
        let of = self.by_organization.get(&organization);
        let of = of.map(Vec::as_slice).unwrap_or_default();
        of.iter()
            .filter(|endpoint| endpoint.enabled)
            .cloned()
            .collect()
    }

    /// An endpoint that is enabled, by its id.
    pub(super) fn find_told(&self, id: WebhookEndpointId) -> Option<Arc<WebhookEndpoint>> {
        let of = self.by_organization.get(self.organizations.get(&id)?)?;
        let found = of.iter().find(|endpoint| endpoint.id == id)?;
        found.enabled.then(|| Arc::clone(found))
    }

    /// The organizations that are told of the states of customers, in order.
    pub(super) fn told_of_states(&self) -> Vec<OrganizationId> {
        let all = self.by_organization.iter();
        all.filter(|(_, of)| of.iter().any(|endpoint| asks_for_states(endpoint)))
            .map(|(organization, _)| *organization)
            .collect()
    }

    /// Whether so much waits for an endpoint that nothing more is added.
    pub(super) fn is_full(&self, id: WebhookEndpointId) -> bool {
        self.full.contains(&id)
    }

    pub(super) fn set_full(&mut self, full: FxHashSet<WebhookEndpointId>) {
        self.full = full;
    }
}

impl Service {
    /// Makes an endpoint, enabled. It is told of what happens from now on. Faults: [`Fault::TooManyWebhookEndpoints`].
    pub fn create_webhook_endpoint(
        &self,
        organization: OrganizationId,
        new: NewWebhookEndpoint,
    ) -> Result<WebhookEndpoint, Error> {
        let _changing = self.changing.lock();
        let count = self.webhooks.endpoints.read().count(organization);
        if count >= WEBHOOK_ENDPOINTS_PER_ORGANIZATION_MAX {
            return Err(Error::Invalid(vec![Fault::TooManyWebhookEndpoints]));
        }
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::from_random(self.random_id()),
            organization,
            url: new.url,
            name: new.name,
            format: new.format,
            secret: (new.secret).unwrap_or_else(|| mint(WEBHOOK_PREFIX, &*self.random)),
            events: without_repeats(new.events),
            enabled: true,
            created_at: self.now(),
            modified_at: None,
        };
        let position = self.position_for(&endpoint);
        self.catalog.insert_webhook_endpoint(&endpoint, position)?;
        self.follow_from(organization, position);
        self.webhooks.endpoints.write().put(endpoint.clone());
        Ok(endpoint)
    }

    /// An endpoint.
    pub fn webhook_endpoint(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
    ) -> Result<WebhookEndpoint, Error> {
        self.catalog
            .webhook_endpoint(organization, id)?
            .ok_or(Error::NotFound)
    }

    /// The endpoints of an organization, the newest first.
    pub fn webhook_endpoints(
        &self,
        organization: OrganizationId,
        page: Page,
    ) -> Result<Listed<WebhookEndpoint>, Error> {
        Ok(self.catalog.webhook_endpoints(organization, page)?)
    }

    /// Changes an endpoint. One that is disabled by it is told nothing of what waits.
    pub fn update_webhook_endpoint(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
        changes: WebhookEndpointChanges,
    ) -> Result<WebhookEndpoint, Error> {
        let _changing = self.changing.lock();
        let mut endpoint = self.webhook_endpoint(organization, id)?;
        if changes == WebhookEndpointChanges::default() {
            return Ok(endpoint);
        }
        changes.apply(&mut endpoint);
        endpoint.events = without_repeats(endpoint.events);
        endpoint.modified_at = Some(self.now());
        let position = self.position_for(&endpoint);
        self.catalog.update_webhook_endpoint(&endpoint, position)?;
        self.follow_from(organization, position);
        self.webhooks.endpoints.write().put(endpoint.clone());
        Ok(endpoint)
    }

    /// Gives an endpoint another secret. What is sent from now on is signed with it.
    pub fn reset_webhook_secret(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
    ) -> Result<WebhookEndpoint, Error> {
        let changes = WebhookEndpointChanges {
            secret: Some(mint(WEBHOOK_PREFIX, &*self.random)),
            ..WebhookEndpointChanges::default()
        };
        self.update_webhook_endpoint(organization, id, changes)
    }

    /// Deletes an endpoint. It is told nothing of what waits; what was sent to it stays listed.
    pub fn delete_webhook_endpoint(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock();
        self.catalog
            .delete_webhook_endpoint(organization, id, self.now())?;
        self.webhooks.endpoints.write().remove(organization, id);
        self.webhooks.queue.lock().forget(id);
        Ok(())
    }

    /// Follows an organization's usage from a position on, unless it is followed already.
    fn follow_from(&self, organization: OrganizationId, position: Option<u32>) {
        if let Some(position) = position {
            self.webhooks
                .positions
                .lock()
                .follow(organization, position);
        }
    }

    /// From where on usage is followed for an endpoint, if it asks for states: from now.
    fn position_for(&self, endpoint: &WebhookEndpoint) -> Option<u32> {
        asks_for_states(endpoint).then(|| self.engine.events_count(endpoint.organization))
    }
}

fn without_repeats(mut events: Vec<WebhookEventType>) -> Vec<WebhookEventType> {
    let mut seen = FxHashSet::default();
    events.retain(|event| seen.insert(*event));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_of_an_endpoint_to_be_does_not_tell_its_secret() {
        let new = NewWebhookEndpoint {
            url: "https://example.com/".to_owned(),
            name: None,
            format: WebhookFormat::Raw,
            secret: Some("whsec_known".to_owned()),
            events: Vec::new(),
        };
        let changes = WebhookEndpointChanges {
            secret: new.secret.clone(),
            ..WebhookEndpointChanges::default()
        };
        for shown in [format!("{new:?}"), format!("{changes:?}")] {
            assert!(shown.contains("Some(Hidden)"), "{shown}");
            assert!(!shown.contains("known"), "{shown}");
        }
    }
}
