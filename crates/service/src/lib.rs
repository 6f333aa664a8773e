//! The use cases over catalogue and engine together.
//!
//! What HTTP, offline commands and simulation drive. Synchronous: whoever calls decides on which thread. Nothing here
//! knows HTTP. Every call but those of the administrator is under one organization; a row of another organization
//! looks like one that does not exist.
//!
//! What requests need of the catalogue to be let in (tokens, who the customers are, what the meters measure) is in memory, and
//! is changed after the catalogue has it, by the one process that writes there.

#![warn(missing_docs)]

mod anonymize;
mod benefits;
mod change;
mod customer_meters;
mod customers;
mod directory;
mod error;
mod event_types;
mod events;
mod grants;
mod ingest;
mod labels;
mod limits;
mod meters;
mod organizations;
mod profiles;
mod quantities;
mod secrets;
mod service;
mod sessions;
mod webhooks;

pub use benefits::{BenefitChanges, NewBenefit};
pub use catalog::{
    BenefitOrder, BenefitSearch, CustomerOrder, CustomerPlace, CustomerSearch, Direction, Listed,
    MeterOrder, MeterSearch, OrganizationOrder, OrganizationSearch, Page,
};
pub use change::Change;
pub use customer_meters::{
    CustomerKey, CustomerMeter, CustomerMeterOrder, CustomerMeterSearch, CustomerState, NewCredit,
    NewReset, PortalSearch, Written,
};
pub use customers::{CustomerChanges, NewCustomer, NewOwner};
pub use domain::Timestamp;
pub use engine::{Clock, Disk, Random, RealDisk, RecoveryReport, StoreOptions};
pub use error::{Error, Fault, OpenError};
pub use event_types::{EventTypeSearch, EventTypeStats};
pub use events::{
    EventDirection, EventName, EventNameOrder, EventNameSearch, EventSearch, EventView,
};
pub use grants::{GrantOrder, GrantSearch, GrantView, Granted, NewGrant};
pub use ingest::Ingested;
pub use meters::{MeterChanges, NewMeter};
pub use organizations::{NewToken, OrganizationChanges, TokenChanges};
pub use profiles::Profile;
pub use quantities::{Quantities, QuantitiesRequest};
pub use service::{Access, OpenOptions, Opened, Principal, Service};
pub use sessions::{CreatedSession, CustomerAccess, NewSession};
pub use webhooks::{
    Announcement, BenefitChange, CustomerChange, DeliveryOutcome, DeliverySearch, FinishedDelivery,
    NewWebhookEndpoint, PendingDelivery, Round, RoundFailure, Step, Unnoted,
    WebhookEndpointChanges, WebhookPayloads,
};
