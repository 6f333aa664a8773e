//! The catalogue: the rows that a person manages. Organizations, their access tokens, customers and meters.
//!
//! One file of SQLite in the data folder (or none, in memory, for tests and simulation), behind [`Catalog`]. It is
//! the truth for these rows; what ingest needs of them is read once at the start and kept in memory by whoever writes
//! here.
//!
//! Invariants of the crate:
//! - when a method that writes returns, what it wrote is on disk (in the write-ahead log, synced); when it fails,
//!   nothing of it was written;
//! - every row but an organization's is read and written under its organization;
//! - no SQL is made from what a tenant wrote: statements are put together from constants, values are bound;
//! - text is ordered by code point, and case is ignored by the simple case folding of Unicode;
//! - no clock and no randomness: times and identifiers come with the rows.
//!
//! All methods block: those that write for one sync of the disk, those that list for as long as it takes to look at the
//! organization's rows (see [`Catalog::customers`]). Reads do not wait for writes, nor writes for reads, but in memory.

#![warn(missing_docs)]

mod benefits;
mod columns;
mod conditions;
mod customers;
mod database;
mod error;
mod event_labels;
mod fold;
mod functions;
mod grants;
mod list;
mod members;
mod meters;
mod organizations;
mod outbox;
mod pattern;
mod schema;
mod sessions;
mod settings;
mod tokens;
mod webhooks;

#[cfg(test)]
mod samples;

pub use benefits::{BenefitOrder, BenefitSearch};
pub use customers::{
    CustomerIdentity, CustomerOrder, CustomerPlace, CustomerSearch, is_same_email,
};
pub use database::Catalog;
pub use error::CatalogError;
pub use fold::TextSearch;
pub use grants::{GrantOrder, GrantSearch, GrantStep, GrantsOf};
pub use list::{Direction, Listed, Page};
pub use meters::{MeterOrder, MeterSearch};
pub use organizations::{OrganizationOrder, OrganizationSearch};
pub use outbox::{Outbox, StateChange};
pub use webhooks::{DeliverySearch, DueState, Patience, ToldState, Turn, WaitingEvents};
