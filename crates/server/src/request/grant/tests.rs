//! What is read of grants and of lists of them, and what is refused.

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";
const OTHER: &str = "abcdefab-cdef-4abc-9def-abcdefabcdef";

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

fn customer(text: &str) -> CustomerId {
    CustomerId::from_uuid(Uuid::parse_str(text).expect("a UUID"))
}

fn faults_of_create(text: &str) -> Vec<(String, &'static str)> {
    let Err(Invalid::Form(faults) | Invalid::Rules(faults)) = grant_create(&body(text)) else {
        panic!("it is taken")
    };
    faults
        .into_iter()
        .map(|fault| (fault.loc.get().to_owned(), fault.kind))
        .collect()
}

#[test]
fn a_grant_names_its_customer_in_one_way() {
    let text = format!(r#"{{"customer_id":"{ID}","external_customer_id":null,"extra":1}}"#);
    let expected = GrantCreate {
        customer: CustomerKey::Id(customer(ID)),
        external_id: None,
    };
    assert_eq!(grant_create(&body(&text)).expect("sound"), expected);
    let expected = GrantCreate {
        customer: CustomerKey::External("ada".to_owned()),
        external_id: Some("k".to_owned()),
    };
    let text = r#"{"external_customer_id":"ada","external_id":"k"}"#;
    assert_eq!(grant_create(&body(text)).expect("sound"), expected);

    let both = format!(r#"{{"customer_id":"{ID}","external_customer_id":"ada"}}"#);
    for text in ["{}", &both] {
        let expected = [(r#"["body"]"#.to_owned(), "value_error")];
        assert_eq!(faults_of_create(text), expected, "{text}");
    }
}

#[test]
fn faults_of_a_grant_are_told_together() {
    let place = |name: &str| format!(r#"["body","{name}"]"#);
    assert_eq!(
        faults_of_create(r#"{"customer_id":"x","external_customer_id":1,"external_id":2}"#),
        [
            (place("customer_id"), "uuid_parsing"),
            (place("external_customer_id"), "string_type"),
            (place("external_id"), "string_type"),
        ]
    );
    let named = format!(r#"{{"external_customer_id":"ada","organization_id":"{ID}"}}"#);
    assert_eq!(
        faults_of_create(&named),
        [(place("organization_id"), "organization_token")]
    );
}

#[test]
fn a_new_period_needs_no_body() {
    let nothing = Body::parse(None, b"").expect("nothing");
    assert_eq!(grant_cycle(&nothing).expect("sound"), None);
    for text in ["null", "{}", r#"{"external_id":null,"extra":1}"#] {
        assert_eq!(grant_cycle(&body(text)).expect("sound"), None, "{text}");
    }
    let key = grant_cycle(&body(r#"{"external_id":"k"}"#)).expect("sound");
    assert_eq!(key.as_deref(), Some("k"));
    for (text, kind) in [
        ("[]", "model_attributes_type"),
        (r#"{"external_id":1}"#, "string_type"),
    ] {
        let faults = grant_cycle(&body(text)).expect_err("unsound");
        assert_eq!(faults[0].kind, kind);
    }
}

#[test]
fn a_list_of_grants_is_read() {
    let text = format!(
        "customer_id={ID}&external_customer_id=ada&external_customer_id=bob&is_granted=no&sorting=-revoked_at\
         &sorting=granted_at&organization_id={OTHER}&limit=7"
    );
    let list = grant_list(&Query::parse(&text)).expect("sound");
    let search = GrantSearch {
        customers: vec![customer(ID)],
        external_customers: vec!["ada".to_owned(), "bob".to_owned()],
        is_granted: Some(false),
        sorting: vec![
            (GrantOrder::RevokedAt, Direction::Descending),
            (GrantOrder::GrantedAt, Direction::Ascending),
        ],
        ..GrantSearch::default()
    };
    assert_eq!(list.search, search);
    assert_eq!(list.organizations.len(), 1);
    assert_eq!((list.page.page, list.page.limit), (1, 7));
}

#[test]
fn a_list_of_a_benefits_grants_is_read() {
    let text = format!("customer_id={ID}&customer_id={OTHER}&member_id={OTHER}&is_granted=true");
    let (search, page) = benefit_grant_list(&Query::parse(&text)).expect("sound");
    assert_eq!(search.customers, [customer(ID), customer(OTHER)]);
    assert_eq!(search.members.len(), 1);
    assert_eq!(search.is_granted, Some(true));
    assert_eq!((page.page, page.limit), (1, 10));
    let faults = benefit_grant_list(&Query::parse("is_granted=maybe&member_id=x"));
    let kinds: Vec<_> = faults
        .expect_err("unsound")
        .into_iter()
        .map(|fault| fault.kind)
        .collect();
    assert_eq!(kinds, ["bool_parsing", "uuid_type", "uuid_parsing"]);
}
