//! What endpoints are told of.

use catalog::Outbox;
use domain::{Benefit, Customer, GrantChange, OrganizationId};

use crate::grants::GrantView;
use crate::{CustomerState, Error, Profile, Service};

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub enum Announcement<'a> {
    /// To a customer. Its state changes with it.
    Customer(CustomerChange, &'a Profile),
    /// To what a customer used, was credited or was granted.
    CustomerState(&'a CustomerState),
    /// To a benefit.
    Benefit(BenefitChange, &'a Benefit),
    /// To a grant, as it is after. Its customer's state changes with it.
    Grant(GrantChange, &'a GrantView),
}

/// What happened to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerChange {
    /// It was made.
    Created,
    /// It changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// What happened to a benefit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenefitChange {
    /// It was made.
    Created,
    /// It changed, or was deleted.
    Updated,
}

impl Service {
    /// What the organization's endpoints are to be told of things that happen, to be written with them. Cheap when there is no
    /// endpoint that asks for it.
    pub(crate) fn outbox(
        &self,
        _organization: OrganizationId,
        _announcements: &[Announcement<'_>],
    ) -> Result<Outbox, Error> {
        Ok(Outbox::default())
    }

    /// What is to be told of a change to a customer, who is as it is after.
    pub(crate) fn outbox_of_customer(
        &self,
        change: CustomerChange,
        customer: &Customer,
    ) -> Result<Outbox, Error> {
        let profile = self.profile(customer.clone())?;
        self.outbox(
            customer.organization,
            &[Announcement::Customer(change, &profile)],
        )
    }
}
