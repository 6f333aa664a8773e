//! Customer sessions: a customer's way to its own usage, for an hour.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Customer;
use crate::schema::{DateTime, HttpUrl, Uuid4};

/// A session, as it is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerSession {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// Sessions do not change: always null.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// The bearer token of the customer portal. Shown this once.
    pub token: String,
    /// From when on the token is refused.
    #[schemars(with = "DateTime")]
    pub expires_at: String,
    /// Where the portal leads back to.
    pub return_url: Option<String>,
    /// The address of the portal, with the token in it.
    pub customer_portal_url: String,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub customer_id: String,
    /// Whose it is.
    pub customer: Customer,
}

/// A session to be made, for a customer that is named by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerSessionCustomerIDCreate")]
pub struct CustomerSessionCreate {
    /// For which of a team's members. They all see the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub member_id: Option<String>,
    /// The same, by the organization's own id for the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_member_id: Option<String>,
    /// Where the portal leads back to, `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HttpUrl>")]
    pub return_url: Option<String>,
    /// For whom.
    #[schemars(with = "Uuid4")]
    pub customer_id: String,
}

/// A session to be made, for a customer that is named by the organization's own id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerSessionCustomerExternalIDCreate")]
pub struct CustomerSessionExternalCreate {
    /// For which of a team's members. They all see the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub member_id: Option<String>,
    /// The same, by the organization's own id for the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_member_id: Option<String>,
    /// Where the portal leads back to, `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HttpUrl>")]
    pub return_url: Option<String>,
    /// For whom. `customer_external_id` is read too.
    #[serde(alias = "customer_external_id")]
    pub external_customer_id: String,
}
