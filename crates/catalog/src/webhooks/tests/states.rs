//! The states of customers: which are due, told, missed or put off; and from where usage is followed.

use domain::CustomerId;

use super::*;
use crate::StateChange;

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
