//! Organizations and their access tokens. For the administrator, but for an organization's own row.

use domain::{Organization, OrganizationId, Scopes, Token, TokenId};

use crate::{Error, Listed, Page, Service};

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// For which organization.
    pub organization: OrganizationId,
    /// What it is for.
    pub comment: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How long it lives, in microseconds. `None`: for ever; 0: it has expired already.
    pub lifetime_micros: Option<i64>,
}

/// Changes to a token; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct TokenChanges {
    /// What it is for.
    pub comment: Option<String>,
    /// What it may do.
    pub scopes: Option<Scopes>,
}

/// Changes to an organization; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct OrganizationChanges {
    /// Its name.
    pub name: Option<String>,
}

impl Service {
    /// Makes an organization. `name` and `slug` are valid in form. Fault: [`crate::Fault::SlugTaken`].
    pub fn create_organization(&self, name: &str, slug: &str) -> Result<Organization, Error> {
        let _ = (name, slug);
        unimplemented!()
    }

    /// An organization.
    pub fn organization(&self, id: OrganizationId) -> Result<Organization, Error> {
        let _ = id;
        unimplemented!()
    }

    /// Organizations, oldest first; `only`: just this one; `slug`: just the one with it.
    pub fn organizations(
        &self,
        only: Option<OrganizationId>,
        slug: Option<&str>,
        page: Page,
    ) -> Result<Listed<Organization>, Error> {
        let _ = (only, slug, page);
        unimplemented!()
    }

    /// Changes an organization.
    pub fn update_organization(
        &self,
        id: OrganizationId,
        changes: &OrganizationChanges,
    ) -> Result<Organization, Error> {
        let _ = (id, changes);
        unimplemented!()
    }

    /// Makes a token; the secret is returned this once. Fault: [`crate::Fault::OrganizationUnknown`].
    pub fn create_token(&self, new: NewToken) -> Result<(Token, String), Error> {
        let _ = new;
        unimplemented!()
    }

    /// Tokens, newest first; `organizations` empty: of all.
    pub fn tokens(
        &self,
        organizations: &[OrganizationId],
        page: Page,
    ) -> Result<Listed<Token>, Error> {
        let _ = (organizations, page);
        unimplemented!()
    }

    /// Changes a token, from the next request on.
    pub fn update_token(&self, id: TokenId, changes: &TokenChanges) -> Result<Token, Error> {
        let _ = (id, changes);
        unimplemented!()
    }

    /// Deletes a token, from the next request on.
    pub fn delete_token(&self, id: TokenId) -> Result<(), Error> {
        let _ = id;
        unimplemented!()
    }
}
