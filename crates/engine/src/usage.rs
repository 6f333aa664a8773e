//! What customers used of a meter.

use domain::{Identity, MeterId, OrganizationId, OwnedIdentity, Timestamp};
pub use query::{Customer, CustomerUsage};
use store::StoreError;

use crate::Engine;

/// An identity under which events came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// Its number in the organization; never changes.
    pub number: u32,
    /// The identity.
    pub identity: OwnedIdentity,
    /// When its first event was received.
    pub first_received_at: Timestamp,
}

impl Engine {
    /// What customers used of a meter, each in its present window, as of the last acknowledged event; `None` for an unknown meter.
    /// What was received from `stands_since` on does not count (SEMANTICS 5.8). One usage for each customer, in order.
    ///
    /// Cost: constant for each customer in the usual case; else the rows of the window.
    pub fn customer_usage(
        &self,
        organization: OrganizationId,
        id: MeterId,
        customers: &[Customer<'_>],
        stands_since: Option<Timestamp>,
    ) -> Result<Option<Vec<CustomerUsage>>, StoreError> {
        let events = self.events_of(organization);
        while let Some(meter) = self.meters.get(organization, id) {
            let until = match stands_since {
                Some(at) => Some(events.snapshot().first_received_from(at)?),
                None => None,
            };
            let usages = meter.unless_replaced(|| meter.usage(events, customers, until));
            if let Some(usages) = usages {
                return usages.map(Some);
            }
        }
        Ok(None)
    }

    /// All identities under which an organization's events came, in the order of their first event. Cost: a look at each.
    pub fn identities(&self, organization: OrganizationId) -> Result<Vec<Identified>, StoreError> {
        let snapshot = self.reader.snapshot(organization);
        let times = self.all_identity_times(organization, &snapshot)?;
        let identified = (0..).zip(times).filter_map(|(number, times)| {
            Some(Identified {
                number,
                identity: snapshot.identity(number)?,
                first_received_at: times?.first_received_at,
            })
        });
        Ok(identified.collect())
    }

    /// An identity, if events came under it.
    pub fn identity(
        &self,
        organization: OrganizationId,
        identity: Identity<'_>,
    ) -> Result<Option<Identified>, StoreError> {
        let snapshot = self.reader.snapshot(organization);
        let Some(number) = snapshot.identity_index(identity) else {
            return Ok(None);
        };
        let identity = identity.to_owned();
        let times = self.identity_times(organization, std::slice::from_ref(&identity))?;
        Ok(times.into_iter().flatten().next().map(|times| Identified {
            number,
            identity,
            first_received_at: times.first_received_at,
        }))
    }
}
