//! Customers.

use domain::{CustomerId, OrganizationId, Scope};
use service::{Listed, Service};

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{customer_state_to_api, customer_to_api, page_to_api};
use crate::reply;
use crate::request::{self, CustomerList, both};
use crate::route::{Answer, Route};

mod export;

const READ: Access = Access::Organization(&[Scope::CustomersRead, Scope::CustomersWrite]);
const WRITE: Access = Access::Organization(&[Scope::CustomersWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers/", READ, list),
        Route::post("/v1/customers/", WRITE, create),
        Route::get("/v1/customers/export", READ, export::export),
        Route::get("/v1/customers/{id}", READ, get),
        Route::patch("/v1/customers/{id}", WRITE, update),
        Route::delete("/v1/customers/{id}", WRITE, delete),
        Route::get("/v1/customers/{id}/state", READ, state),
        Route::get("/v1/customers/external/{external_id}", READ, get_external),
        Route::patch(
            "/v1/customers/external/{external_id}",
            WRITE,
            update_external,
        ),
        Route::delete(
            "/v1/customers/external/{external_id}",
            WRITE,
            delete_external,
        ),
        Route::get(
            "/v1/customers/external/{external_id}/state",
            READ,
            state_external,
        ),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let CustomerList {
        search,
        active,
        organizations,
        page,
    } = request::customer_list(&call.query())?;
    // There are no subscriptions, so nobody has one.
    let listed = if asks_for(organization, &organizations) && active != Some(true) {
        call.catalog(move |service| {
            let Listed { items, total } = service.customers(organization, &search, page)?;
            let items = service.profiles(items)?;
            Ok(Listed { items, total })
        })
        .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(&listed, page, customer_to_api)))
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let new = call.read(request::customer_create).await?;
    let created = call
        .catalog(move |service| service.profile(service.create_customer(organization, new)?))
        .await;
    let customer = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&customer_to_api(&customer)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(CustomerId::from_uuid)?;
    let customer = call
        .catalog(move |service| service.profile(service.customer(organization, id)?))
        .await?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn update(call: Call) -> Answer {
    let organization = call.organization();
    let (id, changes) = call.read_with_id(request::customer_update).await?;
    let id = CustomerId::from_uuid(id);
    let updated = call
        .catalog(move |service| {
            service.profile(service.update_customer(organization, id, changes)?)
        })
        .await;
    let customer = updated.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn delete(call: Call) -> Answer {
    let organization = call.organization();
    let (id, anonymize) = both(call.path_id("id"), request::customer_delete(&call.query()))?;
    let id = CustomerId::from_uuid(id);
    call.catalog(move |service| remove(service, organization, id, anonymize))
        .await?;
    Ok(reply::no_content())
}

/// Deletes a customer in the way that was asked for.
fn remove(
    service: &Service,
    organization: OrganizationId,
    id: CustomerId,
    anonymize: bool,
) -> Result<(), service::Error> {
    if anonymize {
        service.delete_and_anonymize_customer(organization, id)
    } else {
        service.delete_customer(organization, id)
    }
}

async fn get_external(call: Call) -> Answer {
    let organization = call.organization();
    let external_id = call.parameter.clone();
    let customer = call
        .catalog(move |service| {
            service.profile(service.customer_by_external_id(organization, &external_id)?)
        })
        .await?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn update_external(call: Call) -> Answer {
    let organization = call.organization();
    let changes = call.read(request::customer_update_external).await?;
    let external_id = call.parameter.clone();
    let updated = call
        .catalog(move |service| {
            // An external id stays with its customer for as long as that is there.
            let customer = service.customer_by_external_id(organization, &external_id)?;
            service.profile(service.update_customer(organization, customer.id, changes)?)
        })
        .await;
    let customer = updated.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn delete_external(call: Call) -> Answer {
    let organization = call.organization();
    let anonymize = request::customer_delete(&call.query())?;
    let external_id = call.parameter.clone();
    call.catalog(move |service| {
        let customer = service.customer_by_external_id(organization, &external_id)?;
        remove(service, organization, customer.id, anonymize)
    })
    .await?;
    Ok(reply::no_content())
}

async fn state(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(CustomerId::from_uuid)?;
    let state = call
        .query_events(move |service| {
            let customer = service.customer(organization, id)?;
            Ok(service.customer_state(organization, customer)?)
        })
        .await?;
    Ok(reply::ok(&customer_state_to_api(&state)))
}

async fn state_external(call: Call) -> Answer {
    let organization = call.organization();
    let external_id = call.parameter.clone();
    let state = call
        .query_events(move |service| {
            let customer = service.customer_by_external_id(organization, &external_id)?;
            Ok(service.customer_state(organization, customer)?)
        })
        .await?;
    Ok(reply::ok(&customer_state_to_api(&state)))
}
