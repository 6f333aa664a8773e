//! Webhooks: what is written, and the sending of it.

mod address;
mod payload;

pub(crate) use address::Hosts;
pub use payload::Payloads;
