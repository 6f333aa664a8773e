//! Metadata: keys and values of a client's own.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON object as it is spelled on the wire, order of keys and digits of numbers kept.
#[derive(Clone)]
pub struct Metadata {
    raw: Box<RawValue>,
}

impl Metadata {
    /// The object that this text spells; `None` when it spells none.
    pub fn from_json(text: String) -> Option<Self> {
        let raw = RawValue::from_string(text).ok()?;
        raw.get().starts_with('{').then_some(Self { raw })
    }

    /// The text of the object.
    pub fn as_str(&self) -> &str {
        self.raw.get()
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self::from_json("{}".to_owned()).expect("an empty object")
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Metadata {}

impl fmt::Debug for Metadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl JsonSchema for Metadata {
    fn schema_name() -> Cow<'static, str> {
        "MetadataOutputType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Keys and values of an organization's own.",
            "type": "object",
            "additionalProperties": {"anyOf": [
                {"type": "string"},
                {"type": "integer"},
                {"type": "number"},
                {"type": "boolean"},
            ]},
        })
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self { raw })
        } else {
            Err(serde::de::Error::custom("metadata is no object"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_are_kept() {
        let text = r#"{"b":1.50,"a":12345678901234567890123,"c":"x"}"#;
        let read: Metadata = serde_json::from_str(text).expect("an object");
        assert_eq!(serde_json::to_string(&read).expect("writes"), text);
        assert!(serde_json::from_str::<Metadata>("[1]").is_err());
        assert_eq!(Metadata::default().as_str(), "{}");
    }
}
