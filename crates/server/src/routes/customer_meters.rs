//! Customer meters, and what a customer is credited and begins anew.

use domain::{CustomerMeterId, Scope};
use service::Written;

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{customer_meter_to_api, page_to_api};
use crate::error::Failure;
use crate::reply;
use crate::request::{self, CustomerMeterList};
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::CustomerMetersRead]);
const WRITE: Access = Access::Organization(&[Scope::CustomerMetersWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customer-meters/", READ, list),
        Route::get("/v1/customer-meters/{id}", READ, get),
        Route::post("/v1/customer-meters/credits", WRITE, credit),
        Route::post("/v1/customer-meters/resets", WRITE, reset),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let CustomerMeterList {
        search,
        organizations,
        page,
    } = request::customer_meter_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.query_events(move |service| {
            Ok(service.customer_meters(organization, &search, page)?)
        })
        .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(
        &listed,
        page,
        customer_meter_to_api,
    )))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(CustomerMeterId::from_uuid)?;
    let row = call
        .query_events(move |service| Ok(service.customer_meter(organization, id)?))
        .await?;
    Ok(reply::ok(&customer_meter_to_api(&row)))
}

async fn credit(call: Call) -> Answer {
    let organization = call.organization();
    let now = call.shared.service.now();
    let new = call.read(move |body| request::credit(body, now)).await?;
    let written = call
        .catalog(move |service| service.credit(organization, new))
        .await;
    tell(&call, written)
}

async fn reset(call: Call) -> Answer {
    let organization = call.organization();
    let now = call.shared.service.now();
    let new = call.read(move |body| request::reset(body, now)).await?;
    let written = call
        .catalog(move |service| service.reset(organization, new))
        .await;
    tell(&call, written)
}

/// 201 with the customer meter once what was asked for is on disk and visible, 200 when it was before.
fn tell(call: &Call, written: Result<Written, Failure>) -> Answer {
    let Written {
        customer_meter,
        is_new,
    } = written.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    let body = customer_meter_to_api(&customer_meter);
    Ok(if is_new {
        reply::created(&body)
    } else {
        reply::ok(&body)
    })
}
