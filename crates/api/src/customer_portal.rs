//! What customers see of themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Decimal;
use crate::schema::{DateTime, Integer, Uuid4};

/// A customer meter, as its customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerCustomerMeter {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When there was first something to tell of the two.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When the last of what it counts came.
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
    /// Of what.
    pub meter: CustomerCustomerMeterMeter,
}

/// A meter, as customers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerCustomerMeterMeter {
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// Its name.
    pub name: String,
}
