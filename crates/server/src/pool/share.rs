//! How much of a pool each organization has taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::OrganizationId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The shares of all organizations. Remembers only those that have taken something or wait for it.
#[derive(Debug)]
pub(crate) struct Shares {
    each: usize,
    taken: Mutex<BTreeMap<OrganizationId, Arc<Semaphore>>>,
}

/// One slot of an organization's share, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    organization: OrganizationId,
    // Is `None` only while it is being dropped.
    permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// Of `each` slots.
    pub(crate) fn new(each: usize) -> Self {
        Self {
            each,
            taken: Mutex::default(),
        }
    }

    /// Takes a slot; waits, in order, while the organization has taken all of its share.
    pub(crate) async fn take(self: &Arc<Self>, organization: OrganizationId) -> Share {
        let share = {
            let mut taken = self.lock();
            let share = taken
                .entry(organization)
                .or_insert_with(|| Arc::new(Semaphore::new(self.each)));
            Arc::clone(share)
        };
        let permit = share
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        Share {
            shares: Arc::clone(self),
            organization,
            permit: Some(permit),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrganizationId, Arc<Semaphore>>> {
        // Nothing that is done under the lock leaves the map half changed.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.permit = None;
        let mut taken = self.shares.lock();
        // Everybody who has taken or waits for a slot holds the semaphore too.
        let unused = taken
            .get(&self.organization)
            .is_some_and(|share| Arc::strong_count(share) == 1);
        if unused {
            taken.remove(&self.organization);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(byte: u8) -> OrganizationId {
        OrganizationId::from_random([byte; 16])
    }

    #[tokio::test]
    async fn one_organization_waits_for_itself_alone() {
        let shares = Arc::new(Shares::new(1));
        let first = shares.take(organization(1)).await;
        let waiting = tokio::spawn({
            let shares = Arc::clone(&shares);
            async move { shares.take(organization(1)).await }
        });
        let other = shares.take(organization(2)).await;
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        let second = waiting.await.expect("joins");
        assert_eq!(shares.lock().len(), 2);
        drop((second, other));
        assert!(shares.lock().is_empty(), "what is not used is forgotten");
    }
}
