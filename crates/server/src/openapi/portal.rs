//! Customer sessions, and what a customer sees with one.

use api::{
    CustomerCustomerMeter, CustomerSession, CustomerSessionCreate, CustomerSessionExternalCreate,
    ListResource,
};
use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};
use super::parameter::{ids, page, sorting, text};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut operations = under("customer-sessions", vec![create(components)]);
    operations.extend(under("customer_portal", meters(components)));
    operations
}

fn create(components: &mut Components) -> Operation {
    let by_id = components.reference::<CustomerSessionCreate>();
    let by_external_id = components.reference::<CustomerSessionExternalCreate>();
    Operation::post(
        "/v1/customer-sessions/",
        "customer-sessions:create",
        "Make a customer session",
    )
    .about("The answer shows the token, this once.")
    .body(json!({"anyOf": [by_id, by_external_id]}))
    .example(json!({"external_customer_id": "ada"}))
    .created(components.reference::<CustomerSession>())
}

fn meters(components: &mut Components) -> Vec<Operation> {
    let orders = components.names(
        "CustomerCustomerMeterSortProperty",
        &[
            "created_at",
            "-created_at",
            "modified_at",
            "-modified_at",
            "meter_id",
            "-meter_id",
            "meter_name",
            "-meter_name",
            "consumed_units",
            "-consumed_units",
            "credited_units",
            "-credited_units",
            "balance",
            "-balance",
        ],
    );
    let list = Operation::get(
        "/v1/customer-portal/meters/",
        "customer_portal:customer_meters:list",
        "List one's own meters",
    )
    .tagged("customer_meters")
    .query([
        ids("meter_id", "Only this one."),
        text("query", "Only those with this in their name."),
    ])
    .query(page())
    .query([sorting(&orders, "-modified_at")])
    .ok(components.reference::<ListResource<CustomerCustomerMeter>>());
    let get = Operation::get(
        "/v1/customer-portal/meters/{id}",
        "customer_portal:customer_meters:get",
        "Get one of one's own meters",
    )
    .tagged("customer_meters")
    .ok(components.reference::<CustomerCustomerMeter>());
    vec![list, get]
}
