use std::sync::Arc;

use domain::{
    CustomerId, DeliveryId, WebhookDelivery, WebhookEndpoint, WebhookEndpointId, WebhookEvent,
    WebhookEventId, WebhookEventType, WebhookFormat,
};

use super::*;
use crate::samples::{at, catalog_with_organizations, customer, organization};
use crate::{Catalog, CatalogError, Listed, Outbox, Page, StateChange};

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
fn first_attempts_are_made_in_the_order_of_writing_and_due_ones_take_turns_with_them() {
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
    write(&catalog, &[event(5, 1)]);
    // One that is due does not wait for all of the others, nor they for it.
    assert_eq!(next(&catalog, 1, 5_000), Some(events[2].clone()));
    let before_it_is_due = next_of(&catalog, 1, 4_999, Turn::Repeated);
    assert_eq!(before_it_is_due, Some(events[2].clone()));
    let again = next_of(&catalog, 1, 5_000, Turn::Repeated).expect("is due");
    assert_eq!((again.id, again.attempts), (events[0].id, 1));
    note(&catalog, &attempt(&events[2], 5_000, 200, None));
    note(&catalog, &attempt(&again, 6_000, 200, None));
    assert_eq!(
        next_of(&catalog, 1, 6_000, Turn::Repeated).map(|event| event.id),
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
        note(&catalog, &delivery);
        made.push(delivery);
    }
    let check = |search: DeliverySearch, expected: &[usize]| {
        let listed = deliveries(&catalog, &search);
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
    check(
        DeliverySearch {
            endpoints: vec![endpoint(1, 1).id, endpoint(2, 1).id],
            ..DeliverySearch::default()
        },
        &[3, 2, 1, 0],
    );
    for query in [
        "404 ",
        "whsec",
        &format!("{}0", made[1].id),
        "------------------------------------",
    ] {
        check(
            DeliverySearch {
                query: Some(query.to_owned()),
                ..DeliverySearch::default()
            },
            &[],
        );
    }
    for query in [
        "404",
        &made[1].id.to_string(),
        &made[1].id.to_string()[5..20],
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
    let others = catalog.webhook_deliveries(
        organization(2).id,
        &DeliverySearch::default(),
        FIRST_PAGE,
        usize::MAX,
    );
    assert_eq!(others.expect("lists").expect("there is room").items, []);
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

    while catalog.trim_webhooks(2, at(0), 1).expect("trims") {}
    let left = deliveries(&catalog, &DeliverySearch::default());
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
        [WaitingEvents {
            endpoint: endpoint(1, 1).id,
            count: 1,
            bytes: 7
        }]
    );
    // Those of the two events that are kept.
    assert_eq!(count(&catalog, "webhook_payloads"), 2);
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
        let events = Vec::new();
        let told = told.iter().map(|due| ToldState {
            due: *due,
            events: events.clone(),
        });
        let told: Vec<ToldState> = told.collect();
        catalog
            .tell_states(organization(1).id, &told, &[])
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

#[test]
fn an_attempt_of_an_event_that_is_gone_meanwhile_is_passed_over_and_the_others_are_noted() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1), event(2, 2)]);
    let in_flight = next(&catalog, 1, 2_000).expect("waits");
    let other = next(&catalog, 2, 2_000).expect("waits");
    catalog
        .skip_webhook_events(endpoint(1, 1).id, at(2_000))
        .expect("skips");
    while catalog.trim_webhooks(0, at(0), 10).expect("trims") {}
    let noted = [
        attempt(&in_flight, 2_001, 200, None),
        attempt(&other, 2_001, 200, None),
    ];
    catalog.note_deliveries(&noted, PATIENCE).expect("notes");
    let listed = deliveries(&catalog, &DeliverySearch::default());
    assert_eq!(listed.items, noted[1..]);
}

#[test]
fn a_redelivery_asked_for_while_the_first_attempt_is_on_its_way_is_made() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1)]);
    let first = next(&catalog, 1, 2_000).expect("waits");
    catalog
        .redeliver_webhook_event(first.organization, first.id, at(2_001))
        .expect("is there");
    note(&catalog, &attempt(&first, 2_002, 200, None));
    let again = next(&catalog, 1, 2_002).expect("waits");
    assert_eq!((again.id, again.redeliveries), (first.id, 1));
    note(&catalog, &attempt(&again, 2_003, 200, None));
    assert_eq!(next(&catalog, 1, 99_999), None);
}

#[test]
fn many_failed_attempts_over_some_time_disable_an_endpoint_unless_one_succeeds() {
    let catalog = catalog();
    let events: Vec<WebhookEvent> = (1..=20).map(|n| event(n, 1)).collect();
    write(&catalog, &events);
    let fail = |n: usize, time| note(&catalog, &attempt(&events[n], time, 500, Some(99_000)));
    // So many, but not over so long.
    for (n, time) in (0..6).zip(2_000..) {
        assert_eq!(fail(n, time), []);
    }
    note(&catalog, &attempt(&events[6], 2_500, 200, None));
    for (n, time) in (7..11).zip([3_000, 3_500, 3_900, 4_100]) {
        assert_eq!(fail(n, time), []);
    }
    let disabled = fail(11, 4_200);
    assert_eq!(disabled.len(), 1);
    assert!(!disabled[0].enabled);
    assert_eq!(next(&catalog, 1, 99_999), None);
    // Enabled again, it starts anew.
    let enabled = WebhookEndpoint {
        enabled: true,
        ..disabled[0].clone()
    };
    catalog
        .update_webhook_endpoint(&enabled, None)
        .expect("enables");
    write(&catalog, &[event(30, 1)]);
    let delivery = attempt(&event(30, 1), 9_000, 500, Some(99_000));
    assert_eq!(note(&catalog, &delivery), []);
}

#[test]
fn a_payload_is_kept_once_for_all_that_are_told_it_and_goes_with_the_last_of_them() {
    let catalog = catalog();
    let body: Arc<str> = "told to both".into();
    let told = |n, to| WebhookEvent {
        payload: Some(Arc::clone(&body)),
        ..event(n, to)
    };
    write(&catalog, &[told(1, 1), told(2, 2), event(3, 2)]);
    assert_eq!(count(&catalog, "webhook_payloads"), 2);
    assert_eq!(stored(&catalog, &told(1, 1)), told(1, 1));
    assert_eq!(stored(&catalog, &told(2, 2)), told(2, 2));
    let skip_and_trim = |n| {
        catalog
            .skip_webhook_events(endpoint(n, 1).id, at(2_000))
            .expect("skips");
        while catalog.trim_webhooks(0, at(0), 10).expect("trims") {}
    };
    skip_and_trim(1);
    assert_eq!(count(&catalog, "webhook_payloads"), 2);
    skip_and_trim(2);
    assert_eq!(count(&catalog, "webhook_payloads"), 0);
    let held: i64 = catalog
        .read(|connection| {
            let sql = "SELECT sum(bytes) FROM webhook_payload_sizes";
            Ok(connection.query_row(sql, [], |row| row.get(0))?)
        })
        .expect("reads");
    assert_eq!(held, 0);
}

#[test]
fn an_event_whose_payload_goes_while_it_waits_blocks_nothing() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1), event(2, 1)]);
    let in_flight = next(&catalog, 1, 2_000).expect("waits");
    assert!(!catalog.drop_webhook_payloads(at(1_002), 10).expect("drops"));
    note(&catalog, &attempt(&in_flight, 2_000, 500, Some(3_000)));
    assert_eq!(stored(&catalog, &in_flight).next_attempt_at, None);
    let following = next_of(&catalog, 1, 9_000, Turn::Repeated).expect("waits");
    assert_eq!(following.id, event(2, 1).id);
}

#[test]
fn the_oldest_payloads_make_room_and_where_all_wait_new_events_are_skipped() {
    let catalog = catalog();
    let large = |n| WebhookEvent {
        payload: Some("x".repeat(16 << 10).into()),
        ..event(n, 1)
    };
    for n in 1..=4 {
        write(&catalog, &[large(n)]);
    }
    // The bound in tests is four of these.
    write(&catalog, &[large(5)]);
    let skipped = stored(&catalog, &large(5));
    assert_eq!((skipped.skipped, skipped.payload), (true, None));
    let sent = next(&catalog, 1, 2_000).expect("waits");
    note(&catalog, &attempt(&sent, 2_000, 200, None));
    write(&catalog, &[large(6)]);
    assert_eq!(stored(&catalog, &large(6)), large(6));
    assert_eq!(stored(&catalog, &sent).payload, None);
    // What is done goes beforehand, so that room seldom has to be made.
    let sent = next(&catalog, 1, 2_000).expect("waits");
    note(&catalog, &attempt(&sent, 2_001, 200, None));
    assert!(!catalog.trim_webhook_payloads(10).expect("trims"));
    assert_eq!(stored(&catalog, &sent).payload, None);
    assert_eq!(count(&catalog, "webhook_payloads"), 3);
}

#[test]
fn what_was_told_of_a_customer_who_is_forgotten_is_gone_and_sent_no_more() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1), event(2, 1)]);
    let waits = next(&catalog, 1, 2_000).expect("waits");
    let last = WebhookEvent {
        customer: waits.customer,
        kind: WebhookEventType::CustomerDeleted,
        ..event(3, 1)
    };
    let outbox = Outbox {
        forgotten: waits.customer,
        events: vec![last.clone()],
        state_changes: Vec::new(),
    };
    write_outbox(&catalog, &outbox);
    let forgotten = stored(&catalog, &waits);
    assert_eq!((forgotten.payload, forgotten.skipped), (None, true));
    let again = catalog.redeliver_webhook_event(waits.organization, waits.id, at(3_000));
    assert!(matches!(again, Err(CatalogError::NotFound)));
    assert_eq!(stored(&catalog, &event(2, 1)), event(2, 1));
    assert_eq!(stored(&catalog, &last), last);
}

#[test]
fn a_deleted_endpoint_leaves_no_secret_and_goes_with_what_was_sent_to_it() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1)]);
    for n in [1, 2] {
        catalog
            .delete_webhook_endpoint(organization(1).id, endpoint(n, 1).id, at(5_000))
            .expect("deletes");
    }
    // The second has no events.
    assert_eq!(count(&catalog, "webhook_endpoints"), 1);
    let secrets: String = catalog
        .read(|connection| {
            let sql = "SELECT group_concat(secret) FROM webhook_endpoints";
            Ok(connection.query_row(sql, [], |row| row.get(0))?)
        })
        .expect("reads");
    assert_eq!(secrets, "");
    // Nothing is written for it any more.
    write(&catalog, &[event(2, 1), event(3, 2)]);
    assert_eq!(count(&catalog, "webhook_events"), 1);
    while catalog.trim_webhooks(10, at(5_000), 10).expect("trims") {}
    assert_eq!(count(&catalog, "webhook_endpoints"), 1);
    while catalog.trim_webhooks(10, at(5_001), 10).expect("trims") {}
    assert_eq!(count(&catalog, "webhook_endpoints"), 0);
    assert_eq!(count(&catalog, "webhook_events"), 0);
}

#[test]
fn a_page_of_deliveries_has_a_bound_unless_it_is_one_alone() {
    let catalog = catalog();
    let events = [event(1, 1), event(2, 1)];
    write(&catalog, &events);
    for event in &events {
        note(&catalog, &attempt(event, 2_000, 200, None));
    }
    let search = DeliverySearch::default();
    // A payload has 7 bytes, an answer 4.
    let page = |limit, bytes_max| {
        let page = Page { page: 1, limit };
        let listed = catalog.webhook_deliveries(organization(1).id, &search, page, bytes_max);
        listed.expect("lists").map(|listed| listed.items.len())
    };
    assert_eq!(page(10, 22), Some(2));
    assert_eq!(page(10, 21), None);
    assert_eq!(page(1, 1), Some(1));
}

/// What is due of organization 1 at any time.
fn due(catalog: &Catalog) -> Vec<DueState> {
    catalog
        .due_states(organization(1).id, at(99_000), 10)
        .expect("reads")
}

fn state_told(due: &DueState, n: u8, to: u8) -> ToldState {
    ToldState {
        due: *due,
        events: vec![WebhookEvent {
            customer: Some(due.customer),
            kind: WebhookEventType::CustomerStateChanged,
            ..event(n, to)
        }],
    }
}

fn change(customer: CustomerId) -> StateChange {
    StateChange {
        organization: organization(1).id,
        customer,
        due_at: at(10),
        since: None,
    }
}

#[test]
fn an_endpoint_that_is_behind_has_missed_a_state_until_it_is_told_one() {
    let catalog = catalog();
    let (ready, behind) = (endpoint(1, 1).id, endpoint(2, 1).id);
    let of = organization(1).id;
    let ada = customer(1).id;
    let change_ada = || catalog.follow_usage(&[], &[change(ada)]).expect("writes");
    let missed = || catalog.missed_states(behind, 10).expect("reads");
    change_ada();
    let told = state_told(&due(&catalog)[0], 1, 1);
    catalog.tell_states(of, &[told], &[behind]).expect("tells");
    assert_eq!((due(&catalog), missed()), (vec![], vec![ada]));
    assert_eq!(catalog.missed_states(ready, 10).expect("reads"), []);
    // What is due is told to it with the others.
    change_ada();
    assert_eq!(missed(), []);
    let event_of = |n| state_told(&due(&catalog)[0], n, 2).events;
    let early = event_of(2);
    catalog
        .tell_missed_states(behind, &[(ada, early)])
        .expect("tells");
    assert_eq!(next(&catalog, 2, 9_000), None);
    let to_both = ToldState {
        due: due(&catalog)[0],
        events: event_of(3),
    };
    catalog.tell_states(of, &[to_both], &[]).expect("tells");
    assert_eq!((due(&catalog), missed()), (vec![], vec![]));
    // Missed, and told alone.
    change_ada();
    let told = state_told(&due(&catalog)[0], 4, 1);
    let alone = event_of(5);
    catalog.tell_states(of, &[told], &[behind]).expect("tells");
    for _ in 0..2 {
        let alone = [(ada, alone.clone())];
        catalog.tell_missed_states(behind, &alone).expect("tells");
    }
    assert_eq!(missed(), []);
    assert_eq!(count(&catalog, "webhook_events WHERE attempts = 0"), 4);
}

#[test]
fn a_state_that_changed_while_it_was_worked_out_is_not_told() {
    let catalog = catalog();
    let ada = customer(1).id;
    catalog.follow_usage(&[], &[change(ada)]).expect("writes");
    let told = state_told(&due(&catalog)[0], 1, 1);
    catalog.follow_usage(&[], &[change(ada)]).expect("writes");
    catalog
        .tell_states(organization(1).id, &[told], &[endpoint(2, 1).id])
        .expect("tells");
    assert_eq!(due(&catalog).len(), 1);
    assert_eq!(next(&catalog, 1, 9_000), None);
    assert_eq!(count(&catalog, "missed_states"), 0);
}

#[test]
fn what_an_endpoint_missed_is_forgotten_when_it_is_not_told_of_states_any_more() {
    let catalog = catalog();
    let ada = customer(1).id;
    let disabled = WebhookEndpoint {
        enabled: false,
        ..endpoint(2, 1)
    };
    // Its types are not those of states.
    for change_to in [endpoint(2, 1), disabled] {
        catalog
            .update_webhook_endpoint(&endpoint(2, 1), None)
            .expect("enables");
        catalog.follow_usage(&[], &[change(ada)]).expect("writes");
        let told = state_told(&due(&catalog)[0], 1, 1);
        let told = ToldState {
            events: vec![WebhookEvent {
                id: WebhookEventId::from_bytes([u8::from(change_to.enabled); 16]),
                ..told.events[0].clone()
            }],
            ..told
        };
        catalog
            .tell_states(organization(1).id, &[told], &[endpoint(2, 1).id])
            .expect("tells");
        assert_eq!(count(&catalog, "missed_states"), 1);
        catalog
            .update_webhook_endpoint(&change_to, None)
            .expect("changes");
        assert_eq!(count(&catalog, "missed_states"), 0);
    }
}

#[test]
fn a_state_that_cannot_be_told_is_put_off() {
    let catalog = catalog();
    let mut ids = [customer(1).id, customer(2).id];
    ids.sort_unstable();
    catalog
        .follow_usage(&[], &[change(ids[0])])
        .expect("writes");
    catalog
        .postpone_states(organization(1).id, &ids, at(50))
        .expect("writes");
    let due = |now| {
        let due = catalog.due_states(organization(1).id, at(now), 10);
        let due = due.expect("reads").into_iter();
        due.map(|due| due.customer).collect::<Vec<_>>()
    };
    assert_eq!((due(49), due(50)), (vec![], ids.to_vec()));
}
