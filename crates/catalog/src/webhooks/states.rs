//! Customers whose state is to be told, and how far an organization's usage was looked at for it.

use domain::{CustomerId, OrganizationId, Timestamp, WebhookEndpointId, WebhookEvent};
use rusqlite::{Transaction, named_params, params};

use super::events::insert_events;
use crate::columns::{optional_timestamp, timestamp};
use crate::{Catalog, CatalogError, StateChange};

/// A customer whose state is to be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueState {
    /// Whose state.
    pub customer: CustomerId,
    /// See [`StateChange::since`].
    pub since: Option<Timestamp>,
    /// When it was due.
    pub due_at: Timestamp,
    /// How many changes this takes in.
    pub changes: i64,
}

/// A state that was to be told, and what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldState {
    /// As it was read.
    pub due: DueState,
    /// One event for each endpoint that is told. None: there was nothing new in it.
    pub events: Vec<WebhookEvent>,
}

impl Catalog {
    /// The customers of an organization whose states are to be told, those that are due longest first; at most `limit`.
    pub fn due_states(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueState>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer, since, due_at, changes FROM state_changes \
                 WHERE organization = ? AND due_at <= ? ORDER BY due_at LIMIT ?",
            )?;
            let parameters = params![organization.as_bytes(), now.micros(), limit];
            let rows = statement.query_map(parameters, |row| {
                Ok(DueState {
                    customer: CustomerId::from_bytes(row.get(0)?),
                    since: optional_timestamp(row, 1)?,
                    due_at: timestamp(row, 2)?,
                    changes: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Writes what is told of states, and takes these states from those that are to be told. What is told of a state that changed again
    /// since it was read is not written: it is told later. `behind`: endpoints that are not told now; they
    /// [have missed](Self::missed_states) these states. All or nothing; durable when it returns.
    pub fn tell_states(
        &self,
        organization: OrganizationId,
        told: &[ToldState],
        behind: &[WebhookEndpointId],
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut take = transaction.prepare_cached(
                "DELETE FROM state_changes WHERE organization = ? AND customer = ? AND changes = ?",
            )?;
            let mut miss = transaction.prepare_cached(
                "INSERT INTO missed_states (endpoint, organization, customer) SELECT id, organization, ?2 \
                 FROM webhook_endpoints WHERE id = ?1 AND enabled AND deleted_at IS NULL \
                 ON CONFLICT (endpoint, customer) DO NOTHING",
            )?;
            for ToldState { due, events } in told {
                let customer = due.customer.as_bytes();
                let taken = take.execute(params![organization.as_bytes(), customer, due.changes])?;
                if taken == 0 || events.is_empty() {
                    continue;
                }
                insert_events(transaction, events)?;
                for event in events {
                    take_missed(transaction, event.endpoint, due.customer)?;
                }
                for endpoint in behind {
                    miss.execute(params![endpoint.as_bytes(), customer])?;
                }
            }
            Ok(())
        })
    }

    /// Tells states at another time: not before it, unless something else changes until then. Durable when it returns.
    pub fn postpone_states(
        &self,
        organization: OrganizationId,
        customers: &[CustomerId],
        until: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO state_changes (organization, customer, due_at, since, changes) VALUES (?, ?, ?, NULL, 1) \
                 ON CONFLICT (organization, customer) DO UPDATE SET due_at = excluded.due_at",
            )?;
            for customer in customers {
                statement.execute(params![
                    organization.as_bytes(),
                    customer.as_bytes(),
                    until.micros()
                ])?;
            }
            Ok(())
        })
    }

    /// The customers of whose last change an endpoint was not told, at most `limit`; without those whose states are to be told anyway.
    pub fn missed_states(
        &self,
        endpoint: WebhookEndpointId,
        limit: u32,
    ) -> Result<Vec<CustomerId>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer FROM missed_states AS missed WHERE endpoint = ? AND NOT EXISTS \
                 (SELECT 1 FROM state_changes AS due \
                 WHERE due.organization = missed.organization AND due.customer = missed.customer) \
                 ORDER BY customer LIMIT ?",
            )?;
            let rows = statement.query_map(params![endpoint.as_bytes(), limit], |row| {
                Ok(CustomerId::from_bytes(row.get(0)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Writes what an endpoint is told of states that it missed, and takes them from those; but for those that are to be told anyway by
    /// now. All or nothing; durable when it returns.
    pub fn tell_missed_states(
        &self,
        endpoint: WebhookEndpointId,
        told: &[(CustomerId, Vec<WebhookEvent>)],
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut is_due = transaction.prepare_cached(
                "SELECT 1 FROM state_changes AS due JOIN missed_states AS missed \
                 ON missed.organization = due.organization AND missed.customer = due.customer \
                 WHERE missed.endpoint = ? AND missed.customer = ?",
            )?;
            for (customer, events) in told {
                if is_due.exists(params![endpoint.as_bytes(), customer.as_bytes()])? {
                    continue;
                }
                if take_missed(transaction, endpoint, *customer)? {
                    insert_events(transaction, events)?;
                }
            }
            Ok(())
        })
    }

    /// How far the usage of each organization was looked at: the ordinal of the first event that was not.
    pub fn usage_positions(&self) -> Result<Vec<(OrganizationId, u32)>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT organization, ordinal FROM usage_positions ORDER BY organization";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((OrganizationId::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Moves positions on, and writes whose states changed before them. All or nothing; durable when it returns.
    pub fn follow_usage(
        &self,
        positions: &[(OrganizationId, u32)],
        changes: &[StateChange],
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE usage_positions SET ordinal = :ordinal WHERE organization = :organization",
            )?;
            for (organization, ordinal) in positions {
                statement.execute(named_params! {
                    ":ordinal": ordinal,
                    ":organization": organization.as_bytes(),
                })?;
            }
            for change in changes {
                change.write(transaction)?;
            }
            Ok(())
        })
    }

    /// Follows the usage of an organization no more, and tells none of its states. Durable when it returns.
    pub fn forget_usage(&self, organization: OrganizationId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            for table in ["usage_positions", "state_changes", "missed_states"] {
                transaction.execute(
                    &format!("DELETE FROM {table} WHERE organization = ?"),
                    [organization.as_bytes()],
                )?;
            }
            Ok(())
        })
    }
}

/// Tells an endpoint nothing of what it missed.
pub(super) fn forget_missed_states(
    transaction: &Transaction<'_>,
    endpoint: WebhookEndpointId,
) -> Result<(), CatalogError> {
    let mut statement =
        transaction.prepare_cached("DELETE FROM missed_states WHERE endpoint = ?")?;
    statement.execute([endpoint.as_bytes()])?;
    Ok(())
}

/// An endpoint is told of a state, whatever it missed. Says whether it had missed it.
fn take_missed(
    transaction: &Transaction<'_>,
    endpoint: WebhookEndpointId,
    customer: CustomerId,
) -> Result<bool, CatalogError> {
    let mut statement = transaction
        .prepare_cached("DELETE FROM missed_states WHERE endpoint = ? AND customer = ?")?;
    let taken = statement.execute(params![endpoint.as_bytes(), customer.as_bytes()])?;
    Ok(taken > 0)
}
