//! Event types.

use domain::{EventLabel, EventType, OrganizationId};
use service::EventTypeStats;

/// An event type.
pub(crate) fn event_type_to_api(event_type: &EventType) -> api::EventType {
    let Said {
        modified_at,
        label_property_selector,
    } = said(event_type.label.as_ref());
    api::EventType {
        created_at: event_type.created_at.to_iso(),
        modified_at,
        id: event_type.id.to_string(),
        name: event_type.name.clone(),
        label: event_type.label().to_owned(),
        label_property_selector,
        organization_id: event_type.organization.to_string(),
    }
}

/// What is known of an organization's events of one name and source.
pub(crate) fn event_type_stats_to_api(
    organization: OrganizationId,
    stats: &EventTypeStats,
) -> api::EventTypeWithStats {
    let event_type = stats.event_type.as_ref();
    let Said {
        modified_at,
        label_property_selector,
    } = said(event_type.and_then(|event_type| event_type.label.as_ref()));
    api::EventTypeWithStats {
        id: event_type.map(|event_type| event_type.id.to_string()),
        created_at: event_type.map(|event_type| event_type.created_at.to_iso()),
        modified_at,
        name: stats.name.clone(),
        label: stats.label.clone(),
        label_property_selector,
        organization_id: organization.to_string(),
        source: stats.source.as_str().to_owned(),
        occurrences: stats.occurrences,
        first_seen: stats.first_seen.to_iso(),
        last_seen: stats.last_seen.to_iso(),
    }
}

/// What is shown of a label beside its text.
#[derive(Default)]
struct Said {
    modified_at: Option<String>,
    label_property_selector: Option<String>,
}

fn said(label: Option<&EventLabel>) -> Said {
    label.map_or_else(Said::default, |label| Said {
        modified_at: Some(label.modified_at.to_iso()),
        label_property_selector: label.property_selector.clone(),
    })
}
