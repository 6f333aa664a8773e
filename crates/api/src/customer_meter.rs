//! Customer meters: what customers used and have left; their credits and resets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{DateTime, Integer, Uuid4};
use crate::{Customer, Decimal, Meter};

/// What a customer used of a meter since its last reset, and what is left of its credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerMeter {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When there was first something to tell of the two.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When the last of what it counts came; unset until then.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Whose.
    #[schemars(with = "Uuid4")]
    pub customer_id: String,
    /// Of what.
    #[schemars(with = "Uuid4")]
    pub meter_id: String,
    /// What was used.
    pub consumed_units: Decimal,
    /// What was credited, a whole number. It may be greater than 64 bits hold.
    #[schemars(with = "Integer")]
    pub credited_units: Decimal,
    /// Credited less consumed.
    pub balance: Decimal,
    /// Whose. May have been deleted.
    pub customer: Customer,
    /// Of what. May be archived.
    pub meter: Meter,
}

/// Units to be credited. Exactly one of the two names of the customer is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerMeterCredit {
    /// To whom, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub customer_id: Option<String>,
    /// To whom, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_customer_id: Option<String>,
    /// Of which meter.
    #[schemars(with = "Uuid4")]
    pub meter_id: String,
    /// How many; not 0. Less than 0 takes units back.
    pub units: i64,
    /// Whether what is left of them at a reset with `carry_over` is credited again. Unset: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub rollover: Option<bool>,
    /// When, not in the future. Unset: when it is received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime")]
    pub timestamp: Option<String>,
    /// Counts once among the credits and resets of the organization: a repeat does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// A customer meter to be begun anew. Exactly one of the two names of the customer is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerMeterReset {
    /// Whose, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub customer_id: Option<String>,
    /// Whose, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_customer_id: Option<String>,
    /// Of which meter.
    #[schemars(with = "Uuid4")]
    pub meter_id: String,
    /// Whether what is left of credits with `rollover` is credited again. Unset: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub carry_over: Option<bool>,
    /// From when on, by receipt, not in the future. Unset: from its own receipt on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime")]
    pub timestamp: Option<String>,
    /// Counts once among the credits and resets of the organization: a repeat does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}
