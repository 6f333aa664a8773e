use domain::{
    DeliveryId, WebhookDelivery, WebhookEndpoint, WebhookEndpointId, WebhookEvent, WebhookEventId,
    WebhookEventType, WebhookFormat,
};

use super::*;
use crate::samples::{at, catalog_with_organizations, customer, organization};
use crate::{Catalog, CatalogError, Outbox, Page, StateChange};

const FIRST_PAGE: Page = Page {
    page: 1,
    limit: 100,
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
        payload: Some(format!("{{\"n\":{n}}}")),
        succeeded: None,
        skipped: false,
        last_http_code: None,
        attempts: 0,
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
        state_changes: Vec::new(),
    };
    catalog
        .tell_states(organization(1).id, &[], &outbox)
        .expect("writes");
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
        .note_deliveries(std::slice::from_ref(delivery), 2)
        .expect("notes")
}

fn next(catalog: &Catalog, to: u8, now: i64) -> Option<WebhookEvent> {
    catalog
        .next_webhook_event(endpoint(to, 1).id, at(now))
        .expect("reads")
}

fn stored(catalog: &Catalog, event: &WebhookEvent) -> WebhookEvent {
    let found = catalog.webhook_event(event.organization, event.id);
    found.expect("reads").expect("is there")
}

#[test]
fn endpoints_are_kept_changed_and_deleted_under_their_organization() {
    let catalog = catalog();
    let mut changed = endpoint(1, 1);
    let other = organization(2).id;
    assert_eq!(
        catalog.webhook_endpoint(other, changed.id).expect("reads"),
        None
    );
    changed.url = "https://example.org/".to_owned();
    changed.events.clear();
    changed.enabled = false;
    changed.modified_at = Some(at(50));
    catalog
        .update_webhook_endpoint(&changed, None)
        .expect("changes");
    let listed = catalog
        .webhook_endpoints(organization(1).id, FIRST_PAGE)
        .expect("lists");
    assert_eq!(listed.items, [endpoint(2, 1), changed.clone()]);
    assert_eq!(
        catalog.all_webhook_endpoints().expect("reads"),
        [changed.clone(), endpoint(2, 1)]
    );
    let mut foreign = changed.clone();
    foreign.organization = other;
    assert!(matches!(
        catalog.update_webhook_endpoint(&foreign, None),
        Err(CatalogError::NotFound)
    ));
    let delete = |organization| catalog.delete_webhook_endpoint(organization, changed.id, at(60));
    assert!(matches!(delete(other), Err(CatalogError::NotFound)));
    delete(changed.organization).expect("deletes");
    assert!(matches!(
        delete(changed.organization),
        Err(CatalogError::NotFound)
    ));
    assert_eq!(
        catalog.all_webhook_endpoints().expect("reads"),
        [endpoint(2, 1)]
    );
}

#[test]
fn first_attempts_are_made_in_the_order_of_writing_and_due_ones_come_between() {
    let catalog = catalog();
    let events = [event(3, 1), event(1, 1), event(2, 1), event(4, 2)];
    write(&catalog, &events);
    assert_eq!(
        catalog.due_webhook_endpoints(at(0)).expect("reads"),
        [endpoint(1, 1).id, endpoint(2, 1).id]
    );
    assert_eq!(next(&catalog, 1, 2_000), Some(events[0].clone()));
    note(&catalog, &attempt(&events[0], 2_000, 500, Some(5_000)));
    // While it waits for its next attempt, the others are sent.
    assert_eq!(next(&catalog, 1, 4_999), Some(events[1].clone()));
    note(&catalog, &attempt(&events[1], 2_001, 200, None));
    write(
        &catalog,
        &[WebhookEvent {
            next_attempt_at: Some(at(6_000)),
            ..event(5, 1)
        }],
    );
    assert_eq!(next(&catalog, 1, 5_000), Some(events[2].clone()));
    note(&catalog, &attempt(&events[2], 5_000, 200, None));
    let again = next(&catalog, 1, 6_000).expect("is due");
    assert_eq!((again.id, again.attempts), (events[0].id, 1));
    note(&catalog, &attempt(&again, 6_000, 200, None));
    assert_eq!(
        next(&catalog, 1, 6_000).map(|event| event.id),
        Some(event(5, 1).id)
    );
    note(&catalog, &attempt(&event(5, 1), 6_001, 503, Some(9_000)));
    assert_eq!(next(&catalog, 1, 8_999), None);
    assert_eq!(
        catalog.due_webhook_endpoints(at(8_999)).expect("reads"),
        [endpoint(2, 1).id]
    );
    assert_eq!(
        catalog.due_webhook_endpoints(at(9_000)).expect("reads"),
        [endpoint(1, 1).id, endpoint(2, 1).id]
    );
}

#[test]
fn failures_in_a_row_disable_an_endpoint_and_what_waits_is_skipped() {
    let catalog = catalog();
    let events: Vec<WebhookEvent> = (1..=6).map(|n| event(n, 1)).collect();
    write(&catalog, &events);
    assert_eq!(note(&catalog, &attempt(&events[0], 2_000, 500, None)), []);
    assert_eq!(note(&catalog, &attempt(&events[1], 2_001, 200, None)), []);
    assert_eq!(note(&catalog, &attempt(&events[2], 2_002, 500, None)), []);
    // A failure after which another attempt is made does not count.
    assert_eq!(
        note(&catalog, &attempt(&events[3], 2_003, 500, Some(9_000))),
        []
    );
    let in_flight = stored(&catalog, &events[5]);
    let disabled = note(&catalog, &attempt(&events[4], 2_004, 500, None));
    let mut expected = endpoint(1, 1);
    expected.enabled = false;
    expected.modified_at = Some(at(2_004));
    assert_eq!(disabled, [expected.clone()]);
    assert_eq!(next(&catalog, 1, 99_999), None);
    for skipped in &events[3..4] {
        let stored = stored(&catalog, skipped);
        assert_eq!((stored.skipped, stored.next_attempt_at), (true, None));
    }
    // What was on its way meanwhile is noted, and not tried again.
    note(&catalog, &attempt(&in_flight, 2_005, 500, Some(3_000)));
    assert_eq!(next(&catalog, 1, 99_999), None);
    // Enabled again, it starts anew.
    expected.enabled = true;
    catalog
        .update_webhook_endpoint(&expected, None)
        .expect("enables");
    write(&catalog, &[event(7, 1)]);
    assert_eq!(note(&catalog, &attempt(&event(7, 1), 2_006, 500, None)), []);
}

#[test]
fn a_redelivery_asked_for_while_an_attempt_is_on_its_way_is_made() {
    let catalog = catalog();
    let event = event(1, 1);
    write(&catalog, std::slice::from_ref(&event));
    note(&catalog, &attempt(&event, 2_000, 500, Some(4_000)));
    let second = next(&catalog, 1, 4_000).expect("is due");
    let redeliver =
        |organization| catalog.redeliver_webhook_event(organization, event.id, at(4_001));
    assert!(matches!(
        redeliver(organization(2).id),
        Err(CatalogError::NotFound)
    ));
    redeliver(event.organization).expect("is there");
    note(&catalog, &attempt(&second, 4_002, 200, None));
    let again = next(&catalog, 1, 4_002).expect("waits");
    assert_eq!((again.id, again.attempts), (event.id, 0));
    note(&catalog, &attempt(&again, 4_003, 200, None));
    assert_eq!(next(&catalog, 1, 99_999), None);
    assert_eq!(stored(&catalog, &event).succeeded, Some(true));
}

#[test]
fn deliveries_are_listed_by_what_is_asked_of_them() {
    let catalog = catalog();
    let events: Vec<WebhookEvent> = (1..=4)
        .map(|n| WebhookEvent {
            kind: WebhookEventType::ALL[usize::from(n)],
            ..event(n, 1 + n % 2)
        })
        .collect();
    write(&catalog, &events);
    let statuses = [200, 404, 500, 302];
    let mut made = Vec::new();
    for ((event, status), time) in events.iter().zip(statuses).zip(2_000..) {
        let delivery = attempt(event, time, status, None);
        catalog
            .note_deliveries(std::slice::from_ref(&delivery), 99)
            .expect("notes");
        made.push(delivery);
    }
    let check = |search: DeliverySearch, expected: &[usize]| {
        let listed = catalog
            .webhook_deliveries(organization(1).id, &search, FIRST_PAGE)
            .expect("lists");
        let expected: Vec<WebhookDelivery> = expected.iter().map(|n| made[*n].clone()).collect();
        assert_eq!(listed.items, expected, "{search:?}");
        assert_eq!(listed.total, expected.len() as u64);
    };
    check(DeliverySearch::default(), &[3, 2, 1, 0]);
    check(
        DeliverySearch {
            endpoints: vec![endpoint(1, 1).id],
            ..DeliverySearch::default()
        },
        &[3, 1],
    );
    check(
        DeliverySearch {
            after: Some(at(2_000)),
            before: Some(at(2_003)),
            ..DeliverySearch::default()
        },
        &[2, 1],
    );
    check(
        DeliverySearch {
            succeeded: Some(true),
            ..DeliverySearch::default()
        },
        &[0],
    );
    check(
        DeliverySearch {
            status_hundreds: Some(3),
            ..DeliverySearch::default()
        },
        &[3],
    );
    check(
        DeliverySearch {
            kinds: vec![events[0].kind, events[2].kind],
            ..DeliverySearch::default()
        },
        &[2, 0],
    );
    for query in [
        "404",
        &made[1].id.to_string(),
        &events[1].id.to_string().to_uppercase(),
    ] {
        check(
            DeliverySearch {
                query: Some(query.to_owned()),
                ..DeliverySearch::default()
            },
            &[1],
        );
    }
    let others = catalog
        .webhook_deliveries(organization(2).id, &DeliverySearch::default(), FIRST_PAGE)
        .expect("lists");
    assert_eq!(others.items, []);
}

#[test]
fn payloads_go_with_time_and_deliveries_with_their_number() {
    let catalog = catalog();
    let events: Vec<WebhookEvent> = (1..=5).map(|n| event(n, 1)).collect();
    write(&catalog, &events);
    for event in &events[..4] {
        note(
            &catalog,
            &attempt(event, 2_000 + event.created_at.micros(), 200, None),
        );
    }
    assert!(catalog.drop_webhook_payloads(at(1_003), 1).expect("drops"));
    assert!(catalog.drop_webhook_payloads(at(1_003), 1).expect("drops"));
    assert!(!catalog.drop_webhook_payloads(at(1_003), 1).expect("drops"));
    assert_eq!(stored(&catalog, &events[1]).payload, None);
    assert_eq!(stored(&catalog, &events[2]).payload, events[2].payload);
    let redeliver = |event: &WebhookEvent| {
        catalog.redeliver_webhook_event(event.organization, event.id, at(9_000))
    };
    assert!(matches!(redeliver(&events[1]), Err(CatalogError::NotFound)));

    while catalog.trim_webhooks(2, 1).expect("trims") {}
    let left = catalog
        .webhook_deliveries(organization(1).id, &DeliverySearch::default(), FIRST_PAGE)
        .expect("lists");
    let left: Vec<WebhookEventId> = left
        .items
        .iter()
        .map(|delivery| delivery.event.id)
        .collect();
    // Of the newest two events one has not been delivered yet.
    assert_eq!(left, [events[3].id]);
    assert_eq!(
        next(&catalog, 1, 9_000).map(|event| event.id),
        Some(events[4].id)
    );
    assert_eq!(
        catalog.waiting_webhook_events().expect("counts"),
        [(endpoint(1, 1).id, 1)]
    );
    let are_waiting = |count| {
        catalog
            .are_webhook_events_waiting(endpoint(1, 1).id, count)
            .expect("looks")
    };
    assert!(are_waiting(1) && !are_waiting(2));
}

#[test]
fn changes_of_a_customer_that_wait_are_one() {
    let catalog = catalog();
    let id = customer(1).id;
    let change = |due, since: Option<i64>| StateChange {
        organization: organization(1).id,
        customer: id,
        due_at: at(due),
        since: since.map(at),
    };
    let due = |now| {
        catalog
            .due_states(organization(1).id, at(now), 10)
            .expect("reads")
    };
    let write = |changes: &[StateChange]| catalog.follow_usage(&[], changes).expect("writes");
    write(&[change(30, Some(7)), change(20, Some(8))]);
    let expected = DueState {
        customer: id,
        since: Some(at(7)),
        due_at: at(20),
        changes: 2,
    };
    assert_eq!((due(19), due(20)), (vec![], vec![expected]));
    write(&[change(40, None), change(40, Some(1))]);
    let seen = due(20);
    assert_eq!((seen[0].since, seen[0].changes), (None, 4));
    // What changes while it is told is told again.
    write(&[change(50, Some(9))]);
    let tell = |told: &[DueState]| {
        catalog
            .tell_states(organization(1).id, told, &Outbox::default())
            .expect("tells");
    };
    tell(&seen);
    let seen = due(50);
    assert_eq!(seen.len(), 1);
    tell(&seen);
    assert_eq!(due(i64::from(u32::MAX)), []);
}

#[test]
fn usage_is_followed_from_where_it_stood_when_first_asked_for() {
    let catalog = catalog();
    let first = organization(1).id;
    assert_eq!(catalog.usage_positions().expect("reads"), []);
    catalog
        .insert_webhook_endpoint(&endpoint(3, 1), Some(70))
        .expect("inserts");
    catalog
        .update_webhook_endpoint(&endpoint(1, 1), Some(90))
        .expect("changes");
    assert_eq!(catalog.usage_positions().expect("reads"), [(first, 70)]);
    catalog
        .follow_usage(&[(first, 80), (organization(2).id, 5)], &[])
        .expect("moves");
    assert_eq!(catalog.usage_positions().expect("reads"), [(first, 80)]);
    catalog.forget_usage(first).expect("forgets");
    assert_eq!(catalog.usage_positions().expect("reads"), []);
}
