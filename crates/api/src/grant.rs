//! Grants: benefits in the hands of customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{BenefitType, DateTime, Uuid4, names};
use crate::{Benefit, Customer, Metadata};

/// A benefit that was granted to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenefitGrant {
    /// When it was made.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it was granted; unset once it is revoked.
    #[serde(default)]
    #[schemars(with = "Option<DateTime>")]
    pub granted_at: Option<String>,
    /// Whether the customer has it.
    pub is_granted: bool,
    /// When it was revoked.
    #[serde(default)]
    #[schemars(with = "Option<DateTime>")]
    pub revoked_at: Option<String>,
    /// Whether the customer has it no more.
    pub is_revoked: bool,
    /// By which subscription it came. There are none here.
    #[schemars(with = "Option<Uuid4>")]
    pub subscription_id: Option<String>,
    /// By which order it came. There are none here.
    #[schemars(with = "Option<Uuid4>")]
    pub order_id: Option<String>,
    /// To whom.
    #[schemars(with = "Uuid4")]
    pub customer_id: String,
    /// To which member of the customer. Grants go to customers, so to none.
    #[serde(default)]
    #[schemars(with = "Option<Uuid4>")]
    pub member_id: Option<String>,
    /// What was granted.
    #[schemars(with = "Uuid4")]
    pub benefit_id: String,
    /// Why it could not be granted. Always unset.
    #[serde(default)]
    pub error: Option<BenefitGrantError>,
    /// To whom. May have been deleted.
    pub customer: Customer,
    /// To which member of the customer. Always unset.
    #[serde(default)]
    pub member: Option<Member>,
    /// What was granted. May have been deleted.
    pub benefit: Benefit,
    /// What was credited last.
    pub properties: BenefitGrantProperties,
}

/// What a grant credited last. Unset, and left out, until it credited something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BenefitGrantMeterCreditProperties")]
pub struct BenefitGrantProperties {
    /// Of which meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub last_credited_meter_id: Option<String>,
    /// How many units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub last_credited_units: Option<i64>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub last_credited_at: Option<String>,
}

/// Why a benefit could not be granted, which does not happen here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenefitGrantError {
    /// For people.
    pub message: String,
    /// What went wrong.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub timestamp: String,
}

/// A person of a customer that is a team. Grants go to customers, so none is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Of which customer.
    #[schemars(with = "Uuid4")]
    pub customer_id: String,
    /// The person's address.
    pub email: String,
    /// The person's name.
    pub name: Option<String>,
    /// The organization's own id for the person.
    pub external_id: Option<String>,
    /// What the person may do for the customer.
    #[schemars(with = "MemberRole")]
    pub role: String,
}

names! {
    /// What a person may do for a customer.
    MemberRole = ["owner", "billing_manager", "member"];
}

/// A grant in the state of its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerStateBenefitGrant {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it was made.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// When it was granted.
    #[schemars(with = "DateTime")]
    pub granted_at: String,
    /// What was granted.
    #[schemars(with = "Uuid4")]
    pub benefit_id: String,
    /// `meter_credit`.
    #[schemars(with = "BenefitType")]
    pub benefit_type: String,
    /// Keys and values of the organization's own, of the benefit.
    pub benefit_metadata: Metadata,
    /// What was credited last.
    pub properties: BenefitGrantProperties,
}

/// A benefit to be granted. Exactly one of the two names of the customer is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenefitGrantCreate {
    /// To whom, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Uuid4>")]
    pub customer_id: Option<String>,
    /// To whom, by the organization's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_customer_id: Option<String>,
    /// Counts once among the credits, resets, grants and cycles of the organization: a repeat does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// A new period of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenefitGrantCycle {
    /// Counts once among the credits, resets, grants and cycles of the organization: a repeat does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_credited_yet_is_left_out() {
        let none = BenefitGrantProperties::default();
        assert_eq!(serde_json::to_string(&none).expect("writes"), "{}");
        let text = r#"{"last_credited_meter_id":"m","last_credited_units":10,"last_credited_at":"2026-03-01T00:00:00Z"}"#;
        let some: BenefitGrantProperties = serde_json::from_str(text).expect("properties");
        assert_eq!(serde_json::to_string(&some).expect("writes"), text);
        assert_eq!(
            serde_json::from_str::<BenefitGrantProperties>("{}").expect("properties"),
            none
        );
    }
}
