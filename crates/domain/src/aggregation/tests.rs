//! What a function makes of the values of a property. SEMANTICS 7, 18.3.

use super::*;
use crate::event::{Identity, Source};
use crate::metadata::MetadataBuilder;
use crate::time::Timestamp;

/// What a function makes of the property in events with these values; `None` when none of them matches.
fn made_of(
    function: Function,
    property: &str,
    values: &[&dyn Fn(&mut MetadataBuilder)],
) -> Option<String> {
    let property = (function != Function::Count).then(|| Property::parse(property));
    let aggregation = Aggregation::new(function, property).expect("they go together");
    let mut state = State::new(function);
    for value in values {
        let mut metadata = MetadataBuilder::new();
        value(&mut metadata);
        let event = Event {
            source: Source::User,
            name: "5",
            identity: Identity::External("c"),
            member: None,
            timestamp: Timestamp::from_micros(1_499_999).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        };
        if let Some(contribution) = aggregation.contribution(&event) {
            state.add(contribution);
        }
    }
    state.value().map(|value| value.to_string())
}

fn number(key: &'static str, text: &'static str) -> impl Fn(&mut MetadataBuilder) {
    move |metadata| {
        let literal = Number::parse(text).expect("a number");
        metadata.number(key, &literal.value, literal.spelling);
    }
}

fn text(key: &'static str, text: &'static str) -> impl Fn(&mut MetadataBuilder) {
    move |metadata| metadata.text(key, text)
}

#[test]
fn a_leading_metadata_is_cut_once() {
    for (written, kept) in [
        ("metadata.tokens", "tokens"),
        ("tokens", "tokens"),
        ("metadata.metadata.tokens", "metadata.tokens"),
    ] {
        let sum = Aggregation::new(Function::Sum, Some(Property::parse(written)));
        let sum = sum.expect("they go together");
        assert_eq!(sum.property().map(Property::as_str), Some(kept));
    }
    let tokens = number("tokens", "3");
    let made = made_of(Function::Sum, "metadata.tokens", &[&tokens]);
    assert_eq!(made.as_deref(), Some("3"));
}

#[test]
fn a_path_into_an_object_is_summed() {
    let of = |tokens: &'static str| {
        move |metadata: &mut MetadataBuilder| {
            let mut inner = MetadataBuilder::new();
            number("total_tokens", tokens)(&mut inner);
            metadata.object("_llm", inner.as_ref());
        }
    };
    let events: [&dyn Fn(&mut MetadataBuilder); 2] = [&of("100"), &of("200")];
    for (function, made) in [
        (Function::Sum, "300"),
        (Function::Max, "200"),
        (Function::Min, "100"),
        (Function::Avg, "150"),
        (Function::Unique, "2"),
    ] {
        let found = made_of(function, "_llm.total_tokens", &events);
        assert_eq!(found.as_deref(), Some(made), "{function:?}");
    }
}

#[test]
fn fractions_are_summed_and_what_is_no_number_is_left_out() {
    let [half, one] = ["1.5", "1"].map(|text| number("p", text));
    let sum = |events: &[&dyn Fn(&mut MetadataBuilder)]| made_of(Function::Sum, "p", events);
    assert_eq!(sum(&[&half, &half, &one]).as_deref(), Some("4"));
    let two = number("p", "2");
    let (word, digits) = (text("p", "many"), text("p", "7"));
    let truth = |metadata: &mut MetadataBuilder| metadata.bool("p", true);
    let found = sum(&[&one, &word, &digits, &truth, &two]);
    assert_eq!(found.as_deref(), Some("3"));
}

#[test]
fn numbers_of_a_name_or_a_source_are_none_and_those_of_a_time_are_its_seconds() {
    let named = |metadata: &mut MetadataBuilder| {
        number("name", "7")(metadata);
        number("source", "7")(metadata);
        number("timestamp", "7")(metadata);
    };
    for function in [Function::Sum, Function::Max, Function::Min, Function::Avg] {
        for property in ["name", "source", "metadata.name"] {
            assert_eq!(made_of(function, property, &[&named]), None, "{property}");
        }
        let seconds = made_of(function, "timestamp", &[&named]);
        assert_eq!(seconds.as_deref(), Some("1"));
    }
}

#[test]
fn a_distinct_value_counts_once_and_is_of_its_kind() {
    let ids = ["ID_1", "ID_2", "ID_1", "ID_3", "ID_1"].map(|id| text("p", id));
    let events = ids.each_ref().map(|id| id as &dyn Fn(&mut MetadataBuilder));
    let made = made_of(Function::Unique, "p", &events);
    assert_eq!(made.as_deref(), Some("3"));
    let (one, whole, digit) = (number("p", "1"), number("p", "1.0"), text("p", "1"));
    let truth = |metadata: &mut MetadataBuilder| metadata.bool("p", true);
    let missing = text("another", "1");
    let made = made_of(
        Function::Unique,
        "p",
        &[&one, &whole, &digit, &truth, &missing],
    );
    assert_eq!(made.as_deref(), Some("3"));
}

#[test]
fn the_packed_form_comes_back() {
    for (function, _) in FUNCTIONS {
        let property =
            (function != Function::Count).then(|| Property::parse("metadata._llm.total_tokens"));
        let aggregation = Aggregation::new(function, property).expect("they go together");
        let mut bytes = Vec::new();
        aggregation.encode(&mut bytes);
        assert_eq!(
            Aggregation::decode(&mut Reader::new(&bytes)),
            Ok(aggregation)
        );
    }
}
