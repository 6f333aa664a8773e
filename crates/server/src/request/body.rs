//! Bodies.

use crate::json::{self, Value};
use crate::validate::{Checked, Faults, FieldError, Node, Path, Rule};

/// A body that has been read as far as its JSON.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    /// `None`: there is no body.
    value: Option<Value<'a>>,
}

/// Why a body is not read.
#[derive(Debug, Clone)]
pub(crate) enum BodyError {
    /// Not UTF-8: 400, `There was an error parsing the body`.
    NotUtf8,
    /// Not JSON: 422.
    Malformed(FieldError),
}

impl<'a> Body<'a> {
    /// Reads a body. With another content type than JSON, or none, it counts as text, which no operation takes (SEMANTICS
    /// 1.14). Cost: one pass; a tree that holds at most [`json::VALUES_MAX`] values.
    pub(crate) fn parse(content_type: Option<&str>, bytes: &'a [u8]) -> Result<Self, BodyError> {
        if bytes.is_empty() {
            return Ok(Self { value: None });
        }
        if !is_json(content_type) {
            return Ok(Self {
                value: Some(Value::String(String::from_utf8_lossy(bytes))),
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BodyError::NotUtf8)?;
        let value = json::parse(text).map_err(|error| {
            BodyError::Malformed(FieldError::malformed_json(error.offset, error.message))
        })?;
        Ok(Self { value: Some(value) })
    }

    /// The value of the body; its absence is a fault.
    pub(super) fn node(&'a self, faults: &mut Faults) -> Checked<Node<'static, 'a>> {
        match &self.value {
            Some(value) => Ok(Node::new(value, &Path::BODY)),
            None => Err(faults.report(&Path::BODY, Rule::Missing, &Value::Null)),
        }
    }
}

/// Whether a content type is JSON's: `application/json` or `application/…+json`, in any case, with or without parameters.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return false;
    };
    let essence = content_type
        .split_once(';')
        .map_or(content_type, |(essence, _)| essence);
    let essence = essence.trim().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    kind == "application"
        && !subtype.contains('/')
        && (subtype == "json" || subtype.ends_with("+json"))
}
