//! What becomes of changes, searches and deletions.

use super::*;

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

fn kinds(faults: &[FieldError]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.loc.get(), fault.kind))
        .collect()
}

#[test]
fn what_is_absent_stays_and_what_is_null_is_emptied_where_it_can_be() {
    let changes = customer_update(&body(r#"{"extra":1}"#)).expect("sound");
    assert!(changes.email.is_none() && changes.kind.is_none() && changes.metadata.is_none());
    assert_eq!(
        (changes.name, changes.locale, changes.external_id),
        (Change::Keep, Change::Keep, Change::Keep)
    );
    assert_eq!(changes.billing_address, Change::Keep);
    assert_eq!(changes.tax_id, Change::Keep);

    let text = r#"{"email":null,"name":null,"locale":null,"external_id":null,"type":null,"billing_address":null,"tax_id":null}"#;
    let changes = customer_update(&body(text)).expect("sound");
    assert!(changes.email.is_none() && changes.kind.is_none());
    assert_eq!(
        (changes.name, changes.locale, changes.external_id),
        (Change::Set(None), Change::Set(None), Change::Set(None))
    );
    assert_eq!(changes.billing_address, Change::Set(None));
    assert_eq!(changes.tax_id, Change::Set(None));
}

#[test]
fn changes_are_trimmed_and_a_blank_text_is_none() {
    let text = r#"{"email":"A@Example.COM","name":"  ","locale":" de ","external_id":" x ","type":"team",
        "metadata":{},"billing_address":{"country":"fr","line1":" 1 rue "}}"#;
    let changes = customer_update(&body(text)).expect("sound");
    let set = |text: &str| Change::Set(Some(text.to_owned()));
    assert_eq!(changes.email.as_deref(), Some("A@example.com"));
    assert_eq!(changes.name, Change::Set(None));
    assert_eq!((changes.locale, changes.external_id), (set("de"), set("x")));
    assert_eq!(changes.kind, Some(CustomerKind::Team));
    assert!(changes.metadata.is_some());
    let Change::Set(Some(address)) = changes.billing_address else {
        panic!("an address")
    };
    assert_eq!(
        (&*address.country, address.line1.as_deref()),
        ("FR", Some("1 rue"))
    );
}

#[test]
fn faults_of_a_change_are_told_together() {
    let text = r#"{"email":"bad","name":1,"metadata":null,"type":"x","tax_id":2,"external_id":[],"billing_address":{}}"#;
    let faults = customer_update(&body(text)).expect_err("unsound");
    assert_eq!(
        kinds(&faults),
        [
            (r#"["body","metadata"]"#, "dict_type"),
            (r#"["body","email"]"#, "value_error"),
            (r#"["body","name"]"#, "string_type"),
            (r#"["body","billing_address","country"]"#, "missing"),
            (r#"["body","tax_id"]"#, "string_type"),
            (r#"["body","external_id"]"#, "string_type"),
            (r#"["body","type"]"#, "enum"),
        ]
    );
    let faults = customer_update(&body("[]")).expect_err("no object");
    assert_eq!(kinds(&faults), [(r#"["body"]"#, "model_attributes_type")]);
}

#[test]
fn a_change_by_external_id_knows_neither_external_id_nor_type() {
    let text = r#"{"name":"N","external_id":[],"type":1}"#;
    let changes = customer_update_external(&body(text)).expect("sound");
    assert_eq!(changes.name, Change::Set(Some("N".to_owned())));
    assert_eq!((changes.external_id, changes.kind), (Change::Keep, None));
}

#[test]
fn a_list_of_customers_is_read() {
    let query = "sorting=name&sorting=-created_at&sorting=email&email=A&query=%25&active=no&limit=7&metadata[k]=v";
    let list = customer_list(&Query::parse(query)).expect("sound");
    assert_eq!(
        list.search.sorting,
        [
            (CustomerOrder::Name, Direction::Ascending),
            (CustomerOrder::CreatedAt, Direction::Descending),
            (CustomerOrder::Email, Direction::Ascending),
        ]
    );
    assert_eq!(
        (list.search.email.as_deref(), list.search.query.as_deref()),
        (Some("A"), Some("%"))
    );
    assert!(!list.search.metadata.is_empty());
    assert_eq!((list.active, list.page.limit), (Some(false), 7));

    let faults = customer_list(&Query::parse("sorting=a&active=&page=0")).expect_err("unsound");
    assert_eq!(
        kinds(&faults),
        [
            (r#"["query","page"]"#, "greater_than"),
            (r#"["query","sorting",0]"#, "enum"),
            (r#"["query","active"]"#, "bool_parsing"),
        ]
    );
}

#[test]
fn a_deletion_takes_a_boolean_for_anonymize() {
    for query in ["", "anonymize=true", "anonymize=0", "other=x"] {
        assert!(customer_delete(&Query::parse(query)).is_ok(), "{query}");
    }
    let faults = customer_delete(&Query::parse("anonymize=maybe")).expect_err("no boolean");
    assert_eq!(
        kinds(&faults),
        [(r#"["query","anonymize"]"#, "bool_parsing")]
    );
}
