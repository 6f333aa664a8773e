//! Customer meters, credits and resets, and the state of customers (SEMANTICS 18.6).

use super::*;

/// An organization with a customer that has an external id.
struct Scene {
    bench: Bench,
    token: String,
    customer: Value,
}

/// A meter that sums the tokens of events of the model `lite`.
fn tokens_of_lite() -> Value {
    json!({
        "name": "Tokens",
        "filter": {"conjunction": "and", "clauses": [{"property": "model", "operator": "eq", "value": "lite"}]},
        "aggregation": {"func": "sum", "property": "tokens"},
    })
}

/// A meter over all events of users.
fn over_all(name: &str, aggregation: &Value) -> Value {
    let clause = json!({"property": "source", "operator": "eq", "value": "user"});
    json!({
        "name": name, "filter": {"conjunction": "and", "clauses": [clause]}, "aggregation": aggregation,
    })
}

impl Scene {
    async fn new() -> Self {
        let bench = Bench::new();
        let token = bench.organization("acme").await;
        let mut scene = Self {
            bench,
            token,
            customer: json!(null),
        };
        let new = json!({"email": "ada@example.com", "external_id": "ada", "name": "Ada"});
        scene.customer = scene.made("/v1/customers/", &new).await;
        scene
    }

    fn customer_id(&self) -> &str {
        self.customer["id"].as_str().expect("an id")
    }

    async fn post(&self, path: &str, body: &Value) -> Answered {
        let (method, token) = (Method::POST, &self.token);
        self.bench.send(method, path, token, Some(body)).await
    }

    /// What is made by a POST.
    async fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()
    }

    async fn meter(&self, meter: &Value) -> String {
        let made = self.made("/v1/meters/", meter).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Ingests events of the customer, every other one under its external id.
    async fn ingest(&self, metadata: &[Value]) {
        let event = |(index, metadata): (usize, &Value)| {
            let timestamp = format!("2026-03-01T10:00:{index:02}Z");
            let mut event = json!({"name": "call", "timestamp": timestamp, "metadata": metadata});
            if index % 2 == 0 {
                event["customer_id"] = self.customer["id"].clone();
            } else {
                event["external_customer_id"] = json!("ada");
            }
            event
        };
        let events: Vec<Value> = metadata.iter().enumerate().map(event).collect();
        let body = json!({"events": events});
        let answer = self.post("/v1/events/ingest", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }

    /// Uses up so many tokens of the model `lite`, in an event each.
    async fn use_up(&self, tokens: &[i64]) {
        let metadata: Vec<Value> = tokens
            .iter()
            .map(|tokens| json!({"model": "lite", "tokens": tokens}))
            .collect();
        self.ingest(&metadata).await;
    }

    async fn credit(&self, meter: &str, units: i64, rollover: bool) -> Value {
        let body = json!({
            "customer_id": self.customer["id"], "meter_id": meter, "units": units, "rollover": rollover,
        });
        self.made("/v1/customer-meters/credits", &body).await
    }

    async fn reset(&self, meter: &str, carry_over: bool) -> Value {
        let body = json!({
            "external_customer_id": "ada", "meter_id": meter, "carry_over": carry_over,
        });
        self.made("/v1/customer-meters/resets", &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let (method, token) = (Method::GET, &self.token);
        let answer = self.bench.send(method, path, token, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    async fn list(&self, query: &str) -> Vec<Value> {
        let listed = self.get(&format!("/v1/customer-meters/{query}")).await;
        listed["items"].as_array().expect("items").clone()
    }

    async fn archive(&self, meter: &str, is_archived: bool) {
        let body = json!({"is_archived": is_archived});
        let path = format!("/v1/meters/{meter}");
        let (method, token) = (Method::PATCH, &self.token);
        let answer = self.bench.send(method, &path, token, Some(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
}

/// Consumed, credited and balance, as they are spelled.
fn figures(row: &Value) -> String {
    format!(
        "{} {} {}",
        row["consumed_units"], row["credited_units"], row["balance"]
    )
}

fn names<'a>(rows: &'a [Value], of: &str) -> Vec<&'a str> {
    rows.iter()
        .filter_map(|row| row[of]["name"].as_str())
        .collect()
}

#[tokio::test]
async fn a_customer_meter_has_every_field_and_embeds_its_customer_and_its_meter() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    assert!(scene.list("").await.is_empty());
    scene.use_up(&[20, 5]).await;
    let rows = scene.list("").await;
    let [row] = &rows[..] else {
        panic!("one meter, one row: {rows:?}")
    };
    let id = row["id"].as_str().expect("an id");
    assert_eq!(*row, scene.get(&format!("/v1/customer-meters/{id}")).await);
    assert_eq!(figures(row), "25.0 0 -25.0");
    assert_eq!(row["meter_id"], json!(meter));
    assert_eq!(
        row["meter"],
        scene.get(&format!("/v1/meters/{meter}")).await
    );
    let customer = scene
        .get(&format!("/v1/customers/{}", scene.customer_id()))
        .await;
    assert_eq!(row["customer"], customer);
    assert_eq!(row["customer_id"], customer["id"]);
    assert!(row["created_at"].is_string() && row["modified_at"].is_string());
    assert_eq!(row.as_object().map(serde_json::Map::len), Some(10));
}

#[tokio::test]
async fn a_row_is_there_but_not_modified_until_something_matches() {
    let scene = Scene::new().await;
    scene.meter(&tokens_of_lite()).await;
    scene.ingest(&[json!({"model": "pro", "tokens": 9})]).await;
    let rows = scene.list("").await;
    assert_eq!(figures(&rows[0]), "0.0 0 0.0");
    assert_eq!(rows[0]["modified_at"], json!(null));
    scene.use_up(&[1]).await;
    let rows = scene.list("").await;
    assert_eq!(figures(&rows[0]), "1.0 0 -1.0");
    assert!(rows[0]["modified_at"].is_string());
}

#[tokio::test]
async fn what_came_before_the_reset_what_does_not_match_and_credits_of_other_meters_do_not_count() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let other = scene
        .meter(&over_all("Calls", &json!({"func": "count"})))
        .await;
    scene.use_up(&[20]).await;
    assert_eq!(figures(&scene.reset(&meter, false).await), "0.0 0 0.0");
    scene.use_up(&[10, 10, 0]).await;
    scene.credit(&meter, 10, false).await;
    scene
        .ingest(&[json!({"model": "pro", "tokens": 100})])
        .await;
    scene.credit(&other, 10, false).await;
    let rows = scene.list("?sorting=-meter_name").await;
    assert_eq!(names(&rows, "meter"), ["Tokens", "Calls"]);
    assert_eq!(figures(&rows[0]), "20.0 10 -10.0");
    assert_eq!(figures(&rows[1]), "5.0 10 5.0");
    // Of two resets the last counts, with the credits that follow it.
    assert_eq!(figures(&scene.reset(&meter, false).await), "0.0 0 0.0");
    scene.use_up(&[20]).await;
    assert_eq!(
        figures(&scene.credit(&meter, 30, false).await),
        "20.0 30 10.0"
    );
}

#[tokio::test]
async fn credits_are_summed_in_order_and_never_fall_below_0() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    scene.use_up(&[15, 25]).await;
    assert_eq!(
        figures(&scene.credit(&meter, 50, false).await),
        "40.0 50 10.0"
    );
    scene.reset(&meter, false).await;
    for (units, credited) in [(30, 30), (40, 70), (30, 100), (-150, 0), (50, 50)] {
        let row = scene.credit(&meter, units, false).await;
        assert_eq!(row["credited_units"], json!(credited));
    }
}

#[tokio::test]
async fn credited_units_are_an_integer_of_all_its_digits() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    for _ in 0..2 {
        scene.credit(&meter, i64::MAX, false).await;
    }
    let answer = scene
        .bench
        .send(Method::GET, "/v1/customer-meters/", &scene.token, None)
        .await;
    let expected = r#""consumed_units":0.0,"credited_units":18446744073709551614,"balance":18446744073709551614.0"#;
    assert!(answer.text().contains(expected), "{}", answer.text());
}

#[tokio::test]
async fn what_rolls_over_follows_the_reset() {
    // Credits that do not roll over, those that do, usage, what is left.
    for (fixed, rollover, used, left) in [
        (0, 100, 50, 50),
        (80, 60, 80, 60),
        (80, 60, 100, 40),
        (80, 60, 150, 0),
        (80, 0, 10, 0),
    ] {
        let scene = Scene::new().await;
        let meter = scene.meter(&tokens_of_lite()).await;
        for (units, rolls_over) in [(fixed, false), (rollover, true)] {
            if units > 0 {
                scene.credit(&meter, units, rolls_over).await;
            }
        }
        scene.use_up(&[used]).await;
        let row = scene.reset(&meter, true).await;
        assert_eq!(figures(&row), format!("0.0 {left} {left}.0"), "{used}");
    }
}

#[tokio::test]
async fn a_late_event_counts_in_the_window_in_which_it_is_received() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    // The events that follow bear a time long before it.
    let body = json!({
        "external_customer_id": "ada", "meter_id": meter, "timestamp": "2026-03-31T12:00:00+02:00",
    });
    scene.made("/v1/customer-meters/resets", &body).await;
    scene.use_up(&[20]).await;
    assert_eq!(figures(&scene.list("").await[0]), "20.0 0 -20.0");
}

#[tokio::test]
async fn a_value_under_both_identifiers_counts_once_where_it_must() {
    let scene = Scene::new().await;
    for (name, function) in [("Distinct", "unique"), ("Greatest", "max")] {
        let aggregation = json!({"func": function, "property": "value"});
        scene.meter(&over_all(name, &aggregation)).await;
    }
    let values = [80, 80, 7, 9];
    let metadata: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
    scene.ingest(&metadata).await;
    let rows = scene.list("?sorting=meter_name").await;
    assert_eq!(figures(&rows[0]), "3.0 0 -3.0");
    assert_eq!(figures(&rows[1]), "80.0 0 -80.0");
}

#[tokio::test]
async fn archived_meters_are_listed_only_when_asked_for() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    scene.use_up(&[3]).await;
    let row = scene.list("").await.remove(0);
    scene.archive(&meter, true).await;
    scene.use_up(&[4]).await;
    assert!(scene.list("").await.is_empty());
    let named = scene.list(&format!("?meter_id={meter}")).await;
    assert_eq!(figures(&named[0]), "3.0 0 -3.0");
    assert!(named[0]["meter"]["archived_at"].is_string());
    let path = format!("/v1/customer-meters/{}", row["id"].as_str().expect("an id"));
    assert_eq!(scene.get(&path).await, named[0]);
    let body = json!({"external_customer_id": "ada", "meter_id": meter, "units": 1});
    let refused = scene.post("/v1/customer-meters/credits", &body).await;
    assert_eq!(
        faults(&refused).2,
        [(json!(["body", "meter_id"]), json!("value_error"))]
    );
    assert_eq!(
        refused.json()["detail"][0]["msg"],
        json!("Meter is archived.")
    );
    scene.archive(&meter, false).await;
    assert_eq!(figures(&scene.list("").await[0]), "7.0 0 -7.0");
}

#[tokio::test]
async fn rows_are_found_by_customer_and_meter_sorted_and_paged() {
    let scene = Scene::new().await;
    let new = json!({"email": "bob@example.com", "name": "Bob"});
    let bob = scene.made("/v1/customers/", &new).await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let count = scene
        .meter(&over_all("Calls", &json!({"func": "count"})))
        .await;
    scene.use_up(&[5, 6]).await;
    let event = json!({
        "name": "call", "customer_id": bob["id"], "metadata": {"model": "lite", "tokens": 100},
    });
    let ingested = scene
        .post("/v1/events/ingest", &json!({"events": [event]}))
        .await;
    assert_eq!(ingested.status, StatusCode::OK);
    let bob = bob["id"].as_str().expect("an id");
    for (query, customers, meters) in [
        (
            "sorting=-consumed_units".to_owned(),
            vec!["Bob", "Ada", "Ada", "Bob"],
            vec!["Tokens", "Tokens", "Calls", "Calls"],
        ),
        (
            "sorting=customer_name&sorting=-meter_name&limit=3".to_owned(),
            vec!["Ada", "Ada", "Bob"],
            vec!["Tokens", "Calls", "Tokens"],
        ),
        (
            "sorting=customer_name&sorting=-meter_name&limit=3&page=2".to_owned(),
            vec!["Bob"],
            vec!["Calls"],
        ),
        (
            format!("customer_id={bob}&meter_id={meter}"),
            vec!["Bob"],
            vec!["Tokens"],
        ),
        (
            format!("external_customer_id=ada&meter_id={count}"),
            vec!["Ada"],
            vec!["Calls"],
        ),
        (
            format!("customer_id={bob}&external_customer_id=ada"),
            vec![],
            vec![],
        ),
        (format!("customer_id={UNKNOWN}"), vec![], vec![]),
        (format!("organization_id={UNKNOWN}"), vec![], vec![]),
    ] {
        let rows = scene.list(&format!("?{query}")).await;
        assert_eq!(names(&rows, "customer"), customers, "{query}");
        assert_eq!(names(&rows, "meter"), meters, "{query}");
    }
    let page = scene.get("/v1/customer-meters/?limit=3").await;
    assert_eq!(page["pagination"], json!({"total_count": 4, "max_page": 2}));
}

#[tokio::test]
async fn a_repeat_of_a_credit_is_told_apart_and_does_nothing() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let path = "/v1/customer-meters/credits";
    let mut body = json!({
        "customer_id": scene.customer["id"], "meter_id": meter, "units": 5, "external_id": "k",
    });
    let first = scene.made(path, &body).await;
    assert_eq!(figures(&first), "0.0 5 5.0");
    scene.use_up(&[2]).await;
    let repeat = scene.post(path, &body).await;
    assert_eq!(repeat.status, StatusCode::OK);
    assert_eq!(figures(&repeat.json()), "2.0 5 3.0");
    // An event may have the key.
    let event = json!({"name": "call", "external_customer_id": "ada", "external_id": "k"});
    let ingested = scene
        .post("/v1/events/ingest", &json!({"events": [event]}))
        .await;
    assert_eq!(ingested.json(), json!({"inserted": 1, "duplicates": 0}));
    body["units"] = json!(6);
    let refused = scene.post(path, &body).await;
    let (status, error, items) = faults(&refused);
    assert_eq!(
        (status, error),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError")
        )
    );
    assert_eq!(
        items,
        [(json!(["body", "external_id"]), json!("value_error"))]
    );
    assert_eq!(refused.json()["detail"][0]["input"], json!("k"));
    assert_eq!(figures(&scene.list("").await[0]), "2.0 5 3.0");
}

#[tokio::test]
async fn a_credit_to_nobody_and_one_of_no_meter_are_refused_at_their_keys() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let rule = json!("value_error");
    for path in ["/v1/customer-meters/credits", "/v1/customer-meters/resets"] {
        let body = json!({"external_customer_id": "nobody", "meter_id": UNKNOWN, "units": 1});
        let refused = scene.post(path, &body).await;
        let places = ["external_customer_id", "meter_id"];
        assert_eq!(
            faults(&refused).2,
            places.map(|name| (json!(["body", name]), rule.clone()))
        );
        let detail = refused.json()["detail"].clone();
        assert_eq!(detail[0]["msg"], json!("Customer does not exist."));
        assert_eq!(detail[0]["input"], json!("nobody"));
        assert_eq!(detail[1]["msg"], json!("Meter does not exist."));
        let body = json!({"customer_id": UNKNOWN, "meter_id": meter, "units": 1});
        let refused = scene.post(path, &body).await;
        assert_eq!(
            faults(&refused).2,
            [(json!(["body", "customer_id"]), rule.clone())]
        );
    }
    assert!(scene.list("").await.is_empty());
}

#[tokio::test]
async fn customer_meters_of_others_are_as_good_as_missing() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let row = scene.credit(&meter, 1, false).await;
    let other = scene.bench.organization("other").await;
    let read = |path: String, token: String| {
        let bench = &scene.bench;
        async move { bench.send(Method::GET, &path, &token, None).await }
    };
    let empty = json!({"items": [], "pagination": {"total_count": 0, "max_page": 0}});
    let listed = read("/v1/customer-meters/".to_owned(), other.clone()).await;
    assert_eq!(listed.json(), empty);
    let id = row["id"].as_str().expect("an id");
    let customer = scene.customer_id();
    for path in [
        format!("/v1/customer-meters/{id}"),
        format!("/v1/customers/{customer}/state"),
        "/v1/customers/external/ada/state".to_owned(),
    ] {
        let missed = read(path.clone(), other.clone()).await;
        assert_eq!(missed.status, StatusCode::NOT_FOUND, "{path}");
        let served = read(path.clone(), scene.token.clone()).await;
        assert_eq!(served.status, StatusCode::OK, "{path}");
        let anonymous = read(path.clone(), String::new()).await;
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in [
        format!("/v1/customer-meters/{UNKNOWN}"),
        format!("/v1/customers/{UNKNOWN}/state"),
    ] {
        let missed = read(path, scene.token.clone()).await;
        assert_eq!(missed.status, StatusCode::NOT_FOUND);
    }
    let body = json!({"customer_id": customer, "meter_id": meter, "units": 1});
    let path = "/v1/customer-meters/credits";
    let refused = scene
        .bench
        .send(Method::POST, path, &other, Some(&body))
        .await;
    assert_eq!(
        faults(&refused).2.len(),
        2,
        "neither the customer nor the meter is there"
    );
}

#[tokio::test]
async fn reading_customer_meters_and_crediting_are_scopes_apart() {
    let scene = Scene::new().await;
    let meter = scene.meter(&tokens_of_lite()).await;
    let body = json!({"external_customer_id": "ada", "meter_id": meter, "units": 1});
    for (scope, read, write) in [
        (
            "customer_meters:read",
            StatusCode::OK,
            StatusCode::FORBIDDEN,
        ),
        (
            "customer_meters:write",
            StatusCode::FORBIDDEN,
            StatusCode::CREATED,
        ),
        (
            "customers:write",
            StatusCode::FORBIDDEN,
            StatusCode::FORBIDDEN,
        ),
    ] {
        let token = scene.bench.token_of("acme", &[scope]).await;
        let path = "/v1/customer-meters/";
        let listed = scene.bench.send(Method::GET, path, &token, None).await;
        assert_eq!(listed.status, read, "{scope}");
        for name in ["credits", "resets"] {
            let path = format!("{path}{name}");
            let written = scene
                .bench
                .send(Method::POST, &path, &token, Some(&body))
                .await;
            assert_eq!(written.status, write, "{scope} {name}");
        }
    }
    let token = scene.bench.token_of("acme", &["customers:read"]).await;
    let path = "/v1/customers/external/ada/state";
    let state = scene.bench.send(Method::GET, path, &token, None).await;
    assert_eq!(state.status, StatusCode::OK);
}

#[tokio::test]
async fn a_state_is_a_customer_with_its_customer_meters_the_oldest_first() {
    let scene = Scene::new().await;
    let path = format!("/v1/customers/{}", scene.customer_id());
    let meter = scene.meter(&tokens_of_lite()).await;
    let count = scene
        .meter(&over_all("Calls", &json!({"func": "count"})))
        .await;
    scene.use_up(&[20]).await;
    scene.credit(&meter, 30, false).await;
    scene.archive(&count, true).await;
    let state = scene.get(&format!("{path}/state")).await;
    let mut expected = scene.get(&path).await;
    expected["active_subscriptions"] = json!([]);
    expected["granted_benefits"] = json!([]);
    let of = |meter: String| {
        let scene = &scene;
        async move {
            let query = format!("?meter_id={meter}");
            let mut row = scene.list(&query).await.remove(0);
            let fields = row.as_object_mut().expect("an object");
            for name in ["customer_id", "customer", "meter"] {
                fields.remove(name);
            }
            row
        }
    };
    expected["active_meters"] = json!([of(meter).await, of(count).await]);
    assert_eq!(state, expected);
    let by_name = scene.get("/v1/customers/external/ada/state").await;
    assert_eq!(by_name, expected);
    let (method, token) = (Method::DELETE, &scene.token);
    scene.bench.send(method, &path, token, None).await;
    // Its customer meters stay, and show when it was deleted and what its external id was.
    let rows = scene.list("").await;
    assert!(rows[0]["customer"]["deleted_at"].is_string());
    assert_eq!(rows[0]["customer"]["external_id"], json!("ada"));
    for path in [
        format!("{path}/state"),
        "/v1/customers/external/ada/state".to_owned(),
    ] {
        let gone = scene
            .bench
            .send(Method::GET, &path, &scene.token, None)
            .await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{path}");
    }
}
