//! Endpoints.

use domain::{
    OrganizationId, Timestamp, WebhookEndpoint, WebhookEndpointId, WebhookEventType, WebhookFormat,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use super::events::skip_waiting;
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
                 failures, created_at, modified_at) \
                 VALUES (:id, :organization, :url, :name, :format, :secret, :events, :enabled, 0, :created_at, \
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
                 events = :events, failures = iif(enabled < :enabled, 0, failures), enabled = :enabled, \
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
            }
            follow_from(transaction, endpoint.organization, position)
        })
    }

    /// Deletes an endpoint; it is told nothing of what waits. Durable when it returns.
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
                "UPDATE webhook_endpoints SET deleted_at = :at, modified_at = :at \
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
            skip_waiting(transaction, id, at)
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
