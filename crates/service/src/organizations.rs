//! Organizations and their access tokens. For the administrator, but for an organization's own row.

use domain::{Organization, OrganizationId, Scopes, Timestamp, Token, TokenId};

use crate::secrets::{KnownToken, ORGANIZATION_PREFIX, mint};
use crate::{Change, Error, Listed, OrganizationSearch, Page, Service};

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

/// Changes to an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChanges {
    /// Its name; `None` leaves it.
    pub name: Option<String>,
    /// See [`Organization::settings`].
    pub settings: Change<Option<Box<str>>>,
}

impl Service {
    /// Makes an organization. `name` and `slug` are valid in form. Fault: [`crate::Fault::SlugTaken`].
    pub fn create_organization(&self, name: &str, slug: &str) -> Result<Organization, Error> {
        let organization = Organization {
            id: OrganizationId::from_random(self.random_id()),
            name: name.to_owned(),
            slug: slug.to_owned(),
            settings: None,
            created_at: self.now(),
            modified_at: None,
        };
        self.catalog.insert_organization(&organization)?;
        Ok(organization)
    }

    /// An organization.
    pub fn organization(&self, id: OrganizationId) -> Result<Organization, Error> {
        self.catalog.organization(id)?.ok_or(Error::NotFound)
    }

    /// Organizations.
    pub fn organizations(
        &self,
        search: &OrganizationSearch,
        page: Page,
    ) -> Result<Listed<Organization>, Error> {
        Ok(self.catalog.organizations(search, page)?)
    }

    /// Changes an organization. `changes` are worked out from the organization as it is, while nobody else changes it. Nothing is
    /// written, and `modified_at` stays, when they come to nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], and that of `changes`.
    pub fn update_organization(
        &self,
        id: OrganizationId,
        changes: impl FnOnce(&Organization) -> Result<OrganizationChanges, Error>,
    ) -> Result<Organization, Error> {
        let _changing = self.changing.lock();
        let before = self.organization(id)?;
        let changes = changes(&before)?;
        let mut organization = before.clone();
        if let Some(name) = changes.name {
            organization.name = name;
        }
        changes.settings.apply(&mut organization.settings);
        if organization == before {
            return Ok(before);
        }
        organization.modified_at = Some(self.now());
        self.catalog.update_organization(&organization)?;
        Ok(organization)
    }

    /// Makes a token; the secret is returned this once. Fault: [`crate::Fault::OrganizationUnknown`].
    pub fn create_token(&self, new: NewToken) -> Result<(Token, String), Error> {
        let _changing = self.changing.lock();
        let now = self.now();
        let expires_at = new.lifetime_micros.map(|lifetime| {
            // A lifetime beyond the year 9999 ends there.
            Timestamp::from_micros(now.micros().saturating_add(lifetime)).unwrap_or(Timestamp::MAX)
        });
        let token = Token {
            id: TokenId::from_random(self.random_id()),
            organization: new.organization,
            comment: new.comment,
            scopes: new.scopes,
            expires_at,
            last_used_at: None,
            created_at: now,
            modified_at: None,
        };
        let secret = mint(ORGANIZATION_PREFIX, &*self.random);
        let hash = self.hasher.hash(&secret);
        self.catalog.insert_token(&token, &hash)?;
        self.tokens
            .write()
            .insert(hash, token.id, KnownToken::of(&token));
        Ok((token, secret))
    }

    /// Tokens, newest first; `organizations` empty: of all.
    pub fn tokens(
        &self,
        organizations: &[OrganizationId],
        page: Page,
    ) -> Result<Listed<Token>, Error> {
        Ok(self.catalog.tokens(organizations, page)?)
    }

    /// Changes a token, from the next request on.
    pub fn update_token(&self, id: TokenId, changes: &TokenChanges) -> Result<Token, Error> {
        let _changing = self.changing.lock();
        let mut token = self.catalog.token(id)?.ok_or(Error::NotFound)?;
        if let Some(comment) = &changes.comment {
            token.comment.clone_from(comment);
        }
        token.scopes = changes.scopes.unwrap_or(token.scopes);
        token.modified_at = Some(self.now());
        self.catalog.update_token(&token)?;
        if let Some(known) = self.tokens.write().get_mut(id) {
            known.access.scopes = token.scopes;
        }
        Ok(token)
    }

    /// Deletes a token, from the next request on.
    pub fn delete_token(&self, id: TokenId) -> Result<(), Error> {
        let _changing = self.changing.lock();
        self.catalog.delete_token(id)?;
        self.tokens.write().remove(id);
        Ok(())
    }
}
