//! The log: one line an event on standard error, for people.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Which events are logged: a level, or directives such as `info,server=debug`.
pub(crate) const FILTER_VARIABLE: &str = "SEXTANT_LOG";

/// Starts the log. `default` is the filter when the environment has none.
///
/// # Errors
/// When the environment's filter cannot be read: a typing error must not hide what somebody wanted to see.
pub(crate) fn start(default: &str) -> anyhow::Result<()> {
    let directives = match std::env::var(FILTER_VARIABLE) {
        Ok(directives) if !directives.is_empty() => directives,
        _ => default.to_owned(),
    };
    let filter = EnvFilter::try_new(&directives)
        .with_context(|| format!("read `{directives}` in {FILTER_VARIABLE}"))?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Heedless(io::stderr()))
        .log_internal_errors(false)
        .with_ansi(colour)
        .init();
    Ok(())
}

/// A writer whose failures nobody notices. A log that cannot be written, because the disk is full or the reader of a pipe has gone, must
/// not stop what is logged; the subscriber would panic where it reports the failure to the same place.
#[derive(Debug)]
struct Heedless<W>(W);

impl<W: Write> Write for Heedless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).or(Ok(())).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_log_that_cannot_be_written_is_no_failure() {
        let mut log = Heedless(Full);
        assert!(log.write_all(b"line").is_ok());
        assert!(log.flush().is_ok());
    }
}
