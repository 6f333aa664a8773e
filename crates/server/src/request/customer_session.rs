//! Customer sessions (SEMANTICS 3.3, 11.11).

use domain::{CustomerId, MemberId};
use service::{CustomerKey, NewSession};

use super::{Body, read_body};
use crate::validate::{
    Checked, Faults, FieldError, Model, Node, Refused, any_text, http_url, uuid4,
};

#[cfg(test)]
mod tests;

/// `POST /v1/customer-sessions/`. Its customer is named by `customer_id` or by `external_customer_id`: two forms, of which the
/// first counts when both are sound, and which both report their faults when neither is.
pub(crate) fn customer_session_create(body: &Body<'_>) -> Result<NewSession, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let silent = &mut Faults::none_wanted();
        read(node, by_id, silent)
            .or_else(|Refused| read(node, by_external_id, silent))
            .map_err(|Refused| report(node, faults))
    })
}

/// How a form names its customer.
type Customer = fn(Model<'_, '_>, &mut Faults) -> Checked<CustomerKey>;

fn report(node: Node<'_, '_>, faults: &mut Faults) -> Refused {
    let at = node.at.name("CustomerSessionCustomerIDCreate");
    let _by_id = read(node.at(&at), by_id, faults);
    let at = node.at.name("CustomerSessionCustomerExternalIDCreate");
    let _by_external_id = read(node.at(&at), by_external_id, faults);
    Refused
}

fn read(node: Node<'_, '_>, customer: Customer, faults: &mut Faults) -> Checked<NewSession> {
    let model = node.model(faults)?;
    let member = model.nullable("member_id", faults, uuid4);
    let external_member = model.nullable("external_member_id", faults, any_text);
    let return_url = model.nullable("return_url", faults, http_url);
    let customer = customer(model, faults);
    Ok(NewSession {
        customer: customer?,
        member: member?.map(MemberId::from_uuid),
        external_member: external_member?,
        return_url: return_url?.map(String::from),
    })
}

fn by_id(model: Model<'_, '_>, faults: &mut Faults) -> Checked<CustomerKey> {
    let id = model.required("customer_id", faults, uuid4)?;
    Ok(CustomerKey::Id(CustomerId::from_uuid(id)))
}

/// An older name is read where the newer is not there.
fn by_external_id(model: Model<'_, '_>, faults: &mut Faults) -> Checked<CustomerKey> {
    let (name, older) = ("external_customer_id", "customer_external_id");
    let is_older = model.get(name).is_none() && model.get(older).is_some();
    let name = if is_older { older } else { name };
    model
        .required(name, faults, any_text)
        .map(CustomerKey::External)
}
