//! Webhooks: who is told of what, and what became of it. SEMANTICS 14.

use std::fmt;
use std::sync::Arc;

use crate::id::{CustomerId, DeliveryId, OrganizationId, WebhookEndpointId, WebhookEventId};
use crate::time::Timestamp;

/// Where an organization wants to be told of things.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// At most 2,083 characters.
    pub url: String,
    /// What a person calls it.
    pub name: Option<String>,
    /// How what is told is written.
    pub format: WebhookFormat,
    /// Signs what is sent; shown to the organization.
    pub secret: String,
    /// Of what it is told.
    pub events: WebhookEventTypes,
    /// Whether it is told of anything at all.
    pub enabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}

/// Without the secret.
impl fmt::Debug for WebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEndpoint")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("url", &self.url)
            .field("name", &self.name)
            .field("format", &self.format)
            .field("secret", &format_args!("(hidden)"))
            .field("events", &self.events)
            .field("enabled", &self.enabled)
            .field("created_at", &self.created_at)
            .field("modified_at", &self.modified_at)
            .finish()
    }
}

/// How what is told is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookFormat {
    /// JSON as in the API's answers.
    Raw,
    /// As a Discord message.
    Discord,
    /// As a Slack message.
    Slack,
}

impl WebhookFormat {
    /// All, in the order in which the contract lists them.
    pub const ALL: [WebhookFormat; 3] = [
        WebhookFormat::Raw,
        WebhookFormat::Discord,
        WebhookFormat::Slack,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            WebhookFormat::Raw => "raw",
            WebhookFormat::Discord => "discord",
            WebhookFormat::Slack => "slack",
        }
    }

    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

macro_rules! types {
    ($($variant:ident $name:literal,)*) => {
        /// Of what one may be told. Those that are outside metering may be asked for, and never come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each name says it")]
        pub enum WebhookEventType { $($variant,)* }

        impl WebhookEventType {
            /// All, in the order in which the contract lists them.
            pub const ALL: &'static [WebhookEventType] = &[$(WebhookEventType::$variant,)*];

            /// The names of all, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(WebhookEventType::$variant => $name,)* }
            }

            /// The type with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(WebhookEventType::$variant),)* _ => None }
            }
        }
    };
}

types! {
    CheckoutCreated "checkout.created",
    CheckoutUpdated "checkout.updated",
    CheckoutExpired "checkout.expired",
    CustomerCreated "customer.created",
    CustomerUpdated "customer.updated",
    CustomerDeleted "customer.deleted",
    CustomerStateChanged "customer.state_changed",
    CustomerSeatAssigned "customer_seat.assigned",
    CustomerSeatClaimed "customer_seat.claimed",
    CustomerSeatRevoked "customer_seat.revoked",
    MemberCreated "member.created",
    MemberUpdated "member.updated",
    MemberDeleted "member.deleted",
    OrderCreated "order.created",
    OrderUpdated "order.updated",
    OrderPaid "order.paid",
    OrderRefunded "order.refunded",
    SubscriptionCreated "subscription.created",
    SubscriptionUpdated "subscription.updated",
    SubscriptionActive "subscription.active",
    SubscriptionCanceled "subscription.canceled",
    SubscriptionUncanceled "subscription.uncanceled",
    SubscriptionCycled "subscription.cycled",
    SubscriptionRevoked "subscription.revoked",
    SubscriptionPastDue "subscription.past_due",
    SubscriptionPaused "subscription.paused",
    SubscriptionResumed "subscription.resumed",
    RefundCreated "refund.created",
    RefundUpdated "refund.updated",
    ProductCreated "product.created",
    ProductUpdated "product.updated",
    DiscountCreated "discount.created",
    DiscountUpdated "discount.updated",
    DiscountDeleted "discount.deleted",
    BenefitCreated "benefit.created",
    BenefitUpdated "benefit.updated",
    BenefitGrantCreated "benefit_grant.created",
    BenefitGrantCycled "benefit_grant.cycled",
    BenefitGrantUpdated "benefit_grant.updated",
    BenefitGrantRevoked "benefit_grant.revoked",
    OrganizationUpdated "organization.updated",
}

/// A set of types, in the order in which they were asked for.
pub type WebhookEventTypes = Vec<WebhookEventType>;

/// One thing that one endpoint is told, over as many attempts as it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// Its id: the same on every attempt.
    pub id: WebhookEventId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Who is told.
    pub endpoint: WebhookEndpointId,
    /// Of what.
    pub kind: WebhookEventType,
    /// Of which customer, if it is of one.
    pub customer: Option<CustomerId>,
    /// The body that is sent, the same in memory for all endpoints that are told it; `None` once it is not kept any more.
    pub payload: Option<Arc<str>>,
    /// Whether the last attempt succeeded; `None` while more are to come, or none was made.
    pub succeeded: Option<bool>,
    /// Whether it is not sent: its endpoint was disabled, there was no room for it, or its body went before it was sent.
    pub skipped: bool,
    /// What the last attempt was answered.
    pub last_http_code: Option<u16>,
    /// How many attempts were made, since somebody last asked for it.
    pub attempts: u32,
    /// How often somebody asked that it is delivered again, from the first attempt on.
    pub redeliveries: u32,
    /// When the next attempt is due; `None`: there is none.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}

/// One attempt to tell an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the endpoint took it: any answer from 200 to 299.
    pub succeeded: bool,
    /// What it was answered; `None`: it came to no answer.
    pub http_code: Option<u16>,
    /// What the endpoint said, or why it came to no answer; at most 2,048 characters.
    pub response: Option<String>,
    /// What it was told.
    pub event: WebhookEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_of_an_endpoint_does_not_tell_its_secret() {
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::from_bytes([1; 16]),
            organization: OrganizationId::from_bytes([2; 16]),
            url: "https://example.com/".to_owned(),
            name: None,
            format: WebhookFormat::Raw,
            secret: "whsec_known".to_owned(),
            events: Vec::new(),
            enabled: true,
            created_at: Timestamp::EPOCH,
            modified_at: None,
        };
        let shown = format!("{endpoint:?}");
        assert!(
            shown.contains("example.com") && !shown.contains("known"),
            "{shown}"
        );
    }
}
