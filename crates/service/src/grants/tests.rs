//! Grants, killed at each of their steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use catalog::Outbox;
use domain::{
    Aggregation, Definition, EventId, Filter, Function, Metadata, MeterId, Timestamp, Unit,
    Visibility, WebhookFormat,
};

use store::testing::MemoryDisk;

use super::*;
use crate::{
    Announcement, Clock, EventSearch, NewCustomer, NewMeter, NewReset, OpenOptions, Random,
    StoreOptions, WebhookPayloads,
};

#[derive(Debug)]
struct SteppingClock(AtomicU64);

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        let micros = 1_772_323_200_000_000 + self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(micros.cast_signed()).expect("in range")
    }
}

#[derive(Debug)]
struct CountingRandom(AtomicU32);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        bytes[..4].copy_from_slice(&number.to_le_bytes());
    }
}

/// Tells no more than of what.
#[derive(Debug)]
struct Kinds;

impl WebhookPayloads for Kinds {
    fn render(&self, told: &Announcement<'_>, _: Timestamp, _: WebhookFormat) -> String {
        told.kind().as_str().to_owned()
    }
}

/// A folder that outlives its services; the events in it are on a disk of their own.
struct Fixture {
    folder: tempfile::TempDir,
    disk: MemoryDisk,
    clock: Arc<SteppingClock>,
    random: Arc<CountingRandom>,
}

impl Fixture {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            disk: MemoryDisk::new(),
            clock: Arc::new(SteppingClock(AtomicU64::new(0))),
            random: Arc::new(CountingRandom(AtomicU32::new(1))),
        }
    }

    fn open(&self) -> Service {
        let opened = Service::open(OpenOptions {
            folder: self.folder.path().to_owned(),
            admin_token: Some("admin".to_owned()),
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as Arc<dyn Random>,
            store: StoreOptions::default(),
            webhook_payloads: Arc::new(Kinds),
            webhooks_allow_private: false,
        })
        .expect("opens");
        assert!(opened.unsettled.is_none(), "{:?}", opened.unsettled);
        opened.service
    }
}

/// What there is to grant, and to whom.
#[derive(Clone, Copy)]
struct Cast {
    organization: OrganizationId,
    meter: MeterId,
    benefit: BenefitId,
    customer: CustomerId,
}

const UNITS: i64 = 100;

fn cast(service: &Service) -> Cast {
    let organization = service.create_organization("Acme", "acme").expect("made");
    let organization = organization.id;
    let new = NewMeter {
        name: "Tokens".to_owned(),
        unit: Unit::Scalar,
        custom_label: None,
        custom_multiplier: None,
        definition: Definition {
            filter: Filter::all(),
            aggregation: Aggregation::new(Function::Count, None).expect("they go together"),
        },
        metadata: Metadata::default(),
    };
    let meter = service.create_meter(organization, new).expect("made").id;
    let benefit = Benefit {
        id: BenefitId::from_random([200; 16]),
        organization,
        description: "Tokens".to_owned(),
        visibility: Visibility::Public,
        credit: MeterCredit {
            meter,
            units: UNITS,
            rollover: true,
        },
        metadata: Metadata::default(),
        created_at: service.now(),
        modified_at: None,
        deleted_at: None,
    };
    service
        .catalog
        .insert_benefit(&benefit, &Outbox::default())
        .expect("made");
    Cast {
        organization,
        meter,
        benefit: benefit.id,
        customer: customer(service, organization, "ada"),
    }
}

fn customer(service: &Service, organization: OrganizationId, name: &str) -> CustomerId {
    let new = NewCustomer {
        owner: None,
        email: Some(format!("{name}@example.com")),
        external_id: Some(name.to_owned()),
        ..NewCustomer::default()
    };
    service.create_customer(organization, new).expect("made").id
}

impl Cast {
    fn new_grant(&self, key: Option<&str>) -> NewGrant {
        NewGrant {
            benefit: self.benefit,
            customer: CustomerKey::Id(self.customer),
            external_id: key.map(str::to_owned),
        }
    }

    /// Credited units of the customer's meter.
    fn credited(&self, service: &Service) -> i64 {
        let state = service
            .customer(self.organization, self.customer)
            .and_then(|customer| service.customer_state(self.organization, customer))
            .expect("answered");
        let meter = state.meters.first();
        meter.map_or(0, |meter| meter.credited.to_i64().expect("small"))
    }

    /// The names of all events, oldest first.
    fn events(&self, service: &Service) -> Vec<String> {
        let search = EventSearch {
            direction: crate::EventDirection::OldestFirst,
            ..EventSearch::default()
        };
        let page = Page {
            page: 1,
            limit: 100,
        };
        let listed = service.events(self.organization, &search, page);
        let listed = listed.expect("answered");
        let ids: Vec<EventId> = listed.items.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), listed.items.len());
        let names = listed.items.iter().map(|view| view.event().name.to_owned());
        names.collect()
    }
}

/// After which of its parts a step dies with the process.
#[derive(Debug, Clone, Copy)]
enum Death {
    Noted,
    Written,
    Done,
}

/// Takes a step up to a point and dies.
fn take_until(service: Service, step: GrantStep, death: Death) {
    let steps = vec![step];
    service.catalog.begin_grant_steps(&steps).expect("noted");
    if !matches!(death, Death::Noted) {
        let entered = service.write_events(&steps).expect("written");
        if matches!(death, Death::Done) {
            service.change_rows(&steps, &entered).expect("changed");
        }
    }
    service.engine.abandon();
    drop(service);
}

const DEATHS: [Death; 3] = [Death::Noted, Death::Written, Death::Done];

#[test]
fn a_grant_is_whole_wherever_the_process_died() {
    for death in DEATHS {
        let fixture = Fixture::new();
        let service = fixture.open();
        let cast = cast(&service);
        let grant = GrantId::from_random([201; 16]);
        let step = GrantStep {
            key: service.step_key(grant),
            organization: cast.organization,
            grant,
            benefit: cast.benefit,
            customer: cast.customer,
            change: GrantChange::Granted,
            credit: Some(MeterCredit {
                meter: cast.meter,
                units: UNITS,
                rollover: true,
            }),
            resets: false,
            at: service.now(),
        };
        take_until(service, step, death);
        // Twice: what the first start did, the second does not do again.
        for _ in 0..2 {
            let service = fixture.open();
            assert_eq!(cast.credited(&service), UNITS, "{death:?}");
            assert_eq!(
                cast.events(&service),
                ["benefit.granted", "meter.credited"],
                "{death:?}"
            );
            let again = service.grant(cast.organization, cast.new_grant(None));
            let again = again.expect("answered");
            assert!(!again.is_new, "{death:?}");
            assert_eq!(again.grant.grant.id, grant, "{death:?}");
            assert!(again.grant.grant.last_credit.is_some(), "{death:?}");
            service.engine.abandon();
        }
    }
}

#[test]
fn a_cycle_and_a_revocation_are_whole_wherever_the_process_died() {
    for death in DEATHS {
        let fixture = Fixture::new();
        let service = fixture.open();
        let cast = cast(&service);
        let granted = service.grant(cast.organization, cast.new_grant(None));
        let grant = granted.expect("granted").grant.grant;
        let cycle = GrantStep {
            change: GrantChange::Cycled,
            credit: Some(MeterCredit {
                meter: cast.meter,
                units: UNITS,
                rollover: true,
            }),
            resets: true,
            ..service.step_of(&grant)
        };
        take_until(service, cycle, death);
        let service = fixture.open();
        assert_eq!(
            cast.credited(&service),
            2 * UNITS,
            "{death:?}: it rolls over"
        );
        let row = service
            .grant_row(cast.organization, grant.id)
            .expect("there");
        assert!(row.modified_at.is_some() && !row.is_revoked(), "{death:?}");
        let revocation = service.revocation(&row);
        take_until(service, revocation, death);
        let service = fixture.open();
        assert_eq!(cast.credited(&service), UNITS, "{death:?}");
        let row = service
            .grant_row(cast.organization, grant.id)
            .expect("there");
        assert!(row.is_revoked() && row.granted_at.is_none(), "{death:?}");
        let expected = [
            "benefit.granted",
            "meter.credited",
            "benefit.cycled",
            "meter.reset",
            "meter.credited",
            "meter.credited",
            "benefit.revoked",
            "meter.credited",
        ];
        assert_eq!(cast.events(&service), expected, "{death:?}");
    }
}

#[test]
fn a_cycle_after_a_reset_resets_no_more() {
    let fixture = Fixture::new();
    let service = fixture.open();
    let cast = cast(&service);
    let granted = service.grant(cast.organization, cast.new_grant(None));
    let grant = granted.expect("granted").grant.grant.id;
    let reset = NewReset {
        customer: CustomerKey::External("ada".to_owned()),
        meter: cast.meter,
        carry_over: false,
        timestamp: None,
        external_id: None,
    };
    service.reset(cast.organization, reset).expect("reset");
    let cycle = |service: &Service| {
        let cycled = service.cycle_grant(cast.organization, grant, None);
        cycled.expect("cycled");
    };
    cycle(&service);
    assert_eq!(cast.credited(&service), UNITS, "what was there is gone");
    let expected = [
        "benefit.granted",
        "meter.credited",
        "meter.reset",
        "benefit.cycled",
        "meter.credited",
    ];
    assert_eq!(cast.events(&service), expected);
    cycle(&service);
    assert_eq!(
        cast.credited(&service),
        2 * UNITS,
        "what was there rolls over"
    );
}

#[test]
fn a_key_counts_once_among_credits_grants_and_cycles() {
    let fixture = Fixture::new();
    let service = fixture.open();
    let cast = cast(&service);
    let organization = cast.organization;
    let taken = |result: Result<bool, Error>| {
        let Err(Error::Invalid(faults)) = result else {
            panic!("expected a refusal, not {result:?}");
        };
        assert_eq!(faults, [Fault::CreditKeyTaken]);
    };
    let first = service.grant(organization, cast.new_grant(Some("k")));
    let first = first.expect("granted");
    assert!(first.is_new);
    let repeat = service.grant(organization, cast.new_grant(Some("k")));
    let repeat = repeat.expect("told again");
    assert!(!repeat.is_new);
    assert_eq!(repeat.grant, first.grant);
    let id = first.grant.grant.id;
    let cycled = |key: &str| {
        let key = Some(key.to_owned());
        let cycled = service.cycle_grant(organization, id, key);
        cycled.map(|view| view.grant.modified_at.is_some())
    };
    taken(cycled("k"));
    assert!(cycled("c").expect("cycled"));
    assert_eq!(cast.credited(&service), 2 * UNITS);
    assert!(cycled("c").expect("told again"));
    assert_eq!(cast.credited(&service), 2 * UNITS, "once");
    let bob = customer(&service, organization, "bob");
    let other = NewGrant {
        customer: CustomerKey::Id(bob),
        ..cast.new_grant(Some("k"))
    };
    taken(
        service
            .grant(organization, other)
            .map(|granted| granted.is_new),
    );
    // A revoked grant is told again under its key, and not made anew.
    service.revoke_grant(organization, id).expect("revoked");
    let repeat = service.grant(organization, cast.new_grant(Some("k")));
    let repeat = repeat.expect("told again");
    assert!(repeat.grant.grant.is_revoked() && !repeat.is_new);
    let refused = service.cycle_grant(organization, id, None);
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults == [Fault::GrantRevoked]));
    let anew = service.grant(organization, cast.new_grant(None));
    assert!(anew.expect("granted").is_new);
}

#[test]
fn what_a_full_disk_left_of_a_deletion_is_done_when_there_is_space() {
    let fixture = Fixture::new();
    let service = fixture.open();
    let cast = cast(&service);
    let organization = cast.organization;
    for n in 0..3 {
        let customer = customer(&service, organization, &format!("customer-{n}"));
        let new = NewGrant {
            customer: CustomerKey::Id(customer),
            ..cast.new_grant(None)
        };
        service.grant(organization, new).expect("granted");
    }
    let own = service.grant(organization, cast.new_grant(None));
    let own = own.expect("granted").grant.grant.id;
    fixture.disk.limit_bytes(Some(fixture.disk.used_bytes()));
    // What a client is told it did not do is not done later.
    let refused = service.cycle_grant(organization, own, None);
    assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
    service
        .delete_benefit(organization, cast.benefit)
        .expect("deleted, though its grants stay for now");
    let gone = service.benefit(organization, cast.benefit);
    assert!(matches!(gone, Err(Error::NotFound)));
    assert_eq!(cast.credited(&service), UNITS);
    let later = service.settle_all_grants();
    assert!(matches!(later, Err(Error::NoSpace)), "{later:?}");
    let is_granted = |service: &Service| {
        let search = GrantSearch {
            is_granted: Some(true),
            ..GrantSearch::default()
        };
        let page = Page { page: 1, limit: 10 };
        let listed = service.grants(organization, &search, page);
        listed.expect("listed").total
    };
    assert_eq!(is_granted(&service), 4);
    fixture.disk.limit_bytes(None);
    // Whoever asks for the next thing of the customer finds it done.
    let revoked = service.revoke_grant(organization, own).expect("answered");
    assert!(revoked.grant.is_revoked());
    assert_eq!((cast.credited(&service), is_granted(&service)), (0, 3));
    service.settle_all_grants().expect("there is space");
    assert_eq!(is_granted(&service), 0);
    let events = cast.events(&service);
    let revocations = events.iter().filter(|name| *name == "benefit.revoked");
    assert_eq!(revocations.count(), 4);
    assert!(!events.iter().any(|name| name == "benefit.cycled"));
}

#[test]
fn many_grants_are_revoked_with_their_benefit() {
    let fixture = Fixture::new();
    let service = fixture.open();
    let cast = cast(&service);
    let count = 2 * i64::from(steps::STEPS_AT_ONCE) + 1;
    let customers: Vec<CustomerId> = (0..count)
        .map(|n| customer(&service, cast.organization, &format!("customer-{n}")))
        .collect();
    for customer in &customers {
        let new = NewGrant {
            customer: CustomerKey::Id(*customer),
            ..cast.new_grant(None)
        };
        service.grant(cast.organization, new).expect("granted");
    }
    service
        .delete_benefit(cast.organization, cast.benefit)
        .expect("deleted");
    for customer in customers {
        let cast = Cast { customer, ..cast };
        assert_eq!(cast.credited(&service), 0);
    }
    let left = service.catalog.grant_steps(cast.organization, 1);
    assert_eq!(left.expect("reads"), []);
}
