//! Grants of benefits (SEMANTICS 4.3, 13; EXTENSIONS, grants of benefits).

use domain::{CustomerId, MemberId, OrganizationId};
use service::{CustomerKey, Direction, GrantOrder, GrantSearch, Page};
use uuid::Uuid;

use super::customer_meter::customer_key;
use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::validate::{Checked, Faults, FieldError, Node, any_text, boolean, uuid4};

#[cfg(test)]
mod tests;

const ORDERS: [&str; 6] = [
    "created_at",
    "-created_at",
    "granted_at",
    "-granted_at",
    "revoked_at",
    "-revoked_at",
];

/// What a list of grants asks for.
#[derive(Debug, Clone)]
pub(crate) struct GrantList {
    /// Which of them.
    pub(crate) search: GrantSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// A grant to be made of the benefit that the path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantCreate {
    /// To whom.
    pub(crate) customer: CustomerKey,
    /// Counts once.
    pub(crate) external_id: Option<String>,
}

/// `POST /v1/benefits/{id}/grants`
pub(crate) fn grant_create(body: &Body<'_>) -> Result<GrantCreate, Invalid> {
    let (grant, named) = read_body(body, read_create)?;
    own_organization(named)?;
    Ok(grant)
}

fn read_create(node: Node<'_, '_>, faults: &mut Faults) -> Checked<(GrantCreate, Option<Uuid>)> {
    let model = node.model(faults)?;
    let customer_id = model.nullable("customer_id", faults, uuid4);
    let external_customer_id = model.nullable("external_customer_id", faults, any_text);
    let external_id = model.nullable("external_id", faults, any_text);
    let organization = organization_id(model, faults);
    let customer_id = customer_id?.map(CustomerId::from_uuid);
    let (external_customer_id, external_id) = (external_customer_id?, external_id?);
    let organization = organization?;
    let grant = GrantCreate {
        customer: customer_key(model, customer_id, external_customer_id, faults)?,
        external_id,
    };
    Ok((grant, organization))
}

/// `POST /v1/benefit-grants/{id}/cycle`: the key of the request, if it has one. There need be no body.
pub(crate) fn grant_cycle(body: &Body<'_>) -> Result<Option<String>, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = match body.node(&mut Faults::none_wanted()) {
        Ok(node) => node.nullable(&mut faults, read_cycle).map(Option::flatten),
        Err(_) => Ok(None),
    };
    faults.finish(checked)
}

fn read_cycle(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Option<String>> {
    let model = node.model(faults)?;
    model.nullable("external_id", faults, any_text)
}

/// `GET /v1/benefits/{id}/grants`: which of the grants of the benefit that the path names, and which page.
pub(crate) fn benefit_grant_list(
    query: &Query<'_>,
) -> Result<(GrantSearch, Page), Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list_of_benefit(query, &mut faults);
    faults.finish(checked)
}

fn read_list_of_benefit(query: &Query<'_>, faults: &mut Faults) -> Checked<(GrantSearch, Page)> {
    let page = read_page(query, faults);
    let is_granted = query.optional("is_granted", faults, boolean);
    let customers = query.ids("customer_id", faults);
    let members = query.ids("member_id", faults);
    let search = GrantSearch {
        customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
        members: members?.into_iter().map(MemberId::from_uuid).collect(),
        is_granted: is_granted?,
        ..GrantSearch::default()
    };
    Ok((search, page?))
}

/// `GET /v1/benefit-grants/`
pub(crate) fn grant_list(query: &Query<'_>) -> Result<GrantList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<GrantList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let customers = query.ids("customer_id", faults);
    let is_granted = query.optional("is_granted", faults, boolean);
    let organizations = organizations?.into_iter().map(OrganizationId::from_uuid);
    Ok(GrantList {
        search: GrantSearch {
            customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
            external_customers: query.texts("external_customer_id"),
            is_granted: is_granted?,
            sorting: sorting?,
            ..GrantSearch::default()
        },
        organizations: organizations.collect(),
        page: page?,
    })
}

fn order(name: &str) -> Option<(GrantOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => GrantOrder::CreatedAt,
        "granted_at" => GrantOrder::GrantedAt,
        "revoked_at" => GrantOrder::RevokedAt,
        _ => return None,
    };
    Some((order, direction))
}
