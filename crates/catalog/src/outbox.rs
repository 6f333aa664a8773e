//! What is to be told of a change: written with the change, or not at all, and sent later by whoever empties it.

use domain::{CustomerId, OrganizationId, Timestamp, WebhookEvent};
use rusqlite::{Transaction, named_params};

use crate::CatalogError;
use crate::webhooks::{forget_customer, insert_events};

/// What webhook endpoints are to be told because of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// What was told of this customer before is kept no more, and not sent.
    pub forgotten: Option<CustomerId>,
    /// One for each endpoint that is told, in the order in which they are sent.
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
    /// Told only if a customer meter changed at this time or later; `None`: in any case. Of several the widest counts.
    pub since: Option<Timestamp>,
}

impl Outbox {
    /// Writes it as part of the change.
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> Result<(), CatalogError> {
        if let Some(customer) = self.forgotten {
            forget_customer(transaction, customer)?;
        }
        insert_events(transaction, &self.events)?;
        for change in &self.state_changes {
            change.write(transaction)?;
        }
        Ok(())
    }
}

impl StateChange {
    /// Writes it as part of a change; one that waits for the same customer takes it in.
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> Result<(), CatalogError> {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO state_changes (organization, customer, due_at, since, changes) \
             VALUES (:organization, :customer, :due_at, :since, 1) \
             ON CONFLICT (organization, customer) DO UPDATE SET \
             due_at = min(due_at, excluded.due_at), since = min(since, excluded.since), changes = changes + 1",
        )?;
        statement.execute(named_params! {
            ":organization": self.organization.as_bytes(),
            ":customer": self.customer.as_bytes(),
            ":due_at": self.due_at.micros(),
            // The least of numbers one of which is null is null: in any case.
            ":since": self.since.map(Timestamp::micros),
        })?;
        Ok(())
    }
}
