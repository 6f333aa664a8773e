//! What endpoints are told: the queue.

use std::sync::Arc;

use domain::{
    CustomerId, OrganizationId, Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEndpointId,
    WebhookEvent, WebhookEventId, WebhookEventType, WebhookFormat,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params, params};

use super::deliveries::insert_delivery;
use super::endpoints::{count_attempt, read_endpoint};
use super::payloads::{Payload, insert_payload};
use super::states::forget_missed_states;
use crate::columns::{name, optional_timestamp, timestamp};
use crate::{Catalog, CatalogError};

const COLUMNS: &str = "id, organization, endpoint, kind, customer, \
                       (SELECT body FROM webhook_payloads AS told WHERE told.id = webhook_events.payload), \
                       succeeded, skipped, last_http_code, attempts, redeliveries, next_attempt_at, created_at, \
                       modified_at";

/// Whether an event waits for its first attempt, and for another one. As the indexes have it.
const IS_NEW: &str = "next_attempt_at IS NOT NULL AND attempts = 0";
const IS_TRIED: &str = "next_attempt_at IS NOT NULL AND attempts > 0";

/// Which is sent, when an event's first attempt and another one's next are both due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The first attempt.
    First,
    /// The other one.
    Repeated,
}

/// How much an endpoint may fail, with no success between, before it is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// So many events, each with all its attempts.
    pub events: u32,
    /// Or so many attempts,
    pub attempts: u32,
    /// over at least so many microseconds.
    pub micros: i64,
}

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
    /// were written, other ones in that in which they are due.
    pub fn next_webhook_event(
        &self,
        endpoint: WebhookEndpointId,
        now: Timestamp,
        turn: Turn,
    ) -> Result<Option<WebhookEvent>, CatalogError> {
        let first = |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM webhook_events WHERE {IS_NEW} AND endpoint = ? ORDER BY sequence LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row([endpoint.as_bytes()], read_row);
            found.optional()
        };
        let repeated = |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM webhook_events WHERE {IS_TRIED} AND endpoint = ? AND next_attempt_at <= ? \
                 ORDER BY next_attempt_at, sequence LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row(params![endpoint.as_bytes(), now.micros()], read_row);
            found.optional()
        };
        self.read(|connection| {
            let found = match turn {
                Turn::First => first(connection)?,
                Turn::Repeated => repeated(connection)?,
            };
            Ok(match (found, turn) {
                (Some(found), _) => Some(found),
                (None, Turn::First) => repeated(connection)?,
                (None, Turn::Repeated) => first(connection)?,
            })
        })
    }

    /// Notes attempts, each with its event as it is after; that of an event that is gone, together with it. An attempt that fails counts
    /// against its endpoint, one that succeeds wipes that out; an endpoint that fails beyond what `patience` allows is disabled, and is
    /// told nothing of what waits. All or nothing; durable when it returns. Gives the endpoints that were disabled, as they are after.
    pub fn note_deliveries(
        &self,
        deliveries: &[WebhookDelivery],
        patience: Patience,
    ) -> Result<Vec<WebhookEndpoint>, CatalogError> {
        self.write(|transaction| {
            let mut disabled = Vec::new();
            for delivery in deliveries {
                insert_delivery(transaction, delivery)?;
                note_event(transaction, &delivery.event)?;
                if count_attempt(transaction, delivery, patience)? {
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
                "UPDATE webhook_events SET attempts = 0, skipped = 0, redeliveries = redeliveries + 1, \
                 next_attempt_at = :at, modified_at = :at \
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

    /// Sends an event no more. Durable when it returns.
    pub fn skip_webhook_event(
        &self,
        id: WebhookEventId,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE webhook_events SET skipped = 1, next_attempt_at = NULL, modified_at = ? WHERE id = ?",
                params![at.micros(), id.as_bytes()],
            )?;
            Ok(())
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

/// Adds events as part of a change. Those that share a payload in memory share it in the file; one for which there is no room is
/// skipped, and one to an endpoint that is deleted is not written.
pub(crate) fn insert_events(
    transaction: &Transaction<'_>,
    events: &[WebhookEvent],
) -> Result<(), CatalogError> {
    let mut is_told = transaction
        .prepare_cached("SELECT 1 FROM webhook_endpoints WHERE id = ? AND deleted_at IS NULL")?;
    let mut written: Vec<(&Arc<str>, Option<Payload>)> = Vec::new();
    for event in events {
        if !is_told.exists([event.endpoint.as_bytes()])? {
            continue;
        }
        let payload = match &event.payload {
            None => None,
            Some(body) => {
                // One thing is told in each format once, to all endpoints behind each other.
                let mut last = written.iter().rev().take(WebhookFormat::ALL.len());
                if let Some((_, known)) = last.find(|(known, _)| Arc::ptr_eq(known, body)) {
                    *known
                } else {
                    let first = written.iter().find_map(|(_, payload)| *payload);
                    let payload = insert_payload(transaction, event, body, first)?;
                    written.push((body, payload));
                    payload
                }
            }
        };
        insert_event(transaction, event, payload)?;
    }
    Ok(())
}

fn insert_event(
    transaction: &Transaction<'_>,
    event: &WebhookEvent,
    payload: Option<Payload>,
) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO webhook_events (id, organization, endpoint, kind, customer, payload, succeeded, skipped, \
         last_http_code, attempts, redeliveries, next_attempt_at, created_at, modified_at) \
         VALUES (:id, :organization, :endpoint, :kind, :customer, :payload, :succeeded, :skipped, \
         :last_http_code, :attempts, :redeliveries, :next_attempt_at, :created_at, :modified_at)",
    )?;
    let next_attempt_at = event.next_attempt_at.filter(|_| payload.is_some());
    let is_cut = event.next_attempt_at.is_some() && payload.is_none();
    statement.execute(named_params! {
        ":id": event.id.as_bytes(),
        ":organization": event.organization.as_bytes(),
        ":endpoint": event.endpoint.as_bytes(),
        ":kind": event.kind.as_str(),
        ":customer": event.customer.as_ref().map(CustomerId::as_bytes),
        ":payload": payload.map(Payload::row),
        ":succeeded": event.succeeded,
        ":skipped": event.skipped || is_cut,
        ":last_http_code": event.last_http_code,
        ":attempts": event.attempts,
        ":redeliveries": event.redeliveries,
        ":next_attempt_at": next_attempt_at.map(Timestamp::micros),
        ":created_at": event.created_at.micros(),
        ":modified_at": event.modified_at.map(Timestamp::micros),
    })?;
    Ok(())
}

/// Writes what an attempt made of an event. One that was skipped meanwhile, or whose payload went, waits no more; one of which somebody
/// asked meanwhile that it is delivered again from the start stays as that left it.
fn note_event(transaction: &Transaction<'_>, event: &WebhookEvent) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "UPDATE webhook_events SET succeeded = :succeeded, last_http_code = :last_http_code, attempts = :attempts, \
         next_attempt_at = iif(skipped OR payload IS NULL, NULL, :next_attempt_at), \
         skipped = skipped AND :succeeded IS NOT TRUE, modified_at = :modified_at \
         WHERE id = :id AND redeliveries = :redeliveries AND attempts + 1 = :attempts",
    )?;
    statement.execute(named_params! {
        ":succeeded": event.succeeded,
        ":last_http_code": event.last_http_code,
        ":attempts": event.attempts,
        ":redeliveries": event.redeliveries,
        ":next_attempt_at": event.next_attempt_at.map(Timestamp::micros),
        ":modified_at": event.modified_at.map(Timestamp::micros),
        ":id": event.id.as_bytes(),
    })?;
    Ok(())
}

/// Tells an endpoint nothing of what waits for it, nor of the states that it missed.
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
    forget_missed_states(transaction, endpoint)
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
        customer: row
            .get::<_, Option<[u8; 16]>>(4)?
            .map(CustomerId::from_bytes),
        payload: row.get(5)?,
        succeeded: row.get(6)?,
        skipped: row.get(7)?,
        last_http_code: row.get(8)?,
        attempts: row.get(9)?,
        redeliveries: row.get(10)?,
        next_attempt_at: optional_timestamp(row, 11)?,
        created_at: timestamp(row, 12)?,
        modified_at: optional_timestamp(row, 13)?,
    })
}
