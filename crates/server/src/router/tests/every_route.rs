//! What holds for every operation of the table, whichever it is: versions (SEMANTICS 1.1 to 1.4), the two spellings of a path (1.8, D7),
//! the old prefix (1.6).

use http::{Method, StatusCode};
use serde_json::json;

use crate::auth::Access;
use crate::routes;
use crate::testing::{ADMIN, Answered, Bench};

const VERSIONS: [&str; 3] = ["2026-04", "2026-10", "2027-01"];

/// An operation, asked for a thing that is not there.
struct Operation {
    method: Method,
    path: String,
    /// A token that may; empty for operations that everyone may ask.
    token: String,
}

impl Operation {
    /// All of the table, with a token of the organization or of a customer's session where one is needed.
    fn all(organization_token: &str, session: &str) -> Vec<Self> {
        let operations: Vec<Self> = (routes::all().into_iter())
            .map(|route| Self {
                method: route.method,
                path: route
                    .path
                    .replace("{id}", "11111111-1111-4111-8111-111111111111")
                    .replace("{external_id}", "nobody"),
                token: match route.access {
                    Access::Open => String::new(),
                    Access::Organization(_) => organization_token.to_owned(),
                    Access::Admin | Access::AdminOrOrganization(_) => ADMIN.to_owned(),
                    Access::Customer => session.to_owned(),
                },
            })
            .collect();
        assert!(operations.iter().all(|it| !it.path.contains('{')));
        assert!(operations.len() > 20, "the table is whole");
        operations
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it is part of the API, and not about the server itself.
    fn is_versioned(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    /// Asks for it under a path; a body, where one is read, lacks everything.
    async fn ask(&self, bench: &Bench, path: &str, version: Option<&str>) -> Answered {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if !self.token.is_empty() {
            headers.push(("authorization", format!("Bearer {}", self.token)));
        }
        if let Some(version) = version {
            headers.push(("polar-version", version.to_owned()));
        }
        bench
            .send_raw(self.method.clone(), path, &headers, b"{}".to_vec())
            .await
    }
}

/// The same path with the last slash if it had none, and without if it had one.
fn other_spelling(path: &str) -> String {
    path.strip_suffix('/')
        .map_or_else(|| format!("{path}/"), str::to_owned)
}

/// That the router found an operation, whatever became of it.
#[track_caller]
fn assert_is_served(answer: &Answered, name: &str) {
    assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{name}");
    assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
    assert_ne!(answer.bytes(), br#"{"detail":"Not Found"}"#, "{name}");
}

#[tokio::test]
async fn every_operation_is_served_under_both_spellings_of_its_path() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let session = bench.session(&token, "ada").await;
    for operation in Operation::all(&token, &session) {
        let name = operation.name();
        let path = &operation.path;
        let answer = operation.ask(&bench, path, None).await;
        assert_is_served(&answer, &name);
        let other = operation.ask(&bench, &other_spelling(path), None).await;
        if ["/docs", "/portal"].contains(&path.as_str()) {
            // What stands in these pages is found from one spelling alone.
            let expected = format!("..{path}");
            assert_eq!(other.status, StatusCode::PERMANENT_REDIRECT, "{name}");
            assert_eq!(other.header("location"), Some(&*expected), "{name}");
            continue;
        }
        assert_eq!(
            (other.status, other.bytes(), other.header("location")),
            (answer.status, answer.bytes(), None),
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_operation_is_served_below_the_old_prefix_with_a_notice() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let notice = "x-polar-deprecation-notice";
    let session = bench.session(&token, "ada").await;
    for operation in Operation::all(&token, &session) {
        let name = operation.name();
        let answer = operation.ask(&bench, &operation.path, None).await;
        assert_eq!(answer.header(notice), None, "{name}");
        let old = format!("/api{}", operation.path);
        if !operation.is_versioned() {
            let answer = operation.ask(&bench, &old, None).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
            continue;
        }
        for old in [other_spelling(&old), old] {
            let deprecated = operation.ask(&bench, &old, None).await;
            assert_eq!(
                (deprecated.status, deprecated.bytes()),
                (answer.status, answer.bytes()),
                "{name}"
            );
            assert!(deprecated.header(notice).is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn every_operation_repeats_the_version_that_it_is_asked_in() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let asked = VERSIONS.map(|version| (Some(version), version));
    let default = [(None, VERSIONS[0]), (Some(""), VERSIONS[0])];
    let session = bench.session(&token, "ada").await;
    for operation in Operation::all(&token, &session) {
        let name = operation.name();
        let mut answers = Vec::new();
        for (asked, expected) in asked.into_iter().chain(default) {
            let answer = operation.ask(&bench, &operation.path, asked).await;
            assert_is_served(&answer, &name);
            assert_eq!(answer.header("polar-version"), Some(expected), "{name}");
            answers.push((answer.status, answer.bytes().to_owned()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{name} answers all versions alike");
    }
}

#[tokio::test]
async fn no_operation_is_there_in_a_version_that_is_not_served() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let session = bench.session(&token, "ada").await;
    for mut operation in Operation::all(&token, &session) {
        if !operation.is_versioned() {
            continue;
        }
        let name = operation.name();
        // Told before the token is looked at.
        for token in [operation.token.clone(), "nobodys".to_owned(), String::new()] {
            operation.token = token;
            for version in ["2026-05", "2025-10", "latest", "2026-04-01", " "] {
                let answer = operation.ask(&bench, &operation.path, Some(version)).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {version}");
                assert_eq!(answer.json(), json!({"detail": "Not Found"}), "{name}");
                assert_eq!(answer.header("polar-version"), None, "{name} {version}");
            }
        }
    }
}
