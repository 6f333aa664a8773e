//! What an organization says of itself beside metering: kept as JSON in its row, and given back.
//!
//! None of it has an effect here. It is there so that clients find what they wrote.

use api::{
    CustomerEmailSettings, CustomerPortalSettings, DisputeSettings, FeatureSettings,
    OrganizationDetails, PortalUsageSettings, SocialLink, SubscriptionSettings,
};
use domain::Organization;
use serde::{Deserialize, Serialize};

use crate::request::SettingsPatch;

/// See the module. What is not set stays as it is at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OrganizationSettings {
    pub(crate) avatar_url: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) socials: Vec<SocialLink>,
    /// No answer shows it.
    pub(crate) details: Option<OrganizationDetails>,
    pub(crate) country: Option<String>,
    pub(crate) feature_settings: FeatureSettings,
    pub(crate) subscription_settings: SubscriptionSettings,
    pub(crate) customer_email_settings: CustomerEmailSettings,
    pub(crate) customer_portal_settings: CustomerPortalSettings,
    pub(crate) dispute_settings: DisputeSettings,
    pub(crate) embed_hosts: Vec<String>,
    pub(crate) default_presentment_currency: String,
    pub(crate) default_tax_behavior: String,
    pub(crate) sso_enforced: bool,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self {
            avatar_url: None,
            email: None,
            website: None,
            socials: Vec::new(),
            details: None,
            country: None,
            feature_settings: FeatureSettings::default(),
            subscription_settings: SubscriptionSettings {
                allow_multiple_subscriptions: false,
                proration_behavior: "prorate".to_owned(),
                benefit_revocation_grace_period: 0,
                prevent_trial_abuse: false,
                allow_customer_updates: false,
            },
            customer_email_settings: CustomerEmailSettings::default(),
            customer_portal_settings: CustomerPortalSettings {
                usage: PortalUsageSettings { show: true },
                ..CustomerPortalSettings::default()
            },
            dispute_settings: DisputeSettings::default(),
            embed_hosts: Vec::new(),
            default_presentment_currency: "usd".to_owned(),
            default_tax_behavior: "location".to_owned(),
            sso_enforced: false,
        }
    }
}

impl OrganizationSettings {
    /// Those of an organization.
    ///
    /// # Errors
    /// What is kept is not what was written.
    pub(crate) fn of(organization: &Organization) -> Result<Self, service::Error> {
        match &organization.settings {
            None => Ok(Self::default()),
            Some(text) => serde_json::from_str(text)
                .map_err(|error| service::Error::Internal(Box::new(error))),
        }
    }

    /// As they are kept.
    pub(crate) fn to_text(&self) -> Box<str> {
        let text = serde_json::to_string(self).expect("text, numbers and booleans serialise");
        text.into_boxed_str()
    }
    /// Makes changes.
    pub(crate) fn apply(&mut self, patch: SettingsPatch) {
        patch.avatar_url.apply(&mut self.avatar_url);
        patch.email.apply(&mut self.email);
        patch.website.apply(&mut self.website);
        replace(&mut self.socials, patch.socials);
        if patch.details.is_some() {
            self.details = patch.details;
        }
        patch.country.apply(&mut self.country);
        let (features, new) = (&mut self.feature_settings, patch.features);
        replace(
            &mut features.seat_based_pricing_enabled,
            new.seat_based_pricing,
        );
        replace(&mut features.member_model_enabled, new.member_model);
        replace(
            &mut features.checkout_localization_enabled,
            new.checkout_localization,
        );
        new.overview_metrics.apply(&mut features.overview_metrics);
        replace(&mut self.subscription_settings, patch.subscriptions);
        replace(&mut self.customer_email_settings, patch.emails);
        replace(&mut self.customer_portal_settings, patch.portal);
        let amount = &mut self.dispute_settings.auto_accept_below_amount;
        patch.auto_accept_below_amount.apply(amount);
        replace(&mut self.embed_hosts, patch.embed_hosts);
        replace(&mut self.default_presentment_currency, patch.currency);
        replace(&mut self.default_tax_behavior, patch.tax_behavior);
        replace(&mut self.sso_enforced, patch.sso_enforced);
    }
}

fn replace<T>(field: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *field = new;
    }
}
