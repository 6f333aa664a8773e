//! Organization access tokens (EXTENSIONS, the admin token).

use domain::{OrganizationId, Scope, Scopes};
use service::{NewToken, Page, TokenChanges};

use super::page::read_page;
use super::{Body, Query, read_body};
use crate::validate::{Checked, Faults, FieldError, Node, any_text, duration, list, one_of, uuid4};

/// What a list of tokens asks for.
#[derive(Debug, Clone)]
pub(crate) struct TokenList {
    /// Only those of these organizations; empty: of all.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `POST /v1/organization-access-tokens/`
pub(crate) fn token_create(body: &Body<'_>) -> Result<NewToken, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let organization = model.required("organization_id", faults, uuid4);
        let comment = model.required("comment", faults, any_text);
        let scopes = model.required("scopes", faults, scopes);
        let lifetime = model.nullable("expires_in", faults, duration);
        Ok(NewToken {
            organization: OrganizationId::from_uuid(organization?),
            comment: comment?,
            scopes: scopes?,
            lifetime_micros: lifetime?,
        })
    })
}

/// `PATCH /v1/organization-access-tokens/{id}`
pub(crate) fn token_update(body: &Body<'_>) -> Result<TokenChanges, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let comment = model.nullable("comment", faults, any_text);
        let scopes = model.nullable("scopes", faults, scopes);
        Ok(TokenChanges {
            comment: comment?,
            scopes: scopes?,
        })
    })
}

/// `GET /v1/organization-access-tokens/`
pub(crate) fn token_list(query: &Query<'_>) -> Result<TokenList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let page = read_page(query, &mut faults);
    let organizations = query.ids("organization_id", &mut faults);
    let checked = organizations.and_then(|ids| {
        let organizations = ids.into_iter().map(OrganizationId::from_uuid).collect();
        Ok(TokenList {
            organizations,
            page: page?,
        })
    });
    faults.finish(checked)
}

fn scopes(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Scopes> {
    let scopes = list(node, faults, |node, faults| {
        one_of(node, Scope::ALL, Scope::as_str, faults)
    })?;
    Ok(scopes.into_iter().collect())
}
