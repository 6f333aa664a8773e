//! Events.

use api::{CursorListResource, Event, EventName, EventsIngest, EventsIngestResponse, ListResource};
use serde_json::json;

use super::components::{Components, reference};
use super::operation::{Operation, under};
use super::parameter::{
    boolean, customers, metadata, one_or_many, optional, organizations, page, plain, sorting, text,
    texts, time, uuid,
};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let get = Operation::get("/v1/events/{id}", "events:get", "Get an event")
        .query([aggregate_fields()])
        .ok(components.reference::<Event>());
    let ingest = Operation::post("/v1/events/ingest", "events:ingest", "Ingest events")
        .about(
            "All of them or none. Once this answers, they are on disk and in every quantity. An event whose `external_id` is \
             known counts once, for ever; the answer says how many were.",
        )
        .body(components.reference::<EventsIngest>())
        .example(json!({"events": [{
            "name": "completion",
            "external_customer_id": "ada",
            "external_id": "completion-1",
            "metadata": {"tokens": 120, "model": "small"},
        }]}))
        .ok(components.reference::<EventsIngestResponse>());
    under(
        "events",
        vec![list(components), names(components), get, ingest],
    )
}

fn list(components: &mut Components) -> Operation {
    let orders = components.names("EventSortProperty", &["timestamp", "-timestamp"]);
    let by_metadata = components.metadata_filter();
    let pages = components.reference::<ListResource<Event>>();
    let cursor_pages = components.reference::<CursorListResource<Event>>();
    Operation::get("/v1/events/", "events:list", "List events")
        .query([
            text("filter", "Only those that this matches: JSON, as the filter of a meter."),
            optional("start_timestamp", "Only those after this time.", &time()),
            optional("end_timestamp", "Only those before this time.", &time()),
            organizations(),
        ])
        .query(customers())
        .query([
            optional("meter_id", "Only those that this meter counts.", &uuid()),
            texts("name", "Only those of this name."),
            one_or_many("source", "Only those of this source.", &reference("EventSource")),
            text(
                "query",
                "Only those with this text in name, metadata or customer; at least 3 characters. `organization_id` must be \
                 there too.",
            ),
            optional("parent_id", "Only those below this event.", &uuid()),
            optional(
                "depth",
                "Only those so many levels down: 0 is the first level.",
                &json!({"type": "integer", "minimum": 0, "maximum": 5}),
            ),
            optional(
                "event_type_id",
                "Only those of this type.",
                &uuid(),
            ),
            aggregate_fields(),
            boolean(
                "cursor_pagination",
                "Tell only whether there is a next page, not how many events there are.",
            ),
        ])
        .query(page())
        .query([sorting(&orders, "-timestamp"), metadata(by_metadata)])
        .ok(json!({"anyOf": [pages, cursor_pages]}))
}

fn names(components: &mut Components) -> Operation {
    let orders = components.names(
        "EventNamesSortProperty",
        &[
            "name",
            "-name",
            "occurrences",
            "-occurrences",
            "first_seen",
            "-first_seen",
            "last_seen",
            "-last_seen",
        ],
    );
    Operation::get(
        "/v1/events/names",
        "events:list_names",
        "List names of events",
    )
    .query([organizations()])
    .query(customers())
    .query([
        one_or_many(
            "source",
            "Only those of this source.",
            &reference("EventSource"),
        ),
        text("query", "Only those with this in them."),
    ])
    .query(page())
    .query([sorting(&orders, "-last_seen")])
    .ok(components.reference::<ListResource<EventName>>())
}

/// Checked in form; nothing is summed here.
fn aggregate_fields() -> super::parameter::Parameter {
    let field =
        json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9_.]+$"});
    plain(
        "aggregate_fields",
        "Taken for the sake of clients that send it. It has no effect.",
        json!({"type": "array", "items": field}),
    )
}
