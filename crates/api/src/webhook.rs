//! Webhooks: endpoints, what they were told, and what is sent to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{DateTime, HttpUrl, Uuid4, names, texts};
use crate::{BenefitGrant, BenefitGrantProperties};

/// Where an organization is told of things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookEndpoint {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// Where.
    pub url: String,
    /// What a person calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// `raw`, `discord` or `slack`.
    #[schemars(with = "WebhookFormat")]
    pub format: String,
    /// Signs what is sent.
    pub secret: String,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// Of which types it is told.
    #[schemars(with = "Vec<WebhookEventType>")]
    pub events: Vec<String>,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// In the form of which version of the API it is told: `2026-04`.
    #[serde(default)]
    pub api_version: String,
    /// Whether the secret is used decoded: no, its characters are the key.
    #[serde(default)]
    pub uses_standard_webhook_signature: bool,
}

/// An endpoint to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookEndpointCreate {
    /// At most 2,083 characters; `https`, and a host that is public, unless the server allows others.
    #[schemars(with = "HttpUrl")]
    pub url: String,
    /// What a person calls it; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WebhookEndpointName>")]
    pub name: Option<String>,
    /// `raw`, `discord` or `slack`.
    #[schemars(with = "WebhookFormat")]
    pub format: String,
    /// Of which types it is told.
    #[schemars(with = "Vec<WebhookEventType>")]
    pub events: Vec<String>,
    /// Signs what is sent; 32 to 256 characters. Unset: one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WebhookSecret>")]
    pub secret: Option<String>,
}

/// Changes to an endpoint; what is unset or null stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookEndpointUpdate {
    /// As when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HttpUrl>")]
    pub url: Option<String>,
    /// What a person calls it; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WebhookEndpointName>")]
    pub name: Option<String>,
    /// `raw`, `discord` or `slack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WebhookFormat>")]
    pub format: Option<String>,
    /// Of which types it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<WebhookEventType>>")]
    pub events: Option<Vec<String>>,
    /// Enabled after it was disabled, it starts anew; disabled, it is told nothing of what waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Signs what is sent; 32 to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WebhookSecret>")]
    pub secret: Option<String>,
}

/// Something that an endpoint is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookEvent {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id: `webhook-id` of every attempt.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// The status of the last answer.
    #[serde(default)]
    #[schemars(with = "Option<Status>")]
    pub last_http_code: Option<u16>,
    /// Whether the endpoint took it; unset while more attempts are to come, or none was made.
    #[serde(default)]
    pub succeeded: Option<bool>,
    /// Whether it is not sent because the endpoint was disabled.
    pub skipped: bool,
    /// The body; unset once it is too old to be kept.
    pub payload: Option<String>,
    /// Of what it tells.
    #[serde(rename = "type")]
    #[schemars(with = "WebhookEventType")]
    pub kind: String,
    /// Whether the body is too old to be kept.
    pub is_archived: bool,
    /// In the form of which version of the API the body is: `2026-04`.
    #[serde(default)]
    pub api_version: String,
}

/// An attempt to tell an endpoint something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookDelivery {
    /// When it was made.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// It does not change.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// Whether the endpoint took it: any status from 200 to 299.
    pub succeeded: bool,
    /// The status of the answer; unset when it came to none.
    #[schemars(with = "Option<Status>")]
    pub http_code: Option<u16>,
    /// What the endpoint answered, or why it came to no answer; at most 2,048 characters.
    pub response: Option<String>,
    /// What it was told.
    pub webhook_event: WebhookEvent,
}

/// What is sent to an endpoint of format `raw`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPayload<T> {
    /// Of what it tells.
    #[serde(rename = "type")]
    pub kind: String,
    /// When that happened.
    pub timestamp: String,
    /// In the form of which version of the API it is told: `2026-04`.
    pub api_version: String,
    /// What it happened to, as the API gives it.
    pub data: T,
}

/// What is sent of a grant: as the API gives it, and one more key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookBenefitGrant {
    /// The grant.
    #[serde(flatten)]
    pub grant: BenefitGrant,
    /// What the properties were before; not kept.
    pub previous_properties: Option<BenefitGrantProperties>,
}

texts! {
    /// A status of HTTP.
    Status = {"type": "integer"};
    /// What signs webhooks.
    WebhookSecret = {"type": "string", "minLength": 32, "maxLength": 256};
    /// What a person calls an endpoint.
    WebhookEndpointName = {"type": "string", "maxLength": 256};
}

names! {
    /// How what is told is written.
    WebhookFormat = ["raw", "discord", "slack"];
    /// Of what endpoints may be told. Those that are outside metering may be asked for, and never come.
    WebhookEventType = [
        "checkout.created", "checkout.updated", "checkout.expired",
        "customer.created", "customer.updated", "customer.deleted", "customer.state_changed",
        "customer_seat.assigned", "customer_seat.claimed", "customer_seat.revoked",
        "member.created", "member.updated", "member.deleted",
        "order.created", "order.updated", "order.paid", "order.refunded",
        "subscription.created", "subscription.updated", "subscription.active", "subscription.canceled",
        "subscription.uncanceled", "subscription.cycled", "subscription.revoked", "subscription.past_due",
        "subscription.paused", "subscription.resumed",
        "refund.created", "refund.updated",
        "product.created", "product.updated",
        "discount.created", "discount.updated", "discount.deleted",
        "benefit.created", "benefit.updated",
        "benefit_grant.created", "benefit_grant.cycled", "benefit_grant.updated", "benefit_grant.revoked",
        "organization.updated",
    ];
}
