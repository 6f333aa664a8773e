//! Events.

use api::EventsIngestResponse;
use domain::{EventBatch, Scope};
use service::Ingested;
use tokio::sync::oneshot;

use crate::auth::Access;
use crate::call::{Call, decode};
use crate::error::Failure;
use crate::reply;
use crate::request;
use crate::route::{Answer, Route};

const WRITE: Access = Access::Organization(&[Scope::EventsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/v1/events/ingest", WRITE, ingest)]
}

/// 200 once all events of the request are on disk and visible to every later query.
async fn ingest(mut call: Call) -> Answer {
    let bytes = call.payload.bytes.clone();
    let content_type = call.content_type().map(str::to_owned);
    let now = call.shared.service.now();
    let len = bytes.len();
    let read = move || request::ingest(content_type.as_deref(), &bytes, now);
    let batch = decode(&call.shared.pools, len, read).await??;
    let ingested = submit(&mut call, batch).await;
    let Ingested {
        inserted,
        duplicates,
    } = ingested.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::ok(&EventsIngestResponse {
        inserted,
        duplicates,
    }))
}

/// Hands the events to the writer and waits for its word, without holding a thread.
async fn submit(call: &mut Call, batch: EventBatch) -> Result<Ingested, Failure> {
    let organization = call.organization();
    // The share of the room for bodies is given back by the writer, not when a client stops waiting.
    let room = std::mem::take(&mut call.payload.room);
    let (done, written) = oneshot::channel();
    call.shared
        .service
        .ingest(organization, batch, move |result| {
            drop(room);
            // Nobody listens when the client has gone; the events are kept all the same.
            let _gone = done.send(result);
        });
    match written.await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::Panicked("the writer forgot a request".to_owned())),
    }
}
