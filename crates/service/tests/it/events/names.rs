//! Names of events, and customers' first events. SEMANTICS 10.1, 11.5.

use domain::{Customer, Identity, Source, Timestamp};
use service::{
    CustomerKey, Direction, EventNameOrder, EventNameSearch, EventSearch, NewCredit, NewReset,
};

use super::{HOUR, Scene, Sent, at, scene, sent};
use crate::harness::{NOW, new_meter, sum_of};

fn scene_of_names() -> (Scene, Customer) {
    let scene = scene();
    let ada = scene.customer("ada@example.com", Some("ada"));
    let meter = scene
        .service
        .create_meter(scene.organization, new_meter(sum_of("tokens")))
        .expect("made")
        .id;
    scene.send(&[
        Sent {
            hours_ago: 5,
            ..sent("call")
        },
        Sent {
            hours_ago: 7,
            ..sent("call")
        },
        Sent {
            hours_ago: 6,
            ..sent("Store")
        },
        // A user may use any name.
        Sent {
            hours_ago: 2,
            ..sent("meter.credited")
        },
    ]);
    let credit = NewCredit {
        customer: CustomerKey::Id(ada.id),
        meter,
        units: 5,
        rollover: false,
        timestamp: Some(at(4)),
        external_id: None,
    };
    let credited = scene.service.credit(scene.organization, credit);
    credited.expect("written");
    let reset = NewReset {
        customer: CustomerKey::Id(ada.id),
        meter,
        carry_over: false,
        timestamp: Some(at(3)),
        external_id: None,
    };
    let reset = scene.service.reset(scene.organization, reset);
    reset.expect("written");
    (scene, ada)
}

#[test]
fn names_are_counted_by_source_and_system_events_have_titles() {
    let (scene, ada) = scene_of_names();
    let hours_ago = |seen: Timestamp| (NOW - seen.micros()) / HOUR;
    let names = scene.event_names(&EventNameSearch::default());
    let shown: Vec<(&str, Source, &str, u64, i64, i64)> = names
        .iter()
        .map(|one| {
            let seen = (hours_ago(one.first_seen), hours_ago(one.last_seen));
            (
                &*one.name,
                one.source,
                &*one.label,
                one.occurrences,
                seen.0,
                seen.1,
            )
        })
        .collect();
    let expected = [
        ("meter.credited", Source::User, "meter.credited", 1, 2, 2),
        ("meter.reset", Source::System, "Meter Reset", 1, 3, 3),
        ("meter.credited", Source::System, "Meter Credited", 1, 4, 4),
        ("call", Source::User, "call", 2, 7, 5),
        ("Store", Source::User, "Store", 1, 6, 6),
    ];
    assert_eq!(shown, expected);
    let listed = scene.list(&EventSearch {
        sources: vec![Source::System],
        ..EventSearch::default()
    });
    let labels: Vec<&str> = listed.items.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["Meter Reset", "Meter Credited"]);
    assert_eq!(scene.first_user_event_at(&ada), None);
}

#[test]
fn names_are_sorted_and_chosen() {
    let (scene, ada) = scene_of_names();
    let check = |search: &EventNameSearch, expected: &[(&str, Source)]| {
        let names = scene.event_names(search);
        let names: Vec<(&str, Source)> = names.iter().map(|one| (&*one.name, one.source)).collect();
        assert_eq!(names, expected, "{search:?}");
    };
    let sorted = |order, way| EventNameSearch {
        sorting: vec![(order, way)],
        ..EventNameSearch::default()
    };
    let by_user = ("meter.credited", Source::User);
    let credited = ("meter.credited", Source::System);
    let reset = ("meter.reset", Source::System);
    let (call, store) = (("call", Source::User), ("Store", Source::User));
    check(
        &sorted(EventNameOrder::Name, Direction::Ascending),
        &[store, call, by_user, credited, reset],
    );
    check(
        &sorted(EventNameOrder::Occurrences, Direction::Descending),
        &[call, store, by_user, credited, reset],
    );
    check(
        &sorted(EventNameOrder::FirstSeen, Direction::Ascending),
        &[call, store, credited, reset, by_user],
    );
    let system = EventNameSearch {
        sources: vec![Source::System],
        ..EventNameSearch::default()
    };
    check(&system, &[reset, credited]);
    let text = EventNameSearch {
        query: Some("CRED".to_owned()),
        ..EventNameSearch::default()
    };
    check(&text, &[by_user, credited]);
    let customer = EventNameSearch {
        customers: vec![ada.id],
        ..EventNameSearch::default()
    };
    check(&customer, &[reset, credited]);
}

#[test]
fn a_customer_s_first_event_is_that_of_the_least_time_under_either_identifier() {
    let scene = scene();
    let ada = scene.customer("ada@example.com", Some("ada"));
    let eve = scene.customer("eve@example.com", None);
    assert_eq!(scene.first_user_event_at(&ada), None);
    scene.send(&[
        Sent {
            identity: Identity::Customer(ada.id),
            hours_ago: 2,
            ..sent("a")
        },
        Sent {
            identity: Identity::External("ada"),
            hours_ago: 3,
            ..sent("a")
        },
        Sent {
            identity: Identity::Customer(ada.id),
            hours_ago: 1,
            ..sent("a")
        },
    ]);
    assert_eq!(scene.first_user_event_at(&ada), Some(at(3)));
    scene.send(&[Sent {
        identity: Identity::Customer(ada.id),
        hours_ago: 9,
        ..sent("a")
    }]);
    assert_eq!(scene.first_user_event_at(&ada), Some(at(9)));
    let profiles = scene.service.profiles(vec![eve, ada]).expect("in memory");
    let times: Vec<Option<Timestamp>> = profiles
        .iter()
        .map(|profile| profile.first_user_event_at)
        .collect();
    assert_eq!(times, [None, Some(at(9))]);
}
