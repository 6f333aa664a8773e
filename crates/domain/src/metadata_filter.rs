//! Search by metadata: keys and values as text. SEMANTICS 4.5, 19.10.

use crate::metadata::{MetadataRef, Value};
use crate::packed::{PackedError, Reader, write_len, write_text};

/// Which metadata is looked for: all keys must be there, each with one of its values as text. Without keys everything
/// matches. A key is one of the top level, dots and all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataFilter {
    keys: Vec<(String, Vec<String>)>,
}

impl MetadataFilter {
    /// From keys and the values of each. A key that comes twice must have a value of each list.
    pub fn new(keys: Vec<(String, Vec<String>)>) -> Self {
        Self { keys }
    }

    /// Whether it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether `metadata` passes. Cost: one pass over its keys for each key looked for.
    pub fn matches(&self, metadata: MetadataRef<'_>) -> bool {
        self.keys.iter().all(|(key, accepted)| {
            let value = metadata.get(key);
            let text = value.as_ref().and_then(Value::text);
            text.is_some_and(|text| accepted.iter().any(|accepted| *accepted == *text))
        })
    }

    /// The packed form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, accepted) in &self.keys {
            write_text(key, &mut out);
            write_len(accepted.len(), &mut out);
            for value in accepted {
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
        Ok(Self { keys })
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
    use crate::number::Number;

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
}
