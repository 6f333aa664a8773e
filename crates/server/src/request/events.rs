//! Lists of events and of their names (SEMANTICS 9.15 to 9.17, 10.1).

use std::borrow::Cow;

use domain::{CustomerId, EventId, EventTypeId, Filter, MeterId, OrganizationId, Source};
use service::{Direction, EventDirection, EventNameOrder, EventNameSearch, EventSearch, Page};

use super::Query;
use super::filter::filter;
use super::page::read_page;
use crate::json::{self, Value};
use crate::validate::{
    Bounds, Checked, Faults, FieldError, Length, Node, Path, Rule, any_text, boolean, datetime,
    integer_within, text, uuid4,
};

const ORDERS: [&str; 2] = ["timestamp", "-timestamp"];
const NAME_ORDERS: [&str; 8] = [
    "name",
    "-name",
    "occurrences",
    "-occurrences",
    "first_seen",
    "-first_seen",
    "last_seen",
    "-last_seen",
];

/// In the order in which faults list them.
pub(super) const SOURCES: [Source; 2] = [Source::System, Source::User];

/// Ancestors, or levels below a parent.
const DEPTH_BOUNDS: Bounds = Bounds::between(0, 5);

/// Characters of a text that is looked for everywhere, at least.
const QUERY_CHARS_MIN: usize = 3;

const FIELD_LENGTH: Length = Length::between(1, 255);
const FIELD_PATTERN: &str = "^[a-zA-Z0-9_.]+$";

/// What a list of events asks for.
#[derive(Debug, Clone)]
pub(crate) struct EventList {
    /// Which of them.
    pub(crate) search: EventSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
    /// Whether to tell only if there is a next page, and not how many there are.
    pub(crate) cursor: bool,
}

/// `GET /v1/events/`
pub(crate) fn event_list(query: &Query<'_>) -> Result<EventList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    // The filter is looked into when all parameters are sound, and the rule of the query comes last.
    let (mut list, filter) = faults.finish(checked)?;
    list.search.filter = filter.as_deref().map(read_filter).transpose()?;
    check_query(&list)?;
    Ok(list)
}

/// All but the filter, and the text of that.
fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<(EventList, Option<String>)> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &ORDERS, direction, faults);
    let filter = query.optional("filter", faults, any_text);
    let after = query.optional("start_timestamp", faults, datetime);
    let before = query.optional("end_timestamp", faults, datetime);
    let organizations = query.ids("organization_id", faults);
    let customers = query.ids("customer_id", faults);
    let meter = query.optional("meter_id", faults, uuid4);
    let sources = query.one_or_many("source", &SOURCES, Source::as_str, faults);
    let part = query.optional("query", faults, any_text);
    let parent = query.optional("parent_id", faults, uuid4);
    let depth = query.optional("depth", faults, depth);
    let event_type = query.optional("event_type_id", faults, uuid4);
    let fields = aggregate_fields(query, faults);
    let cursor = query.optional("cursor_pagination", faults, boolean);
    fields?;
    let search = EventSearch {
        after: after?.map(|after| after.at),
        before: before?.map(|before| before.at),
        names: query.texts("name"),
        sources: sources?,
        event_type: event_type?.map(EventTypeId::from_uuid),
        customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
        external_customers: query.texts("external_customer_id"),
        metadata: query.metadata(),
        filter: None,
        meter: meter?.map(MeterId::from_uuid),
        query: part?,
        parent: parent?.map(EventId::from_uuid),
        depth: depth?,
        // Of several criteria only the first counts.
        direction: sorting?.first().copied().unwrap_or_default(),
    };
    let list = EventList {
        search,
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
        cursor: cursor?.unwrap_or(false),
    };
    Ok((list, filter?))
}

fn depth(node: Node<'_, '_>, faults: &mut Faults) -> Checked<u8> {
    let depth = integer_within(node, DEPTH_BOUNDS, faults)?;
    Ok(u8::try_from(depth).expect("the bounds are those of a byte"))
}

/// Names of fields whose sums over descendants are asked for. Checked in form; nothing is summed.
fn aggregate_fields(query: &Query<'_>, faults: &mut Faults) -> Checked<()> {
    let fields = query.each("aggregate_fields", faults, |node, faults| {
        let field = text(node, FIELD_LENGTH, faults)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        if field.bytes().all(is_plain) {
            Ok(())
        } else {
            Err(node.refuse(Rule::Pattern(FIELD_PATTERN), faults))
        }
    });
    fields.map(|_| ())
}

/// A filter as the text of a JSON document. Places of faults are those in the document.
fn read_filter(document: &str) -> Result<Filter, Vec<FieldError>> {
    let value = json::parse(document)
        .map_err(|why| vec![FieldError::malformed_document(document, &why.to_string())])?;
    let mut faults = Faults::new();
    let checked = filter(Node::new(&value, &Path::DOCUMENT), &mut faults);
    faults.finish(checked).map_err(|mut faults| {
        for fault in &mut faults {
            fault.in_document = true;
        }
        faults
    })
}

/// One looks for text within named organizations only, and not for less than three characters (SEMANTICS 9.15).
fn check_query(list: &EventList) -> Result<(), Vec<FieldError>> {
    let Some(part) = &list.search.query else {
        return Ok(());
    };
    let message = if list.organizations.is_empty() {
        "Query is only supported when organization_id is provided."
    } else if part.chars().count() < QUERY_CHARS_MIN {
        "Query must be at least 3 characters."
    } else {
        return Ok(());
    };
    let input = Value::String(Cow::Borrowed(part));
    let at = Path::QUERY.name("query");
    Err(vec![FieldError::of_business(&at, "query", message, &input)])
}

fn direction(name: &str) -> Option<EventDirection> {
    match name {
        "timestamp" => Some(EventDirection::OldestFirst),
        "-timestamp" => Some(EventDirection::NewestFirst),
        _ => None,
    }
}

/// `GET /v1/events/{id}`
pub(crate) fn event(query: &Query<'_>) -> Result<(), Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = aggregate_fields(query, &mut faults);
    faults.finish(checked)
}

/// What a list of names of events asks for.
#[derive(Debug, Clone)]
pub(crate) struct EventNameList {
    /// Which of them.
    pub(crate) search: EventNameSearch,
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// `GET /v1/events/names`
pub(crate) fn event_name_list(query: &Query<'_>) -> Result<EventNameList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_name_list(query, &mut faults);
    faults.finish(checked)
}

fn read_name_list(query: &Query<'_>, faults: &mut Faults) -> Checked<EventNameList> {
    let page = read_page(query, faults);
    let sorting = query.choices("sorting", &NAME_ORDERS, name_order, faults);
    let organizations = query.ids("organization_id", faults);
    let customers = query.ids("customer_id", faults);
    let sources = query.one_or_many("source", &SOURCES, Source::as_str, faults);
    let part = query.optional("query", faults, any_text);
    Ok(EventNameList {
        search: EventNameSearch {
            customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
            external_customers: query.texts("external_customer_id"),
            sources: sources?,
            query: part?,
            sorting: sorting?,
        },
        organizations: organizations?
            .into_iter()
            .map(OrganizationId::from_uuid)
            .collect(),
        page: page?,
    })
}

/// A criterion of names.
pub(super) fn name_order(name: &str) -> Option<(EventNameOrder, Direction)> {
    let (name, direction) = match name.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (name, Direction::Ascending),
    };
    let order = match name {
        "name" => EventNameOrder::Name,
        "occurrences" => EventNameOrder::Occurrences,
        "first_seen" => EventNameOrder::FirstSeen,
        "last_seen" => EventNameOrder::LastSeen,
        _ => return None,
    };
    Some((order, direction))
}

#[cfg(test)]
mod tests;
