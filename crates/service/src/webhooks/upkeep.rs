//! What is not kept for ever, and what is not taken on for ever.

use super::{Round, Step, later};
use crate::limits::{
    WEBHOOK_BYTES_WAITING_MAX, WEBHOOK_EVENTS_KEPT_MAX, WEBHOOK_EVENTS_WAITING_MAX,
    WEBHOOK_PAYLOAD_KEPT_MICROS, WEBHOOK_ROWS_DROPPED_AT_ONCE,
};
use crate::{Error, Service};

impl Service {
    /// Drops old payloads and what is beyond the number that is kept, a bounded number at once, and finds the endpoints for which too
    /// much waits. To be called every minute or so, and again at once while there is more.
    pub fn tidy_webhooks(&self) -> Result<Round, Error> {
        let waiting = self.catalog.waiting_webhook_events()?.into_iter();
        let full = waiting.filter(|waiting| {
            waiting.count >= WEBHOOK_EVENTS_WAITING_MAX
                || waiting.bytes >= WEBHOOK_BYTES_WAITING_MAX
        });
        let full = full.map(|waiting| waiting.endpoint).collect();
        self.webhooks.endpoints.write().set_full(full);
        let before = later(self.now(), -WEBHOOK_PAYLOAD_KEPT_MICROS);
        let at_once = WEBHOOK_ROWS_DROPPED_AT_ONCE;
        let old = self.catalog.drop_webhook_payloads(before, at_once)?;
        let large = self.catalog.trim_webhook_payloads(at_once)?;
        let many = self
            .catalog
            .trim_webhooks(WEBHOOK_EVENTS_KEPT_MAX, before, at_once)?;
        Ok(Round::from(Step::more(old || large || many)))
    }
}
