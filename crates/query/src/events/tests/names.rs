//! Lists of names against a naive model.

use super::*;

/// What is asked about names.
#[derive(Debug, Clone)]
pub(super) struct AskedNames {
    identities: Option<Vec<u8>>,
    system: Option<bool>,
    /// Of a source or of both, and whether the name has a 1 or 2.
    unwanted_source: Option<bool>,
    some_names_only: bool,
    roots_only: bool,
    parent: Option<usize>,
    sorting: Vec<(NameOrder, bool)>,
    offset: u64,
    limit: u32,
}

pub(super) fn asked_names() -> impl Strategy<Value = AskedNames> {
    let order = prop::sample::select(vec![
        NameOrder::Name,
        NameOrder::Occurrences,
        NameOrder::FirstSeen,
        NameOrder::LastSeen,
    ]);
    let what = (
        prop::option::weighted(0.2, prop::collection::vec(0_u8..6, 0..4)),
        prop::option::weighted(0.3, any::<bool>()),
        prop::option::weighted(0.2, any::<bool>()),
        prop::bool::weighted(0.3),
    );
    let place = (
        prop::bool::weighted(0.4),
        prop::option::weighted(0.4, 0_usize..60),
    );
    let page = (
        prop::collection::vec((order, any::<bool>()), 0..3),
        0_u64..4,
        0_u32..20,
    );
    (what, place, page).prop_map(|(what, place, page)| {
        let (identities, system, unwanted_source, some_names_only) = what;
        let (roots_only, parent) = place;
        let (sorting, offset, limit) = page;
        AskedNames {
            identities,
            system,
            unwanted_source,
            some_names_only,
            roots_only,
            parent,
            sorting,
            offset,
            limit,
        }
    })
}

pub(super) fn check_names(
    world: &World,
    model: &Model,
    asked: &AskedNames,
) -> Result<(), TestCaseError> {
    let identities: Option<Vec<OwnedIdentity>> = asked
        .identities
        .as_ref()
        .map(|some| some.iter().map(|one| identity(*one)).collect());
    let sources: Vec<Source> = asked.system.iter().map(|system| source(*system)).collect();
    let is_wanted = |by: Source, text: &str| {
        asked.unwanted_source.map(source) != Some(by)
            && (!asked.some_names_only || text.ends_with(['1', '2']))
    };
    let question = NameQuestion {
        identities: identities.as_deref(),
        sources: &sources,
        is_wanted: &is_wanted,
        roots_only: asked.roots_only,
        parent: asked.parent.map(|index| id_at(index, &world.ids)),
        sorting: &asked.sorting,
    };
    let (offset, limit) = (asked.offset, asked.limit);
    let listed = names(world, &question, Part { offset, limit }).expect("a healthy disk");

    let expected = expected(model, asked, &is_wanted);
    prop_assert_eq!(listed.total, expected.len() as u64);
    let offset = usize::try_from(offset).expect("small");
    let shown: Vec<NameSummary> = expected
        .into_iter()
        .skip(offset)
        .take(limit as usize)
        .collect();
    prop_assert_eq!(listed.items, shown);
    Ok(())
}

fn expected(
    model: &Model,
    asked: &AskedNames,
    is_wanted: &dyn Fn(Source, &str) -> bool,
) -> Vec<NameSummary> {
    let mut expected: Vec<NameSummary> = Vec::new();
    for known in &model.events {
        let plain = &known.plain;
        let name = name(plain.name);
        let source = source(plain.system);
        let is_asked = asked
            .identities
            .as_ref()
            .is_none_or(|some| some.contains(&plain.identity))
            && asked.system.is_none_or(|system| system == plain.system)
            && (!asked.roots_only || known.parent.is_none())
            && asked
                .parent
                .is_none_or(|parent| known.parent == Some(parent))
            && is_wanted(source, &name);
        if !is_asked {
            continue;
        }
        let seen = at(plain.micros);
        let summary = expected
            .iter_mut()
            .find(|known| (&*known.name, known.source) == (&*name, source));
        match summary {
            Some(summary) => {
                summary.occurrences += 1;
                summary.first_seen = summary.first_seen.min(seen);
                summary.last_seen = summary.last_seen.max(seen);
            }
            None => expected.push(NameSummary {
                source,
                occurrences: 1,
                first_seen: seen,
                last_seen: seen,
                first_received_at: first_received_at(model, plain),
                name: name.into(),
            }),
        }
    }
    expected.sort_by(|left, right| {
        let by_last_seen = [(NameOrder::LastSeen, true)];
        let sorting = match &*asked.sorting {
            [] => &by_last_seen[..],
            given => given,
        };
        let by_key = (&left.name, left.source).cmp(&(&right.name, right.source));
        (sorting.iter().rev()).fold(by_key, |then, (order, is_descending)| {
            let ordering = match order {
                NameOrder::Name => left.name.cmp(&right.name),
                NameOrder::Occurrences => left.occurrences.cmp(&right.occurrences),
                NameOrder::FirstSeen => left.first_seen.cmp(&right.first_seen),
                NameOrder::LastSeen => left.last_seen.cmp(&right.last_seen),
            };
            let ordering = if *is_descending {
                ordering.reverse()
            } else {
                ordering
            };
            ordering.then(then)
        })
    });
    expected
}

/// When the first event of the same name and source was received.
fn first_received_at(model: &Model, of: &Plain) -> Timestamp {
    let is_same = |known: &&Known| (known.plain.name, known.plain.system) == (of.name, of.system);
    let first = model.events.iter().find(is_same);
    first.expect("at least the event itself").received_at
}

/// An event of name 0 at a time, with a key and what it calls its parent.
fn event(micros: i64, key: u8, parent: Option<u8>) -> Plain {
    Plain {
        system: false,
        name: 0,
        identity: 0,
        micros,
        key: Some(key),
        parent: parent.map(Reference::Key),
        color: None,
        amount: None,
    }
}

/// How many roots the events of name 0 have, and the times of the first and the last.
fn roots(world: &World) -> Option<(u64, i64, i64)> {
    let question = NameQuestion {
        identities: None,
        sources: &[],
        is_wanted: &|_, text| text == name(0),
        roots_only: true,
        parent: None,
        sorting: &[],
    };
    let all = Part {
        offset: 0,
        limit: 10,
    };
    let listed = names(world, &question, all).expect("a healthy disk");
    let summary = listed.items.first()?;
    let times = (summary.first_seen.micros(), summary.last_seen.micros());
    Some((summary.occurrences, times.0, times.1))
}

fn grow(world: &mut World, events: &[Plain]) {
    world.commit(&mut Model::default(), events);
    assert!(world.catch_up(u32::MAX));
}

#[test]
fn an_event_is_a_root_until_its_parent_arrives() {
    let mut world = World::new();
    grow(&mut world, &[event(10, 1, None), event(5, 2, Some(9))]);
    grow(&mut world, &[event(30, 3, Some(9)), event(30, 4, Some(8))]);
    assert_eq!(roots(&world), Some((4, 5, 30)));
    grow(&mut world, &[event(20, 9, None)]);
    // The first has gone; one of two at the last time is left.
    assert_eq!(roots(&world), Some((3, 10, 30)));
    grow(&mut world, &[event(15, 8, Some(9))]);
    assert_eq!(roots(&world), Some((2, 10, 20)));
}

#[test]
fn an_event_that_waited_for_one_below_it_stays_a_root() {
    let mut world = World::new();
    grow(&mut world, &[event(10, 1, Some(2))]);
    assert_eq!(roots(&world), Some((1, 10, 10)));
    // 2 hangs below 1, so that it cannot be above it.
    grow(&mut world, &[event(20, 2, Some(1))]);
    assert_eq!(roots(&world), Some((1, 10, 10)));
    grow(&mut world, &[event(30, 3, None)]);
    assert_eq!(roots(&world), Some((2, 10, 30)));
}

#[test]
fn a_name_of_children_alone_has_no_roots() {
    let mut world = World::new();
    let parent = Plain {
        name: 1,
        ..event(0, 1, None)
    };
    grow(&mut world, &[parent, event(10, 2, Some(1))]);
    assert_eq!(roots(&world), None);
}
