//! Whether the server is there.

use api::Health;

use crate::auth::Access;
use crate::call::Call;
use crate::reply;
use crate::route::{Answer, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Access::Open, health)]
}

/// 200 as long as requests are answered, also when nothing more is written: reads go on.
async fn health(call: Call) -> Answer {
    Ok(reply::ok(&told(call.shared.service.takes_writes())))
}

fn told(takes_writes: bool) -> Health {
    let status = if takes_writes { "ok" } else { "writes_stopped" };
    Health {
        status: status.to_owned(),
        takes_writes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_writes_are_told() {
        let json = |takes_writes| serde_json::to_string(&told(takes_writes)).expect("serialises");
        assert_eq!(json(true), r#"{"status":"ok","takes_writes":true}"#);
        assert_eq!(
            json(false),
            r#"{"status":"writes_stopped","takes_writes":false}"#
        );
    }
}
