//! What is one type here and a union in the contract: a customer of either kind, an event of either source, an event of a system
//! by name. Each member is the schema of the type with a few fields set right, so that a field stands in one place only.

use serde_json::{Map, Value, json};

use super::components::{Components, reference};
use super::webhooks;

/// All schemas, with the unions of the contract.
pub(super) fn split(mut components: Components) -> Map<String, Value> {
    let mut metadata = Vec::new();
    for (name, event) in SYSTEM_EVENTS {
        let schema = match name {
            "meter.credited" => components.reference::<api::MeterCreditedMetadata>(),
            "meter.reset" => components.reference::<api::MeterResetMetadata>(),
            _ => components.reference::<api::BenefitGrantMetadata>(),
        };
        metadata.push((name, event, schema));
    }
    let mut schemas = Schemas(components.finish());
    schemas.split_customers();
    schemas.split_customer_bodies();
    schemas.split_benefits();
    schemas.add_payloads();
    schemas.split_events(&metadata);
    schemas.split_event_bodies();
    schemas.name_organizations();
    let mut schemas: Vec<(String, Value)> = schemas.0.into_iter().collect();
    schemas.sort_by(|one, other| one.0.cmp(&other.0));
    schemas.into_iter().collect()
}

/// The events that the server writes, and what the contract calls them.
const SYSTEM_EVENTS: [(&str, &str); 6] = [
    ("meter.credited", "MeterCreditEvent"),
    ("meter.reset", "MeterResetEvent"),
    ("benefit.granted", "BenefitGrantedEvent"),
    ("benefit.cycled", "BenefitCycledEvent"),
    ("benefit.updated", "BenefitUpdatedEvent"),
    ("benefit.revoked", "BenefitRevokedEvent"),
];

struct Schemas(Map<String, Value>);

impl Schemas {
    /// The schema of a type, to be made others of.
    fn take(&mut self, name: &str) -> Object {
        let schema = self.0.remove(name);
        Object(schema.expect("an operation refers to this type"))
    }

    fn put(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    fn split_customers(&mut self) {
        for (union, individual, team) in [
            ("Customer", "CustomerIndividual", "CustomerTeam"),
            (
                "CustomerState",
                "CustomerStateIndividual",
                "CustomerStateTeam",
            ),
        ] {
            let either = self.take(union);
            let one = either
                .with("type", constant("individual"))
                .with("email", json!({"type": "string"}));
            let other = either
                .with("type", constant("team"))
                .without_need_of("email");
            self.put(individual, one.0);
            self.put(team, other.0);
            let members = [("individual", individual), ("team", team)];
            self.put(union, told_by("type", &members));
        }
    }

    fn split_customer_bodies(&mut self) {
        let either = self.take("CustomerCreate").with("organization_id", no_id());
        let mut kind = constant("individual");
        kind["default"] = json!("individual");
        let one = either.with("type", kind).needing("email");
        let mut email = either.field("email").clone();
        email = json!({"anyOf": [email, {"type": "null"}]});
        let other = either
            .with("type", constant("team"))
            .needing("type")
            .with("email", email);
        self.put("CustomerIndividualCreate", one.0);
        self.put("CustomerTeamCreate", other.0);
        let members = ["CustomerIndividualCreate", "CustomerTeamCreate"].map(reference);
        self.put("CustomerCreate", json!({"oneOf": members}));

        let by_id = self.take("CustomerUpdate");
        let by_external_id = by_id.without("external_id").without("type");
        self.put("CustomerUpdate", by_id.0);
        self.put("CustomerUpdateExternalID", by_external_id.0);
    }

    /// Of the kinds of benefits there is one here.
    fn split_benefits(&mut self) {
        let benefit = self.take("Benefit");
        self.put("BenefitMeterCredit", benefit.0);
        for (union, member) in [
            ("Benefit", "BenefitMeterCredit"),
            ("BenefitCreate", "BenefitMeterCreditCreate"),
        ] {
            self.put(union, told_by("type", &[("meter_credit", member)]));
        }
        // What is credited is bounded when it is sent.
        let properties = self.take("BenefitMeterCreditProperties");
        let shown = properties.with("units", json!({"type": "integer"}));
        self.put("BenefitMeterCreditCreateProperties", properties.0);
        self.put("BenefitMeterCreditProperties", shown.0);
        let sent = reference("BenefitMeterCreditCreateProperties");
        let create = self
            .take("BenefitMeterCreditCreate")
            .with("organization_id", no_id());
        self.put(
            "BenefitMeterCreditCreate",
            create.with("properties", sent.clone()).0,
        );
        let update = self.take("BenefitMeterCreditUpdate");
        let sent = json!({"anyOf": [sent, {"type": "null"}]});
        self.put(
            "BenefitMeterCreditUpdate",
            update.with("properties", sent).0,
        );
    }

    /// What is sent to webhook endpoints.
    fn add_payloads(&mut self) {
        let grant = self.take("BenefitGrant");
        let mut sent = grant.with("benefit", reference("BenefitMeterCredit"));
        let before = reference("BenefitGrantMeterCreditProperties");
        sent.0["properties"]["previous_properties"] = json!({
            "description": "What was credited before this.",
            "anyOf": [before, {"type": "null"}],
        });
        self.put("BenefitGrant", grant.0);
        self.put("BenefitGrantMeterCreditWebhook", sent.0);
        let members = [reference("BenefitGrantMeterCreditWebhook")];
        self.put("BenefitGrantWebhook", json!({"anyOf": members}));
        for (name, payload, data) in webhooks::PAYLOADS {
            let schema = json!({
                "type": "object",
                "properties": {
                    "type": constant(name),
                    "timestamp": {"type": "string", "format": "date-time"},
                    "data": reference(data),
                },
                "required": ["type", "timestamp", "data"],
            });
            self.put(payload, schema);
        }
    }

    fn split_events(&mut self, system: &[(&'static str, &'static str, Value)]) {
        let event = self.take("Event");
        let user = event.with("source", constant("user"));
        self.put("UserEvent", user.0);
        let mut members = Vec::new();
        for (name, schema, metadata) in system {
            let event = event
                .with("source", constant("system"))
                .with("name", constant(name))
                .with("metadata", metadata.clone());
            self.put(schema, event.0);
            members.push((*name, *schema));
        }
        self.put("SystemEvent", told_by("name", &members));
        let members = [("system", "SystemEvent"), ("user", "UserEvent")];
        self.put("Event", told_by("source", &members));
    }

    fn split_event_bodies(&mut self) {
        let either = self.take("EventCreate").with("organization_id", no_id());
        let by_id = either
            .without("external_customer_id")
            .without("external_member_id")
            .needing("customer_id");
        let by_external_id = either
            .without("customer_id")
            .without("member_id")
            .needing("external_customer_id");
        self.put("EventCreateCustomer", by_id.0);
        self.put("EventCreateExternalCustomer", by_external_id.0);
        let members = ["EventCreateCustomer", "EventCreateExternalCustomer"].map(reference);
        let ingest = self.take("EventsIngest");
        let events = json!({"type": "array", "items": {"anyOf": members}});
        self.put("EventsIngest", ingest.with("events", events).0);
    }

    /// Bodies that may name an organization, which with an organization's token must be left out.
    fn name_organizations(&mut self) {
        for name in [
            "MeterCreate",
            "CustomerMeterCredit",
            "CustomerMeterReset",
            "WebhookEndpointCreate",
            "BenefitGrantCreate",
        ] {
            let body = self.take(name).with("organization_id", no_id());
            self.put(name, body.0);
        }
    }
}

/// The schema of an object.
#[derive(Debug, Clone)]
struct Object(Value);

impl Object {
    fn field(&self, name: &str) -> &Value {
        &self.0["properties"][name]
    }

    /// The same with a field of this schema, its description kept.
    fn with(&self, name: &str, schema: Value) -> Self {
        let mut object = self.clone();
        let field = &mut object.0["properties"][name];
        let description = field.get("description").cloned();
        *field = schema;
        if let Some(description) = description
            && field.get("description").is_none()
        {
            field["description"] = description;
        }
        object
    }

    fn without(&self, name: &str) -> Self {
        let mut object = self.without_need_of(name);
        if let Value::Object(properties) = &mut object.0["properties"] {
            properties.shift_remove(name);
        }
        object
    }

    fn needing(&self, name: &str) -> Self {
        let mut object = self.without_need_of(name);
        match object.0.get_mut("required") {
            Some(Value::Array(required)) => required.push(json!(name)),
            _ => object.0["required"] = json!([name]),
        }
        object
    }

    fn without_need_of(&self, name: &str) -> Self {
        let mut object = self.clone();
        if let Some(Value::Array(required)) = object.0.get_mut("required") {
            required.retain(|other| *other != name);
        }
        object
    }
}

fn constant(value: &str) -> Value {
    json!({"type": "string", "const": value})
}

/// An organization that a body names.
fn no_id() -> Value {
    json!({
        "description": "Left out or null: a token stands for an organization, and naming one is refused.",
        "anyOf": [{"type": "string", "format": "uuid4"}, {"type": "null"}],
    })
}

/// A union whose members a field tells apart.
fn told_by(field: &str, members: &[(&str, &str)]) -> Value {
    let schemas: Vec<Value> = members
        .iter()
        .map(|(_, schema)| reference(schema))
        .collect();
    let mapping: Map<String, Value> = members
        .iter()
        .map(|(value, schema)| ((*value).to_owned(), reference(schema)["$ref"].clone()))
        .collect();
    json!({"oneOf": schemas, "discriminator": {"propertyName": field, "mapping": mapping}})
}
