//! Webhooks: endpoints, what they are told (a queue that outlives a restart), the attempts to tell them, and the customers whose state
//! is to be told.
//!
//! The tables are the truth of what is to be sent. An event waits as long as its `next_attempt_at` is set: for its first attempt in
//! the order in which events were written, for another one by time.

mod deliveries;
mod endpoints;
mod events;
mod payloads;
mod states;
#[cfg(test)]
mod tests;
mod upkeep;

pub use deliveries::DeliverySearch;
pub use events::{Patience, Turn};
pub use states::{DueState, ToldState};
pub use upkeep::WaitingEvents;

pub(crate) use events::insert_events;
pub(crate) use payloads::forget_customer;
