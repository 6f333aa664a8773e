//! The readers' side of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::OrganizationId;
use parking_lot::RwLock;

use crate::derived::Derived;
use crate::folder::Secret;
use crate::keys::KeyHasher;
use crate::tail::{IdentityHasher, Snapshot, Tail};

/// Gives snapshots. Clones read the same store; use them from as many threads as you like.
#[derive(Debug, Clone)]
pub struct Reader {
    tails: Arc<RwLock<BTreeMap<OrganizationId, Arc<Tail>>>>,
    key_hasher: KeyHasher,
    identity_hasher: IdentityHasher,
    derived: Derived,
}

impl Reader {
    pub(crate) fn new(secret: &Secret, derived: Derived) -> Self {
        Self {
            tails: Arc::default(),
            key_hasher: KeyHasher::new(secret),
            identity_hasher: IdentityHasher::new(secret),
            derived,
        }
    }

    /// All events of an organization that are acknowledged now; none when it is unknown. Constant cost.
    pub fn snapshot(&self, organization: OrganizationId) -> Snapshot {
        let tail = self.tails.read().get(&organization).cloned();
        Snapshot::new(tail.unwrap_or_default(), self.identity_hasher)
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

    /// Lets readers see an organization.
    pub(crate) fn add(&self, organization: OrganizationId, tail: Arc<Tail>) {
        self.tails.write().insert(organization, tail);
    }
}
