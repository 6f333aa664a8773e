//! Metadata as JSON: keys in the order in which they came, numbers in their notation (SEMANTICS 19.7).

use domain::{MetadataRef, Value};

/// Metadata.
pub(crate) fn metadata_to_api(metadata: MetadataRef<'_>) -> api::Metadata {
    let mut json = String::new();
    write_object(metadata, &mut json);
    api::Metadata::from_json(json).expect("an object was written")
}

fn write_object(metadata: MetadataRef<'_>, out: &mut String) {
    out.push('{');
    for (index, (key, value)) in metadata.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_value(&value, out);
    }
    out.push('}');
}

fn write_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number, spelling) => number.write_text(*spelling, out),
        Value::Text(text) => write_text(text, out),
        Value::Object(object) => write_object(*object, out),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("text serialises"));
}

#[cfg(test)]
mod tests {
    use domain::{MetadataBuilder, Number, Spelling};

    use super::*;

    #[test]
    fn keys_keep_their_order_and_values_their_kind() {
        let mut inner = MetadataBuilder::new();
        inner.null("prompt");
        let mut metadata = MetadataBuilder::new();
        metadata.text("z", "a \"quoted\"\n\u{1} ü");
        metadata.number("a", &Number::from_i64(1), Spelling::Integer);
        metadata.number("b", &Number::from_i64(1), Spelling::Decimal);
        metadata.bool("c", true);
        metadata.object("_llm", inner.as_ref());
        assert_eq!(
            metadata_to_api(metadata.as_ref()).as_str(),
            r#"{"z":"a \"quoted\"\n\u0001 ü","a":1,"b":1.0,"c":true,"_llm":{"prompt":null}}"#
        );
        assert_eq!(metadata_to_api(MetadataRef::EMPTY).as_str(), "{}");
    }
}
