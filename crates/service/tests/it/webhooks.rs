//! Webhooks: what is told, in which order, how often, and to whom no more.

mod states;

use domain::{
    OrganizationId, WebhookDelivery, WebhookEndpoint, WebhookEventId, WebhookEventType,
    WebhookFormat,
};
use service::{
    CustomerChanges, DeliveryOutcome, DeliverySearch, Error, Fault, FinishedDelivery, NewCustomer,
    NewWebhookEndpoint, Page, PendingDelivery, Service, Step, WebhookEndpointChanges,
};

use crate::harness::Harness;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3_600 * SECOND;

const FIRST_PAGE: Page = Page {
    page: 1,
    limit: 100,
};

fn new_endpoint(events: &[WebhookEventType]) -> NewWebhookEndpoint {
    NewWebhookEndpoint {
        url: "https://example.com/".to_owned(),
        name: None,
        format: WebhookFormat::Raw,
        secret: None,
        events: events.to_vec(),
    }
}

fn endpoint(
    service: &Service,
    organization: OrganizationId,
    events: &[WebhookEventType],
) -> WebhookEndpoint {
    service
        .create_webhook_endpoint(organization, new_endpoint(events))
        .expect("made")
}

/// One that is told of new customers.
fn of_new_customers(service: &Service, organization: OrganizationId) -> WebhookEndpoint {
    endpoint(service, organization, &[WebhookEventType::CustomerCreated])
}

fn customer(service: &Service, organization: OrganizationId, external_id: &str) -> String {
    let new = NewCustomer {
        external_id: Some(external_id.to_owned()),
        ..NewCustomer::default()
    };
    let made = service.create_customer(organization, new).expect("made");
    format!("customer.created {}", made.id)
}

/// What is to be sent now, as the server asks for it.
fn pending(service: &Service) -> Vec<PendingDelivery> {
    service.find_due_deliveries().expect("reads");
    service.take_deliveries(100).expect("reads")
}

fn payloads(pending: &[PendingDelivery]) -> Vec<&str> {
    pending
        .iter()
        .map(|delivery| delivery.event.payload.as_deref().expect("is there"))
        .collect()
}

/// Notes that these were answered with a status; 0: with nothing.
fn answer(service: &Service, pending: Vec<PendingDelivery>, status: u16) {
    let finished: Vec<FinishedDelivery> = pending
        .into_iter()
        .map(|delivery| FinishedDelivery {
            delivery,
            outcome: DeliveryOutcome {
                http_code: (status > 0).then_some(status),
                response: Some("x".repeat(5_000)),
            },
            at: service.now(),
        })
        .collect();
    let unnoted = service.note_deliveries(&finished).expect("writes");
    assert!(unnoted.is_empty(), "{unnoted:?}");
}

/// Sends all that is due now, and says what it was.
fn send_all(service: &Service, status: u16) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let pending = pending(service);
        if pending.is_empty() {
            return sent;
        }
        sent.extend(payloads(&pending).into_iter().map(str::to_owned));
        answer(service, pending, status);
    }
}

fn deliveries(service: &Service, organization: OrganizationId) -> Vec<WebhookDelivery> {
    service
        .webhook_deliveries(organization, &DeliverySearch::default(), FIRST_PAGE)
        .expect("lists")
        .items
}

#[test]
fn those_that_ask_for_it_are_told_of_a_change_in_the_order_of_changes() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let before = customer(&service, organization, "before");
    let all = endpoint(
        &service,
        organization,
        &[
            WebhookEventType::CustomerCreated,
            WebhookEventType::CustomerUpdated,
            WebhookEventType::CustomerDeleted,
        ],
    );
    endpoint(&service, organization, &[WebhookEventType::BenefitCreated]);
    let made = customer(&service, organization, "after");
    let id = service
        .customer_by_external_id(organization, "after")
        .expect("is there")
        .id;
    let changes = CustomerChanges {
        email: Some("ada@example.com".to_owned()),
        ..CustomerChanges::default()
    };
    service
        .update_customer(organization, id, changes)
        .expect("changed");
    service.delete_customer(organization, id).expect("deleted");
    let first = pending(&service);
    assert_eq!(
        (first[0].endpoint.id, payloads(&first)),
        (all.id, vec![&*made])
    );
    // Until it is noted, nothing else is sent there.
    assert!(pending(&service).is_empty());
    answer(&service, first, 204);
    assert_eq!(
        send_all(&service, 200),
        [
            format!("customer.updated {id}"),
            format!("customer.deleted {id}")
        ]
    );
    assert_ne!(before, made);
    let listed = deliveries(&service, organization);
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|delivery| delivery.succeeded));
    assert_eq!(listed[2].http_code, Some(204));
    assert_eq!(listed[2].response.as_deref().map(str::len), Some(2_048));
    assert_eq!(listed[2].event.succeeded, Some(true));
}

#[test]
fn what_waits_is_there_after_a_restart_and_what_was_not_noted_is_sent_again() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let kept = of_new_customers(&service, organization);
    let first = customer(&service, organization, "a");
    let second = customer(&service, organization, "b");
    let on_its_way = pending(&service);
    assert_eq!(payloads(&on_its_way), [&*first]);
    service.close();
    drop(service);
    let (service, _) = harness.open(None);
    let again = pending(&service);
    assert_eq!(again[0].event, on_its_way[0].event);
    assert_eq!(*again[0].endpoint, kept);
    answer(&service, again, 200);
    assert_eq!(send_all(&service, 200), [second]);
}

#[test]
fn a_failed_attempt_is_repeated_ten_times_in_all_with_ever_longer_pauses() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    of_new_customers(&service, organization);
    let told = customer(&service, organization, "a");
    let mut id: Option<WebhookEventId> = None;
    for seconds in [0, 2, 4, 8, 16, 32, 64, 128, 256, 512] {
        if seconds > 0 {
            harness.clock.advance(seconds * SECOND - SECOND / 2);
            assert!(pending(&service).is_empty(), "before {seconds} s");
            // Up to a tenth more, so that not all come back at once.
            harness.clock.advance(seconds * SECOND / 10 + SECOND);
        }
        let due = pending(&service);
        assert_eq!(payloads(&due), [&*told]);
        assert_eq!(*id.get_or_insert(due[0].event.id), due[0].event.id);
        answer(&service, due, if seconds % 3 == 0 { 0 } else { 500 });
    }
    harness.clock.advance(DAY);
    assert!(pending(&service).is_empty());
    let listed = deliveries(&service, organization);
    assert_eq!(listed.len(), 10);
    assert_eq!(listed[0].event.succeeded, Some(false));
    assert!(listed.iter().any(|delivery| delivery.http_code.is_none()));
    // Asked for, it is tried anew.
    service
        .redeliver_webhook_event(organization, listed[0].event.id)
        .expect("is there");
    assert_eq!(send_all(&service, 200), [told]);
    assert_eq!(
        deliveries(&service, organization)[0].event.succeeded,
        Some(true)
    );
}

#[test]
fn later_events_do_not_wait_for_one_that_is_to_be_repeated() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    of_new_customers(&service, organization);
    let first = customer(&service, organization, "a");
    assert_eq!(send_all(&service, 503), [&*first]);
    let second = customer(&service, organization, "b");
    assert_eq!(send_all(&service, 200), [second]);
    harness.clock.advance(3 * SECOND);
    assert_eq!(send_all(&service, 200), [first]);
}

/// Lets every attempt fail until nothing waits.
fn fail_all(harness: &Harness, service: &Service) {
    for _ in 0..11 {
        send_all(service, 500);
        harness.clock.advance(1_200 * SECOND);
    }
}

#[test]
fn ten_failed_events_in_a_row_disable_an_endpoint_until_somebody_enables_it() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let endpoint = of_new_customers(&service, organization);
    let is_enabled = |service: &Service| {
        service
            .webhook_endpoint(organization, endpoint.id)
            .expect("is there")
            .enabled
    };
    for round in 0..9 {
        customer(&service, organization, &format!("fails {round}"));
    }
    fail_all(&harness, &service);
    assert!(is_enabled(&service));
    customer(&service, organization, "succeeds");
    assert_eq!(send_all(&service, 200).len(), 1);
    for round in 0..9 {
        customer(&service, organization, &format!("fails again {round}"));
    }
    fail_all(&harness, &service);
    assert!(is_enabled(&service));
    customer(&service, organization, "the last");
    for _ in 0..9 {
        send_all(&service, 500);
        harness.clock.advance(1_200 * SECOND);
    }
    let last = pending(&service);
    assert_eq!(last[0].event.attempts, 9);
    answer(&service, last, 500);
    assert!(!is_enabled(&service));
    customer(&service, organization, "nobody is told");
    assert!(pending(&service).is_empty());
    let enable = WebhookEndpointChanges {
        enabled: Some(true),
        ..WebhookEndpointChanges::default()
    };
    service
        .update_webhook_endpoint(organization, endpoint.id, enable)
        .expect("is there");
    assert!(pending(&service).is_empty());
    let told = customer(&service, organization, "told");
    assert_eq!(send_all(&service, 500), [told]);
    assert!(is_enabled(&service));
}

#[test]
fn an_organization_with_many_endpoints_leaves_room_for_others() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    for _ in 0..9 {
        of_new_customers(&service, organization);
    }
    let quiet = of_new_customers(&service, other);
    customer(&service, organization, "a");
    customer(&service, other, "b");
    service.find_due_deliveries().expect("reads");
    let first = service.take_deliveries(2).expect("reads");
    assert!(
        first
            .iter()
            .any(|delivery| delivery.endpoint.id == quiet.id)
    );
    let rest = service.take_deliveries(100).expect("reads");
    assert_eq!(first.len() + rest.len(), 5);
    assert!(service.take_deliveries(100).expect("reads").is_empty());
    answer(&service, first, 200);
    assert_eq!(service.take_deliveries(100).expect("reads").len(), 1);
}

#[test]
fn an_organization_has_so_many_endpoints_and_no_more() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    for _ in 0..50 {
        of_new_customers(&service, organization);
    }
    let refused = service.create_webhook_endpoint(organization, new_endpoint(&[]));
    assert!(
        matches!(refused, Err(Error::Invalid(faults)) if faults == [Fault::TooManyWebhookEndpoints])
    );
    let listed = service
        .webhook_endpoints(organization, FIRST_PAGE)
        .expect("lists");
    assert_eq!(listed.total, 50);
    service
        .delete_webhook_endpoint(organization, listed.items[0].id)
        .expect("is there");
    of_new_customers(&service, organization);
}

#[test]
fn a_secret_has_the_form_of_a_token_and_a_new_one_signs_what_is_sent_later() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made = of_new_customers(&service, organization);
    assert!(made.secret.starts_with("whsec_") && made.secret.len() == 6 + 43);
    customer(&service, organization, "a");
    let reset = service
        .reset_webhook_secret(organization, made.id)
        .expect("is there");
    assert_ne!(reset.secret, made.secret);
    assert_eq!(pending(&service)[0].endpoint.secret, reset.secret);
}

#[test]
fn an_endpoint_that_is_disabled_or_deleted_is_told_nothing_of_what_waits() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let disabled = of_new_customers(&service, organization);
    let deleted = of_new_customers(&service, organization);
    customer(&service, organization, "a");
    let disable = WebhookEndpointChanges {
        enabled: Some(false),
        ..WebhookEndpointChanges::default()
    };
    service
        .update_webhook_endpoint(organization, disabled.id, disable)
        .expect("is there");
    service
        .delete_webhook_endpoint(organization, deleted.id)
        .expect("is there");
    assert!(pending(&service).is_empty());
    let gone = service.webhook_endpoint(organization, deleted.id);
    assert!(matches!(gone, Err(Error::NotFound)));
}

#[test]
fn a_payload_that_is_too_old_is_gone() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    of_new_customers(&service, organization);
    customer(&service, organization, "a");
    send_all(&service, 200);
    let event = deliveries(&service, organization)[0].event.id;
    harness.clock.advance(89 * DAY);
    service.tidy_webhooks().expect("writes");
    service
        .redeliver_webhook_event(organization, event)
        .expect("is there");
    assert_eq!(send_all(&service, 200).len(), 1);
    harness.clock.advance(2 * DAY);
    service.tidy_webhooks().expect("writes");
    let gone = service.redeliver_webhook_event(organization, event);
    assert!(matches!(gone, Err(Error::NotFound)));
    assert_eq!(deliveries(&service, organization)[0].event.payload, None);
}

#[test]
fn an_attempt_that_is_due_is_made_in_turn_with_what_waits() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    of_new_customers(&service, organization);
    let first = customer(&service, organization, "first");
    assert_eq!(send_all(&service, 500), [&*first]);
    let waiting: Vec<String> = (0..4)
        .map(|n| customer(&service, organization, &n.to_string()))
        .collect();
    harness.clock.advance(3 * SECOND);
    let mut sent = Vec::new();
    for _ in 0..3 {
        let due = pending(&service);
        sent.extend(payloads(&due).into_iter().map(str::to_owned));
        let is_first = sent.last() == Some(&first);
        answer(&service, due, if is_first { 500 } else { 200 });
    }
    assert!(sent[..2].contains(&first), "{sent:?}");
    let others: Vec<&String> = sent.iter().filter(|told| **told != first).collect();
    assert_eq!(others, [&waiting[0], &waiting[1]]);
}

#[test]
fn an_endpoint_that_hangs_is_disabled_however_much_waits_for_it() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let endpoint = of_new_customers(&service, organization);
    for number in 0..300 {
        customer(&service, organization, &number.to_string());
    }
    let mut attempts = 0;
    while service
        .webhook_endpoint(organization, endpoint.id)
        .expect("is there")
        .enabled
    {
        let due = pending(&service);
        harness.clock.advance(10 * SECOND);
        answer(&service, due, 0);
        attempts += 1;
        assert!(attempts < 400, "for more than an hour");
    }
    assert!(attempts >= 360, "for less than an hour");
    assert!(pending(&service).is_empty());
}

#[test]
fn an_outcome_of_an_event_that_is_gone_holds_nothing_up() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let gone = of_new_customers(&service, organization);
    of_new_customers(&service, organization);
    customer(&service, organization, "a");
    let in_flight = pending(&service);
    assert_eq!(in_flight.len(), 2);
    service
        .delete_webhook_endpoint(organization, gone.id)
        .expect("is there");
    harness.clock.advance(91 * DAY);
    while service.tidy_webhooks().expect("tidies").step == Step::More {}
    answer(&service, in_flight, 200);
    let listed = deliveries(&service, organization);
    assert_eq!(listed.len(), 1);
    assert_ne!(listed[0].event.endpoint, gone.id);
    let told = customer(&service, organization, "b");
    assert_eq!(send_all(&service, 200), [told]);
}

#[test]
fn what_was_told_of_a_customer_goes_when_it_is_anonymized() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let events = [
        WebhookEventType::CustomerCreated,
        WebhookEventType::CustomerDeleted,
    ];
    endpoint(&service, organization, &events);
    customer(&service, organization, "ada");
    customer(&service, organization, "bob");
    send_all(&service, 200);
    let ada = service
        .customer_by_external_id(organization, "ada")
        .expect("is there");
    service
        .delete_and_anonymize_customer(organization, ada.id)
        .expect("deletes");
    let last = format!("customer.deleted {}", ada.id);
    assert_eq!(send_all(&service, 200), [&*last]);
    let listed = deliveries(&service, organization);
    let told: Vec<Option<&str>> = listed
        .iter()
        .map(|delivery| delivery.event.payload.as_deref())
        .collect();
    assert_eq!((told[0], told[2]), (Some(&*last), None));
    assert!(told[1].is_some());
    let again = service.redeliver_webhook_event(organization, listed[2].event.id);
    assert!(matches!(again, Err(Error::NotFound)));
}

#[test]
fn an_outcome_that_can_never_be_noted_takes_nothing_from_others_and_is_not_sent_again() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    for _ in 0..3 {
        of_new_customers(&service, organization);
    }
    let told = customer(&service, organization, "a");
    let mut due = pending(&service);
    let last = due.split_off(1);
    // The delivery of the first of these gets an id that there is already.
    harness.before_randomness_repeats(|| answer(&service, due, 200));
    let finished: Vec<FinishedDelivery> =
        last.into_iter().map(|one| taken(&service, one)).collect();
    let unnoted = service.note_deliveries(&finished).expect("notes others");
    assert_eq!(unnoted.len(), 1);
    assert_eq!(unnoted[0].event, finished[0].delivery.event.id);
    assert_eq!(deliveries(&service, organization).len(), 2);
    assert!(pending(&service).is_empty(), "{told} was sent to all");
    let next = customer(&service, organization, "b");
    assert_eq!(send_all(&service, 200), [&*next, &*next, &*next]);
}

fn taken(service: &Service, delivery: PendingDelivery) -> FinishedDelivery {
    FinishedDelivery {
        delivery,
        outcome: DeliveryOutcome {
            http_code: Some(200),
            response: None,
        },
        at: service.now(),
    }
}
