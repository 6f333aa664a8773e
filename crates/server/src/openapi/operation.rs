//! One operation, as it is told: what the table of routes does not know of it.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::parameter::Parameter;
use super::{errors, parameter, security};
use crate::route::Route;

/// What an operation is called, what it takes and what it answers.
#[derive(Debug)]
pub(super) struct Operation {
    /// How.
    pub(super) method: Method,
    /// Where, as the route has it.
    pub(super) path: &'static str,
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    tags: Vec<&'static str>,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    /// Whether the body may be left out.
    is_body_optional: bool,
    example: Option<Value>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    description: &'static str,
    content_type: &'static str,
    schema: Option<Value>,
}

/// The type of most bodies.
const JSON: &str = "application/json";

impl Operation {
    /// A GET.
    pub(super) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::GET, path, id, summary)
    }

    /// A POST.
    pub(super) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::POST, path, id, summary)
    }

    /// A PATCH.
    pub(super) fn patch(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::PATCH, path, id, summary)
    }

    /// A DELETE.
    pub(super) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::DELETE, path, id, summary)
    }

    fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            description: "",
            tags: Vec::new(),
            parameters: Vec::new(),
            body: None,
            is_body_optional: false,
            example: None,
            answers: Vec::new(),
        }
    }

    /// More than fits in a summary.
    pub(super) fn about(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Under this heading, too.
    pub(super) fn tagged(mut self, tag: &'static str) -> Self {
        self.tags.push(tag);
        self
    }

    /// With these parameters after the question mark.
    pub(super) fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// With a body of this schema.
    pub(super) fn body(mut self, schema: Value) -> Self {
        self.body = Some(schema);
        self
    }

    /// With a body of this schema, or none; null is none.
    pub(super) fn optional_body(mut self, schema: &Value) -> Self {
        self.is_body_optional = true;
        self.body(json!({"anyOf": [schema, {"type": "null"}]}))
    }

    /// What a body looks like.
    pub(super) fn example(mut self, example: Value) -> Self {
        self.example = Some(example);
        self
    }

    /// Answers 200 with JSON of this schema.
    pub(super) fn ok(self, schema: Value) -> Self {
        self.answers(StatusCode::OK, "Done.", JSON, Some(schema))
    }

    /// Answers 201 with JSON of this schema.
    pub(super) fn created(self, schema: Value) -> Self {
        self.answers(StatusCode::CREATED, "Made.", JSON, Some(schema))
    }

    /// Answers 204.
    pub(super) fn no_content(self) -> Self {
        self.answers(StatusCode::NO_CONTENT, "Done.", JSON, None)
    }

    /// Answers in a way of its own.
    pub(super) fn answers(
        mut self,
        status: StatusCode,
        description: &'static str,
        content_type: &'static str,
        schema: Option<Value>,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content_type,
            schema,
        });
        self
    }

    /// The operation object of a route.
    pub(super) fn describe(&self, route: &Route) -> Value {
        let mut object = Map::new();
        let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
        set("tags", json!(self.tags));
        set("summary", json!(self.summary));
        if !self.description.is_empty() {
            set("description", json!(self.description));
        }
        set("operationId", json!(self.id));
        set("security", security::of(route.access));
        let parameters = parameter::of_path(self.path);
        let parameters: Vec<Value> = parameters
            .into_iter()
            .chain(self.parameters.iter().cloned())
            .map(Parameter::into_value)
            .collect();
        if !parameters.is_empty() {
            set("parameters", Value::Array(parameters));
        }
        if let Some(schema) = &self.body {
            let mut content = json!({JSON: {"schema": schema}});
            if let Some(example) = &self.example {
                content[JSON]["example"] = example.clone();
            }
            set(
                "requestBody",
                json!({"required": !self.is_body_optional, "content": content}),
            );
        }
        set("responses", self.responses(route));
        Value::Object(object)
    }

    fn responses(&self, route: &Route) -> Value {
        let mut responses: Vec<(u16, Value)> = Vec::new();
        for answer in &self.answers {
            let mut response = json!({"description": answer.description});
            if let Some(schema) = &answer.schema {
                response["content"] = json!({answer.content_type: {"schema": schema}});
            }
            responses.push((answer.status.as_u16(), response));
        }
        for (status, response) in errors::of(route) {
            // An operation may have told a refusal of its own.
            if responses.iter().all(|(known, _)| *known != status) {
                responses.push((status, response));
            }
        }
        responses.sort_by_key(|(status, _)| *status);
        let responses = responses.into_iter();
        Value::Object(
            responses
                .map(|(status, response)| (status.to_string(), response))
                .collect(),
        )
    }
}

/// Puts operations under a heading.
pub(super) fn under(tag: &'static str, operations: Vec<Operation>) -> Vec<Operation> {
    operations
        .into_iter()
        .map(|mut operation| {
            operation.tags.insert(0, tag);
            operation
        })
        .collect()
}
