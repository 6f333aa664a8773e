//! Benefits, and whom they are granted to.

use domain::{BenefitId, Scope};
use service::{GrantSearch, Granted, NewGrant};

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{benefit_to_api, grant_to_api, page_to_api};
use crate::error::Failure;
use crate::reply;
use crate::request::{self, BenefitList, BenefitUpdate, GrantCreate, both};
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::BenefitsRead, Scope::BenefitsWrite]);
const WRITE: Access = Access::Organization(&[Scope::BenefitsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/benefits/", READ, list),
        Route::post("/v1/benefits/", WRITE, create),
        Route::get("/v1/benefits/{id}", READ, get),
        Route::patch("/v1/benefits/{id}", WRITE, update),
        Route::delete("/v1/benefits/{id}", WRITE, delete),
        Route::get("/v1/benefits/{id}/grants", READ, list_grants),
        Route::post("/v1/benefits/{id}/grants", WRITE, grant),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let BenefitList {
        search,
        of_known_type,
        organizations,
        page,
    } = request::benefit_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) && of_known_type {
        call.catalog(move |service| service.benefits(organization, &search, page))
            .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(&listed, page, benefit_to_api)))
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let new = call.read(request::benefit_create).await?;
    let created = call
        .catalog(move |service| service.create_benefit(organization, new))
        .await;
    let benefit = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&benefit_to_api(&benefit)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(BenefitId::from_uuid)?;
    let benefit = call
        .catalog(move |service| service.benefit(organization, id))
        .await?;
    Ok(reply::ok(&benefit_to_api(&benefit)))
}

/// The benefit is looked up before its type is compared (SEMANTICS 2.12).
async fn update(call: Call) -> Answer {
    let organization = call.organization();
    let (id, update) = call.read_with_id(request::benefit_update).await?;
    let id = BenefitId::from_uuid(id);
    let changes = match update {
        BenefitUpdate::Changes(changes) => changes,
        BenefitUpdate::OtherType(error) => {
            call.catalog(move |service| service.benefit(organization, id))
                .await?;
            return Err(Failure::Rules(vec![error]));
        }
    };
    let updated = call
        .catalog(move |service| service.update_benefit(organization, id, changes))
        .await;
    let benefit = updated.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&benefit_to_api(&benefit)))
}

async fn delete(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(BenefitId::from_uuid)?;
    call.catalog(move |service| service.delete_benefit(organization, id))
        .await?;
    Ok(reply::no_content())
}

async fn list_grants(call: Call) -> Answer {
    let organization = call.organization();
    let (id, (search, page)) = both(
        call.path_id("id"),
        request::benefit_grant_list(&call.query()),
    )?;
    let search = GrantSearch {
        benefit: Some(BenefitId::from_uuid(id)),
        ..search
    };
    let listed = call
        .catalog(move |service| service.grants(organization, &search, page))
        .await?;
    Ok(reply::ok(&page_to_api(&listed, page, grant_to_api)))
}

/// 201 with the grant once it and what it credits are on disk and visible, 200 when the customer has it already.
async fn grant(call: Call) -> Answer {
    let organization = call.organization();
    let (id, asked) = call.read_with_id(request::grant_create).await?;
    let GrantCreate {
        customer,
        external_id,
    } = asked;
    let new = NewGrant {
        benefit: BenefitId::from_uuid(id),
        customer,
        external_id,
    };
    let granted = call
        .catalog(move |service| service.grant(organization, new))
        .await;
    let Granted { grant, is_new } =
        granted.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    let body = grant_to_api(&grant);
    Ok(if is_new {
        reply::created(&body)
    } else {
        reply::ok(&body)
    })
}
