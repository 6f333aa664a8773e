//! Metadata as it is sent and as it is shown.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::texts;

texts! {
    /// Keys and values of an organization's own, as they are sent.
    MetadataInput = {
        "type": "object",
        "additionalProperties": {"anyOf": [
            {"type": "string", "minLength": 1, "maxLength": 500},
            {"type": "integer"},
            {"type": "number"},
            {"type": "boolean"},
        ]},
        "propertyNames": {"minLength": 1, "maxLength": 40},
        "maxProperties": 50,
    };
    /// An amount of money, as it is sent.
    AmountInput = {"anyOf": [
        {"type": "number"},
        {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*(?:\d{0,5}|(?=[\d.]{1,18}0*$)\d{0,5}\.\d{0,12}0*$)"},
    ]};
    /// An amount of money, as it is shown.
    AmountOutput = {
        "type": "string",
        "pattern": r"^(?!^[-+.]*$)[+-]?0*(?:\d{0,5}|(?=[\d.]{1,18}0*$)\d{0,5}\.\d{0,12}0*$)",
    };
    /// The one currency.
    Currency = {"type": "string", "pattern": "usd"};
}

/// What meters look at, as it is sent: any keys, and two of them of a form of their own.
#[derive(Debug)]
pub(crate) enum EventMetadataInput {}

/// What meters look at, as it is shown.
#[derive(Debug)]
pub(crate) enum EventMetadataOutput {}

impl JsonSchema for EventMetadataInput {
    fn schema_name() -> Cow<'static, str> {
        "EventMetadataInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any keys. Two of them have a form of their own: the cost of what happened, and the use of a \
                            language model.",
            "type": "object",
            "properties": {
                "_cost": generator.subschema_for::<CostInput>(),
                "_llm": generator.subschema_for::<LlmMetadata>(),
            },
            "additionalProperties": {"anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 500},
                {"type": "integer"},
                {"type": "number"},
                {"type": "boolean"},
            ]},
        })
    }
}

impl JsonSchema for EventMetadataOutput {
    fn schema_name() -> Cow<'static, str> {
        "EventMetadataOutput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any keys. Two of them have a form of their own: the cost of what happened, and the use of a \
                            language model.",
            "type": "object",
            "properties": {
                "_cost": generator.subschema_for::<CostOutput>(),
                "_llm": generator.subschema_for::<LlmMetadata>(),
            },
            "additionalProperties": {"anyOf": [
                {"type": "string"},
                {"type": "integer"},
                {"type": "number"},
                {"type": "boolean"},
            ]},
        })
    }
}

/// What something cost, as it is sent.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "CostMetadata-Input")]
#[expect(dead_code, reason = "only its schema is of use")]
struct CostInput {
    /// In cents, a fraction of them too.
    amount: AmountInput,
    /// `usd`.
    currency: Currency,
}

/// What something cost, as it is shown.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "CostMetadata-Output")]
#[expect(dead_code, reason = "only its schema is of use")]
struct CostOutput {
    /// In cents, a fraction of them too.
    amount: AmountOutput,
    /// `usd`.
    currency: Currency,
}

/// The use of a language model.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "LLMMetadata")]
#[expect(dead_code, reason = "only its schema is of use")]
struct LlmMetadata {
    /// Whose model.
    vendor: String,
    /// Which model.
    model: String,
    /// What it was asked.
    #[serde(default)]
    prompt: Option<String>,
    /// What it answered.
    #[serde(default)]
    response: Option<String>,
    /// Tokens that it read.
    input_tokens: i64,
    /// Of these, tokens that it had read before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    cached_input_tokens: Option<i64>,
    /// Tokens that it wrote.
    output_tokens: i64,
    /// Tokens in all.
    total_tokens: i64,
}
