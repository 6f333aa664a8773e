//! Whose customer meters there are: the customers whose events have come, with the identities under which they come now.

use std::collections::BTreeMap;

use domain::{CustomerId, CustomerMeterIds, Identity, OrganizationId, OwnedIdentity, Timestamp};
use engine::Identified;

use super::CustomerMeterSearch;
use crate::{Error, Service};

/// A customer whose events have come.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(super) customer: CustomerId,
    /// See [`domain::CustomerMeterIds::customer_tag`].
    pub(super) tag: u64,
    /// The number of its own id among the organization's identities.
    pub(super) own: Option<u32>,
    /// The numbers of all its identities.
    pub(super) identities: Vec<u32>,
    /// When its first event was received.
    pub(super) first_received_at: Timestamp,
}

impl Party {
    fn new(customer: CustomerId, ids: &CustomerMeterIds, identified: &Identified) -> Self {
        Self {
            customer,
            tag: ids.customer_tag(customer),
            own: None,
            identities: Vec::new(),
            first_received_at: identified.first_received_at,
        }
    }

    fn add(&mut self, identified: &Identified) {
        if matches!(identified.identity, OwnedIdentity::Customer(_)) {
            self.own = Some(identified.number);
        }
        self.identities.push(identified.number);
        self.first_received_at = self.first_received_at.min(identified.first_received_at);
    }

    pub(crate) fn as_asked(&self) -> engine::Customer<'_> {
        engine::Customer {
            own: self.own,
            identities: &self.identities,
        }
    }
}

impl Service {
    /// The customers that a search asks for. Cost: a look at each identity of the organization, unless customers are named.
    pub(super) fn parties(
        &self,
        organization: OrganizationId,
        search: &CustomerMeterSearch,
    ) -> Result<Vec<Party>, Error> {
        if search.customers.is_empty() && search.external_customers.is_empty() {
            return self.all_parties(organization);
        }
        let mut asked: Vec<CustomerId> = if search.external_customers.is_empty() {
            search.customers.clone()
        } else {
            let directory = self.directory.read();
            let customers = directory.customers(organization);
            let named = search.external_customers.iter();
            named
                .filter_map(|external_id| customers?.by_external_id(external_id))
                .filter(|id| search.customers.is_empty() || search.customers.contains(id))
                .collect()
        };
        asked.sort_unstable();
        asked.dedup();
        let parties = asked.into_iter().map(|id| self.party(organization, id));
        parties.filter_map(Result::transpose).collect()
    }

    /// A customer, deleted or not, if events of it have come.
    pub(crate) fn party(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
    ) -> Result<Option<Party>, Error> {
        let identities = self.identities_of(organization, customer);
        let mut party: Option<Party> = None;
        for identity in &identities {
            if let Some(identified) = self.engine.identity(organization, identity.as_ref())? {
                party
                    .get_or_insert_with(|| {
                        Party::new(customer, &self.customer_meter_ids, &identified)
                    })
                    .add(&identified);
            }
        }
        Ok(party)
    }

    /// All identities under which a customer's events come now: its id, and its external id unless it is deleted.
    pub(crate) fn identities_of(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
    ) -> Vec<OwnedIdentity> {
        let mut identities = self
            .directory
            .read()
            .identities(organization, &[customer], &[]);
        if identities.is_empty() {
            identities.push(OwnedIdentity::Customer(customer));
        }
        identities
    }

    fn all_parties(&self, organization: OrganizationId) -> Result<Vec<Party>, Error> {
        let identified = self.engine.identities(organization)?;
        let directory = self.directory.read();
        let customers = directory.customers(organization);
        let mut parties: BTreeMap<CustomerId, Party> = BTreeMap::new();
        for identified in &identified {
            let customer = match identified.identity.as_ref() {
                Identity::Customer(id) => Some(id),
                Identity::External(id) => {
                    customers.and_then(|customers| customers.by_external_id(id))
                }
            };
            if let Some(customer) = customer {
                parties
                    .entry(customer)
                    .or_insert_with(|| Party::new(customer, &self.customer_meter_ids, identified))
                    .add(identified);
            }
        }
        Ok(parties.into_values().collect())
    }
}
