//! Members: the persons of a team.

use crate::id::{CustomerId, MemberId, OrganizationId};
use crate::time::Timestamp;

/// A person of a team. The owner is named when the team is made (SEMANTICS 11.1); the contract has no operation that adds others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// Its id.
    pub id: MemberId,
    /// Whose the customer is.
    pub organization: OrganizationId,
    /// The team.
    pub customer: CustomerId,
    /// The person's address.
    pub email: String,
    /// At most 256 characters.
    pub name: Option<String>,
    /// The organization's own id for the person.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}
