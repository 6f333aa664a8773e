//! What is sent next: first attempts, repeated ones, and redeliveries.

use super::*;
use crate::CatalogError;

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
