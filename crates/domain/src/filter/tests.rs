mod selections;

use proptest::prelude::*;

use super::*;
use crate::event::{Identity, Source};
use crate::metadata::MetadataBuilder;
use crate::time::Timestamp;

fn event(metadata: &MetadataBuilder) -> Event<'_> {
    Event {
        source: Source::User,
        name: "llm.call",
        identity: Identity::External("c"),
        member: None,
        timestamp: Timestamp::from_micros(1_234_567_890_500_000).expect("in range"),
        external_id: None,
        parent: None,
        metadata: metadata.as_ref(),
    }
}

fn number(builder: &mut MetadataBuilder, key: &str, text: &str) {
    let literal = Number::parse(text).expect("a number");
    builder.number(key, &literal.value, literal.spelling);
}

fn sample() -> MetadataBuilder {
    let mut inner = MetadataBuilder::new();
    inner.text("model", "gpt-4");
    inner.null("prompt");
    let mut builder = MetadataBuilder::new();
    builder.text("text5", "5");
    builder.text("text50", "5.0");
    builder.text("abc", "abc");
    builder.text("empty", "");
    builder.text("percent", "a%b");
    builder.text("t", "true story");
    number(&mut builder, "five", "5");
    number(&mut builder, "five0", "5.0");
    number(&mut builder, "hundredth", "0.01");
    number(&mut builder, "one", "1");
    number(&mut builder, "big", "9007199254740993");
    builder.bool("yes", true);
    builder.object("_llm", inner.as_ref());
    builder
}

fn text(operand: &str) -> Operand {
    Operand::Text(operand.into())
}

/// `property operator operand` against the sample event.
fn check(property: &str, operator: &str, operand: Operand, expected: bool) {
    let comparison = Comparison {
        property: Property::parse(property),
        operator: Operator::from_name(operator).expect("an operator"),
        operand,
    };
    let metadata = sample();
    assert_eq!(
        comparison.matches(&event(&metadata)),
        expected,
        "{comparison:?}"
    );
}

#[test]
fn stored_text_is_compared_as_text_with_the_text_of_every_operand() {
    check("abc", "eq", text("abc"), true);
    check("abc", "ne", text("abd"), true);
    check("abc", "gt", Operand::Integer(5), true);
    check("text5", "eq", Operand::Integer(5), true);
    check("text50", "eq", Operand::Integer(5), false);
    check("t", "eq", Operand::Bool(true), false);
    check("t", "ne", Operand::Bool(true), true);
    check("t", "gt", Operand::Bool(true), false);
    check("t", "lte", Operand::Bool(true), false);
}

#[test]
fn stored_numbers_are_compared_exactly_with_integers_and_booleans_only() {
    check("five", "eq", Operand::Integer(5), true);
    check("five0", "eq", Operand::Integer(5), true);
    check("five", "eq", text("5"), false);
    check("five", "ne", text("6"), false);
    check("hundredth", "gt", Operand::Integer(0), true);
    check("hundredth", "lt", Operand::Integer(1), true);
    check("one", "eq", Operand::Bool(true), true);
    check("five", "gt", Operand::Bool(true), true);
    check("big", "gt", Operand::Integer(i32::MAX), true);
}

#[test]
fn stored_booleans_are_equal_or_not_and_have_no_order() {
    check("yes", "eq", Operand::Bool(true), true);
    check("yes", "ne", Operand::Bool(false), true);
    check("yes", "gte", Operand::Bool(true), false);
    check("yes", "eq", Operand::Integer(1), false);
    check("yes", "eq", text("true"), false);
}

#[test]
fn what_is_missing_null_or_an_object_never_matches_a_comparison() {
    for operator in ["eq", "ne", "gt", "gte", "lt", "lte", "like", "not_like"] {
        check("absent", operator, text("x"), false);
        check("_llm.prompt", operator, text(""), false);
        check("abc.deeper", operator, text("x"), false);
    }
    check("_llm", "ne", text("x"), false);
}

#[test]
fn like_is_a_case_sensitive_search_in_the_text_of_any_value() {
    check("percent", "like", text("%"), true);
    check("abc", "like", text("%"), false);
    check("abc", "like", text("B"), false);
    check("abc", "not_like", text("B"), true);
    check("empty", "like", text(""), true);
    check("five0", "like", text("5.0"), true);
    check("yes", "like", Operand::Bool(true), true);
    check("one", "like", Operand::Integer(1), true);
    check("_llm", "like", text("\"model\": \"gpt-4\""), true);
    check("_llm.model", "like", text("gpt"), true);
}

#[test]
fn fields_of_the_event_match_their_own_kind_only() {
    check("name", "eq", text("llm.call"), true);
    check("metadata.name", "eq", text("llm.call"), true);
    check("name", "ne", Operand::Integer(100), false);
    check("source", "eq", text("user"), true);
    check("source", "not_like", Operand::Bool(true), false);
    // 1,234,567,890.5 s counts as the next second.
    check("timestamp", "eq", Operand::Integer(1_234_567_891), true);
    check("timestamp", "like", Operand::Integer(345), true);
    check("timestamp", "not_like", Operand::Integer(345), false);
    check("timestamp", "eq", text("1234567891"), false);
    check("timestamp", "not_like", text("x"), false);
    check("timestamp", "gt", Operand::Bool(true), true);
    check("timestamp", "like", Operand::Bool(true), false);
    check("timestamp", "not_like", Operand::Bool(true), true);
}

#[test]
fn one_leading_metadata_is_cut_and_no_second() {
    check("metadata.abc", "eq", text("abc"), true);
    check("metadata.metadata.abc", "eq", text("abc"), false);
}

#[test]
fn conjunctions_nest_and_without_clauses_match_everything() {
    let metadata = sample();
    let event = event(&metadata);
    let comparison = |operand: &str| {
        Clause::Comparison(Comparison {
            property: Property::parse("abc"),
            operator: Operator::Eq,
            operand: text(operand),
        })
    };
    let filter = |conjunction, clauses| Filter {
        conjunction,
        clauses,
    };
    let (yes, no) = (comparison("abc"), comparison("x"));
    assert!(filter(Conjunction::Or, vec![]).matches(&event));
    assert!(filter(Conjunction::Or, vec![no.clone(), yes.clone()]).matches(&event));
    assert!(!filter(Conjunction::And, vec![no.clone(), yes.clone()]).matches(&event));
    let everything = Clause::Filter(filter(Conjunction::Or, vec![]));
    assert!(filter(Conjunction::And, vec![yes.clone(), everything.clone()]).matches(&event));
    let nested = filter(
        Conjunction::And,
        vec![
            yes,
            Clause::Filter(filter(Conjunction::Or, vec![no, everything])),
        ],
    );
    assert!(nested.matches(&event));
    assert_eq!(nested.depth(), 3);
}

#[test]
fn the_packed_form_comes_back() {
    let mut filter = Filter {
        conjunction: Conjunction::Or,
        clauses: vec![],
    };
    for (index, (operator, _)) in OPERATORS.iter().enumerate() {
        let operand = match index % 4 {
            0 => text("é"),
            1 => Operand::Integer(i32::MIN),
            2 => Operand::Bool(true),
            _ => Operand::Bool(false),
        };
        let comparison = Comparison {
            property: Property::parse("a.b"),
            operator: *operator,
            operand,
        };
        let clauses = vec![Clause::Filter(filter), Clause::Comparison(comparison)];
        filter = Filter {
            conjunction: Conjunction::And,
            clauses,
        };
    }
    let mut bytes = Vec::new();
    filter.encode(&mut bytes);
    assert_eq!(Filter::decode(&mut Reader::new(&bytes)), Ok(filter));
}

proptest::proptest! {
    #[test]
    fn units_are_accepted_as_the_numbers_they_are(
        operator in 0..OPERATORS.len(), operand in proptest::prop_oneof![
            (-3_i32..3).prop_map(Operand::Integer), any::<i32>().prop_map(Operand::Integer),
            any::<bool>().prop_map(Operand::Bool), "[0-9]{1,2}".prop_map(|text| Operand::Text(text.into())),
        ],
        units in proptest::prop_oneof![-3_i64..3, any::<i64>()], scale in 0_u8..=12,
    ) {
        let (operator, _) = OPERATORS[operator];
        let comparison = Comparison { property: Property::parse("key"), operator, operand };
        if let Some(range) = comparison.accepted_units(scale) {
            let value = Value::Number(Number::from_parts(units.into(), scale), Spelling::Decimal);
            prop_assert_eq!(range.contains(units), comparison.accepts(Subject::Metadata(Some(&value))));
        } else {
            prop_assert!(matches!(operator, Operator::Like | Operator::NotLike));
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_but_the_accepted_one_passes(
        operator in 0..OPERATORS.len(), operand in proptest::prop_oneof![
            (-3_i32..3).prop_map(Operand::Integer), any::<bool>().prop_map(Operand::Bool),
            "[ab]{0,2}".prop_map(|text| Operand::Text(text.into())),
        ],
        text in "[ab1t]{0,2}",
    ) {
        let (operator, _) = OPERATORS[operator];
        let comparison = Comparison { property: Property::parse("key"), operator, operand };
        if let Some(accepted) = comparison.accepted_text() {
            let passes = |text: &str| comparison.accepts(Subject::Metadata(Some(&Value::Text(text))));
            prop_assert_eq!(passes(&text), *text == *accepted);
            prop_assert!(passes(&accepted));
        } else {
            prop_assert_ne!(operator, Operator::Eq);
        }
    }
}
