//! What rolls over at a reset, case by case (SEMANTICS 12.13, 18.6).

use serde_json::{Value, json};

use super::instant;
use super::world::{World, read};

/// What is done before the reset.
#[derive(Debug, Clone, Copy)]
enum Before {
    /// Units that do not roll over.
    Fixed(i64),
    /// Units that do.
    Rolling(i64),
    Used(i64),
    /// A reset without more.
    Reset,
}

/// A customer and a meter that sums what it uses.
#[derive(Debug)]
struct Scene {
    world: World,
    meter: String,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new(0);
        let aggregation = json!({"func": "sum", "property": "tokens"});
        let filter = json!({"conjunction": "and", "clauses": []});
        let body = json!({"name": "Tokens", "filter": filter, "aggregation": aggregation});
        let made = world.call("POST", "/v1/meters/", Some(&body.to_string()), 201);
        let meter = read::<api::Meter>(&made).id;
        Self { world, meter }
    }

    /// Makes a customer for a case of its own.
    fn customer(&mut self) -> String {
        let email = format!("{}@example.com", self.world.fresh("customer"));
        let body = json!({"email": email}).to_string();
        read::<api::Customer>(&self.world.call("POST", "/v1/customers/", Some(&body), 201)).id
    }

    fn enter(&mut self, what: &str, customer: &str, more: &Value) -> String {
        let mut body = json!({"customer_id": customer, "meter_id": self.meter});
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let target = format!("/v1/customer-meters/{what}");
        let answer = self
            .world
            .call("POST", &target, Some(&body.to_string()), 201);
        figures(&read(&answer))
    }

    fn act(&mut self, customer: &str, before: Before) {
        match before {
            Before::Fixed(units) => {
                let credit = json!({"units": units, "rollover": false});
                self.enter("credits", customer, &credit);
            }
            Before::Rolling(units) => {
                let credit = json!({"units": units, "rollover": true});
                self.enter("credits", customer, &credit);
            }
            Before::Used(tokens) => {
                let event = json!({"name": "call", "customer_id": customer, "metadata": {"tokens": tokens}});
                let body = json!({"events": [event]}).to_string();
                self.world
                    .call("POST", "/v1/events/ingest", Some(&body), 200);
            }
            Before::Reset => {
                self.enter("resets", customer, &json!({}));
            }
        }
    }
}

/// Consumed, credited and balance, as they are written.
fn figures(row: &api::CustomerMeter) -> String {
    format!(
        "{} {} {}",
        row.consumed_units, row.credited_units, row.balance
    )
}

#[test]
fn what_is_left_rolls_over_up_to_what_may() {
    use Before::{Fixed, Reset, Rolling, Used};
    let mut scene = Scene::new();
    let cases: [(&[Before], i64); 12] = [
        (&[], 0),
        (&[Used(10)], 0),
        (&[Fixed(100)], 0),
        (&[Rolling(100), Used(50)], 50),
        (&[Fixed(80), Rolling(60), Used(80)], 60),
        (&[Fixed(80), Rolling(60), Used(100)], 40),
        (&[Fixed(80), Rolling(60), Used(150)], 0),
        (&[Rolling(100), Reset, Rolling(40), Used(10)], 30),
        (&[Rolling(50), Rolling(-80), Rolling(30)], 30),
        (&[Fixed(10), Fixed(-40), Rolling(30), Used(5)], 25),
        (&[Rolling(20), Rolling(30), Rolling(10)], 60),
        (&[Rolling(20), Used(-15)], 20),
    ];
    for (before, left) in cases {
        let customer = scene.customer();
        for step in before {
            scene.act(&customer, *step);
        }
        let row = scene.enter("resets", &customer, &json!({"carry_over": true}));
        assert_eq!(row, format!("0.0 {left} {left}.0"), "{before:?}");
    }
}

#[test]
fn what_is_used_from_the_time_of_a_backdated_reset_on_is_of_the_new_window() {
    let mut scene = Scene::new();
    let customer = scene.customer();
    scene.act(&customer, Before::Rolling(100));
    scene.act(&customer, Before::Used(20));
    let time = instant::format(instant::now());
    scene.act(&customer, Before::Used(50));
    let reset = json!({"carry_over": true, "timestamp": time, "external_id": "r"});
    let row = scene.enter("resets", &customer, &reset);
    assert_eq!(row, "50.0 80 30.0");
    // And nothing else after a kill.
    scene.world.kill();
    let rows: Vec<api::CustomerMeter> = scene.world.list("/v1/customer-meters/");
    assert_eq!(rows.iter().map(figures).collect::<Vec<_>>(), [row]);
}
