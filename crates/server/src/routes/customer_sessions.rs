//! Customer sessions.

use domain::Scope;

use crate::auth::Access;
use crate::call::Call;
use crate::convert::customer_session_to_api;
use crate::reply;
use crate::request;
use crate::route::{Answer, Route};

const WRITE: Access = Access::Organization(&[Scope::CustomerSessionsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/v1/customer-sessions/", WRITE, create)]
}

async fn create(call: Call) -> Answer {
    let organization = call.organization();
    let new = call.read(request::customer_session_create).await?;
    let created = call
        .catalog(move |service| service.create_session(organization, new))
        .await;
    let created = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    let public_url = &call.shared.settings.public_url;
    Ok(reply::created(&customer_session_to_api(
        &created, public_url,
    )))
}
