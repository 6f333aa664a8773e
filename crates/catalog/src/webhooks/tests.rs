//! The tables of webhooks, over a catalogue in memory.

mod deliveries;
mod disabling;
mod endpoints;
mod payloads;
mod queue;
mod states;

use domain::{
    DeliveryId, WebhookDelivery, WebhookEndpoint, WebhookEndpointId, WebhookEvent, WebhookEventId,
    WebhookEventType, WebhookFormat,
};

use super::*;
use crate::samples::{at, catalog_with_organizations, customer, organization};
use crate::{Catalog, Listed, Outbox, Page};

const FIRST_PAGE: Page = Page {
    page: 1,
    limit: 100,
};

const PATIENCE: Patience = Patience {
    events: 2,
    attempts: 5,
    micros: 1_000,
};

fn endpoint(n: u8, of: u8) -> WebhookEndpoint {
    WebhookEndpoint {
        id: WebhookEndpointId::from_bytes([n; 16]),
        organization: organization(of).id,
        url: format!("https://example.com/{n}"),
        name: n.is_multiple_of(2).then(|| format!("endpoint {n}")),
        format: WebhookFormat::Raw,
        secret: format!("whsec_{n}"),
        events: vec![
            WebhookEventType::CustomerDeleted,
            WebhookEventType::CustomerCreated,
        ],
        enabled: true,
        created_at: at(i64::from(n)),
        modified_at: None,
    }
}

/// Event `n` for endpoint `to` of organization 1, due at its making.
fn event(n: u8, to: u8) -> WebhookEvent {
    let created_at = at(1_000 + i64::from(n));
    WebhookEvent {
        // The order of the ids is not that in which they are written.
        id: WebhookEventId::from_bytes([n.wrapping_mul(151); 16]),
        organization: organization(1).id,
        endpoint: endpoint(to, 1).id,
        kind: WebhookEventType::CustomerCreated,
        customer: Some(customer(n).id),
        payload: Some(format!("{{\"n\":{n}}}").into()),
        succeeded: None,
        skipped: false,
        last_http_code: None,
        attempts: 0,
        redeliveries: 0,
        next_attempt_at: Some(created_at),
        created_at,
        modified_at: None,
    }
}

/// A catalogue with the endpoints 1 and 2 of organization 1.
fn catalog() -> Catalog {
    let catalog = catalog_with_organizations();
    for n in [1, 2] {
        let endpoint = endpoint(n, 1);
        catalog
            .insert_webhook_endpoint(&endpoint, None)
            .expect("inserts");
    }
    catalog
}

fn write(catalog: &Catalog, events: &[WebhookEvent]) {
    let outbox = Outbox {
        events: events.to_vec(),
        ..Outbox::default()
    };
    write_outbox(catalog, &outbox);
}

fn write_outbox(catalog: &Catalog, outbox: &Outbox) {
    let written = catalog.write(|transaction| outbox.write(transaction));
    written.expect("writes");
}

/// The next attempt of an event, made at a time and answered with a status; a failed one is tried again at `again`.
fn attempt(event: &WebhookEvent, time: i64, status: u16, again: Option<i64>) -> WebhookDelivery {
    let mut event = event.clone();
    let succeeded = status == 200;
    event.attempts += 1;
    event.last_http_code = Some(status);
    event.next_attempt_at = again.map(at);
    event.succeeded = again.is_none().then_some(succeeded);
    event.modified_at = Some(at(time));
    let mut id = *event.id.as_bytes();
    id[0] = u8::try_from(time % 256).expect("a byte");
    WebhookDelivery {
        id: DeliveryId::from_bytes(id),
        created_at: at(time),
        succeeded,
        http_code: Some(status),
        response: Some("text".to_owned()),
        event,
    }
}

fn note(catalog: &Catalog, delivery: &WebhookDelivery) -> Vec<WebhookEndpoint> {
    catalog
        .note_deliveries(std::slice::from_ref(delivery), PATIENCE)
        .expect("notes")
}

/// What is next when it is the turn of first attempts.
fn next(catalog: &Catalog, to: u8, now: i64) -> Option<WebhookEvent> {
    next_of(catalog, to, now, Turn::First)
}

fn next_of(catalog: &Catalog, to: u8, now: i64, turn: Turn) -> Option<WebhookEvent> {
    catalog
        .next_webhook_event(endpoint(to, 1).id, at(now), turn)
        .expect("reads")
}

fn deliveries(catalog: &Catalog, search: &DeliverySearch) -> Listed<WebhookDelivery> {
    let listed = catalog.webhook_deliveries(organization(1).id, search, FIRST_PAGE, usize::MAX);
    listed.expect("lists").expect("there is room")
}

fn count(catalog: &Catalog, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let counted = catalog.read(|connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?));
    counted.expect("counts")
}

fn stored(catalog: &Catalog, event: &WebhookEvent) -> WebhookEvent {
    let found = catalog.webhook_event(event.organization, event.id);
    found.expect("reads").expect("is there")
}
