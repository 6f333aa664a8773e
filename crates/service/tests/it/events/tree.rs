//! Parents and children, and events of others. SEMANTICS 9.12, 9.13, 9.16, 19.18; DIFFERENCES D9, D12.

use domain::EventId;
use service::{Error, EventNameSearch, EventSearch};

use super::{PAGE, Sent, scene, sent};

#[test]
fn a_parent_and_its_children_in_one_batch_are_linked() {
    let scene = scene();
    let child = |name| Sent {
        parent: Some("root"),
        hours_ago: 2,
        ..sent(name)
    };
    scene.send(&[
        Sent {
            key: Some("root"),
            hours_ago: 3,
            ..sent("root")
        },
        child("one"),
        Sent {
            key: Some("two"),
            ..child("two")
        },
        child("three"),
        Sent {
            parent: Some("two"),
            ..sent("grandchild")
        },
        Sent {
            hours_ago: 4,
            ..sent("alone")
        },
    ]);
    assert_eq!(scene.one("root").child_count, 3);
    assert_eq!(scene.one("two").child_count, 1);
    assert_eq!(scene.parent_of("one").as_deref(), Some("root"));
    assert_eq!(scene.parent_of("grandchild").as_deref(), Some("two"));
    assert_eq!(scene.parent_of("root"), None);
    let all = ["grandchild", "three", "two", "one", "root", "alone"];
    scene.check(EventSearch::default(), &all);
    let root = scene.id_of("root");
    let deep = |parent, depth| EventSearch {
        parent,
        depth,
        ..EventSearch::default()
    };
    let children = ["three", "two", "one"];
    scene.check(deep(Some(root), None), &children);
    scene.check(deep(Some(root), Some(0)), &[]);
    scene.check(deep(Some(root), Some(1)), &children);
    scene.check(
        deep(Some(root), Some(2)),
        &["grandchild", "three", "two", "one"],
    );
    scene.check(deep(None, Some(0)), &["root", "alone"]);
    scene.check(
        deep(None, Some(1)),
        &["three", "two", "one", "root", "alone"],
    );
    scene.check(deep(None, Some(5)), &all);
    scene.check(deep(Some(EventId::from_random([9; 16])), Some(5)), &[]);
    let named = EventSearch {
        names: vec!["two".to_owned(), "root".to_owned()],
        ..deep(Some(root), None)
    };
    scene.check(named, &["two"]);
}

#[test]
fn a_child_is_a_root_until_its_parent_arrives() {
    let scene = scene();
    scene.send(&[Sent {
        parent: Some("late"),
        key: Some("early"),
        ..sent("child")
    }]);
    assert_eq!(scene.parent_of("child"), None);
    let roots = EventSearch {
        depth: Some(0),
        ..EventSearch::default()
    };
    scene.check(roots.clone(), &["child"]);
    scene.send(&[
        Sent {
            key: Some("late"),
            hours_ago: 2,
            ..sent("parent")
        },
        sent("other"),
    ]);
    assert_eq!(scene.parent_of("child").as_deref(), Some("parent"));
    scene.check(roots, &["other", "parent"]);
}

#[test]
fn a_chain_that_arrives_leaves_first_is_linked_when_its_root_is_there() {
    let scene = scene();
    let keys = ["1", "2", "3", "4", "5"];
    for depth in (1..keys.len()).rev() {
        scene.send(&[Sent {
            key: Some(keys[depth]),
            parent: Some(keys[depth - 1]),
            ..sent(keys[depth])
        }]);
    }
    assert_eq!(scene.parent_of("2"), None);
    scene.send(&[Sent {
        key: Some("1"),
        hours_ago: 2,
        ..sent("1")
    }]);
    for pair in keys.windows(2) {
        assert_eq!(scene.parent_of(pair[1]).as_deref(), Some(pair[0]));
    }
    let below = EventSearch {
        parent: Some(scene.id_of("1")),
        depth: Some(4),
        ..EventSearch::default()
    };
    scene.check(below, &["2", "3", "4", "5"]);
}

#[test]
fn a_parent_may_be_named_by_its_event_id_in_lower_case() {
    let scene = scene();
    scene.send(&[sent("parent")]);
    let id = scene.id_of("parent").to_string();
    let shouted = id.to_uppercase();
    scene.send(&[
        Sent {
            parent: Some(&id),
            ..sent("child")
        },
        Sent {
            parent: Some(&shouted),
            ..sent("shouted")
        },
    ]);
    assert_eq!(scene.parent_of("child").as_deref(), Some("parent"));
    assert_eq!(scene.parent_of("shouted"), None);
    // An external id is looked for first.
    scene.send(&[Sent {
        key: Some(&shouted),
        ..sent("of that key")
    }]);
    assert_eq!(scene.parent_of("shouted").as_deref(), Some("of that key"));
    scene.send(&[Sent {
        key: Some(&id),
        ..sent("of this key")
    }]);
    assert_eq!(scene.parent_of("child").as_deref(), Some("parent"));
    scene.send(&[Sent {
        parent: Some(&id),
        ..sent("later")
    }]);
    assert_eq!(scene.parent_of("later").as_deref(), Some("of this key"));
}

#[test]
fn nobody_is_its_own_ancestor_and_orphans_stay_roots() {
    let scene = scene();
    scene.send(&[
        Sent {
            key: Some("self"),
            parent: Some("self"),
            ..sent("self")
        },
        Sent {
            parent: Some("nobody"),
            ..sent("orphan")
        },
        Sent {
            key: Some(""),
            ..sent("of an empty key")
        },
        Sent {
            parent: Some(""),
            ..sent("below it")
        },
        Sent {
            key: Some("a"),
            parent: Some("b"),
            ..sent("a")
        },
        Sent {
            key: Some("b"),
            parent: Some("a"),
            ..sent("b")
        },
    ]);
    assert_eq!(scene.parent_of("self"), None);
    assert_eq!(scene.parent_of("orphan"), None);
    assert_eq!(
        scene.parent_of("below it").as_deref(),
        Some("of an empty key")
    );
    // The one that came second found its parent; the other would have closed a cycle.
    assert_eq!(scene.parent_of("b").as_deref(), Some("a"));
    assert_eq!(scene.parent_of("a"), None);
}

#[test]
fn another_organization_s_events_are_neither_found_nor_parents_nor_counted() {
    let scene = scene();
    let other = scene
        .service
        .create_organization("Other", "other")
        .expect("made")
        .id;
    scene.send(&[Sent {
        key: Some("parent"),
        ..sent("parent")
    }]);
    let parent = scene.id_of("parent");
    let id = parent.to_string();
    scene.send_to(
        other,
        &[
            Sent {
                parent: Some("parent"),
                ..sent("child")
            },
            Sent {
                parent: Some(&id),
                ..sent("child")
            },
        ],
    );
    assert!(matches!(
        scene.service.event(other, parent),
        Err(Error::NotFound)
    ));
    let unknown = EventId::from_random([9; 16]);
    let missing = scene.service.event(scene.organization, unknown);
    assert!(matches!(missing, Err(Error::NotFound)));
    let children = scene
        .service
        .events(other, &EventSearch::default(), PAGE)
        .expect("listed");
    assert_eq!(children.total, 2);
    assert!(children.items.iter().all(|child| child.parent.is_none()));
    assert_eq!(scene.one("parent").child_count, 0);
    let below = EventSearch {
        parent: Some(parent),
        ..EventSearch::default()
    };
    let listed = scene.service.events(other, &below, PAGE).expect("listed");
    assert_eq!(listed.total, 0);
    let names = scene
        .service
        .event_names(other, &EventNameSearch::default(), PAGE)
        .expect("listed");
    assert_eq!((names.total, names.items[0].occurrences), (1, 2));
}
