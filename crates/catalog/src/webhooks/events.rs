//! What endpoints are told: the queue.

use domain::{
    OrganizationId, Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEndpointId, WebhookEvent,
    WebhookEventId, WebhookEventType,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params, params};

use super::deliveries::insert_delivery;
use super::endpoints::read_endpoint;
use crate::columns::{name, optional_timestamp, timestamp};
use crate::{Catalog, CatalogError};

const COLUMNS: &str = "id, organization, endpoint, kind, payload, succeeded, skipped, last_http_code, attempts, \
                       next_attempt_at, created_at, modified_at";

/// Whether an event waits for its first attempt, and for another one. As the indexes have it.
const IS_NEW: &str = "next_attempt_at IS NOT NULL AND attempts = 0";
const IS_TRIED: &str = "next_attempt_at IS NOT NULL AND attempts > 0";

impl Catalog {
    /// The endpoints that something is to be sent to now: an event's first attempt, or another that is due. Cost: a look-up for each
    /// endpoint for which something waits, however much.
    pub fn due_webhook_endpoints(
        &self,
        now: Timestamp,
    ) -> Result<Vec<WebhookEndpointId>, CatalogError> {
        self.read(|connection| {
            let mut due = Vec::new();
            for (condition, order) in [(IS_NEW, "sequence"), (IS_TRIED, "next_attempt_at")] {
                // From endpoint to endpoint, by the first that waits for each.
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT endpoint, attempts = 0 OR next_attempt_at <= :now FROM webhook_events \
                     WHERE {condition} AND endpoint > :after ORDER BY endpoint, {order} LIMIT 1"
                ))?;
                let mut after: Vec<u8> = Vec::new();
                loop {
                    let parameters = named_params! { ":now": now.micros(), ":after": after };
                    let found = statement
                        .query_row(parameters, |row| {
                            let id = WebhookEndpointId::from_bytes(row.get(0)?);
                            Ok((id, row.get::<_, bool>(1)?))
                        })
                        .optional()?;
                    let Some((endpoint, is_due)) = found else {
                        break;
                    };
                    if is_due {
                        due.push(endpoint);
                    }
                    after = endpoint.as_bytes().to_vec();
                }
            }
            due.sort_unstable();
            due.dedup();
            Ok(due)
        })
    }

    /// What is to be sent to an endpoint next; `None` when nothing is due. First attempts are made in the order in which the events
    /// were written; an attempt that was due before the next of these comes between.
    pub fn next_webhook_event(
        &self,
        endpoint: WebhookEndpointId,
        now: Timestamp,
    ) -> Result<Option<WebhookEvent>, CatalogError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM webhook_events WHERE {IS_NEW} AND endpoint = ? ORDER BY sequence LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let new = statement
                .query_row([endpoint.as_bytes()], read_row)
                .optional()?;
            let sql = format!(
                "SELECT {COLUMNS} FROM webhook_events WHERE {IS_TRIED} AND endpoint = ? AND next_attempt_at <= ? \
                 ORDER BY next_attempt_at, sequence LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let tried = statement
                .query_row(params![endpoint.as_bytes(), now.micros()], read_row)
                .optional()?;
            Ok(match (new, tried) {
                (Some(new), Some(tried)) if tried.next_attempt_at < new.next_attempt_at => {
                    Some(tried)
                }
                (Some(new), _) => Some(new),
                (None, tried) => tried,
            })
        })
    }

    /// Notes attempts, each with its event as it is after. An event that ends in failure counts against its endpoint, one that succeeds
    /// wipes that out; an endpoint with `failures_max` of them in a row is disabled, and is told nothing of what waits. All or nothing;
    /// durable when it returns. Gives the endpoints that were disabled, as they are after.
    pub fn note_deliveries(
        &self,
        deliveries: &[WebhookDelivery],
        failures_max: u32,
    ) -> Result<Vec<WebhookEndpoint>, CatalogError> {
        self.write(|transaction| {
            let mut disabled = Vec::new();
            for delivery in deliveries {
                insert_delivery(transaction, delivery)?;
                note_event(transaction, &delivery.event)?;
                if count_failure(transaction, &delivery.event, failures_max)? {
                    let at = delivery.created_at;
                    skip_waiting(transaction, delivery.event.endpoint, at)?;
                    disabled.extend(read_endpoint(transaction, delivery.event.endpoint)?);
                }
            }
            Ok(disabled)
        })
    }

    /// An event, with what became of it.
    pub fn webhook_event(
        &self,
        organization: OrganizationId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, CatalogError> {
        self.read(|connection| {
            let event = read_event(connection, id)?;
            Ok(event.filter(|event| event.organization == organization))
        })
    }

    /// Makes an event wait for a first attempt again. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`], also when its payload is gone.
    pub fn redeliver_webhook_event(
        &self,
        organization: OrganizationId,
        id: WebhookEventId,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE webhook_events SET attempts = 0, skipped = 0, next_attempt_at = :at, modified_at = :at \
                 WHERE id = :id AND organization = :organization AND payload IS NOT NULL",
                named_params! {
                    ":at": at.micros(),
                    ":id": id.as_bytes(),
                    ":organization": organization.as_bytes(),
                },
            )?;
            if changed == 0 { Err(CatalogError::NotFound) } else { Ok(()) }
        })
    }

    /// Tells an endpoint nothing of what waits for it. Durable when it returns.
    pub fn skip_webhook_events(
        &self,
        endpoint: WebhookEndpointId,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| skip_waiting(transaction, endpoint, at))
    }
}

/// Adds an event as part of a change.
pub(crate) fn insert_event(
    transaction: &Transaction<'_>,
    event: &WebhookEvent,
) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO webhook_events (id, organization, endpoint, kind, payload, succeeded, skipped, last_http_code, \
         attempts, next_attempt_at, created_at, modified_at) \
         VALUES (:id, :organization, :endpoint, :kind, :payload, :succeeded, :skipped, :last_http_code, \
         :attempts, :next_attempt_at, :created_at, :modified_at)",
    )?;
    statement.execute(named_params! {
        ":id": event.id.as_bytes(),
        ":organization": event.organization.as_bytes(),
        ":endpoint": event.endpoint.as_bytes(),
        ":kind": event.kind.as_str(),
        ":payload": event.payload,
        ":succeeded": event.succeeded,
        ":skipped": event.skipped,
        ":last_http_code": event.last_http_code,
        ":attempts": event.attempts,
        ":next_attempt_at": event.next_attempt_at.map(Timestamp::micros),
        ":created_at": event.created_at.micros(),
        ":modified_at": event.modified_at.map(Timestamp::micros),
    })?;
    Ok(())
}

/// Writes what an attempt made of an event. One that was skipped meanwhile waits no more; one of which somebody asked meanwhile that it
/// is delivered again from the start stays as that left it.
fn note_event(transaction: &Transaction<'_>, event: &WebhookEvent) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_events SET succeeded = :succeeded, last_http_code = :last_http_code, attempts = :attempts, \
         next_attempt_at = iif(skipped, NULL, :next_attempt_at), skipped = skipped AND :succeeded IS NOT TRUE, \
         modified_at = :modified_at WHERE id = :id AND attempts + 1 = :attempts",
    )?;
    statement.execute(named_params! {
        ":succeeded": event.succeeded,
        ":last_http_code": event.last_http_code,
        ":attempts": event.attempts,
        ":next_attempt_at": event.next_attempt_at.map(Timestamp::micros),
        ":modified_at": event.modified_at.map(Timestamp::micros),
        ":id": event.id.as_bytes(),
    })?;
    Ok(())
}

/// Counts an event that is done for or against its endpoint; says whether the endpoint was disabled by it.
fn count_failure(
    transaction: &Transaction<'_>,
    event: &WebhookEvent,
    failures_max: u32,
) -> Result<bool, CatalogError> {
    let Some(succeeded) = event.succeeded else {
        return Ok(false);
    };
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_endpoints SET failures = iif(:succeeded, 0, failures + 1) \
         WHERE id = :id AND (failures > 0 OR NOT :succeeded)",
    )?;
    statement.execute(named_params! {
        ":succeeded": succeeded,
        ":id": event.endpoint.as_bytes(),
    })?;
    if succeeded {
        return Ok(false);
    }
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_endpoints SET enabled = 0, modified_at = :at WHERE id = :id AND enabled AND failures >= :max",
    )?;
    let changed = statement.execute(named_params! {
        ":at": event.modified_at.unwrap_or(event.created_at).micros(),
        ":id": event.endpoint.as_bytes(),
        ":max": failures_max,
    })?;
    Ok(changed > 0)
}

/// Tells an endpoint nothing of what waits for it.
pub(super) fn skip_waiting(
    transaction: &Transaction<'_>,
    endpoint: WebhookEndpointId,
    at: Timestamp,
) -> Result<(), CatalogError> {
    for condition in [IS_NEW, IS_TRIED] {
        let mut statement = transaction.prepare_cached(&format!(
            "UPDATE webhook_events SET skipped = 1, next_attempt_at = NULL, modified_at = :at \
             WHERE endpoint = :endpoint AND {condition}"
        ))?;
        statement.execute(named_params! {
            ":at": at.micros(),
            ":endpoint": endpoint.as_bytes(),
        })?;
    }
    Ok(())
}

pub(super) fn read_event(
    connection: &Connection,
    id: WebhookEventId,
) -> Result<Option<WebhookEvent>, CatalogError> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_events WHERE id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([id.as_bytes()], read_row).optional()?)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<WebhookEvent> {
    Ok(WebhookEvent {
        id: WebhookEventId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        endpoint: WebhookEndpointId::from_bytes(row.get(2)?),
        kind: name(
            row,
            3,
            WebhookEventType::from_name,
            "type of webhook events",
        )?,
        payload: row.get(4)?,
        succeeded: row.get(5)?,
        skipped: row.get(6)?,
        last_http_code: row.get(7)?,
        attempts: row.get(8)?,
        next_attempt_at: optional_timestamp(row, 9)?,
        created_at: timestamp(row, 10)?,
        modified_at: optional_timestamp(row, 11)?,
    })
}
