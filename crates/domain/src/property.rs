//! Properties: what a filter clause or an aggregation looks at in an event.

use crate::event::Event;
use crate::metadata::{MetadataRef, Value};

/// A property as it was written, less one leading `metadata.` (SEMANTICS 6.5, 19.1).
///
/// Read as a path into metadata it is split at dots, so a metadata key that itself contains a dot is not reached
/// (SEMANTICS 6.7). In filters, and for sums and the like, `name`, `source` and `timestamp` are the event's own
/// fields and not metadata (SEMANTICS 6.6, 7.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    text: Box<str>,
    field: Option<Field>,
    has_dots: bool,
}

/// A field of the event itself that a property may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Text.
    Name,
    /// Text, `user` or `system`.
    Source,
    /// Whole Unix seconds, rounded half up.
    Timestamp,
}

impl Property {
    /// From what a client wrote. Any text is a property.
    pub fn parse(written: &str) -> Self {
        let text = written.strip_prefix("metadata.").unwrap_or(written);
        Self::stored(text)
    }

    /// From what [`Self::as_str`] gave: nothing is cut off again.
    pub fn stored(text: &str) -> Self {
        let field = match text {
            "name" => Some(Field::Name),
            "source" => Some(Field::Source),
            "timestamp" => Some(Field::Timestamp),
            _ => None,
        };
        Self {
            text: text.into(),
            field,
            has_dots: text.contains('.'),
        }
    }

    /// The text that is stored and given back.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The field of the event that this names, if it names one.
    pub fn field(&self) -> Option<Field> {
        self.field
    }

    /// The value in the event's metadata, whatever [`Self::field`] says.
    pub fn in_metadata<'a>(&self, event: &Event<'a>) -> Option<Value<'a>> {
        self.find(event.metadata)
    }

    /// The value in some metadata, whatever [`Self::field`] says.
    pub fn find<'a>(&self, metadata: MetadataRef<'a>) -> Option<Value<'a>> {
        if self.has_dots {
            metadata.get_path(self.text.split('.'))
        } else {
            metadata.get(&self.text)
        }
    }

    /// The key at the top level of metadata whose value this is, and nothing inside of it; `None` when it is the path to a value inside
    /// of an object.
    pub fn top_level_key(&self) -> Option<&str> {
        (!self.has_dots).then_some(&self.text)
    }
}
