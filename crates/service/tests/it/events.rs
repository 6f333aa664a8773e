//! Events are read back. SEMANTICS 9.10 to 9.20, 10.1, 11.5, 18.4, 19.18; DIFFERENCES D9, D12.

mod names;
mod tree;

use std::sync::mpsc;

use domain::{
    Clause, Comparison, Conjunction, Customer, CustomerId, Event, EventBatch, EventId, Filter,
    Identity, MetadataBuilder, MetadataFilter, MeterId, Number, Operand, Operator, OrganizationId,
    Property, Source, Spelling, Timestamp,
};
use service::{
    Error, EventDirection, EventName, EventNameSearch, EventSearch, EventView, Fault, Ingested,
    Listed, Page, Service,
};

use crate::customers::new_customer;
use crate::harness::{Harness, NOW, new_meter, sum_of};

pub(crate) const HOUR: i64 = 3_600_000_000;

pub(crate) const PAGE: Page = Page {
    page: 1,
    limit: 100,
};

/// An event to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) name: &'a str,
    pub(crate) identity: Identity<'a>,
    /// Before now.
    pub(crate) hours_ago: i64,
    pub(crate) key: Option<&'a str>,
    pub(crate) parent: Option<&'a str>,
    pub(crate) tokens: Option<i64>,
    pub(crate) foo: Option<&'a str>,
}

pub(crate) const fn sent(name: &str) -> Sent<'_> {
    Sent {
        name,
        identity: Identity::External("x"),
        hours_ago: 1,
        key: None,
        parent: None,
        tokens: None,
        foo: None,
    }
}

pub(crate) fn at(hours_ago: i64) -> Timestamp {
    Timestamp::from_micros(NOW - hours_ago * HOUR).expect("in range")
}

pub(crate) struct Scene {
    pub(crate) harness: Harness,
    pub(crate) service: Service,
    pub(crate) organization: OrganizationId,
}

pub(crate) fn scene() -> Scene {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    Scene {
        harness,
        service,
        organization,
    }
}

impl Scene {
    pub(crate) fn send(&self, events: &[Sent<'_>]) -> Ingested {
        self.send_to(self.organization, events)
    }

    pub(crate) fn send_to(&self, organization: OrganizationId, events: &[Sent<'_>]) -> Ingested {
        let mut batch = EventBatch::default();
        for event in events {
            let mut metadata = MetadataBuilder::new();
            if let Some(tokens) = event.tokens {
                metadata.number("tokens", &Number::from_i64(tokens), Spelling::Integer);
            }
            if let Some(text) = event.foo {
                metadata.text("foo", text);
            }
            batch.push(&Event {
                source: Source::User,
                name: event.name,
                identity: event.identity,
                member: None,
                timestamp: at(event.hours_ago),
                external_id: event.key,
                parent: event.parent,
                metadata: metadata.as_ref(),
            });
        }
        let (sender, receiver) = mpsc::channel();
        self.service.ingest(organization, batch, move |result| {
            sender.send(result).expect("somebody waits");
        });
        receiver.recv().expect("told once").expect("taken")
    }

    pub(crate) fn customer(&self, email: &str, external_id: Option<&str>) -> Customer {
        self.service
            .create_customer(self.organization, new_customer(email, external_id))
            .expect("made")
    }

    pub(crate) fn list(&self, search: &EventSearch) -> Listed<EventView> {
        self.service
            .events(self.organization, search, PAGE)
            .expect("listed")
    }

    /// The names of the events of a list, newest first.
    pub(crate) fn names_of(&self, search: &EventSearch) -> Vec<String> {
        let listed = self.list(search);
        assert_eq!(listed.total, listed.items.len() as u64);
        listed.items.iter().map(name).collect()
    }

    pub(crate) fn check(&self, search: EventSearch, expected: &[&str]) {
        assert_eq!(self.names_of(&search), expected, "{search:?}");
        let reversed = EventSearch {
            direction: EventDirection::OldestFirst,
            ..search
        };
        let mut names = self.names_of(&reversed);
        names.reverse();
        assert_eq!(names, expected, "{reversed:?}");
    }

    /// The one event of this name.
    pub(crate) fn one(&self, name: &str) -> EventView {
        let listed = self.list(&EventSearch {
            names: vec![name.to_owned()],
            ..EventSearch::default()
        });
        let [one] = <[EventView; 1]>::try_from(listed.items).expect("one event");
        let alone = self.service.event(self.organization, one.id);
        assert_eq!(alone.expect("there"), one);
        one
    }

    pub(crate) fn id_of(&self, name: &str) -> EventId {
        self.one(name).id
    }

    /// The name of the parent of the one event of this name.
    fn parent_of(&self, of: &str) -> Option<String> {
        let parent = self.one(of).parent?;
        let parent = self.service.event(self.organization, parent);
        Some(name(&parent.expect("there")))
    }

    pub(crate) fn event_names(&self, search: &EventNameSearch) -> Vec<EventName> {
        let listed = self.service.event_names(self.organization, search, PAGE);
        listed.expect("listed").items
    }

    fn first_user_event_at(&self, customer: &Customer) -> Option<Timestamp> {
        let now = self.service.customer(self.organization, customer.id);
        let profile = self.service.profile(now.expect("there"));
        profile.expect("in memory").first_user_event_at
    }
}

fn name(view: &EventView) -> String {
    view.event().name.to_owned()
}

#[test]
fn events_are_listed_by_time_and_by_receipt_where_that_ties() {
    let scene = scene();
    scene.send(&[
        Sent {
            hours_ago: 2,
            ..sent("b")
        },
        Sent {
            hours_ago: 3,
            ..sent("a")
        },
        Sent {
            hours_ago: 1,
            ..sent("d")
        },
        Sent {
            hours_ago: 2,
            ..sent("c")
        },
    ]);
    scene.check(EventSearch::default(), &["d", "c", "b", "a"]);
}

#[test]
fn both_ends_of_the_asked_time_are_out() {
    let scene = scene();
    let names = ["a", "b", "c", "d"];
    for (hours_ago, name) in (1..).zip(names.into_iter().rev()) {
        scene.send(&[Sent {
            hours_ago,
            ..sent(name)
        }]);
    }
    let between = |after: Option<i64>, before: Option<i64>| EventSearch {
        after: after.map(at),
        before: before.map(at),
        ..EventSearch::default()
    };
    scene.check(between(Some(3), None), &["d", "c"]);
    scene.check(between(None, Some(3)), &["a"]);
    scene.check(between(Some(4), Some(1)), &["c", "b"]);
    scene.check(between(Some(2), Some(2)), &[]);
    scene.check(between(Some(1), Some(4)), &[]);
    let ends = EventSearch {
        after: Some(Timestamp::MAX),
        before: Some(Timestamp::MIN),
        ..EventSearch::default()
    };
    scene.check(ends, &[]);
}

#[test]
fn pages_have_the_total_and_one_past_the_end_has_nothing() {
    let scene = scene();
    scene.send(&["g", "f", "e", "d", "c", "b", "a"].map(sent));
    let page = |page, limit| {
        let page = Page { page, limit };
        let listed = scene
            .service
            .events(scene.organization, &EventSearch::default(), page);
        let listed = listed.expect("listed");
        let names: String = listed.items.iter().map(name).collect();
        (names, listed.total)
    };
    assert_eq!(page(1, 3), ("abc".to_owned(), 7));
    assert_eq!(page(3, 3), ("g".to_owned(), 7));
    // As in the recordings.
    assert_eq!(page(9, 3), (String::new(), 0));
}

#[test]
fn filter_metadata_and_meter_choose_events() {
    let scene = scene();
    scene.send(&[
        Sent {
            tokens: Some(10),
            foo: Some("bar"),
            ..sent("few")
        },
        Sent {
            tokens: Some(100),
            foo: Some("baz"),
            ..sent("many")
        },
        sent("none"),
    ]);
    let comparison = Comparison {
        property: Property::parse("tokens"),
        operator: Operator::Gt,
        operand: Operand::Integer(50),
    };
    let filter = Filter {
        conjunction: Conjunction::And,
        clauses: vec![Clause::Comparison(comparison)],
    };
    let filtered = EventSearch {
        filter: Some(filter),
        ..EventSearch::default()
    };
    scene.check(filtered, &["many"]);
    let metadata = MetadataFilter::new(vec![("foo".to_owned(), vec!["bar".to_owned()])]);
    let with_metadata = EventSearch {
        metadata,
        ..EventSearch::default()
    };
    scene.check(with_metadata, &["few"]);
    let meter = scene
        .service
        .create_meter(scene.organization, new_meter(sum_of("tokens")))
        .expect("made")
        .id;
    let counted = |meter: MeterId| EventSearch {
        meter: Some(meter),
        ..EventSearch::default()
    };
    scene.check(counted(meter), &["many", "few"]);
    let unknown = counted(MeterId::from_random([9; 16]));
    let refused = scene.service.events(scene.organization, &unknown, PAGE);
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults == [Fault::MeterUnknown]));
}

#[test]
fn customers_match_by_either_identifier_and_ids_without_a_customer_by_themselves() {
    let scene = scene();
    let ada = scene.customer("ada@example.com", Some("ada"));
    let bob = scene.customer("bob@example.com", None);
    let by_id = |customer: &Customer, name| Sent {
        identity: Identity::Customer(customer.id),
        ..sent(name)
    };
    let by_external = |external_id, name| Sent {
        identity: Identity::External(external_id),
        ..sent(name)
    };
    scene.send(&[
        by_id(&ada, "1"),
        by_external("ada", "2"),
        by_id(&bob, "3"),
        by_external("ghost", "4"),
    ]);
    let of = |ids: &[CustomerId], external_ids: &[&str]| EventSearch {
        customers: ids.to_vec(),
        external_customers: external_ids.iter().map(|id| (*id).to_owned()).collect(),
        ..EventSearch::default()
    };
    scene.check(of(&[ada.id], &[]), &["2", "1"]);
    scene.check(of(&[], &["ada"]), &["2", "1"]);
    scene.check(of(&[bob.id], &[]), &["3"]);
    scene.check(of(&[bob.id], &["ghost"]), &["4", "3"]);
    scene.check(of(&[ada.id, ada.id], &["ada"]), &["2", "1"]);
    scene.check(of(&[CustomerId::from_random([9; 16])], &[]), &[]);
    scene.check(of(&[], &["nobody"]), &[]);
    let names = scene.event_names(&EventNameSearch {
        external_customers: vec!["ada".to_owned()],
        ..EventNameSearch::default()
    });
    let names: Vec<&str> = names.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["1", "2"]);

    scene
        .service
        .delete_customer(scene.organization, ada.id)
        .expect("deleted");
    scene.check(of(&[ada.id], &[]), &["1"]);
    scene.check(of(&[], &["ada"]), &["2"]);
}

#[test]
fn an_external_id_finds_the_events_of_its_own_organization_only() {
    let scene = scene();
    let other = scene.service.create_organization("Other", "other");
    let other = other.expect("made").id;
    let of_ada = |name| Sent {
        identity: Identity::External("ada"),
        ..sent(name)
    };
    scene.send(&[of_ada("ours")]);
    scene.send_to(other, &[of_ada("theirs")]);
    let ada = scene.customer("ada@example.com", Some("ada"));
    let by_external_id = EventSearch {
        external_customers: vec!["ada".to_owned()],
        ..EventSearch::default()
    };
    let by_id = EventSearch {
        customers: vec![ada.id],
        ..EventSearch::default()
    };
    for (search, theirs) in [(by_external_id, 1), (by_id, 0)] {
        scene.check(search.clone(), &["ours"]);
        let listed = scene.service.events(other, &search, PAGE).expect("listed");
        assert_eq!(listed.total, theirs);
        assert!(listed.items.iter().all(|one| name(one) == "theirs"));
    }
}

#[test]
fn an_event_shows_who_its_customer_is_now() {
    let scene = scene();
    let ada = scene.customer("ada@example.com", None);
    scene.send(&[
        Sent {
            identity: Identity::Customer(ada.id),
            ..sent("by id")
        },
        Sent {
            identity: Identity::External("ada"),
            ..sent("before the customer")
        },
    ]);
    let shown = |name: &str| {
        let customer = scene.one(name).customer?;
        let first = customer.first_user_event_at;
        Some((
            customer.customer.id,
            customer.customer.deleted_at.is_some(),
            first,
        ))
    };
    assert_eq!(shown("by id"), Some((ada.id, false, Some(at(1)))));
    assert_eq!(shown("before the customer"), None);
    let eve = scene.customer("eve@example.com", Some("ada"));
    assert_eq!(
        shown("before the customer"),
        Some((eve.id, false, Some(at(1))))
    );
    for customer in [&ada, &eve] {
        scene
            .service
            .delete_customer(scene.organization, customer.id)
            .expect("deleted");
    }
    // Under its id a deleted customer is still shown; its external id is free.
    assert_eq!(shown("by id"), Some((ada.id, true, Some(at(1)))));
    assert_eq!(shown("before the customer"), None);
}

#[test]
fn a_text_is_looked_for_in_the_event_and_in_its_customer() {
    let scene = scene();
    let ada = scene.customer("Countess@example.com", Some("lovelace"));
    scene.send(&[
        Sent {
            identity: Identity::Customer(ada.id),
            ..sent("alpha")
        },
        Sent {
            identity: Identity::External("lovelace"),
            ..sent("beta")
        },
        Sent {
            foo: Some("Grüße \"quoted\""),
            ..sent("gamma")
        },
        Sent {
            tokens: Some(4711),
            identity: Identity::External("ghost"),
            ..sent("Délta")
        },
    ]);
    let text = |text: &str| EventSearch {
        query: Some(text.to_owned()),
        ..EventSearch::default()
    };
    scene.check(text("LPH"), &["alpha"]);
    scene.check(text("countess"), &["beta", "alpha"]);
    scene.check(text("LoveLace"), &["beta", "alpha"]);
    scene.check(text(&ada.id.to_string()[4..20]), &["beta", "alpha"]);
    scene.check(text("GRÜSSE"), &[]);
    scene.check(text("grüße"), &["gamma"]);
    scene.check(text("foo"), &["gamma"]);
    scene.check(text("471"), &["Délta"]);
    scene.check(text("dÉL"), &["Délta"]);
    scene.check(text("user"), &["Délta", "gamma", "beta", "alpha"]);
    // Of the customers: nobody is known by this external id.
    scene.check(text("ghost"), &[]);
    scene.check(text("%"), &[]);
    let beta = EventSearch {
        names: vec!["beta".to_owned()],
        ..text("countess")
    };
    scene.check(beta, &["beta"]);
}

/// Events of five names, of which the server wrote two, those of a customer.

#[test]
fn a_restart_changes_no_answer() {
    let mut scene = scene();
    scene.send(&[
        Sent {
            parent: Some("late"),
            ..sent("child")
        },
        Sent {
            key: Some("late"),
            hours_ago: 2,
            ..sent("parent")
        },
        Sent {
            parent: Some("never"),
            tokens: Some(1),
            ..sent("orphan")
        },
    ]);
    let names = EventNameSearch::default();
    let before = (
        scene.list(&EventSearch::default()),
        scene.event_names(&names),
    );
    drop(scene.service);
    scene.service = scene.harness.open(None).0;
    let after = (
        scene.list(&EventSearch::default()),
        scene.event_names(&names),
    );
    assert_eq!(after, before);
    scene.send(&[Sent {
        key: Some("never"),
        hours_ago: 2,
        ..sent("found")
    }]);
    assert_eq!(scene.parent_of("orphan").as_deref(), Some("found"));
}

#[test]
fn a_page_of_very_large_events_is_refused_and_a_smaller_one_is_not() {
    let scene = scene();
    let text = "x".repeat(9 << 20);
    for _ in 0..4 {
        let mut metadata = MetadataBuilder::new();
        metadata.text("prompt", &text);
        let mut batch = EventBatch::default();
        batch.push(&Event {
            source: Source::User,
            name: "large",
            identity: Identity::External("x"),
            member: None,
            timestamp: at(1),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
        let (sender, receiver) = mpsc::channel();
        scene
            .service
            .ingest(scene.organization, batch, move |result| {
                sender.send(result).expect("somebody waits");
            });
        receiver.recv().expect("told once").expect("taken");
    }
    let page = |limit| {
        let page = Page { page: 1, limit };
        scene
            .service
            .events(scene.organization, &EventSearch::default(), page)
    };
    assert!(matches!(page(4), Err(Error::Invalid(faults)) if faults == [Fault::PageTooLarge]));
    assert_eq!(page(2).expect("small enough").items.len(), 2);
}
