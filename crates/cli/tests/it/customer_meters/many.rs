//! As many events of one customer as one request can bring.

use std::fmt::Write as _;

use serde_json::json;

use super::decimal::Decimal;
use super::world::{World, read};
use crate::api::Ingested;

const EVENTS: usize = 50_000;

#[test]
fn fifty_thousand_events_of_one_customer_count_at_once_and_exactly() {
    let mut world = World::new(0);
    let body = json!({"email": "ada@example.com", "external_id": "ada"}).to_string();
    let made = world.call("POST", "/v1/customers/", Some(&body), 201);
    let customer = read::<api::Customer>(&made).id;
    for (name, function, property) in [
        ("1 calls", "count", "value"),
        ("2 sum", "sum", "value"),
        ("3 greatest", "max", "value"),
        ("4 distinct", "unique", "number"),
    ] {
        let filter = json!({"conjunction": "and", "clauses": []});
        let aggregation = json!({"func": function, "property": property});
        let body = json!({"name": name, "filter": filter, "aggregation": aggregation});
        world.call("POST", "/v1/meters/", Some(&body.to_string()), 201);
    }
    // Half of them under each identifier; tenths, of which floats would make something else.
    let mut body = String::from(r#"{"events":["#);
    for number in 0..EVENTS {
        let comma = if number == 0 { "" } else { "," };
        let identity = match number % 2 {
            0 => format!(r#""customer_id":"{customer}""#),
            _ => r#""external_customer_id":"ada""#.to_owned(),
        };
        write!(
            body,
            r#"{comma}{{"name":"call",{identity},"metadata":{{"value":{}.{},"number":{number}}}}}"#,
            number % 70 / 10,
            number % 10,
        )
        .expect("text grows");
    }
    body.push_str("]}");
    let sum: usize = (0..EVENTS).map(|number| number % 70).sum();
    let answer = world.call("POST", "/v1/events/ingest", Some(&body), 200);
    assert_eq!(Ingested::of(&answer).inserted, EVENTS as u64);
    let check = |world: &mut World| {
        let rows: Vec<api::CustomerMeter> = world.list("/v1/customer-meters/?sorting=meter_name");
        let shown: Vec<String> = rows
            .iter()
            .map(|row| Decimal::parse(row.consumed_units.as_str()).to_string())
            .collect();
        let expected = [
            EVENTS.to_string(),
            Decimal::parse(&format!("{}.{}", sum / 10, sum % 10)).to_string(),
            "6.9".to_owned(),
            EVENTS.to_string(),
        ];
        assert_eq!(shown, expected);
    };
    check(&mut world);
    world.kill();
    check(&mut world);
}
