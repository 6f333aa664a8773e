//! Metadata as the model reads it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::decimal::Decimal;

/// A value of metadata. Values that are equal in the sense of the aggregation `unique` are equal here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Spelled),
    Text(String),
    Object(BTreeMap<String, Self>),
}

/// A number and its spelling, which does not tell numbers apart.
#[derive(Debug, Clone)]
pub(super) struct Spelled {
    pub(super) number: Decimal,
    pub(super) text: String,
}

impl Value {
    /// Reads JSON.
    #[track_caller]
    pub(super) fn parse(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool(json == "true"),
            Some(b'"') => Self::Text(serde_json::from_str(json).expect("a JSON string")),
            Some(b'{') => {
                let members: BTreeMap<String, Box<RawValue>> =
                    serde_json::from_str(json).expect("a JSON object");
                let members = members.into_iter();
                Self::Object(
                    members
                        .map(|(key, value)| (key, Self::parse(value.get())))
                        .collect(),
                )
            }
            _ => Self::Number(Spelled {
                number: Decimal::parse(json),
                text: json.to_owned(),
            }),
        }
    }

    /// Reads the metadata of an event, in which the amount of a cost is text that stands for a number (SEMANTICS 9.9).
    #[track_caller]
    pub(super) fn of_event(metadata: &api::Metadata) -> Self {
        let mut value = Self::parse(metadata.as_str());
        if let Some(amount) = value
            .member_mut("_cost")
            .and_then(|cost| cost.member_mut("amount"))
            && let Self::Text(text) = amount
        {
            *amount = Self::parse(text);
        }
        value
    }

    /// What is at the end of a path of keys with dots between them.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, key| match value {
            Self::Object(members) => members.get(key),
            _ => None,
        })
    }

    /// Its JSON text, strings bare; `None` for what the model does not look into.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Null | Self::Object(_) => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(number) => Some(&number.text),
            Self::Text(text) => Some(text),
        }
    }

    fn member_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members.get_mut(key),
            _ => None,
        }
    }
}

impl PartialEq for Spelled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Spelled {}

impl PartialOrd for Spelled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Spelled {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}
