//! The readers' side of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::OrganizationId;
use parking_lot::RwLock;

use crate::derived::Derived;
use crate::folder::Secret;
use crate::keys::KeyHasher;
use crate::shared::Shared;
use crate::tail::{IdentityHasher, Snapshot, Tail};

/// Gives snapshots. Clones read the same store; use them from as many threads as you like.
#[derive(Debug, Clone)]
pub struct Reader {
    tails: Arc<RwLock<BTreeMap<OrganizationId, Arc<Tail>>>>,
    /// The tail of an organization that has none.
    no_tail: Arc<Tail>,
    shared: Arc<Shared>,
    key_hasher: KeyHasher,
    identity_hasher: IdentityHasher,
    derived: Derived,
}

impl Reader {
    pub(crate) fn new(secret: &Secret, derived: Derived, shared: Arc<Shared>) -> Self {
        Self {
            tails: Arc::default(),
            no_tail: Arc::new(Tail::new(Arc::clone(&shared))),
            shared,
            key_hasher: KeyHasher::new(secret),
            identity_hasher: IdentityHasher::new(secret),
            derived,
        }
    }

    /// All events of an organization that are acknowledged now; none when it is unknown. Constant cost.
    pub fn snapshot(&self, organization: OrganizationId) -> Snapshot {
        let tail = self.tail(organization);
        let tail = tail.unwrap_or_else(|| Arc::clone(&self.no_tail));
        Snapshot::new(tail, self.identity_hasher)
    }

    /// The organizations that have sent events, sorted.
    pub fn organizations(&self) -> Vec<OrganizationId> {
        self.tails.read().keys().copied().collect()
    }

    /// Hashes keys for [`crate::AppendRequest`] and [`Snapshot::ordinal_of_key`].
    pub fn key_hasher(&self) -> KeyHasher {
        self.key_hasher
    }

    /// Keeps state that is derived from the events.
    pub fn derived(&self) -> &Derived {
        &self.derived
    }

    pub(crate) fn identity_hasher(&self) -> IdentityHasher {
        self.identity_hasher
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The tail of an organization, if it has one.
    pub(crate) fn tail(&self, organization: OrganizationId) -> Option<Arc<Tail>> {
        self.tails.read().get(&organization).cloned()
    }

    /// How many events are in memory and in the journal alone, and how many bytes their rows take.
    pub fn unsealed(&self) -> (u64, u64) {
        self.shared().tail()
    }

    /// All tails, by organization.
    pub(crate) fn tails(&self) -> Vec<(OrganizationId, Arc<Tail>)> {
        let tails = self.tails.read();
        let all = tails.iter().map(|(id, tail)| (*id, Arc::clone(tail)));
        all.collect()
    }

    /// Lets readers see an organization.
    pub(crate) fn add(&self, organization: OrganizationId, tail: Arc<Tail>) {
        self.tails.write().insert(organization, tail);
    }
}
