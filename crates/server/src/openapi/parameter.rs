//! Parameters of paths and queries, in the forms that the contract has.

use serde_json::{Value, json};

/// A parameter.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    name: &'static str,
    place: &'static str,
    is_required: bool,
    is_deep: bool,
    description: &'static str,
    schema: Value,
}

impl Parameter {
    fn in_query(name: &'static str, description: &'static str, schema: Value) -> Self {
        Self {
            name,
            place: "query",
            is_required: false,
            is_deep: false,
            description,
            schema,
        }
    }

    /// It must be there.
    pub(super) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// What counts without it.
    pub(super) fn by_default(mut self, default: Value) -> Self {
        self.schema["default"] = default;
        self
    }

    /// The parameter object.
    pub(super) fn into_value(self) -> Value {
        let mut value = json!({
            "name": self.name,
            "in": self.place,
            "required": self.is_required,
            "description": self.description,
            "schema": self.schema,
        });
        if self.is_deep {
            value["style"] = json!("deepObject");
            value["explode"] = json!(true);
        }
        value
    }
}

/// The parameter of a path, if it has one.
pub(super) fn of_path(path: &'static str) -> Option<Parameter> {
    let (_, rest) = path.split_once('{')?;
    let (name, _) = rest.split_once('}')?;
    let (description, schema) = match name {
        "external_id" => ("The organization's own id.", json!({"type": "string"})),
        _ => ("The id.", uuid()),
    };
    Some(Parameter {
        name,
        place: "path",
        is_required: true,
        is_deep: false,
        description,
        schema,
    })
}

/// The schema of an identifier.
pub(super) fn uuid() -> Value {
    json!({"type": "string", "format": "uuid4"})
}

/// The schema of a time.
pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A value of a schema, or left out; null in the query has no form, and stands here because it does so in the contract.
pub(super) fn optional(name: &'static str, description: &'static str, schema: &Value) -> Parameter {
    let schema = json!({"anyOf": [schema, {"type": "null"}]});
    Parameter::in_query(name, description, schema)
}

/// A value of a schema.
pub(super) fn plain(name: &'static str, description: &'static str, schema: Value) -> Parameter {
    Parameter::in_query(name, description, schema)
}

/// One value of a schema, or many: the parameter is repeated.
pub(super) fn one_or_many(
    name: &'static str,
    description: &'static str,
    schema: &Value,
) -> Parameter {
    let many = json!({"type": "array", "items": schema});
    let schema = json!({"anyOf": [schema, many, {"type": "null"}]});
    Parameter::in_query(name, description, schema)
}

/// One identifier, or many.
pub(super) fn ids(name: &'static str, description: &'static str) -> Parameter {
    one_or_many(name, description, &uuid())
}

/// One text, or many.
pub(super) fn texts(name: &'static str, description: &'static str) -> Parameter {
    one_or_many(name, description, &json!({"type": "string"}))
}

/// A text.
pub(super) fn text(name: &'static str, description: &'static str) -> Parameter {
    optional(name, description, &json!({"type": "string"}))
}

/// A boolean.
pub(super) fn boolean(name: &'static str, description: &'static str) -> Parameter {
    optional(name, description, &json!({"type": "boolean"}))
}

/// The organizations that a list is about: a token sees its own only.
pub(super) fn organizations() -> Parameter {
    ids(
        "organization_id",
        "Only those of this organization. A token sees nothing of others.",
    )
}

/// The customers that a list is about, by either of their identifiers.
pub(super) fn customers() -> [Parameter; 2] {
    [
        ids("customer_id", "Only those of this customer."),
        texts(
            "external_customer_id",
            "Only those of this customer, by the organization's own id.",
        ),
    ]
}

/// Page and size of a page.
pub(super) fn page() -> [Parameter; 2] {
    let positive = json!({"type": "integer", "exclusiveMinimum": 0});
    [
        plain("page", "Which page. The first is 1.", positive.clone()).by_default(json!(1)),
        plain("limit", "Items on a page. More than 100 are 100.", positive).by_default(json!(10)),
    ]
}

/// In which order a list is: names out of a set, the more important first.
pub(super) fn sorting(names: &Value, default: &str) -> Parameter {
    let description = "In which order. A minus sign turns a criterion around; of several, the \
                       first counts most.";
    optional(
        "sorting",
        description,
        &json!({"type": "array", "items": names}),
    )
    .by_default(json!([default]))
}

/// The metadata filter.
pub(super) fn metadata(schema: Value) -> Parameter {
    let description = "Only those whose metadata has these values: `metadata[key]=value`. Of \
                       several values of a key, one is enough.";
    Parameter {
        is_deep: true,
        ..plain("metadata", description, schema)
    }
}
