//! Event types (SEMANTICS 10.2, 10.3).

use domain::{CustomerId, EventId, OrganizationId, Source};
use service::{Direction, EventNameOrder, EventTypeSearch, Page};

use super::events::{SOURCES, name_order};
use super::page::read_page;
use super::{Body, Query, read_body};
use crate::validate::{
    Checked, Faults, FieldError, Length, Node, Rule, any_text, boolean, one_of, text,
    trimmed_or_none, uuid,
};

const ORDERS: [&str; 10] = [
    "name",
    "-name",
    "label",
    "-label",
    "occurrences",
    "-occurrences",
    "first_seen",
    "-first_seen",
    "last_seen",
    "-last_seen",
];
const LABEL_LENGTH: Length = Length::between(1, 128);
const SELECTOR_LENGTH: Length = Length::between(1, 256);

/// What a list of event types asks for.
#[derive(Debug, Clone)]
pub(crate) struct EventTypeList {
    /// Which of them.
    pub(crate) search: EventTypeSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `GET /v1/event-types/`
pub(crate) fn event_type_list(query: &Query<'_>) -> Result<EventTypeList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<EventTypeList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let customers = query.ids("customer_id", faults);
    let part = query.optional("query", faults, any_text);
    let root_events = query.optional("root_events", faults, boolean);
    let parent = query.optional("parent_id", faults, uuid);
    let source = query.optional("source", faults, |node, faults| {
        one_of(node, &SOURCES, Source::as_str, faults)
    });
    Ok(EventTypeList {
        search: EventTypeSearch {
            customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
            external_customers: query.texts("external_customer_id"),
            query: part?,
            root_events: root_events?.unwrap_or(false),
            parent: parent?.map(EventId::from_uuid),
            source: source?,
            sorting: sorting?.into_iter().flatten().collect(),
        },
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
    })
}

/// A criterion. The label is one that has no effect (SEMANTICS 4.3).
#[expect(
    clippy::option_option,
    reason = "whether the name is known, and whether it has an effect"
)]
fn order(name: &str) -> Option<Option<(EventNameOrder, Direction)>> {
    match name {
        "label" | "-label" => Some(None),
        _ => name_order(name).map(Some),
    }
}

/// What the events of a type are to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewLabel {
    /// See [`domain::EventLabel::label`].
    pub(crate) label: String,
    /// See [`domain::EventLabel::property_selector`].
    pub(crate) property_selector: Option<String>,
}

/// `PATCH /v1/event-types/{id}`. A selector that is left out is none.
pub(crate) fn event_type_update(body: &Body<'_>) -> Result<NewLabel, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let label = model.required("label", faults, label);
        let selector = model.nullable("label_property_selector", faults, |node, faults| {
            text(node, SELECTOR_LENGTH, faults).map(trimmed_or_none)
        });
        Ok(NewLabel {
            label: label?,
            property_selector: selector?.flatten(),
        })
    })
}

/// The length is that of the text as it is sent, like the reference's.
fn label(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    let label = text(node, LABEL_LENGTH, faults)?;
    trimmed_or_none(label).ok_or_else(|| {
        let rule = Rule::Value("Label cannot be empty or only whitespace");
        node.refuse(rule, faults)
    })
}

#[cfg(test)]
mod tests;
