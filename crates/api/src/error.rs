//! Bodies of errors. Which of them an answer has, follows from its status: see each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::schema::{Anything, Location, Object, texts};

/// An error with a name. 404 `ResourceNotFound`, 401 `Unauthorized`, 413 `RequestBodyTooLarge`, 503
/// `ServiceUnavailable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// The name, stable.
    pub error: String,
    /// For people.
    pub detail: String,
}

/// There is no such row (404).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceNotFound {
    /// `ResourceNotFound`.
    #[schemars(with = "ResourceNotFoundName")]
    pub error: String,
    /// For people.
    pub detail: String,
}

/// No such path (404), or not with this method (405).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingBody {
    /// `Not Found` or `Method Not Allowed`.
    pub detail: String,
}

/// A token that is not valid (401) or may not do this (403).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenErrorBody {
    /// `invalid_token` or `insufficient_scope`.
    pub error: String,
    /// For people.
    pub error_description: String,
}

/// Fields that are not as they must be (422).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HTTPValidationError")]
pub struct ValidationBody {
    /// `RequestValidationError` for the form, `PolarRequestValidationError` for rules of the business.
    #[schemars(with = "ValidationName")]
    pub error: String,
    /// One item per fault.
    pub detail: Vec<ValidationError>,
}

/// One fault of a request.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ValidationError {
    /// What is wrong, stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where: names and positions from `body`, `query` or `path` on, or within the document that a parameter holds.
    #[schemars(with = "Location")]
    pub loc: Box<RawValue>,
    /// For people.
    pub msg: String,
    /// What stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Anything")]
    pub input: Option<Box<RawValue>>,
    /// The rule's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    pub ctx: Option<Box<RawValue>>,
    /// Where the type is explained; of faults in a document that a parameter holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

texts! {
    /// The name of the error.
    ResourceNotFoundName = {"type": "string", "const": "ResourceNotFound"};
    /// The names of the error: of the form, and of rules of the business.
    ValidationName = {"type": "string", "enum": ["RequestValidationError", "PolarRequestValidationError"]};
}
