//! Webhooks: what is told to whom, and when it is tried again. SEMANTICS 14.
//!
//! What is to be told is written with the change that it tells of ([`announce`]) and waits in the catalogue; so do the customers whose
//! state is to be told ([`states`]). Whoever sends asks what is due, sends it, and has the outcome noted ([`queue`]): all that
//! follows from an outcome is decided here.
//!
//! Invariants:
//! - the catalogue is the truth of what waits; what is in memory is only whose turn it is, and is found anew after a restart;
//! - to an endpoint one thing is sent at a time, first attempts in the order in which they were written;
//! - an endpoint, however slow or dead, takes nothing from those of other organizations but a place among many.

mod announce;
mod deliveries;
mod endpoints;
mod queue;
mod states;
mod upkeep;

use std::sync::Arc;

use domain::{OrganizationId, Timestamp};
use parking_lot::{Mutex, RwLock};

use crate::{Error, OpenOptions};

pub use announce::{Announcement, BenefitChange, CustomerChange, WebhookPayloads};
pub use deliveries::DeliverySearch;
pub use endpoints::{NewWebhookEndpoint, WebhookEndpointChanges};
pub use queue::{DeliveryOutcome, FinishedDelivery, PendingDelivery, Unnoted};

use endpoints::Endpoints;
use queue::Queue;
use states::{Follower, Positions};

/// What the service knows of webhooks beside the catalogue.
#[derive(Debug)]
pub(crate) struct Webhooks {
    payloads: Arc<dyn WebhookPayloads>,
    allow_private: bool,
    /// All endpoints, as the catalogue has them.
    endpoints: RwLock<Endpoints>,
    /// Whose turn it is.
    queue: Mutex<Queue>,
    /// Held for as long as usage is followed or states are told; before the service's `changing`, so that no change waits for that.
    follower: Mutex<Follower>,
    /// How far usage was looked at. Held for a moment, the last of all.
    positions: Mutex<Positions>,
}

impl Webhooks {
    /// As the catalogue has them.
    pub(crate) fn open(
        options: &OpenOptions,
        catalog: &catalog::Catalog,
        engine: &engine::Engine,
    ) -> Result<Self, catalog::CatalogError> {
        Ok(Self {
            payloads: Arc::clone(&options.webhook_payloads),
            allow_private: options.webhooks_allow_private,
            endpoints: RwLock::new(Endpoints::new(catalog.all_webhook_endpoints()?)),
            queue: Mutex::default(),
            follower: Mutex::default(),
            positions: Mutex::new(Positions::new(catalog.usage_positions()?, engine)),
        })
    }
}

impl crate::Service {
    /// Whether webhooks may go to hosts that are not public, and over plain HTTP.
    pub fn allows_private_webhooks(&self) -> bool {
        self.webhooks.allow_private
    }
}

/// Whether there is more to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is, at once.
    More,
    /// Nothing now.
    Done,
}

impl Step {
    fn more(is_more: bool) -> Self {
        if is_more { Step::More } else { Step::Done }
    }

    /// More, if either has more.
    #[must_use]
    pub fn or(self, other: Step) -> Self {
        Self::more(self == Step::More || other == Step::More)
    }
}

/// What came of a step for all organizations. What goes wrong with one takes nothing from the others.
#[derive(Debug)]
pub struct Round {
    /// Whether there is more to do.
    pub step: Step,
    /// What went wrong. It is tried again later.
    pub failures: Vec<RoundFailure>,
}

/// What went wrong with one organization.
#[derive(Debug)]
pub struct RoundFailure {
    /// With which.
    pub organization: OrganizationId,
    /// Why.
    pub error: Error,
}

impl Round {
    fn new() -> Self {
        Self::from(Step::Done)
    }

    /// Takes in what came of another step.
    #[must_use]
    pub fn and(mut self, other: Round) -> Self {
        self.step = self.step.or(other.step);
        self.failures.extend(other.failures);
        self
    }

    fn fail(&mut self, organization: OrganizationId, error: Error) {
        self.failures.push(RoundFailure {
            organization,
            error,
        });
    }
}

impl From<Step> for Round {
    fn from(step: Step) -> Self {
        Self {
            step,
            failures: Vec::new(),
        }
    }
}

/// So many microseconds later.
fn later(at: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(micros)).unwrap_or(at)
}
