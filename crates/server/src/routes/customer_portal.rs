//! What customers see of themselves, with the token of a session.

use domain::CustomerMeterId;

use crate::auth::Access;
use crate::call::Call;
use crate::convert::{page_to_api, portal_meter_to_api};
use crate::reply;
use crate::request::{self, PortalMeterList};
use crate::route::{Answer, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customer-portal/meters/", Access::Customer, list),
        Route::get("/v1/customer-portal/meters/{id}", Access::Customer, get),
    ]
}

async fn list(call: Call) -> Answer {
    let (organization, customer) = call.customer();
    let PortalMeterList { search, page } = request::portal_meter_list(&call.query())?;
    let listed = call
        .query_events(move |service| {
            Ok(service.portal_meters(organization, customer, &search, page)?)
        })
        .await?;
    Ok(reply::ok(&page_to_api(&listed, page, portal_meter_to_api)))
}

async fn get(call: Call) -> Answer {
    let (organization, customer) = call.customer();
    let id = call.path_id("id").map(CustomerMeterId::from_uuid)?;
    let row = call
        .query_events(move |service| Ok(service.portal_meter(organization, customer, id)?))
        .await?;
    Ok(reply::ok(&portal_meter_to_api(&row)))
}
