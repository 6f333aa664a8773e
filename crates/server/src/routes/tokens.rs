//! Organization access tokens. For the administrator.

use api::OrganizationAccessTokenCreated;
use domain::TokenId;

use crate::auth::Access;
use crate::call::Call;
use crate::convert::{page_to_api, token_to_api};
use crate::reply;
use crate::request::{self, TokenList};
use crate::route::{Answer, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/organization-access-tokens/", Access::Admin, list),
        Route::post("/v1/organization-access-tokens/", Access::Admin, create),
        Route::patch("/v1/organization-access-tokens/{id}", Access::Admin, update),
        Route::delete("/v1/organization-access-tokens/{id}", Access::Admin, delete),
    ]
}

async fn list(call: Call) -> Answer {
    let TokenList {
        organizations,
        page,
    } = request::token_list(&call.query())?;
    let listed = call
        .catalog(move |service| service.tokens(&organizations, page))
        .await?;
    Ok(reply::ok(&page_to_api(&listed, page, token_to_api)))
}

/// The one answer that shows the secret.
async fn create(call: Call) -> Answer {
    let new = call.read(request::token_create).await?;
    let created = call.catalog(move |service| service.create_token(new)).await;
    let (token, secret) = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&OrganizationAccessTokenCreated {
        organization_access_token: token_to_api(&token),
        token: secret,
    }))
}

async fn update(call: Call) -> Answer {
    let (id, changes) = call.read_with_id(request::token_update).await?;
    let id = TokenId::from_uuid(id);
    let token = call
        .catalog(move |service| service.update_token(id, &changes))
        .await?;
    Ok(reply::ok(&token_to_api(&token)))
}

async fn delete(call: Call) -> Answer {
    let id = call.path_id("id").map(TokenId::from_uuid)?;
    call.catalog(move |service| service.delete_token(id))
        .await?;
    Ok(reply::no_content())
}
