//! Events that the server writes. SEMANTICS 9.20, 18.4.18.

use std::collections::BTreeMap;

use super::super::benefits::{Scene, id_of};
use super::*;

#[tokio::test]
async fn every_kind_of_system_event_has_its_title_and_is_of_the_form_that_the_document_tells() {
    let scene = Scene::new().await;
    let new = json!({"email": "ada@example.com", "external_id": "ada"});
    scene.made("/v1/customers/", &new).await;
    let benefit = id_of(&scene.benefit("Ten calls", 10).await);
    let ada = json!({"external_customer_id": "ada"});
    let grants = format!("/v1/benefits/{benefit}/grants");
    let grant = id_of(&scene.made(&grants, &ada).await);
    let path = format!("/v1/benefit-grants/{grant}");
    let cycled = scene.post(&format!("{path}/cycle"), &json!({})).await;
    assert_eq!(cycled.status, StatusCode::OK, "{}", cycled.text());
    let revoked = scene.delete(&path).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.text());

    // Reading the list compares each event with the document.
    let list = scene.get("/v1/events/?source=system&limit=100").await;
    let list = list.json();
    let items = list["items"].as_array().expect("a list");
    let mut kinds = BTreeMap::new();
    for item in items {
        let name = item["name"].as_str().expect("a name");
        let label = item["label"].as_str().expect("a label");
        let metadata = item["metadata"].as_object().expect("an object");
        let mut keys: Vec<&str> = metadata.keys().map(String::as_str).collect();
        keys.sort_unstable();
        kinds.insert(name, (label, keys.join(" ")));
    }
    let of_a_grant = "benefit_grant_id benefit_id benefit_type";
    let expected = [
        ("benefit.cycled", "Benefit Cycled", of_a_grant),
        ("benefit.granted", "Benefit Granted", of_a_grant),
        ("benefit.revoked", "Benefit Revoked", of_a_grant),
        (
            "meter.credited",
            "Meter Credited",
            "meter_id rollover units",
        ),
        ("meter.reset", "Meter Reset", "meter_id"),
    ];
    let expected = expected.map(|(name, label, keys)| (name, (label, keys.to_owned())));
    assert_eq!(kinds, BTreeMap::from(expected));
}
