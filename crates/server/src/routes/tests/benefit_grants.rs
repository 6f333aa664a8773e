//! Grants: given, begun anew, taken back, listed, and shown in the state of their customer.

use super::benefits::{Scene, assert_not_found, id_of};
use super::*;

/// A scene with a benefit of ten units and a customer that has an external id.
struct Granting {
    scene: Scene,
    benefit: String,
    customer: String,
}

impl Granting {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let benefit = id_of(&scene.benefit("Ten calls", 10).await);
        let new = json!({"email": "ada@example.com", "external_id": "ada", "name": "Ada"});
        let customer = id_of(&scene.made("/v1/customers/", &new).await);
        Self {
            scene,
            benefit,
            customer,
        }
    }

    fn grants_path(&self) -> String {
        format!("/v1/benefits/{}/grants", self.benefit)
    }

    /// The grant of the benefit to the customer, made now.
    async fn granted(&self) -> Value {
        let body = json!({"external_customer_id": "ada"});
        self.scene.made(&self.grants_path(), &body).await
    }

    async fn cycle(&self, grant: &str, body: Option<&Value>) -> Answered {
        let path = format!("/v1/benefit-grants/{grant}/cycle");
        let token = &self.scene.token;
        self.scene
            .bench
            .send(Method::POST, &path, token, body)
            .await
    }

    async fn revoke(&self, grant: &str) -> Answered {
        let path = format!("/v1/benefit-grants/{grant}");
        self.scene.delete(&path).await
    }

    async fn state(&self) -> Value {
        let path = format!("/v1/customers/{}/state", self.customer);
        self.scene.get(&path).await.json()
    }

    async fn credited(&self) -> Value {
        self.state().await["active_meters"][0]["credited_units"].clone()
    }

    /// How many events there are of a name.
    async fn events(&self, name: &str) -> Value {
        let path = format!("/v1/events/?name={name}");
        self.scene.get(&path).await.json()["pagination"]["total_count"].clone()
    }
}

#[tokio::test]
async fn a_grant_is_made_once_and_credits_once() {
    let it = Granting::new().await;
    let body = json!({"customer_id": it.customer, "external_id": "k"});
    let made = it.scene.made(&it.grants_path(), &body).await;
    let expected = json!({
        "created_at": made["created_at"], "modified_at": null, "id": made["id"],
        "granted_at": made["granted_at"], "is_granted": true, "revoked_at": null, "is_revoked": false,
        "subscription_id": null, "order_id": null, "customer_id": it.customer, "member_id": null,
        "benefit_id": it.benefit, "error": null, "customer": made["customer"], "member": null,
        "benefit": it.scene.get(&format!("/v1/benefits/{}", it.benefit)).await.json(),
        "properties": {
            "last_credited_meter_id": it.scene.meter, "last_credited_units": 10,
            "last_credited_at": made["properties"]["last_credited_at"],
        },
    });
    assert_eq!(made, expected);
    assert!(made["granted_at"].is_string() && made["properties"]["last_credited_at"].is_string());
    assert_eq!(made["customer"]["external_id"], json!("ada"));
    assert_eq!(it.credited().await, json!(10));

    // The same request, and another one for what the customer has already.
    for again in [&body, &json!({"external_customer_id": "ada"})] {
        let answer = it.scene.post(&it.grants_path(), again).await;
        assert_eq!(
            (answer.status, answer.json()["id"].clone()),
            (StatusCode::OK, made["id"].clone())
        );
    }
    assert_eq!(it.credited().await, json!(10));
    assert_eq!(it.events("benefit.granted").await, json!(1));
    assert_eq!(it.events("meter.credited").await, json!(1));
}

#[tokio::test]
async fn a_grant_needs_a_benefit_and_a_customer() {
    let it = Granting::new().await;
    let ada = json!({"external_customer_id": "ada"});
    let unknown = format!("/v1/benefits/{UNKNOWN}/grants");
    assert_not_found(&it.scene.post(&unknown, &ada).await);
    for (key, value) in [("customer_id", UNKNOWN), ("external_customer_id", "bob")] {
        let refused = it.scene.post(&it.grants_path(), &json!({key: value})).await;
        let item = refused.json()["detail"][0].clone();
        assert_eq!(item["loc"], json!(["body", key]));
        assert_eq!(item["msg"], json!("Customer does not exist."));
        assert_eq!(item["input"], json!(value));
    }
    let both_ways = json!({"customer_id": it.customer, "external_customer_id": "ada"});
    for body in [json!({}), both_ways] {
        let refused = it.scene.post(&it.grants_path(), &body).await;
        assert_eq!(
            faults(&refused).2,
            [(json!(["body"]), json!("value_error"))]
        );
    }
    assert!(
        it.scene
            .listed("/v1/benefit-grants/", "id")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_new_period_credits_again_and_needs_no_body() {
    let it = Granting::new().await;
    let grant = id_of(&it.granted().await);
    let cycled = it.cycle(&grant, None).await;
    assert_eq!(cycled.status, StatusCode::OK, "{}", cycled.text());
    assert!(cycled.json()["modified_at"].is_string());
    let again = json!({"external_id": "march"});
    for _ in 0..2 {
        let cycled = it.cycle(&grant, Some(&again)).await;
        assert_eq!(cycled.status, StatusCode::OK, "{}", cycled.text());
    }
    assert_eq!(it.events("benefit.cycled").await, json!(2));
    // The window is new each time, and nothing rolls over.
    assert_eq!(it.credited().await, json!(10));
    let taken = json!({"external_customer_id": "ada", "meter_id": it.scene.meter, "units": 1, "external_id": "march"});
    let refused = it.scene.post("/v1/customer-meters/credits", &taken).await;
    assert_eq!(
        faults(&refused).2,
        [(json!(["body", "external_id"]), json!("value_error"))]
    );
    assert_not_found(&it.cycle(UNKNOWN, None).await);
}

#[tokio::test]
async fn a_grant_is_taken_back_once_and_cannot_begin_anew() {
    let it = Granting::new().await;
    let grant = id_of(&it.granted().await);
    let revoked = it.revoke(&grant).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.text());
    let revoked = revoked.json();
    assert_eq!(
        (&revoked["is_granted"], &revoked["is_revoked"]),
        (&json!(false), &json!(true))
    );
    assert!(revoked["granted_at"].is_null() && revoked["revoked_at"].is_string());
    assert_eq!(revoked["properties"]["last_credited_units"], json!(10));
    assert_eq!(it.credited().await, json!(0));
    let again = it.revoke(&grant).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, revoked));
    assert_eq!(it.events("benefit.revoked").await, json!(1));
    assert_not_found(&it.revoke(UNKNOWN).await);

    let refused = it
        .cycle(&grant, Some(&json!({"id": "not the path's"})))
        .await;
    assert_eq!(
        faults(&refused).2,
        [(json!(["path", "id"]), json!("value_error"))]
    );
    assert_eq!(refused.json()["detail"][0].get("input"), None);
    // Granted anew, it is another grant.
    assert_ne!(id_of(&it.granted().await), grant);
}

#[tokio::test]
async fn grants_are_listed_by_what_is_asked_for() {
    let it = Granting::new().await;
    let first = it.granted().await["id"].clone();
    let bob = json!({"email": "bob@example.com", "external_id": "bob"});
    let bob = id_of(&it.scene.made("/v1/customers/", &bob).await);
    let to_bob = json!({"customer_id": bob});
    let second = it.scene.made(&it.grants_path(), &to_bob).await["id"].clone();
    let other = id_of(&it.scene.benefit("Other", 1).await);
    let path = format!("/v1/benefits/{other}/grants");
    let third = it.scene.made(&path, &to_bob).await["id"].clone();
    let revoked = second.as_str().expect("an id");
    it.revoke(revoked).await;

    let all = async |query: &str| {
        let path = format!("/v1/benefit-grants/?{query}");
        json!(it.scene.listed(&path, "id").await)
    };
    assert_eq!(all("").await, json!([third, second, first]));
    assert_eq!(
        all("sorting=created_at").await,
        json!([first, second, third])
    );
    assert_eq!(
        all("sorting=-granted_at").await,
        json!([second, third, first])
    );
    assert_eq!(all("sorting=revoked_at&limit=1000").await[0], second);
    assert_eq!(all("is_granted=true").await, json!([third, first]));
    assert_eq!(all("is_granted=false").await, json!([second]));
    assert_eq!(
        all(&format!("customer_id={bob}")).await,
        json!([third, second])
    );
    assert_eq!(all("external_customer_id=ada").await, json!([first]));
    assert_eq!(all("external_customer_id=nobody").await, json!([]));
    assert_eq!(all(&format!("organization_id={UNKNOWN}")).await, json!([]));

    let of_benefit = async |query: &str| {
        let path = format!("{}?{query}", it.grants_path());
        json!(it.scene.listed(&path, "id").await)
    };
    assert_eq!(of_benefit("").await, json!([second, first]));
    assert_eq!(of_benefit("is_granted=true").await, json!([first]));
    assert_eq!(
        of_benefit(&format!("customer_id={}", it.customer)).await,
        json!([first])
    );
    assert_eq!(of_benefit(&format!("member_id={UNKNOWN}")).await, json!([]));
    assert_not_found(
        &it.scene
            .get(&format!("/v1/benefits/{UNKNOWN}/grants"))
            .await,
    );
}

#[tokio::test]
async fn the_state_of_a_customer_holds_what_it_has_still() {
    let it = Granting::new().await;
    let first = it.granted().await;
    let mut new = it.scene.new_benefit("Other", 1);
    new["metadata"] = json!({"plan": "pro"});
    let other = id_of(&it.scene.made("/v1/benefits/", &new).await);
    let body = json!({"customer_id": it.customer});
    let path = format!("/v1/benefits/{other}/grants");
    let second = it.scene.made(&path, &body).await;
    let shown = |grant: &Value| {
        json!({
            "id": grant["id"], "created_at": grant["created_at"], "modified_at": null,
            "granted_at": grant["granted_at"], "benefit_id": grant["benefit_id"], "benefit_type": "meter_credit",
            "benefit_metadata": grant["benefit"]["metadata"], "properties": grant["properties"],
        })
    };
    let held = it.state().await["granted_benefits"].clone();
    assert_eq!(held, json!([shown(&first), shown(&second)]));
    it.revoke(&id_of(&first)).await;
    let held = it.state().await["granted_benefits"].clone();
    assert_eq!(held, json!([shown(&second)]));
}

#[tokio::test]
async fn deleting_a_benefit_or_a_customer_revokes_its_grants() {
    let it = Granting::new().await;
    it.granted().await;
    let other = id_of(&it.scene.benefit("Other", 1).await);
    let body = json!({"customer_id": it.customer});
    let path = format!("/v1/benefits/{other}/grants");
    it.scene.made(&path, &body).await;
    it.scene.delete(&format!("/v1/benefits/{other}")).await;
    let revoked = "/v1/benefit-grants/?is_granted=false";
    let benefits = it.scene.listed(revoked, "benefit").await;
    assert_eq!(benefits.len(), 1);
    assert_eq!(benefits[0]["is_deleted"], json!(true));
    assert_eq!(it.credited().await, json!(10));

    it.scene
        .delete(&format!("/v1/customers/{}", it.customer))
        .await;
    let customers = it.scene.listed(revoked, "customer").await;
    assert_eq!(customers.len(), 2);
    assert!(customers[0]["deleted_at"].is_string());
}
