//! What is not kept for ever.

use domain::{Timestamp, WebhookEndpointId};
use rusqlite::{OptionalExtension as _, params};

use super::endpoints::drop_endpoint;

use crate::{Catalog, CatalogError};

/// What waits for its first attempt at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingEvents {
    /// The endpoint.
    pub endpoint: WebhookEndpointId,
    /// How many events.
    pub count: u64,
    /// How many bytes there are of their payloads.
    pub bytes: u64,
}

impl Catalog {
    /// How much waits for its first attempt, by endpoint. Cost: a look at each event.
    pub fn waiting_webhook_events(&self) -> Result<Vec<WaitingEvents>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT endpoint, count(*), \
                 sum((SELECT bytes FROM webhook_payloads AS told WHERE told.id = webhook_events.payload)) \
                 FROM webhook_events WHERE next_attempt_at IS NOT NULL AND attempts = 0 GROUP BY endpoint",
            )?;
            let rows = statement.query_map([], |row| {
                let (count, bytes): (i64, Option<i64>) = (row.get(1)?, row.get(2)?);
                Ok(WaitingEvents {
                    endpoint: WebhookEndpointId::from_bytes(row.get(0)?),
                    count: count.cast_unsigned(),
                    bytes: bytes.unwrap_or(0).cast_unsigned(),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether so many events wait for their first attempt at an endpoint. Cost: a look at each of so many.
    pub fn are_webhook_events_waiting(
        &self,
        endpoint: WebhookEndpointId,
        count: u32,
    ) -> Result<bool, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM webhook_events \
                 WHERE endpoint = ? AND next_attempt_at IS NOT NULL AND attempts = 0 \
                 ORDER BY sequence LIMIT 1 OFFSET ?",
            )?;
            let last = count.saturating_sub(1);
            Ok(statement.exists(params![endpoint.as_bytes(), last])?)
        })
    }

    /// Drops of each endpoint's events and deliveries those before the newest `kept`, at most `limit` of each at once; an event that
    /// waits stays. Of endpoints that were deleted before a time it drops all, and at last the endpoint. Says whether there may be more.
    /// Durable when it returns.
    pub fn trim_webhooks(
        &self,
        kept: u32,
        deleted_before: Timestamp,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        let endpoints: Vec<([u8; 16], bool)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, 0 FROM webhook_endpoints WHERE deleted_at IS NULL \
                 UNION ALL SELECT id, 1 FROM webhook_endpoints WHERE deleted_at < ?",
            )?;
            let rows = statement.query_map([deleted_before.micros()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut more = false;
        for (endpoint, is_deleted) in endpoints {
            let kept = if is_deleted { 0 } else { kept };
            let many_deliveries = self.trim_deliveries(endpoint, kept, limit)?;
            let many_events = self.trim_events(endpoint, kept, limit)?;
            more |= many_deliveries || many_events;
            if is_deleted {
                let id = WebhookEndpointId::from_bytes(endpoint);
                self.write(|transaction| drop_endpoint(transaction, id))?;
            }
        }
        Ok(more)
    }

    fn trim_deliveries(
        &self,
        endpoint: [u8; 16],
        kept: u32,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        let sql = "SELECT created_at FROM webhook_deliveries WHERE endpoint = ? \
                   ORDER BY created_at DESC LIMIT 1 OFFSET ?";
        let Some(newest) = self.newest_to_drop(sql, endpoint, kept)? else {
            return Ok(false);
        };
        self.write(|transaction| {
            let dropped = transaction.execute(
                "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
                 WHERE endpoint = ? AND created_at <= ? ORDER BY created_at LIMIT ?)",
                params![endpoint, newest, limit],
            )?;
            Ok(dropped >= limit as usize)
        })
    }

    fn trim_events(&self, endpoint: [u8; 16], kept: u32, limit: u32) -> Result<bool, CatalogError> {
        let sql = "SELECT sequence FROM webhook_events WHERE endpoint = ? \
                   ORDER BY sequence DESC LIMIT 1 OFFSET ?";
        let Some(newest) = self.newest_to_drop(sql, endpoint, kept)? else {
            return Ok(false);
        };
        self.write(|transaction| {
            let some = "SELECT id FROM webhook_events WHERE endpoint = ?1 AND sequence <= ?2 \
                        AND next_attempt_at IS NULL ORDER BY sequence LIMIT ?3";
            let parameters = params![endpoint, newest, limit];
            let sql = format!("DELETE FROM webhook_deliveries WHERE event IN ({some})");
            transaction.execute(&sql, parameters)?;
            let sql = format!("DELETE FROM webhook_events WHERE id IN ({some})");
            Ok(transaction.execute(&sql, parameters)? >= limit as usize)
        })
    }

    /// What stands behind those that are kept.
    fn newest_to_drop(
        &self,
        sql: &str,
        endpoint: [u8; 16],
        kept: u32,
    ) -> Result<Option<i64>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(params![endpoint, kept], |row| row.get(0));
            Ok(found.optional()?)
        })
    }
}
