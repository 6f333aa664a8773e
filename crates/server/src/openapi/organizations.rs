//! Organizations.

use api::{ListResource, Organization, OrganizationCreate, OrganizationUpdate};

use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};
use super::parameter::{page, sorting, text};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let orders = components.names(
        "OrganizationSortProperty",
        &[
            "created_at",
            "-created_at",
            "slug",
            "-slug",
            "name",
            "-name",
            "next_review_threshold",
            "-next_review_threshold",
            "days_in_status",
            "-days_in_status",
        ],
    );
    let organization = components.reference::<Organization>();
    let list = Operation::get(
        "/v1/organizations/",
        "organizations:list",
        "List organizations",
    )
    .about("The administrator sees all of them, a token its own.")
    .query([text("slug", "Only the one with this slug.")])
    .query(page())
    .query([sorting(&orders, "created_at")])
    .ok(components.reference::<ListResource<Organization>>());
    let create = Operation::post(
        "/v1/organizations/",
        "organizations:create",
        "Make an organization",
    )
    .tagged("extensions")
    .body(components.reference::<OrganizationCreate>())
    .example(json!({"name": "Acme", "slug": "acme"}))
    .created(organization.clone());
    let path = "/v1/organizations/{id}";
    let get =
        Operation::get(path, "organizations:get", "Get an organization").ok(organization.clone());
    let update = Operation::patch(path, "organizations:update", "Change an organization")
        .body(components.reference::<OrganizationUpdate>())
        .example(json!({"name": "Acme Corporation"}))
        .ok(organization);
    under("organizations", vec![list, create, get, update])
}
