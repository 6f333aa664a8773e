//! Organization access tokens. For the administrator.

use serde::{Deserialize, Serialize};

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAccessToken {
    /// When it was created.
    pub created_at: String,
    /// When it last changed.
    pub modified_at: Option<String>,
    /// Its id.
    pub id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// From when on it is refused.
    pub expires_at: Option<String>,
    /// What it is for.
    pub comment: String,
    /// When it was last used; may lag by a minute.
    pub last_used_at: Option<String>,
    /// Whose it is.
    pub organization_id: String,
}

/// A token to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAccessTokenCreate {
    /// For which organization.
    pub organization_id: String,
    /// What it is for.
    pub comment: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// An ISO 8601 duration; unset: for ever.
    #[serde(default)]
    pub expires_in: Option<String>,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAccessTokenCreated {
    /// The token.
    pub organization_access_token: OrganizationAccessToken,
    /// Its secret, shown this once.
    pub token: String,
}

/// Changes to a token; what is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAccessTokenUpdate {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}
