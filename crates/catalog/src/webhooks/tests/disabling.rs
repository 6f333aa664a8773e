//! When an endpoint that does not answer is disabled.

use super::*;

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
