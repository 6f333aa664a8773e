//! What is logged of requests: one line each at level debug, and failures of ours once, with their causes. Never bodies,
//! tokens, query strings or anything that an organization wrote.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use http::{HeaderValue, Method, StatusCode};

use crate::error::Failure;

/// Numbers requests. An answer carries its number in `X-Request-Id`, so that a line of the log is found again.
#[derive(Debug)]
pub(crate) struct RequestIds {
    // Tells the requests of one start of the server from those of another.
    start: i64,
    next: AtomicU64,
}

/// The number of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(String);

/// What is logged of a request that has been answered.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    /// The number of the request.
    pub(crate) id: &'a RequestId,
    /// Its method.
    pub(crate) method: &'a Method,
    /// The pattern of its path; empty when there is none. Never the path itself, which names rows.
    pub(crate) route: &'static str,
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// From the request's headers to the answer.
    pub(crate) duration: Duration,
}

impl RequestIds {
    /// For a server that starts now.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            start: now.micros(),
            next: AtomicU64::new(1),
        }
    }

    /// The next number.
    pub(crate) fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId(format!("{:x}-{number:x}", self.start))
    }
}

impl RequestId {
    /// As the value of a header.
    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::try_from(&self.0).expect("digits and a hyphen")
    }
}

impl Answered<'_> {
    /// Logs it.
    pub(crate) fn log(&self) {
        tracing::debug!(
            request.id = self.id.0,
            http.method = self.method.as_str(),
            http.route = self.route,
            http.status = self.status.as_u16(),
            duration_us = u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            "answered a request"
        );
    }
}

/// Logs a failure that is ours. Those of clients are theirs to see.
pub(crate) fn failed(id: &RequestId, route: &'static str, failure: &Failure) {
    let id = id.0.as_str();
    let refused = |what: &str| tracing::warn!(request.id = id, http.route = route, "{what}");
    match failure {
        Failure::Internal(source) => {
            let causes = causes(source.as_ref());
            tracing::error!(
                request.id = id,
                http.route = route,
                error = causes,
                "a request failed"
            );
        }
        Failure::Panicked(text) => {
            tracing::error!(
                request.id = id,
                http.route = route,
                error = text,
                "a request panicked"
            );
        }
        Failure::NoSpace => refused("a write was refused: no space left"),
        Failure::WritesStopped => refused("a write was refused: writes are stopped"),
        Failure::Overloaded => refused("a write was refused: too many wait"),
        Failure::OrganizationFull => refused("a write was refused: too many events"),
        Failure::NoRoom => refused("a body was refused: too many at once"),
        Failure::Busy => refused("a request was refused: too many wait"),
        Failure::UnknownPath
        | Failure::MethodNotAllowed(_)
        | Failure::BodyTooLarge(_)
        | Failure::BodyTooSlow
        | Failure::BodyCut
        | Failure::BodyUnreadable
        | Failure::InvalidToken
        | Failure::Unauthorized
        | Failure::InsufficientScope(_)
        | Failure::Form(_)
        | Failure::Rules(_)
        | Failure::Faults(_)
        | Failure::NotFound => {}
    }
}

/// Logs that the rest of an answer could not be made. Which one it was is told by what was logged when it began.
pub(crate) fn cut_short(failure: &Failure) {
    let error = match failure {
        Failure::Internal(source) => causes(source.as_ref()),
        Failure::Panicked(text) => text.clone(),
        other => format!("{other:?}"),
    };
    tracing::error!(error, "an answer was cut short");
}

/// An error and what caused it, outermost first.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, ": {cause}").expect("writing to a string");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_requests_differ() {
        let ids = RequestIds::new(Timestamp::EPOCH);
        assert_eq!(ids.next().0, "0-1");
        assert_eq!(ids.next().header_value(), "0-2");
    }

    #[test]
    fn causes_are_named_outermost_first() {
        let inner = std::io::Error::other("disk on fire");
        let outer = service::Error::Internal(Box::new(inner));
        assert_eq!(causes(&outer), "internal error: disk on fire");
    }
}
