//! What goes over the wire: the bodies of requests and answers, and the errors.
//!
//! For the server, for our own client commands and for tests. Knows no crate of ours, so that a change of the wire is
//! visible as one. Invariants:
//! - every declared field is written, unset ones as null; requests leave unset fields out;
//! - no number becomes a float here: a [`Decimal`] holds the digits as they are on the wire;
//! - every type knows its JSON Schema, which the OpenAPI document is made of; where a field is text on the wire, a marker of
//!   `schema` says of what kind;
//! - identifiers and times are text as they are on the wire: version 4 UUIDs in lower case, ISO 8601 with an offset.

#![warn(missing_docs)]

mod benefit;
mod customer;
mod customer_meter;
mod customer_portal;
mod customer_session;
mod customer_state;
mod decimal;
mod error;
mod event;
mod event_type;
mod grant;
mod health;
mod metadata;
mod meter;
mod organization;
mod page;
mod schema;
mod token;
mod webhook;

pub use benefit::{Benefit, BenefitCreate, BenefitProperties, BenefitUpdate};
pub use customer::{Address, Customer, CustomerCreate, CustomerUpdate, MemberOwnerCreate};
pub use customer_meter::{CustomerMeter, CustomerMeterCredit, CustomerMeterReset};
pub use customer_portal::{CustomerCustomerMeter, CustomerCustomerMeterMeter};
pub use customer_session::{CustomerSession, CustomerSessionCreate, CustomerSessionExternalCreate};
pub use customer_state::{CustomerState, CustomerStateMeter, Subscription};
pub use decimal::{Decimal, NotANumber};
pub use error::{
    ErrorBody, ResourceNotFound, RoutingBody, TokenErrorBody, ValidationBody, ValidationError,
};
pub use event::{
    BenefitGrantMetadata, Event, EventCreate, EventName, EventsIngest, EventsIngestResponse,
    MeterCreditedMetadata, MeterResetMetadata,
};
pub use event_type::{EventType, EventTypeUpdate, EventTypeWithStats};
pub use grant::{
    BenefitGrant, BenefitGrantCreate, BenefitGrantCycle, BenefitGrantError, BenefitGrantProperties,
    CustomerStateBenefitGrant, Member,
};
pub use health::Health;
pub use metadata::Metadata;
pub use meter::{
    Aggregation, Clause, Comparison, Filter, Meter, MeterCreate, MeterQuantities, MeterQuantity,
    MeterUpdate, Operand,
};
pub use organization::{
    Capabilities, CustomerEmailSettings, CustomerPortalSettings, DisputeSettings,
    DisputeSettingsUpdate, FeatureSettings, FeatureSettingsUpdate, Organization,
    OrganizationCreate, OrganizationDetails, OrganizationUpdate, PortalCustomerSettings,
    PortalSubscriptionSettings, PortalUsageSettings, SocialLink, SubscriptionSettings,
};
pub use page::{CursorListResource, CursorPagination, ListResource, Pagination};
pub use schema::COUNTRIES;
pub use token::{
    OrganizationAccessToken, OrganizationAccessTokenCreate, OrganizationAccessTokenCreated,
    OrganizationAccessTokenUpdate,
};
pub use webhook::{
    WebhookBenefitGrant, WebhookDelivery, WebhookEndpoint, WebhookEndpointCreate,
    WebhookEndpointUpdate, WebhookEvent, WebhookPayload,
};
