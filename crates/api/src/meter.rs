//! Meters and their quantities.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::schema::{DateTime, MetadataInput, Positive, Uuid4, names, texts};
use crate::{Decimal, Metadata};

/// A meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Meter {
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
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
    /// `scalar`, `token` or `custom`.
    #[schemars(with = "MeterUnit")]
    pub unit: String,
    /// The name of a custom unit.
    #[serde(default)]
    pub custom_label: Option<String>,
    /// From the base unit to the shown one.
    #[serde(default)]
    pub custom_multiplier: Option<i64>,
    /// Which events it counts.
    pub filter: Filter,
    /// What of them.
    pub aggregation: Aggregation,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// Since when it is archived.
    #[serde(default)]
    #[schemars(with = "Option<DateTime>")]
    pub archived_at: Option<String>,
}

/// A meter to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterCreate {
    /// At least 3 characters.
    #[schemars(with = "MeterName")]
    pub name: String,
    /// Unset: `scalar`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MeterUnit")]
    pub unit: Option<String>,
    /// For the unit `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_label: Option<String>,
    /// Above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Positive>")]
    pub custom_multiplier: Option<i64>,
    /// Which events it counts.
    pub filter: Filter,
    /// What of them.
    pub aggregation: Aggregation,
    /// Keys and values of the organization's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
}

/// Changes to a meter; what is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterUpdate {
    /// At least 3 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MeterName>")]
    pub name: Option<String>,
    /// What it counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MeterUnit>")]
    pub unit: Option<String>,
    /// For the unit `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_label: Option<String>,
    /// Above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Positive>")]
    pub custom_multiplier: Option<i64>,
    /// Refused once an event has matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Refused once an event has matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Aggregation>,
    /// Replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
    /// Archive, or bring back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_archived: Option<bool>,
}

/// Which events a meter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// `and` or `or`.
    #[schemars(with = "FilterConjunction")]
    pub conjunction: String,
    /// Without any, everything matches.
    pub clauses: Vec<Clause>,
}

/// A part of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum Clause {
    /// A comparison of one property.
    Comparison(Comparison),
    /// A filter in a filter.
    Filter(Filter),
}

/// `property operator value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FilterClause")]
pub struct Comparison {
    /// `name`, `source`, `timestamp`, or a path into the metadata.
    pub property: String,
    /// `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `like` or `not_like`.
    #[schemars(with = "FilterOperator")]
    pub operator: String,
    /// With what.
    pub value: Operand,
}

/// What a property is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum Operand {
    /// At most 1,000 characters.
    Text(#[schemars(with = "OperandText")] String),
    /// 32 bits.
    Integer(#[schemars(with = "OperandInteger")] i32),
    /// A boolean.
    Bool(bool),
}

/// What a meter makes of the events that its filter lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "func", rename_all = "snake_case")]
pub enum Aggregation {
    /// How many.
    Count,
    /// The sum of a property.
    Sum {
        /// Which.
        property: String,
    },
    /// The greatest value of a property.
    Max {
        /// Which.
        property: String,
    },
    /// The least value of a property.
    Min {
        /// Which.
        property: String,
    },
    /// The mean of a property.
    Avg {
        /// Which.
        property: String,
    },
    /// How many distinct values a property has.
    Unique {
        /// Which.
        property: String,
    },
}

/// Quantities of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterQuantities {
    /// One per point of the series.
    pub quantities: Vec<MeterQuantity>,
    /// Over the buckets shown.
    pub total: Decimal,
}

/// The quantity of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeterQuantity {
    /// The point of the series.
    #[schemars(with = "DateTime")]
    pub timestamp: String,
    /// The aggregate of the bucket that the point lies in; 0 when there is nothing to aggregate.
    pub quantity: Decimal,
}

/// By function, in the three forms of the contract.
impl JsonSchema for Aggregation {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Aggregation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<CountAggregation>().to_value();
        let property = generator.subschema_for::<PropertyAggregation>().to_value();
        let unique = generator.subschema_for::<UniqueAggregation>().to_value();
        json_schema!({
            "oneOf": [count, property, unique],
            "discriminator": {
                "propertyName": "func",
                "mapping": {
                    "count": count["$ref"],
                    "sum": property["$ref"],
                    "max": property["$ref"],
                    "min": property["$ref"],
                    "avg": property["$ref"],
                    "unique": unique["$ref"],
                },
            },
        })
    }
}

/// How many events.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct CountAggregation {
    /// `count`.
    func: CountFunction,
}

/// What the values of a property come to.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct PropertyAggregation {
    /// The sum, the greatest, the least, or the mean.
    func: PropertyFunction,
    /// Which property.
    property: String,
}

/// How many distinct values a property has.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct UniqueAggregation {
    /// `unique`.
    func: UniqueFunction,
    /// Which property.
    property: String,
}

names! {
    /// What a meter counts in.
    MeterUnit = ["scalar", "token", "custom"];
    /// How the clauses of a filter are joined.
    FilterConjunction = ["and", "or"];
    /// How a property is compared.
    FilterOperator = ["eq", "ne", "gt", "gte", "lt", "lte", "like", "not_like"];
}

texts! {
    /// The name of a meter.
    MeterName = {"type": "string", "minLength": 3};
    /// The one function of its form.
    CountFunction = {"type": "string", "const": "count"};
    /// The functions of one form.
    PropertyFunction = {"type": "string", "enum": ["sum", "max", "min", "avg"]};
    /// The one function of its form.
    UniqueFunction = {"type": "string", "const": "unique"};
    /// What text is compared with.
    OperandText = {"type": "string", "maxLength": 1000};
    /// What a number is compared with.
    OperandInteger = {"type": "integer", "minimum": -2_147_483_648_i64, "maximum": 2_147_483_647};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_as_it_writes() {
        let text = r#"{"conjunction":"and","clauses":[{"property":"name","operator":"eq","value":"call"},{"conjunction":"or","clauses":[{"property":"_llm.total_tokens","operator":"gt","value":10},{"property":"paid","operator":"eq","value":true}]}]}"#;
        let filter: Filter = serde_json::from_str(text).expect("a filter");
        assert_eq!(serde_json::to_string(&filter).expect("writes"), text);
    }

    #[test]
    fn an_aggregation_is_told_by_its_function() {
        for text in [r#"{"func":"count"}"#, r#"{"func":"avg","property":"x"}"#] {
            let aggregation: Aggregation = serde_json::from_str(text).expect("an aggregation");
            assert_eq!(serde_json::to_string(&aggregation).expect("writes"), text);
        }
    }

    #[test]
    fn quantities_keep_all_digits() {
        let text = r#"{"quantities":[{"timestamp":"2026-03-01T00:00:00Z","quantity":0.3333333333333333333333333333333333}],"total":10.0}"#;
        let quantities: MeterQuantities = serde_json::from_str(text).expect("quantities");
        assert_eq!(serde_json::to_string(&quantities).expect("writes"), text);
    }
}
