//! Customers and their state.

use api::{Customer, CustomerCreate, CustomerState, CustomerUpdate, ListResource};
use http::StatusCode;
use serde_json::json;

use super::components::{Components, reference};
use super::operation::{Operation, under};
use super::parameter::{Parameter, boolean, metadata, organizations, page, plain, sorting, text};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut operations = vec![list(components), create(components), export()];
    operations.extend(by_id(components));
    operations.extend(by_external_id(components));
    under("customers", operations)
}

fn list(components: &mut Components) -> Operation {
    let orders = components.names(
        "CustomerSortProperty",
        &[
            "created_at",
            "-created_at",
            "email",
            "-email",
            "name",
            "-name",
        ],
    );
    let by_metadata = components.metadata_filter();
    Operation::get("/v1/customers/", "customers:list", "List customers")
        .query([
            organizations(),
            text("email", "Only the one with this address."),
            text(
                "query",
                "Only those with this in name, address or external id.",
            ),
            boolean(
                "active",
                "Only those with a subscription, or without. There are no subscriptions here.",
            ),
        ])
        .query(page())
        .query([sorting(&orders, "-created_at"), metadata(by_metadata)])
        .ok(components.reference::<ListResource<Customer>>())
}

fn create(components: &mut Components) -> Operation {
    Operation::post("/v1/customers/", "customers:create", "Make a customer")
        .about("Events that came before, under its external id, are its own at once.")
        .body(components.reference::<CustomerCreate>())
        .example(json!({"email": "ada@example.com", "name": "Ada", "external_id": "ada"}))
        .created(components.reference::<Customer>())
}

fn export() -> Operation {
    Operation::get(
        "/v1/customers/export",
        "customers:export",
        "Export customers",
    )
    .query([organizations()])
    .answers(
        StatusCode::OK,
        "A line for each customer.",
        "text/csv",
        Some(json!({"type": "string"})),
    )
}

fn by_id(components: &mut Components) -> Vec<Operation> {
    let customer = components.reference::<Customer>();
    let path = "/v1/customers/{id}";
    vec![
        Operation::get(path, "customers:get", "Get a customer").ok(customer.clone()),
        Operation::patch(path, "customers:update", "Change a customer")
            .body(components.reference::<CustomerUpdate>())
            .example(json!({"name": "Ada Lovelace"}))
            .ok(customer),
        Operation::delete(path, "customers:delete", "Delete a customer")
            .about("Its events stay.")
            .query([anonymize()])
            .no_content(),
        Operation::get(
            "/v1/customers/{id}/state",
            "customers:get_state",
            "Get the state of a customer",
        )
        .ok(components.reference::<CustomerState>()),
    ]
}

fn by_external_id(components: &mut Components) -> Vec<Operation> {
    let customer = components.reference::<Customer>();
    let path = "/v1/customers/external/{external_id}";
    vec![
        Operation::get(
            path,
            "customers:get_external",
            "Get a customer by external id",
        )
        .ok(customer.clone()),
        Operation::patch(
            path,
            "customers:update_external",
            "Change a customer by external id",
        )
        .body(reference("CustomerUpdateExternalID"))
        .example(json!({"name": "Ada Lovelace"}))
        .ok(customer),
        Operation::delete(
            path,
            "customers:delete_external",
            "Delete a customer by external id",
        )
        .about("Its events stay.")
        .query([anonymize()])
        .no_content(),
        Operation::get(
            "/v1/customers/external/{external_id}/state",
            "customers:get_state_external",
            "Get the state of a customer by external id",
        )
        .ok(components.reference::<CustomerState>()),
    ]
}

fn anonymize() -> Parameter {
    let description = "Take what tells who it was out of the row, too.";
    plain("anonymize", description, json!({"type": "boolean"})).by_default(json!(false))
}
