//! Event types.

use api::{EventType, EventTypeUpdate, EventTypeWithStats, ListResource};
use serde_json::json;

use super::components::{Components, reference};
use super::operation::{Operation, under};
use super::parameter::{customers, optional, organizations, page, plain, sorting, text};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let orders = components.names(
        "EventTypesSortProperty",
        &[
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
        ],
    );
    let list = Operation::get("/v1/event-types/", "event-types:list", "List event types")
        .query([organizations()])
        .query(customers())
        .query([
            text("query", "Only those with this in name or label."),
            plain(
                "root_events",
                "Only those that have events without a parent.",
                json!({"type": "boolean"}),
            )
            .by_default(json!(false)),
            optional(
                "parent_id",
                "Only those that have events below this one.",
                &json!({"type": "string", "format": "uuid"}),
            ),
            optional(
                "source",
                "Only those of this source.",
                &reference("EventSource"),
            ),
        ])
        .query(page())
        .query([sorting(&orders, "-last_seen")])
        .ok(components.reference::<ListResource<EventTypeWithStats>>());
    let update = Operation::patch(
        "/v1/event-types/{id}",
        "event-types:update",
        "Change an event type",
    )
    .about("Says what events of the name are called, or which of their properties says it.")
    .body(components.reference::<EventTypeUpdate>())
    .example(json!({"label": "Completion", "label_property_selector": "model"}))
    .ok(components.reference::<EventType>());
    under("event-types", vec![list, update])
}
