//! What has to be there before a measurement: an organization with a token.

use api::{
    Organization, OrganizationAccessTokenCreate, OrganizationAccessTokenCreated, OrganizationCreate,
};

use crate::Target;
use crate::http::Connection;

/// Makes an organization and a token with the administrator's token.
pub(crate) async fn organization(url: &str, admin_token: &str) -> anyhow::Result<Target> {
    let mut admin = Connection::open(url, admin_token).await?;
    let body = OrganizationCreate {
        name: "Bench".to_owned(),
        slug: "bench".to_owned(),
    };
    let organization: Organization = admin.post("/v1/organizations/", &body).await?;
    let scopes = [
        "events:write",
        "events:read",
        "meters:write",
        "meters:read",
        "customers:write",
    ];
    let body = OrganizationAccessTokenCreate {
        organization_id: organization.id,
        comment: "bench".to_owned(),
        scopes: scopes.map(str::to_owned).to_vec(),
        expires_in: None,
    };
    let made: OrganizationAccessTokenCreated =
        admin.post("/v1/organization-access-tokens/", &body).await?;
    Ok(Target {
        url: url.to_owned(),
        token: made.token,
    })
}
