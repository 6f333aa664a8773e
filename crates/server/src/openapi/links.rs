//! Links: which operations take the id of what an operation has made.
//!
//! They follow from the paths: what `POST /v1/meters/` makes is what the operations below `/v1/meters/{id}` are about.

use serde_json::{Map, Value, json};

/// Where an answer has the id of what was made at another place than `id`.
const IDS: [(&str, &str); 1] = [(
    "/v1/organization-access-tokens/",
    "$response.body#/organization_access_token/id",
)];

/// Where what is made below one path is found under another.
const ELSEWHERE: [(&str, &str); 1] = [("/v1/benefits/{id}/grants", "/v1/benefit-grants")];

/// Adds links to the answers of the operations that make something.
pub(super) fn add(paths: &mut Map<String, Value>) {
    let made: Vec<(String, Map<String, Value>)> = paths
        .iter()
        .filter(|(_, operations)| operations["post"]["responses"]["201"].is_object())
        .map(|(path, _)| (path.clone(), links_from(path, paths)))
        .filter(|(_, links)| !links.is_empty())
        .collect();
    for (path, links) in made {
        paths[&path]["post"]["responses"]["201"]["links"] = Value::Object(links);
    }
}

fn links_from(path: &str, paths: &Map<String, Value>) -> Map<String, Value> {
    let elsewhere = ELSEWHERE.iter().find(|(made, _)| *made == path);
    let below = elsewhere.map_or(path, |(_, found)| found);
    let item = format!("{}/{{id}}", below.trim_end_matches('/'));
    let id_of_made = IDS.iter().find(|(made, _)| *made == path);
    let id_of_made = id_of_made.map_or("$response.body#/id", |(_, id)| id);
    let mut links = Map::new();
    for (path, operations) in paths {
        let is_about = path
            .strip_prefix(&item)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(operations) = operations.as_object().filter(|_| is_about) else {
            continue;
        };
        for id in operations
            .values()
            .filter_map(|operation| operation["operationId"].as_str())
        {
            let parameters = json!({"id": id_of_made});
            let link = json!({"operationId": id, "parameters": parameters});
            // Names of links are of letters, digits, points, lines and underscores.
            links.insert(id.replace(':', "."), link);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_leads_to_the_operations_about_it() {
        let made = |id: &str| json!({"operationId": id, "responses": {"201": {}}});
        let about = |id: &str| json!({"operationId": id, "responses": {"200": {}}});
        let paths = json!({
            "/v1/meters/": {"get": about("meters:list"), "post": made("meters:create")},
            "/v1/meters/{id}": {"get": about("meters:get"), "patch": about("meters:update")},
            "/v1/meters/{id}/quantities": {"get": about("meters:quantities")},
            "/v1/meters-of/{id}": {"get": about("others:get")},
            "/v1/benefits/{id}/grants": {"post": made("grants:create")},
            "/v1/benefit-grants/{id}": {"delete": about("grants:revoke")},
            "/v1/sessions/": {"post": made("sessions:create")},
        });
        let Value::Object(mut paths) = paths else {
            panic!("an object");
        };
        add(&mut paths);
        let links = |path: &str| {
            let links = paths[path]["post"]["responses"]["201"].get("links");
            let links = links.and_then(Value::as_object);
            links.map(|links| links.keys().cloned().collect::<Vec<_>>())
        };
        let of_meters = ["meters.get", "meters.update", "meters.quantities"];
        assert_eq!(
            links("/v1/meters/"),
            Some(of_meters.map(str::to_owned).to_vec())
        );
        let of_grants = links("/v1/benefits/{id}/grants");
        assert_eq!(of_grants, Some(vec!["grants.revoke".to_owned()]));
        assert_eq!(links("/v1/sessions/"), None);
    }
}
