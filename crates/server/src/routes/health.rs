//! Whether the server is there.

use api::Health;

use crate::auth::Access;
use crate::call::Call;
use crate::reply;
use crate::route::{Answer, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Access::Open, health)]
}

/// 200 as long as requests are answered, also when no more events are taken in: reads go on.
async fn health(call: Call) -> Answer {
    let takes_writes = call.shared.service.takes_writes();
    let status = if takes_writes { "ok" } else { "writes_stopped" };
    Ok(reply::ok(&Health {
        status: status.to_owned(),
        takes_writes,
    }))
}
