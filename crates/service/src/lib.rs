//! The use cases over catalogue and engine together.
//!
//! What HTTP, offline commands and simulation drive. Synchronous: whoever calls decides on which thread. Nothing here
//! knows HTTP. Every call but those of the administrator is under one organization; a row of another organization
//! looks like one that does not exist.

mod customers;
mod error;
mod ingest;
mod meters;
mod organizations;
mod quantities;
mod secrets;
mod service;

pub use customers::NewCustomer;
pub use engine::{Clock, Random};
pub use error::{Error, Fault, OpenError};
pub use ingest::Ingested;
pub use meters::{Change, Direction, MeterChanges, MeterOrder, MeterSearch, NewMeter};
pub use organizations::{NewToken, OrganizationChanges, TokenChanges};
pub use quantities::{Quantities, QuantitiesRequest};
pub use service::{Access, Listed, OpenOptions, Page, Principal, Service};
