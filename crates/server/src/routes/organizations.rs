//! Organizations. The administrator sees all of them and makes new ones; an organization sees its own.
//!
//! The contract has a 403 and a 409 for changes, about the roles of users and about single sign-on. There are no users here, so that
//! neither occurs but for a token without the scope.

use domain::{Organization, OrganizationId, Scope};
use service::{Change, Listed, OrganizationChanges, OrganizationSearch};

use crate::auth::{Access, Caller};
use crate::call::Call;
use crate::convert::{OrganizationSettings, organization_to_api, page_to_api};
use crate::error::Failure;
use crate::limits::ORGANIZATION_BYTES_MAX;
use crate::reply;
use crate::request::{self, OrganizationList, OrganizationPatch};
use crate::route::{Answer, Route};

const READ: Access =
    Access::AdminOrOrganization(&[Scope::OrganizationsRead, Scope::OrganizationsWrite]);
const WRITE: Access = Access::AdminOrOrganization(&[Scope::OrganizationsWrite]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/organizations/", READ, list),
        Route::post("/v1/organizations/", Access::Admin, create),
        Route::get("/v1/organizations/{id}", READ, get),
        Route::patch("/v1/organizations/{id}", WRITE, update)
            .with_body_up_to(ORGANIZATION_BYTES_MAX),
    ]
}

async fn list(call: Call) -> Answer {
    let only = match call.caller {
        Caller::Organization(own) => Some(own),
        Caller::Admin | Caller::Anyone | Caller::Customer(..) => None,
    };
    let OrganizationList {
        slug,
        sorting,
        page,
    } = request::organization_list(&call.query())?;
    let search = OrganizationSearch {
        slug,
        ids: only.map(|own| vec![own]),
        sorting,
    };
    let listed = call
        .catalog(move |service| service.organizations(&search, page))
        .await?;
    let items: Result<Vec<_>, _> = listed.items.iter().map(organization_to_api).collect();
    let listed = Listed {
        items: items?,
        total: listed.total,
    };
    Ok(reply::ok(&page_to_api(
        &listed,
        page,
        api::Organization::clone,
    )))
}

async fn create(call: Call) -> Answer {
    let new = call.read(request::organization_create).await?;
    let created = call
        .catalog(move |service| service.create_organization(&new.name, &new.slug))
        .await;
    let organization = created.map_err(|failure| failure.with_inputs(&call.payload.bytes))?;
    Ok(reply::created(&organization_to_api(&organization)?))
}

async fn get(call: Call) -> Answer {
    let id = call.path_id("id").map(OrganizationId::from_uuid)?;
    visible(&call, id)?;
    let organization = call
        .catalog(move |service| service.organization(id))
        .await?;
    Ok(reply::ok(&organization_to_api(&organization)?))
}

async fn update(call: Call) -> Answer {
    let (id, patch) = call.read_with_id(request::organization_update).await?;
    let id = OrganizationId::from_uuid(id);
    visible(&call, id)?;
    let organization = call
        .catalog(move |service| {
            service.update_organization(id, |before| organization_changes(before, patch))
        })
        .await?;
    Ok(reply::ok(&organization_to_api(&organization)?))
}

/// What a patch makes of an organization as it is.
fn organization_changes(
    before: &Organization,
    patch: OrganizationPatch,
) -> Result<OrganizationChanges, service::Error> {
    let said = OrganizationSettings::of(before)?;
    let mut settings = said.clone();
    settings.apply(patch.settings);
    let is_new = settings != said;
    Ok(OrganizationChanges {
        name: patch.name,
        settings: if is_new {
            Change::Set(Some(settings.to_text()))
        } else {
            Change::Keep
        },
    })
}

/// Another organization looks like a missing one.
fn visible(call: &Call, id: OrganizationId) -> Result<(), Failure> {
    match call.caller {
        Caller::Organization(own) if own != id => Err(Failure::NotFound),
        Caller::Organization(_) | Caller::Admin | Caller::Anyone | Caller::Customer(..) => Ok(()),
    }
}
