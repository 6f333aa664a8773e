//! Organizations, their access tokens, and what a token may do.

use crate::id::{OrganizationId, TokenId};
use crate::time::Timestamp;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// At least 3 characters.
    pub name: String,
    /// 3 or more of `a-z0-9-`, unique.
    pub slug: String,
    /// What of it is outside metering (address, links, settings), as `server` writes it on the wire: kept and given back. `None`: as
    /// it is at first.
    pub settings: Option<Box<str>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}

/// An organization access token. The secret is not here: only its keyed hash is kept, by the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it is for.
    pub comment: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From when on it is refused. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used; may lag by a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}

macro_rules! scopes {
    ($($variant:ident $name:literal,)*) => {
        /// One thing that a token may do. SEMANTICS 2.6 and EXTENSIONS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each name says it")]
        pub enum Scope { $($variant,)* }

        impl Scope {
            /// All scopes, in the order in which they are listed.
            pub const ALL: &'static [Scope] = &[$(Scope::$variant,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Scope::$variant => $name,)* }
            }

            /// The scope with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Scope::$variant),)* _ => None }
            }
        }
    };
}

scopes! {
    OpenId "openid",
    OrganizationsRead "organizations:read",
    OrganizationsWrite "organizations:write",
    MetersRead "meters:read",
    MetersWrite "meters:write",
    EventsRead "events:read",
    EventsWrite "events:write",
    CustomersRead "customers:read",
    CustomersWrite "customers:write",
    MembersRead "members:read",
    MembersWrite "members:write",
    CustomerMetersRead "customer_meters:read",
    CustomerMetersWrite "customer_meters:write",
    CustomerSessionsWrite "customer_sessions:write",
    BenefitsRead "benefits:read",
    BenefitsWrite "benefits:write",
    WebhooksRead "webhooks:read",
    WebhooksWrite "webhooks:write",
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// No scope.
    pub const NONE: Scopes = Scopes(0);

    /// Adds one.
    pub const fn insert(&mut self, scope: Scope) {
        self.0 |= 1 << scope as u32;
    }

    /// Whether it is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// The scopes, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        let mut set = Self::NONE;
        for scope in scopes {
            set.insert(scope);
        }
        set
    }
}

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Scope::as_str))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_one_name_and_fits_the_set() {
        for scope in Scope::ALL {
            assert_eq!(Scope::from_name(scope.as_str()), Some(*scope));
        }
        let all: Scopes = Scope::ALL.iter().copied().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Scope::ALL);
        assert_eq!(Scope::from_name("meters"), None);
    }
}
