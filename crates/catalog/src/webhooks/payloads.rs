//! What is sent: bodies, each once for all endpoints that are told it, and how much of them is kept.
//!
//! The schema's triggers keep two things true: what waits has a payload, and a payload has an event. So whoever drops a payload says
//! just that.

use domain::{CustomerId, OrganizationId, Timestamp, WebhookEvent};
use rusqlite::{OptionalExtension as _, Transaction, named_params, params};

use crate::{Catalog, CatalogError};

/// Bytes of payloads that are kept for one organization. The oldest of which nothing waits make room for new ones; where there are
/// none of these, new ones are not kept, and not sent.
pub(crate) const PAYLOAD_BYTES_MAX: i64 = if cfg!(test) { 64 << 10 } else { 256 << 20 };

/// To how many bytes they are brought now and then, so that room seldom has to be made while something is written.
const PAYLOAD_BYTES_WANTED: i64 = PAYLOAD_BYTES_MAX / 8 * 7;

/// How many of the oldest payloads are looked at, and dropped, at once while something is written.
const MAKE_ROOM_ROWS: u32 = 32;

/// Nothing waits to be sent with a payload.
const IS_DONE: &str = "NOT EXISTS (SELECT 1 FROM webhook_events AS told \
                       WHERE told.payload = webhook_payloads.id AND told.next_attempt_at IS NOT NULL)";

/// A payload that is in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload(i64);

impl Payload {
    pub(super) const fn row(self) -> i64 {
        self.0
    }
}

impl Catalog {
    /// Drops payloads that were made before a time, at most `limit` of them; what waits to be sent with them is sent no more. Says
    /// whether there may be more. Durable when it returns.
    pub fn drop_webhook_payloads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "DELETE FROM webhook_payloads WHERE id IN \
                 (SELECT id FROM webhook_payloads WHERE created_at < ? ORDER BY created_at LIMIT ?)",
            )?;
            let dropped = statement.execute(params![before.micros(), limit])?;
            Ok(dropped >= limit as usize)
        })
    }

    /// Drops the oldest payloads, at most `limit` of each organization, where there are so many bytes of them that there is hardly room
    /// for new ones; none with which something waits to be sent. Says whether there may be more. Durable when it returns. Cost: a look at
    /// each organization, and where there is hardly room at each payload before those that are dropped.
    pub fn trim_webhook_payloads(&self, limit: u32) -> Result<bool, CatalogError> {
        let sizes: Vec<([u8; 16], i64)> = self.read(|connection| {
            let sql = "SELECT organization, bytes FROM webhook_payload_sizes WHERE bytes > ?";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([PAYLOAD_BYTES_WANTED], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut more = false;
        for (organization, bytes) in sizes {
            more |= self.trim_payloads_of(organization, bytes - PAYLOAD_BYTES_WANTED, limit)?;
        }
        Ok(more)
    }

    fn trim_payloads_of(
        &self,
        organization: [u8; 16],
        excess: i64,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        let found: Vec<(i64, i64)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT id, bytes FROM webhook_payloads WHERE organization = ? AND {IS_DONE} ORDER BY id LIMIT ?"
            ))?;
            let rows = statement.query_map(params![organization, limit], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut left = excess;
        self.write(|transaction| {
            // Somebody may have asked for one again meanwhile.
            let sql = format!("DELETE FROM webhook_payloads WHERE id = ? AND {IS_DONE}");
            let mut statement = transaction.prepare_cached(&sql)?;
            for (id, bytes) in &found {
                if left <= 0 {
                    break;
                }
                statement.execute([id])?;
                left -= bytes;
            }
            Ok(())
        })?;
        Ok(left > 0 && found.len() >= limit as usize)
    }
}

/// Drops what was told of a customer, as part of a change.
pub(crate) fn forget_customer(
    transaction: &Transaction<'_>,
    customer: CustomerId,
) -> Result<(), CatalogError> {
    transaction.execute(
        "DELETE FROM webhook_payloads WHERE id IN \
         (SELECT payload FROM webhook_events WHERE customer = ? AND payload IS NOT NULL)",
        [customer.as_bytes()],
    )?;
    Ok(())
}

/// Adds an event's payload as part of a change, if there is room; `first`: the first that the same change added.
pub(super) fn insert_payload(
    transaction: &Transaction<'_>,
    event: &WebhookEvent,
    body: &str,
    first: Option<Payload>,
) -> Result<Option<Payload>, CatalogError> {
    let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
    if !make_room(transaction, event.organization, bytes, first)? {
        return Ok(None);
    }
    let mut statement = transaction.prepare_cached(
        "INSERT INTO webhook_payloads (organization, bytes, created_at, body) \
         VALUES (:organization, :bytes, :created_at, :body)",
    )?;
    let row = statement.insert(named_params! {
        ":organization": event.organization.as_bytes(),
        ":bytes": bytes,
        ":created_at": event.created_at.micros(),
        ":body": body,
    })?;
    Ok(Some(Payload(row)))
}

/// Says whether there is room for so many bytes more, for which it drops the oldest payloads before `first` with which nothing waits to be
/// sent. It gives up where there are only such among the very oldest.
fn make_room(
    transaction: &Transaction<'_>,
    organization: OrganizationId,
    bytes: i64,
    first: Option<Payload>,
) -> Result<bool, CatalogError> {
    let mut size = transaction
        .prepare_cached("SELECT bytes FROM webhook_payload_sizes WHERE organization = ?")?;
    let mut drop_some = transaction.prepare_cached(&format!(
        "DELETE FROM webhook_payloads WHERE {IS_DONE} AND id IN \
         (SELECT id FROM webhook_payloads WHERE organization = ? AND id < ? ORDER BY id LIMIT ?)"
    ))?;
    let before = first.map_or(i64::MAX, Payload::row);
    loop {
        let held: Option<i64> = size
            .query_row([organization.as_bytes()], |row| row.get(0))
            .optional()?;
        if held.unwrap_or(0).saturating_add(bytes) <= PAYLOAD_BYTES_MAX {
            return Ok(true);
        }
        let dropped =
            drop_some.execute(params![organization.as_bytes(), before, MAKE_ROOM_ROWS])?;
        if dropped == 0 {
            return Ok(false);
        }
    }
}
