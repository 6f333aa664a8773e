//! Webhooks: endpoints, what they were told, and what is sent to them.

use api::{
    ListResource, WebhookDelivery, WebhookEndpoint, WebhookEndpointCreate, WebhookEndpointUpdate,
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::components::{Components, reference};
use super::operation::{Operation, under};
use super::parameter::{
    Parameter, boolean, ids, one_or_many, optional, organizations, page, text, time,
};

/// What is sent on what occasion: its name, the schema of all of it and of its `data`.
pub(super) const PAYLOADS: [(&str, &str, &str); 10] = [
    (
        "customer.created",
        "WebhookCustomerCreatedPayload",
        "Customer",
    ),
    (
        "customer.updated",
        "WebhookCustomerUpdatedPayload",
        "Customer",
    ),
    (
        "customer.deleted",
        "WebhookCustomerDeletedPayload",
        "Customer",
    ),
    (
        "customer.state_changed",
        "WebhookCustomerStateChangedPayload",
        "CustomerState",
    ),
    ("benefit.created", "WebhookBenefitCreatedPayload", "Benefit"),
    ("benefit.updated", "WebhookBenefitUpdatedPayload", "Benefit"),
    (
        "benefit_grant.created",
        "WebhookBenefitGrantCreatedPayload",
        "BenefitGrantWebhook",
    ),
    (
        "benefit_grant.cycled",
        "WebhookBenefitGrantCycledPayload",
        "BenefitGrantWebhook",
    ),
    (
        "benefit_grant.updated",
        "WebhookBenefitGrantUpdatedPayload",
        "BenefitGrantWebhook",
    ),
    (
        "benefit_grant.revoked",
        "WebhookBenefitGrantRevokedPayload",
        "BenefitGrantWebhook",
    ),
];

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut operations = endpoints(components);
    operations.push(
        Operation::get(
            "/v1/webhooks/deliveries",
            "webhooks:list_webhook_deliveries",
            "List deliveries",
        )
        .query(of_deliveries())
        .query(page())
        .ok(components.reference::<ListResource<WebhookDelivery>>()),
    );
    operations.push(
        Operation::post(
            "/v1/webhooks/events/{id}/redeliver",
            "webhooks:redeliver_webhook_event",
            "Deliver an event again",
        )
        .answers(
            StatusCode::ACCEPTED,
            "It will be sent.",
            "application/json",
            Some(json!({})),
        ),
    );
    under("webhooks", operations)
}

fn endpoints(components: &mut Components) -> Vec<Operation> {
    let endpoint = components.reference::<WebhookEndpoint>();
    let path = "/v1/webhooks/endpoints";
    let list = Operation::get(path, "webhooks:list_webhook_endpoints", "List endpoints")
        .query([organizations()])
        .query(page())
        .ok(components.reference::<ListResource<WebhookEndpoint>>());
    let create = Operation::post(path, "webhooks:create_webhook_endpoint", "Make an endpoint")
        .about("What is sent to it is signed with its secret, as Standard Webhooks has it.")
        .body(components.reference::<WebhookEndpointCreate>())
        .example(json!({
            "url": "https://example.com/webhooks",
            "format": "raw",
            "events": ["customer.state_changed", "benefit_grant.created"],
        }))
        .created(endpoint.clone());
    let path = "/v1/webhooks/endpoints/{id}";
    let get = Operation::get(path, "webhooks:get_webhook_endpoint", "Get an endpoint")
        .ok(endpoint.clone());
    let update = Operation::patch(
        path,
        "webhooks:update_webhook_endpoint",
        "Change an endpoint",
    )
    .body(components.reference::<WebhookEndpointUpdate>())
    .example(json!({"enabled": true}))
    .ok(endpoint.clone());
    let delete = Operation::delete(
        path,
        "webhooks:delete_webhook_endpoint",
        "Delete an endpoint",
    )
    .no_content();
    let secret = Operation::patch(
        "/v1/webhooks/endpoints/{id}/secret",
        "webhooks:reset_webhook_endpoint_secret",
        "Give an endpoint a new secret",
    )
    .ok(endpoint);
    vec![list, create, get, update, delete, secret]
}

fn of_deliveries() -> [Parameter; 7] {
    let classes = json!({"type": "string", "enum": ["2xx", "3xx", "4xx", "5xx"]});
    [
        ids("endpoint_id", "Only those to this endpoint."),
        optional("start_timestamp", "Only those after this time.", &time()),
        optional("end_timestamp", "Only those before this time.", &time()),
        boolean("succeeded", "Only those that arrived, or did not."),
        text("query", "Only those with this in them."),
        optional(
            "http_code_class",
            "Only those answered with such a status.",
            &classes,
        ),
        one_or_many(
            "event_type",
            "Only those on this occasion.",
            &reference("WebhookEventType"),
        ),
    ]
}

/// What is sent to endpoints, as the document's `webhooks`.
pub(super) fn sent() -> Value {
    let sent: Map<String, Value> = PAYLOADS
        .into_iter()
        .map(|(name, payload, _)| {
            let content = json!({"application/json": {"schema": reference(payload)}});
            let post = json!({
                "tags": ["webhooks"],
                "summary": name,
                "operationId": format!("webhook:{name}"),
                "security": [],
                "requestBody": {"required": true, "content": content},
                "responses": {"2XX": {"description": "Any of these says that it has arrived."}},
            });
            (name.to_owned(), json!({"post": post}))
        })
        .collect();
    Value::Object(sent)
}
