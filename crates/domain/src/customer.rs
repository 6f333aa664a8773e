//! Customers: whom an organization meters.

use crate::id::{CustomerId, OrganizationId};
use crate::metadata::Metadata;
use crate::tax_id::TaxId;
use crate::time::Timestamp;

/// A customer as a person manages it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// One person or a team.
    pub kind: CustomerKind,
    /// The organization's own id for it, case sensitive, unique among its undeleted customers. Empty once deleted, so that it is
    /// free again.
    pub external_id: Option<String>,
    /// What `external_id` was before the customer was deleted. Shown, never matched.
    pub former_external_id: Option<String>,
    /// Unique ignoring case among the organization's undeleted customers; a team may have none.
    pub email: Option<String>,
    /// At most 256 characters.
    pub name: Option<String>,
    /// Where bills go.
    pub billing_address: Option<Address>,
    /// Under which the state knows it; valid in the country of the address, without which there is none.
    pub tax_id: Option<TaxId>,
    /// A language tag. Kept and given back.
    pub locale: Option<String>,
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
    /// When it was deleted. A deleted customer is gone from every read of customers.
    pub deleted_at: Option<Timestamp>,
}

impl Customer {
    /// The customer as it is once deleted at a time: its external id is free again (SEMANTICS 11.6).
    #[must_use]
    pub fn deleted(mut self, at: Timestamp) -> Self {
        self.modified_at = Some(at);
        self.deleted_at = Some(at);
        self.former_external_id = self.external_id.take().or(self.former_external_id);
        self
    }
}

/// The kind of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CustomerKind {
    /// One person.
    #[default]
    Individual,
    /// Several members.
    Team,
}

impl CustomerKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            CustomerKind::Individual => "individual",
            CustomerKind::Team => "team",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [CustomerKind::Individual, CustomerKind::Team]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// ISO 3166 alpha-2.
    pub country: String,
    /// First line.
    pub line1: Option<String>,
    /// Second line.
    pub line2: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province.
    pub state: Option<String>,
}
