//! Webhooks: what is written, and the sending of it.

mod payload;

pub use payload::Payloads;
