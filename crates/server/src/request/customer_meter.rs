//! Customer meters, their credits and resets (SEMANTICS 4.3, 12.11; EXTENSIONS, credits and resets of a customer meter).

use domain::{CustomerId, MeterId, OrganizationId, Timestamp};
use service::{
    CustomerKey, CustomerMeterOrder, CustomerMeterSearch, Direction, NewCredit, NewReset, Page,
};
use uuid::Uuid;

use super::ingest::past;
use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::validate::{
    Bounds, Checked, Faults, FieldError, Model, Node, Rule, any_text, boolean, integer_within,
    uuid4,
};

#[cfg(test)]
mod tests;

const ORDERS: [&str; 18] = [
    "created_at",
    "-created_at",
    "modified_at",
    "-modified_at",
    "customer_id",
    "-customer_id",
    "customer_name",
    "-customer_name",
    "meter_id",
    "-meter_id",
    "meter_name",
    "-meter_name",
    "consumed_units",
    "-consumed_units",
    "credited_units",
    "-credited_units",
    "balance",
    "-balance",
];

const UNITS: Bounds = Bounds::between(i64::MIN, i64::MAX);

/// What a list of customer meters asks for.
#[derive(Debug, Clone)]
pub(crate) struct CustomerMeterList {
    /// Which of them.
    pub(crate) search: CustomerMeterSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `GET /v1/customer-meters/`
pub(crate) fn customer_meter_list(query: &Query<'_>) -> Result<CustomerMeterList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<CustomerMeterList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let customers = query.ids("customer_id", faults);
    let meters = query.ids("meter_id", faults);
    let organizations = organizations?.into_iter().map(OrganizationId::from_uuid);
    Ok(CustomerMeterList {
        search: CustomerMeterSearch {
            customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
            external_customers: query.texts("external_customer_id"),
            meters: meters?.into_iter().map(MeterId::from_uuid).collect(),
            sorting: sorting?,
        },
        organizations: organizations.collect(),
        page: page?,
    })
}

pub(super) fn order(name: &str) -> Option<(CustomerMeterOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => CustomerMeterOrder::CreatedAt,
        "modified_at" => CustomerMeterOrder::ModifiedAt,
        "customer_id" => CustomerMeterOrder::CustomerId,
        "customer_name" => CustomerMeterOrder::CustomerName,
        "meter_id" => CustomerMeterOrder::MeterId,
        "meter_name" => CustomerMeterOrder::MeterName,
        "consumed_units" => CustomerMeterOrder::ConsumedUnits,
        "credited_units" => CustomerMeterOrder::CreditedUnits,
        "balance" => CustomerMeterOrder::Balance,
        _ => return None,
    };
    Some((order, direction))
}

/// `POST /v1/customer-meters/credits`; its time does not lie after `now`.
pub(crate) fn credit(body: &Body<'_>, now: Timestamp) -> Result<NewCredit, Invalid> {
    let (credit, named) = read_body(body, |node, faults| read_credit(node, now, faults))?;
    own_organization(named)?;
    Ok(credit)
}

fn read_credit(
    node: Node<'_, '_>,
    now: Timestamp,
    faults: &mut Faults,
) -> Checked<(NewCredit, Option<Uuid>)> {
    let model = node.model(faults)?;
    let entry = Entry::read(model, now, faults);
    let units = model.required("units", faults, units);
    let rollover = model.optional("rollover", faults, boolean);
    let (entry, units, rollover) = (entry?, units?, rollover?);
    let credit = NewCredit {
        customer: customer_key(model, entry.customer_id, entry.external_customer_id, faults)?,
        meter: entry.meter,
        units,
        rollover: rollover.unwrap_or(false),
        timestamp: entry.timestamp,
        external_id: entry.external_id,
    };
    Ok((credit, entry.organization))
}

/// `POST /v1/customer-meters/resets`; its time does not lie after `now`.
pub(crate) fn reset(body: &Body<'_>, now: Timestamp) -> Result<NewReset, Invalid> {
    let (reset, named) = read_body(body, |node, faults| read_reset(node, now, faults))?;
    own_organization(named)?;
    Ok(reset)
}

fn read_reset(
    node: Node<'_, '_>,
    now: Timestamp,
    faults: &mut Faults,
) -> Checked<(NewReset, Option<Uuid>)> {
    let model = node.model(faults)?;
    let entry = Entry::read(model, now, faults);
    let carry_over = model.optional("carry_over", faults, boolean);
    let (entry, carry_over) = (entry?, carry_over?);
    let reset = NewReset {
        customer: customer_key(model, entry.customer_id, entry.external_customer_id, faults)?,
        meter: entry.meter,
        carry_over: carry_over.unwrap_or(false),
        timestamp: entry.timestamp,
        external_id: entry.external_id,
    };
    Ok((reset, entry.organization))
}

/// What bodies of credits and resets have in common.
struct Entry {
    customer_id: Option<CustomerId>,
    external_customer_id: Option<String>,
    meter: MeterId,
    timestamp: Option<Timestamp>,
    external_id: Option<String>,
    organization: Option<Uuid>,
}

impl Entry {
    fn read(model: Model<'_, '_>, now: Timestamp, faults: &mut Faults) -> Checked<Self> {
        let customer_id = model.nullable("customer_id", faults, uuid4);
        let external_customer_id = model.nullable("external_customer_id", faults, any_text);
        let meter = model.required("meter_id", faults, uuid4);
        let timestamp = model.optional("timestamp", faults, |node, faults| past(node, now, faults));
        let external_id = model.nullable("external_id", faults, any_text);
        let organization = organization_id(model, faults);
        Ok(Self {
            customer_id: customer_id?.map(CustomerId::from_uuid),
            external_customer_id: external_customer_id?,
            meter: MeterId::from_uuid(meter?),
            timestamp: timestamp?,
            external_id: external_id?,
            organization: organization?,
        })
    }
}

/// The customer, who has exactly one name. Looked at when every field is sound.
pub(super) fn customer_key(
    model: Model<'_, '_>,
    id: Option<CustomerId>,
    external_id: Option<String>,
    faults: &mut Faults,
) -> Checked<CustomerKey> {
    match (id, external_id) {
        (Some(id), None) => Ok(CustomerKey::Id(id)),
        (None, Some(id)) => Ok(CustomerKey::External(id)),
        (None, None) | (Some(_), Some(_)) => {
            let rule = Rule::Value("Give either customer_id or external_customer_id.");
            Err(model.node().refuse(rule, faults))
        }
    }
}

fn units(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    let units = integer_within(node, UNITS, faults)?;
    if units == 0 {
        return Err(node.refuse(Rule::Value("Units must not be 0."), faults));
    }
    Ok(units)
}
