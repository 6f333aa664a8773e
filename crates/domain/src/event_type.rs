//! Event types: what an organization's user events of one name are called. SEMANTICS 9.10, 9.14, 10.2, 10.3.

use crate::id::{EventTypeId, OrganizationId};
use crate::time::Timestamp;

/// What events of a name are called, where a person has said so. Without, they are called by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLabel {
    /// 1 to 128 characters.
    pub label: String,
    /// The property of an event that it is called by instead, when it has text there: 1 to 256 characters, a path as in filters.
    pub property_selector: Option<String>,
    /// When it was said.
    pub modified_at: Timestamp,
}

/// The type of all user events of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// Made from organization and name.
    pub id: EventTypeId,
    /// Whose.
    pub organization: OrganizationId,
    /// The events' name.
    pub name: String,
    /// What a person has said of it.
    pub label: Option<EventLabel>,
    /// When the first event of the name was received.
    pub created_at: Timestamp,
}

impl EventType {
    /// What the events are called.
    pub fn label(&self) -> &str {
        self.label.as_ref().map_or(&self.name, |said| &said.label)
    }
}
