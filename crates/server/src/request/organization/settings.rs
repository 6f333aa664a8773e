//! Changes to what an organization says of itself beside metering.

use api::{
    CustomerEmailSettings, CustomerPortalSettings, OrganizationDetails, PortalCustomerSettings,
    PortalSubscriptionSettings, PortalUsageSettings, SocialLink, SubscriptionSettings,
};
use service::Change;

use super::super::customer::country;
use super::super::meter::change;
use super::currency::CURRENCIES;
use crate::validate::{
    Bounds, Checked, Faults, Length, Model, Node, Rule, any_text, boolean, choice, email, http_url,
    integer_within, list, text,
};

const PLATFORMS: [&str; 10] = [
    "x",
    "github",
    "facebook",
    "instagram",
    "youtube",
    "tiktok",
    "linkedin",
    "threads",
    "discord",
    "other",
];
const PRORATIONS: [&str; 3] = ["invoice", "prorate", "next_period"];
const TAX_BEHAVIORS: [&str; 3] = ["location", "inclusive", "exclusive"];
const OTHER_HOUSES: [&str; 5] = ["paddle", "lemon_squeezy", "gumroad", "stripe", "other"];

const ANY_INTEGER: Bounds = Bounds::between(i64::MIN, i64::MAX);
const NOT_NEGATIVE: Bounds = Bounds::between(0, i64::MAX);
/// Of a dispute, in cents.
const DISPUTE_AMOUNT: Bounds = Bounds::between(1, 10_000);

/// What is named in a body. `None`, as `Keep`, leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SettingsPatch {
    pub(crate) avatar_url: Change<Option<String>>,
    pub(crate) email: Change<Option<String>>,
    pub(crate) website: Change<Option<String>>,
    pub(crate) socials: Option<Vec<SocialLink>>,
    pub(crate) details: Option<OrganizationDetails>,
    pub(crate) country: Change<Option<String>>,
    pub(crate) features: FeaturesPatch,
    pub(crate) subscriptions: Option<SubscriptionSettings>,
    pub(crate) emails: Option<CustomerEmailSettings>,
    pub(crate) portal: Option<CustomerPortalSettings>,
    pub(crate) auto_accept_below_amount: Change<Option<i64>>,
    pub(crate) embed_hosts: Option<Vec<String>>,
    pub(crate) currency: Option<String>,
    pub(crate) tax_behavior: Option<String>,
    pub(crate) sso_enforced: Option<bool>,
}

/// The features that an organization turns on and off by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FeaturesPatch {
    pub(crate) seat_based_pricing: Option<bool>,
    pub(crate) member_model: Option<bool>,
    pub(crate) checkout_localization: Option<bool>,
    pub(crate) overview_metrics: Change<Option<Vec<String>>>,
}

impl SettingsPatch {
    /// Null empties what may be empty in the answer, and leaves the rest (SEMANTICS 4.11).
    pub(super) fn read(model: Model<'_, '_>, faults: &mut Faults) -> Checked<Self> {
        let avatar_url = change(model, "avatar_url", faults, url);
        let email = change(model, "email", faults, email);
        let website = change(model, "website", faults, url);
        let socials = model.nullable("socials", faults, |node, faults| {
            list(node, faults, social_link)
        });
        let details = model.nullable("details", faults, details);
        let country = change(model, "country", faults, country);
        let features = model.nullable("feature_settings", faults, features);
        let subscriptions = model.nullable("subscription_settings", faults, subscriptions);
        let emails = model.nullable("customer_email_settings", faults, emails);
        let portal = model.nullable("customer_portal_settings", faults, portal);
        let disputes = model.nullable("dispute_settings", faults, disputes);
        let embed_hosts = model.nullable("embed_hosts", faults, |node, faults| {
            list(node, faults, embed_host)
        });
        let currency = model.nullable("default_presentment_currency", faults, |node, faults| {
            one_of(node, &CURRENCIES, faults)
        });
        let tax_behavior = model.nullable("default_tax_behavior", faults, |node, faults| {
            one_of(node, &TAX_BEHAVIORS, faults)
        });
        let sso_enforced = model.nullable("sso_enforced", faults, boolean);
        Ok(Self {
            avatar_url: avatar_url?,
            email: email?,
            website: website?,
            socials: socials?,
            details: details?,
            country: country?,
            features: features?.unwrap_or_default(),
            subscriptions: subscriptions?,
            emails: emails?,
            portal: portal?,
            auto_accept_below_amount: disputes?.unwrap_or_default(),
            embed_hosts: embed_hosts?,
            currency: currency?,
            tax_behavior: tax_behavior?,
            sso_enforced: sso_enforced?,
        })
    }
}

fn any_texts(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Vec<String>> {
    list(node, faults, any_text)
}

fn url(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    http_url(node, faults).map(String::from)
}

fn one_of(node: Node<'_, '_>, names: &[&'static str], faults: &mut Faults) -> Checked<String> {
    let known = |name: &str| names.contains(&name).then(|| name.to_owned());
    choice(node, names, known, faults)
}

fn social_link(node: Node<'_, '_>, faults: &mut Faults) -> Checked<SocialLink> {
    let model = node.model(faults)?;
    let platform = model.required("platform", faults, |node, faults| {
        one_of(node, &PLATFORMS, faults)
    });
    let url = model.required("url", faults, url);
    Ok(SocialLink {
        platform: platform?,
        url: url?,
    })
}

fn details(node: Node<'_, '_>, faults: &mut Faults) -> Checked<OrganizationDetails> {
    let model = node.model(faults)?;
    let amount =
        |node: Node<'_, '_>, faults: &mut Faults| integer_within(node, NOT_NEGATIVE, faults);
    let about = model.nullable("about", faults, any_text);
    let product_description = model.nullable("product_description", faults, any_text);
    let selling_categories = model.optional("selling_categories", faults, any_texts);
    let pricing_models = model.optional("pricing_models", faults, any_texts);
    let intended_use = model.nullable("intended_use", faults, any_text);
    let customer_acquisition = model.optional("customer_acquisition", faults, any_texts);
    let future_annual_revenue = model.nullable("future_annual_revenue", faults, amount);
    let switching = model.optional("switching", faults, boolean);
    let switching_from = model.nullable("switching_from", faults, |node, faults| {
        one_of(node, &OTHER_HOUSES, faults)
    });
    let previous_annual_revenue = model.nullable("previous_annual_revenue", faults, amount);
    Ok(OrganizationDetails {
        about: about?,
        product_description: product_description?,
        selling_categories: selling_categories?.unwrap_or_default(),
        pricing_models: pricing_models?.unwrap_or_default(),
        intended_use: intended_use?,
        customer_acquisition: customer_acquisition?.unwrap_or_default(),
        future_annual_revenue: future_annual_revenue?,
        switching: switching?.unwrap_or_default(),
        switching_from: switching_from?,
        previous_annual_revenue: previous_annual_revenue?,
    })
}

fn features(node: Node<'_, '_>, faults: &mut Faults) -> Checked<FeaturesPatch> {
    let model = node.model(faults)?;
    let seat_based_pricing = model.optional("seat_based_pricing_enabled", faults, boolean);
    let member_model = model.optional("member_model_enabled", faults, boolean);
    let checkout_localization = model.optional("checkout_localization_enabled", faults, boolean);
    let overview_metrics = change(model, "overview_metrics", faults, any_texts);
    Ok(FeaturesPatch {
        seat_based_pricing: seat_based_pricing?,
        member_model: member_model?,
        checkout_localization: checkout_localization?,
        overview_metrics: overview_metrics?,
    })
}

/// The fields of an object that the reference describes by its keys alone.
fn fields<'p, 'v>(node: Node<'p, 'v>, faults: &mut Faults) -> Checked<Model<'p, 'v>> {
    Ok(Model::of(node.dictionary(faults)?, node))
}

fn subscriptions(node: Node<'_, '_>, faults: &mut Faults) -> Checked<SubscriptionSettings> {
    let model = fields(node, faults)?;
    let allow_multiple = model.required("allow_multiple_subscriptions", faults, boolean);
    let proration = model.required("proration_behavior", faults, |node, faults| {
        one_of(node, &PRORATIONS, faults)
    });
    let grace_period = model.required("benefit_revocation_grace_period", faults, |node, faults| {
        integer_within(node, ANY_INTEGER, faults)
    });
    let prevent_trial_abuse = model.required("prevent_trial_abuse", faults, boolean);
    let allow_updates = model.required("allow_customer_updates", faults, boolean);
    Ok(SubscriptionSettings {
        allow_multiple_subscriptions: allow_multiple?,
        proration_behavior: proration?,
        benefit_revocation_grace_period: grace_period?,
        prevent_trial_abuse: prevent_trial_abuse?,
        allow_customer_updates: allow_updates?,
    })
}

fn emails(node: Node<'_, '_>, faults: &mut Faults) -> Checked<CustomerEmailSettings> {
    let model = fields(node, faults)?;
    let mut is_sent = |name: &str| model.required(name, faults, boolean);
    let order_confirmation = is_sent("order_confirmation");
    let payment_method_expiration_reminder = is_sent("payment_method_expiration_reminder");
    let subscription_cancellation = is_sent("subscription_cancellation");
    let subscription_confirmation = is_sent("subscription_confirmation");
    let subscription_cycled = is_sent("subscription_cycled");
    let subscription_cycled_after_trial = is_sent("subscription_cycled_after_trial");
    let subscription_past_due = is_sent("subscription_past_due");
    let subscription_paused = is_sent("subscription_paused");
    let subscription_resumed = is_sent("subscription_resumed");
    let subscription_renewal_reminder = is_sent("subscription_renewal_reminder");
    let subscription_revoked = is_sent("subscription_revoked");
    let subscription_trial_conversion_reminder = is_sent("subscription_trial_conversion_reminder");
    let subscription_uncanceled = is_sent("subscription_uncanceled");
    let subscription_updated = is_sent("subscription_updated");
    Ok(CustomerEmailSettings {
        order_confirmation: order_confirmation?,
        payment_method_expiration_reminder: payment_method_expiration_reminder?,
        subscription_cancellation: subscription_cancellation?,
        subscription_confirmation: subscription_confirmation?,
        subscription_cycled: subscription_cycled?,
        subscription_cycled_after_trial: subscription_cycled_after_trial?,
        subscription_past_due: subscription_past_due?,
        subscription_paused: subscription_paused?,
        subscription_resumed: subscription_resumed?,
        subscription_renewal_reminder: subscription_renewal_reminder?,
        subscription_revoked: subscription_revoked?,
        subscription_trial_conversion_reminder: subscription_trial_conversion_reminder?,
        subscription_uncanceled: subscription_uncanceled?,
        subscription_updated: subscription_updated?,
    })
}

fn portal(node: Node<'_, '_>, faults: &mut Faults) -> Checked<CustomerPortalSettings> {
    let model = fields(node, faults)?;
    let usage = model.required("usage", faults, |node, faults| {
        let show = fields(node, faults)?.required("show", faults, boolean)?;
        Ok(PortalUsageSettings { show })
    });
    let subscription = model.required("subscription", faults, |node, faults| {
        let model = fields(node, faults)?;
        let update_seats = model.required("update_seats", faults, boolean);
        let update_plan = model.required("update_plan", faults, boolean);
        let pause = model.optional("pause", faults, boolean);
        Ok(PortalSubscriptionSettings {
            update_seats: update_seats?,
            update_plan: update_plan?,
            pause: pause?.unwrap_or_default(),
        })
    });
    let customer = model.optional("customer", faults, |node, faults| {
        let model = fields(node, faults)?;
        let allow_email_change = model.optional("allow_email_change", faults, boolean)?;
        Ok(PortalCustomerSettings {
            allow_email_change: allow_email_change.unwrap_or_default(),
        })
    });
    Ok(CustomerPortalSettings {
        usage: usage?,
        subscription: subscription?,
        customer: customer?.unwrap_or_default(),
    })
}

fn disputes(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Change<Option<i64>>> {
    let model = node.model(faults)?;
    change(model, "auto_accept_below_amount", faults, |node, faults| {
        integer_within(node, DISPUTE_AMOUNT, faults)
    })
}

/// A host and perhaps a port, `*.` before a host for all below it, or the origin of an app with its scheme.
fn embed_host(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    let text = text(node, Length::ANY, faults)?;
    let is_sound = match text.split_once("://") {
        Some((scheme, rest)) => is_app_origin(scheme, rest),
        None => is_host(text.strip_prefix("*.").unwrap_or(text)),
    };
    if is_sound {
        Ok(text.to_owned())
    } else {
        Err(node.refuse(Rule::Value("Not a host that may embed a checkout."), faults))
    }
}

/// An app has no host to match on. That of a page needs no scheme.
fn is_app_origin(scheme: &str, rest: &str) -> bool {
    let is_known = matches!(scheme, "http" | "https");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_scheme = is_scheme && scheme.bytes().all(is_plain);
    is_scheme && !is_known && !rest.is_empty() && rest.bytes().all(is_plain)
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    port.is_none_or(is_port) && url::Host::parse(host).is_ok()
}
