//! Customers (SEMANTICS 11.1 to 11.4, 11.6, 11.7).

use domain::{CustomerKind, OrganizationId};
use service::{
    Change, CustomerChanges, CustomerOrder, CustomerSearch, Direction, NewCustomer, NewOwner, Page,
};
use uuid::Uuid;

use super::filter::tag_text;
use super::meter::change;
use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::json::Value;
use crate::validate::{
    Checked, Faults, FieldError, Length, Model, Node, Rule, any_text, boolean, choice, email,
    metadata, text, trimmed_or_none,
};

mod address;
mod country;
#[cfg(test)]
mod tests;

use address::address;
pub(super) use address::country;

const KINDS: [&str; 2] = ["individual", "team"];
const ORDERS: [&str; 6] = [
    "created_at",
    "-created_at",
    "email",
    "-email",
    "name",
    "-name",
];
const NAME_LENGTH: Length = Length::at_most(256);

/// What tells the kinds apart, as faults name it.
const KIND_KEY: &str = "'type'";

/// What a list of customers asks for.
#[derive(Debug, Clone)]
pub(crate) struct CustomerList {
    /// Which of them.
    pub(crate) search: CustomerSearch,
    /// Only those with a subscription, or only those without.
    pub(crate) active: Option<bool>,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `POST /v1/customers/`
pub(crate) fn customer_create(body: &Body<'_>) -> Result<NewCustomer, Invalid> {
    let (customer, named) = read_body(body, read_create)?;
    own_organization(named)?;
    Ok(customer)
}

/// The key `type` tells individual and team apart; faults are reported under it. Without it, or without an object, it is an
/// individual.
fn read_create(node: Node<'_, '_>, faults: &mut Faults) -> Checked<(NewCustomer, Option<Uuid>)> {
    let kind = match node.value {
        Value::Object(object) => object.get("type"),
        _ => None,
    };
    let kind = match kind {
        None => CustomerKind::Individual,
        Some(Value::Null) => return Err(node.refuse(Rule::TagMissing(KIND_KEY), faults)),
        Some(tag) => {
            let found = match tag {
                Value::String(name) => CustomerKind::from_name(name),
                _ => None,
            };
            found.ok_or_else(|| {
                node.refuse(Rule::TagUnknown(KIND_KEY, &tag_text(tag), &KINDS), faults)
            })?
        }
    };
    let at = node.at.name(kind.as_str());
    read_kind(node.at(&at), kind, faults)
}

fn read_kind(
    node: Node<'_, '_>,
    kind: CustomerKind,
    faults: &mut Faults,
) -> Checked<(NewCustomer, Option<Uuid>)> {
    let model = node.model(faults)?;
    let metadata = model.optional("metadata", faults, metadata);
    let external_id = model.nullable("external_id", faults, optional_text);
    let name = model.nullable("name", faults, name);
    let billing_address = model.nullable("billing_address", faults, address);
    let tax_id = model.nullable("tax_id", faults, optional_text);
    let locale = model.nullable("locale", faults, optional_text);
    let organization = organization_id(model, faults);
    let owner = model.nullable("owner", faults, owner);
    let email = match kind {
        CustomerKind::Individual => model.required("email", faults, email).map(Some),
        CustomerKind::Team => model.nullable("email", faults, email),
    };
    let owner = owner?;
    let customer = NewCustomer {
        kind,
        external_id: external_id?.flatten(),
        email: email?,
        name: name?.flatten(),
        billing_address: billing_address?,
        tax_id: tax_id?.flatten(),
        locale: locale?.flatten(),
        metadata: metadata?.unwrap_or_default(),
        owner,
    };
    let organization = organization?;
    if customer.email.is_none() && customer.owner.is_none() {
        let rule = Rule::Value("An owner is required for a team customer without an email.");
        return Err(node.refuse(rule, faults));
    }
    Ok((customer, organization))
}

/// Text without the white space around it; nothing when it is blank.
fn optional_text(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Option<String>> {
    text(node, Length::ANY, faults).map(trimmed_or_none)
}

fn name(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Option<String>> {
    text(node, NAME_LENGTH, faults).map(trimmed_or_none)
}

/// The member that owns a customer.
fn owner(node: Node<'_, '_>, faults: &mut Faults) -> Checked<NewOwner> {
    let model = node.model(faults)?;
    let email = model.required("email", faults, email);
    let name = model.nullable("name", faults, name);
    let external_id = model.nullable("external_id", faults, optional_text);
    Ok(NewOwner {
        email: email?,
        name: name?.flatten(),
        external_id: external_id?.flatten(),
    })
}

/// `PATCH /v1/customers/{id}`
pub(crate) fn customer_update(body: &Body<'_>) -> Result<CustomerChanges, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let changes = read_update(model, faults);
        let external_id = change_of_text(model, "external_id", faults, optional_text);
        let kind = model.nullable("type", faults, |node, faults| {
            choice(node, &KINDS, CustomerKind::from_name, faults)
        });
        Ok(CustomerChanges {
            external_id: external_id?,
            kind: kind?,
            ..changes?
        })
    })
}

/// `PATCH /v1/customers/external/{external_id}`: there, external id and type are unknown keys.
pub(crate) fn customer_update_external(
    body: &Body<'_>,
) -> Result<CustomerChanges, Vec<FieldError>> {
    read_body(body, |node, faults| {
        read_update(node.model(faults)?, faults)
    })
}

/// The changes that a body may hold on either path.
fn read_update(model: Model<'_, '_>, faults: &mut Faults) -> Checked<CustomerChanges> {
    let metadata = model.optional("metadata", faults, metadata);
    let email = model.nullable("email", faults, email);
    let name = change_of_text(model, "name", faults, name);
    let billing_address = change(model, "billing_address", faults, address);
    let tax_id = change_of_text(model, "tax_id", faults, optional_text);
    let locale = change_of_text(model, "locale", faults, optional_text);
    Ok(CustomerChanges {
        kind: None,
        external_id: Change::Keep,
        email: email?,
        name: name?,
        billing_address: billing_address?,
        tax_id: tax_id?,
        locale: locale?,
        metadata: metadata?,
    })
}

/// A text that null and blank text empty.
fn change_of_text(
    model: Model<'_, '_>,
    name: &str,
    faults: &mut Faults,
    inner: fn(Node<'_, '_>, &mut Faults) -> Checked<Option<String>>,
) -> Checked<Change<Option<String>>> {
    let found = model.optional(name, faults, |node, faults| node.nullable(faults, inner))?;
    Ok(found.map_or(Change::Keep, |text| Change::Set(text.flatten())))
}

/// `GET /v1/customers/`
pub(crate) fn customer_list(query: &Query<'_>) -> Result<CustomerList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<CustomerList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let email = query.optional("email", faults, any_text);
    let part = query.optional("query", faults, any_text);
    let active = query.optional("active", faults, boolean);
    Ok(CustomerList {
        search: CustomerSearch {
            email: email?,
            query: part?,
            metadata: query.metadata(),
            sorting: sorting?,
        },
        active: active?,
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
    })
}

fn order(name: &str) -> Option<(CustomerOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => CustomerOrder::CreatedAt,
        "email" => CustomerOrder::Email,
        "name" => CustomerOrder::Name,
        _ => return None,
    };
    Some((order, direction))
}

/// `DELETE /v1/customers/{id}` and `DELETE /v1/customers/external/{external_id}`. Whether the customer
/// is to be anonymized too.
pub(crate) fn customer_delete(query: &Query<'_>) -> Result<bool, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = query.optional("anonymize", &mut faults, boolean);
    faults.finish(checked.map(|anonymize| anonymize.unwrap_or(false)))
}

/// `GET /v1/customers/export`: of which organizations; empty: of the token's.
pub(crate) fn customer_export(query: &Query<'_>) -> Result<Vec<OrganizationId>, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = query.ids("organization_id", &mut faults);
    let ids = faults.finish(checked)?;
    Ok(ids.into_iter().map(OrganizationId::from_uuid).collect())
}
