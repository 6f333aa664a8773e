//! Organization access tokens.

use api::{
    ListResource, OrganizationAccessToken, OrganizationAccessTokenCreate,
    OrganizationAccessTokenCreated, OrganizationAccessTokenUpdate,
};

use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};
use super::parameter::{ids, page};

/// An organization, in an example.
const ORGANIZATION: &str = "0b9a3f3c-6d0f-4a56-8f1c-1d1e4f5a7a22";

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let path = "/v1/organization-access-tokens/";
    let list = Operation::get(path, "organization_access_tokens:list", "List tokens")
        .query([ids("organization_id", "Only those of this organization.")])
        .query(page())
        .ok(components.reference::<ListResource<OrganizationAccessToken>>());
    let create = Operation::post(path, "organization_access_tokens:create", "Make a token")
        .about("The answer shows the secret, this once.")
        .body(components.reference::<OrganizationAccessTokenCreate>())
        .example(json!({
            "organization_id": ORGANIZATION,
            "comment": "billing",
            "scopes": ["events:write", "meters:read"],
            "expires_in": "P90D",
        }))
        .created(components.reference::<OrganizationAccessTokenCreated>());
    let path = "/v1/organization-access-tokens/{id}";
    let update = Operation::patch(path, "organization_access_tokens:update", "Change a token")
        .body(components.reference::<OrganizationAccessTokenUpdate>())
        .example(json!({"comment": "billing, new"}))
        .ok(components.reference::<OrganizationAccessToken>());
    let delete = Operation::delete(path, "organization_access_tokens:delete", "Delete a token")
        .about("It is refused from the next request on.")
        .no_content();
    under("extensions", vec![list, create, update, delete])
}
