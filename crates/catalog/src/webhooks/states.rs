//! Customers whose state is to be told, and how far an organization's usage was looked at for it.

use domain::{CustomerId, OrganizationId, Timestamp};
use rusqlite::{named_params, params};

use crate::columns::{optional_timestamp, timestamp};
use crate::{Catalog, CatalogError, Outbox, StateChange};

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

    /// Writes what is told of states, and takes these states from those that are to be told, but for those that changed again since
    /// they were read. All or nothing; durable when it returns.
    pub fn tell_states(
        &self,
        organization: OrganizationId,
        told: &[DueState],
        outbox: &Outbox,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            outbox.write(transaction)?;
            let mut statement = transaction.prepare_cached(
                "DELETE FROM state_changes WHERE organization = ? AND customer = ? AND changes = ?",
            )?;
            for state in told {
                statement.execute(params![
                    organization.as_bytes(),
                    state.customer.as_bytes(),
                    state.changes,
                ])?;
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
            for table in ["usage_positions", "state_changes"] {
                transaction.execute(
                    &format!("DELETE FROM {table} WHERE organization = ?"),
                    [organization.as_bytes()],
                )?;
            }
            Ok(())
        })
    }
}
