//! Endpoints.

use domain::{
    OrganizationId, Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEndpointId,
    WebhookEventType, WebhookFormat,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use super::events::{Patience, skip_waiting};
use super::states::forget_missed_states;
use crate::columns::{name, optional_timestamp, timestamp, unknown_name};
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::{Catalog, CatalogError, Direction, Listed, Page};

const COLUMNS: &str =
    "id, organization, url, name, format, secret, events, enabled, created_at, modified_at";

impl Catalog {
    /// Adds an endpoint. `position`: if it asks for the states of customers, and the organization is not told of them yet, usage is
    /// followed from the event with this ordinal on. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`].
    pub fn insert_webhook_endpoint(
        &self,
        endpoint: &WebhookEndpoint,
        position: Option<u32>,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO webhook_endpoints (id, organization, url, name, format, secret, events, enabled, \
                 failed_events, failed_attempts, created_at, modified_at) \
                 VALUES (:id, :organization, :url, :name, :format, :secret, :events, :enabled, 0, 0, :created_at, \
                 :modified_at)",
                named_params! {
                    ":id": endpoint.id.as_bytes(),
                    ":organization": endpoint.organization.as_bytes(),
                    ":url": endpoint.url,
                    ":name": endpoint.name,
                    ":format": endpoint.format.as_str(),
                    ":secret": endpoint.secret,
                    ":events": events_text(&endpoint.events),
                    ":enabled": endpoint.enabled,
                    ":created_at": endpoint.created_at.micros(),
                    ":modified_at": endpoint.modified_at.map(Timestamp::micros),
                },
            )?;
            follow_from(transaction, endpoint.organization, position)
        })
    }

    /// Replaces all of an endpoint but its id, organization and `created_at`. One that is enabled by it starts anew: what failed
    /// before counts no more. One that is not enabled after it is told nothing of what waits. `position` as for
    /// [`Self::insert_webhook_endpoint`]. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`].
    pub fn update_webhook_endpoint(
        &self,
        endpoint: &WebhookEndpoint,
        position: Option<u32>,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE webhook_endpoints SET url = :url, name = :name, format = :format, secret = :secret, \
                 events = :events, failed_events = iif(enabled < :enabled, 0, failed_events), \
                 failed_attempts = iif(enabled < :enabled, 0, failed_attempts), \
                 failing_since = iif(enabled < :enabled, NULL, failing_since), enabled = :enabled, \
                 modified_at = :modified_at \
                 WHERE id = :id AND organization = :organization AND deleted_at IS NULL",
                named_params! {
                    ":id": endpoint.id.as_bytes(),
                    ":organization": endpoint.organization.as_bytes(),
                    ":url": endpoint.url,
                    ":name": endpoint.name,
                    ":format": endpoint.format.as_str(),
                    ":secret": endpoint.secret,
                    ":events": events_text(&endpoint.events),
                    ":enabled": endpoint.enabled,
                    ":modified_at": endpoint.modified_at.map(Timestamp::micros),
                },
            )?;
            if changed == 0 {
                return Err(CatalogError::NotFound);
            }
            if !endpoint.enabled {
                let at = endpoint.modified_at.unwrap_or(endpoint.created_at);
                skip_waiting(transaction, endpoint.id, at)?;
            } else if !(endpoint.events).contains(&WebhookEventType::CustomerStateChanged) {
                forget_missed_states(transaction, endpoint.id)?;
            }
            follow_from(transaction, endpoint.organization, position)
        })
    }

    /// Deletes an endpoint and its secret; it is told nothing of what waits. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`], also when it is deleted already.
    pub fn delete_webhook_endpoint(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE webhook_endpoints SET deleted_at = :at, modified_at = :at, secret = '' \
                 WHERE id = :id AND organization = :organization AND deleted_at IS NULL",
                named_params! {
                    ":at": at.micros(),
                    ":id": id.as_bytes(),
                    ":organization": organization.as_bytes(),
                },
            )?;
            if changed == 0 {
                return Err(CatalogError::NotFound);
            }
            skip_waiting(transaction, id, at)?;
            drop_endpoint(transaction, id)
        })
    }

    /// An endpoint that is not deleted.
    pub fn webhook_endpoint(
        &self,
        organization: OrganizationId,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, CatalogError> {
        self.read(|connection| {
            let endpoint = read_endpoint(connection, id)?;
            Ok(endpoint.filter(|endpoint| endpoint.organization == organization))
        })
    }

    /// Endpoints of an organization that are not deleted, the newest first.
    pub fn webhook_endpoints(
        &self,
        organization: OrganizationId,
        page: Page,
    ) -> Result<Listed<WebhookEndpoint>, CatalogError> {
        let mut conditions = Conditions::new();
        conditions.and_with(
            "organization = :organization",
            ":organization",
            *organization.as_bytes(),
        );
        conditions.and("deleted_at IS NULL");
        let created_at = SortColumn {
            name: "created_at",
            nullable: false,
        };
        let list = List {
            table: "webhook_endpoints",
            columns: COLUMNS,
            conditions,
            sorting: vec![(created_at, Direction::Descending)],
        };
        self.read(|connection| list.read(connection, page, read_row))
    }

    /// All endpoints of all organizations that are not deleted, in the order in which they were made.
    pub fn all_webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM webhook_endpoints WHERE deleted_at IS NULL ORDER BY created_at, id"
            ))?;
            let rows = statement.query_map([], read_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// An endpoint that is not deleted, whoever asks.
pub(super) fn read_endpoint(
    connection: &Connection,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, CatalogError> {
    let sql =
        format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE id = ? AND deleted_at IS NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([id.as_bytes()], read_row).optional()?)
}

/// Drops the row of an endpoint that is deleted, unless there are events of it; deliveries have one.
pub(super) fn drop_endpoint(
    transaction: &Transaction<'_>,
    id: WebhookEndpointId,
) -> Result<(), CatalogError> {
    transaction.execute(
        "DELETE FROM webhook_endpoints WHERE id = ?1 AND deleted_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM webhook_events WHERE endpoint = ?1)",
        [id.as_bytes()],
    )?;
    Ok(())
}

/// Counts an attempt for or against its endpoint; says whether the endpoint was disabled by it.
pub(super) fn count_attempt(
    transaction: &Transaction<'_>,
    delivery: &WebhookDelivery,
    patience: Patience,
) -> Result<bool, CatalogError> {
    let id = delivery.event.endpoint;
    if delivery.succeeded {
        let mut statement = transaction.prepare_cached(
            "UPDATE webhook_endpoints SET failed_events = 0, failed_attempts = 0, failing_since = NULL \
             WHERE id = ? AND failed_attempts > 0",
        )?;
        statement.execute([id.as_bytes()])?;
        return Ok(false);
    }
    let at = delivery.created_at.micros();
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_endpoints SET failed_events = failed_events + :is_last, \
         failed_attempts = failed_attempts + 1, failing_since = ifnull(failing_since, :at) WHERE id = :id",
    )?;
    statement.execute(named_params! {
        ":is_last": delivery.event.succeeded.is_some(),
        ":at": at,
        ":id": id.as_bytes(),
    })?;
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_endpoints SET enabled = 0, modified_at = :at \
         WHERE id = :id AND enabled AND deleted_at IS NULL \
         AND (failed_events >= :events OR (failed_attempts >= :attempts AND failing_since <= :since))",
    )?;
    let changed = statement.execute(named_params! {
        ":at": at,
        ":id": id.as_bytes(),
        ":events": patience.events,
        ":attempts": patience.attempts,
        ":since": at.saturating_sub(patience.micros),
    })?;
    Ok(changed > 0)
}

/// Begins to follow the usage of an organization, unless it is followed already.
fn follow_from(
    transaction: &Transaction<'_>,
    organization: OrganizationId,
    position: Option<u32>,
) -> Result<(), CatalogError> {
    if let Some(ordinal) = position {
        transaction.execute(
            "INSERT INTO usage_positions (organization, ordinal) VALUES (:organization, :ordinal) \
             ON CONFLICT (organization) DO NOTHING",
            named_params! { ":organization": organization.as_bytes(), ":ordinal": ordinal },
        )?;
    }
    Ok(())
}

fn events_text(events: &[WebhookEventType]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    names.join(" ")
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<WebhookEndpoint> {
    Ok(WebhookEndpoint {
        id: WebhookEndpointId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        url: row.get(2)?,
        name: row.get(3)?,
        format: name(row, 4, WebhookFormat::from_name, "format of webhooks")?,
        secret: row.get(5)?,
        events: read_events(row, 6)?,
        enabled: row.get(7)?,
        created_at: timestamp(row, 8)?,
        modified_at: optional_timestamp(row, 9)?,
    })
}

fn read_events(row: &Row<'_>, index: usize) -> rusqlite::Result<Vec<WebhookEventType>> {
    let text = row.get_ref(index)?.as_str()?;
    let read = |name: &str| {
        WebhookEventType::from_name(name)
            .ok_or_else(|| unknown_name(index, name, "type of webhook events"))
    };
    text.split_ascii_whitespace().map(read).collect()
}
