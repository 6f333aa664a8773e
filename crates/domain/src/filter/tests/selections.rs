//! Which of a few events a filter selects. SEMANTICS 18.3.

use super::*;

/// An event to be selected or not.
struct Sample {
    name: &'static str,
    seconds: i64,
    metadata: MetadataBuilder,
}

impl Sample {
    fn new(build: impl FnOnce(&mut MetadataBuilder)) -> Self {
        let mut metadata = MetadataBuilder::new();
        build(&mut metadata);
        Self {
            name: "call",
            seconds: 1_700_000_000,
            metadata,
        }
    }

    fn at(seconds: i64) -> Self {
        Self {
            seconds,
            ..Self::new(|_| {})
        }
    }

    fn named(name: &'static str) -> Self {
        Self {
            name,
            ..Self::new(|_| {})
        }
    }

    fn text(key: &str, value: &str) -> Self {
        Self::new(|metadata| metadata.text(key, value))
    }

    fn number(key: &str, value: &str) -> Self {
        Self::new(|metadata| number(metadata, key, value))
    }

    fn bool(key: &str, value: bool) -> Self {
        Self::new(|metadata| metadata.bool(key, value))
    }

    fn event(&self) -> Event<'_> {
        Event {
            name: self.name,
            timestamp: Timestamp::from_micros(self.seconds.saturating_mul(1_000_000))
                .expect("in range"),
            ..event(&self.metadata)
        }
    }
}

fn clause(property: &str, operator: &str, operand: Operand) -> Clause {
    Clause::Comparison(Comparison {
        property: Property::parse(property),
        operator: Operator::from_name(operator).expect("an operator"),
        operand,
    })
}

/// The positions of the samples that the clauses select.
fn selected(conjunction: Conjunction, clauses: &[Clause], samples: &[Sample]) -> Vec<usize> {
    let filter = Filter {
        conjunction,
        clauses: clauses.to_vec(),
    };
    let positions = samples.iter().enumerate();
    positions
        .filter_map(|(index, sample)| filter.matches(&sample.event()).then_some(index))
        .collect()
}

#[track_caller]
fn selects(
    property: &str,
    operator: &str,
    operand: Operand,
    samples: &[Sample],
    expected: &[usize],
) {
    let clause = clause(property, operator, operand);
    let found = selected(Conjunction::And, std::slice::from_ref(&clause), samples);
    assert_eq!(found, expected, "{clause:?}");
}

fn of_model(model: &str) -> Sample {
    let mut inner = MetadataBuilder::new();
    inner.text("model", model);
    Sample::new(|metadata| metadata.object("_llm", inner.as_ref()))
}

#[test]
fn a_path_leads_into_an_object() {
    let samples = [of_model("gpt-4"), of_model("gpt-4o")];
    selects("_llm.model", "eq", text("gpt-4"), &samples, &[0]);
}

#[test]
fn times_before_a_second_are_selected_by_it() {
    let now = 1_772_323_200;
    let [yesterday, tomorrow] = [-86_400, 86_400].map(|seconds| now + seconds);
    let samples = [yesterday, now, tomorrow].map(Sample::at);
    let second = Operand::Integer(i32::try_from(now).expect("before 2038"));
    selects("timestamp", "lt", second.clone(), &samples, &[0]);
    selects("timestamp", "gt", second, &samples, &[2]);
}

#[test]
fn seconds_are_searched_as_digits() {
    let samples = [1_234_567_890, 1_600_000_000].map(Sample::at);
    let digits = || Operand::Integer(345);
    selects("timestamp", "not_like", digits(), &samples, &[1]);
    selects("timestamp", "like", digits(), &samples, &[0]);
}

#[test]
fn digits_are_searched_in_numbers_and_text_alike() {
    let samples = [
        Sample::number("p", "1"),
        Sample::text("p", "1"),
        Sample::text("p", "other_value"),
    ];
    selects("p", "like", Operand::Integer(1), &samples, &[0, 1]);
    selects("p", "not_like", Operand::Integer(1), &samples, &[2]);
}

#[test]
fn a_boolean_is_searched_as_its_first_letter() {
    let samples = [
        Sample::bool("p", true),
        Sample::text("p", "true"),
        Sample::text("p", "True"),
        Sample::text("p", "other_value"),
        Sample::bool("p", false),
        Sample::text("p", "1"),
    ];
    selects("p", "like", Operand::Bool(true), &samples, &[0, 1, 3]);
    selects("p", "like", Operand::Bool(false), &samples, &[4]);
}

#[test]
fn a_number_is_compared_with_true_as_with_1() {
    let samples = ["1", "0", "1"].map(|value| Sample::number("p", value));
    selects("p", "eq", Operand::Bool(true), &samples, &[0, 2]);
    selects("p", "eq", Operand::Bool(false), &samples, &[1]);
}

#[test]
fn fractions_and_numbers_of_more_digits_are_in_the_order_of_numbers_and_not_of_text() {
    let samples = ["0.01", "10"].map(|value| Sample::number("p", value));
    selects("p", "gt", Operand::Integer(1), &samples, &[1]);
    selects("p", "lt", Operand::Integer(2), &samples, &[0]);
}

#[test]
fn underscore_and_percent_stand_for_themselves_in_names_and_in_metadata() {
    for (value, yes, no) in [
        ("api_", "api_test", "apiXtest"),
        ("50%", "50% off", "500 off"),
        ("a\\b", "a\\b", "ab"),
    ] {
        let named = [yes, no].map(Sample::named);
        selects("name", "like", text(value), &named, &[0]);
        selects("name", "not_like", text(value), &named, &[1]);
        let with_text = [yes, no].map(|value| Sample::text("endpoint", value));
        selects("endpoint", "like", text(value), &with_text, &[0]);
        selects("endpoint", "not_like", text(value), &with_text, &[1]);
    }
}

#[test]
fn names_texts_and_numbers_are_selected_each_by_its_kind() {
    let samples = [Sample::named("call"), Sample::named("store")];
    selects("name", "eq", text("call"), &samples, &[0]);
    selects("name", "ne", text("call"), &samples, &[1]);
    let samples = [
        Sample::text("p", "lite"),
        Sample::text("p", "pro"),
        Sample::number("p", "7"),
        Sample::named("without it"),
    ];
    selects("p", "eq", text("lite"), &samples, &[0]);
    selects("p", "gt", Operand::Integer(5), &samples[2..], &[0]);
    selects("p", "eq", Operand::Integer(8), &samples, &[]);
    selects("p", "ne", text("lite"), &samples, &[1]);
}

#[test]
fn and_takes_all_clauses_and_or_one() {
    let both = |model: &str, tokens: &str| {
        Sample::new(|metadata| {
            metadata.text("model", model);
            number(metadata, "tokens", tokens);
        })
    };
    let samples = [both("lite", "1"), both("lite", "9"), both("pro", "9")];
    let clauses = [
        clause("model", "eq", text("lite")),
        clause("tokens", "gt", Operand::Integer(5)),
    ];
    assert_eq!(selected(Conjunction::And, &clauses, &samples), [1]);
    assert_eq!(selected(Conjunction::Or, &clauses, &samples), [0, 1, 2]);
    let neither = [both("pro", "1")];
    assert!(selected(Conjunction::Or, &clauses, &neither).is_empty());
}
