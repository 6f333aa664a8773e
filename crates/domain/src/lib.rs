//! What a metered number means.
//!
//! Events, meters, filters, aggregations, intervals and exact numbers: every rule that decides what is counted is
//! written here once, and every path (live update, scan, backfill) calls this one reading.
//!
//! Invariants of the crate:
//! - pure: no input or output, no clock, no randomness, nothing async, no serialisation framework;
//! - no floats: a float exists only as the digits of a printed number, and those are made from exact values;
//! - nothing a client sends makes a function here panic or allocate without bound.

#![warn(missing_docs)]
#![deny(clippy::arithmetic_side_effects)]

pub mod aggregation;
pub mod benefit;
pub mod customer;
pub mod event;
pub mod event_type;
pub mod filter;
pub mod hash;
pub mod id;
pub mod interval;
pub mod member;
pub mod metadata;
pub mod metadata_filter;
pub mod meter;
pub mod number;
pub mod organization;
pub mod packed;
pub mod property;
pub mod session;
pub mod system;
pub mod tax_id;
pub mod time;
pub mod units;
pub mod webhook;
pub mod zone;

pub use aggregation::{Aggregation, Contribution, Function, Measured, State};
pub use benefit::{Benefit, Grant, GrantChange, GrantedCredit, MeterCredit, Visibility};
pub use customer::{Address, Customer, CustomerKind};
pub use event::{DecodeError, Event, EventBatch, Identity, Member, OwnedIdentity, Source};
pub use event_type::{EventLabel, EventType};
pub use filter::{Clause, Comparison, Conjunction, Filter, Operand, Operator, Subject};
pub use hash::KeyedHash;
pub use id::{
    BenefitId, CustomerId, CustomerMeterId, CustomerMeterIds, CustomerMeterTags, DeliveryId,
    EventId, EventIds, EventTypeId, EventTypeIds, GrantId, MemberId, MeterId, OrganizationId,
    SessionId, TokenId, WebhookEndpointId, WebhookEventId,
};
pub use interval::Interval;
pub use member::TeamMember;
pub use metadata::{Metadata, MetadataBuilder, MetadataRef, Value};
pub use metadata_filter::{MetadataCondition, MetadataFilter};
pub use meter::{Definition, Meter, Unit};
pub use number::{Number, Spelling};
pub use organization::{Organization, Scope, Scopes, Token};
pub use property::Property;
pub use session::CustomerSession;
pub use system::SystemEvent;
pub use tax_id::{TaxId, TaxIdFormat};
pub use time::{TimeRange, Timestamp};
pub use units::UnitRange;
pub use webhook::{
    WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookEventType, WebhookEventTypes,
    WebhookFormat,
};
pub use zone::Zone;
