//! Grants of benefits: a customer gets a benefit, begins a new period of it, loses it. SEMANTICS 13.3 to 13.5, EXTENSIONS "Grants".

use domain::{Benefit, BenefitId, CustomerId, Grant, GrantId, MemberId, OrganizationId};

use crate::{CustomerKey, Direction, Error, Listed, Page, Profile, Service};

/// A grant as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantView {
    /// The row.
    pub grant: Grant,
    /// What was granted; also a deleted benefit.
    pub benefit: Benefit,
    /// To whom; also a deleted customer.
    pub customer: Profile,
}

/// A grant to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// Of which benefit.
    pub benefit: BenefitId,
    /// To whom.
    pub customer: CustomerKey,
    /// Counts once among the credits, resets, grants and cycles of the organization.
    pub external_id: Option<String>,
}

/// What became of a grant that was to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    /// The grant as it is now.
    pub grant: GrantView,
    /// Whether it was made; `false` when the customer had it already, or for a repeat.
    pub is_new: bool,
}

/// Which grants are listed. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantSearch {
    /// Of this benefit, which must be there.
    pub benefit: Option<BenefitId>,
    /// To these customers.
    pub customers: Vec<CustomerId>,
    /// To the customers that have these external ids now.
    pub external_customers: Vec<String>,
    /// To these members. Grants go to customers, so none is.
    pub members: Vec<MemberId>,
    /// Only those that are granted, or only those that are revoked.
    pub is_granted: Option<bool>,
    /// By what they are ordered, first criterion first; the id comes last. Empty: newest first.
    pub sorting: Vec<(GrantOrder, Direction)>,
}

/// By what grants may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOrder {
    /// When they were made.
    CreatedAt,
    /// When they were granted.
    GrantedAt,
    /// When they were revoked.
    RevokedAt,
}

impl Service {
    /// Grants a benefit: writes that, with the credit, durable and visible when it returns. Nothing is written when the customer has it
    /// already. Faults: [`crate::Fault::CreditCustomerUnknown`], [`crate::Fault::CreditKeyTaken`].
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such benefit.
    pub fn grant(&self, _organization: OrganizationId, _new: NewGrant) -> Result<Granted, Error> {
        Err(Error::NotFound)
    }

    /// Begins a new period of a grant: what rolls over passes on, and the units are credited again (SEMANTICS 13.4). Faults:
    /// [`crate::Fault::GrantRevoked`], [`crate::Fault::CreditKeyTaken`].
    pub fn cycle_grant(
        &self,
        _organization: OrganizationId,
        _id: GrantId,
        _external_id: Option<String>,
    ) -> Result<GrantView, Error> {
        Err(Error::NotFound)
    }

    /// Takes a grant back, with the units that it credited last (SEMANTICS 13.5). Nothing is written when it is revoked already.
    pub fn revoke_grant(
        &self,
        _organization: OrganizationId,
        _id: GrantId,
    ) -> Result<GrantView, Error> {
        Err(Error::NotFound)
    }

    /// Grants.
    ///
    /// # Errors
    /// [`Error::NotFound`]: the benefit that is asked about is not there.
    pub fn grants(
        &self,
        _organization: OrganizationId,
        _search: &GrantSearch,
        _page: Page,
    ) -> Result<Listed<GrantView>, Error> {
        Err(Error::NotFound)
    }
}
