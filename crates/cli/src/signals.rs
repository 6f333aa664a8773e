//! Signals: which end the server in good order, and which must not end it.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGXFSZ on Linux and the BSDs: a write would pass the limit on the size of a file.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// The signals that ask the server to end. Made once, before the server takes requests, so that no signal is lost.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals over. A write past the limit on the size of a file comes back as an error from now on instead
    /// of killing the program (a broken pipe does so anyway). Needs a running tokio runtime.
    pub(crate) fn register() -> anyhow::Result<Self> {
        let register = |kind: SignalKind| {
            signal(kind).with_context(|| format!("take over signal {}", kind.as_raw_value()))
        };
        // The handler stays when the value is dropped.
        drop(register(SignalKind::from_raw(FILE_SIZE_EXCEEDED))?);
        Ok(Self {
            interrupt: register(SignalKind::interrupt())?,
            terminate: register(SignalKind::terminate())?,
        })
    }

    /// Waits for Ctrl-C or SIGTERM and gives its name.
    pub(crate) async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
