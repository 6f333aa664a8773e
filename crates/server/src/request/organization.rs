//! Organizations (EXTENSIONS, the admin token; SEMANTICS 4.11, 15.1).

mod currency;
mod settings;
#[cfg(test)]
mod tests;

use service::{Direction, OrganizationOrder, Page};

pub(crate) use settings::SettingsPatch;

use super::page::read_page;
use super::{Body, Query, read_body};
use crate::validate::{Checked, Faults, FieldError, Length, Node, Rule, any_text, text};

const NAME_LENGTH: Length = Length::at_least(3);
const SLUG_LENGTH: Length = Length::at_least(3);
const ORDERS: [&str; 10] = [
    "created_at",
    "-created_at",
    "slug",
    "-slug",
    "name",
    "-name",
    "next_review_threshold",
    "-next_review_threshold",
    "days_in_status",
    "-days_in_status",
];

/// An organization to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewOrganization {
    /// See [`domain::Organization::name`].
    pub(crate) name: String,
    /// See [`domain::Organization::slug`].
    pub(crate) slug: String,
}

/// Changes to an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrganizationPatch {
    /// Its name; `None`: unchanged.
    pub(crate) name: Option<String>,
    /// What is beside metering.
    pub(crate) settings: SettingsPatch,
}

/// What a list of organizations asks for.
#[derive(Debug, Clone)]
pub(crate) struct OrganizationList {
    /// Only the one with this slug.
    pub(crate) slug: Option<String>,
    /// By what they are ordered.
    pub(crate) sorting: Vec<(OrganizationOrder, Direction)>,
    /// Which page.
    pub(crate) page: Page,
}

/// `POST /v1/organizations/`
pub(crate) fn organization_create(body: &Body<'_>) -> Result<NewOrganization, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let name = model.required("name", faults, name);
        let slug = model.required("slug", faults, slug);
        Ok(NewOrganization {
            name: name?,
            slug: slug?,
        })
    })
}

/// `PATCH /v1/organizations/{id}`
pub(crate) fn organization_update(body: &Body<'_>) -> Result<OrganizationPatch, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let name = model.nullable("name", faults, name);
        let settings = SettingsPatch::read(model, faults);
        Ok(OrganizationPatch {
            name: name?,
            settings: settings?,
        })
    })
}

/// `GET /v1/organizations/`
pub(crate) fn organization_list(query: &Query<'_>) -> Result<OrganizationList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let page = read_page(query, &mut faults);
    let sorting = query.choices("sorting", &ORDERS, order, &mut faults);
    let slug = query.optional("slug", &mut faults, any_text);
    let checked = sorting.and_then(|sorting| {
        Ok(OrganizationList {
            slug: slug?,
            sorting: sorting.into_iter().flatten().collect(),
            page: page?,
        })
    });
    faults.finish(checked)
}

/// An order that the contract knows; an empty one for those by reviews, as none takes place: all are alike there.
#[expect(clippy::option_option, reason = "unknown, or known and without effect")]
fn order(name: &str) -> Option<Option<(OrganizationOrder, Direction)>> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => OrganizationOrder::CreatedAt,
        "slug" => OrganizationOrder::Slug,
        "name" => OrganizationOrder::Name,
        "next_review_threshold" | "days_in_status" => return Some(None),
        _ => return None,
    };
    Some(Some((order, direction)))
}

fn name(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, NAME_LENGTH, faults).map(str::to_owned)
}

fn slug(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    let slug = text(node, SLUG_LENGTH, faults)?;
    let is_slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if slug.bytes().all(is_slug) {
        Ok(slug.to_owned())
    } else {
        Err(node.refuse(Rule::Pattern("^[a-z0-9-]+$"), faults))
    }
}
