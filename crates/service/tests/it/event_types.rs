//! Event types and what events are called. SEMANTICS 9.10, 9.14, 10.2, 10.3, 18.4.8, 18.4.11, 18.5.

use domain::{Customer, EventId, EventType, EventTypeId, Identity, OrganizationId, Source};
use service::{
    CustomerKey, Direction, Error, EventNameOrder, EventNameSearch, EventSearch, EventTypeSearch,
    EventTypeStats, Listed, NewCredit, Page,
};

use crate::events::{HOUR, PAGE, Scene, Sent, at, scene, sent};
use crate::harness::{NOW, new_meter, sum_of};

fn types_of(
    scene: &Scene,
    organization: OrganizationId,
    search: &EventTypeSearch,
    page: Page,
) -> Listed<EventTypeStats> {
    let listed = scene.service.event_types(organization, search, page);
    listed.expect("listed")
}

fn types(scene: &Scene, search: &EventTypeSearch) -> Vec<EventTypeStats> {
    let listed = types_of(scene, scene.organization, search, PAGE);
    assert_eq!(listed.total, listed.items.len() as u64);
    listed.items
}

fn event_type(scene: &Scene, name: &str) -> EventType {
    let all = types(scene, &EventTypeSearch::default());
    let is_it = |one: &EventTypeStats| one.name == name && one.source == Source::User;
    let found = all.into_iter().find(is_it).expect("there");
    found.event_type.expect("of user events")
}

fn id_of(scene: &Scene, name: &str) -> EventTypeId {
    event_type(scene, name).id
}

fn say(scene: &Scene, name: &str, label: &str, selector: Option<&str>) -> EventType {
    let (label, selector) = (label.to_owned(), selector.map(str::to_owned));
    let id = id_of(scene, name);
    let said = (scene.service).update_event_type(scene.organization, id, label, selector);
    said.expect("said")
}

#[track_caller]
fn check(scene: &Scene, search: &EventTypeSearch, expected: &[&str]) {
    let types = types(scene, search);
    let names: Vec<&str> = types.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, expected, "{search:?}");
}

fn credit(scene: &Scene, customer: &Customer) {
    let meter = (scene.service).create_meter(scene.organization, new_meter(sum_of("tokens")));
    let credit = NewCredit {
        customer: CustomerKey::Id(customer.id),
        meter: meter.expect("made").id,
        units: 5,
        rollover: false,
        timestamp: Some(at(4)),
        external_id: None,
    };
    let credited = scene.service.credit(scene.organization, credit);
    credited.expect("written");
}

/// A root with two children, one of which is Ada's, and an event beside them.
fn family() -> (Scene, Customer) {
    let scene = scene();
    let ada = scene.customer("ada@example.com", Some("ada"));
    let child = Sent {
        parent: Some("root"),
        ..sent("child")
    };
    scene.send(&[
        Sent {
            key: Some("root"),
            hours_ago: 9,
            ..sent("session")
        },
        Sent {
            hours_ago: 8,
            ..child
        },
        Sent {
            identity: Identity::External("ada"),
            hours_ago: 7,
            name: "session",
            ..child
        },
        Sent {
            hours_ago: 6,
            ..sent("alone")
        },
    ]);
    (scene, ada)
}

#[test]
fn there_is_no_type_without_an_event() {
    let scene = scene();
    check(&scene, &EventTypeSearch::default(), &[]);
}

#[test]
fn the_first_event_of_a_name_makes_a_type_and_the_next_are_of_it() {
    let scene = scene();
    scene.send(&[Sent {
        hours_ago: 1,
        ..sent("call")
    }]);
    let first = event_type(&scene, "call");
    assert_eq!((first.label(), &first.label), ("call", &None));
    assert_eq!(first.organization, scene.organization);
    // Received now, whenever it happened.
    assert!(first.created_at > at(1) && first.created_at < at(-1));
    scene.send(&[Sent {
        hours_ago: 5,
        ..sent("call")
    }]);
    assert_eq!(event_type(&scene, "call"), first);
    let all = types(&scene, &EventTypeSearch::default());
    let hours_ago = |stats: &EventTypeStats| {
        [stats.first_seen, stats.last_seen].map(|seen| (NOW - seen.micros()) / HOUR)
    };
    let [call] = &all[..] else {
        panic!("one type: {all:?}")
    };
    assert_eq!((call.occurrences, hours_ago(call)), (2, [5, 1]));
}

#[test]
fn system_events_have_a_title_and_no_type() {
    let scene = scene();
    let ada = scene.customer("ada@example.com", None);
    credit(&scene, &ada);
    // A user may use the name too.
    scene.send(&[sent("meter.credited")]);
    let shown = |source| {
        let search = EventTypeSearch {
            source: Some(source),
            ..EventTypeSearch::default()
        };
        let listed = types(&scene, &search);
        let [one] = <[EventTypeStats; 1]>::try_from(listed).expect("one");
        (one.label, one.event_type.is_some())
    };
    assert_eq!(shown(Source::System), ("Meter Credited".to_owned(), false));
    assert_eq!(shown(Source::User), ("meter.credited".to_owned(), true));
    say(&scene, "meter.credited", "Gift", None);
    assert_eq!(shown(Source::System), ("Meter Credited".to_owned(), false));
    assert_eq!(shown(Source::User), ("Gift".to_owned(), true));
}

#[test]
fn types_are_chosen_by_customer_text_source_and_place() {
    let (scene, ada) = family();
    credit(&scene, &ada);
    let all = EventTypeSearch::default;
    check(
        &scene,
        &all(),
        &["meter.credited", "alone", "session", "child"],
    );

    let of_ada = EventTypeSearch {
        customers: vec![ada.id],
        ..all()
    };
    check(&scene, &of_ada, &["meter.credited", "session"]);
    let of_either = EventTypeSearch {
        external_customers: vec!["ada".to_owned(), "x".to_owned()],
        ..all()
    };
    check(
        &scene,
        &of_either,
        &["meter.credited", "alone", "session", "child"],
    );

    let with_text = |text: &str| EventTypeSearch {
        query: Some(text.to_owned()),
        ..all()
    };
    check(&scene, &with_text("LON"), &["alone"]);
    // A label and a title count, too.
    check(&scene, &with_text("Meter Cr"), &["meter.credited"]);
    check(&scene, &with_text("visit"), &[]);
    say(&scene, "session", "A Visit", None);
    check(&scene, &with_text("visit"), &["session"]);
    check(&scene, &with_text("sess"), &["session"]);

    let of_source = |source| EventTypeSearch {
        source: Some(source),
        ..all()
    };
    check(&scene, &of_source(Source::System), &["meter.credited"]);
    check(
        &scene,
        &of_source(Source::User),
        &["alone", "session", "child"],
    );
}

#[test]
fn roots_and_the_children_of_an_event_are_counted_apart() {
    let (scene, ada) = family();
    let counts = |search: &EventTypeSearch| {
        let types = types(&scene, search);
        let count = |one: EventTypeStats| {
            let hours_ago = (NOW - one.first_seen.micros()) / HOUR;
            (one.name, one.occurrences, hours_ago)
        };
        types.into_iter().map(count).collect::<Vec<_>>()
    };
    let counted = |name: &str, count, hours_ago| (name.to_owned(), count, hours_ago);
    let all = EventTypeSearch::default;
    let every = [
        counted("alone", 1, 6),
        counted("session", 2, 9),
        counted("child", 1, 8),
    ];
    assert_eq!(counts(&all()), every);
    let roots = EventTypeSearch {
        root_events: true,
        ..all()
    };
    assert_eq!(
        counts(&roots),
        [counted("alone", 1, 6), counted("session", 1, 9)]
    );

    let events = scene.list(&EventSearch {
        depth: Some(0),
        names: vec!["session".to_owned()],
        ..EventSearch::default()
    });
    let below = |parent| EventTypeSearch {
        parent: Some(parent),
        ..all()
    };
    let children = below(events.items[0].id);
    let both = [counted("session", 1, 7), counted("child", 1, 8)];
    assert_eq!(counts(&children), both);
    let of_ada = EventTypeSearch {
        customers: vec![ada.id],
        ..children.clone()
    };
    assert_eq!(counts(&of_ada), [counted("session", 1, 7)]);
    let roots_of_ada = EventTypeSearch {
        customers: vec![ada.id],
        ..roots.clone()
    };
    assert_eq!(counts(&roots_of_ada), []);
    // Children are no roots, and nobody has no children.
    let no_root = EventTypeSearch {
        root_events: true,
        ..children
    };
    assert_eq!(counts(&no_root), []);
    assert_eq!(counts(&below(EventId::from_random([9; 16]))), []);
    assert_eq!(counts(&below(EventId::from_bytes([0; 16]))), []);

    // The type is the same wherever its events are.
    let of_roots = types(&scene, &roots);
    assert_eq!(of_roots[1].event_type, Some(event_type(&scene, "session")));
}

#[test]
fn an_event_whose_parent_has_not_arrived_counts_as_a_root() {
    let scene = scene();
    scene.send(&[Sent {
        parent: Some("late"),
        ..sent("child")
    }]);
    let roots = EventTypeSearch {
        root_events: true,
        ..EventTypeSearch::default()
    };
    check(&scene, &roots, &["child"]);
    scene.send(&[Sent {
        key: Some("late"),
        ..sent("parent")
    }]);
    check(&scene, &roots, &["parent"]);
}

#[test]
fn types_are_sorted_and_paged() {
    let (scene, _) = family();
    let sorted = |order, way| EventTypeSearch {
        sorting: vec![(order, way)],
        ..EventTypeSearch::default()
    };
    let by_name = sorted(EventNameOrder::Name, Direction::Ascending);
    check(&scene, &by_name, &["alone", "child", "session"]);
    let by_count = sorted(EventNameOrder::Occurrences, Direction::Descending);
    check(&scene, &by_count, &["session", "alone", "child"]);
    let by_first = sorted(EventNameOrder::FirstSeen, Direction::Ascending);
    check(&scene, &by_first, &["session", "child", "alone"]);
    let page = Page { page: 2, limit: 2 };
    let listed = types_of(&scene, scene.organization, &by_name, page);
    assert_eq!((listed.total, listed.items.len()), (3, 1));
    assert_eq!(listed.items[0].name, "session");
}

#[test]
fn what_is_said_of_a_type_is_what_its_events_are_called_from_now_on() {
    let mut scene = scene();
    scene.send(&[sent("call"), sent("store")]);
    let before = event_type(&scene, "call");
    let said = say(&scene, "call", "📞 Call", None);
    let label = said.label.clone().expect("said");
    assert!(label.modified_at > before.created_at);
    let expected = EventType {
        label: Some(label),
        ..before
    };
    assert_eq!(said, expected);
    assert_eq!(said.label(), "📞 Call");
    let called = |scene: &Scene| {
        let names = scene.event_names(&EventNameSearch::default());
        let names: Vec<String> = names.into_iter().map(|one| one.label).collect();
        let events = scene.list(&EventSearch::default()).items;
        let events: Vec<String> = events.into_iter().map(|one| one.label).collect();
        let types = types(scene, &EventTypeSearch::default());
        let types: Vec<String> = types.into_iter().map(|one| one.label).collect();
        (names, events, types)
    };
    let expected = || vec!["📞 Call".to_owned(), "store".to_owned()];
    let mut events = expected();
    events.reverse();
    assert_eq!(called(&scene), (expected(), events.clone(), expected()));

    drop(scene.service);
    scene.service = scene.harness.open(None).0;
    assert_eq!(called(&scene), (expected(), events, expected()));
    assert_eq!(event_type(&scene, "call"), said);
}

#[test]
fn an_event_with_text_at_the_selected_property_is_called_by_that() {
    let scene = scene();
    scene.send(&[
        Sent {
            foo: Some("first"),
            hours_ago: 5,
            ..sent("call")
        },
        Sent {
            foo: Some(""),
            hours_ago: 4,
            ..sent("call")
        },
        Sent {
            hours_ago: 3,
            tokens: Some(7),
            ..sent("call")
        },
        Sent {
            foo: Some("other"),
            hours_ago: 2,
            ..sent("store")
        },
    ]);
    let called = || {
        let events = scene.list(&EventSearch::default()).items;
        let labels = events.into_iter().map(|one| one.label);
        labels.collect::<Vec<_>>()
    };
    say(&scene, "call", "Call", Some("metadata.foo"));
    assert_eq!(called(), ["store", "Call", "Call", "first"]);
    assert_eq!(scene.one("store").label, "store");
    // The list of names has no event to look into.
    let names = scene.event_names(&EventNameSearch::default());
    assert_eq!(names[1].label, "Call");
    say(&scene, "call", "Call", Some("tokens"));
    assert_eq!(called(), ["store", "7", "Call", "Call"]);
    let said = say(&scene, "call", "Call", None);
    assert_eq!(said.label.expect("said").property_selector, None);
    assert_eq!(called(), ["store", "Call", "Call", "Call"]);
}

#[test]
fn organizations_call_their_events_as_they_like() {
    let scene = scene();
    scene.send(&[sent("call")]);
    let id = say(&scene, "call", "Ours", None).id;
    let other = scene.service.create_organization("Other", "other");
    let other = other.expect("made").id;
    scene.send_to(other, &[sent("call")]);
    let theirs = types_of(&scene, other, &EventTypeSearch::default(), PAGE);
    let [theirs] = &theirs.items[..] else {
        panic!("one type: {theirs:?}")
    };
    assert_eq!(theirs.label, "call");
    assert_ne!(theirs.event_type.as_ref().expect("of users").id, id);

    let say_to = |id| (scene.service).update_event_type(other, id, "Theirs".to_owned(), None);
    for unknown in [id, EventTypeId::from_random([5; 16])] {
        let said = say_to(unknown);
        assert!(matches!(said, Err(Error::NotFound)), "{said:?}");
    }
}

#[test]
fn events_of_a_type_are_listed() {
    let scene = scene();
    let ada = scene.customer("ada@example.com", None);
    credit(&scene, &ada);
    scene.send(&[
        sent("call"),
        Sent {
            hours_ago: 2,
            ..sent("meter.credited")
        },
    ]);
    let of = |name: &str| EventSearch {
        event_type: Some(id_of(&scene, name)),
        ..EventSearch::default()
    };
    scene.check(of("call"), &["call"]);
    // Not the one that the server wrote.
    scene.check(of("meter.credited"), &["meter.credited"]);
    let with_name = |name: &str| EventSearch {
        names: vec![name.to_owned()],
        ..of("call")
    };
    scene.check(with_name("call"), &["call"]);
    scene.check(with_name("meter.credited"), &[]);
    let with_source = |source| EventSearch {
        sources: vec![source],
        ..of("call")
    };
    scene.check(with_source(Source::User), &["call"]);
    scene.check(with_source(Source::System), &[]);
    let unknown = EventSearch {
        event_type: Some(EventTypeId::from_random([5; 16])),
        ..EventSearch::default()
    };
    scene.check(unknown, &[]);
}
