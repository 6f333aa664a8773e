//! Postal addresses.

use api::COUNTRIES;
use domain::Address;

use super::country::full_state;
use super::optional_text;
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};
use crate::validate::{Checked, Faults, Model, Node, Rule};

/// An address, its state in full.
pub(super) fn address(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Address> {
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
pub(in super::super) fn country(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::names(COUNTRIES.iter().copied()));
    if let Value::String(code) = node.value {
        let code = code.to_uppercase();
        if COUNTRIES.binary_search(&code.as_str()).is_ok() {
            return Ok(code);
        }
    }
    Err(node.refuse(Rule::Choice(COUNTRIES), faults))
}
