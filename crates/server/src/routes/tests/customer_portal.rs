//! What customers see of their meters (SEMANTICS 4.3, 11.12; D10).

use super::*;

const PATH: &str = "/v1/customer-portal/meters/";

/// An organization with two customers, and the token of a session of each.
struct Scene {
    bench: Bench,
    token: String,
    ada: String,
    bob: String,
}

impl Scene {
    async fn new() -> Self {
        let bench = Bench::new();
        let token = bench.organization("acme").await;
        let ada = bench.session(&token, "ada").await;
        let bob = bench.session(&token, "bob").await;
        Self {
            bench,
            token,
            ada,
            bob,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let (method, token) = (Method::POST, &self.token);
        let answer = self.bench.send(method, path, token, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    }

    /// A meter that counts the events of a name.
    async fn meter(&self, name: &str, event: &str) -> Value {
        let clause = json!({"property": "name", "operator": "eq", "value": event});
        let filter = json!({"conjunction": "and", "clauses": [clause]});
        let new = json!({"name": name, "filter": filter, "aggregation": {"func": "count"}});
        self.post("/v1/meters/", &new).await
    }

    async fn ingest(&self, customer: &str, name: &str, count: usize) {
        let event = json!({"name": name, "external_customer_id": customer});
        let body = json!({"events": vec![event; count]});
        self.post("/v1/events/ingest", &body).await;
    }

    async fn list(&self, session: &str, query: &str) -> Value {
        let path = format!("{PATH}{query}");
        let answer = self.bench.send(Method::GET, &path, session, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// The names of the listed meters.
    async fn names(&self, session: &str, query: &str) -> Vec<String> {
        let listed = self.list(session, query).await;
        let items = listed["items"].as_array().expect("items");
        let name = |item: &Value| item["meter"]["name"].as_str().expect("a name").to_owned();
        items.iter().map(name).collect()
    }
}

#[tokio::test]
async fn a_customer_sees_its_own_meters_once_something_touched_them() {
    let scene = Scene::new().await;
    let calls = scene.meter("Calls", "call").await;
    scene.meter("Never", "never").await;
    let credited = scene.meter("Credited", "nothing").await;
    let reset = scene.meter("Reset", "nothing").await;
    let gone = scene.meter("Archived", "call").await;
    assert_eq!(scene.names(&scene.ada, "").await, [""; 0]);

    scene.ingest("ada", "call", 3).await;
    scene.ingest("bob", "call", 5).await;
    let credit = json!({"external_customer_id": "ada", "meter_id": credited["id"], "units": 10});
    scene.post("/v1/customer-meters/credits", &credit).await;
    let entry = json!({"external_customer_id": "ada", "meter_id": reset["id"]});
    scene.post("/v1/customer-meters/resets", &entry).await;
    let path = format!("/v1/meters/{}", gone["id"].as_str().expect("an id"));
    let archive = json!({"is_archived": true});
    let (method, token) = (Method::PATCH, &scene.token);
    let archived = scene.bench.send(method, &path, token, Some(&archive)).await;
    assert_eq!(archived.status, StatusCode::OK);

    let names = scene.names(&scene.ada, "").await;
    assert_eq!(names, ["Reset", "Credited", "Calls"]);
    assert_eq!(scene.names(&scene.bob, "").await, ["Calls"]);
    // Also not when it is asked for.
    let asked = format!("?meter_id={}", gone["id"].as_str().expect("an id"));
    assert_eq!(scene.names(&scene.ada, &asked).await, [""; 0]);

    let listed = scene.list(&scene.ada, "?query=CALL").await;
    let pagination = json!({"total_count": 1, "max_page": 1});
    assert_eq!(listed["pagination"], pagination);
    let item = &listed["items"][0];
    assert_eq!(item["consumed_units"], json!(3.0));
    assert_eq!(item["credited_units"], json!(0));
    assert_eq!(item["balance"], json!(-3.0));
    assert_eq!(item["meter_id"], calls["id"]);
    assert_eq!(
        item["meter"],
        json!({
            "id": calls["id"], "name": "Calls", "created_at": calls["created_at"],
            "modified_at": calls["modified_at"],
        })
    );
    assert_eq!(item.as_object().map(serde_json::Map::len), Some(9));
}

#[tokio::test]
async fn one_of_them_is_found_by_its_id_by_its_customer_alone() {
    let scene = Scene::new().await;
    scene.meter("Calls", "call").await;
    let never = scene.meter("Never", "never").await;
    scene.ingest("ada", "call", 2).await;
    scene.ingest("bob", "call", 1).await;
    let listed = scene.list(&scene.ada, "").await;
    let own = format!(
        "{PATH}{}",
        listed["items"][0]["id"].as_str().expect("an id")
    );
    let found = scene.bench.send(Method::GET, &own, &scene.ada, None).await;
    assert_eq!(found.json(), listed["items"][0]);
    let other = scene.bench.send(Method::GET, &own, &scene.bob, None).await;
    let not_found = json!({"error": "ResourceNotFound", "detail": "Not found"});
    assert_eq!(
        (other.status, other.json()),
        (StatusCode::NOT_FOUND, not_found)
    );

    // The organization sees the row that nothing has touched; the customer does not.
    let path = format!(
        "/v1/customer-meters/?external_customer_id=ada&meter_id={}",
        never["id"].as_str().expect("an id")
    );
    let rows = scene
        .bench
        .send(Method::GET, &path, &scene.token, None)
        .await;
    let row = rows.json()["items"][0]["id"].clone();
    for id in [row.as_str().expect("an id"), UNKNOWN] {
        let path = format!("{PATH}{id}");
        let missing = scene.bench.send(Method::GET, &path, &scene.ada, None).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{id}");
    }
    let malformed = format!("{PATH}x");
    let refused = scene
        .bench
        .send(Method::GET, &malformed, &scene.ada, None)
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_list_is_searched_ordered_and_cut_into_pages() {
    let scene = Scene::new().await;
    for (name, event, count) in [("Ève 10%", "a", 3), ("Beta", "b", 1), ("Gamma", "c", 2)] {
        scene.meter(name, event).await;
        scene.ingest("ada", event, count).await;
    }
    let names = async |query: &str| scene.names(&scene.ada, query).await;
    assert_eq!(names("").await, ["Gamma", "Beta", "Ève 10%"]);
    assert_eq!(
        names("?sorting=meter_name").await,
        ["Beta", "Gamma", "Ève 10%"]
    );
    assert_eq!(
        names("?sorting=-consumed_units").await,
        ["Ève 10%", "Gamma", "Beta"]
    );
    assert_eq!(names("?sorting=balance&limit=1&page=2").await, ["Gamma"]);
    assert_eq!(names("?limit=1&page=9").await, [""; 0]);
    assert_eq!(names("?query=%C3%A8v").await, ["Ève 10%"]);
    // Nothing in it is a wildcard.
    assert_eq!(names("?query=%25").await, ["Ève 10%"]);
    assert_eq!(names("?query=_").await, [""; 0]);
    let paged = scene.list(&scene.ada, "?limit=2").await;
    let pagination = json!({"total_count": 3, "max_page": 2});
    assert_eq!(paged["pagination"], pagination);
    for wrong in ["?sorting=customer_id", "?meter_id=x", "?page=0"] {
        let path = format!("{PATH}{wrong}");
        let refused = scene.bench.send(Method::GET, &path, &scene.ada, None).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn the_page_is_there_for_everybody_and_leads_back_with_a_token_alone() {
    let scene = Scene::new().await;
    let get = async |path: &str| scene.bench.send(Method::GET, path, "", None).await;
    let page = get("/portal").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("private, no-store"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    let new = json!({"external_customer_id": "ada", "return_url": "https://acme.example/?a=1&b=2"});
    let made = scene.post("/v1/customer-sessions/", &new).await;
    let url = made["customer_portal_url"].as_str().expect("an address");
    let path = url.strip_prefix("https://usage.example.com").expect("ours");
    let with_token = get(path).await;
    let link = "<a href=\"https://acme.example/?a=1&amp;b=2\" rel=\"noreferrer\">";
    assert!(with_token.text().contains(link), "{}", with_token.text());
    let other_spelling = get(&path.replace("/portal?", "/portal/?")).await;
    assert_eq!(other_spelling.status, StatusCode::PERMANENT_REDIRECT);
    let expected = format!("..{path}");
    assert_eq!(other_spelling.header("location"), Some(&*expected));
    let nobodys = get("/portal?customer_session_token=sextant_cst_nobodys").await;
    assert_eq!(nobodys.text(), page.text());
    for (path, kind) in [
        ("/portal/page.js", "text/javascript"),
        ("/portal/page.css", "text/css"),
    ] {
        let part = get(path).await;
        assert_eq!(part.status, StatusCode::OK);
        let expected = format!("{kind}; charset=utf-8");
        assert_eq!(part.header("content-type"), Some(&*expected));
    }
}
