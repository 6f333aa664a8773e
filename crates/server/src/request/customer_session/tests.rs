//! What is read of customer sessions, and what is refused.

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

fn taken(text: &str) -> NewSession {
    customer_session_create(&body(text)).expect(text)
}

fn refused(text: &str) -> Vec<String> {
    let faults = customer_session_create(&body(text)).expect_err(text);
    let told = |fault: FieldError| format!("{} {}", fault.kind, fault.loc.get());
    faults.into_iter().map(told).collect()
}

#[test]
fn a_customer_is_named_by_its_id_or_by_its_external_id() {
    let id = CustomerKey::Id(CustomerId::from_uuid(ID.parse().expect("a UUID")));
    let external = CustomerKey::External("ada".to_owned());
    let by_id = format!(r#"{{"customer_id":"{ID}"}}"#);
    assert_eq!(taken(&by_id).customer, id);
    assert_eq!(
        taken(r#"{"external_customer_id":"ada"}"#).customer,
        external
    );
    assert_eq!(
        taken(r#"{"customer_external_id":"ada"}"#).customer,
        external
    );
    let both = format!(r#"{{"customer_id":"{ID}","external_customer_id":"ada"}}"#);
    assert_eq!(taken(&both).customer, id);
    let only_one_is_sound = r#"{"customer_id":"x","external_customer_id":"ada"}"#;
    assert_eq!(taken(only_one_is_sound).customer, external);
}

#[test]
fn members_and_a_way_back_may_be_named_or_null() {
    let text = format!(
        r#"{{"external_customer_id":"ada","member_id":"{ID}","external_member_id":"m","return_url":"https://Example.com"}}"#
    );
    let expected = NewSession {
        customer: CustomerKey::External("ada".to_owned()),
        member: Some(MemberId::from_uuid(ID.parse().expect("a UUID"))),
        external_member: Some("m".to_owned()),
        return_url: Some("https://example.com/".to_owned()),
    };
    assert_eq!(taken(&text), expected);
    let nulls = r#"{"external_customer_id":"","member_id":null,"external_member_id":null,"return_url":null}"#;
    let expected = NewSession {
        customer: CustomerKey::External(String::new()),
        member: None,
        external_member: None,
        return_url: None,
    };
    assert_eq!(taken(nulls), expected);
}

#[test]
fn both_forms_report_what_is_wrong_with_them() {
    assert_eq!(
        refused("{}"),
        [
            r#"missing ["body","CustomerSessionCustomerIDCreate","customer_id"]"#,
            r#"missing ["body","CustomerSessionCustomerExternalIDCreate","external_customer_id"]"#,
        ]
    );
    assert_eq!(
        refused(r#"{"customer_external_id":1,"customer_id":null}"#),
        [
            r#"uuid_type ["body","CustomerSessionCustomerIDCreate","customer_id"]"#,
            r#"string_type ["body","CustomerSessionCustomerExternalIDCreate","customer_external_id"]"#,
        ]
    );
    let text = format!(r#"{{"customer_id":"{ID}","return_url":"javascript:x"}}"#);
    assert_eq!(
        refused(&text),
        [
            r#"url_scheme ["body","CustomerSessionCustomerIDCreate","return_url"]"#,
            r#"url_scheme ["body","CustomerSessionCustomerExternalIDCreate","return_url"]"#,
            r#"missing ["body","CustomerSessionCustomerExternalIDCreate","external_customer_id"]"#,
        ]
    );
    assert_eq!(
        refused("[]"),
        [
            r#"model_attributes_type ["body","CustomerSessionCustomerIDCreate"]"#,
            r#"model_attributes_type ["body","CustomerSessionCustomerExternalIDCreate"]"#,
        ]
    );
}
