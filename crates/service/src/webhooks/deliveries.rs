//! What was sent.

pub use catalog::DeliverySearch;
use domain::{OrganizationId, WebhookDelivery, WebhookEventId};

use crate::limits::DELIVERY_PAGE_BYTES_MAX;
use crate::{Error, Fault, Listed, Page, Service};

impl Service {
    /// Attempts to tell endpoints something, the newest first. Faults: [`Fault::PageTooLarge`].
    pub fn webhook_deliveries(
        &self,
        organization: OrganizationId,
        search: &DeliverySearch,
        page: Page,
    ) -> Result<Listed<WebhookDelivery>, Error> {
        self.catalog
            .webhook_deliveries(organization, search, page, DELIVERY_PAGE_BYTES_MAX)?
            .ok_or_else(|| Error::Invalid(vec![Fault::PageTooLarge]))
    }

    /// Sends an event again, as if for the first time, whatever became of it before. Nothing is sent to an endpoint that is
    /// disabled.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], also when its payload or its endpoint is gone.
    pub fn redeliver_webhook_event(
        &self,
        organization: OrganizationId,
        id: WebhookEventId,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock();
        let event = self.catalog.webhook_event(organization, id)?;
        let event = event.filter(|event| event.payload.is_some());
        let event = event.ok_or(Error::NotFound)?;
        let endpoint = self.webhook_endpoint(organization, event.endpoint)?;
        if endpoint.enabled {
            self.catalog
                .redeliver_webhook_event(organization, id, self.now())?;
        }
        Ok(())
    }
}
