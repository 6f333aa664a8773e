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
    /// Deliveries of an organization. Cost: the page when they are asked for without conditions, and a look at each to count them;
    /// else a look at each, or at each of the endpoint's.
    pub fn webhook_deliveries(
        &self,
        organization: OrganizationId,
        search: &DeliverySearch,
        page: Page,
    ) -> Result<Listed<WebhookDelivery>, CatalogError> {
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
            let with_event = |attempt: Attempt| {
                let event = read_event(&moment, attempt.event)?.ok_or_else(|| {
                    CatalogError::Damaged("a delivery's event is not there".into())
                })?;
                Ok(WebhookDelivery {
                    id: attempt.id,
                    created_at: attempt.created_at,
                    succeeded: attempt.succeeded,
                    http_code: attempt.http_code,
                    response: attempt.response,
                    event,
                })
            };
            let items = items.into_iter().map(with_event);
            Ok(Listed {
                items: items.collect::<Result<_, CatalogError>>()?,
                total,
            })
        })
    }
}

fn conditions(organization: OrganizationId, search: &DeliverySearch) -> Conditions<'_> {
    let mut conditions = Conditions::new();
    conditions.and_with(
        "organization = :organization",
        ":organization",
        *organization.as_bytes(),
    );
    if !search.endpoints.is_empty() {
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
    if let Some(query) = search.query.as_ref().filter(|query| !query.is_empty()) {
        let term = "delivery_matches(id, event, http_code, :query)";
        conditions.and_with(term, ":query", query.to_lowercase());
    }
    conditions
}

/// Adds a delivery as part of what it made of its event.
pub(super) fn insert_delivery(
    transaction: &Transaction<'_>,
    delivery: &WebhookDelivery,
) -> Result<(), CatalogError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO webhook_deliveries (id, organization, endpoint, event, kind, succeeded, http_code, response, \
         created_at) \
         VALUES (:id, :organization, :endpoint, :event, :kind, :succeeded, :http_code, :response, :created_at)",
    )?;
    statement.execute(named_params! {
        ":id": delivery.id.as_bytes(),
        ":organization": delivery.event.organization.as_bytes(),
        ":endpoint": delivery.event.endpoint.as_bytes(),
        ":event": delivery.event.id.as_bytes(),
        ":kind": delivery.event.kind.as_str(),
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
