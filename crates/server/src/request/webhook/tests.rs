use domain::Timestamp;

use super::*;

/// The places and messages of the faults of a new endpoint, or its URL.
fn check(body: &str, hosts: Hosts) -> Result<NewWebhookEndpoint, Vec<(String, String)>> {
    let body = Body::parse(Some("application/json"), body.as_bytes()).expect("JSON");
    webhook_endpoint_create(&body, hosts).map_err(|invalid| {
        let (Invalid::Form(faults) | Invalid::Rules(faults)) = invalid;
        let told = |fault: FieldError| {
            let place = fault.loc.to_string();
            (place, fault.msg.into_owned())
        };
        faults.into_iter().map(told).collect()
    })
}

fn with_url(url: &str) -> String {
    format!(r#"{{"url":"{url}","format":"raw","events":["customer.created","order.paid"]}}"#)
}

#[test]
fn an_endpoint_is_read() {
    let body = with_url("https://Example.com").replace('}', r#","name":"x","secret":null}"#);
    let expected = NewWebhookEndpoint {
        url: "https://example.com/".to_owned(),
        name: Some("x".to_owned()),
        format: WebhookFormat::Raw,
        secret: None,
        events: vec![
            WebhookEventType::CustomerCreated,
            WebhookEventType::OrderPaid,
        ],
    };
    assert_eq!(check(&body, Hosts::Public), Ok(expected));
}

#[test]
fn only_public_hosts_over_tls_are_taken_unless_others_are_allowed() {
    let refused = |url: &str| {
        let faults = check(&with_url(url), Hosts::Public).expect_err(url);
        assert_eq!(faults.len(), 1, "{url}");
        faults[0].clone()
    };
    assert_eq!(
        refused("http://example.com/"),
        (
            r#"["body","url"]"#.to_owned(),
            "URL scheme should be 'https'".to_owned()
        )
    );
    for url in [
        "https://localhost/hook",
        "https://127.0.0.1/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest/meta-data/",
    ] {
        assert_eq!(
            refused(url).1,
            "Value error, Webhook URLs cannot point to localhost or private IP addresses."
        );
        assert!(check(&with_url(url), Hosts::Any).is_ok());
    }
    assert!(check(&with_url("http://localhost:8080/"), Hosts::Any).is_ok());
    assert!(check(&with_url("ftp://localhost/"), Hosts::Any).is_err());
}

#[test]
fn every_fault_of_an_endpoint_is_told() {
    let body =
        r#"{"url":1,"format":"xml","events":["customer.created","x"],"secret":"short","name":2}"#;
    let faults = check(body, Hosts::Public).expect_err("faults");
    let places: Vec<&str> = faults.iter().map(|(place, _)| &**place).collect();
    assert_eq!(
        places,
        [
            r#"["body","url"]"#,
            r#"["body","name"]"#,
            r#"["body","secret"]"#,
            r#"["body","format"]"#,
            r#"["body","events",1]"#
        ]
    );
    assert_eq!(faults[2].1, "String should have at least 32 characters");
    assert_eq!(faults[3].1, "Input should be 'raw', 'discord' or 'slack'");
    let missing = check("{}", Hosts::Public).expect_err("faults");
    assert_eq!(missing.len(), 3);
}

#[test]
fn names_and_secrets_have_bounds() {
    let with = |name: usize, secret: usize| {
        let (name, secret) = ("n".repeat(name), "s".repeat(secret));
        let more = format!(r#","name":"{name}","secret":"{secret}"}}"#);
        let faults = check(
            &with_url("https://example.com").replace('}', &more),
            Hosts::Public,
        );
        faults.err().unwrap_or_default()
    };
    assert_eq!(with(256, 32), []);
    assert_eq!(with(0, 256), []);
    let faults = with(257, 257);
    assert_eq!(faults.len(), 2);
    for (_, message) in faults {
        assert_eq!(message, "String should have at most 256 characters");
    }
}

#[test]
fn a_change_passes_over_nulls() {
    let body =
        br#"{"url":null,"name":null,"format":null,"events":null,"enabled":null,"secret":null}"#;
    let body = Body::parse(Some("application/json"), body).expect("JSON");
    let changes = webhook_endpoint_update(&body, Hosts::Public).expect("valid");
    assert_eq!(changes, WebhookEndpointChanges::default());
    let body = Body::parse(
        Some("application/json"),
        br#"{"enabled":false,"events":[]}"#,
    )
    .expect("JSON");
    let changes = webhook_endpoint_update(&body, Hosts::Public).expect("valid");
    assert_eq!(
        (changes.enabled, changes.events),
        (Some(false), Some(vec![]))
    );
}

#[test]
fn deliveries_are_asked_for_by_all_that_they_are_listed_by() {
    let query = "endpoint_id=11111111-1111-4111-8111-111111111111&start_timestamp=1970-01-01T00:00:01Z\
                 &end_timestamp=1970-01-01T00:00:02Z&succeeded=false&http_code_class=4xx\
                 &event_type=customer.created&event_type=benefit.created&query=ab&page=2&limit=5";
    let found = webhook_delivery_list(&Query::parse(query)).expect("valid");
    assert_eq!(found.page, Page { page: 2, limit: 5 });
    let search = found.search;
    assert_eq!(search.endpoints.len(), 1);
    assert_eq!(search.after.map(Timestamp::micros), Some(1_000_000));
    assert_eq!(search.before.map(Timestamp::micros), Some(2_000_000));
    assert_eq!(
        (search.succeeded, search.status_hundreds),
        (Some(false), Some(4))
    );
    assert_eq!(
        search.kinds,
        [
            WebhookEventType::CustomerCreated,
            WebhookEventType::BenefitCreated
        ]
    );
    assert_eq!(search.query.as_deref(), Some("ab"));
    for wrong in ["http_code_class=1xx", "event_type=x", "succeeded=perhaps"] {
        assert!(
            webhook_delivery_list(&Query::parse(wrong)).is_err(),
            "{wrong}"
        );
    }
}
