//! Events.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use api::EventsIngestResponse;
use domain::{EventBatch, EventId, OrganizationId, Scope, Timestamp};
use serde_json::value::RawValue;
use service::{EventSearch, EventView, Ingested, Service};
use tokio::sync::oneshot;

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{event_cursor_page_to_api, event_name_to_api, event_to_api, page_to_api};
use crate::error::Failure;
use crate::limits::BODY_BYTES_MAX;
use crate::reply;
use crate::request::{self, EventList, EventNameList, IngestError, Invalid, both};
use crate::route::{Answer, Route};
use crate::validate::{FAULTS_MAX, FieldError};

const JSON: &str = "application/json";
const READ: Access = Access::Organization(&[Scope::EventsRead, Scope::EventsWrite]);
const WRITE: Access = Access::Organization(&[Scope::EventsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/events/", READ, list),
        Route::get("/v1/events/names", READ, names),
        Route::get("/v1/events/{id}", READ, get),
        Route::post("/v1/events/ingest", WRITE, ingest).with_body_up_to(BODY_BYTES_MAX),
    ]
}

/// The answer is written on the pool too: an event may be as large as the request that brought it.
async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let EventList {
        search,
        organizations,
        page,
        cursor,
    } = request::event_list(&call.query())?;
    let can_match = asks_for(organization, &organizations);
    call.query_events(move |service| {
        let listed = if can_match {
            let listed = service.events(organization, &search, page);
            listed.map_err(|error| Failure::from(error).with_inputs(&asked_meter(&search)))?
        } else {
            nothing()
        };
        Ok(if cursor {
            reply::ok(&event_cursor_page_to_api(organization, &listed, page))
        } else {
            let to_api = |view: &EventView| event_to_api(organization, view);
            reply::ok(&page_to_api(&listed, page, to_api))
        })
    })
    .await
}

/// The one parameter that the service may refuse, as a fault repeats it.
fn asked_meter(search: &EventSearch) -> Vec<u8> {
    let meter = search.meter.map(|meter| meter.to_string());
    serde_json::to_vec(&BTreeMap::from([("meter_id", meter)])).expect("text serialises")
}

async fn names(call: Call) -> Answer {
    let organization = call.organization();
    let EventNameList {
        search,
        organizations,
        page,
    } = request::event_name_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.query_events(move |service| Ok(service.event_names(organization, &search, page)?))
            .await?
    } else {
        nothing()
    };
    Ok(reply::ok(&page_to_api(&listed, page, event_name_to_api)))
}

async fn get(call: Call) -> Answer {
    let organization = call.organization();
    let (id, ()) = both(call.path_id("id"), request::event(&call.query()))?;
    let id = EventId::from_uuid(id);
    call.query_events(move |service| {
        let view = service.event(organization, id)?;
        Ok(reply::ok(&event_to_api(organization, &view)))
    })
    .await
}

/// 200 once all events of the request are on disk and visible to every later query.
async fn ingest(mut call: Call) -> Answer {
    let organization = call.organization();
    let service = Arc::clone(&call.shared.service);
    let now = service.now();
    let bytes = call.payload.bytes.clone();
    let content_type = call.content_type().map(str::to_owned);
    // The share of the room for bodies is given back by the writer, not when a client stops waiting.
    let room = std::mem::take(&mut call.payload.room);
    let (done, written) = oneshot::channel();
    // Reading, checking and hashing take as long as the body is large. What is handed to the writer then takes no thread.
    let submit = move || {
        let batch = read(&service, organization, content_type.as_deref(), &bytes, now)?;
        service.ingest(organization, batch, move |result| {
            drop(room);
            // Nobody listens when the client has gone; the events are kept all the same.
            let _gone = done.send(result);
        });
        Ok::<_, Failure>(())
    };
    call.decode(submit).await??;
    match written.await {
        Ok(Ok(Ingested {
            inserted,
            duplicates,
        })) => Ok(reply::ok(&EventsIngestResponse {
            inserted,
            duplicates,
        })),
        Ok(Err(service::Error::Invalid(faults))) => {
            let bytes = call.payload.bytes.clone();
            let told = move || Failure::Faults(faults).with_inputs(&bytes);
            Err(call.decode(told).await?)
        }
        Ok(Err(error)) => Err(Failure::from(error)),
        Err(_) => Err(Failure::Panicked("the writer forgot a request".to_owned())),
    }
}

/// The events of a body.
fn read(
    service: &Service,
    organization: OrganizationId,
    content_type: Option<&str>,
    bytes: &[u8],
    now: Timestamp,
) -> Result<EventBatch, Failure> {
    request::ingest(content_type, bytes, now).map_err(|error| match error {
        IngestError::Invalid(Invalid::Rules(broken)) => {
            refuse(service, organization, broken, bytes, now)
        }
        other => Failure::from(other),
    })
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
