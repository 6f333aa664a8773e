//! Starts and stops `sextant serve` for a test.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use conformance::Client;

/// The admin token of every server that is started with one.
pub(crate) const ADMIN_TOKEN: &str = "sextant_adm_for_tests";

/// A server that does not say within this time that it listens has failed.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// As [`START_TIMEOUT`], for a server that was told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// As [`START_TIMEOUT`], for a line of the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server. It is killed when dropped, and then says what it logged if the test has failed.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    url: String,
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    /// What it wrote to standard error.
    pub(crate) log: String,
}

impl Server {
    /// Starts a server on the folder, with [`ADMIN_TOKEN`].
    pub(crate) fn start(folder: &Path) -> Self {
        Self::spawn(with_admin_token(&mut serve(folder))).expect("the server starts")
    }

    /// Starts what [`serve`] made, and waits until it listens.
    ///
    /// # Errors
    /// When it ends instead.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Exit> {
        let mut process = Process::spawn(command);
        match process.wait_until_listening() {
            Some(url) => Ok(Self { process, url }),
            None => Err(process.wait()),
        }
    }

    /// Where it listens, `http://ADDR:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A new client; it connects when first used.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url).expect("the server says where it listens")
    }

    /// A bare connection that gives up reading after half a minute.
    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a socket option");
        stream
    }

    /// What it has written to standard error, as soon as `has_it` finds in it what it looks for. (Standard output and error
    /// are two pipes: what was written first may be read last.)
    #[track_caller]
    pub(crate) fn log_with(&self, has_it: impl Fn(&str) -> bool) -> String {
        self.process.log.wait_for(has_it)
    }

    /// Its process id.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.child.id()
    }

    /// Ends it as a power cut would (SIGKILL).
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Sends `TERM` or `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.process_id(), name);
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Exit {
        self.process.wait()
    }

    /// Asks it to stop, and waits for it.
    pub(crate) fn stop(self) -> Exit {
        self.signal("TERM");
        self.wait()
    }
}

/// `sextant serve` on the folder and a free port, in an environment without settings of the person who runs the tests.
pub(crate) fn serve(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sextant"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder);
    without_settings(&mut command);
    command
}

/// Takes every setting of a server out of the command's environment.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SEXTANT_") {
            command.env_remove(name);
        }
    }
}

/// Gives the server [`ADMIN_TOKEN`].
pub(crate) fn with_admin_token(command: &mut Command) -> &mut Command {
    command.env("SEXTANT_ADMIN_TOKEN", ADMIN_TOKEN)
}

/// Sends a signal. (The shell has `kill` built in; the standard library can only kill.)
fn signal(process_id: u32, name: &str) {
    let script = format!("kill -{name} {process_id}");
    let status = Command::new("sh")
        .args(["-c", &script])
        .status()
        .expect("a shell");
    assert!(status.success(), "{script}: {status}");
}

/// A child whose output is read to the end, so that it never waits for a reader.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    log: Arc<Log>,
    log_reader: Option<JoinHandle<()>>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built");
        let out = child.stdout.take().expect("piped");
        let err = child.stderr.take().expect("piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Nobody waits for lines after the first.
                let _unread = sender.send(line);
            }
        });
        let log = Arc::new(Log::default());
        let log_reader = Some(thread::spawn({
            let log = Arc::clone(&log);
            move || log.collect(err)
        }));
        Self {
            child,
            lines,
            log,
            log_reader,
        }
    }

    /// The address in the line `listening on http://ADDR:PORT`; `None` when it ends without.
    fn wait_until_listening(&mut self) -> Option<String> {
        loop {
            match self.lines.recv_timeout(START_TIMEOUT) {
                Ok(line) => {
                    if let Some((_, url)) = line.split_once("listening on ") {
                        return Some(url.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    panic!(
                        "no line `listening on` in {START_TIMEOUT:?}; log:\n{}",
                        self.log()
                    )
                }
            }
        }
    }

    fn log(&self) -> String {
        self.log.wait_for(|_| true)
    }

    fn wait(&mut self) -> Exit {
        // Its output ends when it does.
        loop {
            match self.lines.recv_timeout(STOP_TIMEOUT) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("still running; log:\n{}", self.log()),
            }
        }
        let status = self.child.wait().expect("our own child");
        if let Some(reader) = self.log_reader.take() {
            reader.join().expect("the reader of the log does not panic");
        }
        Exit {
            status,
            log: self.log(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended already, which is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.log());
        }
    }
}

/// What a process has written to standard error so far.
#[derive(Debug, Default)]
struct Log {
    text: Mutex<String>,
    has_grown: Condvar,
}

impl Log {
    fn collect(&self, from: impl Read) {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&String::from_utf8_lossy(&line));
            text.push('\n');
            self.has_grown.notify_all();
        }
    }

    #[track_caller]
    fn wait_for(&self, has_it: impl Fn(&str) -> bool) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .has_grown
            .wait_timeout_while(text, LOG_TIMEOUT, |text| !has_it(text));
        let (text, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "not in the log:\n{text}");
        text.clone()
    }
}
