//! Customer meters: what each customer used of each meter since its last reset, and what is left of its credits. SEMANTICS 12, 19.3,
//! 19.4; EXTENSIONS "Credits and resets".

pub(crate) mod enter;
mod list;
pub(crate) mod parties;
mod portal;

use domain::{
    Customer, CustomerId, CustomerMeterId, Meter, MeterId, Number, OrganizationId, Timestamp,
};

pub use portal::PortalSearch;

use crate::{Direction, Error, GrantView, Profile, Service};

/// What a customer used of a meter.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerMeter {
    /// Made from the ids of the two.
    pub id: CustomerMeterId,
    /// When the customer's first event or credit was received, or the meter was made, whichever came later.
    pub created_at: Timestamp,
    /// When the last event was received that it counts, or the last credit or reset of the meter; `None` until then.
    pub modified_at: Option<Timestamp>,
    /// Whose; also a deleted customer.
    pub customer: Profile,
    /// Of what.
    pub meter: Meter,
    /// The meter's aggregate over the window's events.
    pub consumed: Number,
    /// The window's credits, never below zero on the way; a whole number.
    pub credited: Number,
    /// Credited less consumed.
    pub balance: Number,
}

/// Which customer meters are listed. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerMeterSearch {
    /// Of these customers.
    pub customers: Vec<CustomerId>,
    /// Of the customers that have these external ids now.
    pub external_customers: Vec<String>,
    /// Of these meters, archived or not. Empty: of all that are not archived.
    pub meters: Vec<MeterId>,
    /// By what they are ordered, first criterion first; the id comes last. Empty: last modified first, and before them those that were
    /// never modified.
    pub sorting: Vec<(CustomerMeterOrder, Direction)>,
}

/// By what customer meters may be ordered. Descending puts what is empty first, ascending last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerMeterOrder {
    /// See [`CustomerMeter::created_at`].
    CreatedAt,
    /// See [`CustomerMeter::modified_at`].
    ModifiedAt,
    /// By the customer's id.
    CustomerId,
    /// By the customer's name, by code point.
    CustomerName,
    /// By the meter's id.
    MeterId,
    /// By the meter's name, by code point.
    MeterName,
    /// See [`CustomerMeter::consumed`].
    ConsumedUnits,
    /// See [`CustomerMeter::credited`].
    CreditedUnits,
    /// See [`CustomerMeter::balance`].
    Balance,
}

/// A customer, as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerKey {
    /// By its id.
    Id(CustomerId),
    /// By the external id that it has now.
    External(String),
}

/// Units to be credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredit {
    /// To whom.
    pub customer: CustomerKey,
    /// Of which meter.
    pub meter: MeterId,
    /// How many; not 0.
    pub units: i64,
    /// Whether what is left of them passes on to the next window.
    pub rollover: bool,
    /// When, not in the future; `None`: when it is received.
    pub timestamp: Option<Timestamp>,
    /// Counts once among the credits and resets of the organization.
    pub external_id: Option<String>,
}

/// A window to be begun anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReset {
    /// Whose.
    pub customer: CustomerKey,
    /// Of which meter.
    pub meter: MeterId,
    /// Whether units that roll over are credited again.
    pub carry_over: bool,
    /// From when on, by receipt; `None`: from its own receipt on, so that nothing is in the window yet.
    pub timestamp: Option<Timestamp>,
    /// Counts once among the credits and resets of the organization.
    pub external_id: Option<String>,
}

/// What became of a credit or a reset.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The customer meter as it is now.
    pub customer_meter: CustomerMeter,
    /// Whether something was written; `false` for a repeat.
    pub is_new: bool,
}

/// A customer, what it was granted and all its customer meters (SEMANTICS 11.10).
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerState {
    /// Who.
    pub profile: Profile,
    /// One for each meter, the oldest first, archived ones too.
    pub meters: Vec<CustomerMeter>,
    /// What it was granted and has still, the oldest first.
    pub grants: Vec<GrantView>,
}

impl Service {
    /// A customer that is not deleted, with its grants and all its customer meters.
    pub fn customer_state(
        &self,
        organization: OrganizationId,
        customer: Customer,
    ) -> Result<CustomerState, Error> {
        let meters = self.catalog.meters_of(organization)?;
        self.customer_state_of(customer, &meters)
    }

    /// The same with the organization's meters, for whoever has them already.
    pub(crate) fn customer_state_of(
        &self,
        customer: Customer,
        meters: &[Meter],
    ) -> Result<CustomerState, Error> {
        let organization = customer.organization;
        let profile = self.profile(customer)?;
        let id = profile.customer.id;
        Ok(CustomerState {
            grants: self.grants_of(organization, id)?,
            meters: self.customer_meters_of(&profile, meters)?,
            profile,
        })
    }
}
