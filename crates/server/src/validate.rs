//! Checks of values that clients send, in the manner of the reference.
//!
//! The reference validates with pydantic in its lax mode: text that reads as a number is taken where a number is wanted, each
//! member of a union reports its own faults, and all faults of a request are reported together. What is taken, and the place
//! and type of each fault, follow it as a rule; `docs/conformance.md` names the differences.
//!
//! Invariants:
//! - a validator returns [`Refused`] exactly when it has reported a fault, unless the faults are not wanted
//!   ([`Faults::none_wanted`]) or are too many to keep;
//! - the faults of one request are bounded in number and in bytes ([`FAULTS_MAX`], [`fault::ECHO_BYTES_MAX`]);
//! - no number becomes a float.

mod boolean;
mod choice;
mod datetime;
mod duration;
mod email;
mod fault;
mod hosts;
mod identifier;
mod integer;
mod literal;
mod metadata;
mod node;
mod path;
mod rule;
#[cfg(test)]
mod tests;
mod text;
mod url;

pub(crate) use boolean::boolean;
pub(crate) use choice::{choice, one_of};
pub(crate) use datetime::{Instant, datetime};
pub(crate) use duration::duration;
pub(crate) use email::email;
pub(crate) use fault::{FAULTS_MAX, Faults, FieldError, shortened};
pub(crate) use hosts::Hosts;
pub(crate) use identifier::{is_version_4, uuid, uuid4};
pub(crate) use integer::{Bounds, integer, integer_within};
pub(crate) use literal::decimal_from_text;
pub(crate) use metadata::{metadata, scalar};
pub(crate) use node::{Model, Node, list};
pub(crate) use path::{Path, Segment};
pub(crate) use rule::Rule;
pub(crate) use text::{Length, any_text, nested_text, refuse_nul, text, trimmed_or_none};
pub(crate) use url::http_url;

/// A fault has been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// What a validator gives.
pub(crate) type Checked<T> = Result<T, Refused>;
