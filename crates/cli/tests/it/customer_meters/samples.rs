//! Random meters and metadata: every function, filters of every operator, values of every kind.

use api::{Aggregation, Clause, Comparison, Filter, Operand};

use crate::random::Random;

/// Names of events; one is that of a credit, and means nothing when a user sends it.
pub(super) const NAMES: [&str; 4] = ["call", "request", "Anfrage größer", "meter.credited"];

const FUNCTIONS: [&str; 6] = ["count", "sum", "max", "min", "avg", "unique"];
/// Properties with numbers of all sizes, of which no average is taken: it would have more digits than the model holds.
const FINE: &str = "price";
const NUMBERS: [&str; 7] = [
    "amount",
    "metadata.amount",
    FINE,
    "tag",
    "_cost.amount",
    "_llm.total_tokens",
    "timestamp",
];
const VALUES: [&str; 7] = [
    "tag",
    "kind",
    "amount",
    "_llm",
    "_llm.prompt",
    "_cost.amount",
    "name",
];

/// One aggregation of each function.
pub(super) fn every_function() -> [Aggregation; 6] {
    FUNCTIONS.map(|function| {
        with(
            function,
            if function == "unique" {
                "tag"
            } else {
                "amount"
            },
        )
    })
}

pub(super) fn aggregation(random: &mut Random) -> Aggregation {
    let function = random.one_of(&FUNCTIONS);
    let property = match function {
        "unique" => random.one_of(&VALUES),
        _ => random.one_of(&NUMBERS),
    };
    match (function, property) {
        ("avg", FINE) => with("sum", FINE),
        (function, property) => with(function, property),
    }
}

fn with(function: &str, property: &str) -> Aggregation {
    let property = property.to_owned();
    match function {
        "count" => Aggregation::Count,
        "sum" => Aggregation::Sum { property },
        "max" => Aggregation::Max { property },
        "min" => Aggregation::Min { property },
        "avg" => Aggregation::Avg { property },
        "unique" => Aggregation::Unique { property },
        other => panic!("a function {other}"),
    }
}

/// Every event of users.
pub(super) fn of_users() -> Filter {
    let source = comparison("source", "eq", Operand::Text("user".to_owned()));
    Filter {
        conjunction: "and".to_owned(),
        clauses: vec![Clause::Comparison(source)],
    }
}

pub(super) fn filter(random: &mut Random, depth: usize) -> Filter {
    let count = random.below(3);
    let clause = |random: &mut Random| {
        if depth > 0 && random.happens(1, 4) {
            Clause::Filter(filter(random, depth - 1))
        } else {
            Clause::Comparison(random_comparison(random))
        }
    };
    Filter {
        conjunction: random.one_of(&["and", "or"]).to_owned(),
        clauses: (0..count).map(|_| clause(random)).collect(),
    }
}

fn random_comparison(random: &mut Random) -> Comparison {
    const ALL: [&str; 8] = ["eq", "ne", "gt", "gte", "lt", "lte", "like", "not_like"];
    const ORDERS: [&str; 6] = ["eq", "ne", "gt", "gte", "lt", "lte"];
    let property = random.one_of(&[
        "name",
        "source",
        "timestamp",
        "kind",
        "metadata.kind",
        "flag",
        "amount",
        "tag",
        "_llm.model",
        "_cost.amount",
        "absent",
    ]);
    match property {
        "name" => {
            let text = random.one_of(&["call", "request", "größer", "e", "metes"]);
            comparison(
                property,
                random.one_of(&ALL),
                Operand::Text(text.to_owned()),
            )
        }
        "source" => {
            let text = random.one_of(&["user", "system"]);
            comparison(
                property,
                random.one_of(&ALL),
                Operand::Text(text.to_owned()),
            )
        }
        "timestamp" => {
            let day = i32::try_from(random.below(30)).expect("a day");
            let seconds = 1_740_787_200 + day * 86_400;
            let operator = random.one_of(&ORDERS);
            comparison(property, operator, Operand::Integer(seconds))
        }
        _ => comparison(property, random.one_of(&ALL), operand(random)),
    }
}

fn operand(random: &mut Random) -> Operand {
    match random.below(5) {
        0 => Operand::Bool(random.happens(1, 2)),
        1 | 2 => Operand::Integer(random.one_of(&[0, 1, 2, 10, -1])),
        _ => Operand::Text(
            random
                .one_of(&["lite", "pro", "10", "t", "", "1"])
                .to_owned(),
        ),
    }
}

fn comparison(property: &str, operator: &str, value: Operand) -> Comparison {
    Comparison {
        property: property.to_owned(),
        operator: operator.to_owned(),
        value,
    }
}

/// Metadata with its place in the order of receipt: what is sent, and what is then listed.
pub(super) fn metadata(random: &mut Random, place: usize) -> (String, String) {
    let mut members = vec![format!(r#""n":{place}"#)];
    if random.happens(4, 5) {
        members.push(format!(r#""amount":{}"#, amount(random)));
    }
    if random.happens(2, 3) {
        members.push(format!(r#""price":{}"#, price(random)));
    }
    if random.happens(3, 4) {
        let kind = random.one_of(&[r#""lite""#, r#""pro""#, r#""10""#, r#""t""#, "10", "true"]);
        members.push(format!(r#""kind":{kind}"#));
    }
    if random.happens(1, 2) {
        let flag = random.one_of(&["true", "false", "1", "0", "0.5"]);
        members.push(format!(r#""flag":{flag}"#));
    }
    if random.happens(2, 3) {
        let tag = random.one_of(&["1", "1.0", r#""1""#, "true", "2", r#""b""#, "2.50", "-1"]);
        members.push(format!(r#""tag":{tag}"#));
    }
    if random.happens(1, 4) {
        let amount = random.one_of(&["12", "0.25", r#""1.50""#, "99999.75"]);
        members.push(format!(r#""_cost":{{"amount":{amount},"currency":"usd"}}"#));
    }
    let common = members.join(",");
    if !random.happens(1, 4) {
        let text = format!("{{{common}}}");
        return (text.clone(), text);
    }
    let model = random.one_of(&["lite", "pro"]);
    let tokens = random.below(1000);
    let required = format!(
        r#""vendor":"v","model":"{model}","input_tokens":{tokens},"output_tokens":1,"total_tokens":{},"cached_input_tokens":0"#,
        tokens + 1
    );
    // What is left out is stored as null.
    let (sent, listed) = if random.happens(1, 2) {
        let prompt = random.one_of(&["hello", "bye"]);
        let with = format!(r#","prompt":"{prompt}""#);
        (with.clone(), format!(r#"{with},"response":null"#))
    } else {
        (
            String::new(),
            r#","prompt":null,"response":null"#.to_owned(),
        )
    };
    let text = |rest: &str| format!(r#"{{{common},"_llm":{{{required}{rest}}}}}"#);
    (text(&sent), text(&listed))
}

/// A number in quarters, or what is no number.
fn amount(random: &mut Random) -> String {
    match random.below(10) {
        0 => r#""7""#.to_owned(),
        1 => "true".to_owned(),
        2 => "0".to_owned(),
        3 => "1e2".to_owned(),
        _ => {
            let fraction = random.one_of(&["", ".25", ".5", ".75", ".0", ".50"]);
            let sign = if random.happens(1, 5) { "-" } else { "" };
            format!("{sign}{}{fraction}", random.below(200))
        }
    }
}

/// A number of few digits or many.
fn price(random: &mut Random) -> String {
    match random.below(6) {
        0 => "0.1".to_owned(),
        1 => "123456789012345678901234567890.5".to_owned(),
        2 => "-123456789012345678901234567890.25".to_owned(),
        3 => "0.000000000000000000000000000001".to_owned(),
        4 => "9007199254740993".to_owned(),
        _ => format!("{}.{:03}", random.below(100), random.below(1000)),
    }
}
