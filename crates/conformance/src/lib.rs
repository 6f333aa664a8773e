//! Replays recorded conversations with the reference implementation against a running server and compares the answers.
//!
//! A recording is a file of JSON lines, a case a line: HTTP steps with the answers that the reference gave, in order,
//! on an organization of its own (`tests/conformance/recordings/README.md` has the format). [`replay`] plays one case
//! on a fresh organization and says of every step how far the answer agrees; [`Report`] adds the cases up.
//!
//! - An identifier that the reference made stands for the one that this server made at the same place ([`Mapping`]).
//! - Level 1 is the status, level 2 the body of a success and the name of an error, level 3 which field of a
//!   refused request is wrong and how. A level is reached only with all those below it.
//! - A step may differ only when it is listed, with the rule that says so ([`Expected`]); a listed step that agrees after all is
//!   reported, so that the list cannot rot.
#![warn(missing_docs)]

pub mod http;

mod compare;
mod mapping;
mod recording;
mod replay;
mod report;

pub use compare::{complaints, difference};
pub use http::{Answer, Client};
pub use mapping::Mapping;
pub use recording::{Call, Case, Control, Step, read_cases};
pub use replay::{Outcome, Refused, replay};
pub use report::{Expected, Failure, Glob, Level, Report, Tally};
