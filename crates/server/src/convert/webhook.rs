//! Webhooks: endpoints, and what they were told.

use domain::{Timestamp, WebhookDelivery, WebhookEndpoint, WebhookEvent};

/// The version of the API in whose form endpoints are told of things (SEMANTICS 14.2).
pub(crate) const WEBHOOK_API_VERSION: &str = "2026-04";

/// An endpoint, with its secret.
pub(crate) fn webhook_endpoint_to_api(endpoint: &WebhookEndpoint) -> api::WebhookEndpoint {
    let events = endpoint.events.iter();
    api::WebhookEndpoint {
        created_at: endpoint.created_at.to_iso(),
        modified_at: endpoint.modified_at.map(Timestamp::to_iso),
        id: endpoint.id.to_string(),
        url: endpoint.url.clone(),
        name: endpoint.name.clone(),
        format: endpoint.format.as_str().to_owned(),
        secret: endpoint.secret.clone(),
        organization_id: endpoint.organization.to_string(),
        events: events.map(|event| event.as_str().to_owned()).collect(),
        enabled: endpoint.enabled,
        api_version: WEBHOOK_API_VERSION.to_owned(),
        uses_standard_webhook_signature: false,
    }
}

/// An attempt to tell an endpoint something. It never changes.
pub(crate) fn webhook_delivery_to_api(delivery: &WebhookDelivery) -> api::WebhookDelivery {
    api::WebhookDelivery {
        created_at: delivery.created_at.to_iso(),
        modified_at: None,
        id: delivery.id.to_string(),
        succeeded: delivery.succeeded,
        http_code: delivery.http_code,
        response: delivery.response.clone(),
        webhook_event: webhook_event_to_api(&delivery.event),
    }
}

fn webhook_event_to_api(event: &WebhookEvent) -> api::WebhookEvent {
    api::WebhookEvent {
        created_at: event.created_at.to_iso(),
        modified_at: event.modified_at.map(Timestamp::to_iso),
        id: event.id.to_string(),
        last_http_code: event.last_http_code,
        succeeded: event.succeeded,
        skipped: event.skipped,
        payload: event.payload.as_deref().map(str::to_owned),
        kind: event.kind.as_str().to_owned(),
        is_archived: event.payload.is_none(),
        api_version: WEBHOOK_API_VERSION.to_owned(),
    }
}
