//! The engine: takes events in, keeps what is derived from them, and answers quantities.
#![warn(missing_docs)]

mod environment;

pub use environment::{Clock, Random};
