//! Search by metadata: keys and values as text. SEMANTICS 4.5, 19.10.

use crate::metadata::{MetadataRef, Value};
use crate::number::{Number, Spelling};
use crate::packed::{PackedError, Reader, write_len, write_text};

/// Which metadata is looked for: all conditions must hold. Without conditions everything matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataFilter {
    conditions: Vec<MetadataCondition>,
}

/// A key must be there, with one of some values as text. The key is one of the top level, dots and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataCondition {
    key: String,
    accepted: Vec<String>,
}

impl MetadataFilter {
    /// From keys and the values of each. A key that comes twice must have a value of each list.
    pub fn new(keys: Vec<(String, Vec<String>)>) -> Self {
        let condition = |(key, accepted)| MetadataCondition { key, accepted };
        Self {
            conditions: keys.into_iter().map(condition).collect(),
        }
    }

    /// Whether it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// What must hold.
    pub fn conditions(&self) -> &[MetadataCondition] {
        &self.conditions
    }

    /// Whether `metadata` passes. Cost: one pass over its keys for each key looked for.
    pub fn matches(&self, metadata: MetadataRef<'_>) -> bool {
        let holds = |condition: &MetadataCondition| {
            condition.accepts(metadata.get(&condition.key).as_ref())
        };
        self.conditions.iter().all(holds)
    }

    /// The packed form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for condition in &self.conditions {
            write_text(&condition.key, &mut out);
            write_len(condition.accepted.len(), &mut out);
            for value in &condition.accepted {
                write_text(value, &mut out);
            }
        }
        out
    }

    /// Reads the packed form.
    pub fn decode(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        let mut keys = Vec::new();
        while !reader.is_empty() {
            let key = reader.text()?.to_owned();
            let count = reader.len()?;
            let accepted = (0..count)
                .map(|_| Ok(reader.text()?.to_owned()))
                .collect::<Result<_, _>>();
            keys.push((key, accepted?));
        }
        Ok(Self::new(keys))
    }
}

impl MetadataCondition {
    /// The key at the top level.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values as text, one of which must be there.
    pub fn accepted(&self) -> &[String] {
        &self.accepted
    }

    /// Whether metadata passes that has this under the key.
    pub fn accepts(&self, value: Option<&Value<'_>>) -> bool {
        let text = value.and_then(Value::text);
        text.is_some_and(|text| self.accepted.iter().any(|accepted| *accepted == *text))
    }

    /// Which numbers pass that are multiples of 10^-`scale`, with `scale` at most 12, and were written in this way: those that have an
    /// accepted text. Ascending.
    pub fn accepted_units(&self, scale: u8, spelling: Spelling) -> Vec<i64> {
        let units_of = |text: &String| {
            // A number has one text, so that no other number can have this one.
            let (mantissa, own) = Number::from_plain_text(text)?.as_parts()?;
            let zeros = scale.checked_sub(own)?;
            let units = mantissa.checked_mul(10_i128.checked_pow(zeros.into())?)?;
            let value = Value::Number(Number::from_parts(units, scale), spelling);
            let units = i64::try_from(units).ok()?;
            self.accepts(Some(&value)).then_some(units)
        };
        let mut units: Vec<i64> = self.accepted.iter().filter_map(units_of).collect();
        units.sort_unstable();
        units.dedup();
        units
    }
}

impl From<Vec<(String, Vec<String>)>> for MetadataFilter {
    fn from(keys: Vec<(String, Vec<String>)>) -> Self {
        Self::new(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Metadata, MetadataBuilder};

    fn sample() -> Metadata {
        let mut builder = MetadataBuilder::new();
        builder.text("env", "prod");
        builder.bool("flag", true);
        builder.null("nothing");
        builder.text("a.b", "dotted");
        let literal = Number::parse("1.0").expect("a number");
        builder.number("one", &literal.value, literal.spelling);
        builder.finish()
    }

    fn check(keys: &[(&str, &[&str])], expected: bool) {
        let keys = keys.iter().map(|(key, accepted)| {
            (
                (*key).to_owned(),
                accepted.iter().map(|value| (*value).to_owned()).collect(),
            )
        });
        let filter = MetadataFilter::new(keys.collect());
        assert_eq!(MetadataFilter::decode(&filter.encode()), Ok(filter.clone()));
        assert_eq!(filter.matches(sample().as_ref()), expected, "{filter:?}");
    }

    #[test]
    fn keys_are_joined_by_and_and_values_by_or() {
        check(&[], true);
        check(&[("env", &["prod"])], true);
        check(&[("env", &["dev", "prod"])], true);
        check(&[("env", &["dev"])], false);
        check(&[("env", &["prod"]), ("flag", &["true"])], true);
        check(&[("env", &["prod"]), ("flag", &["false"])], false);
    }

    #[test]
    fn values_are_compared_as_the_text_they_were_written_with() {
        check(&[("one", &["1.0"])], true);
        check(&[("one", &["1"])], false);
        check(&[("nothing", &["null", ""])], false);
        check(&[("absent", &[""])], false);
        check(&[("a.b", &["dotted"])], true);
        check(&[("a", &["dotted"])], false);
    }

    proptest::proptest! {
        #[test]
        fn numbers_are_accepted_as_their_texts_are(
            units: i64, other in -20_i64..20, scale in 0_u8..=12, accepted in "-?[0-9]{1,4}(\\.[0-9]{1,3})?", shift in 0_i64..3,
        ) {
            for spelling in [Spelling::Integer, Spelling::Decimal] {
                let scale = if spelling == Spelling::Integer { 0 } else { scale };
                let number = |units: i64| Number::from_parts(units.into(), scale);
                let condition = MetadataCondition {
                    key: "key".to_owned(),
                    accepted: vec![accepted.clone(), number(units).to_text(spelling), number(other).to_text(spelling)],
                };
                let found = condition.accepted_units(scale, spelling);
                for asked in [units, other, units.wrapping_add(shift), other.wrapping_add(shift)] {
                    let value = Value::Number(number(asked), spelling);
                    let expected = condition.accepts(Some(&value));
                    proptest::prop_assert_eq!(found.binary_search(&asked).is_ok(), expected, "{}", asked);
                }
            }
        }
    }
}
