//! Organizations. What the contract's object says about payments, subscriptions and a shop is constant here, in this one
//! place: a metering server has none of it (SEMANTICS 15.1).

use api::{
    Capabilities, CustomerEmailSettings, CustomerPortalSettings, DisputeSettings, FeatureSettings,
    PortalCustomerSettings, PortalSubscriptionSettings, PortalUsageSettings, SubscriptionSettings,
};
use domain::{Organization, Timestamp};

const PRORATION: &str = "prorate";

/// An organization.
pub(crate) fn organization_to_api(organization: &Organization) -> api::Organization {
    api::Organization {
        created_at: organization.created_at.to_iso(),
        modified_at: organization.modified_at.map(Timestamp::to_iso),
        id: organization.id.to_string(),
        name: organization.name.clone(),
        slug: organization.slug.clone(),
        avatar_url: None,
        proration_behavior: PRORATION.to_owned(),
        allow_customer_updates: false,
        email: None,
        website: None,
        socials: Vec::new(),
        status: "active".to_owned(),
        details_submitted_at: None,
        onboarding_resubmission_requested_at: None,
        sso_enforced: false,
        default_presentment_currency: "usd".to_owned(),
        default_tax_behavior: "location".to_owned(),
        feature_settings: Some(FeatureSettings::default()),
        subscription_settings: SubscriptionSettings {
            allow_multiple_subscriptions: false,
            proration_behavior: PRORATION.to_owned(),
            benefit_revocation_grace_period: 0,
            prevent_trial_abuse: false,
            allow_customer_updates: false,
        },
        customer_email_settings: CustomerEmailSettings::default(),
        customer_portal_settings: CustomerPortalSettings {
            usage: PortalUsageSettings { show: true },
            subscription: PortalSubscriptionSettings::default(),
            customer: PortalCustomerSettings::default(),
        },
        dispute_settings: DisputeSettings::default(),
        embed_hosts: Vec::new(),
        embed_hosts_enforced: false,
        country: None,
        account_id: None,
        payout_account_id: None,
        capabilities: Capabilities {
            checkout_payments: false,
            subscription_renewals: false,
            payouts: false,
            refunds: false,
            api_access: true,
            dashboard_access: false,
        },
    }
}
