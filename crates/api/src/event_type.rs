//! Event types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::EventSource;
use crate::schema::{DateTime, Uuid4, texts};

/// The type of all user events of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventType {
    /// When the first event of the name was received.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it was last said what the events are called.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// The name of the events.
    pub name: String,
    /// What the events are called.
    pub label: String,
    /// The property that an event is called by instead, when it has text there.
    #[serde(default)]
    pub label_property_selector: Option<String>,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
}

/// What is known of the events of one name and source. System events have no type, so that what only a type has is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventTypeWithStats {
    /// The id of the type.
    #[serde(default)]
    #[schemars(with = "Option<Uuid4>")]
    pub id: Option<String>,
    /// When the first event of the name was received.
    #[serde(default)]
    #[schemars(with = "Option<DateTime>")]
    pub created_at: Option<String>,
    /// When it was last said what the events are called.
    #[serde(default)]
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// The name.
    pub name: String,
    /// What the events are called.
    pub label: String,
    /// The property that an event is called by instead, when it has text there.
    #[serde(default)]
    pub label_property_selector: Option<String>,
    /// Whose they are.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
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

/// What the events of a type are to be called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventTypeUpdate {
    /// At most 128 characters, and not white space alone.
    #[schemars(with = "Label")]
    pub label: String,
    /// A path into the metadata; an event that has text there is called by that. Unset: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<PropertySelector>")]
    pub label_property_selector: Option<String>,
}

texts! {
    /// What events are called.
    Label = {"type": "string", "minLength": 1, "maxLength": 128};
    /// A path into metadata.
    PropertySelector = {"type": "string", "minLength": 1, "maxLength": 256};
}
