//! Customers (SEMANTICS 11.1, 11.2).

use domain::{Address, CustomerKind};
use service::NewCustomer;
use uuid::Uuid;

use super::filter::tag_text;
use super::{Body, Invalid, organization_id, own_organization, read_body};
use crate::json::Value;
use crate::validate::{
    Checked, Faults, Length, Model, Node, Rule, email, metadata, text, trimmed_or_none,
};

mod country;

use country::{COUNTRIES, full_state};

const KINDS: [&str; 2] = ["individual", "team"];
const NAME_LENGTH: Length = Length::at_most(256);

/// What tells the kinds apart, as faults name it.
const KIND_KEY: &str = "'type'";

/// `POST /v1/customers/`
pub(crate) fn customer_create(body: &Body<'_>) -> Result<NewCustomer, Invalid> {
    let (customer, named) = read_body(body, read_create)?;
    own_organization(named)?;
    Ok(customer)
}

/// The key `type` tells individual and team apart; faults are reported under it. Without it, or without an object, it is an
/// individual.
fn read_create(node: Node<'_, '_>, faults: &mut Faults) -> Checked<(NewCustomer, Option<Uuid>)> {
    let kind = match node.value {
        Value::Object(object) => object.get("type"),
        _ => None,
    };
    let kind = match kind {
        None => CustomerKind::Individual,
        Some(Value::Null) => return Err(node.refuse(Rule::TagMissing(KIND_KEY), faults)),
        Some(tag) => {
            let found = match tag {
                Value::String(name) => CustomerKind::from_name(name),
                _ => None,
            };
            found.ok_or_else(|| {
                node.refuse(Rule::TagUnknown(KIND_KEY, &tag_text(tag), &KINDS), faults)
            })?
        }
    };
    let at = node.at.name(kind.as_str());
    read_kind(node.at(&at), kind, faults)
}

fn read_kind(
    node: Node<'_, '_>,
    kind: CustomerKind,
    faults: &mut Faults,
) -> Checked<(NewCustomer, Option<Uuid>)> {
    let model = node.model(faults)?;
    let metadata = model.optional("metadata", faults, metadata);
    let external_id = model.nullable("external_id", faults, optional_text);
    let name = model.nullable("name", faults, name);
    let billing_address = model.nullable("billing_address", faults, address);
    // Taxes are no matter of a metering server: checked in form, not kept.
    let tax_id = model.nullable("tax_id", faults, optional_text);
    let locale = model.nullable("locale", faults, optional_text);
    let organization = organization_id(model, faults);
    let owner = model.nullable("owner", faults, owner);
    let email = match kind {
        CustomerKind::Individual => model.required("email", faults, email).map(Some),
        CustomerKind::Team => model.nullable("email", faults, email),
    };
    tax_id?;
    let owner = owner?;
    let customer = NewCustomer {
        kind,
        external_id: external_id?.flatten(),
        email: email?,
        name: name?.flatten(),
        billing_address: billing_address?,
        locale: locale?.flatten(),
        metadata: metadata?.unwrap_or_default(),
    };
    let organization = organization?;
    if customer.email.is_none() && owner.is_none() {
        let rule = Rule::Value("An owner is required for a team customer without an email.");
        return Err(node.refuse(rule, faults));
    }
    Ok((customer, organization))
}

/// Text without the white space around it; nothing when it is blank.
fn optional_text(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Option<String>> {
    text(node, Length::ANY, faults).map(trimmed_or_none)
}

fn name(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Option<String>> {
    text(node, NAME_LENGTH, faults).map(trimmed_or_none)
}

/// The member that owns a team. There are no members here: checked in form, not kept.
fn owner(node: Node<'_, '_>, faults: &mut Faults) -> Checked<()> {
    let model = node.model(faults)?;
    let email = model.required("email", faults, email);
    let name = model.nullable("name", faults, name);
    let external_id = model.nullable("external_id", faults, optional_text);
    email?;
    name?;
    external_id?;
    Ok(())
}

fn address(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Address> {
    let model = node.model(faults)?;
    let line1 = line(model, "line1", faults);
    let line2 = line(model, "line2", faults);
    let postal_code = line(model, "postal_code", faults);
    let city = line(model, "city", faults);
    let state = line(model, "state", faults);
    let country = model.required("country", faults, country);
    let (country, state) = (country?, state?);
    let address = Address {
        country,
        line1: line1?,
        line2: line2?,
        postal_code: postal_code?,
        city: city?,
        state: None,
    };
    let state = match state {
        None => None,
        Some(state) => Some(
            full_state(&address.country, state)
                .map_err(|rule| node.refuse(Rule::Value(rule), faults))?,
        ),
    };
    Ok(Address { state, ..address })
}

fn line(model: Model<'_, '_>, name: &str, faults: &mut Faults) -> Checked<Option<String>> {
    model
        .nullable(name, faults, optional_text)
        .map(Option::flatten)
}

/// The code of a country, in either case.
fn country(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    if let Value::String(code) = node.value {
        let code = code.to_uppercase();
        if COUNTRIES.binary_search(&code.as_str()).is_ok() {
            return Ok(code);
        }
    }
    Err(node.refuse(Rule::Choice(&COUNTRIES), faults))
}
