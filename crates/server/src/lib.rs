//! HTTP: routes, conversions, errors, authentication, limits. The only async crate.
//!
//! The way of a request: `serve` (connections, time limits) -> `app` (version, size, token, route, in the order that clients rely on)
//! -> a handler under `routes` -> `service`, on a bounded pool where it may block -> `convert` -> the answer. Errors become
//! answers in one place, `error`. JSON is read by `json` and `request` and written by `api`; past here there is none.

#![warn(missing_docs)]

mod json;
mod request;
mod validate;
