//! Attempts to tell endpoints something.

use domain::{
    DeliveryId, OrganizationId, Timestamp, WebhookDelivery, WebhookEndpointId, WebhookEventId,
    WebhookEventType,
};
use rusqlite::{Row, Transaction, named_params};

use super::events::read_event;
use crate::columns::timestamp;
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::{Catalog, CatalogError, Direction, Listed, Page};

/// Which deliveries are listed, the newest first. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliverySearch {
    /// To these endpoints, deleted ones too.
    pub endpoints: Vec<WebhookEndpointId>,
    /// Made after this.
    pub after: Option<Timestamp>,
    /// Made before this.
    pub before: Option<Timestamp>,
    /// Only those that succeeded, or only those that did not.
    pub succeeded: Option<bool>,
    /// Answered with a status of so many hundreds.
    pub status_hundreds: Option<u16>,
    /// Of these types.
    pub kinds: Vec<WebhookEventType>,
    /// Part of the delivery's id, its event's id or the status, ignoring case and without wildcards. Empty: all.
    pub query: Option<String>,
}

const COLUMNS: &str = "id, event, succeeded, http_code, response, created_at";

/// Characters of an id.
const ID_CHARS: usize = 36;

/// A delivery without its event.
struct Attempt {
    id: DeliveryId,
    event: WebhookEventId,
    succeeded: bool,
    http_code: Option<u16>,
    response: Option<String>,
    created_at: Timestamp,
}

impl Catalog {
    /// Deliveries of an organization; `None` when what was told with those on the page, and what was answered, is more than `bytes_max`
    /// bytes, and not that of one alone. Cost: a look at each delivery of the organization, or of the one endpoint that is asked for: up
    /// to the end of the page to find them, and at all to count them. A whole id of a delivery or an event is found by an index.
    pub fn webhook_deliveries(
        &self,
        organization: OrganizationId,
        search: &DeliverySearch,
        page: Page,
        bytes_max: usize,
    ) -> Result<Option<Listed<WebhookDelivery>>, CatalogError> {
        let created_at = SortColumn {
            name: "created_at",
            nullable: false,
        };
        let list = List {
            table: "webhook_deliveries",
            columns: COLUMNS,
            conditions: conditions(organization, search),
            sorting: vec![(created_at, Direction::Descending)],
        };
        self.read(|connection| {
            // The events are those of the same moment as the list.
            let moment = connection.unchecked_transaction()?;
            let Listed { items, total } = list.read_within(&moment, page, read_row)?;
            let mut bytes = 0_usize;
            let mut deliveries = Vec::with_capacity(items.len());
            for attempt in items {
                let event = read_event(&moment, attempt.event)?.ok_or_else(|| {
                    CatalogError::Damaged("a delivery's event is not there".into())
                })?;
                let payload = event.payload.as_deref().map_or(0, str::len);
                let response = attempt.response.as_deref().map_or(0, str::len);
                bytes = bytes.saturating_add(payload).saturating_add(response);
                if bytes > bytes_max && !deliveries.is_empty() {
                    return Ok(None);
                }
                deliveries.push(WebhookDelivery {
                    id: attempt.id,
                    created_at: attempt.created_at,
                    succeeded: attempt.succeeded,
                    http_code: attempt.http_code,
                    response: attempt.response,
                    event,
                });
            }
            Ok(Some(Listed {
                items: deliveries,
                total,
            }))
        })
    }
}

fn conditions(organization: OrganizationId, search: &DeliverySearch) -> Conditions<'_> {
    let mut conditions = Conditions::new();
    let query = search.query.as_ref().filter(|query| !query.is_empty());
    let query = query.map(|query| query.to_lowercase());
    let id = query.as_deref().and_then(whole_id);
    // With the plus its index is not used: that of the ids is.
    let term = match id {
        None => "organization = :organization",
        Some(_) => "+organization = :organization",
    };
    conditions.and_with(term, ":organization", *organization.as_bytes());
    match (id, query) {
        (Some(id), _) => {
            let term = "id IN (SELECT id FROM webhook_deliveries WHERE id = :query \
                        UNION ALL SELECT id FROM webhook_deliveries WHERE event = :query)";
            conditions.and_with(term, ":query", id);
        }
        (None, Some(query)) if is_part_of_id(&query) => {
            let term = "delivery_matches(id, event, http_code, :query)";
            conditions.and_with(term, ":query", query);
        }
        (None, Some(_)) => conditions.and("FALSE"),
        (None, None) => {}
    }
    if let [endpoint] = *search.endpoints {
        conditions.and_with("endpoint = :endpoint", ":endpoint", *endpoint.as_bytes());
    } else if !search.endpoints.is_empty() {
        let ids: Vec<u8> = (search.endpoints.iter())
            .flat_map(|id| *id.as_bytes())
            .collect();
        conditions.and_with("is_one_of(endpoint, :endpoints)", ":endpoints", ids);
    }
    if let Some(after) = search.after {
        conditions.and_with("created_at > :after", ":after", after.micros());
    }
    if let Some(before) = search.before {
        conditions.and_with("created_at < :before", ":before", before.micros());
    }
    if let Some(succeeded) = search.succeeded {
        conditions.and_with("succeeded = :succeeded", ":succeeded", succeeded);
    }
    if let Some(hundreds) = search.status_hundreds {
        conditions.and_with("http_code / 100 = :hundreds", ":hundreds", hundreds);
    }
    if !search.kinds.is_empty() {
        // No name of a type is a part of another between spaces.
        let names = search
            .kinds
            .iter()
            .map(|kind| format!(" {} ", kind.as_str()));
        let names: String = names.collect();
        conditions.and_with("instr(:kinds, ' ' || kind || ' ') > 0", ":kinds", names);
    }
    conditions
}

/// The bytes of an id that is written out, in lower case.
fn whole_id(query: &str) -> Option<[u8; 16]> {
    let is_hyphen = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    if query.len() != ID_CHARS {
        return None;
    }
    let mut bytes = [0_u8; 16];
    let mut digits = 0;
    for (place, character) in query.chars().enumerate() {
        if is_hyphen(place) {
            (character == '-').then_some(())?;
        } else {
            let digit = u8::try_from(character.to_digit(16)?).ok()?;
            let byte = bytes.get_mut(digits / 2)?;
            *byte = *byte << 4 | digit;
            digits += 1;
        }
    }
    Some(bytes)
}

/// Whether a text can be a part of an id or of a status at all.
fn is_part_of_id(query: &str) -> bool {
    let is_of_one =
        |byte: u8| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    query.len() < ID_CHARS && query.bytes().all(is_of_one)
}

/// Adds a delivery as part of what it made of its event; that of an event that is gone meanwhile is gone too.
pub(super) fn insert_delivery(
    transaction: &Transaction<'_>,
    delivery: &WebhookDelivery,
) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO webhook_deliveries (id, organization, endpoint, event, kind, succeeded, http_code, response, \
         created_at) \
         SELECT :id, organization, endpoint, id, kind, :succeeded, :http_code, :response, :created_at \
         FROM webhook_events WHERE id = :event",
    )?;
    statement.execute(named_params! {
        ":id": delivery.id.as_bytes(),
        ":event": delivery.event.id.as_bytes(),
        ":succeeded": delivery.succeeded,
        ":http_code": delivery.http_code,
        ":response": delivery.response,
        ":created_at": delivery.created_at.micros(),
    })?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        id: DeliveryId::from_bytes(row.get(0)?),
        event: WebhookEventId::from_bytes(row.get(1)?),
        succeeded: row.get(2)?,
        http_code: row.get(3)?,
        response: row.get(4)?,
        created_at: timestamp(row, 5)?,
    })
}
