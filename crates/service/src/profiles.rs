//! Customers as they are shown: with what their events tell of them.

use domain::{Customer, OwnedIdentity, Timestamp};

use crate::{Error, Service};

/// A customer, and what is derived from its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The row.
    pub customer: Customer,
    /// The least time of the events that came under its id or its external id; `None` without one (SEMANTICS 11.5).
    pub first_user_event_at: Option<Timestamp>,
}

impl Service {
    /// Adds to a customer what its events tell, as of the last acknowledged one. In memory.
    pub fn profile(&self, customer: Customer) -> Result<Profile, Error> {
        let mut profiles = self.profiles(vec![customer])?;
        Ok(profiles.remove(0))
    }

    /// The same for many.
    pub fn profiles(&self, customers: Vec<Customer>) -> Result<Vec<Profile>, Error> {
        let mut first_times = Vec::with_capacity(customers.len());
        for some in customers.chunk_by(|left, right| left.organization == right.organization) {
            first_times.extend(self.first_user_event_times(some)?);
        }
        Ok(customers
            .into_iter()
            .zip(first_times)
            .map(|(customer, first_user_event_at)| Profile {
                customer,
                first_user_event_at,
            })
            .collect())
    }

    /// For customers of one organization.
    fn first_user_event_times(
        &self,
        customers: &[Customer],
    ) -> Result<Vec<Option<Timestamp>>, Error> {
        let Some(first) = customers.first() else {
            return Ok(Vec::new());
        };
        let mut identities = Vec::with_capacity(customers.len() * 2);
        let mut ends = Vec::with_capacity(customers.len());
        for customer in customers {
            identities.push(OwnedIdentity::Customer(customer.id));
            let external_id = customer.external_id.as_deref();
            identities.extend(external_id.map(|id| OwnedIdentity::External(id.into())));
            ends.push(identities.len());
        }
        let times = self
            .engine
            .identity_times(first.organization, &identities)?;
        let mut start = 0;
        let first_of = |end: usize| {
            let own = &times[std::mem::replace(&mut start, end)..end];
            own.iter()
                .flatten()
                .filter_map(|times| times.first_user_event_at)
                .min()
        };
        Ok(ends.into_iter().map(first_of).collect())
    }
}
