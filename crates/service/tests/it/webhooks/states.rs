//! The states of customers are told once for all that changed, and only when something did.

use domain::{
    CustomerId, Identity, MeterId, OrganizationId, WebhookEndpoint, WebhookEndpointId,
    WebhookEventType,
};
use service::{
    CustomerKey, NewCredit, NewCustomer, NewReset, Service, Step, WebhookEndpointChanges,
};

use super::{SECOND, answer, customer, endpoint, payloads, pending, send_all};
use crate::harness::{Harness, ingest, new_meter, sum_of};

/// A meter over `amount`, and a customer `ada`.
struct Scene {
    harness: Harness,
    service: Service,
    organization: OrganizationId,
    meter: MeterId,
    ada: CustomerId,
}

impl Scene {
    fn new() -> Self {
        let harness = Harness::new();
        let (service, organization) = harness.with_organization();
        let meter = service
            .create_meter(organization, new_meter(sum_of("amount")))
            .expect("made");
        let new = NewCustomer {
            external_id: Some("ada".to_owned()),
            ..NewCustomer::default()
        };
        let ada = service.create_customer(organization, new).expect("made");
        Self {
            harness,
            service,
            organization,
            meter: meter.id,
            ada: ada.id,
        }
    }

    fn ask(&self) -> WebhookEndpoint {
        let events = [WebhookEventType::CustomerStateChanged];
        endpoint(&self.service, self.organization, &events)
    }

    fn use_some(&self, external_id: &str) {
        let event = (Identity::External(external_id), "call", 1);
        ingest(&self.service, self.organization, &[event]).expect("taken in");
    }

    fn credit(&self) {
        let credit = NewCredit {
            customer: CustomerKey::Id(self.ada),
            meter: self.meter,
            units: 5,
            rollover: false,
            timestamp: None,
            external_id: None,
        };
        self.service
            .credit(self.organization, credit)
            .expect("written");
    }

    /// What is told when so much time has passed.
    fn told_after(&self, micros: i64) -> Vec<String> {
        tick(&self.service);
        self.harness.clock.advance(micros);
        tick(&self.service);
        send_all(&self.service, 200)
    }

    fn state_of_ada(&self) -> String {
        format!("customer.state_changed {}", self.ada)
    }

    fn restart(self) -> Self {
        self.service.close();
        drop(self.service);
        let (service, _) = self.harness.open(None);
        Self { service, ..self }
    }
}

/// What the server does every second.
fn tick(service: &Service) {
    while service.follow_usage().expect("follows").step == Step::More {}
    while service.tell_states().expect("tells").step == Step::More {}
}

#[test]
fn usage_credits_and_resets_are_told_as_one_some_seconds_later() {
    let scene = Scene::new();
    scene.use_some("ada");
    scene.ask();
    // It is not told of history.
    assert_eq!(scene.told_after(10 * SECOND), [""; 0]);
    for _ in 0..5 {
        scene.use_some("ada");
    }
    scene.credit();
    assert_eq!(scene.told_after(SECOND), [""; 0]);
    scene.use_some("ada");
    assert_eq!(scene.told_after(SECOND), [scene.state_of_ada()]);
    assert_eq!(scene.told_after(10 * SECOND), [""; 0]);
    let reset = NewReset {
        customer: CustomerKey::Id(scene.ada),
        meter: scene.meter,
        carry_over: false,
        timestamp: None,
        external_id: None,
    };
    scene
        .service
        .reset(scene.organization, reset)
        .expect("written");
    assert_eq!(scene.told_after(3 * SECOND), [scene.state_of_ada()]);
}

#[test]
fn events_that_no_meter_counts_or_nobody_has_are_not_told() {
    let scene = Scene::new();
    scene.ask();
    scene.use_some("nobody");
    // Without the property that the meter sums.
    let archived = service::MeterChanges {
        is_archived: Some(true),
        ..service::MeterChanges::default()
    };
    scene
        .service
        .update_meter(scene.organization, scene.meter, archived)
        .expect("archived");
    scene.use_some("ada");
    assert_eq!(scene.told_after(10 * SECOND), [""; 0]);
    // Whoever gets the name later is told of with that.
    let new = NewCustomer {
        external_id: Some("nobody".to_owned()),
        ..NewCustomer::default()
    };
    let made = scene.service.create_customer(scene.organization, new);
    let made = made.expect("made").id;
    assert_eq!(
        scene.told_after(3 * SECOND),
        [format!("customer.state_changed {made}")]
    );
}

#[test]
fn a_change_of_the_customer_is_followed_by_its_state_also_when_it_is_deleted() {
    let scene = Scene::new();
    let events = [
        WebhookEventType::CustomerCreated,
        WebhookEventType::CustomerDeleted,
        WebhookEventType::CustomerStateChanged,
    ];
    endpoint(&scene.service, scene.organization, &events);
    let made = customer(&scene.service, scene.organization, "bob");
    let state = made.replace("created", "state_changed");
    assert_eq!(scene.told_after(3 * SECOND), [made, state]);
    scene
        .service
        .delete_customer(scene.organization, scene.ada)
        .expect("deleted");
    assert_eq!(
        scene.told_after(3 * SECOND),
        [
            format!("customer.deleted {}", scene.ada),
            scene.state_of_ada()
        ]
    );
}

#[test]
fn positions_and_states_that_wait_are_there_after_a_restart() {
    let scene = Scene::new();
    scene.ask();
    scene.use_some("ada");
    // Received, and not looked at before the end.
    let scene = scene.restart();
    tick(&scene.service);
    // Looked at, and not told before the end.
    let scene = scene.restart();
    assert_eq!(scene.told_after(3 * SECOND), [scene.state_of_ada()]);
    let scene = scene.restart();
    assert_eq!(scene.told_after(3 * SECOND), [""; 0]);
}

#[test]
fn what_changes_while_nobody_asks_is_not_told_later() {
    let scene = Scene::new();
    let asking = scene.ask();
    let set_enabled = |enabled| {
        let changes = WebhookEndpointChanges {
            enabled: Some(enabled),
            ..WebhookEndpointChanges::default()
        };
        scene
            .service
            .update_webhook_endpoint(scene.organization, asking.id, changes)
            .expect("is there");
    };
    scene.use_some("ada");
    tick(&scene.service);
    set_enabled(false);
    assert_eq!(scene.told_after(3 * SECOND), [""; 0]);
    scene.use_some("ada");
    set_enabled(true);
    assert_eq!(scene.told_after(3 * SECOND), [""; 0]);
    scene.use_some("ada");
    assert_eq!(scene.told_after(3 * SECOND), [scene.state_of_ada()]);
}

/// Sends all that is due, which is to one endpoint, and says what it was.
fn send_to(service: &Service, endpoint: WebhookEndpointId) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let due = pending(service);
        if due.is_empty() {
            return sent;
        }
        assert!(due.iter().all(|delivery| delivery.endpoint.id == endpoint));
        sent.extend(payloads(&due).into_iter().map(str::to_owned));
        answer(service, due, 200);
    }
}

#[test]
fn an_endpoint_that_is_behind_takes_no_states_from_others_and_gets_the_last_ones_later() {
    let scene = Scene::new();
    let quick = scene.ask();
    let slow = endpoint(
        &scene.service,
        scene.organization,
        &[
            WebhookEventType::CustomerCreated,
            WebhookEventType::CustomerStateChanged,
        ],
    );
    for number in 0..1_000 {
        customer(&scene.service, scene.organization, &number.to_string());
    }
    scene.harness.clock.advance(10 * SECOND);
    // The slow one does not answer.
    let hanging = pending(&scene.service);
    assert_eq!(hanging.len(), 1);
    assert_eq!(hanging[0].endpoint.id, slow.id);
    tick(&scene.service);
    let told = send_to(&scene.service, quick.id);
    assert_eq!(told.len(), 1_000);
    // What changes meanwhile is told to the other, again.
    scene.use_some("ada");
    tick(&scene.service);
    scene.harness.clock.advance(3 * SECOND);
    tick(&scene.service);
    let told = send_to(&scene.service, quick.id);
    assert_eq!(told, [scene.state_of_ada()]);
    // It answers at last: it gets the states of all that it missed, once each, and the other nothing more.
    answer(&scene.service, hanging, 200);
    let mut sent = Vec::new();
    loop {
        tick(&scene.service);
        let more = send_to(&scene.service, slow.id);
        if more.is_empty() {
            break;
        }
        sent.extend(more);
    }
    let states = sent.split_off(999);
    assert!(sent.iter().all(|told| told.starts_with("customer.created")));
    assert_eq!(states.len(), 1_000 + 1);
    assert!(states.contains(&scene.state_of_ada()));
    let distinct: std::collections::BTreeSet<&String> = states.iter().collect();
    assert_eq!(distinct.len(), states.len());
}

#[test]
fn states_gather_for_longer_while_all_endpoints_are_behind() {
    let scene = Scene::new();
    let events = [
        WebhookEventType::CustomerCreated,
        WebhookEventType::CustomerStateChanged,
    ];
    endpoint(&scene.service, scene.organization, &events);
    for number in 0..1_000 {
        customer(&scene.service, scene.organization, &number.to_string());
    }
    scene.harness.clock.advance(10 * SECOND);
    tick(&scene.service);
    let first = pending(&scene.service);
    assert_eq!(first.len(), 1);
    answer(&scene.service, first, 200);
    let mut sent = 0;
    let mut rounds = 0;
    loop {
        tick(&scene.service);
        let more = send_all(&scene.service, 200).len();
        if more == 0 {
            break;
        }
        sent += more;
        rounds += 1;
    }
    assert_eq!(sent, 999 + 1_000);
    assert!(rounds > 1);
}

#[test]
fn a_step_that_takes_long_holds_up_no_change_of_endpoints() {
    let scene = Scene::new();
    let asking = scene.ask();
    scene.use_some("ada");
    tick(&scene.service);
    scene.harness.clock.advance(3 * SECOND);
    // In the middle of telling, somebody changes, makes and deletes endpoints.
    let (service, organization) = (&scene.service, scene.organization);
    scene.harness.while_rendering(
        || {
            service.tell_states().expect("tells");
        },
        || {
            scene.ask();
            service
                .reset_webhook_secret(organization, asking.id)
                .expect("changes");
            let other = scene.ask();
            service
                .delete_webhook_endpoint(organization, other.id)
                .expect("deletes");
        },
    );
    assert_eq!(send_all(service, 200), [scene.state_of_ada()]);
}

#[test]
fn an_organization_whose_events_cannot_be_read_silences_nobody_else() {
    let scene = Scene::new();
    scene.ask();
    for name in ["carol", "dave"] {
        customer(&scene.service, scene.organization, name);
        scene.use_some(name);
    }
    scene.service.close();
    drop(scene.service);
    let service = scene.harness.open_sealing();
    scene.harness.wait_for_a_seal();
    service.close();
    drop(service);
    let segments = scene.harness.folder.path().join("data/segments");
    for file in std::fs::read_dir(segments).expect("reads") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|kind| kind == "parquet") {
            // The columns, but neither the beginning nor the end, at which a look is taken when it is opened.
            let mut bytes = std::fs::read(&path).expect("reads");
            let half = bytes.len() / 2;
            bytes[4..half].iter_mut().for_each(|byte| *byte ^= 0x55);
            std::fs::write(&path, bytes).expect("writes");
        }
    }
    let (service, _) = scene.harness.open(None);
    let other = service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    endpoint(&service, other, &[WebhookEventType::CustomerStateChanged]);
    let bob = customer(&service, other, "bob");
    let failures: Vec<OrganizationId> = service
        .follow_usage()
        .expect("follows")
        .failures
        .into_iter()
        .map(|failure| failure.organization)
        .collect();
    assert_eq!(failures, [scene.organization]);
    // The states of two of its customers are to be told anyway, and cannot be worked out.
    scene.harness.clock.advance(3 * SECOND);
    let failures = || service.tell_states().expect("tells").failures.len();
    assert_eq!(failures(), 2);
    assert_eq!(
        send_all(&service, 200),
        [bob.replace("created", "state_changed")]
    );
    // They are tried again a minute later.
    assert_eq!(failures(), 0);
    scene.harness.clock.advance(60 * SECOND);
    assert_eq!(failures(), 2);
}

#[test]
fn large_states_are_told_a_few_at_once() {
    let scene = Scene::new();
    scene.ask();
    for number in 0..9 {
        customer(&scene.service, scene.organization, &number.to_string());
    }
    scene.harness.enlarge_payloads(1 << 20);
    scene.harness.clock.advance(3 * SECOND);
    let mut told = Vec::new();
    loop {
        let step = scene.service.tell_states().expect("tells").step;
        told.push(send_all(&scene.service, 200).len());
        if step == Step::Done {
            break;
        }
    }
    assert_eq!(told, [4, 4, 1]);
}

#[test]
fn a_customer_who_is_anonymized_while_its_state_is_worked_out_is_told_of_as_it_is_after() {
    let scene = Scene::new();
    scene.ask();
    scene.use_some("ada");
    tick(&scene.service);
    scene.harness.clock.advance(3 * SECOND);
    let service = &scene.service;
    scene.harness.while_rendering(
        || {
            service.tell_states().expect("tells");
        },
        || {
            service
                .delete_and_anonymize_customer(scene.organization, scene.ada)
                .expect("deletes");
        },
    );
    // What was worked out before is told to nobody.
    assert!(pending(service).is_empty());
    assert_eq!(scene.told_after(3 * SECOND), [scene.state_of_ada()]);
}
