//! Starting and stopping: what `sextant serve` says, what it refuses, how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use conformance::http::read_answer;
use serde_json::{Value, json};

use crate::api::{Ingested, Organization, event};
use crate::server::{Server, serve, with_admin_token, without_settings};

#[test]
fn it_says_where_it_listens_and_is_healthy_from_then_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&folder.path().join("data"));
    assert!(
        server.url().starts_with("http://127.0.0.1:"),
        "{}",
        server.url()
    );
    let mut client = server.client();
    let health = client
        .request("GET", "/healthz", &[], None)
        .expect("an answer");
    assert_eq!(health.status, 200, "{}", health.excerpt());
}

#[test]
fn the_admin_token_is_made_and_shown_at_the_first_start_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Server::spawn(&mut serve(folder.path())).expect("it starts");
    // The line is read whole, so the token is.
    let log = first.log_with(|log| shown_token(log).is_some());
    let token = shown_token(&log).expect("it was just found");
    assert_eq!(organizations_status(&first, &token), 200);
    assert_eq!(organizations_status(&first, &format!("{token}x")), 401);
    let exit = first.stop();
    assert_eq!(exit.log.matches(&token).count(), 1, "once: {}", exit.log);

    let second = Server::spawn(&mut serve(folder.path())).expect("it starts again");
    assert_eq!(
        organizations_status(&second, &token),
        200,
        "it is the same token"
    );
    let exit = second.stop();
    assert!(shown_token(&exit.log).is_none(), "{}", exit.log);
    for (path, bytes) in files(folder.path()) {
        let is_in = bytes
            .windows(token.len())
            .any(|window| window == token.as_bytes());
        assert!(!is_in, "the token itself is in {}", path.display());
    }
}

#[test]
fn it_raises_the_limit_on_open_files_as_far_as_it_may() {
    for (hard, expected, is_warned) in [("3000", "3000", false), ("1000", "1000", true)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut limited = Command::new("sh");
        let script = "ulimit -Sn 500 && ulimit -Hn \"$1\" && shift && exec \"$@\"";
        limited.args(["-c", script, "sh", hard]);
        let plain = serve(folder.path());
        limited.arg(plain.get_program()).args(plain.get_args());
        without_settings(&mut limited);
        let server = Server::spawn(with_admin_token(&mut limited)).expect("it starts");
        let limits = fs::read_to_string(format!("/proc/{}/limits", server.process_id()));
        let limits = limits.expect("the system tells");
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let soft = line.and_then(|line| line.split_whitespace().nth(3));
        assert_eq!(soft, Some(expected), "{limits}");
        let log = server.stop().log;
        assert_eq!(log.contains("few files may be open"), is_warned, "{log}");
    }
}

/// The made token in a log.
fn shown_token(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("sextant_adm_")?;
    let secret: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    Some(format!("sextant_adm_{secret}"))
}

fn organizations_status(server: &Server, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let answer = server
        .client()
        .request("GET", "/v1/organizations/", &headers, None);
    answer.expect("an answer").status
}

#[test]
fn a_token_that_is_given_is_never_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    assert_eq!(
        organizations_status(&server, crate::server::ADMIN_TOKEN),
        200
    );
    let exit = server.stop();
    assert!(!exit.log.contains("sextant_adm_"), "{}", exit.log);
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::start(folder.path());
        let mut organization = Organization::create(&server, "in-flight");
        let before: Vec<Value> = (0..10).map(event).collect();
        assert_eq!(organization.ingest(&before).inserted, 10);

        let body = json!({"events": (10..30).map(event).collect::<Vec<_>>()}).to_string();
        let mut connection = BufReader::new(server.connect());
        let head = format!(
            "POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            organization.token(),
            body.len(),
        );
        connection
            .get_mut()
            .write_all(head.as_bytes())
            .expect("the server reads");
        // It asks for the body, so it has taken the request.
        let mut interim = [0; 25];
        connection
            .read_exact(&mut interim)
            .expect("an interim answer");
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (half, rest) = body.as_bytes().split_at(body.len() / 2);
        connection
            .get_mut()
            .write_all(half)
            .expect("the server reads");
        server.signal(signal);
        connection
            .get_mut()
            .write_all(rest)
            .expect("the server reads");
        let answer = read_answer(&mut connection, "POST").expect("an answer");
        assert_eq!(
            (answer.status, Ingested::of(&answer).inserted),
            (200, 20),
            "SIG{signal}"
        );
        let exit = server.wait();
        assert_eq!(exit.status.code(), Some(0), "SIG{signal}: {}", exit.log);

        let server = Server::start(folder.path());
        let all: Vec<Value> = (0..30).map(event).collect();
        let known = Ingested {
            inserted: 0,
            duplicates: 30,
        };
        assert_eq!(organization.on(&server).ingest(&all), known, "SIG{signal}");
    }
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut kept = server.client();
    assert_eq!(
        kept.request("GET", "/healthz", &[], None)
            .expect("an answer")
            .status,
        200
    );
    let silent = server.connect();
    let exit = server.stop();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.log);
    drop((kept, silent));
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Server::start(folder.path());
    let exit = start_fails(folder.path());
    assert_ne!(exit.status.code(), Some(0));
    assert!(exit.log.contains("another process"), "{}", exit.log);
    assert!(
        exit.log.contains(&folder.path().display().to_string()),
        "{}",
        exit.log
    );
    assert_eq!(
        organizations_status(&first, crate::server::ADMIN_TOKEN),
        200,
        "the first goes on"
    );
    first.kill();
    Server::start(folder.path());
}

#[test]
fn an_address_in_use_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sextant"));
    command
        .args(["serve", "--listen", &address, "--data"])
        .arg(folder.path());
    without_settings(&mut command);
    let exit = Server::spawn(with_admin_token(&mut command)).expect_err("the port is taken");
    assert!(
        exit.status.code().is_some_and(|code| code != 0),
        "{:?}",
        exit.status
    );
    assert!(exit.log.contains(&address), "{}", exit.log);
}

#[test]
fn a_folder_that_holds_something_else_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("photo.jpg"), b"not ours").expect("a file");
    fs::create_dir(folder.path().join("letters")).expect("a folder");
    fs::write(folder.path().join("letters/one.txt"), b"dear").expect("a file");
    let before = files(folder.path());
    let exit = start_fails(folder.path());
    assert!(
        exit.log.contains("not a Sextant data folder"),
        "{}",
        exit.log
    );
    assert!(
        exit.log.contains(&folder.path().display().to_string()),
        "{}",
        exit.log
    );
    assert_eq!(files(folder.path()), before);
}

#[test]
fn damage_in_the_middle_of_the_journal_is_refused_by_name_and_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "damage");
    for key in 0..40 {
        organization.ingest(&[event(key)]);
    }
    server.kill();
    let journal = journal_file(folder.path());
    let whole = fs::read(&journal).expect("the journal");
    for part in [3, 2] {
        let mut damaged = whole.clone();
        let place = damaged.len() / part;
        damaged[place] ^= 0x10;
        fs::write(&journal, &damaged).expect("the journal");
        let before = files(folder.path());
        let exit = start_fails(folder.path());
        assert!(
            exit.log.contains(&journal.display().to_string()),
            "names the file: {}",
            exit.log
        );
        let offset = offset_in(&exit.log).expect("names the offset");
        assert!(
            offset <= place && place - offset < 1000,
            "{offset} for {place}: {}",
            exit.log
        );
        assert_eq!(
            differing(&before, &files(folder.path())),
            Vec::<PathBuf>::new()
        );
    }
    // With the byte put right all of it is there again.
    fs::write(&journal, &whole).expect("the journal");
    let server = Server::start(folder.path());
    let all: Vec<Value> = (0..40).map(event).collect();
    let known = Ingested {
        inserted: 0,
        duplicates: 40,
    };
    assert_eq!(organization.on(&server).ingest(&all), known);
}

#[test]
fn a_torn_last_record_is_cut_and_the_rest_is_served() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "torn");
    for key in 0..20 {
        organization.ingest(&[event(key)]);
    }
    server.kill();
    let journal = journal_file(folder.path());
    let whole = fs::read(&journal).expect("the journal");
    fs::write(&journal, &whole[..whole.len() - 5]).expect("the journal");

    let server = Server::start(folder.path());
    let mut organization = organization.on(&server);
    let kept: Vec<Value> = (0..19).map(event).collect();
    assert_eq!(
        organization.ingest(&kept),
        Ingested {
            inserted: 0,
            duplicates: 19
        }
    );
    assert_eq!(
        organization.ingest(&[event(19)]).inserted,
        1,
        "the torn record is gone"
    );
    let name = journal.display().to_string();
    server.log_with(|log| log.contains(&name));
    server.kill();

    // And it can be started again, with what was written behind the cut.
    let server = Server::start(folder.path());
    let all: Vec<Value> = (0..20).map(event).collect();
    let known = Ingested {
        inserted: 0,
        duplicates: 20,
    };
    assert_eq!(organization.on(&server).ingest(&all), known);
}

#[test]
fn a_folder_of_a_server_that_was_stopped_answers_the_same_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut organization = Organization::create(&server, "restart");
    let functions = ["sum", "max", "min", "avg", "unique"];
    let mut meters = vec![organization.create_meter(&json!({"func": "count"}))];
    for function in functions {
        let aggregation = json!({"func": function, "property": "value"});
        meters.push(organization.create_meter(&aggregation));
    }
    organization.ingest(&(0..500).map(event).collect::<Vec<_>>());
    let listed = organization.get("/v1/meters/").json();
    let before: Vec<_> = meters
        .iter()
        .map(|meter| organization.total(meter))
        .collect();
    assert_eq!(server.stop().status.code(), Some(0));

    let server = Server::start(folder.path());
    let mut organization = organization.on(&server);
    let after: Vec<_> = meters
        .iter()
        .map(|meter| organization.total(meter))
        .collect();
    assert_eq!(after, before);
    assert_eq!(after[0], "500.0");
    assert_eq!(organization.get("/v1/meters/").json(), listed);
}

/// What a server says that refuses to start; it must say it by its exit status too.
#[track_caller]
fn start_fails(folder: &Path) -> crate::server::Exit {
    let exit = Server::spawn(with_admin_token(&mut serve(folder))).expect_err("it refuses");
    assert!(
        exit.status.code().is_some_and(|code| code != 0),
        "{:?}: {}",
        exit.status,
        exit.log
    );
    exit
}

/// The file that the journal ends in.
fn journal_file(folder: &Path) -> PathBuf {
    let journal = folder.join("journal");
    let mut names: Vec<PathBuf> = fs::read_dir(&journal)
        .expect("the journal's folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0))
        .collect();
    names.sort();
    names.pop().expect("a journal file")
}

/// The number that follows `at byte`.
fn offset_in(log: &str) -> Option<usize> {
    let (_, rest) = log.split_once("at byte ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Every file below the folder with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else {
            let content = fs::read(&path).expect("a file");
            found.insert(path, content);
        }
    }
    found
}

/// The files that are not the same in both.
fn differing(a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let names = a.keys().chain(b.keys());
    let mut differing: Vec<_> = names
        .filter(|name| a.get(*name) != b.get(*name))
        .cloned()
        .collect();
    differing.dedup();
    differing
}
