//! Benefits: what is given back of them, what is refused, and what they hold.

use super::*;

/// An organization with a meter.
pub(super) struct Scene {
    pub(super) bench: Bench,
    pub(super) token: String,
    pub(super) meter: String,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let bench = Bench::new();
        let token = bench.organization("acme").await;
        let mut scene = Self {
            bench,
            token,
            meter: String::new(),
        };
        let new = meter(&json!({"func": "sum", "property": "amount"}));
        scene.meter = id_of(&scene.made("/v1/meters/", &new).await);
        scene
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.bench.send(Method::GET, path, &self.token, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answered {
        let (method, token) = (Method::POST, &self.token);
        self.bench.send(method, path, token, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Answered {
        let (method, token) = (Method::PATCH, &self.token);
        self.bench.send(method, path, token, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answered {
        let method = Method::DELETE;
        self.bench.send(method, path, &self.token, None).await
    }

    /// What is made by a POST.
    pub(super) async fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()
    }

    /// A benefit that credits the meter.
    pub(super) fn new_benefit(&self, description: &str, units: i64) -> Value {
        json!({
            "type": "meter_credit", "description": description,
            "properties": {"units": units, "rollover": false, "meter_id": self.meter},
        })
    }

    pub(super) async fn benefit(&self, description: &str, units: i64) -> Value {
        let new = self.new_benefit(description, units);
        self.made("/v1/benefits/", &new).await
    }

    /// A field of all items of a list, which are all that there are.
    pub(super) async fn listed(&self, path: &str, field: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let list = answer.json();
        let items = list["items"].as_array().expect("a list");
        assert_eq!(list["pagination"]["total_count"], json!(items.len()));
        items.iter().map(|item| item[field].clone()).collect()
    }
}

pub(super) fn id_of(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

pub(super) fn assert_not_found(answer: &Answered) {
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
    assert_eq!(answer.json()["error"], json!("ResourceNotFound"));
}

/// The faults of a rule of the business.
fn rule(place: &Value) -> (StatusCode, Value, Vec<(Value, Value)>) {
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        json!("PolarRequestValidationError"),
        vec![(place.clone(), json!("value_error"))],
    )
}

#[tokio::test]
async fn a_benefit_is_made_read_changed_and_deleted() {
    let scene = Scene::new().await;
    let mut new = scene.new_benefit("Ten calls", 10);
    new["metadata"] = json!({"plan": "pro"});
    let made = scene.made("/v1/benefits/", &new).await;
    let expected = json!({
        "id": made["id"], "created_at": made["created_at"], "modified_at": null, "type": "meter_credit",
        "description": "Ten calls", "selectable": true, "deletable": true, "is_deleted": false,
        "organization_id": made["organization_id"], "metadata": {"plan": "pro"}, "visibility": "public",
        "properties": {"units": 10, "rollover": false, "meter_id": scene.meter}, "visibility_configurable": true,
    });
    assert_eq!(made, expected);
    let path = format!("/v1/benefits/{}", id_of(&made));
    assert_eq!(scene.get(&path).await.json(), made);

    let properties = json!({"units": 5, "rollover": true, "meter_id": scene.meter});
    let change = json!({"type": "meter_credit", "properties": properties, "visibility": "private"});
    let changed = scene.patch(&path, &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let changed = changed.json();
    assert!(changed["modified_at"].is_string());
    assert_eq!(changed["properties"], properties);
    assert_eq!(changed["visibility"], json!("private"));
    assert_eq!(changed["description"], json!("Ten calls"));
    assert_eq!(changed["metadata"], json!({"plan": "pro"}));

    let deleted = scene.delete(&path).await;
    assert_eq!(
        (deleted.status, deleted.text()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_not_found(&scene.get(&path).await);
    assert_not_found(&scene.delete(&path).await);
    assert_not_found(&scene.patch(&path, &change).await);
    let other_type = json!({"type": "custom"});
    assert_not_found(&scene.patch(&path, &other_type).await);
    assert_not_found(&scene.get(&format!("{path}/grants")).await);
}

#[tokio::test]
async fn benefits_are_listed_by_what_is_asked_for() {
    let scene = Scene::new().await;
    let first = id_of(&scene.benefit("Calls", 1).await);
    let second = id_of(&scene.benefit("apples", 2).await);
    let list = async |query: &str| {
        let path = format!("/v1/benefits/?{query}");
        scene.listed(&path, "description").await
    };
    let (newest_first, oldest_first) = (json!(["apples", "Calls"]), json!(["Calls", "apples"]));
    assert_eq!(json!(list("").await), newest_first);
    for query in [
        "sorting=created_at",
        "sorting=user_order",
        "sorting=description",
        "sorting=type&sorting=created_at",
        "type=custom&type=meter_credit&sorting=created_at",
    ] {
        assert_eq!(json!(list(query).await), oldest_first, "{query}");
    }
    assert_eq!(json!(list("query=CALL").await), json!(["Calls"]));
    assert_eq!(
        json!(list(&format!("id={first}&id={UNKNOWN}")).await),
        json!(["Calls"])
    );
    assert_eq!(
        json!(list(&format!("exclude_id={second}")).await),
        json!(["Calls"])
    );
    for nothing in [
        "type=custom".to_owned(),
        "metadata[plan]=pro".to_owned(),
        format!("organization_id={UNKNOWN}"),
        format!("id={first}&exclude_id={first}"),
    ] {
        assert!(list(&nothing).await.is_empty(), "{nothing}");
    }
    let refused = scene.get("/v1/benefits/?type=nonsense").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_meter_of_a_benefit_must_be_there() {
    let scene = Scene::new().await;
    let place = json!(["body", "properties", "meter_id"]);
    let mut new = scene.new_benefit("Ten calls", 10);
    new["properties"]["meter_id"] = json!(UNKNOWN);
    let refused = scene.post("/v1/benefits/", &new).await;
    assert_eq!(faults(&refused), rule(&place));
    let item = refused.json()["detail"][0].clone();
    assert_eq!(item["msg"], json!("This meter does not exist."));
    assert_eq!(item["input"], json!(UNKNOWN));

    let meter = format!("/v1/meters/{}", scene.meter);
    scene.patch(&meter, &json!({"is_archived": true})).await;
    let of_archived = scene.new_benefit("Ten calls", 10);
    let made = scene.made("/v1/benefits/", &of_archived).await;
    let path = format!("/v1/benefits/{}", id_of(&made));
    let refused = scene.patch(&path, &new).await;
    assert_eq!(faults(&refused), rule(&place));
    assert_eq!(scene.get(&path).await.json(), made);
}

#[tokio::test]
async fn a_benefit_keeps_its_type() {
    let scene = Scene::new().await;
    let made = scene.benefit("Ten calls", 10).await;
    let path = format!("/v1/benefits/{}", id_of(&made));
    let change = json!({"type": "custom", "description": "Other"});
    let refused = scene.patch(&path, &change).await;
    assert_eq!(faults(&refused), rule(&json!(["body", "type"])));
    let msg = &refused.json()["detail"][0]["msg"];
    assert_eq!(msg, &json!("Benefit type cannot be changed."));
    assert_eq!(scene.get(&path).await.json(), made);
    let missing = scene.patch(&path, &json!({"description": "Other"})).await;
    assert_eq!(
        faults(&missing).2,
        [(json!(["body", "type"]), json!("missing"))]
    );
}

#[tokio::test]
async fn a_meter_that_a_benefit_credits_is_not_archived() {
    let scene = Scene::new().await;
    let benefit = id_of(&scene.benefit("Ten calls", 10).await);
    let meter = format!("/v1/meters/{}", scene.meter);
    let change = json!({"is_archived": true, "name": "Other"});
    let refused = scene.patch(&meter, &change).await;
    assert_eq!(faults(&refused), rule(&json!(["body", "is_archived"])));
    let item = refused.json()["detail"][0].clone();
    let msg = "Cannot archive meter that is still referenced by active benefits";
    assert_eq!((&item["msg"], &item["input"]), (&json!(msg), &json!(true)));
    assert_eq!(scene.get(&meter).await.json()["name"], json!("Calls"));
    scene.delete(&format!("/v1/benefits/{benefit}")).await;
    let archived = scene.patch(&meter, &change).await;
    assert!(archived.json()["archived_at"].is_string());
}

#[tokio::test]
async fn reading_needs_one_scope_and_writing_the_other() {
    let scene = Scene::new().await;
    let benefit = id_of(&scene.benefit("Ten calls", 10).await);
    let reads = scene.bench.token_of("acme", &["benefits:read"]).await;
    let writes = scene.bench.token_of("acme", &["benefits:write"]).await;
    let neither = scene.bench.token_of("acme", &["meters:write"]).await;
    let (item, grants) = (
        format!("/v1/benefits/{benefit}"),
        format!("/v1/benefits/{benefit}/grants"),
    );
    let (grant, cycle) = (
        format!("/v1/benefit-grants/{UNKNOWN}"),
        format!("/v1/benefit-grants/{UNKNOWN}/cycle"),
    );
    let readings = ["/v1/benefits/", &item, &grants, "/v1/benefit-grants/"];
    let writings = [
        (Method::POST, "/v1/benefits/"),
        (Method::PATCH, &item),
        (Method::POST, &grants),
        (Method::POST, &cycle),
        (Method::DELETE, &grant),
    ];
    let status = async |method: &Method, path: &str, token: &str| {
        let body = json!({});
        let body = (*method != Method::GET && *method != Method::DELETE).then_some(&body);
        let answer = scene.bench.send(method.clone(), path, token, body).await;
        answer.status
    };
    for path in readings {
        for token in [&reads, &writes] {
            assert_eq!(status(&Method::GET, path, token).await, StatusCode::OK);
        }
        let refused = status(&Method::GET, path, &neither).await;
        assert_eq!(refused, StatusCode::FORBIDDEN, "{path}");
    }
    for (method, path) in &writings {
        assert_ne!(status(method, path, &writes).await, StatusCode::FORBIDDEN);
        for token in [&reads, &neither] {
            let refused = status(method, path, token).await;
            assert_eq!(refused, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}
