//! Events.

use serde::{Deserialize, Serialize};

use crate::Metadata;

/// The body of an ingest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsIngest {
    /// In order; of repeated keys the first counts.
    pub events: Vec<EventCreate>,
}

/// An event to be ingested. One of `customer_id` and `external_customer_id` is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCreate {
    /// At most 128 characters.
    pub name: String,
    /// When it happened, ISO 8601 with an offset; unset: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The key that counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The external id or id of its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The customer, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The customer, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_customer_id: Option<String>,
    /// The customer's member, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<String>,
    /// The customer's member, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_member_id: Option<String>,
    /// What meters look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What became of the events of an ingest. All of them are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsIngestResponse {
    /// How many are new.
    pub inserted: u64,
    /// How many repeat a key.
    #[serde(default)]
    pub duplicates: u64,
}
