//! The list of deliveries.

use super::*;

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
