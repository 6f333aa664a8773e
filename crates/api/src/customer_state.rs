//! The state of a customer: who it is, and what it used and has left of every meter.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::schema::{DateTime, Integer, Uuid4};
use crate::{Customer, CustomerStateBenefitGrant, Decimal};

/// A customer and what it has. On the wire the fields of the customer and the lists stand side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CustomerState {
    /// Who.
    #[serde(flatten)]
    pub customer: Customer,
    /// There are no subscriptions here: always empty.
    pub active_subscriptions: Vec<Subscription>,
    /// What it was granted and has still, the oldest first.
    pub granted_benefits: Vec<CustomerStateBenefitGrant>,
    /// One for each of its customer meters, the oldest first, those of archived meters too.
    pub active_meters: Vec<CustomerStateMeter>,
}

/// A subscription, of which there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomerStateSubscription")]
pub enum Subscription {}

/// A customer meter in the state of its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerStateMeter {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When there was first something to tell of the two.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When the last of what it counts came; unset until then.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
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
}

/// Reads the object twice, once for the customer and once for the lists: what is flattened passes through a form that does not
/// keep the digits of numbers.
impl<'de> Deserialize<'de> for CustomerState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Lists {
            active_subscriptions: Vec<Subscription>,
            granted_benefits: Vec<CustomerStateBenefitGrant>,
            active_meters: Vec<CustomerStateMeter>,
        }

        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let customer = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        let lists: Lists = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self {
            customer,
            active_subscriptions: lists.active_subscriptions,
            granted_benefits: lists.granted_benefits,
            active_meters: lists.active_meters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = concat!(
        r#"{"id":"c","created_at":"2026-03-01T00:00:00Z","modified_at":null,"metadata":{"z":1.50,"a":12345678901234567890},"#,
        r#""external_id":null,"email":null,"email_verified":false,"type":"team","name":null,"billing_name":null,"#,
        r#""billing_address":null,"tax_id":null,"locale":null,"organization_id":"o","default_payment_method_id":null,"#,
        r#""deleted_at":null,"first_user_event_at":"2026-02-01T00:00:00Z","avatar_url":null,"#,
        r#""active_subscriptions":[],"granted_benefits":[{"id":"g","created_at":"2026-03-01T00:00:00Z","modified_at":null,"#,
        r#""granted_at":"2026-03-01T00:00:00Z","benefit_id":"b","benefit_type":"meter_credit","benefit_metadata":{"n":1.50},"#,
        r#""properties":{}}],"active_meters":[{"id":"i","created_at":"2026-03-01T00:00:00Z","#,
        r#""modified_at":null,"meter_id":"m","consumed_units":0.1234567890123456789012345,"#,
        r#""credited_units":12345678901234567890123,"balance":-1.0}]}"#,
    );

    #[test]
    fn a_state_reads_as_it_writes_with_all_digits_and_metadata_as_it_came() {
        let state: CustomerState = serde_json::from_str(STATE).expect("a state");
        assert_eq!(serde_json::to_string(&state).expect("writes"), STATE);
        let meter = &state.active_meters[0];
        assert_eq!(meter.credited_units.as_str(), "12345678901234567890123");
    }

    #[test]
    fn a_subscription_is_not_passed_over() {
        let filled = r#""active_subscriptions":[{"id":"x"}]"#;
        let text = STATE.replace(r#""active_subscriptions":[]"#, filled);
        assert!(text.contains(filled));
        assert!(serde_json::from_str::<CustomerState>(&text).is_err());
    }
}
