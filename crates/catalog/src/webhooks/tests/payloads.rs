//! How long payloads are kept, how many of them, and for whom.

use std::sync::Arc;

use super::*;
use crate::CatalogError;

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
