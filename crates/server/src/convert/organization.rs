//! Organizations. What the contract's object says about payments and a shop is either kept and given back ([`OrganizationSettings`])
//! or constant, here in this one place: a metering server has none of it (SEMANTICS 15.1).

mod settings;

use api::Capabilities;
use domain::{Organization, Timestamp};

pub(crate) use settings::OrganizationSettings;

/// An organization.
///
/// # Errors
/// What it says of itself is not kept as it was written.
pub(crate) fn organization_to_api(
    organization: &Organization,
) -> Result<api::Organization, service::Error> {
    let settings = OrganizationSettings::of(organization)?;
    let subscriptions = &settings.subscription_settings;
    Ok(api::Organization {
        created_at: organization.created_at.to_iso(),
        modified_at: organization.modified_at.map(Timestamp::to_iso),
        id: organization.id.to_string(),
        name: organization.name.clone(),
        slug: organization.slug.clone(),
        avatar_url: settings.avatar_url,
        proration_behavior: subscriptions.proration_behavior.clone(),
        allow_customer_updates: subscriptions.allow_customer_updates,
        email: settings.email,
        website: settings.website,
        socials: settings.socials,
        status: "active".to_owned(),
        details_submitted_at: None,
        onboarding_resubmission_requested_at: None,
        sso_enforced: settings.sso_enforced,
        default_presentment_currency: settings.default_presentment_currency,
        default_tax_behavior: settings.default_tax_behavior,
        feature_settings: Some(settings.feature_settings),
        subscription_settings: settings.subscription_settings,
        customer_email_settings: settings.customer_email_settings,
        customer_portal_settings: settings.customer_portal_settings,
        dispute_settings: settings.dispute_settings,
        embed_hosts: settings.embed_hosts,
        embed_hosts_enforced: false,
        country: settings.country,
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
    })
}

#[cfg(test)]
mod tests {
    use domain::OrganizationId;

    use super::*;

    fn organization(settings: Option<&str>) -> Organization {
        Organization {
            id: OrganizationId::from_random([1; 16]),
            name: "Acme".to_owned(),
            slug: "acme".to_owned(),
            settings: settings.map(Into::into),
            created_at: Timestamp::EPOCH,
            modified_at: None,
        }
    }

    #[test]
    fn what_was_never_said_is_as_it_is_at_first() {
        let wire = |settings| organization_to_api(&organization(settings)).expect("is sound");
        assert_eq!(wire(Some("{}")), wire(None));
        assert_eq!(wire(None).default_presentment_currency, "usd");
        assert!(wire(None).customer_portal_settings.usage.show);
        let said = wire(Some(r#"{"country":"FR","sso_enforced":true}"#));
        assert_eq!(
            (said.country.as_deref(), said.sso_enforced),
            (Some("FR"), true)
        );
    }

    #[test]
    fn settings_come_back_as_they_were_kept() {
        let mut settings = OrganizationSettings::default();
        settings.embed_hosts.push("*.example.com".to_owned());
        settings.subscription_settings.proration_behavior = "invoice".to_owned();
        let kept = organization(Some(&settings.to_text()));
        assert_eq!(OrganizationSettings::of(&kept).ok(), Some(settings));
        let wire = organization_to_api(&kept).expect("is sound");
        assert_eq!(wire.proration_behavior, "invoice");
    }

    #[test]
    fn damage_is_told_and_not_passed_over() {
        for text in ["", "{", r#"{"socials":1}"#] {
            let outcome = organization_to_api(&organization(Some(text)));
            assert!(
                matches!(outcome, Err(service::Error::Internal(_))),
                "{text}"
            );
        }
    }
}
