//! The OpenAPI document.

use crate::auth::Access;
use crate::call::Call;
use crate::openapi;
use crate::route::{Answer, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/openapi.json", Access::Open, document)]
}

async fn document(call: Call) -> Answer {
    Ok(openapi::document().answer(&call.parts.headers))
}
