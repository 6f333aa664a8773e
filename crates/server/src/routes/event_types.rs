//! Event types.

use domain::{EventTypeId, Scope};
use service::EventTypeStats;

use super::{asks_for, nothing};
use crate::auth::Access;
use crate::call::Call;
use crate::convert::{event_type_stats_to_api, event_type_to_api, page_to_api};
use crate::reply;
use crate::request::{self, EventTypeList, NewLabel};
use crate::route::{Answer, Route};

const READ: Access = Access::Organization(&[Scope::EventsRead, Scope::EventsWrite]);
const WRITE: Access = Access::Organization(&[Scope::EventsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/event-types/", READ, list),
        Route::patch("/v1/event-types/{id}", WRITE, update),
    ]
}

async fn list(call: Call) -> Answer {
    let organization = call.organization();
    let EventTypeList {
        search,
        organizations,
        page,
    } = request::event_type_list(&call.query())?;
    let listed = if asks_for(organization, &organizations) {
        call.query_events(move |service| Ok(service.event_types(organization, &search, page)?))
            .await?
    } else {
        nothing()
    };
    let to_api = |stats: &EventTypeStats| event_type_stats_to_api(organization, stats);
    Ok(reply::ok(&page_to_api(&listed, page, to_api)))
}

/// On the pool of queries: the name is looked for among those of all events.
async fn update(call: Call) -> Answer {
    let organization = call.organization();
    let (id, new) = call.read_with_id(request::event_type_update).await?;
    let id = EventTypeId::from_uuid(id);
    let NewLabel {
        label,
        property_selector,
    } = new;
    let event_type = call
        .query_events(move |service| {
            Ok(service.update_event_type(organization, id, label, property_selector)?)
        })
        .await?;
    Ok(reply::ok(&event_type_to_api(&event_type)))
}
