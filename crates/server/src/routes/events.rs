//! Events.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use api::EventsIngestResponse;
use domain::{EventBatch, OrganizationId, Scope, Timestamp};
use serde_json::value::RawValue;
use service::{Ingested, Service};
use tokio::sync::oneshot;

use crate::auth::Access;
use crate::call::Call;
use crate::error::Failure;
use crate::reply;
use crate::request::{self, IngestError, Invalid};
use crate::route::{Answer, Route};
use crate::validate::{FAULTS_MAX, FieldError};

const JSON: &str = "application/json";
const WRITE: Access = Access::Organization(&[Scope::EventsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/v1/events/ingest", WRITE, ingest)]
}

/// 200 once all events of the request are on disk and visible to every later query.
async fn ingest(mut call: Call) -> Answer {
    let organization = call.organization();
    let service = Arc::clone(&call.shared.service);
    let now = service.now();
    let bytes = call.payload.bytes.clone();
    let content_type = call.content_type().map(str::to_owned);
    let read = move || {
        request::ingest(content_type.as_deref(), &bytes, now).map_err(|error| match error {
            IngestError::Invalid(Invalid::Rules(broken)) => {
                refuse(&service, organization, broken, &bytes, now)
            }
            other => Failure::from(other),
        })
    };
    let batch = call.decode(read).await??;
    match submit(&mut call, batch).await {
        Ok(Ingested {
            inserted,
            duplicates,
        }) => Ok(reply::ok(&EventsIngestResponse {
            inserted,
            duplicates,
        })),
        Err(failure) => {
            let bytes = call.payload.bytes.clone();
            Err(call.decode(move || failure.with_inputs(&bytes)).await?)
        }
    }
}

/// Events that name their organization are refused, and whatever else breaks a rule is told with it (SEMANTICS 2.8, 9.2). To
/// find that, the events are read once more, as if they named none: a cost of refused requests alone.
fn refuse(
    service: &Service,
    organization: OrganizationId,
    mut broken: Vec<FieldError>,
    body: &[u8],
    now: Timestamp,
) -> Failure {
    let nameless = without_organizations(body);
    if let Some(Ok(batch)) = nameless.map(|body| request::ingest(Some(JSON), &body, now)) {
        let faults = service.event_faults(organization, &batch);
        if let Failure::Rules(more) = Failure::Faults(faults).with_inputs(body) {
            broken.extend(more);
        }
    }
    broken.truncate(FAULTS_MAX);
    Failure::Rules(broken)
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The same events without their `organization_id`. `None` when the body cannot be read so.
fn without_organizations(body: &[u8]) -> Option<Vec<u8>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let fields: Fields<'_> = serde_json::from_slice(body).ok()?;
    let mut events: Vec<Fields<'_>> = serde_json::from_str(fields.get("events")?.get()).ok()?;
    for event in &mut events {
        event.remove("organization_id");
    }
    serde_json::to_vec(&BTreeMap::from([("events", events)])).ok()
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
