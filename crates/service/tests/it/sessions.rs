//! Customer sessions, and members of teams.

use domain::{
    CustomerId, CustomerKind, Event, EventBatch, Identity, Member, MemberId, Metadata,
    OrganizationId, Source, Timestamp,
};
use service::{
    CreatedSession, CustomerKey, Error, Fault, NewCustomer, NewOwner, NewSession, Principal,
    Service,
};

use crate::customers::new_customer;
use crate::harness::{Harness, NOW};

const HOUR_MICROS: i64 = 3_600_000_000;

fn session_for(customer: CustomerId) -> NewSession {
    NewSession {
        customer: CustomerKey::Id(customer),
        member: None,
        external_member: None,
        return_url: None,
    }
}

fn make(service: &Service, organization: OrganizationId, customer: CustomerId) -> CreatedSession {
    service
        .create_session(organization, session_for(customer))
        .expect("is made")
}

fn customer(service: &Service, organization: OrganizationId, name: &str) -> CustomerId {
    let new = new_customer(&format!("{name}@example.com"), Some(name));
    let made = service.create_customer(organization, new);
    made.expect("is made").id
}

fn who(service: &Service, secret: &str) -> Option<CustomerId> {
    match service.authenticate(secret) {
        Some(Principal::Customer(access)) => Some(access.customer),
        Some(other) => panic!("a session is no {other:?}"),
        None => None,
    }
}

#[test]
fn a_session_lives_an_hour_also_over_a_restart() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let ada = customer(&service, organization, "ada");
    let made = make(&service, organization, ada);
    assert!(made.secret.starts_with("sextant_cst_"));
    assert!(!format!("{made:?}").contains(&made.secret));
    assert_eq!(made.customer.customer.id, ada);
    let lives = made.session.expires_at.micros() - made.session.created_at.micros();
    assert_eq!(lives, HOUR_MICROS);
    assert_eq!(who(&service, &made.secret), Some(ada));
    assert_eq!(who(&service, &made.secret[..20]), None);
    drop(service);
    let (service, _) = harness.open(None);
    harness.clock.advance(HOUR_MICROS - 1_000);
    assert_eq!(who(&service, &made.secret), Some(ada));
    harness.clock.advance(1_000);
    assert_eq!(who(&service, &made.secret), None);
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!(who(&service, &made.secret), None);
}

#[test]
fn of_more_sessions_than_may_be_the_oldest_ends() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (ada, bob) = (
        customer(&service, organization, "ada"),
        customer(&service, organization, "bob"),
    );
    let other = make(&service, organization, bob);
    let made: Vec<_> = (0..101)
        .map(|_| make(&service, organization, ada))
        .collect();
    let check = |service: &Service| {
        assert_eq!(who(service, &made[0].secret), None);
        for session in &made[1..] {
            assert_eq!(who(service, &session.secret), Some(ada));
        }
        assert_eq!(who(service, &other.secret), Some(bob));
    };
    check(&service);
    drop(service);
    check(&harness.open(None).0);
}

#[test]
fn sessions_end_for_ever_with_their_customer() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let ada = customer(&service, organization, "ada");
    let made = make(&service, organization, ada);
    service.delete_customer(organization, ada).expect("deleted");
    assert_eq!(who(&service, &made.secret), None);
    let again = service.create_session(organization, session_for(ada));
    let unknown = Fault::SessionCustomerUnknown {
        by_external_id: false,
    };
    assert!(matches!(again, Err(Error::Invalid(faults)) if faults == [unknown]));
    drop(service);
    assert_eq!(who(&harness.open(None).0, &made.secret), None);
}

fn team(service: &Service, organization: OrganizationId) -> CustomerId {
    let owner = NewOwner {
        email: "eve@example.com".to_owned(),
        name: Some("Eve".to_owned()),
        external_id: Some("eve".to_owned()),
    };
    let new = NewCustomer {
        kind: CustomerKind::Team,
        email: None,
        owner: Some(owner),
        ..new_customer("", Some("crew"))
    };
    let made = service.create_customer(organization, new);
    made.expect("is made").id
}

#[test]
fn a_session_may_be_for_a_member_of_the_customer_and_for_no_other() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (crew, ada) = (
        team(&service, organization),
        customer(&service, organization, "ada"),
    );
    let owner = service
        .members(organization, crew)
        .expect("reads")
        .remove(0);
    assert_eq!(owner.email, "eve@example.com");
    let named = |customer, member, external_member: Option<&str>| {
        let new = NewSession {
            member,
            external_member: external_member.map(str::to_owned),
            ..session_for(customer)
        };
        service.create_session(organization, new).map(|_| ())
    };
    named(crew, Some(owner.id), Some("eve")).expect("is its member");
    let check = |outcome: Result<(), Error>, expected: &[bool]| {
        let Err(Error::Invalid(faults)) = outcome else {
            panic!("it is no member");
        };
        let expected = expected.iter().map(|by_external_id| {
            let by_external_id = *by_external_id;
            Fault::SessionMemberUnknown { by_external_id }
        });
        assert_eq!(faults, expected.collect::<Vec<_>>());
    };
    check(named(ada, Some(owner.id), None), &[false]);
    check(named(crew, None, Some("adam")), &[true]);
    check(named(ada, Some(owner.id), Some("eve")), &[false, true]);
}

#[test]
fn an_event_may_name_a_member_as_long_as_its_customer_is_there() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (crew, ada) = (
        team(&service, organization),
        customer(&service, organization, "ada"),
    );
    let owner = service
        .members(organization, crew)
        .expect("reads")
        .remove(0)
        .id;
    let faults = |service: &Service, member: MemberId| {
        let (metadata, id) = (Metadata::default(), member.to_string());
        let mut batch = EventBatch::default();
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity: Identity::Customer(ada),
            member: Some(Member::Id(&id)),
            timestamp: Timestamp::from_micros(NOW).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
        service.event_faults(organization, &batch)
    };
    let unknown = [Fault::MemberUnknown { event: 0 }];
    assert_eq!(faults(&service, owner), []);
    assert_eq!(faults(&service, MemberId::from_random([9; 16])), unknown);
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!(faults(&service, owner), []);
    service
        .delete_customer(organization, crew)
        .expect("deleted");
    assert_eq!(faults(&service, owner), unknown);
    assert_eq!(service.members(organization, crew).expect("reads"), []);
}

#[test]
fn an_event_names_no_member_of_another_organization_and_any_external_name_or_none() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let other = service.create_organization("Other", "other");
    let other = other.expect("is made").id;
    let owner_in = |organization| {
        let crew = team(&service, organization);
        let members = service.members(organization, crew).expect("reads");
        members[0].id.to_string()
    };
    let (ours, theirs) = (owner_in(organization), owner_in(other));
    let ada = customer(&service, organization, "ada");
    let metadata = Metadata::default();
    let mut batch = EventBatch::default();
    for (identity, member) in [
        (Identity::Customer(ada), Some(Member::Id(&ours))),
        (Identity::Customer(ada), Some(Member::Id(&theirs))),
        (Identity::External("ada"), Some(Member::External("whoever"))),
        (Identity::Customer(ada), None),
    ] {
        batch.push(&Event {
            source: Source::User,
            name: "call",
            identity,
            member,
            timestamp: Timestamp::from_micros(NOW).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    let faults = service.event_faults(organization, &batch);
    assert_eq!(faults, [Fault::MemberUnknown { event: 1 }]);
}
