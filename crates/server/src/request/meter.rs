//! Meters.

use domain::{Definition, OrganizationId, Unit};
use service::{Change, Direction, MeterChanges, MeterOrder, MeterSearch, NewMeter, Page};
use uuid::Uuid;

use super::filter::{aggregation, filter};
use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::validate::{
    Bounds, Checked, Faults, FieldError, Length, Model, Node, Rule, any_text, boolean,
    integer_within, metadata, one_of, text,
};

const UNITS: [Unit; 3] = [Unit::Scalar, Unit::Token, Unit::Custom];
const ORDERS: [&str; 4] = ["created_at", "-created_at", "name", "-name"];
const NAME_LENGTH: Length = Length::at_least(3);

/// What a list of meters asks for.
#[derive(Debug, Clone)]
pub(crate) struct MeterList {
    /// Which of them.
    pub(crate) search: MeterSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `POST /v1/meters/`
pub(crate) fn meter_create(body: &Body<'_>) -> Result<NewMeter, Invalid> {
    let (meter, named) = read_body(body, read_create)?;
    own_organization(named)?;
    Ok(meter)
}

fn read_create(node: Node<'_, '_>, faults: &mut Faults) -> Checked<(NewMeter, Option<Uuid>)> {
    let model = node.model(faults)?;
    let metadata = model.optional("metadata", faults, metadata);
    let name = model.required("name", faults, name);
    let unit = model.optional("unit", faults, unit);
    let custom_label = model.nullable("custom_label", faults, any_text);
    let custom_multiplier = model.nullable("custom_multiplier", faults, multiplier);
    let filter = model.required("filter", faults, filter);
    let aggregation = model.required("aggregation", faults, aggregation);
    let organization = organization_id(model, faults);
    let meter = NewMeter {
        name: name?,
        unit: unit?.unwrap_or(Unit::Scalar),
        custom_label: custom_label?,
        custom_multiplier: custom_multiplier?,
        definition: Definition {
            filter: filter?,
            aggregation: aggregation?,
        },
        metadata: metadata?.unwrap_or_default(),
    };
    let organization = organization?;
    check_label(model, &meter, faults)?;
    Ok((meter, organization))
}

/// A label goes with a custom unit, and with no other (SEMANTICS 5.2).
fn check_label(model: Model<'_, '_>, meter: &NewMeter, faults: &mut Faults) -> Checked<()> {
    let rule = match (meter.unit, &meter.custom_label) {
        (Unit::Custom, None) => "custom_label is required when unit is 'custom'.",
        (Unit::Scalar | Unit::Token, Some(_)) => {
            "custom_label and custom_multiplier are only allowed when unit is 'custom'."
        }
        _ => return Ok(()),
    };
    Err(model.node().refuse(Rule::Value(rule), faults))
}

/// `PATCH /v1/meters/{id}`
pub(crate) fn meter_update(body: &Body<'_>) -> Result<MeterChanges, Vec<FieldError>> {
    read_body(body, read_update)
}

fn read_update(node: Node<'_, '_>, faults: &mut Faults) -> Checked<MeterChanges> {
    let model = node.model(faults)?;
    let metadata = model.optional("metadata", faults, metadata);
    let name = model.nullable("name", faults, name);
    let unit = model.nullable("unit", faults, unit);
    let custom_label = change(model, "custom_label", faults, any_text);
    let custom_multiplier = change(model, "custom_multiplier", faults, multiplier);
    let filter = change(model, "filter", faults, filter);
    let aggregation = change(model, "aggregation", faults, aggregation);
    let is_archived = model.nullable("is_archived", faults, boolean);
    Ok(MeterChanges {
        name: name?,
        unit: unit?,
        custom_label: custom_label?,
        custom_multiplier: custom_multiplier?,
        filter: filter?,
        aggregation: aggregation?,
        metadata: metadata?,
        is_archived: is_archived?,
    })
}

/// A field whose null means something else than its absence.
pub(super) fn change<'v, T>(
    model: Model<'_, 'v>,
    name: &str,
    faults: &mut Faults,
    inner: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
) -> Checked<Change<Option<T>>> {
    let found = model.optional(name, faults, |node, faults| node.nullable(faults, inner))?;
    Ok(found.map_or(Change::Keep, Change::Set))
}

fn name(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, NAME_LENGTH, faults).map(str::to_owned)
}

fn unit(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Unit> {
    one_of(node, &UNITS, Unit::as_str, faults)
}

fn multiplier(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    integer_within(node, Bounds::POSITIVE, faults)
}

/// `GET /v1/meters/`
pub(crate) fn meter_list(query: &Query<'_>) -> Result<MeterList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<MeterList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let part = query.optional("query", faults, any_text);
    let is_archived = query.optional("is_archived", faults, boolean);
    let mut sorting = sorting?;
    if sorting.is_empty() {
        sorting.push((MeterOrder::Name, Direction::Ascending));
    }
    Ok(MeterList {
        search: MeterSearch {
            query: part?,
            is_archived: is_archived?,
            metadata: query.metadata(),
            sorting,
        },
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
    })
}

fn order(name: &str) -> Option<(MeterOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => MeterOrder::CreatedAt,
        "name" => MeterOrder::Name,
        _ => return None,
    };
    Some((order, direction))
}
