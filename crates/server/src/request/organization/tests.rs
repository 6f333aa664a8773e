//! What is read of changes to organizations, and what is refused.

use super::*;
use crate::convert::OrganizationSettings;

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

/// What a body makes of settings that were never changed, or of others.
fn changed(before: OrganizationSettings, text: &str) -> OrganizationSettings {
    let patch = organization_update(&body(text)).expect(text);
    let mut settings = before;
    settings.apply(patch.settings);
    settings
}

fn refused(text: &str) -> Vec<String> {
    let faults = organization_update(&body(text)).expect_err(text);
    let told = |fault: FieldError| format!("{} {}", fault.kind, fault.loc.get());
    faults.into_iter().map(told).collect()
}

#[test]
fn what_is_not_named_stays() {
    assert_eq!(
        organization_update(&body(r#"{"slug":"x","extra":1}"#)).expect("is sound"),
        OrganizationPatch::default()
    );
    let at_first = OrganizationSettings::default();
    assert_eq!(changed(at_first.clone(), "{}"), at_first);
}

#[test]
fn null_empties_what_may_be_empty_and_leaves_the_rest() {
    let written = r#"{"avatar_url":"https://a.example","email":"a@Example.com","website":"http://b.example/x",
        "country":"fr","socials":[{"platform":"github","url":"https://github.com/acme"}],"embed_hosts":["a.example"],
        "sso_enforced":true,"default_presentment_currency":"eur","default_tax_behavior":"inclusive",
        "feature_settings":{"overview_metrics":["a"]},"dispute_settings":{"auto_accept_below_amount":500}}"#;
    let full = changed(OrganizationSettings::default(), written);
    assert_eq!(full.avatar_url.as_deref(), Some("https://a.example/"));
    assert_eq!(full.email.as_deref(), Some("a@example.com"));
    assert_eq!(full.website.as_deref(), Some("http://b.example/x"));
    assert_eq!(full.country.as_deref(), Some("FR"));
    assert_eq!(full.socials[0].url, "https://github.com/acme");
    assert_eq!(full.dispute_settings.auto_accept_below_amount, Some(500));
    let nulls = r#"{"name":null,"avatar_url":null,"email":null,"website":null,"country":null,"socials":null,
        "embed_hosts":null,"sso_enforced":null,"default_presentment_currency":null,"default_tax_behavior":null,
        "details":null,"feature_settings":null,"subscription_settings":null,"customer_email_settings":null,
        "customer_portal_settings":null,"dispute_settings":null}"#;
    let emptied = changed(full.clone(), nulls);
    let expected = OrganizationSettings {
        avatar_url: None,
        email: None,
        website: None,
        country: None,
        ..full.clone()
    };
    assert_eq!(emptied, expected);
    let within = r#"{"feature_settings":{"overview_metrics":null},"dispute_settings":{"auto_accept_below_amount":null}}"#;
    let emptied = changed(full, within);
    assert_eq!(emptied.feature_settings.overview_metrics, None);
    assert_eq!(emptied.dispute_settings.auto_accept_below_amount, None);
}

#[test]
fn features_change_one_by_one_and_others_all_at_once() {
    let first = changed(
        OrganizationSettings::default(),
        r#"{"feature_settings":{"member_model_enabled":true,"wallets_enabled":true}}"#,
    );
    assert!(first.feature_settings.member_model_enabled);
    assert!(
        !first.feature_settings.wallets_enabled,
        "not the organization's to say"
    );
    let second = changed(
        first,
        r#"{"feature_settings":{"seat_based_pricing_enabled":true}}"#,
    );
    assert!(second.feature_settings.member_model_enabled);
    assert!(second.feature_settings.seat_based_pricing_enabled);

    let portal = changed(
        second,
        r#"{"customer_portal_settings":{"usage":{"show":false},"subscription":{"update_seats":true,"update_plan":false}}}"#,
    );
    let portal = portal.customer_portal_settings;
    assert!(!portal.usage.show && portal.subscription.update_seats);
    assert!(!portal.subscription.pause && !portal.customer.allow_email_change);
    assert_eq!(
        refused(r#"{"customer_portal_settings":{"usage":{}},"customer_email_settings":1}"#),
        [
            r#"dict_type ["body","customer_email_settings"]"#,
            r#"missing ["body","customer_portal_settings","usage","show"]"#,
            r#"missing ["body","customer_portal_settings","subscription"]"#,
        ]
    );
    let missing = refused(r#"{"subscription_settings":{"proration_behavior":"reset"}}"#);
    assert_eq!(missing.len(), 5);
    assert_eq!(
        missing[1],
        r#"enum ["body","subscription_settings","proration_behavior"]"#
    );
}

#[test]
fn faults_of_all_fields_are_told_together() {
    let text = r#"{"name":"ab","avatar_url":"x","email":"x","socials":[{"platform":"myspace"}],
        "details":{"future_annual_revenue":-1,"switching_from":"x"},"country":"XX",
        "dispute_settings":{"auto_accept_below_amount":10001},"embed_hosts":["https://x"],
        "default_presentment_currency":"USD","default_tax_behavior":"","sso_enforced":"maybe"}"#;
    assert_eq!(
        refused(text),
        [
            r#"string_too_short ["body","name"]"#,
            r#"url_parsing ["body","avatar_url"]"#,
            r#"value_error ["body","email"]"#,
            r#"enum ["body","socials",0,"platform"]"#,
            r#"missing ["body","socials",0,"url"]"#,
            r#"greater_than_equal ["body","details","future_annual_revenue"]"#,
            r#"enum ["body","details","switching_from"]"#,
            r#"enum ["body","country"]"#,
            r#"less_than_equal ["body","dispute_settings","auto_accept_below_amount"]"#,
            r#"value_error ["body","embed_hosts",0]"#,
            r#"enum ["body","default_presentment_currency"]"#,
            r#"enum ["body","default_tax_behavior"]"#,
            r#"bool_parsing ["body","sso_enforced"]"#,
        ]
    );
}

#[test]
fn a_checkout_may_be_embedded_by_hosts_and_apps() {
    let hosts = [
        "example.com",
        "*.example.com",
        "localhost:3000",
        "127.0.0.1:8080",
        "[::1]:443",
        "chrome-extension://abcdef",
    ];
    let text = serde_json::json!({"embed_hosts": hosts}).to_string();
    assert_eq!(
        changed(OrganizationSettings::default(), &text).embed_hosts,
        hosts
    );
    for wrong in [
        "",
        "*.",
        "http://example.com",
        "example.com/path",
        "a b",
        "a:b",
        "a:99999",
        "x://",
        "://x",
        "a@b",
    ] {
        let text = serde_json::json!({"embed_hosts": [wrong]}).to_string();
        assert_eq!(refused(&text).len(), 1, "{wrong}");
    }
}
