//! The server that the clients talk to: started, killed, started again, stopped; and the command line as its administrator.

use std::fs;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::run::{Failed, Profile, target};

/// The administrator's token of a server that only this machine reaches, and only for the time of the tests.
const ADMIN_TOKEN: &str = "sextant_adm_for_tests";

/// All that a token of an organization may be allowed.
const SCOPES: [&str; 18] = [
    "meters:read",
    "meters:write",
    "customer_meters:read",
    "customer_meters:write",
    "events:read",
    "events:write",
    "customers:read",
    "customers:write",
    "customer_sessions:write",
    "members:read",
    "members:write",
    "benefits:read",
    "benefits:write",
    "organizations:read",
    "organizations:write",
    "webhooks:read",
    "webhooks:write",
    "openid",
];

/// A server that does not listen after this time, or does not end, has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    process: Child,
    /// Its lines on standard output; at their end, it has ended.
    lines: Receiver<String>,
    /// Where it listens.
    pub(crate) url: String,
}

/// What a client is told: where the server is, and its tokens.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) url: String,
    /// The slug of its organization.
    pub(crate) organization: String,
    token: String,
    reader_token: String,
    /// How many of its requests were acknowledged before a kill.
    pub(crate) acknowledged: Option<u64>,
}

impl Server {
    /// Starts on a new data folder below this one.
    pub(crate) fn start_new(profile: Profile, folder: &Path) -> Result<Self, Failed> {
        let data = folder.join("data");
        match fs::remove_dir_all(&data) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", data.display()));
            }
            _ => {}
        }
        Self::start_again(profile, folder)
    }

    /// Starts on the data folder of the last one.
    pub(crate) fn start_again(profile: Profile, folder: &Path) -> Result<Self, Failed> {
        let program = target()?.join(profile.folder()).join("sextant");
        let log_path = folder.join("server.log");
        let failed = |error: io::Error| format!("start {}: {error}", program.display());
        let log = File::create(&log_path).map_err(failed)?;
        let mut process = command(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            // What receives webhooks in a test is on this machine.
            .env("SEXTANT_WEBHOOKS_ALLOW_PRIVATE", "true")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let (sender, lines) = mpsc::channel();
        if let Some(out) = process.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    // Nobody waits for lines after the first, but the server must never wait for a reader.
                    let _unread = sender.send(line);
                }
            });
        }
        let mut server = Self {
            program,
            process,
            lines,
            url: String::new(),
        };
        loop {
            let line = server.lines.recv_timeout(PATIENCE).map_err(|_| {
                let log = fs::read_to_string(&log_path).unwrap_or_default();
                format!("the server does not listen; its log:\n{log}")
            })?;
            if let Some((_, url)) = line.split_once("listening on ") {
                url.trim().clone_into(&mut server.url);
                return Ok(server);
            }
        }
    }

    /// Makes an organization of this slug, a token for everything, and one for reading meters.
    pub(crate) fn new_organization(&self, name: &str) -> Result<Access, Failed> {
        let slug = name.replace('.', "-");
        self.administer(&["organization", "create", "--name", name, "--slug", &slug])?;
        let token = self.new_token(&slug, &SCOPES)?;
        let reader_token = self.new_token(&slug, &["meters:read"])?;
        Ok(Access {
            url: self.url.clone(),
            organization: slug,
            token,
            reader_token,
            acknowledged: None,
        })
    }

    /// Makes a token with these scopes in the organization of this slug.
    fn new_token(&self, slug: &str, scopes: &[&str]) -> Result<String, Failed> {
        let mut args = vec!["token", "create", "--organization", slug];
        args.extend(["--comment", "tests of a client"]);
        args.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        self.administer(&args)
    }

    /// The slugs of all organizations, and what else a list of them says.
    pub(crate) fn organizations(&self) -> Result<String, Failed> {
        self.administer(&["organization", "list"])
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) -> Result<(), Failed> {
        self.process
            .kill()
            .and_then(|()| self.process.wait())
            .map(drop)
            .map_err(|error| format!("kill the server: {error}"))
    }

    /// Asks it to stop, and waits for it.
    ///
    /// # Errors
    /// When it does not end in time, or says that something was not well.
    pub(crate) fn stop(mut self) -> Result<(), Failed> {
        // The shell has `kill` built in; the standard library can only kill.
        let script = format!("kill -TERM {}", self.process.id());
        let told = Command::new("sh").args(["-c", &script]).status();
        if !told.is_ok_and(|status| status.success()) {
            return Err(format!("{script} failed"));
        }
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Err("the server does not stop".to_owned());
                }
            }
        }
        match self.process.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the server ended with {status}")),
            Err(error) => Err(format!("wait for the server: {error}")),
        }
    }

    /// Runs a command of the administrator's; what it printed.
    fn administer(&self, args: &[&str]) -> Result<String, Failed> {
        let name = format!("sextant {}", args.join(" "));
        let output = command(&self.program)
            .args(args)
            .env("SEXTANT_URL", &self.url)
            .output()
            .map_err(|error| format!("{name}: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{name}: {}\n{said}", output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails when it has ended already, which is as good.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Access {
    /// Puts it into the environment of a client, and takes what could lead the client elsewhere out.
    pub(crate) fn tell<'command>(&self, client: &'command mut Command) -> &'command mut Command {
        without_settings(client);
        client
            .env("SEXTANT_URL", &self.url)
            .env("SEXTANT_TOKEN", &self.token)
            .env("SEXTANT_READER_TOKEN", &self.reader_token);
        if let Some(count) = self.acknowledged {
            client.env("SEXTANT_ACKNOWLEDGED", count.to_string());
        }
        client
    }
}

/// Puts the administrator's token into the environment of a program.
pub(crate) fn tell_administrator(command: &mut Command) -> &mut Command {
    command.env("SEXTANT_ADMIN_TOKEN", ADMIN_TOKEN)
}

/// The program with the administrator's token, in an environment without settings of the person who runs this.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    without_settings(&mut command);
    tell_administrator(&mut command).stdin(Stdio::null());
    command
}

/// Takes every setting of a server, of a client and of a proxy out of the command's environment.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("SEXTANT_") || upper.starts_with("POLAR_") || upper.ends_with("_PROXY")
        {
            command.env_remove(name);
        }
    }
}
