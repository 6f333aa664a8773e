//! What is not kept for ever.

use domain::{Timestamp, WebhookEndpointId};
use rusqlite::{OptionalExtension as _, params};

use crate::{Catalog, CatalogError};

impl Catalog {
    /// How many events wait for their first attempt, by endpoint. Cost: a look at each.
    pub fn waiting_webhook_events(&self) -> Result<Vec<(WebhookEndpointId, u64)>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT endpoint, count(*) FROM webhook_events \
                 WHERE next_attempt_at IS NOT NULL AND attempts = 0 GROUP BY endpoint",
            )?;
            let rows = statement.query_map([], |row| {
                let count: i64 = row.get(1)?;
                Ok((
                    WebhookEndpointId::from_bytes(row.get(0)?),
                    count.cast_unsigned(),
                ))
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

    /// Drops payloads of events that were made before a time, at most `limit` of them; such an event is sent no more. Says whether
    /// there may be more. Durable when it returns.
    pub fn drop_webhook_payloads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE webhook_events SET payload = NULL, next_attempt_at = NULL WHERE sequence IN \
                 (SELECT sequence FROM webhook_events WHERE payload IS NOT NULL AND created_at < ? \
                 ORDER BY created_at LIMIT ?)",
            )?;
            let dropped = statement.execute(params![before.micros(), limit])?;
            Ok(dropped >= limit as usize)
        })
    }

    /// Drops of each endpoint's events and deliveries those before the newest `kept`, at most `limit` of each at once; an event that
    /// waits stays. Says whether there may be more. Durable when it returns.
    pub fn trim_webhooks(&self, kept: u32, limit: u32) -> Result<bool, CatalogError> {
        let endpoints: Vec<[u8; 16]> = self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM webhook_endpoints")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut more = false;
        for endpoint in endpoints {
            more |= self.trim_deliveries(endpoint, kept, limit)?;
            more |= self.trim_events(endpoint, kept, limit)?;
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
