//! What is read of benefits and of lists of them, and what is refused.

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";
const OTHER: &str = "abcdefab-cdef-4abc-9def-abcdefabcdef";

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

fn uuid(text: &str) -> Uuid {
    Uuid::parse_str(text).expect("a UUID")
}

fn places(faults: Vec<FieldError>) -> Vec<(String, &'static str)> {
    faults
        .into_iter()
        .map(|fault| (fault.loc.get().to_owned(), fault.kind))
        .collect()
}

fn faults_of_create(text: &str) -> Vec<(String, &'static str)> {
    match benefit_create(&body(text)) {
        Err(Invalid::Form(faults) | Invalid::Rules(faults)) => places(faults),
        Ok(_) => panic!("it is taken"),
    }
}

fn faults_of_update(text: &str) -> Vec<(String, &'static str)> {
    places(benefit_update(&body(text)).expect_err("unsound"))
}

fn expect(expected: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    let owned = |(place, kind): &(&str, &'static str)| ((*place).to_owned(), *kind);
    expected.iter().map(owned).collect()
}

#[test]
fn a_benefit_is_read() {
    let text = format!(
        r#"{{"type":"meter_credit","description":"Ten calls","visibility":"draft","metadata":{{"a":1}},"organization_id":null,
            "properties":{{"units":"10","rollover":"yes","meter_id":"{ID}","extra":1}},"extra":1}}"#
    );
    let new = benefit_create(&body(&text)).expect("sound");
    let credit = MeterCredit {
        meter: MeterId::from_uuid(uuid(ID)),
        units: 10,
        rollover: true,
    };
    assert_eq!(
        (&*new.description, new.visibility, new.credit),
        ("Ten calls", Visibility::Draft, credit)
    );
    assert_eq!(new.metadata.as_ref().iter().count(), 1);
}

#[test]
fn a_visibility_that_is_left_out_or_null_is_public() {
    for visibility in ["", r#""visibility":null,"#] {
        let text = format!(
            r#"{{"type":"meter_credit","description":"Ten",{visibility}
                "properties":{{"units":1,"rollover":false,"meter_id":"{ID}"}}}}"#
        );
        let new = benefit_create(&body(&text)).expect("sound");
        assert_eq!(new.visibility, Visibility::Public);
        assert!(new.metadata.as_ref().is_empty());
    }
}

#[test]
fn the_type_tells_which_benefit_and_there_is_one() {
    assert_eq!(
        faults_of_create("{}"),
        expect(&[(r#"["body"]"#, "union_tag_not_found")])
    );
    for tag in ["\"custom\"", "\"discord\"", "\"nonsense\"", "null", "1"] {
        let text = format!(r#"{{"type":{tag},"description":"x"}}"#);
        assert_eq!(
            faults_of_create(&text),
            expect(&[(r#"["body"]"#, "union_tag_invalid")]),
            "{tag}"
        );
    }
    assert_eq!(
        faults_of_create("[]"),
        expect(&[(r#"["body"]"#, "model_attributes_type")])
    );
}

#[test]
fn all_faults_of_a_benefit_are_told_under_its_type() {
    assert_eq!(
        faults_of_create(r#"{"type":"meter_credit"}"#),
        expect(&[
            (r#"["body","meter_credit","description"]"#, "missing"),
            (r#"["body","meter_credit","properties"]"#, "missing"),
        ])
    );
    let text = r#"{"type":"meter_credit","description":"ab","visibility":"secret","metadata":null,
        "properties":{"units":0,"meter_id":"x"},"organization_id":5}"#;
    assert_eq!(
        faults_of_create(text),
        expect(&[
            (r#"["body","meter_credit","metadata"]"#, "dict_type"),
            (
                r#"["body","meter_credit","description"]"#,
                "string_too_short"
            ),
            (r#"["body","meter_credit","visibility"]"#, "enum"),
            (
                r#"["body","meter_credit","properties","units"]"#,
                "greater_than"
            ),
            (
                r#"["body","meter_credit","properties","rollover"]"#,
                "missing"
            ),
            (
                r#"["body","meter_credit","properties","meter_id"]"#,
                "uuid_parsing"
            ),
            (r#"["body","meter_credit","organization_id"]"#, "uuid_type"),
        ])
    );
}

#[test]
fn units_are_whole_and_between_1_and_the_greatest_of_32_bits() {
    let fault = |units: &str| {
        let text = format!(
            r#"{{"type":"meter_credit","properties":{{"units":{units},"rollover":true,"meter_id":"{ID}"}}}}"#
        );
        benefit_update(&body(&text))
            .map(|_| ())
            .map_err(|faults| faults[0].kind)
    };
    assert_eq!(fault("1"), Ok(()));
    assert_eq!(fault("2147483647"), Ok(()));
    assert_eq!(fault("2147483648"), Err("less_than_equal"));
    assert_eq!(fault("0"), Err("greater_than"));
    assert_eq!(fault("-2147483648"), Err("greater_than"));
    assert_eq!(fault("-2147483649"), Err("greater_than_equal"));
    assert_eq!(fault("1.5"), Err("int_from_float"));
    assert_eq!(fault("null"), Err("int_type"));
}

#[test]
fn a_benefit_does_not_name_its_organization() {
    let text = format!(
        r#"{{"type":"meter_credit","description":"Ten","organization_id":"{OTHER}",
            "properties":{{"units":1,"rollover":false,"meter_id":"{ID}"}}}}"#
    );
    assert_eq!(
        faults_of_create(&text),
        expect(&[(r#"["body","organization_id"]"#, "organization_token")])
    );
}

#[test]
fn a_change_needs_the_type_and_leaves_what_it_does_not_say() {
    assert_eq!(
        faults_of_update(r#"{"description":"x"}"#),
        expect(&[
            (r#"["body","type"]"#, "missing"),
            (r#"["body","description"]"#, "string_too_short"),
        ])
    );
    let text = r#"{"type":"meter_credit","description":null,"visibility":null,"properties":null}"#;
    let update = benefit_update(&body(text)).expect("sound");
    let BenefitUpdate::Changes(changes) = update else {
        panic!("the type is the same")
    };
    assert_eq!(changes, BenefitChanges::default());
    assert_eq!(
        faults_of_update(r#"{"type":"meter_credit","metadata":null,"properties":{}}"#),
        expect(&[
            (r#"["body","metadata"]"#, "dict_type"),
            (r#"["body","properties","units"]"#, "missing"),
            (r#"["body","properties","rollover"]"#, "missing"),
            (r#"["body","properties","meter_id"]"#, "missing"),
        ])
    );
}

#[test]
fn a_change_to_another_type_is_a_rule_whatever_else_it_says() {
    for kind in ["custom", "nonsense"] {
        let text = format!(r#"{{"type":"{kind}","description":"x"}}"#);
        let update = benefit_update(&body(&text)).expect("refused later");
        let BenefitUpdate::OtherType(error) = update else {
            panic!("it is another type")
        };
        assert_eq!(error.loc.get(), r#"["body","type"]"#);
        assert_eq!(&*error.msg, "Benefit type cannot be changed.");
        let input = error.input.expect("small");
        assert_eq!(input.get(), format!("\"{kind}\""));
    }
}

#[test]
fn a_list_is_read() {
    let text = format!(
        "type=custom&type=meter_credit&id={ID}&id={OTHER}&exclude_id={OTHER}&query=a%25&metadata[k]=v&page=2&limit=500\
         &sorting=-description&sorting=type&sorting=user_order&organization_id={OTHER}"
    );
    let list = benefit_list(&Query::parse(&text)).expect("sound");
    let (id, other) = (uuid(ID), uuid(OTHER));
    let search = BenefitSearch {
        ids: vec![BenefitId::from_uuid(id), BenefitId::from_uuid(other)],
        excluded: vec![BenefitId::from_uuid(other)],
        query: Some("a%".to_owned()),
        metadata: vec![("k".to_owned(), vec!["v".to_owned()])].into(),
        sorting: vec![
            (BenefitOrder::Description, Direction::Descending),
            (BenefitOrder::Type, Direction::Ascending),
            (BenefitOrder::UserOrder, Direction::Ascending),
        ],
    };
    assert_eq!(list.search, search);
    assert!(list.of_known_type);
    assert_eq!(list.organizations, [OrganizationId::from_uuid(other)]);
    assert_eq!((list.page.page, list.page.limit), (2, 100));
}

#[test]
fn other_types_may_be_asked_for_and_unknown_ones_may_not() {
    let of_known_type = |text: &str| {
        let list = benefit_list(&Query::parse(text)).expect("sound");
        list.of_known_type
    };
    assert!(of_known_type(""));
    assert!(of_known_type("type=meter_credit"));
    assert!(!of_known_type("type=custom&type=license_keys"));
    let faults = benefit_list(&Query::parse("type=nonsense&sorting=name&id=x"));
    let kinds: Vec<_> = faults
        .expect_err("unsound")
        .into_iter()
        .map(|fault| fault.kind)
        .collect();
    assert_eq!(kinds, ["enum", "enum", "enum", "uuid_type", "uuid_parsing"]);
}
