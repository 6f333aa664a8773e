//! Grants of benefits: found across benefits, begun anew, taken back.

use domain::{GrantId, Scope};

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{grant_to_api, page_to_api};
use crate::reply;
use crate::request::{self, GrantList};
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::BenefitsRead, Scope::BenefitsWrite]);
const WRITE: Access = Access::Organization(&[Scope::BenefitsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/benefit-grants/", READ, list),
        Route::delete("/v1/benefit-grants/{id}", WRITE, revoke),
        Route::post("/v1/benefit-grants/{id}/cycle", WRITE, cycle),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let GrantList {
        search,
        organizations,
        page,
    } = request::grant_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.catalog(move |service| service.grants(organization, &search, page))
            .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(&listed, page, grant_to_api)))
}

async fn cycle(call: Call) -> Answer {
    let organization = call.organization();
    let (id, external_id) = call.read_with_id(request::grant_cycle).await?;
    let id = GrantId::from_uuid(id);
    let cycled = call
        .catalog(move |service| service.cycle_grant(organization, id, external_id))
        .await;
    let grant = cycled.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&grant_to_api(&grant)))
}

/// The grant as it is after, also when it was revoked before.
async fn revoke(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(GrantId::from_uuid)?;
    let grant = call
        .catalog(move |service| service.revoke_grant(organization, id))
        .await?;
    Ok(reply::ok(&grant_to_api(&grant)))
}
