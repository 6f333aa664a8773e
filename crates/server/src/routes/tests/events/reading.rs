//! Events as they are read back: lists, names, one by its id.

use super::*;

/// A token of an organization whose events are these.
async fn with_events(bench: &Bench, events: &Value) -> String {
    let token = bench.organization("acme").await;
    ingest(bench, &token, events).await;
    token
}

async fn ingest(bench: &Bench, token: &str, events: &Value) {
    let body = json!({"events": events});
    let ingested = bench
        .send(Method::POST, "/v1/events/ingest", token, Some(&body))
        .await;
    assert_eq!(ingested.status, StatusCode::OK, "{}", ingested.text());
}

async fn created(bench: &Bench, token: &str, path: &str, body: &Value) -> Value {
    let made = bench.send(Method::POST, path, token, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    made.json()
}

async fn get(bench: &Bench, token: &str, path: &str) -> Answered {
    bench.send(Method::GET, path, token, None).await
}

/// The answer to a request that is sound.
async fn found(bench: &Bench, token: &str, path: &str) -> Value {
    let answer = get(bench, token, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

/// The names of the events that a query finds, in order, and how many there are on all pages.
async fn names_found(bench: &Bench, token: &str, query: &str) -> (Vec<String>, Value) {
    let list = found(bench, token, &format!("/v1/events/?{query}")).await;
    let items = list["items"].as_array().expect("a list").iter();
    let names = items.map(|item| item["name"].as_str().expect("a name").to_owned());
    (names.collect(), list["pagination"].clone())
}

#[track_caller]
fn joined(found: &(Vec<String>, Value)) -> String {
    found.0.join(" ")
}

fn at(name: &str, day: u32) -> Value {
    json!({"name": name, "external_customer_id": "c", "timestamp": format!("2026-03-{day:02}T10:00:00Z")})
}

fn one_of_each() -> Value {
    json!([at("a", 1), at("b", 2), at("c", 3), at("d", 4)])
}

const READS: [&str; 3] = [
    "/v1/events/",
    "/v1/events/names",
    "/v1/events/11111111-1111-4111-8111-111111111111",
];

#[tokio::test]
async fn reading_takes_a_token_with_one_of_two_scopes() {
    let bench = Bench::new();
    bench.organization("acme").await;
    let none = bench.token_of("acme", &["meters:read"]).await;
    for path in READS {
        let answer = get(&bench, "", path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"], "Unauthorized");
        let answer = get(&bench, "polar_oat_nobodys", path).await;
        assert_eq!(answer.json()["error"], "invalid_token");
        let answer = get(&bench, &none, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["error"], "insufficient_scope");
    }
    for scope in ["events:read", "events:write"] {
        let token = bench.token_of("acme", &[scope]).await;
        for path in &READS[..2] {
            found(&bench, &token, path).await;
        }
        let answer = get(&bench, &token, READS[2]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["error"], "ResourceNotFound");
    }
}

#[tokio::test]
async fn what_a_list_cannot_be_asked_is_told() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    for (path, place, kind) in [
        ("/v1/events/?filter=hello", json!([]), "json_invalid"),
        (
            "/v1/events/?source=x",
            json!(["query", "source", "str-enum"]),
            "enum",
        ),
        (
            "/v1/events/?customer_id=x",
            json!(["query", "customer_id", "uuid"]),
            "uuid_type",
        ),
        (
            "/v1/events/?start_timestamp=2026-03-01",
            json!(["query", "start_timestamp"]),
            "timezone_aware",
        ),
        (
            "/v1/events/?depth=6",
            json!(["query", "depth"]),
            "less_than_equal",
        ),
        (
            "/v1/events/?sorting=name",
            json!(["query", "sorting", 0]),
            "enum",
        ),
        (
            "/v1/events/?limit=0",
            json!(["query", "limit"]),
            "greater_than",
        ),
        (
            "/v1/events/?aggregate_fields=a%27--",
            json!(["query", "aggregate_fields", 0]),
            "string_pattern_mismatch",
        ),
        ("/v1/events/?query=abc", json!(["query", "query"]), "query"),
        (
            "/v1/events/names?sorting=timestamp",
            json!(["query", "sorting", 0]),
            "enum",
        ),
        (
            "/v1/events/names?page=0",
            json!(["query", "page"]),
            "greater_than",
        ),
        ("/v1/events/xyz", json!(["path", "id"]), "uuid_parsing"),
    ] {
        let (status, error, items) = faults(&get(&bench, &token, path).await);
        assert_eq!(
            (status, error, &items[0]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!("RequestValidationError"),
                &(place, json!(kind))
            ),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_fault_in_a_filter_is_told_with_its_explanation() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let told = get(&bench, &token, "/v1/events/?filter=%7B%7D")
        .await
        .json();
    let first = &told["detail"][0];
    assert_eq!(first["loc"], json!(["conjunction"]));
    assert_eq!(first["url"], "https://errors.pydantic.dev/2.13/v/missing");
    let told = get(&bench, &token, "/v1/events/?depth=6").await.json();
    assert_eq!(told["detail"][0].get("url"), None);
}

#[tokio::test]
async fn only_others_organizations_or_types_hold_nothing() {
    let bench = Bench::new();
    let token = with_events(&bench, &one_of_each()).await;
    let empty = json!({"items": [], "pagination": {"total_count": 0, "max_page": 0}});
    for path in [
        format!("/v1/events/?organization_id={UNKNOWN}"),
        format!("/v1/events/names?organization_id={UNKNOWN}"),
        format!("/v1/events/?event_type_id={UNKNOWN}"),
    ] {
        assert_eq!(found(&bench, &token, &path).await, empty);
    }
}

#[tokio::test]
async fn events_are_listed_newest_first_with_both_ends_of_time_exclusive() {
    let bench = Bench::new();
    let token = with_events(&bench, &one_of_each()).await;
    let all = names_found(&bench, &token, "").await;
    assert_eq!(joined(&all), "d c b a");
    assert_eq!(all.1, json!({"total_count": 4, "max_page": 1}));
    for (query, expected) in [
        ("sorting=timestamp", "a b c d"),
        ("sorting=timestamp&sorting=-timestamp", "a b c d"),
        ("sorting=-timestamp", "d c b a"),
        ("start_timestamp=2026-03-02T10:00:00Z", "d c"),
        ("end_timestamp=2026-03-02T10:00:00Z", "a"),
        (
            "start_timestamp=2026-03-01T10:00:00Z&end_timestamp=2026-03-04T10:00:00Z",
            "c b",
        ),
        ("name=a&name=c", "c a"),
        ("name=A", ""),
        ("source=user", "d c b a"),
        ("source=system", ""),
        ("source=user&source=system", "d c b a"),
    ] {
        assert_eq!(
            joined(&names_found(&bench, &token, query).await),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn pages_count_what_there_is_or_only_tell_what_follows() {
    let bench = Bench::new();
    let token = with_events(&bench, &one_of_each()).await;
    let second = names_found(&bench, &token, "page=2&limit=3").await;
    assert_eq!(joined(&second), "a");
    assert_eq!(second.1, json!({"total_count": 4, "max_page": 2}));
    for (page, names, has_next_page) in [(1, "d c b", true), (2, "a", false), (3, "", false)] {
        let query = format!("page={page}&limit=3&cursor_pagination=true");
        let answer = names_found(&bench, &token, &query).await;
        assert_eq!(joined(&answer), names);
        assert_eq!(answer.1, json!({"has_next_page": has_next_page}));
    }
}

#[tokio::test]
async fn a_filter_and_metadata_find_what_they_describe() {
    let bench = Bench::new();
    let event = |name: &str, tokens: i64, foo: &str| json!({"name": name, "external_customer_id": "c", "metadata": {"tokens": tokens, "foo": foo}});
    let events = json!([event("few", 10, "bar"), event("many", 100, "baz")]);
    let token = with_events(&bench, &events).await;
    let filter = "%7B%22conjunction%22%3A%22and%22%2C%22clauses%22%3A%5B%7B%22property%22%3A%22tokens%22%2C\
                  %22operator%22%3A%22gt%22%2C%22value%22%3A50%7D%5D%7D";
    for (query, expected) in [
        (format!("filter={filter}"), "many"),
        ("metadata%5Bfoo%5D=bar".to_owned(), "few"),
        ("metadata%5Btokens%5D=100".to_owned(), "many"),
        (format!("filter={filter}&metadata%5Bfoo%5D=bar"), ""),
    ] {
        assert_eq!(
            joined(&names_found(&bench, &token, &query).await),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_meter_finds_what_it_counts_and_an_unknown_one_is_told() {
    let bench = Bench::new();
    let token = with_events(&bench, &json!([at("call", 1), at("b", 2)])).await;
    let meter = created(
        &bench,
        &token,
        "/v1/meters/",
        &meter(&json!({"func": "count"})),
    )
    .await;
    let id = meter["id"].as_str().expect("an id");
    let counted = names_found(&bench, &token, &format!("meter_id={id}")).await;
    assert_eq!(joined(&counted), "call");
    let other = bench.organization("other").await;
    for (token, id) in [(&token, UNKNOWN), (&other, id)] {
        let refused = get(&bench, token, &format!("/v1/events/?meter_id={id}")).await;
        assert_eq!(
            refused.json(),
            json!({"error": "PolarRequestValidationError", "detail": [
                {"type": "meter_id", "loc": ["query", "meter_id"], "msg": "Meter not found.", "input": id},
            ]})
        );
    }
}

#[tokio::test]
async fn a_tree_is_walked_from_its_roots_or_from_a_parent() {
    let bench = Bench::new();
    let child = |name: &str, day: u32, key: &str, parent: &str| {
        let mut event = at(name, day);
        event["external_id"] = json!(key);
        event["parent_id"] = json!(parent);
        event
    };
    let mut root = at("root", 1);
    root["external_id"] = json!("r");
    let events = json!([
        root,
        child("x", 2, "x", "r"),
        child("y", 3, "y", "r"),
        child("xx", 4, "xx", "x"),
        child("orphan", 5, "o", "not there yet"),
    ]);
    let token = with_events(&bench, &events).await;
    let list = found(&bench, &token, "/v1/events/?sorting=timestamp").await;
    let item = |index: usize| &list["items"][index];
    let counts: Vec<_> = (0..5)
        .map(|index| item(index)["child_count"].clone())
        .collect();
    assert_eq!(counts, [2, 1, 0, 0, 0]);
    for (child, parent) in [(1, 0), (2, 0), (3, 1)] {
        assert_eq!(item(child)["parent_id"], item(parent)["id"]);
    }
    assert_eq!(
        (&item(0)["parent_id"], &item(4)["parent_id"]),
        (&Value::Null, &Value::Null)
    );
    let id = item(0)["id"].as_str().expect("an id");
    for (query, expected) in [
        ("depth=0".to_owned(), "root orphan"),
        ("depth=1".to_owned(), "root x y orphan"),
        ("depth=5".to_owned(), "root x y xx orphan"),
        (format!("parent_id={id}"), "x y"),
        (format!("parent_id={id}&depth=1"), "x y"),
        (format!("parent_id={id}&depth=2"), "x y xx"),
        (format!("parent_id={UNKNOWN}"), ""),
    ] {
        let query = format!("sorting=timestamp&{query}");
        assert_eq!(
            joined(&names_found(&bench, &token, &query).await),
            expected,
            "{query}"
        );
    }
    let path = format!("/v1/events/{id}");
    assert_eq!(
        &found(&bench, &token, &path).await,
        item(0),
        "the list and the item agree"
    );
}

#[tokio::test]
async fn an_event_is_shown_with_the_customer_that_it_has_now() {
    let bench = Bench::new();
    let token = with_events(&bench, &json!([at("before", 1)])).await;
    let of = async |name: &str| {
        let list = found(&bench, &token, &format!("/v1/events/?name={name}")).await;
        list["items"][0].clone()
    };
    let before = of("before").await;
    assert_eq!(
        (&before["customer"], &before["external_customer_id"]),
        (&Value::Null, &json!("c"))
    );
    let new = json!({"email": "a@example.com", "external_id": "c"});
    let customer = created(&bench, &token, "/v1/customers/", &new).await;
    let id = customer["id"].as_str().expect("an id");
    ingest(
        &bench,
        &token,
        &json!([{"name": "after", "customer_id": id}]),
    )
    .await;
    let (before, after) = (of("before").await, of("after").await);
    assert_eq!(before["customer"]["id"], customer["id"]);
    assert_eq!(
        before["customer"]["first_user_event_at"],
        "2026-03-01T10:00:00Z"
    );
    assert_eq!(
        (&before["customer_id"], &before["external_customer_id"]),
        (&Value::Null, &json!("c"))
    );
    assert_eq!(
        (&after["customer_id"], &after["external_customer_id"]),
        (&customer["id"], &Value::Null)
    );
    assert_eq!(after["customer"], before["customer"]);
    for query in [
        format!("customer_id={id}"),
        "external_customer_id=c".to_owned(),
    ] {
        let both = names_found(&bench, &token, &query).await;
        assert_eq!(joined(&both), "after before", "{query}");
    }
    let path = format!("/v1/customers/{id}");
    let deleted = bench.send(Method::DELETE, &path, &token, None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let (before, after) = (of("before").await, of("after").await);
    assert_eq!(before["customer"], Value::Null);
    assert_eq!(after["customer"]["external_id"], Value::Null);
    assert_ne!(after["customer"]["deleted_at"], Value::Null);
}

#[tokio::test]
async fn cost_and_model_are_shown_as_the_contract_says() {
    let bench = Bench::new();
    let events = json!([{"name": "call", "external_customer_id": "c", "metadata": {
        "_cost": {"amount": 12, "currency": "usd"},
        "_llm": {"vendor": "v", "model": "m", "input_tokens": 1, "output_tokens": 2, "total_tokens": "3"},
    }}]);
    let token = with_events(&bench, &events).await;
    let list = found(&bench, &token, "/v1/events/").await;
    assert_eq!(
        list["items"][0]["metadata"],
        json!({
            "_cost": {"amount": "12.0", "currency": "usd"},
            "_llm": {
                "vendor": "v", "model": "m", "prompt": null, "response": null,
                "input_tokens": 1, "output_tokens": 2, "total_tokens": 3,
            },
        })
    );
}

#[tokio::test]
async fn an_event_of_another_organization_is_not_there() {
    let bench = Bench::new();
    let token = with_events(&bench, &json!([at("a", 1)])).await;
    let list = found(&bench, &token, "/v1/events/").await;
    let path = format!(
        "/v1/events/{}",
        list["items"][0]["id"].as_str().expect("an id")
    );
    assert_eq!(found(&bench, &token, &path).await, list["items"][0]);
    let other = bench.organization("other").await;
    let foreign = get(&bench, &other, &path).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(
        foreign.json(),
        json!({"error": "ResourceNotFound", "detail": "Not found"})
    );
    assert_eq!(names_found(&bench, &other, "").await.0, [""; 0]);
}

#[tokio::test]
async fn names_are_counted_with_their_first_and_last_time() {
    let bench = Bench::new();
    let events = json!([at("call", 1), at("call", 3), at("other", 2)]);
    let token = with_events(&bench, &events).await;
    let names = found(&bench, &token, "/v1/events/names").await;
    let row = |name: &str, occurrences: u64, first: &str, last: &str| {
        json!({
            "name": name, "label": name, "source": "user", "occurrences": occurrences,
            "first_seen": first, "last_seen": last,
        })
    };
    let call = row("call", 2, "2026-03-01T10:00:00Z", "2026-03-03T10:00:00Z");
    let other = row("other", 1, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z");
    let pagination = json!({"total_count": 2, "max_page": 1});
    assert_eq!(
        names,
        json!({"items": [call, other], "pagination": pagination})
    );
    for (query, expected) in [
        ("sorting=-name", json!([other, call])),
        ("sorting=occurrences", json!([other, call])),
        ("sorting=first_seen", json!([call, other])),
        ("query=OTH", json!([other])),
        ("query=%25", json!([])),
        ("source=system", json!([])),
        ("external_customer_id=nobody", json!([])),
        ("external_customer_id=c", json!([call, other])),
    ] {
        let found = found(&bench, &token, &format!("/v1/events/names?{query}")).await;
        assert_eq!(found["items"], expected, "{query}");
    }
}

#[tokio::test]
async fn costs_of_children_are_not_added_to_their_parents() {
    let bench = Bench::new();
    let with_cost = |name: &str, amount: &str, parent: Option<&str>| {
        json!({
            "name": name, "external_id": name, "parent_id": parent, "external_customer_id": "c",
            "metadata": {"_cost": {"amount": amount, "currency": "usd"}},
        })
    };
    let events = json!([
        with_cost("root", "1.0", None),
        with_cost("child", "2.0", Some("root")),
        with_cost("grandchild", "4.0", Some("child")),
    ]);
    let token = with_events(&bench, &events).await;
    for asked in ["", "aggregate_fields=_cost.amount"] {
        let list = found(&bench, &token, &format!("/v1/events/?{asked}")).await;
        for (name, amount) in [("root", "1.0"), ("child", "2.0"), ("grandchild", "4.0")] {
            let items = list["items"].as_array().expect("a list");
            let item = items.iter().find(|item| item["name"] == name);
            let item = item.expect("there");
            assert_eq!(item["metadata"]["_cost"]["amount"], amount, "{asked}");
            let path = format!("/v1/events/{}?{asked}", item["id"].as_str().expect("an id"));
            assert_eq!(&found(&bench, &token, &path).await, item);
        }
    }
}
