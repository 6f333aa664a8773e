//! The engine: takes events in, keeps what is derived from them, and answers questions about them.
//!
//! Five threads' worth of work, each with one owner:
//! - whoever calls [`Engine::submit`] looks up what is known of its events and puts them into the queue;
//! - the writer gathers the waiting requests into a group, organizations by turns, and tells each caller what became of it;
//! - the journal's thread writes and syncs a group while the writer gathers the next;
//! - upkeep folds new rows into what is kept for each meter and into the index of events, so that a query finds little left to fold;
//! - the sealer moves events from memory to segments, and keeps what is folded for the next start.
//!
//! Invariants:
//! - a caller is told of success only after the sync; the next query sees the events;
//! - a cube is derived: a query folds what upkeep has not, so that being late never makes an answer wrong.

#![warn(missing_docs)]

mod arrivals;
mod credits;
mod engine;
mod environment;
mod events;
mod ingest;
mod limits;
mod meters;
mod passes;
mod saved;
mod sealing;
mod tables;
mod upkeep;
mod usage;

pub use arrivals::Arrivals;
pub use credits::{EnterError, Entered, Entry, Keyed};
pub use engine::{Ask, Engine, OpenOptions};
pub use environment::{Clock, Random};
pub use ingest::{IngestError, Ingested};
pub use query::events::{
    EventDirection, EventQuestion, FoundEvent, IdentityTimes, Listed, NameOrder, NameQuestion,
    NameSummary, Part, TextCondition,
};
pub use query::{Answer, Customers};
pub use store::disk::{Disk, RealDisk};
pub use store::{Options as StoreOptions, RecoveryReport, StoreError};
pub use usage::{Customer, CustomerUsage, Identified};
