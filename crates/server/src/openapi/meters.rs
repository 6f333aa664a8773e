//! Meters.

use api::{ListResource, Meter, MeterCreate, MeterQuantities, MeterUpdate};
use domain::{Interval, Zone};
use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};
use super::parameter::{
    boolean, ids, metadata, optional, organizations, page, plain, sorting, text, texts, time,
};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let orders = ["created_at", "-created_at", "name", "-name"];
    let orders = components.names("MeterSortProperty", &orders);
    let by_metadata = components.metadata_filter();
    let list = Operation::get("/v1/meters/", "meters:list", "List meters")
        .query([
            organizations(),
            text("query", "Only those with this in their name."),
            boolean("is_archived", "Only archived ones, or only others."),
        ])
        .query(page())
        .query([sorting(&orders, "name"), metadata(by_metadata)])
        .ok(components.reference::<ListResource<Meter>>());
    let create = Operation::post("/v1/meters/", "meters:create", "Make a meter")
        .about("It counts all events that match, those that came before it too.")
        .body(components.reference::<MeterCreate>())
        .example(json!({
            "name": "Tokens",
            "filter": {
                "conjunction": "and",
                "clauses": [{"property": "name", "operator": "eq", "value": "completion"}],
            },
            "aggregation": {"func": "sum", "property": "tokens"},
        }))
        .created(components.reference::<Meter>());
    let get = Operation::get("/v1/meters/{id}", "meters:get", "Get a meter")
        .ok(components.reference::<Meter>());
    let update = Operation::patch("/v1/meters/{id}", "meters:update", "Change a meter")
        .about("Filter and aggregation can be changed until an event matches.")
        .body(components.reference::<MeterUpdate>())
        .example(json!({"name": "Tokens of completions"}))
        .ok(components.reference::<Meter>());
    under(
        "meters",
        vec![list, create, get, update, quantities(components)],
    )
}

fn quantities(components: &mut Components) -> Operation {
    let intervals = Interval::ALL.map(Interval::name);
    let intervals = components.names("TimeInterval", &intervals);
    let functions = ["count", "sum", "max", "min", "avg", "unique"];
    let functions = components.names("AggregationFunction", &functions);
    let by_metadata = components.metadata_filter();
    let zones: Vec<&str> = Zone::names().collect();
    let zones = json!({"type": "string", "minLength": 1, "enum": zones});
    Operation::get(
        "/v1/meters/{id}/quantities",
        "meters:quantities",
        "Get quantities of a meter",
    )
    .about(
        "One quantity for each interval between start and end, both included, and one for all of them. Every acknowledged \
         event is in them, and all digits are exact.",
    )
    .query([
        plain("start_timestamp", "Where the series starts.", time()).required(),
        plain("end_timestamp", "Where it ends.", time()).required(),
        plain("interval", "How long each step of it is.", intervals).required(),
        plain("timezone", "In whose days, weeks, months and years.", zones).by_default(json!("UTC")),
        ids("customer_id", "Only events of this customer."),
        texts(
            "external_customer_id",
            "Only events of this customer, by the organization's own id.",
        ),
        optional(
            "customer_aggregation_function",
            "The quantities of each customer first, and this over them. Without it, all events count together.",
            &functions,
        ),
        metadata(by_metadata),
    ])
    .ok(components.reference::<MeterQuantities>())
}
