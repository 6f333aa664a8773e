//! The commands for whoever runs a server, as a shell would use them.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::server::{ADMIN_TOKEN, Server, without_settings};

/// `sextant` with these arguments, in an environment without settings.
fn sextant(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sextant"));
    command.args(args).stdin(Stdio::null());
    without_settings(&mut command);
    command
}

/// Runs a command of the administrator of that server.
fn administrate(server: &Server, args: &[&str]) -> Output {
    let mut command = sextant(args);
    command
        .args(["--url", server.url()])
        .env("SEXTANT_ADMIN_TOKEN", ADMIN_TOKEN);
    command.output().expect("the binary was built")
}

/// The standard output of a command that succeeds, without the end of the line.
#[track_caller]
fn printed(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}

/// What a command that fails says.
#[track_caller]
fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code().is_some_and(|code| code != 0),
        "{}: {said}",
        output.status
    );
    assert_eq!(
        output.stdout, b"",
        "nothing that a script could take for an answer"
    );
    said
}

/// The status of a request with that token.
fn status_with(server: &Server, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let answer = server
        .client()
        .request("GET", "/v1/meters/", &headers, None);
    answer.expect("an answer").status
}

#[test]
fn an_organization_and_its_tokens_are_made_used_listed_and_revoked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let acme = ["organization", "create", "--name", "Acme", "--slug", "acme"];
    let id = printed(administrate(&server, &acme));
    assert_eq!(id.len(), 36, "the id alone: {id:?}");
    let listed = printed(administrate(&server, &["organization", "list"]));
    assert!(listed.contains(&id) && listed.contains("Acme"), "{listed}");

    // By its slug and by its id; the secret alone is printed.
    let by_slug = [
        "token",
        "create",
        "--organization",
        "acme",
        "--comment",
        "one",
    ];
    let first = printed(administrate(&server, &by_slug));
    let by_id = [
        "token",
        "create",
        "--organization",
        &id,
        "--comment",
        "two",
        "--scope",
        "events:write",
    ];
    let second = printed(administrate(&server, &by_id));
    assert!(
        first.starts_with("sextant_oat_") && !first.contains(char::is_whitespace),
        "{first}"
    );
    assert_eq!(
        (status_with(&server, &first), status_with(&server, &second)),
        (200, 403)
    );

    let list = ["token", "list", "--organization", "acme", "--json"];
    let listed: Value = serde_json::from_str(&printed(administrate(&server, &list))).expect("JSON");
    let items = listed["items"]
        .as_array()
        .or(listed.as_array())
        .expect("a list");
    let comments: Vec<&Value> = items.iter().map(|item| &item["comment"]).collect();
    assert_eq!(comments, [&json!("two"), &json!("one")], "newest first");
    assert!(!listed.to_string().contains(&first), "no secret is listed");
    let first_id = items[1]["id"].as_str().expect("an id").to_owned();
    administrate(&server, &["token", "revoke", &first_id]);
    assert_eq!(
        (status_with(&server, &first), status_with(&server, &second)),
        (401, 403)
    );
}

#[test]
fn a_command_that_cannot_do_its_work_says_why_and_fails() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let list = ["organization", "list", "--url", server.url()];
    let without = sextant(&list).output().expect("the binary was built");
    assert!(complaint(&without).contains("SEXTANT_ADMIN_TOKEN"));
    let mut wrong = sextant(&list);
    let wrong = wrong
        .env("SEXTANT_ADMIN_TOKEN", "wrong")
        .output()
        .expect("the binary was built");
    assert!(complaint(&wrong).contains("token"), "{}", complaint(&wrong));

    let token = [
        "token",
        "create",
        "--organization",
        "nobody",
        "--comment",
        "x",
    ];
    assert!(complaint(&administrate(&server, &token)).contains("nobody"));
    let create = ["organization", "create", "--name", "Acme", "--slug", "acme"];
    printed(administrate(&server, &create));
    assert!(
        complaint(&administrate(&server, &create)).contains("slug"),
        "it is taken"
    );

    let url = server.url().to_owned();
    server.kill();
    let mut gone = sextant(&["organization", "list", "--url", &url]);
    let gone = gone
        .env("SEXTANT_ADMIN_TOKEN", ADMIN_TOKEN)
        .output()
        .expect("the binary was built");
    assert!(complaint(&gone).contains(&url), "it says whom it asked");
}

#[test]
fn an_argument_that_does_not_exist_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path in UTF-8");
    for args in [
        &["serve", "--data", data, "--no-such-thing"][..],
        &["serve", "--data", data, "--listen", "not an address"],
        &["no-such-command"],
        &[],
    ] {
        let output = sextant(args).output().expect("the binary was built");
        let _why = complaint(&output);
    }
    assert!(
        std::fs::read_dir(folder.path())
            .expect("a folder")
            .next()
            .is_none()
    );
}

#[test]
fn the_demo_finds_its_own_numbers_right() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut demo = sextant(&["demo", "--exit", "--listen", "127.0.0.1:0", "--data"]);
    let report = printed(demo.arg(&data).output().expect("the binary was built"));
    assert!(report.contains("Cost in US cents"), "{report}");
    // What it left is an ordinary data folder.
    Server::start(&data);
}
