//! The log: one line an event on standard error, for people.

use std::io::IsTerminal;

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
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .init();
    Ok(())
}
