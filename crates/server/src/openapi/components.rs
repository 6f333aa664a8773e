//! Schemas: generated from the types in `api`, with the names of the contract.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

const PLACE: &str = "/components/schemas";

/// The schemas that operations refer to.
pub(super) struct Components {
    generator: SchemaGenerator,
    /// Those that no type stands for: sets of names that are only asked for, and members of unions.
    others: Map<String, Value>,
}

impl Components {
    /// Without any yet.
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = PLACE.into();
            settings.meta_schema = None;
            // What is left out of a request when unset may be left out; everything else is always there.
            settings.contract = schemars::generate::Contract::Serialize;
        });
        Self {
            generator: settings.into_generator(),
            others: Map::new(),
        }
    }

    /// A reference to the schema of a type, or the schema itself where that stands in place.
    pub(super) fn reference<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.generator.subschema_for::<T>().to_value();
        tidy(&mut schema);
        schema
    }

    /// A set of names that is only asked for, and a reference to it.
    pub(super) fn names(&mut self, name: &str, names: &[&str]) -> Value {
        self.schema(name, json!({"type": "string", "enum": names}))
    }

    /// What a metadata filter may be, and a reference to it.
    pub(super) fn metadata_filter(&mut self) -> Value {
        let many = |kind: &str| json!({"type": "array", "items": {"type": kind}});
        let value = json!({"anyOf": [
            {"type": "string"},
            {"type": "integer"},
            {"type": "boolean"},
            many("string"),
            many("integer"),
            many("boolean"),
        ]});
        let filter = json!({"anyOf": [
            {"type": "object", "additionalProperties": value},
            {"type": "null"},
        ]});
        self.schema("MetadataQuery", filter)
    }

    /// A schema that no type stands for, and a reference to it.
    pub(super) fn schema(&mut self, name: &str, schema: Value) -> Value {
        self.others.insert(name.to_owned(), schema);
        reference(name)
    }

    /// All of them, by name.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        let mut schemas = self.generator.take_definitions(false);
        for schema in schemas.values_mut() {
            tidy(schema);
        }
        for (name, schema) in self.others {
            let twice = schemas.insert(name, schema);
            assert!(twice.is_none(), "two schemas have one name");
        }
        schemas
    }
}

/// A reference to a schema by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#{PLACE}/{name}")})
}

/// Makes of what the generator writes what the contract has: a field with a default may be missing, a default of null is told by
/// the type, and how many bits hold a number is nobody's business.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let bits = ["int32", "int64", "uint8", "uint16", "uint32", "uint64"];
            if let Some(Value::String(format)) = object.get("format")
                && bits.contains(&format.as_str())
            {
                object.remove("format");
                if object.get("minimum") == Some(&json!(0)) {
                    object.remove("minimum");
                }
            }
            relax(object);
            for value in object.values_mut() {
                tidy(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fields with a default need not be there.
fn relax(object: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = object.get_mut("properties") else {
        return;
    };
    let mut with_default = Vec::new();
    for (name, property) in properties {
        let Value::Object(property) = property else {
            continue;
        };
        if property.contains_key("default") {
            with_default.push(name.clone());
        }
        if matches!(property.get("default"), Some(Value::Null))
            || property.get("default") == Some(&json!([]))
        {
            property.remove("default");
        }
    }
    let Some(Value::Array(required)) = object.get_mut("required") else {
        return;
    };
    required.retain(|name| {
        name.as_str()
            .is_none_or(|name| !with_default.iter().any(|other| other == name))
    });
    if required.is_empty() {
        object.remove("required");
    }
}
