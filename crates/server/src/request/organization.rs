//! Organizations (EXTENSIONS, the admin token; SEMANTICS 15.1).

use service::{OrganizationChanges, Page};

use super::page::read_page;
use super::{Body, Query, read_body};
use crate::validate::{Checked, Faults, FieldError, Length, Node, Rule, text};

const NAME_LENGTH: Length = Length::at_least(3);
const SLUG_LENGTH: Length = Length::at_least(3);
const ORDERS: [&str; 4] = ["created_at", "-created_at", "slug", "-slug"];

/// An organization to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewOrganization {
    /// See [`domain::Organization::name`].
    pub(crate) name: String,
    /// See [`domain::Organization::slug`].
    pub(crate) slug: String,
}

/// What a list of organizations asks for.
#[derive(Debug, Clone)]
pub(crate) struct OrganizationList {
    /// Only the one with this slug.
    pub(crate) slug: Option<String>,
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
pub(crate) fn organization_update(body: &Body<'_>) -> Result<OrganizationChanges, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        Ok(OrganizationChanges {
            name: model.nullable("name", faults, name)?,
        })
    })
}

/// `GET /v1/organizations/`. `sorting` is checked and has no effect: the oldest comes first.
pub(crate) fn organization_list(query: &Query<'_>) -> Result<OrganizationList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let page = read_page(query, &mut faults);
    let sorting = query.choices("sorting", &ORDERS, known_order, &mut faults);
    let slug = query.optional("slug", &mut faults, |node, faults| {
        text(node, Length::ANY, faults).map(str::to_owned)
    });
    let checked = sorting
        .and(slug)
        .and_then(|slug| Ok(OrganizationList { slug, page: page? }));
    faults.finish(checked)
}

fn known_order(name: &str) -> Option<()> {
    ORDERS.contains(&name).then_some(())
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
