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

use domain::Timestamp;
use parking_lot::{Mutex, RwLock};

use crate::{Error, OpenOptions};

pub use announce::{Announcement, BenefitChange, CustomerChange, WebhookPayloads};
pub use deliveries::DeliverySearch;
pub use endpoints::{NewWebhookEndpoint, WebhookEndpointChanges};
pub use queue::{DeliveryOutcome, FinishedDelivery, PendingDelivery};

use endpoints::Endpoints;
use queue::Queue;
use states::Follower;

/// What the service knows of webhooks beside the catalogue.
#[derive(Debug)]
pub(crate) struct Webhooks {
    payloads: Arc<dyn WebhookPayloads>,
    allow_private: bool,
    /// All endpoints, as the catalogue has them.
    endpoints: RwLock<Endpoints>,
    /// Whose turn it is.
    queue: Mutex<Queue>,
    /// Held while endpoints change, before the service's `changing`, so that nobody else waits for it, and [`Self::endpoints`]; and while
    /// usage is followed or states are told.
    follower: Mutex<Follower>,
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
            follower: Mutex::new(Follower::new(catalog.usage_positions()?, engine)),
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

/// What a step comes to.
type Stepped = Result<Step, Error>;

/// So many microseconds later.
fn later(at: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(micros)).unwrap_or(at)
}
