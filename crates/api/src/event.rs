//! Events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{
    BenefitType, DateTime, EventMetadataInput, EventMetadataOutput, Uuid4, names, texts,
};
use crate::{Customer, Metadata};

/// The body of an ingest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventsIngest {
    /// In order; of repeated keys the first counts.
    pub events: Vec<EventCreate>,
}

/// An event to be ingested. One of `customer_id` and `external_customer_id` is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventCreate {
    /// At most 128 characters.
    #[schemars(with = "EventNameText")]
    pub name: String,
    /// When it happened, ISO 8601 with an offset; unset: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime")]
    pub timestamp: Option<String>,
    /// The key that counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The external id or id of its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The customer, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Uuid4")]
    pub customer_id: Option<String>,
    /// The customer, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub external_customer_id: Option<String>,
    /// The customer's member, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub member_id: Option<String>,
    /// The customer's member, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_member_id: Option<String>,
    /// What meters look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventMetadataInput")]
    pub metadata: Option<Metadata>,
}

/// What became of the events of an ingest. All of them are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventsIngestResponse {
    /// How many are new.
    pub inserted: u64,
    /// How many repeat a key.
    #[serde(default)]
    pub duplicates: u64,
}

/// An event, of either source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it happened.
    #[schemars(with = "DateTime")]
    pub timestamp: String,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// The customer's id, when the event came under it.
    #[schemars(with = "Option<Uuid4>")]
    pub customer_id: Option<String>,
    /// The customer, under whichever id the event came.
    pub customer: Option<Customer>,
    /// The organization's own id for the customer, when the event came under it.
    pub external_customer_id: Option<String>,
    /// The customer's member, by id.
    #[serde(default)]
    #[schemars(with = "Option<Uuid4>")]
    pub member_id: Option<String>,
    /// The customer's member, by the organization's own id.
    #[serde(default)]
    pub external_member_id: Option<String>,
    /// How many events have it as their parent.
    #[serde(default)]
    pub child_count: u64,
    /// The id of its parent, once that has come.
    #[serde(default)]
    #[schemars(with = "Option<Uuid4>")]
    pub parent_id: Option<String>,
    /// What it is called.
    pub label: String,
    /// Its name.
    pub name: String,
    /// `user` or `system`.
    #[schemars(with = "EventSource")]
    pub source: String,
    /// What meters look at; `_cost.amount` as text.
    #[schemars(with = "EventMetadataOutput")]
    pub metadata: Metadata,
}

/// What is known of the events of one name and source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventName {
    /// The name.
    pub name: String,
    /// What they are called.
    pub label: String,
    /// `user` or `system`.
    #[schemars(with = "EventSource")]
    pub source: String,
    /// How many.
    pub occurrences: u64,
    /// The least timestamp.
    #[schemars(with = "DateTime")]
    pub first_seen: String,
    /// The greatest timestamp.
    #[schemars(with = "DateTime")]
    pub last_seen: String,
}

/// The metadata of `meter.credited`: a customer was credited units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterCreditedMetadata {
    /// Of which meter.
    pub meter_id: String,
    /// How many. Less than 0: they were taken back.
    pub units: i64,
    /// Whether what is left of them at a reset is credited again.
    pub rollover: bool,
}

/// The metadata of `meter.reset`: a customer meter began anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterResetMetadata {
    /// Of which meter.
    pub meter_id: String,
}

/// The metadata of `benefit.granted`, `benefit.cycled`, `benefit.updated` and `benefit.revoked`: a customer got a benefit, or it
/// changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenefitGrantMetadata {
    /// Which benefit.
    pub benefit_id: String,
    /// Its grant to this customer.
    pub benefit_grant_id: String,
    /// Of which kind it is.
    #[schemars(with = "BenefitType")]
    pub benefit_type: String,
    /// The customer's member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub member_id: Option<String>,
}

names! {
    /// Who writes the events: clients, or the server.
    EventSource = ["system", "user"];
}

texts! {
    /// The name of an event.
    EventNameText = {"type": "string", "maxLength": 128};
}
