//! Customer sessions: with one, a customer sees its own meters. SEMANTICS 11.11.

use crate::id::{CustomerId, OrganizationId, SessionId};
use crate::time::Timestamp;

/// A customer's way into the portal, for a while. The secret is not here: only its keyed hash is kept, by the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerSession {
    /// Its id.
    pub id: SessionId,
    /// Whose the customer is.
    pub organization: OrganizationId,
    /// Whose it is.
    pub customer: CustomerId,
    /// Where the portal leads back to.
    pub return_url: Option<String>,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
}
