//! Numbers as digits.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number as it is spelled on the wire, all digits kept.
///
/// Equality is that of the spelling: `1.0` and `1` differ. To compute with one, parse [`Self::as_str`] exactly.
#[derive(Clone)]
pub struct Decimal {
    // A checked JSON number, kept raw so that writing it copies bytes.
    raw: Box<RawValue>,
}

/// The text is no JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANumber;

impl Decimal {
    /// The number spelled so, which must be a JSON number: `10.0`, `-0.5`, `1e3`.
    ///
    /// # Errors
    /// [`NotANumber`] for every other text.
    pub fn from_digits(digits: String) -> Result<Self, NotANumber> {
        if !digits.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(NotANumber);
        }
        let raw = RawValue::from_string(digits).map_err(|_| NotANumber)?;
        Ok(Self { raw })
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        self.raw.get()
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Decimal {}

impl fmt::Debug for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Decimal({})", self.as_str())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for NotANumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a JSON number")
    }
}

impl std::error::Error for NotANumber {}

impl JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_digits(raw.get().to_owned()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_pass_unchanged() {
        for digits in [
            "10.0",
            "-0.5",
            "0.1234567890123456789012345678901234567890",
            "1e22",
        ] {
            let read: Decimal = serde_json::from_str(digits).expect("a number");
            assert_eq!(read.as_str(), digits);
            assert_eq!(serde_json::to_string(&read).expect("writes"), digits);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["\"1\"", "true", "null", "1.", ".5", "-", "1 2", "[1]", ""] {
            assert_eq!(
                Decimal::from_digits(text.to_owned()),
                Err(NotANumber),
                "{text}"
            );
        }
    }
}
