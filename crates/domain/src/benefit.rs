//! Benefits of kind meter credit, and their grants to customers. SEMANTICS 13, EXTENSIONS "Grants".

use crate::id::{BenefitId, CustomerId, GrantId, MeterId, OrganizationId};
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// The one kind of benefit that there is here, by its name on the wire.
pub const BENEFIT_TYPE: &str = "meter_credit";

/// Units of a meter that a customer is credited when the benefit is granted, and again with each cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benefit {
    /// Its id.
    pub id: BenefitId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// 3 to 42 characters.
    pub description: String,
    /// Who is told of it. Shown only.
    pub visibility: Visibility,
    /// What is credited.
    pub credit: MeterCredit,
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
    /// When it was deleted: gone from every read of benefits, shown with its grants.
    pub deleted_at: Option<Timestamp>,
}

/// What a benefit credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterCredit {
    /// Of which meter.
    pub meter: MeterId,
    /// How many units, 1 to 2,147,483,647.
    pub units: i64,
    /// Whether what is left of them passes on at a cycle.
    pub rollover: bool,
}

/// Who is told of a benefit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody yet.
    Draft,
    /// The organization alone.
    Private,
    /// Customers too.
    Public,
}

impl Visibility {
    /// All, in the order in which the contract lists them.
    pub const ALL: [Visibility; 3] = [Visibility::Draft, Visibility::Private, Visibility::Public];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Visibility::Draft => "draft",
            Visibility::Private => "private",
            Visibility::Public => "public",
        }
    }

    /// The visibility with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// A benefit in the hands of a customer. A customer has at most one grant of a benefit that is not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose the benefit and the customer are.
    pub organization: OrganizationId,
    /// What was granted.
    pub benefit: BenefitId,
    /// To whom.
    pub customer: CustomerId,
    /// When it was granted; `None` once it is revoked.
    pub granted_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What was credited last by it; stays when it is revoked.
    pub last_credit: Option<GrantedCredit>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; `None` until then.
    pub modified_at: Option<Timestamp>,
}

impl Grant {
    /// Whether the customer has it no more.
    pub const fn is_revoked(&self) -> bool {
        self.revoked_at.is_some()
    }
}

/// A credit that a grant made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantedCredit {
    /// Of which meter.
    pub meter: MeterId,
    /// How many units.
    pub units: i64,
    /// Whether what is left of them passes on at a cycle.
    pub rollover: bool,
    /// When it was received.
    pub at: Timestamp,
}

/// What happens to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantChange {
    /// It was made.
    Granted,
    /// A new period began: the window is new, and the units are credited again.
    Cycled,
    /// It was taken back.
    Revoked,
}

impl GrantChange {
    /// All that there are.
    pub const ALL: [GrantChange; 3] = [
        GrantChange::Granted,
        GrantChange::Cycled,
        GrantChange::Revoked,
    ];

    /// The name of the event that tells of it.
    pub const fn event_name(self) -> &'static str {
        match self {
            GrantChange::Granted => "benefit.granted",
            GrantChange::Cycled => "benefit.cycled",
            GrantChange::Revoked => "benefit.revoked",
        }
    }

    /// The change of which an event with this name tells.
    pub fn of_event(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.event_name() == name)
    }
}
