//! The faults of a request, collected until all of it has been looked at.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Path, Refused, Rule, Segment};
use crate::json::{Value, write_string};

/// How many faults of one request are kept. Whoever sends 100,000 bad events is told of the first thousand.
pub(crate) const FAULTS_MAX: usize = 1_000;

/// How many bytes of what stands in the request its faults repeat, all together. Beyond it the `input` of a fault is left out.
pub(crate) const ECHO_BYTES_MAX: usize = 128 * 1024;

/// How many characters of a key a place repeats.
const NAME_CHARS_MAX: usize = 256;

/// One fault, in the form in which it is answered.
#[derive(Debug, Clone)]
pub(crate) struct FieldError {
    /// What is wrong, stable.
    pub(crate) kind: &'static str,
    /// Where, as a JSON list of names and positions from `body`, `query` or `path` on.
    pub(crate) loc: Box<RawValue>,
    /// For people.
    pub(crate) msg: Cow<'static, str>,
    /// What stands there, as JSON; `None` when it is too large to repeat.
    pub(crate) input: Option<Box<RawValue>>,
    /// The values of the rule, as a JSON object.
    pub(crate) ctx: Option<Box<RawValue>>,
    /// Whether it is of a document in a parameter, whose faults are told with the address of an explanation (SEMANTICS 9.15).
    pub(crate) in_document: bool,
}

impl FieldError {
    /// A broken rule of the business, with a type and words of its own.
    pub(crate) fn of_business(
        at: &Path<'_>,
        kind: &'static str,
        msg: &'static str,
        input: &Value<'_>,
    ) -> Self {
        let mut echo = String::new();
        let written = input.write(ECHO_BYTES_MAX, &mut echo);
        Self {
            kind,
            loc: raw(loc_text(&at.segments())),
            msg: Cow::Borrowed(msg),
            input: written.map(|()| raw(echo)),
            ctx: None,
            in_document: false,
        }
    }

    /// A body that is not JSON.
    pub(crate) fn malformed_json(offset: usize, message: &'static str) -> Self {
        Self {
            kind: "json_invalid",
            loc: raw(format!("[\"body\",{offset}]")),
            msg: Cow::Borrowed("JSON decode error"),
            input: Some(raw("{}".to_owned())),
            ctx: Some(error_context(message)),
            in_document: false,
        }
    }

    /// A parameter that is not JSON, and why.
    pub(crate) fn malformed_document(text: &str, why: &str) -> Self {
        let mut echo = String::new();
        let written = Value::String(text.into()).write(ECHO_BYTES_MAX, &mut echo);
        Self {
            kind: "json_invalid",
            loc: raw("[]".to_owned()),
            msg: Cow::Owned(format!("Invalid JSON: {why}")),
            input: written.map(|()| raw(echo)),
            ctx: Some(error_context(why)),
            in_document: true,
        }
    }

    fn with_echo(at: &Path<'_>, rule: Rule<'_>, echo: Option<String>) -> Self {
        Self {
            kind: rule.kind(),
            loc: raw(loc_text(&at.segments())),
            msg: rule.message(),
            input: echo.map(raw),
            ctx: rule.context().map(raw),
            in_document: false,
        }
    }
}

fn error_context(why: &str) -> Box<RawValue> {
    let mut ctx = String::from("{\"error\":");
    write_string(why, &mut ctx);
    ctx.push('}');
    raw(ctx)
}

/// Collects faults.
#[derive(Debug)]
pub(crate) struct Faults {
    /// `None` when nobody wants to know.
    kept: Option<Vec<FieldError>>,
    echo_bytes_left: usize,
}

impl Faults {
    /// Keeps what is reported, within the bounds.
    pub(crate) fn new() -> Self {
        Self {
            kept: Some(Vec::new()),
            echo_bytes_left: ECHO_BYTES_MAX,
        }
    }

    /// Keeps nothing: for asking whether a value is valid, at no cost when it is not.
    pub(crate) fn none_wanted() -> Self {
        Self {
            kept: None,
            echo_bytes_left: 0,
        }
    }

    /// Reports a fault of the value at a place.
    pub(crate) fn report(&mut self, at: &Path<'_>, rule: Rule<'_>, input: &Value<'_>) -> Refused {
        if self.wants_more() {
            let mut echo = String::new();
            let written = input.write(self.echo_bytes_left, &mut echo);
            if written.is_some() {
                self.echo_bytes_left = self.echo_bytes_left.saturating_sub(echo.len());
            }
            let error = FieldError::with_echo(at, rule, written.map(|()| echo));
            if let Some(kept) = &mut self.kept {
                kept.push(error);
            }
        }
        Refused
    }

    /// Whether a further fault would be kept. When not, there is no point in looking for more.
    pub(crate) fn wants_more(&self) -> bool {
        self.kept
            .as_ref()
            .is_some_and(|kept| kept.len() < FAULTS_MAX)
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.as_ref().map_or(0, Vec::len)
    }

    /// Moves the faults from position `middle` on before those from position `first` on: for a union whose members were
    /// tried in another order than they report in.
    pub(crate) fn swap_tail(&mut self, first: usize, middle: usize) {
        if let Some(kept) = &mut self.kept {
            kept[first..].rotate_left(middle - first);
        }
    }

    /// What a request that was looked at whole comes to.
    pub(crate) fn finish<T>(self, checked: Result<T, Refused>) -> Result<T, Vec<FieldError>> {
        checked.map_err(|Refused| self.kept.unwrap_or_default())
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("written here as JSON")
}

fn loc_text(segments: &[Segment<'_>]) -> String {
    let mut out = String::from("[");
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match segment {
            Segment::Name(name) => write_string(shortened(name), &mut out),
            Segment::Index(index) => out.push_str(&index.to_string()),
        }
    }
    out.push(']');
    out
}

/// The first [`NAME_CHARS_MAX`] characters: a client may send a key of any length.
pub(crate) fn shortened(name: &str) -> &str {
    name.char_indices()
        .nth(NAME_CHARS_MAX)
        .map_or(name, |(end, _)| &name[..end])
}
