//! How many files the process may have open at once.
//!
//! Connections, webhooks that are being sent, the catalogue and the files that questions read come close to 1,024, where many systems
//! begin. They let a program have more.

/// How many are asked for, as far as the system lets us: several times what the server's bounds add up to.
const WANTED: u64 = 4_096;

/// With fewer the server runs, but may come to the limit when everything comes together.
const FEW: u64 = 2_048;

/// Raises the limit. What goes wrong is logged: the server may do with what it has.
pub(crate) fn raise_limit() {
    match rlimit::increase_nofile_limit(WANTED) {
        Ok(limit) if limit < FEW => tracing::warn!(
            limit,
            wanted = FEW,
            "few files may be open at once: with many connections and webhooks there may be too few"
        ),
        Ok(limit) => tracing::debug!(limit, "so many files may be open at once"),
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the limit on open files was not raised"
        ),
    }
}
