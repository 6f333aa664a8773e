//! What people have, against the server: the published clients of the API and packages that are built on them, each with only the address
//! and the token changed, and schemathesis, which makes requests up from the server's OpenAPI document. And DuckDB on a sealed data
//! folder, without the server: [`duckdb`].
//!
//! The server is the program itself, on a folder of its own and a free port. Each client gets an organization and a token, made with
//! the command line, and
//! 1. runs its tests;
//! 2. sends until the server is killed, all clients at once, and
//! 3. finds after a restart on the same folder all that was acknowledged, once;
//! 4. runs its tests of metering again, in a new organization, on the server that was killed.
//!
//! The other programs run once, on that server too when it was killed. At the end the server is told to stop, and must say that all was well.

mod duckdb;
mod environment;
mod published;
mod server;
mod tools;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use crate::run::{Failed, Profile, run_tests, target};
use environment::Environment;
use published::{Published, Trial};
use server::{Access, Server};
use tools::Tools;

/// The server is killed when each client has had so many requests acknowledged.
const ACKNOWLEDGED_MIN: u64 = 40;
/// A client that has no request acknowledged for so long has failed.
const ACKNOWLEDGED_TIMEOUT: Duration = Duration::from_mins(1);

/// What is chosen of all that is tried, and where each is installed.
#[derive(Debug)]
pub(crate) struct Clients {
    installed: Vec<Installed>,
    /// Two commands at once would take each other's environments away.
    _lock: environment::Lock,
}

type Installed = (&'static Published, Environment);

impl Clients {
    /// Installs what has these names, everything without names. Fetches packages where an environment is not there yet or its lock
    /// file has changed; else needs no network.
    ///
    /// # Errors
    /// When Python or Node.js is missing or too old: what is missing and how to get it.
    pub(crate) fn prepare(names: &[&str]) -> Result<Self, Failed> {
        let chosen = published::by_names(names)?;
        let tools = Tools::find(&chosen)?;
        let folder = target()?.join("clients");
        let lock = environment::Lock::take(&folder)?;
        let install =
            |published| Environment::of(published, &tools, &folder).map(|made| (published, made));
        Ok(Self {
            installed: chosen.into_iter().map(install).collect::<Result<_, _>>()?,
            _lock: lock,
        })
    }

    /// Whether there is anything to try out against the server.
    pub(crate) fn need_server(&self) -> bool {
        (self.installed.iter()).any(|(it, _)| it.trial != Trial::Folder)
    }

    /// All with which this is done.
    fn of(&self, trial: Trial) -> impl Iterator<Item = &Installed> {
        self.installed
            .iter()
            .filter(move |(it, _)| it.trial == trial)
    }
}

/// Tries all that is installed out, and gives back the closing lines of the runners.
///
/// # Errors
/// When a test fails, is skipped, or none ran; when the server loses something, or does not end well.
pub(crate) fn try_out(clients: &Clients, profile: Profile) -> Result<Vec<String>, Failed> {
    let mut closing = Vec::new();
    for (published, environment) in clients.of(Trial::Folder) {
        closing.push(duckdb::read_sealed(published, environment, profile)?);
    }
    if clients.need_server() {
        closing.extend(try_against_server(clients, profile)?);
    }
    Ok(closing)
}

/// Tries all out that needs the server, as the head of this file says.
fn try_against_server(clients: &Clients, profile: Profile) -> Result<Vec<String>, Failed> {
    let mut closing = Vec::new();
    let folder = target()?.join("clients");
    let mut server = Server::start_new(profile, &folder)?;
    if clients.of(Trial::Client).next().is_some() {
        server = try_clients(clients, server, profile, &mut closing)?;
    }
    for (package, environment) in clients.of(Trial::Package) {
        let access = server.new_organization(package.name)?;
        let mut command = environment.tests(PACKAGE.0);
        closing.push(test(package, PACKAGE.1, access.tell(&mut command))?);
    }
    for (document, environment) in clients.of(Trial::Document) {
        let access = server.new_organization(document.name)?;
        let mut command = environment.program("check");
        let command = server::tell_administrator(access.tell(&mut command));
        closing.push(test(document, "the OpenAPI document", command)?);
    }
    server.stop()?;
    Ok(closing)
}

/// Runs the tests of all clients, and those after a kill; the server that was started again.
fn try_clients(
    clients: &Clients,
    server: Server,
    profile: Profile,
    closing: &mut Vec<String>,
) -> Result<Server, Failed> {
    let mut accesses = Vec::new();
    for (client, environment) in clients.of(Trial::Client) {
        let access = server.new_organization(client.name)?;
        for (file, what) in OPERATIONS {
            closing.push(test(
                client,
                what,
                access.tell(&mut environment.tests(file)),
            )?);
        }
        accesses.push(access);
    }
    let acknowledged = kill_under_load(clients, server, &accesses)?;
    let server = Server::start_again(profile, &target()?.join("clients"))?;
    let is_there = server.organizations()?;
    for (access, (client, environment)) in accesses.iter_mut().zip(clients.of(Trial::Client)) {
        if !is_there.contains(&access.organization) {
            return Err(format!("{} was lost by a kill", access.organization));
        }
        access.url.clone_from(&server.url);
        access.acknowledged = acknowledged
            .iter()
            .find_map(|(name, count)| (*name == client.name).then_some(*count));
        let mut command = environment.tests(KEPT.0);
        closing.push(test(client, KEPT.1, access.tell(&mut command))?);
    }
    for (client, environment) in clients.of(Trial::Client) {
        let access = server.new_organization(&format!("{}-after-kill", client.name))?;
        let mut command = environment.tests(AGAIN.0);
        closing.push(test(client, AGAIN.1, access.tell(&mut command))?);
    }
    Ok(server)
}

/// Tests: the name of their file, and what they show.
type Tests = (&'static str, &'static str);

/// Of a client; all of them need the same organization to themselves, one after the other.
const OPERATIONS: [Tests; 3] = [
    ("client", "metering"),
    ("management", "what surrounds metering"),
    ("webhooks", "webhooks"),
];
const KEPT: Tests = ("after_kill", "what was acknowledged before a kill");
const AGAIN: Tests = ("client", "metering, after the kill");
const PACKAGE: Tests = ("client", "all that needs no shop");

/// Runs tests with a program; their closing line, and what it closes.
fn test(published: &Published, what: &str, command: &mut Command) -> Result<String, Failed> {
    let title = format!("{}, {what}", published.package);
    eprintln!("\nxtask: {title}");
    let ran = run_tests(command)?;
    match ran.as_slice() {
        [line] => Ok(format!("{line}: {title}")),
        _ => Err(format!("{title}: no test ran")),
    }
}

/// Lets all clients send at once, kills the server when each has got answers, and says how many requests of each were acknowledged.
fn kill_under_load(
    clients: &Clients,
    server: Server,
    accesses: &[Access],
) -> Result<Vec<(&'static str, u64)>, Failed> {
    eprintln!("\nxtask: all clients send, and the server is killed (SIGKILL)");
    let (report, reports) = mpsc::channel();
    let mut senders = Vec::new();
    for ((client, environment), access) in clients.of(Trial::Client).zip(accesses) {
        let mut command = environment.program("until_killed");
        let child = Sending::spawn(client.name, access.tell(&mut command), &report)?;
        senders.push(child);
    }
    drop(report);
    let mut counts: Vec<(&'static str, u64)> = (clients.of(Trial::Client))
        .map(|(client, _)| (client.name, 0))
        .collect();
    let is_short = |counts: &[(&str, u64)]| counts.iter().any(|(_, n)| *n < ACKNOWLEDGED_MIN);
    while is_short(&counts) {
        let Ok(acknowledged) = reports.recv_timeout(ACKNOWLEDGED_TIMEOUT) else {
            break;
        };
        acknowledged.count(&mut counts)?;
    }
    let in_time = !is_short(&counts);
    server.kill()?;
    // They end by themselves: the server is gone.
    for sender in senders {
        sender.wait()?;
    }
    if !in_time {
        return Err(format!("too few requests were acknowledged: {counts:?}"));
    }
    drain(&reports, &mut counts)?;
    eprintln!("xtask: acknowledged before the kill: {counts:?}");
    Ok(counts)
}

/// Counts what was reported until all who report have ended.
fn drain(
    reports: &Receiver<Acknowledged>,
    counts: &mut [(&'static str, u64)],
) -> Result<(), Failed> {
    for acknowledged in reports {
        acknowledged.count(counts)?;
    }
    Ok(())
}

/// That a request of a client was acknowledged, by the line that the client prints: the request's number, from 1 on.
#[derive(Debug)]
struct Acknowledged {
    client: &'static str,
    line: String,
}

impl Acknowledged {
    fn count(&self, counts: &mut [(&'static str, u64)]) -> Result<(), Failed> {
        let Self { client, line } = self;
        let count = counts.iter_mut().find(|(name, _)| name == client);
        let (_, count) = count.ok_or_else(|| format!("{client} was not started"))?;
        if line.parse() == Ok(*count + 1) {
            *count += 1;
            Ok(())
        } else {
            Err(format!("{client}: `{line}` came after request {count}"))
        }
    }
}

/// A client that sends until the server is killed. It is killed itself when dropped before.
#[derive(Debug)]
struct Sending {
    name: &'static str,
    child: Child,
    reader: Option<thread::JoinHandle<()>>,
}

impl Sending {
    fn spawn(
        name: &'static str,
        command: &mut Command,
        report: &Sender<Acknowledged>,
    ) -> Result<Self, Failed> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let reader = child.stdout.take().map(|out| {
            let report = report.clone();
            thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let client = name;
                    if report.send(Acknowledged { client, line }).is_err() {
                        return;
                    }
                }
            })
        });
        Ok(Self {
            name,
            child,
            reader,
        })
    }

    /// Waits for its end, and until all that it printed is reported.
    fn wait(mut self) -> Result<(), Failed> {
        let name = self.name;
        let status = self.child.wait();
        let status = status.map_err(|error| format!("{name}: {error}"))?;
        if let Some(reader) = self.reader.take() {
            reader
                .join()
                .map_err(|_| format!("{name}: its output could not be read"))?;
        }
        if status.success() {
            Ok(())
        } else {
            Err(format!("{name}: sending until the kill: {status}"))
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        // Fails when it has ended already, which is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledged_requests_are_counted_in_order() {
        let acknowledged = |client, line: &str| Acknowledged {
            client,
            line: line.to_owned(),
        };
        let mut counts = [("a", 0), ("b", 0)];
        assert_eq!(acknowledged("a", "1").count(&mut counts), Ok(()));
        assert_eq!(acknowledged("a", "2").count(&mut counts), Ok(()));
        assert_eq!(counts, [("a", 2), ("b", 0)]);
        for wrong in ["2", "4", "", "three"] {
            assert!(acknowledged("a", wrong).count(&mut counts).is_err());
        }
        assert!(acknowledged("c", "1").count(&mut counts).is_err());
    }
}
