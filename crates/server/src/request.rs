//! From the bytes and query strings of requests to the types of `domain` and `service`.
//!
//! Reading has two steps, because clients see their order: a body that is not JSON is answered before a missing token, a field
//! that is not as it must be only after token and scope (SEMANTICS 2.12, 19.13). So [`Body::parse`] comes first, and one of the
//! functions here makes a typed request of it later. What they return is valid; no later layer checks its form again.
//! Functions are named after the operation; unknown keys and parameters are passed over everywhere.

mod benefit;
mod body;
mod customer;
mod customer_meter;
mod customer_portal;
mod customer_session;
mod event_type;
mod events;
mod filter;
mod grant;
mod ingest;
mod meter;
mod organization;
mod page;
mod quantities;
mod query;
#[cfg(test)]
mod tests;
mod token;
mod webhook;

use uuid::Uuid;

pub(crate) use benefit::{
    BenefitList, BenefitUpdate, benefit_create, benefit_list, benefit_update,
};
pub(crate) use body::{Body, BodyError};
pub(crate) use customer::{
    CustomerList, customer_create, customer_delete, customer_export, customer_list,
    customer_update, customer_update_external,
};
pub(crate) use customer_meter::{CustomerMeterList, credit, customer_meter_list, reset};
pub(crate) use customer_portal::{PortalMeterList, portal_meter_list, portal_token};
pub(crate) use customer_session::customer_session_create;
pub(crate) use event_type::{EventTypeList, NewLabel, event_type_list, event_type_update};
pub(crate) use events::{EventList, EventNameList, event, event_list, event_name_list};
pub(crate) use grant::{
    GrantCreate, GrantList, benefit_grant_list, grant_create, grant_cycle, grant_list,
};
pub(crate) use ingest::{IngestError, ingest};
pub(crate) use meter::{MeterList, meter_create, meter_list, meter_update};
pub(crate) use organization::{
    OrganizationList, OrganizationPatch, SettingsPatch, organization_create, organization_list,
    organization_update,
};
pub(crate) use quantities::quantities;
pub(crate) use query::Query;
pub(crate) use token::{TokenList, token_create, token_list, token_update};
pub(crate) use webhook::{
    WebhookDeliveryList, WebhookEndpointList, webhook_delivery_list, webhook_endpoint_create,
    webhook_endpoint_list, webhook_endpoint_update,
};

use crate::json::Value;
use crate::validate::{Checked, Faults, FieldError, Model, Node, Path, uuid4};

/// Why a request is not done, in the two kinds that answers tell apart.
#[derive(Debug, Clone)]
pub(crate) enum Invalid {
    /// Fields are not as they must be: `RequestValidationError`.
    Form(Vec<FieldError>),
    /// A rule of the business is broken: `PolarRequestValidationError`.
    Rules(Vec<FieldError>),
}

impl From<Vec<FieldError>> for Invalid {
    fn from(faults: Vec<FieldError>) -> Self {
        Invalid::Form(faults)
    }
}

/// An identifier in the path of the URL, under the name that its place in the path has.
pub(crate) fn path_id(name: &str, text: &str) -> Result<Uuid, Vec<FieldError>> {
    let mut faults = Faults::new();
    let value = Value::String(text.into());
    let at = Path::URL.name(name);
    let checked = uuid4(Node::new(&value, &at), &mut faults);
    faults.finish(checked)
}

/// Both, or the faults of both: those of the path come before those of query and body.
pub(crate) fn both<A, B, E: Into<Invalid>>(
    first: Result<A, Vec<FieldError>>,
    second: Result<B, E>,
) -> Result<(A, B), Invalid> {
    match (first, second.map_err(Into::into)) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(mut faults), Err(Invalid::Form(more))) => {
            faults.extend(more);
            Err(Invalid::Form(faults))
        }
        (Err(faults), Ok(_) | Err(Invalid::Rules(_))) => Err(Invalid::Form(faults)),
        (Ok(_), Err(invalid)) => Err(invalid),
    }
}

/// Reads a body.
fn read_body<'v, T>(
    body: &'v Body<'v>,
    read: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
) -> Result<T, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = body
        .node(&mut faults)
        .and_then(|node| read(node, &mut faults));
    faults.finish(checked)
}

/// The `organization_id` of a body. It must be well formed; that it must not be there at all is a rule of the business, see
/// [`own_organization`].
fn organization_id(model: Model<'_, '_>, faults: &mut Faults) -> Checked<Option<Uuid>> {
    model.nullable("organization_id", faults, uuid4)
}

/// Refuses a body that names its organization: a token stands for one (SEMANTICS 2.8).
fn own_organization(named: Option<Uuid>) -> Result<(), Invalid> {
    match named {
        None => Ok(()),
        Some(id) => Err(Invalid::Rules(vec![organization_token(&Path::BODY, id)])),
    }
}

/// The fault of naming the organization in the object at a place.
fn organization_token(at: &Path<'_>, id: Uuid) -> FieldError {
    FieldError::of_business(
        &at.name("organization_id"),
        "organization_token",
        "Setting organization_id is disallowed when using an organization token.",
        &Value::String(id.hyphenated().to_string().into()),
    )
}
