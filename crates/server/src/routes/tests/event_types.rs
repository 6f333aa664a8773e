//! Event types, and what events are called. SEMANTICS 9.14, 10.2, 10.3, 18.5.

use super::*;

const PATH: &str = "/v1/event-types/";

/// A token of an organization, and a session of two calls beside another call; all came in one request.
async fn with_events(bench: &Bench) -> String {
    let token = bench.organization("acme").await;
    let event = |name: &str, day: u32, more: &Value| {
        let mut event = json!({
            "name": name, "external_customer_id": "c", "timestamp": format!("2026-03-{day:02}T10:00:00Z"),
        });
        for (key, value) in more.as_object().expect("fields") {
            event[key] = value.clone();
        }
        event
    };
    let body = json!({"events": [
        event("session", 1, &json!({"external_id": "s"})),
        event("call", 2, &json!({"parent_id": "s", "metadata": {"subject": "Weather"}})),
        event("call", 3, &json!({"parent_id": "s", "external_customer_id": "d"})),
        event("call", 4, &json!({})),
    ]});
    let path = "/v1/events/ingest";
    let ingested = bench.send(Method::POST, path, &token, Some(&body)).await;
    assert_eq!(ingested.status, StatusCode::OK, "{}", ingested.text());
    token
}

async fn found(bench: &Bench, token: &str, path: &str) -> Value {
    let answer = bench.send(Method::GET, path, token, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

async fn items(bench: &Bench, token: &str, query: &str) -> Vec<Value> {
    let list = found(bench, token, &format!("{PATH}?{query}")).await;
    list["items"].as_array().expect("a list").clone()
}

/// Names and counts of the types that a query finds, in order.
async fn counts(bench: &Bench, token: &str, query: &str) -> String {
    let items = items(bench, token, query).await;
    let shown = |item: &Value| {
        let name = item["name"].as_str().expect("a name");
        format!("{name} {}", item["occurrences"])
    };
    items.iter().map(shown).collect::<Vec<_>>().join(", ")
}

async fn patch(bench: &Bench, token: &str, id: &Value, body: &Value) -> Answered {
    let path = format!("{PATH}{}", id.as_str().expect("an id"));
    bench.send(Method::PATCH, &path, token, Some(body)).await
}

/// The id of the type of the calls.
async fn id_of_calls(bench: &Bench, token: &str) -> Value {
    items(bench, token, "query=call").await[0]["id"].clone()
}

#[tokio::test]
async fn reading_takes_either_scope_and_changing_that_of_writing() {
    let bench = Bench::new();
    bench.organization("acme").await;
    let body = json!({"label": "Call"});
    let status = async |method: Method, path: &str, token: &str| {
        let body = (method == Method::PATCH).then_some(&body);
        bench.send(method, path, token, body).await.status
    };
    let one = format!("{PATH}{UNKNOWN}");
    assert_eq!(
        status(Method::GET, PATH, "").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        status(Method::PATCH, &one, "").await,
        StatusCode::UNAUTHORIZED
    );
    let reader = bench.token_of("acme", &["events:read"]).await;
    assert_eq!(status(Method::GET, PATH, &reader).await, StatusCode::OK);
    assert_eq!(
        status(Method::PATCH, &one, &reader).await,
        StatusCode::FORBIDDEN
    );
    let writer = bench.token_of("acme", &["events:write"]).await;
    assert_eq!(status(Method::GET, PATH, &writer).await, StatusCode::OK);
    assert_eq!(
        status(Method::PATCH, &one, &writer).await,
        StatusCode::NOT_FOUND
    );
    let other = bench.token_of("acme", &["meters:read"]).await;
    assert_eq!(
        status(Method::GET, PATH, &other).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn without_events_there_are_no_types() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let empty = json!({"items": [], "pagination": {"total_count": 0, "max_page": 0}});
    assert_eq!(found(&bench, &token, PATH).await, empty);
}

#[tokio::test]
async fn a_type_is_shown_with_what_is_known_of_its_events() {
    let bench = Bench::new();
    let token = with_events(&bench).await;
    let list = found(&bench, &token, PATH).await;
    assert_eq!(list["pagination"], json!({"total_count": 2, "max_page": 1}));
    let call = &list["items"][0];
    let received_at = call["created_at"].as_str().expect("a time");
    assert!(
        received_at.starts_with("2026-03-31T23:33:20."),
        "{received_at}"
    );
    let expected = json!({
        "id": call["id"],
        "created_at": received_at,
        "modified_at": null,
        "name": "call",
        "label": "call",
        "label_property_selector": null,
        "organization_id": call["organization_id"],
        "source": "user",
        "occurrences": 3,
        "first_seen": "2026-03-02T10:00:00Z",
        "last_seen": "2026-03-04T10:00:00Z",
    });
    assert_eq!(*call, expected);
    assert_ne!(call["id"], list["items"][1]["id"]);
}

#[tokio::test]
async fn system_events_have_a_title_and_no_type() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let meter = meter(&json!({"func": "count"}));
    let made = bench.send(Method::POST, "/v1/meters/", &token, Some(&meter));
    let meter = made.await.json()["id"].clone();
    let customer = json!({"email": "ada@example.com", "external_id": "ada"});
    let path = "/v1/customers/";
    let made = bench
        .send(Method::POST, path, &token, Some(&customer))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let credit = json!({"external_customer_id": "ada", "meter_id": meter, "units": 3});
    let path = "/v1/customer-meters/credits";
    let made = bench.send(Method::POST, path, &token, Some(&credit)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let items = items(&bench, &token, "source=system&query=meter%20credited").await;
    let [credited] = &items[..] else {
        panic!("one: {items:?}")
    };
    for unset in ["id", "created_at", "modified_at", "label_property_selector"] {
        assert_eq!(credited[unset], Value::Null, "{unset}");
    }
    assert_eq!(credited["name"], "meter.credited");
    assert_eq!(credited["label"], "Meter Credited");
    assert_eq!(credited["source"], "system");
}

#[tokio::test]
async fn types_are_chosen_sorted_and_paged() {
    let bench = Bench::new();
    let token = with_events(&bench).await;
    let events = found(&bench, &token, "/v1/events/?name=session").await;
    let session = events["items"][0]["id"].as_str().expect("an id");
    for (query, expected) in [
        ("", "call 3, session 1"),
        ("sorting=-name", "session 1, call 3"),
        ("sorting=label", "call 3, session 1"),
        ("sorting=-label&sorting=occurrences", "session 1, call 3"),
        ("sorting=first_seen", "session 1, call 3"),
        ("query=SESS", "session 1"),
        ("source=user&source=system", ""),
        ("root_events=true", "call 1, session 1"),
        ("root_events=false", "call 3, session 1"),
        (&format!("parent_id={session}"), "call 2"),
        (
            &format!("parent_id={session}&external_customer_id=d"),
            "call 1",
        ),
        (&format!("parent_id={session}&root_events=1"), ""),
        (&format!("parent_id={UNKNOWN}"), ""),
        ("parent_id=01890000-0000-7000-8000-000000000000", ""),
        ("external_customer_id=d", "call 1"),
        (
            "external_customer_id=d&external_customer_id=c",
            "call 3, session 1",
        ),
        (&format!("customer_id={UNKNOWN}"), ""),
        (&format!("organization_id={UNKNOWN}"), ""),
        ("limit=1&page=2", "session 1"),
    ] {
        assert_eq!(counts(&bench, &token, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_type_is_called_as_one_says_and_so_are_its_events() {
    let bench = Bench::new();
    let token = with_events(&bench).await;
    let id = id_of_calls(&bench, &token).await;
    let body = json!({"label": " 📞 Call ", "label_property_selector": "metadata.subject"});
    let changed = patch(&bench, &token, &id, &body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let changed = changed.json();
    let listed = items(&bench, &token, "query=📞").await[0].clone();
    let expected = json!({
        "created_at": listed["created_at"],
        "modified_at": listed["modified_at"],
        "id": id,
        "name": "call",
        "label": "📞 Call",
        "label_property_selector": "metadata.subject",
        "organization_id": listed["organization_id"],
    });
    assert_eq!(changed, expected);
    assert!(changed["modified_at"].is_string());
    assert_eq!(listed["label_property_selector"], "metadata.subject");

    let labels = async |path: &str| {
        let list = found(&bench, &token, path).await;
        let items = list["items"].as_array().expect("a list").iter();
        let labels: Vec<String> = items
            .map(|item| item["label"].as_str().expect("a label").to_owned())
            .collect();
        labels.join(", ")
    };
    let events = format!("/v1/events/?event_type_id={}", id.as_str().expect("an id"));
    assert_eq!(labels(&events).await, "📞 Call, 📞 Call, Weather");
    assert_eq!(labels("/v1/events/names").await, "📞 Call, session");

    // A selector that is left out is none.
    let changed = patch(&bench, &token, &id, &json!({"label": "Call"})).await;
    assert_eq!(changed.json()["label_property_selector"], Value::Null);
    assert_eq!(labels(&events).await, "Call, Call, Call");
}

#[tokio::test]
async fn a_label_that_says_nothing_and_a_type_that_is_not_there_are_refused() {
    let bench = Bench::new();
    let token = with_events(&bench).await;
    let id = id_of_calls(&bench, &token).await;
    for (label, kind, message) in [
        (
            "",
            "string_too_short",
            "String should have at least 1 character",
        ),
        (
            "  \t",
            "value_error",
            "Value error, Label cannot be empty or only whitespace",
        ),
    ] {
        let refused = patch(&bench, &token, &id, &json!({"label": label})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let fault = &refused.json()["detail"][0];
        assert_eq!(fault["loc"], json!(["body", "label"]));
        assert_eq!(
            (&fault["type"], &fault["msg"]),
            (&json!(kind), &json!(message))
        );
    }
    let other = bench.organization("other").await;
    let body = json!({"label": "Call"});
    for (token, id) in [(&other, &id), (&token, &json!(UNKNOWN))] {
        let refused = patch(&bench, token, id, &body).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());
        assert_eq!(refused.json()["error"], "ResourceNotFound");
    }
    let refused = patch(&bench, &token, &json!("x"), &json!({})).await;
    let (status, _, faults) = faults(&refused);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = [
        (json!(["path", "id"]), json!("uuid_parsing")),
        (json!(["body", "label"]), json!("missing")),
    ];
    assert_eq!(faults, expected);
    assert_eq!(
        items(&bench, &token, "query=call").await[0]["label"],
        "call"
    );
}
