//! Organizations. Most of the object is about payments and a shop; clients want the fields, we keep them constant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{Country, DateTime, HttpUrl, Uuid4, names, texts};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organization {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses, unique.
    pub slug: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// How a change of a subscription is charged.
    #[schemars(with = "ProrationBehavior")]
    pub proration_behavior: String,
    /// Whether customers change their subscriptions.
    pub allow_customer_updates: bool,
    /// Its public address.
    pub email: Option<String>,
    /// Its site.
    pub website: Option<String>,
    /// Its profiles.
    pub socials: Vec<SocialLink>,
    /// `active`, and others that do not occur here.
    #[schemars(with = "OrganizationStatus")]
    pub status: String,
    /// When its details were submitted for review.
    #[schemars(with = "Option<DateTime>")]
    pub details_submitted_at: Option<String>,
    /// When they were asked for again.
    #[schemars(with = "Option<DateTime>")]
    pub onboarding_resubmission_requested_at: Option<String>,
    /// Whether its members must use single sign-on.
    pub sso_enforced: bool,
    /// The currency shown by default.
    pub default_presentment_currency: String,
    /// How taxes are shown by default.
    #[schemars(with = "TaxBehavior")]
    pub default_tax_behavior: String,
    /// Which features are on.
    pub feature_settings: Option<FeatureSettings>,
    /// About subscriptions.
    pub subscription_settings: SubscriptionSettings,
    /// About mails to customers.
    pub customer_email_settings: CustomerEmailSettings,
    /// About the customer portal.
    pub customer_portal_settings: CustomerPortalSettings,
    /// About disputes.
    pub dispute_settings: DisputeSettings,
    /// Hosts that may embed its checkout.
    pub embed_hosts: Vec<String>,
    /// Whether that list is enforced.
    pub embed_hosts_enforced: bool,
    /// ISO 3166 alpha-2.
    #[serde(default)]
    #[schemars(with = "Option<Country>")]
    pub country: Option<String>,
    /// Its account.
    #[schemars(with = "Option<Uuid4>")]
    pub account_id: Option<String>,
    /// Its account for payouts.
    #[schemars(with = "Option<Uuid4>")]
    pub payout_account_id: Option<String>,
    /// What it can do now.
    pub capabilities: Capabilities,
}

/// A profile of an organization elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationSocialLink")]
pub struct SocialLink {
    /// Where.
    #[schemars(with = "SocialPlatform")]
    pub platform: String,
    /// Its address.
    #[schemars(with = "HttpUrl")]
    pub url: String,
}

/// Which features are on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationFeatureSettings")]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "names of the contract; none has an effect here"
)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's object")]
pub struct FeatureSettings {
    pub issue_funding_enabled: bool,
    pub seat_based_pricing_enabled: bool,
    pub wallets_enabled: bool,
    pub member_model_enabled: bool,
    pub checkout_localization_enabled: bool,
    pub overview_metrics: Option<Vec<String>>,
    pub reset_proration_behavior_enabled: bool,
    pub off_session_charges_enabled: bool,
    pub meter_cycling_enabled: bool,
    pub slack_benefit_enabled: bool,
    pub preview_access_enabled: bool,
    pub disputes_enabled: bool,
    pub sso_enabled: bool,
    pub dispute_auto_accept_enabled: bool,
    pub compass_enabled: bool,
    pub merchant_migration_enabled: bool,
}

/// About subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationSubscriptionSettings")]
#[expect(
    missing_docs,
    reason = "names of the contract; none has an effect here"
)]
pub struct SubscriptionSettings {
    pub allow_multiple_subscriptions: bool,
    #[schemars(with = "SettingsProrationBehavior")]
    pub proration_behavior: String,
    pub benefit_revocation_grace_period: i64,
    pub prevent_trial_abuse: bool,
    pub allow_customer_updates: bool,
}

/// Which mails customers get.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationCustomerEmailSettings")]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "names of the contract; none has an effect here"
)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's object")]
pub struct CustomerEmailSettings {
    pub order_confirmation: bool,
    pub payment_method_expiration_reminder: bool,
    pub subscription_cancellation: bool,
    pub subscription_confirmation: bool,
    pub subscription_cycled: bool,
    pub subscription_cycled_after_trial: bool,
    pub subscription_past_due: bool,
    pub subscription_paused: bool,
    pub subscription_resumed: bool,
    pub subscription_renewal_reminder: bool,
    pub subscription_revoked: bool,
    pub subscription_trial_conversion_reminder: bool,
    pub subscription_uncanceled: bool,
    pub subscription_updated: bool,
}

/// About the customer portal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationCustomerPortalSettings")]
pub struct CustomerPortalSettings {
    /// About usage.
    pub usage: PortalUsageSettings,
    /// About subscriptions.
    pub subscription: PortalSubscriptionSettings,
    /// About the customer.
    #[serde(default)]
    pub customer: PortalCustomerSettings,
}

/// What the portal shows of usage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerPortalUsageSettings")]
pub struct PortalUsageSettings {
    /// Whether usage is shown.
    pub show: bool,
}

/// What a customer may do with a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerPortalSubscriptionSettings")]
#[expect(
    missing_docs,
    reason = "names of the contract; none has an effect here"
)]
pub struct PortalSubscriptionSettings {
    pub update_seats: bool,
    pub update_plan: bool,
    #[serde(default)]
    pub pause: bool,
}

/// What a customer may change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerPortalCustomerSettings")]
pub struct PortalCustomerSettings {
    /// The own e-mail address.
    #[serde(default)]
    pub allow_email_change: bool,
}

/// About disputes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationDisputeSettings")]
pub struct DisputeSettings {
    /// In cents.
    pub auto_accept_below_amount: Option<i64>,
}

/// What an organization can do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationCapabilities")]
#[expect(missing_docs, reason = "names of the contract")]
#[expect(clippy::struct_excessive_bools, reason = "the contract's object")]
pub struct Capabilities {
    pub checkout_payments: bool,
    pub subscription_renewals: bool,
    pub payouts: bool,
    pub refunds: bool,
    pub api_access: bool,
    pub dashboard_access: bool,
}

/// An organization to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationCreate {
    /// At least 3 characters.
    #[schemars(with = "OrganizationName")]
    pub name: String,
    /// 3 or more of `a-z0-9-`, unique.
    #[schemars(with = "OrganizationSlug")]
    pub slug: String,
}

/// Changes to an organization; what is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationUpdate {
    /// At least 3 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<OrganizationName>")]
    pub name: Option<String>,
}

names! {
    /// How a change of a subscription is charged.
    ProrationBehavior as "SubscriptionProrationBehavior" = ["invoice", "prorate", "next_period", "reset"];
    /// Where an organization stands with its provider. Here always `active`.
    OrganizationStatus = [
        "created", "review", "snoozed", "denied", "active", "blocked", "offboarding", "offboarded",
    ];
    /// Whether prices include taxes.
    TaxBehavior as "TaxBehaviorOption" = ["location", "inclusive", "exclusive"];
    /// Where an organization has a profile.
    SocialPlatform as "OrganizationSocialPlatforms" = [
        "x", "github", "facebook", "instagram", "youtube", "tiktok", "linkedin", "threads", "discord", "other",
    ];
}

texts! {
    /// How a change of a subscription is charged by default.
    SettingsProrationBehavior = {"type": "string", "enum": ["invoice", "prorate", "next_period"]};
    /// The name of an organization.
    OrganizationName = {"type": "string", "minLength": 3};
    /// The name of an organization in addresses.
    OrganizationSlug = {"type": "string", "minLength": 3, "pattern": "^[a-z0-9-]+$"};
}
