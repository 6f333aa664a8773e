//! Organization access tokens. For the administrator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{DateTime, Duration, Uuid4, names};

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationAccessToken {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// What it may do.
    #[schemars(with = "Vec<Scope>")]
    pub scopes: Vec<String>,
    /// From when on it is refused.
    #[schemars(with = "Option<DateTime>")]
    pub expires_at: Option<String>,
    /// What it is for.
    pub comment: String,
    /// When it was last used; may lag by a minute.
    #[schemars(with = "Option<DateTime>")]
    pub last_used_at: Option<String>,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
}

/// A token to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationAccessTokenCreate {
    /// For which organization.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// What it is for.
    pub comment: String,
    /// What it may do.
    #[schemars(with = "Vec<Scope>")]
    pub scopes: Vec<String>,
    /// An ISO 8601 duration; unset: for ever.
    #[serde(default)]
    #[schemars(with = "Option<Duration>")]
    pub expires_in: Option<String>,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationAccessTokenCreated {
    /// The token.
    pub organization_access_token: OrganizationAccessToken,
    /// Its secret, shown this once.
    pub token: String,
}

/// Changes to a token; what is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationAccessTokenUpdate {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Scope>>")]
    pub scopes: Option<Vec<String>>,
}

names! {
    /// What a token may do. `openid` allows nothing.
    Scope = [
        "openid",
        "organizations:read",
        "organizations:write",
        "meters:read",
        "meters:write",
        "events:read",
        "events:write",
        "customers:read",
        "customers:write",
        "members:read",
        "members:write",
        "customer_meters:read",
        "customer_meters:write",
        "customer_sessions:write",
        "benefits:read",
        "benefits:write",
        "webhooks:read",
        "webhooks:write",
    ];
}
