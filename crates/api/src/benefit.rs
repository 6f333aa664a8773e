//! Benefits: units of a meter that customers are credited.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Metadata;
use crate::schema::{DateTime, MetadataInput, Uuid4, names, texts};

/// A benefit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the fields are those of the contract"
)]
pub struct Benefit {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// `meter_credit`.
    #[serde(rename = "type")]
    #[schemars(with = "MeterCreditType")]
    pub kind: String,
    /// What it is, for people.
    pub description: String,
    /// Whether products may have it: yes.
    pub selectable: bool,
    /// Whether it may be deleted: yes.
    pub deletable: bool,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
    /// `draft`, `private` or `public`.
    #[schemars(with = "BenefitVisibility")]
    pub visibility: String,
    /// What is credited.
    pub properties: BenefitProperties,
    /// Whether the visibility may be chosen: yes.
    #[schemars(extend("readOnly" = true))]
    pub visibility_configurable: bool,
}

/// What a benefit credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BenefitMeterCreditProperties")]
pub struct BenefitProperties {
    /// How many units, 1 to 2,147,483,647.
    #[schemars(with = "Units")]
    pub units: i64,
    /// Whether what is left of them passes on at a cycle.
    pub rollover: bool,
    /// Of which meter.
    #[schemars(with = "Uuid4")]
    pub meter_id: String,
}

/// A benefit to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BenefitMeterCreditCreate")]
pub struct BenefitCreate {
    /// `meter_credit`.
    #[serde(rename = "type")]
    #[schemars(with = "MeterCreditType")]
    pub kind: String,
    /// 3 to 42 characters.
    #[schemars(with = "BenefitDescription")]
    pub description: String,
    /// What is credited.
    pub properties: BenefitProperties,
    /// Unset: `public`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BenefitVisibility>")]
    pub visibility: Option<String>,
    /// Keys and values of the organization's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
}

/// Changes to a benefit; what is unset stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BenefitMeterCreditUpdate")]
pub struct BenefitUpdate {
    /// `meter_credit`, as it is: a type does not change.
    #[serde(rename = "type")]
    #[schemars(with = "MeterCreditType")]
    pub kind: String,
    /// 3 to 42 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BenefitDescription>")]
    pub description: Option<String>,
    /// Replaces all of it. What was credited before stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<BenefitProperties>,
    /// `draft`, `private` or `public`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BenefitVisibility>")]
    pub visibility: Option<String>,
    /// Replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
}

names! {
    /// Who is told of a benefit.
    BenefitVisibility = ["draft", "private", "public"];
}

texts! {
    /// The one kind of benefit.
    MeterCreditType = {"type": "string", "const": "meter_credit"};
    /// What a benefit is, for people.
    BenefitDescription = {"type": "string", "minLength": 3, "maxLength": 42};
    /// How many units are credited.
    Units = {
        "type": "integer",
        "minimum": -2_147_483_648_i64,
        "maximum": 2_147_483_647,
        "exclusiveMinimum": 0,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benefit_reads_as_it_writes() {
        let text = concat!(
            r#"{"id":"b","created_at":"2026-03-01T00:00:00Z","modified_at":null,"type":"meter_credit","description":"Ten calls","#,
            r#""selectable":true,"deletable":true,"is_deleted":false,"organization_id":"o","metadata":{"z":1.50,"a":"b"},"#,
            r#""visibility":"public","properties":{"units":10,"rollover":true,"meter_id":"m"},"visibility_configurable":true}"#,
        );
        let benefit: Benefit = serde_json::from_str(text).expect("a benefit");
        assert_eq!(serde_json::to_string(&benefit).expect("writes"), text);
    }

    #[test]
    fn a_change_of_nothing_holds_the_type_alone() {
        let update = BenefitUpdate {
            kind: "meter_credit".into(),
            description: None,
            properties: None,
            visibility: None,
            metadata: None,
        };
        let text = serde_json::to_string(&update).expect("writes");
        assert_eq!(text, r#"{"type":"meter_credit"}"#);
    }
}
