//! Webhooks: endpoints and deliveries.

use domain::{Scope, WebhookEndpointId, WebhookEventId};
use http::StatusCode;

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{page_to_api, webhook_delivery_to_api, webhook_endpoint_to_api};
use crate::reply;
use crate::request::{self, WebhookDeliveryList, WebhookEndpointList};
use crate::route::{Answer, Route};
use crate::validate::Hosts;

const READ: Access = Access::Organization(&[Scope::WebhooksRead, Scope::WebhooksWrite]);
const WRITE: Access = Access::Organization(&[Scope::WebhooksWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/webhooks/endpoints", READ, list),
        Route::post("/v1/webhooks/endpoints", WRITE, create),
        Route::get("/v1/webhooks/endpoints/{id}", READ, get),
        Route::patch("/v1/webhooks/endpoints/{id}", WRITE, update),
        Route::delete("/v1/webhooks/endpoints/{id}", WRITE, delete),
        Route::patch("/v1/webhooks/endpoints/{id}/secret", WRITE, reset_secret),
        Route::get("/v1/webhooks/deliveries", READ, deliveries),
        Route::post("/v1/webhooks/events/{id}/redeliver", WRITE, redeliver),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let WebhookEndpointList {
        organizations,
        page,
    } = request::webhook_endpoint_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.catalog(move |service| service.webhook_endpoints(organization, page))
            .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(
        &listed,
        page,
        webhook_endpoint_to_api,
    )))
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let hosts = hosts(&call);
    let new = call
        .read(move |body| request::webhook_endpoint_create(body, hosts))
        .await?;
    let created = call
        .catalog(move |service| service.create_webhook_endpoint(organization, new))
        .await;
    let endpoint = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&webhook_endpoint_to_api(&endpoint)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(WebhookEndpointId::from_uuid)?;
    let endpoint = call
        .catalog(move |service| service.webhook_endpoint(organization, id))
        .await?;
    Ok(reply::ok(&webhook_endpoint_to_api(&endpoint)))
}

async fn update(call: Call) -> Answer {
    let organization = call.organization();
    let hosts = hosts(&call);
    let (id, changes) = call
        .read_with_id(move |body| request::webhook_endpoint_update(body, hosts))
        .await?;
    let id = WebhookEndpointId::from_uuid(id);
    let endpoint = call
        .catalog(move |service| service.update_webhook_endpoint(organization, id, changes))
        .await?;
    Ok(reply::ok(&webhook_endpoint_to_api(&endpoint)))
}

async fn delete(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(WebhookEndpointId::from_uuid)?;
    call.catalog(move |service| service.delete_webhook_endpoint(organization, id))
        .await?;
    Ok(reply::no_content())
}

async fn reset_secret(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(WebhookEndpointId::from_uuid)?;
    let endpoint = call
        .catalog(move |service| service.reset_webhook_secret(organization, id))
        .await?;
    Ok(reply::ok(&webhook_endpoint_to_api(&endpoint)))
}

async fn deliveries(call: Call) -> Answer {
    let organization = call.organization();
    let WebhookDeliveryList { search, page } = request::webhook_delivery_list(&call.query())?;
    let listed = call
        .catalog(move |service| service.webhook_deliveries(organization, &search, page))
        .await?;
    Ok(reply::ok(&page_to_api(
        &listed,
        page,
        webhook_delivery_to_api,
    )))
}

async fn redeliver(call: Call) -> Answer {
    let organization = call.organization();
    let id = call.path_id("id").map(WebhookEventId::from_uuid)?;
    call.catalog(move |service| service.redeliver_webhook_event(organization, id))
        .await?;
    Ok(reply::json(StatusCode::ACCEPTED, &()))
}

fn hosts(call: &Call) -> Hosts {
    Hosts::new(call.shared.service.allows_private_webhooks())
}
