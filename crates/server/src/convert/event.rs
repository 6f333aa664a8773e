//! Events as they are read.

use domain::system::{METER_CREDITED, METER_RESET};
use domain::{
    Event, Identity, Member, MetadataBuilder, MetadataRef, OrganizationId, Source, Value,
};
use service::{EventName, EventView, Listed, Page, Profile};

use super::{customer_to_api, metadata_to_api};

/// The cost of what happened, and the number in it.
const COST: &str = "_cost";
const AMOUNT: &str = "amount";

/// What is shown of the metadata of system events, by name (SEMANTICS 9.20); other keys are notes of the server's own.
const SHOWN: [(&str, &[&str]); 2] = [
    (METER_CREDITED, &["meter_id", "units", "rollover"]),
    (METER_RESET, &["meter_id"]),
];

/// An event. Cost: that of its metadata and of its customer's.
pub(crate) fn event_to_api(organization: OrganizationId, view: &EventView) -> api::Event {
    let event = view.event();
    let (customer_id, external_customer_id) = match event.identity {
        Identity::Customer(id) => (Some(id.to_string()), None),
        Identity::External(id) => (None, Some(id.to_owned())),
    };
    let (member_id, external_member_id) = match event.member {
        None => (None, None),
        Some(Member::Id(id)) => (Some(id.to_owned()), None),
        Some(Member::External(id)) => (None, Some(id.to_owned())),
    };
    api::Event {
        id: view.id.to_string(),
        timestamp: event.timestamp.to_iso(),
        organization_id: organization.to_string(),
        customer_id,
        customer: view.customer.as_ref().map(customer_of_event),
        external_customer_id,
        member_id,
        external_member_id,
        child_count: view.child_count,
        parent_id: view.parent.map(|parent| parent.to_string()),
        label: view.label.clone(),
        name: event.name.to_owned(),
        source: event.source.as_str().to_owned(),
        metadata: event_metadata_to_api(&event),
    }
}

/// A customer as events show it: as everywhere, but a deleted one without the external id that it had, as the reference does.
fn customer_of_event(profile: &Profile) -> api::Customer {
    api::Customer {
        external_id: profile.customer.external_id.clone(),
        ..customer_to_api(profile)
    }
}

/// A page of events, for a client that only asks whether the list goes on (SEMANTICS 9.17).
pub(crate) fn event_cursor_page_to_api(
    organization: OrganizationId,
    listed: &Listed<EventView>,
    page: Page,
) -> api::CursorListResource<api::Event> {
    let items = listed.items.iter();
    let through_this_page = u64::from(page.page) * u64::from(page.limit);
    api::CursorListResource {
        items: items.map(|view| event_to_api(organization, view)).collect(),
        pagination: api::CursorPagination {
            has_next_page: through_this_page < listed.total,
        },
    }
}

/// What is known of the events of one name and source.
pub(crate) fn event_name_to_api(name: &EventName) -> api::EventName {
    api::EventName {
        name: name.name.clone(),
        label: name.label.clone(),
        source: name.source.as_str().to_owned(),
        occurrences: name.occurrences,
        first_seen: name.first_seen.to_iso(),
        last_seen: name.last_seen.to_iso(),
    }
}

fn event_metadata_to_api(event: &Event<'_>) -> api::Metadata {
    let metadata = event.metadata;
    match event.source {
        Source::User => match metadata.get(COST) {
            Some(Value::Object(cost)) => metadata_to_api(with_cost(metadata, cost).as_ref()),
            _ => metadata_to_api(metadata),
        },
        Source::System => match SHOWN.iter().find(|(name, _)| *name == event.name) {
            Some((_, keys)) => metadata_to_api(only(metadata, keys).as_ref()),
            None => metadata_to_api(metadata),
        },
    }
}

/// The same metadata, the amount of its cost as text (SEMANTICS 9.9).
fn with_cost(metadata: MetadataRef<'_>, cost: MetadataRef<'_>) -> MetadataBuilder {
    let mut shown_cost = MetadataBuilder::new();
    for (key, value) in cost.iter() {
        match &value {
            Value::Number(amount, spelling) if key == AMOUNT => {
                shown_cost.text(key, &amount.to_text(*spelling));
            }
            _ => shown_cost.value(key, &value),
        }
    }
    let mut shown = MetadataBuilder::new();
    for (key, value) in metadata.iter() {
        if key == COST {
            shown.object(key, shown_cost.as_ref());
        } else {
            shown.value(key, &value);
        }
    }
    shown
}

/// These keys of metadata.
fn only(metadata: MetadataRef<'_>, keys: &[&str]) -> MetadataBuilder {
    let mut shown = MetadataBuilder::new();
    for (key, value) in metadata.iter().filter(|(key, _)| keys.contains(key)) {
        shown.value(key, &value);
    }
    shown
}

#[cfg(test)]
mod tests;
