//! Meters and their quantities.

use domain::{MeterId, Scope};

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{meter_to_api, page_to_api, quantities_to_api};
use crate::error::Failure;
use crate::reply;
use crate::request::{self, MeterList, both};
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::MetersRead, Scope::MetersWrite]);
const WRITE: Access = Access::Organization(&[Scope::MetersWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/meters/", READ, list),
        Route::post("/v1/meters/", WRITE, create),
        Route::get("/v1/meters/{id}", READ, get),
        Route::patch("/v1/meters/{id}", WRITE, update),
        Route::get("/v1/meters/{id}/quantities", READ, quantities),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let MeterList {
        search,
        organizations,
        page,
    } = request::meter_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.catalog(move |service| service.meters(organization, &search, page))
            .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(&listed, page, meter_to_api)))
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let new = call.read(request::meter_create).await?;
    let meter = call
        .catalog(move |service| service.create_meter(organization, new))
        .await?;
    Ok(reply::created(&meter_to_api(&meter)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(MeterId::from_uuid)?;
    let meter = call
        .catalog(move |service| service.meter(organization, id))
        .await?;
    Ok(reply::ok(&meter_to_api(&meter)))
}

async fn update(call: Call) -> Answer {
    let organization = call.organization();
    let (id, changes) = call.read_with_id(request::meter_update).await?;
    let id = MeterId::from_uuid(id);
    let updated = call
        .catalog(move |service| service.update_meter(organization, id, changes))
        .await;
    let meter = updated.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&meter_to_api(&meter)))
}

/// The meter is looked up before the range is checked (SEMANTICS 8.2).
async fn quantities(call: Call) -> Answer {
    let organization = call.organization();
    let (id, asked) = both(call.path_id("id"), request::quantities(&call.query()))?;
    let id = MeterId::from_uuid(id);
    let quantities = call
        .query_events(move |service| {
            service.meter(organization, id)?;
            asked
                .check_range()
                .map_err(|error| Failure::Rules(vec![error]))?;
            Ok(service.quantities(organization, id, &asked.request)?)
        })
        .await?;
    Ok(reply::ok(&quantities_to_api(&quantities)))
}
