//! Organizations. Most of the object is about payments and a shop; clients want the fields, we keep what they write there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{Country, CountryInput, DateTime, Email, HttpUrl, Uuid4, names, texts};

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
    #[schemars(extend("default" = null))]
    pub pause: bool,
}

/// What a customer may change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerPortalCustomerSettings")]
pub struct PortalCustomerSettings {
    /// The own e-mail address.
    #[serde(default)]
    #[schemars(extend("default" = null))]
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

/// Changes to an organization; what is unset stays. What is beside the name is kept and given back, and has no effect.
///
/// Null empties the picture, the e-mail address, the site and the country; elsewhere it is as good as unset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationUpdate {
    /// At least 3 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<OrganizationName>")]
    pub name: Option<String>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HttpUrl>")]
    pub avatar_url: Option<String>,
    /// Its public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Email>")]
    pub email: Option<String>,
    /// Its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HttpUrl>")]
    pub website: Option<String>,
    /// Its profiles; replaces all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socials: Option<Vec<SocialLink>>,
    /// What it does. No answer shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<OrganizationDetails>,
    /// ISO 3166 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CountryInput>")]
    pub country: Option<String>,
    /// Which features are on; those that are unset stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_settings: Option<FeatureSettingsUpdate>,
    /// About subscriptions; replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_settings: Option<SubscriptionSettings>,
    /// About mails to customers; replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_email_settings: Option<CustomerEmailSettings>,
    /// About the customer portal; replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_portal_settings: Option<CustomerPortalSettings>,
    /// About disputes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute_settings: Option<DisputeSettingsUpdate>,
    /// Hosts that may embed its checkout: a host and perhaps a port, `*.` before a host for all below it, or the origin of an app;
    /// replaces all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_hosts: Option<Vec<String>>,
    /// The currency shown by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<PresentmentCurrency>")]
    pub default_presentment_currency: Option<String>,
    /// How taxes are shown by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TaxBehavior>")]
    pub default_tax_behavior: Option<String>,
    /// Whether its members must use single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_enforced: Option<bool>,
}

/// What an organization does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationDetails {
    /// About it.
    #[serde(default)]
    #[schemars(extend("deprecated" = true))]
    pub about: Option<String>,
    /// About what it sells.
    #[serde(default)]
    pub product_description: Option<String>,
    /// What kinds of things it sells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selling_categories: Vec<String>,
    /// How it charges for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pricing_models: Vec<String>,
    /// What it is here for.
    #[serde(default)]
    #[schemars(extend("deprecated" = true))]
    pub intended_use: Option<String>,
    /// How it finds customers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("deprecated" = true))]
    pub customer_acquisition: Vec<String>,
    /// What it expects to earn in the next twelve months.
    #[serde(default)]
    #[schemars(with = "Option<Revenue>")]
    #[schemars(extend("deprecated" = true))]
    pub future_annual_revenue: Option<i64>,
    /// Whether it comes from elsewhere.
    #[serde(default)]
    pub switching: bool,
    /// From where.
    #[serde(default)]
    #[schemars(with = "Option<SwitchingFrom>")]
    pub switching_from: Option<String>,
    /// What it earned last year.
    #[serde(default)]
    #[schemars(with = "Option<Revenue>")]
    #[schemars(extend("deprecated" = true))]
    pub previous_annual_revenue: Option<i64>,
}

/// Features to be turned on or off; those that are unset stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationFeatureSettingsUpdate")]
#[expect(
    missing_docs,
    reason = "names of the contract; none has an effect here"
)]
pub struct FeatureSettingsUpdate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub seat_based_pricing_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub member_model_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub checkout_localization_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview_metrics: Option<Vec<String>>,
}

/// A change about disputes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationDisputeSettingsUpdate")]
pub struct DisputeSettingsUpdate {
    /// In cents; null turns it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AutoAcceptAmount>")]
    pub auto_accept_below_amount: Option<i64>,
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
    /// A currency in which prices are shown.
    PresentmentCurrency = [
        "aed", "all", "amd", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bif", "bmd", "bnd",
        "bob", "brl", "bsd", "bwp", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop", "crc", "cve", "czk",
        "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gnf",
        "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jpy", "kes", "kgs",
        "khr", "kmf", "krw", "kyd", "kzt", "lak", "lkr", "lrd", "lsl", "mad", "mdl", "mga", "mkd", "mnt",
        "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab",
        "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rwf", "sar", "sbd", "scr", "sek",
        "sgd", "shp", "sos", "srd", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx",
        "usd", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xcg", "xof", "xpf", "yer", "zar", "zmw",
    ];
    /// Where an organization has a profile.
    SocialPlatform as "OrganizationSocialPlatforms" = [
        "x", "github", "facebook", "instagram", "youtube", "tiktok", "linkedin", "threads", "discord", "other",
    ];
}

texts! {
    /// Where an organization comes from.
    SwitchingFrom = {"type": "string", "enum": ["paddle", "lemon_squeezy", "gumroad", "stripe", "other"]};
    /// What an organization earns in a year.
    Revenue = {"type": "integer", "minimum": 0};
    /// An amount of a dispute, in cents.
    AutoAcceptAmount = {"type": "integer", "minimum": 1, "maximum": 10_000};
    /// How a change of a subscription is charged by default.
    SettingsProrationBehavior = {"type": "string", "enum": ["invoice", "prorate", "next_period"]};
    /// The name of an organization.
    OrganizationName = {"type": "string", "minLength": 3};
    /// The name of an organization in addresses.
    OrganizationSlug = {"type": "string", "minLength": 3, "pattern": "^[a-z0-9-]+$"};
}
