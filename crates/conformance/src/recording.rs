//! The form of a recording: cases and their steps, as they lie in the files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// One recorded conversation, which began on a new, empty organization.
#[derive(Debug)]
pub struct Case {
    /// The name, `group/what`; unique over all files.
    pub name: String,
    /// The organization of the recording.
    pub organization_id: String,
    /// When it was recorded; times after it lay in the future.
    pub recorded_at: jiff::Timestamp,
    /// What was said, in order.
    pub steps: Vec<Step>,
}

/// One step of a case.
#[derive(Debug)]
pub enum Step {
    /// What the reference did behind its API.
    Control(Control),
    /// An HTTP request and its answer.
    Call(Box<Call>),
}

/// Something that the reference did without a request.
#[derive(Debug, Deserialize)]
pub struct Control {
    /// What was done.
    #[serde(rename = "control")]
    pub operation: String,
    /// With what.
    #[serde(default)]
    pub args: Map<String, Value>,
}

/// An HTTP request and the answer of the reference.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path; what was percent-encoded still is.
    pub path: String,
    /// The query, decoded, in order.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// Headers but the authorization; `$TOKEN` in one stands for the token with all scopes.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Which token was sent.
    pub auth: String,
    /// The body as the JSON text that was sent, so that numbers and the order of keys are as they were.
    #[serde(default, deserialize_with = "present")]
    pub body: Option<Box<RawValue>>,
    /// The body as text, where it was no JSON or its spelling matters.
    #[serde(default)]
    pub body_raw: Option<String>,
    /// The body was filled up with spaces to this many bytes.
    #[serde(default)]
    pub body_pad_with_spaces_to: usize,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer, when it was JSON.
    #[serde(default, deserialize_with = "present")]
    pub response: Option<Value>,
    /// The answer showed a state that the reference had not brought up to date: only the status counts.
    #[serde(default, deserialize_with = "present")]
    pub not_compared: Option<Value>,
}

/// A key that is there, be it with null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Case {
    /// Reads one line of a recording.
    ///
    /// # Errors
    /// When it is not of the form above.
    pub fn parse(line: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Line {
            case: String,
            organization_id: String,
            recorded_at: String,
            steps: Vec<Box<RawValue>>,
        }
        let line: Line = serde_json::from_str(&without_words_for_numbers(line))?;
        Ok(Self {
            name: line.case,
            organization_id: line.organization_id,
            recorded_at: line.recorded_at.parse()?,
            steps: line
                .steps
                .iter()
                .map(|raw| Step::parse(raw.get()))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Step {
    /// Reads one step. (A raw body cannot go through serde's untagged enums, hence the look ahead.)
    fn parse(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Kind {
            control: Option<String>,
        }
        if serde_json::from_str::<Kind>(text)?.control.is_some() {
            serde_json::from_str(text).map(Step::Control)
        } else {
            serde_json::from_str(text).map(|call| Step::Call(Box::new(call)))
        }
    }
}

/// `NaN` and `Infinity`, which the tool that wrote the recordings puts where JSON has no word, as null.
fn without_words_for_numbers(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for (text, in_string) in pieces(line) {
        if in_string {
            out.push_str(text);
        } else {
            let text = text.replace("-Infinity", "null");
            out.push_str(&text.replace("Infinity", "null").replace("NaN", "null"));
        }
    }
    out
}

/// Cuts JSON text into string literals with their quotes (true) and what stands between them (false).
pub(crate) fn pieces(json: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = json;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let in_string = rest.starts_with('"');
        let end = if in_string {
            literal_bytes(rest)
        } else {
            rest.find('"').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, in_string))
    })
}

/// The length of the string literal that the text starts with, both quotes included.
fn literal_bytes(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Reads the cases of one file, in order.
///
/// # Errors
/// When the file cannot be read, or a line is no case.
pub fn read_cases(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            Case::parse(line).with_context(|| format!("{} line {}", path.display(), index + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_body_as_it_was_written() {
        let step = r#"{"method":"POST","path":"/","auth":"all","status":200,"body":{"b":1.0,"a":12345678901234567890123}}"#;
        let Step::Call(call) = Step::parse(step).expect("a step") else {
            panic!("a call")
        };
        assert_eq!(
            call.body.expect("a body").get(),
            r#"{"b":1.0,"a":12345678901234567890123}"#
        );
        assert!(call.response.is_none(), "an absent response is not null");
    }

    #[test]
    fn a_body_of_null_is_a_body() {
        let step =
            r#"{"method":"POST","path":"/","auth":"all","status":422,"body":null,"response":null}"#;
        let Step::Call(call) = Step::parse(step).expect("a step") else {
            panic!("a call")
        };
        assert_eq!(call.body.expect("a body").get(), "null");
        assert_eq!(call.response, Some(Value::Null));
    }

    #[test]
    fn words_for_numbers_are_read_as_null_but_not_inside_text() {
        let line = r#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \" Infinity"}"#;
        assert_eq!(
            without_words_for_numbers(line),
            r#"{"a":null,"b":[null,null],"c":"NaN \" Infinity"}"#
        );
    }

    #[test]
    fn every_recording_can_be_read() {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/conformance/recordings"
        );
        let mut names = std::collections::BTreeSet::new();
        let mut cases = 0;
        for entry in std::fs::read_dir(folder).expect("the recordings") {
            let path = entry.expect("an entry").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                for case in read_cases(&path).expect("a recording") {
                    assert!(!case.steps.is_empty(), "{} has no steps", case.name);
                    names.insert(case.name);
                    cases += 1;
                }
            }
        }
        assert_eq!((names.len(), cases), (90, 90), "every name is there once");
    }
}
