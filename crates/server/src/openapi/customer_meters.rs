//! Customer meters, what is credited to them, and where they begin anew.

use api::{CustomerMeter, CustomerMeterCredit, CustomerMeterReset, ListResource};

use http::StatusCode;
use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};
use super::parameter::{customers, ids, organizations, page, sorting};

/// A meter, in examples.
pub(super) const METER: &str = "5f0c9c0e-3d0a-4c53-9f6e-0c5a1b1b7c11";

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let orders = components.names(
        "CustomerMeterSortProperty",
        &[
            "created_at",
            "-created_at",
            "modified_at",
            "-modified_at",
            "customer_id",
            "-customer_id",
            "customer_name",
            "-customer_name",
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
    let row = components.reference::<CustomerMeter>();
    let list = Operation::get(
        "/v1/customer-meters/",
        "customer_meters:list",
        "List customer meters",
    )
    .query([organizations()])
    .query(customers())
    .query([ids("meter_id", "Only those of this meter.")])
    .query(page())
    .query([sorting(&orders, "-modified_at")])
    .ok(components.reference::<ListResource<CustomerMeter>>());
    let get = Operation::get(
        "/v1/customer-meters/{id}",
        "customer_meters:get",
        "Get a customer meter",
    )
    .ok(row.clone());
    let written = |operation: Operation| {
        operation.tagged("extensions").created(row.clone()).answers(
            StatusCode::OK,
            "It was there before. Nothing was written.",
            "application/json",
            Some(row.clone()),
        )
    };
    let credit = written(
        Operation::post(
            "/v1/customer-meters/credits",
            "customer_meters:credit",
            "Credit units to a customer",
        )
        .about(
            "Names its customer in one of two ways. With an `external_id`, a repeat does nothing.",
        ),
    )
    .body(components.reference::<CustomerMeterCredit>())
    .example(json!({"external_customer_id": "ada", "meter_id": METER, "units": 1000, "external_id": "gift-1"}));
    let reset = written(
        Operation::post(
            "/v1/customer-meters/resets",
            "customer_meters:reset",
            "Begin a customer meter anew",
        )
        .about("Consumed and credited units start at 0 again, as at the end of a billing period."),
    )
    .body(components.reference::<CustomerMeterReset>())
    .example(json!({"external_customer_id": "ada", "meter_id": METER, "external_id": "march"}));
    under("customer_meters", vec![list, get, credit, reset])
}
