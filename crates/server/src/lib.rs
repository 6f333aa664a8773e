//! HTTP: routes, conversions, errors, authentication, limits. The only async crate.
//!
//! The way of a request: `serve` and `connection` (accepting, time limits) -> `router` (version, size, token, path, in the order
//! that clients rely on) -> a handler under `routes` -> `service`, on a bounded pool where it may block -> `convert` -> the
//! answer. Errors become answers in one place, `error`. JSON is read by `json`, `validate` and `request` and written by
//! `api`; past here there is none.
//!
//! Invariants of the crate:
//! - every queue, body and wait has a bound, and all of them are in `limits`;
//! - no caller can take so much of threads or memory that nothing is left for others (`supply`);
//! - no thread that serves connections waits for the disk or works out a quantity;
//! - what fails is answered, also when our code panics, and the server goes on.

#![warn(missing_docs)]

mod answers;
mod asset;
mod auth;
mod body;
mod call;
mod connection;
mod convert;
mod cors;
mod error;
mod json;
mod limits;
mod openapi;
mod page;
mod pool;
mod reply;
mod request;
mod route;
mod router;
mod routes;
mod serve;
mod settings;
mod supply;
mod telemetry;
#[cfg(test)]
mod testing;
mod validate;
mod version;
mod webhooks;

pub use reply::{Body, CutShort, Response};
pub use router::Router;
pub use serve::serve;
pub use settings::{PublicUrl, PublicUrlError, Settings};
pub use webhooks::Payloads;
