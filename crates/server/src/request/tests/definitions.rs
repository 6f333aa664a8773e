//! What a meter may be: its filter, its aggregation, its unit (SEMANTICS 5.2, 6.4, 18.1.5, 18.3).

use domain::aggregation::PropertyFunction;
use domain::{Aggregation, Clause, Operand, Unit};
use serde_json::{Value, json};
use service::NewMeter;

use crate::request::*;

/// Reads a meter that differs from a sound one in these fields.
fn read(fields: &Value) -> Result<NewMeter, Vec<(String, String)>> {
    let mut meter = json!({
        "name": "Calls",
        "filter": {"conjunction": "and", "clauses": []},
        "aggregation": {"func": "count"},
    });
    for (key, value) in fields.as_object().expect("an object") {
        meter[key] = value.clone();
    }
    let text = meter.to_string();
    let body = Body::parse(Some("application/json"), text.as_bytes()).expect("JSON");
    meter_create(&body).map_err(|invalid| match invalid {
        Invalid::Form(faults) | Invalid::Rules(faults) => faults
            .iter()
            .map(|fault| (fault.loc.get().to_owned(), fault.kind.to_owned()))
            .collect(),
    })
}

fn filter_of(property: &str, value: &Value) -> Value {
    let clause = json!({"property": property, "operator": "eq", "value": value});
    json!({"filter": {"conjunction": "and", "clauses": [clause]}})
}

/// The property and the operand of the one clause, as they are kept.
fn kept(property: &str, value: &Value) -> Option<(String, Operand)> {
    let meter = read(&filter_of(property, value)).ok()?;
    let [Clause::Comparison(comparison)] = &meter.definition.filter.clauses[..] else {
        panic!("one comparison")
    };
    Some((
        comparison.property.as_str().to_owned(),
        comparison.operand.clone(),
    ))
}

#[test]
fn one_leading_metadata_is_cut_from_the_property_of_clauses_and_aggregations() {
    for (written, expected) in [
        ("metadata.tokens", "tokens"),
        ("tokens", "tokens"),
        ("metadata._llm.model", "_llm.model"),
        ("metadata.metadata.tokens", "metadata.tokens"),
        ("metadata", "metadata"),
    ] {
        let (property, _) = kept(written, &json!("x")).expect("sound");
        assert_eq!(property, expected);
        let aggregation = json!({"aggregation": {"func": "max", "property": written}});
        let meter = read(&aggregation).expect("sound");
        let Aggregation::Over(PropertyFunction::Max, property) = meter.definition.aggregation
        else {
            panic!("a maximum")
        };
        assert_eq!(property.as_str(), expected);
    }
}

#[test]
fn an_integer_of_a_clause_has_32_bits() {
    for integer in [2_147_483_647, -2_147_483_648, 123, 0] {
        assert_eq!(
            kept("p", &json!(integer)).map(|(_, operand)| operand),
            Some(Operand::Integer(integer))
        );
    }
    for integer in [2_147_483_648_i64, -2_147_483_649, 9_999_999_999_999_999] {
        assert_eq!(kept("p", &json!(integer)), None, "{integer}");
    }
}

#[test]
fn a_text_of_a_clause_has_a_thousand_characters_at_most() {
    for text in [String::new(), "x".repeat(1_000), "é".repeat(1_000)] {
        let operand = kept("p", &json!(text)).map(|(_, operand)| operand);
        assert_eq!(operand, Some(Operand::Text(text.into())));
    }
    for text in ["x".repeat(1_001), "é".repeat(1_001)] {
        let faults = read(&filter_of("p", &json!(text))).expect_err("too long");
        let is_it = |(_, kind): &(String, String)| kind == "string_too_long";
        assert!(faults.iter().any(is_it), "{faults:?}");
    }
}

#[test]
fn a_meter_is_scalar_unless_it_says_otherwise_and_only_a_custom_unit_has_a_label() {
    let label = json!("requests");
    for (fields, unit) in [
        (json!({}), Unit::Scalar),
        (json!({"unit": "scalar"}), Unit::Scalar),
        (json!({"unit": "token"}), Unit::Token),
        (
            json!({"unit": "custom", "custom_label": label}),
            Unit::Custom,
        ),
    ] {
        let meter = read(&fields).expect("sound");
        assert_eq!(meter.unit, unit);
        assert_eq!(meter.custom_label.is_some(), unit == Unit::Custom);
    }
    for fields in [
        json!({"custom_label": label}),
        json!({"unit": "scalar", "custom_label": label}),
        json!({"unit": "token", "custom_label": label}),
        json!({"unit": "custom"}),
    ] {
        let refused = vec![(r#"["body"]"#.to_owned(), "value_error".to_owned())];
        assert_eq!(read(&fields).map(|_| ()), Err(refused), "{fields}");
    }
}
