//! Benefits (SEMANTICS 13.1, 13.2).

use domain::benefit::BENEFIT_TYPE;
use domain::{BenefitId, MeterCredit, MeterId, OrganizationId, Visibility};
use service::{BenefitChanges, BenefitOrder, BenefitSearch, Direction, NewBenefit, Page};
use uuid::Uuid;

use super::filter::tag_text;
use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::json::Value;
use crate::validate::{
    Bounds, Checked, Faults, FieldError, Length, Model, Node, Path, Rule, any_text, boolean,
    integer_within, metadata, one_of, text, uuid4,
};

#[cfg(test)]
mod tests;

/// All types that the contract knows. Benefits of the others come with a shop; they can be asked for, and there are none.
const TYPES: [&str; 8] = [
    "custom",
    "discord",
    "github_repository",
    "downloadables",
    "license_keys",
    BENEFIT_TYPE,
    "feature_flag",
    "slack_shared_channel",
];

/// What tells the types apart, as faults name it.
const TYPE_KEY: &str = "'type'";

const ORDERS: [&str; 8] = [
    "created_at",
    "-created_at",
    "description",
    "-description",
    "type",
    "-type",
    "user_order",
    "-user_order",
];

const DESCRIPTION_LENGTH: Length = Length::between(3, 42);
const UNITS: Bounds = Bounds::between(i32::MIN as i64, i32::MAX as i64);

/// What a list of benefits asks for.
#[derive(Debug, Clone)]
pub(crate) struct BenefitList {
    /// Which of them.
    pub(crate) search: BenefitSearch,
    /// Whether those of the one type that there is are asked for.
    pub(crate) of_known_type: bool,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// What a change of a benefit asks for.
#[derive(Debug, Clone)]
pub(crate) enum BenefitUpdate {
    /// These changes.
    Changes(BenefitChanges),
    /// That it be of another type, which it cannot become.
    OtherType(FieldError),
}

/// `POST /v1/benefits/`
pub(crate) fn benefit_create(body: &Body<'_>) -> Result<NewBenefit, Invalid> {
    let (benefit, named) = read_body(body, read_create)?;
    own_organization(named)?;
    Ok(benefit)
}

/// The key `type` tells the types apart; faults are reported under it.
fn read_create(node: Node<'_, '_>, faults: &mut Faults) -> Checked<(NewBenefit, Option<Uuid>)> {
    let model = node.model(faults)?;
    match model.get("type") {
        None => return Err(node.refuse(Rule::TagMissing(TYPE_KEY), faults)),
        Some(Value::String(tag)) if *tag == BENEFIT_TYPE => {}
        Some(tag) => {
            let rule = Rule::TagUnknown(TYPE_KEY, &tag_text(tag), &[BENEFIT_TYPE]);
            return Err(node.refuse(rule, faults));
        }
    }
    let at = node.at.name(BENEFIT_TYPE);
    let model = Model::of(model.object(), node.at(&at));
    let metadata = model.optional("metadata", faults, metadata);
    let description = model.required("description", faults, description);
    let visibility = model.nullable("visibility", faults, visibility);
    let credit = model.required("properties", faults, credit);
    let organization = organization_id(model, faults);
    let benefit = NewBenefit {
        description: description?,
        visibility: visibility?.unwrap_or(Visibility::Public),
        credit: credit?,
        metadata: metadata?.unwrap_or_default(),
    };
    Ok((benefit, organization?))
}

/// `PATCH /v1/benefits/{id}`
pub(crate) fn benefit_update(body: &Body<'_>) -> Result<BenefitUpdate, Vec<FieldError>> {
    read_body(body, read_update)
}

/// Of another type nothing more is looked at: it is refused whatever else it says.
fn read_update(node: Node<'_, '_>, faults: &mut Faults) -> Checked<BenefitUpdate> {
    let model = node.model(faults)?;
    let kind = model.required("type", faults, |node, faults| {
        text(node, Length::ANY, faults)
    });
    if let Ok(kind) = kind
        && kind != BENEFIT_TYPE
    {
        return Ok(BenefitUpdate::OtherType(FieldError::of_business(
            &Path::BODY.name("type"),
            "value_error",
            "Benefit type cannot be changed.",
            &Value::String(kind.into()),
        )));
    }
    let metadata = model.optional("metadata", faults, metadata);
    let description = model.nullable("description", faults, description);
    let visibility = model.nullable("visibility", faults, visibility);
    let credit = model.nullable("properties", faults, credit);
    kind?;
    Ok(BenefitUpdate::Changes(BenefitChanges {
        description: description?,
        visibility: visibility?,
        credit: credit?,
        metadata: metadata?,
    }))
}

fn description(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, DESCRIPTION_LENGTH, faults).map(str::to_owned)
}

fn visibility(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Visibility> {
    one_of(node, &Visibility::ALL, Visibility::as_str, faults)
}

fn credit(node: Node<'_, '_>, faults: &mut Faults) -> Checked<MeterCredit> {
    let model = node.model(faults)?;
    let units = model.required("units", faults, units);
    let rollover = model.required("rollover", faults, boolean);
    let meter = model.required("meter_id", faults, uuid4);
    Ok(MeterCredit {
        units: units?,
        rollover: rollover?,
        meter: MeterId::from_uuid(meter?),
    })
}

fn units(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    let units = integer_within(node, UNITS, faults)?;
    if units <= 0 {
        return Err(node.refuse(Rule::GreaterThan(0), faults));
    }
    Ok(units)
}

/// `GET /v1/benefits/`
pub(crate) fn benefit_list(query: &Query<'_>) -> Result<BenefitList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<BenefitList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, order, faults);
    let organizations = query.ids("organization_id", faults);
    let types = query.one_or_many("type", &TYPES, |name| name, faults);
    let ids = query.ids("id", faults);
    let excluded = query.ids("exclude_id", faults);
    let part = query.optional("query", faults, any_text);
    let types = types?;
    Ok(BenefitList {
        search: BenefitSearch {
            ids: ids?.into_iter().map(BenefitId::from_uuid).collect(),
            excluded: excluded?.into_iter().map(BenefitId::from_uuid).collect(),
            query: part?,
            metadata: query.metadata(),
            sorting: sorting?,
        },
        of_known_type: types.is_empty() || types.contains(&BENEFIT_TYPE),
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
    })
}

fn order(name: &str) -> Option<(BenefitOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "created_at" => BenefitOrder::CreatedAt,
        "description" => BenefitOrder::Description,
        "type" => BenefitOrder::Type,
        "user_order" => BenefitOrder::UserOrder,
        _ => return None,
    };
    Some((order, direction))
}
