//! Customers.

use domain::{CustomerId, Scope};

use crate::auth::Access;
use crate::call::Call;
use crate::convert::customer_to_api;
use crate::reply;
use crate::request;
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::CustomersRead, Scope::CustomersWrite]);
const WRITE: Access = Access::Organization(&[Scope::CustomersWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/customers/", WRITE, create),
        Route::get("/v1/customers/{id}", READ, get),
        Route::delete("/v1/customers/{id}", WRITE, delete),
        Route::get("/v1/customers/external/{external_id}", READ, get_external),
        Route::delete(
            "/v1/customers/external/{external_id}",
            WRITE,
            delete_external,
        ),
    ]
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let new = call.read(request::customer_create).await?;
    let created = call
        .catalog(move |service| service.create_customer(organization, new))
        .await;
    let customer = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&customer_to_api(&customer)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(CustomerId::from_uuid)?;
    let customer = call
        .catalog(move |service| service.customer(organization, id))
        .await?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn delete(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(CustomerId::from_uuid)?;
    call.catalog(move |service| service.delete_customer(organization, id))
        .await?;
    Ok(reply::no_content())
}

async fn get_external(call: Call) -> Answer {
    let organization = call.organization();
    let external_id = call.parameter.clone();
    let customer = call
        .catalog(move |service| service.customer_by_external_id(organization, &external_id))
        .await?;
    Ok(reply::ok(&customer_to_api(&customer)))
}

async fn delete_external(call: Call) -> Answer {
    let organization = call.organization();
    let external_id = call.parameter.clone();
    call.catalog(move |service| {
        let customer = service.customer_by_external_id(organization, &external_id)?;
        service.delete_customer(organization, customer.id)
    })
    .await?;
    Ok(reply::no_content())
}
