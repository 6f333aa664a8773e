//! Lists, names and links against a naive model: a plain loop over all events.

use std::path::Path;
use std::sync::Arc;

use domain::{
    Aggregation, Clause, Comparison, Conjunction, CustomerId, Definition, Event, EventBatch,
    EventId, EventIds, Filter, Function, KeyedHash, MetadataBuilder, MetadataFilter, Number,
    Operand, Operator, OrganizationId, OwnedIdentity, Property, Source, Spelling, TimeRange,
    Timestamp,
};
use proptest::prelude::*;
use store::testing::MemoryDisk;
use store::{AppendRequest, Folder, Options, Reader, Sealer, Snapshot, Writer};

use super::*;

mod names;

use self::names::{asked_names, check_names};

const QUARTER: i64 = 900_000_000;
const DAY: i64 = 96 * QUARTER;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("in range")
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([1; 16])
}

/// What an event calls its parent.
#[derive(Debug, Clone)]
enum Reference {
    Key(u8),
    /// The event that is so many before it.
    Earlier(usize),
    /// In upper case, which is nobody's.
    EarlierShouted(usize),
}

#[derive(Debug, Clone)]
struct Plain {
    system: bool,
    name: u8,
    /// 0 and 1 by id, the others by external id.
    identity: u8,
    micros: i64,
    key: Option<u8>,
    parent: Option<Reference>,
    color: Option<u8>,
    amount: Option<i64>,
}

fn plain() -> impl Strategy<Value = Plain> {
    let micros = prop_oneof![
        // Ties, edges of quarter hours, and days.
        (-3_i64..4).prop_map(|quarter| quarter * QUARTER),
        (-3_i64..4, -1_i64..2).prop_map(|(quarter, off)| quarter * QUARTER + off),
        (-4_i64..5, 0_i64..3).prop_map(|(day, hour)| day * DAY + hour * 4 * QUARTER),
        -DAY..DAY,
    ];
    let parent = prop_oneof![
        6 => (0_u8..30).prop_map(Reference::Key),
        2 => (1_usize..20).prop_map(Reference::Earlier),
        1 => (1_usize..20).prop_map(Reference::EarlierShouted),
    ];
    let facts = (prop::bool::weighted(0.2), 0_u8..4, 0_u8..5, micros);
    let rest = (
        prop::option::weighted(0.6, 0_u8..30),
        prop::option::weighted(0.6, parent),
        prop::option::of(0_u8..3),
        prop::option::of(-5_i64..5),
    );
    (facts, rest).prop_map(
        |((system, name, identity, micros), (key, parent, color, amount))| Plain {
            system,
            name,
            identity,
            micros,
            key,
            parent,
            color,
            amount,
        },
    )
}

fn identity(number: u8) -> OwnedIdentity {
    if number < 2 {
        OwnedIdentity::Customer(CustomerId::from_random([number + 10; 16]))
    } else {
        OwnedIdentity::External(format!("customer {number}").into())
    }
}

fn name(number: u8) -> String {
    format!("Name {number}")
}

fn key(number: u8) -> String {
    format!("key {number}")
}

fn color(number: u8) -> String {
    format!("COLOR {number}")
}

/// An organization's events on a disk in memory, with their index.
struct World {
    writer: Writer,
    sealer: Sealer,
    reader: Reader,
    _folder: Folder,
    ids: EventIds,
    index: EventIndex,
    committed: i64,
}

impl LiveEvents for World {
    fn index<T>(&self, look: impl FnOnce(&EventIndex) -> T) -> T {
        look(&self.index)
    }

    fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(organization())
    }

    fn references(&self) -> References<'_> {
        References {
            organization: organization(),
            keys: self.reader.key_hasher(),
            ids: &self.ids,
        }
    }
}

fn name_hash() -> KeyedHash {
    KeyedHash::new([3; 16])
}

impl World {
    fn new() -> Self {
        let disk = Arc::new(MemoryDisk::new());
        let folder = Folder::open(disk, Path::new("/data"), [42; 32]).expect("opens");
        let (mut writer, reader, _) = store::open(&folder, Options::default()).expect("opens");
        Self {
            sealer: writer.take_sealer().expect("nobody took it"),
            writer,
            reader,
            _folder: folder,
            ids: EventIds::new(&[7; 32]),
            index: EventIndex::new(&name_hash()),
            committed: 0,
        }
    }

    /// Commits a group and returns what was inserted, with what each calls its parent.
    fn commit(&mut self, model: &mut Model, group: &[Plain]) {
        self.committed += 1;
        let received_at = at(1_000 * DAY + self.committed);
        let keys = self.reader.key_hasher();
        let mut batch = EventBatch::default();
        let mut hashes = Vec::new();
        for plain in group {
            let source = source(plain.system);
            let text = model.prepare(plain, &self.ids);
            let mut metadata = MetadataBuilder::new();
            if let Some(number) = plain.color {
                metadata.text("color", &color(number));
            }
            if let Some(amount) = plain.amount {
                metadata.number("amount", &Number::from_i64(amount), Spelling::Integer);
            }
            let (name, key) = (name(plain.name), plain.key.map(key));
            batch.push(&Event {
                source,
                name: &name,
                identity: identity(plain.identity).as_ref(),
                member: None,
                timestamp: at(plain.micros),
                external_id: key.as_deref(),
                parent: text.as_deref(),
                metadata: metadata.as_ref(),
            });
            hashes.push(key.map(|key| keys.hash(organization(), source, &key)));
            model.add(plain, text, received_at);
        }
        let request = AppendRequest {
            organization: organization(),
            batch: &batch,
            hashes: &hashes,
        };
        self.writer
            .commit(received_at, &[request])
            .expect("a healthy disk");
    }

    fn seal(&mut self) {
        self.sealer.seal().expect("a healthy disk");
    }

    fn catch_up(&mut self, rows_max: u32) -> bool {
        let snapshot = self.snapshot();
        let references = References {
            organization: organization(),
            keys: self.reader.key_hasher(),
            ids: &self.ids,
        };
        self.index
            .catch_up(&snapshot, &references, rows_max)
            .expect("a healthy disk")
    }
}

fn source(system: bool) -> Source {
    if system { Source::System } else { Source::User }
}

/// The id of the event at this place among all.
fn id_at(index: usize, ids: &EventIds) -> EventId {
    ids.id(index as u64 + 1)
}

#[derive(Debug, Default)]
struct Model {
    events: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    plain: Plain,
    /// What it calls its parent.
    text: Option<String>,
    parent: Option<usize>,
    waits: bool,
    received_at: Timestamp,
}

impl Model {
    fn prepare(&self, plain: &Plain, ids: &EventIds) -> Option<String> {
        let earlier = |back: usize| {
            let index = self.events.len().checked_sub(back)?;
            Some(id_at(index, ids).to_string())
        };
        match plain.parent.as_ref()? {
            Reference::Key(number) => Some(key(*number)),
            Reference::Earlier(back) => earlier(*back),
            Reference::EarlierShouted(back) => earlier(*back).map(|text| text.to_uppercase()),
        }
    }

    fn add(&mut self, plain: &Plain, text: Option<String>, received_at: Timestamp) {
        let is_same_key =
            |known: &Known| (known.plain.system, known.plain.key) == (plain.system, plain.key);
        if plain.key.is_some() && self.events.iter().any(is_same_key) {
            return;
        }
        let index = self.events.len();
        let ids = EventIds::new(&[7; 32]);
        let own_key = plain.key.filter(|_| !plain.system).map(key);
        let parent = text.as_ref().and_then(|text| {
            let has_key = |known: &Known| {
                !known.plain.system && known.plain.key.map(key).as_ref() == Some(text)
            };
            let by_key = self.events.iter().position(has_key);
            by_key.or_else(|| (0..index).find(|earlier| id_at(*earlier, &ids).to_string() == *text))
        });
        let waits = text.is_some() && parent.is_none() && text != own_key;
        self.events.push(Known {
            plain: plain.clone(),
            text,
            parent,
            waits,
            received_at,
        });
        if own_key.is_none() {
            return;
        }
        for waiting in 0..index {
            let known = &self.events[waiting];
            if known.waits && known.text == own_key {
                let is_above = self.ancestors(index).contains(&waiting);
                let known = &mut self.events[waiting];
                known.waits = false;
                known.parent = (!is_above).then_some(index);
            }
        }
    }

    /// From the parent up to the root.
    fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut ancestors = Vec::new();
        let mut at = index;
        while let Some(parent) = self.events[at].parent {
            ancestors.push(parent);
            assert!(ancestors.len() <= self.events.len(), "a cycle");
            at = parent;
        }
        ancestors
    }

    fn matches(&self, index: usize, asked: &Asked) -> bool {
        let known = &self.events[index];
        let plain = &known.plain;
        let ancestors = self.ancestors(index);
        let is_there = match (asked.parent, asked.depth) {
            (None, None) => true,
            (None, Some(depth)) => ancestors.len() <= usize::from(depth),
            (Some(parent), depth) => ancestors
                .iter()
                .position(|ancestor| *ancestor == parent)
                .is_some_and(|below| below < usize::from(depth.unwrap_or(1))),
        };
        let one_of = |asked: &[u8], value: u8| asked.is_empty() || asked.contains(&value);
        is_there
            && asked.after.is_none_or(|after| plain.micros > after)
            && asked.before.is_none_or(|before| plain.micros < before)
            && one_of(&asked.names, plain.name)
            && asked.system.is_none_or(|system| plain.system == system)
            && asked
                .identities
                .as_ref()
                .is_none_or(|some| some.contains(&plain.identity))
            && asked.color.is_none_or(|color| plain.color == Some(color))
            && asked.filter_name.is_none_or(|name| plain.name == name)
            && (!asked.counted || plain.amount.is_some())
            && asked.text.as_ref().is_none_or(|text| {
                let color = plain.color.map(color).unwrap_or_default();
                let in_event = [name(plain.name), color]
                    .iter()
                    .any(|own| own.to_lowercase().contains(text.as_str()));
                in_event || asked.text_identities.contains(&plain.identity)
            })
    }
}

#[derive(Debug, Clone)]
struct Asked {
    after: Option<i64>,
    before: Option<i64>,
    names: Vec<u8>,
    system: Option<bool>,
    identities: Option<Vec<u8>>,
    color: Option<u8>,
    filter_name: Option<u8>,
    counted: bool,
    text: Option<String>,
    text_identities: Vec<u8>,
    parent: Option<usize>,
    depth: Option<u8>,
    newest_first: bool,
    offset: u64,
    limit: u32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let edge = prop_oneof![
        (-4_i64..5, -1_i64..2).prop_map(|(quarter, off)| quarter * QUARTER + off),
        -3 * DAY..3 * DAY,
        (-3_i64..4).prop_map(|day| day * DAY),
    ];
    let when = (
        prop::option::weighted(0.4, edge.clone()),
        prop::option::weighted(0.4, edge),
    );
    let what = (
        prop::collection::vec(0_u8..6, 0..3),
        prop::option::weighted(0.3, any::<bool>()),
        prop::option::weighted(0.2, prop::collection::vec(0_u8..6, 0..4)),
        prop::option::weighted(0.1, 0_u8..3),
        prop::option::weighted(0.1, 0_u8..4),
        prop::bool::weighted(0.1),
    );
    let text = prop_oneof![
        Just("name 1".to_owned()),
        Just("color".to_owned()),
        Just("zz".to_owned())
    ];
    let whose = (
        prop::option::weighted(0.1, text),
        prop::collection::vec(0_u8..6, 0..2),
        prop::option::weighted(0.3, 0_usize..60),
        prop::option::weighted(0.3, 0_u8..4),
    );
    let page = (any::<bool>(), 0_u64..50, 0_u32..20);
    (when, what, whose, page).prop_map(|(when, what, whose, page)| {
        let (after, before) = when;
        let (names, system, identities, color, filter_name, counted) = what;
        let (text, text_identities, parent, depth) = whose;
        let (newest_first, offset, limit) = page;
        Asked {
            after,
            before,
            names,
            system,
            identities,
            color,
            filter_name,
            counted,
            text,
            text_identities,
            parent,
            depth,
            newest_first,
            offset,
            limit,
        }
    })
}

fn filter_by_name(number: u8) -> Filter {
    Filter {
        conjunction: Conjunction::And,
        clauses: vec![Clause::Comparison(Comparison {
            property: Property::parse("name"),
            operator: Operator::Eq,
            operand: Operand::Text(name(number).into()),
        })],
    }
}

fn check(world: &World, model: &Model, asked: &Asked) -> Result<(), TestCaseError> {
    let names: Vec<String> = asked.names.iter().map(|number| name(*number)).collect();
    let sources: Vec<Source> = asked.system.iter().map(|system| source(*system)).collect();
    let identities_of = |some: &[u8]| some.iter().map(|one| identity(*one)).collect::<Vec<_>>();
    let identities = asked.identities.as_deref().map(identities_of);
    let colors = asked
        .color
        .map(|number| ("color".to_owned(), vec![color(number)]));
    let metadata = MetadataFilter::new(colors.into_iter().collect());
    let filter = asked.filter_name.map(filter_by_name);
    let definition = asked.counted.then(|| Definition {
        filter: Filter::all(),
        aggregation: Aggregation::new(Function::Sum, Some(Property::parse("amount")))
            .expect("they go together"),
    });
    let text_identities = identities_of(&asked.text_identities);
    let occurs_in = |text: &str| {
        let asked = asked.text.as_deref().unwrap_or_default();
        text.to_lowercase().contains(asked)
    };
    let start = asked.after.map_or(Timestamp::MIN, |after| at(after + 1));
    let end = asked.before.map_or(Timestamp::END, at);
    let direction = if asked.newest_first {
        EventDirection::NewestFirst
    } else {
        EventDirection::OldestFirst
    };
    let question = EventQuestion {
        range: TimeRange::new(start, end),
        names: &names,
        sources: &sources,
        identities: identities.as_deref(),
        metadata: &metadata,
        filter: filter.as_ref(),
        definition: definition.as_ref(),
        text: asked.text.as_ref().map(|_| TextCondition {
            occurs_in: &occurs_in,
            identities: &text_identities,
        }),
        parent: asked.parent.map(|index| id_at(index, &world.ids)),
        depth: asked.depth,
        direction,
    };
    let part = Part {
        offset: asked.offset,
        limit: asked.limit,
    };
    let listed = list(world, &question, part).expect("a healthy disk");

    let mut expected: Vec<usize> = (0..model.events.len())
        .filter(|index| model.matches(*index, asked))
        .collect();
    expected.sort_by_key(|index| (model.events[*index].plain.micros, *index));
    if asked.newest_first {
        expected.reverse();
    }
    prop_assert_eq!(listed.total, expected.len() as u64);
    let shown: Vec<EventId> = listed.items.iter().map(|event| event.id).collect();
    let offset = usize::try_from(asked.offset).expect("small");
    let expected_shown: Vec<EventId> = expected
        .into_iter()
        .skip(offset)
        .take(asked.limit as usize)
        .map(|index| id_at(index, &world.ids))
        .collect();
    prop_assert_eq!(shown, expected_shown);
    Ok(())
}

/// Each event by its id, with its relations, and what each identity's events tell.
fn check_single(world: &World, model: &Model) -> Result<(), TestCaseError> {
    for (index, known) in model.events.iter().enumerate() {
        let id = id_at(index, &world.ids);
        let found = get(world, id).expect("a healthy disk").expect("there");
        let children = model
            .events
            .iter()
            .filter(|other| other.parent == Some(index));
        let parent = known.parent.map(|parent| id_at(parent, &world.ids));
        prop_assert_eq!((found.id, found.parent), (id, parent));
        prop_assert_eq!(found.children_count as usize, children.count());
        prop_assert_eq!(found.event().parent, known.text.as_deref());
    }
    let unknown = world.ids.id(model.events.len() as u64 + 1);
    prop_assert!(get(world, unknown).expect("a healthy disk").is_none());
    let snapshot = world.snapshot();
    for number in 0..5 {
        let own: Vec<(usize, &Plain)> = (model.events.iter().map(|known| &known.plain).enumerate())
            .filter(|(_, plain)| plain.identity == number)
            .collect();
        let times = snapshot
            .identity_index(identity(number).as_ref())
            .and_then(|index| world.index.identity_times(index));
        prop_assert_eq!(times.is_none(), own.is_empty());
        if let Some(times) = times {
            let users = own.iter().filter(|(_, plain)| !plain.system);
            let first = users.map(|(_, plain)| at(plain.micros)).min();
            prop_assert_eq!(times.first_user_event_at, first);
            prop_assert_eq!(times.first_row as usize, own[0].0);
            let row = snapshot
                .row(times.first_row)
                .expect("healthy")
                .expect("there");
            prop_assert_eq!(times.first_received_at, row.get().received_at);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn events_are_read_back_as_by_a_plain_loop_over_all(
        groups in prop::collection::vec((prop::collection::vec(plain(), 1..20), 1_u32..30, prop::bool::weighted(0.3)), 1..8),
        questions in prop::collection::vec(asked(), 1..12),
        questions_of_names in prop::collection::vec(asked_names(), 1..12),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        for (group, piece, is_sealed) in &groups {
            world.commit(&mut model, group);
            world.catch_up(*piece);
            if *is_sealed {
                world.seal();
            }
        }
        while !world.catch_up(7) {}
        prop_assert_eq!(world.index.rows() as usize, model.events.len());
        check_single(&world, &model)?;
        for asked in &questions {
            check(&world, &model, asked)?;
        }
        for asked in &questions_of_names {
            check_names(&world, &model, asked)?;
        }

        // Made anew in one piece, or read from its bytes, it is the same.
        let mut bytes = Vec::new();
        world.index.encode(&mut bytes);
        world.index = EventIndex::new(&name_hash());
        prop_assert!(world.catch_up(u32::MAX));
        let mut again = Vec::new();
        world.index.encode(&mut again);
        prop_assert_eq!(&again, &bytes);
        world.index = EventIndex::decode(&bytes, &KeyedHash::new([9; 16])).expect("what was encoded");
        again.clear();
        world.index.encode(&mut again);
        prop_assert_eq!(&again, &bytes);
        check_single(&world, &model)?;
        for asked in &questions {
            check(&world, &model, asked)?;
        }
        for asked in &questions_of_names {
            check_names(&world, &model, asked)?;
        }
        // And when all is sealed.
        world.seal();
        for asked in &questions {
            check(&world, &model, asked)?;
        }
        // And goes on from there.
        let more: Vec<Plain> = groups[0].0.iter().map(|plain| Plain { key: plain.key.map(|key| key + 1), ..plain.clone() }).collect();
        world.commit(&mut model, &more);
        prop_assert!(world.catch_up(u32::MAX));
        check_single(&world, &model)?;
        for asked in &questions_of_names {
            check_names(&world, &model, asked)?;
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn so_many_events_of_an_identity_that_they_stand_in_runs_are_read_back_as_well(
        few in prop::collection::vec(plain(), 20..40),
        repeats in 18_usize..30,
        sealed_at in 1_usize..30,
        questions in prop::collection::vec(asked(), 20..60),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        for number in 0..repeats {
            let group: Vec<Plain> = (few.iter().enumerate())
                .map(|(index, plain)| Plain {
                    identity: u8::from(index % 20 == 0),
                    micros: plain.micros + i64::try_from(number).expect("small") * QUARTER / 7,
                    key: None,
                    parent: None,
                    ..plain.clone()
                })
                .collect();
            world.commit(&mut model, &group);
            if number == sealed_at {
                world.seal();
            }
        }
        while !world.catch_up(100) {}
        world.seal();
        for asked in &questions {
            let mut asked = asked.clone();
            asked.identities.get_or_insert(vec![0, 2]);
            asked.parent = None;
            check(&world, &model, &asked)?;
            asked.depth = None;
            (asked.color, asked.filter_name, asked.text, asked.counted) = (None, None, None, false);
            check(&world, &model, &asked)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn damaged_bytes_of_an_index_are_an_error_or_another_index_and_no_panic(
        group in prop::collection::vec(plain(), 1..30),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new();
        world.commit(&mut Model::default(), &group);
        world.catch_up(u32::MAX);
        let mut bytes = Vec::new();
        world.index.encode(&mut bytes);
        prop_assert!(EventIndex::decode(&bytes[..cut.index(bytes.len())], &name_hash()).is_err());
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(index) = EventIndex::decode(&bytes, &name_hash()) {
            let mut again = Vec::new();
            index.encode(&mut again);
            prop_assert!(EventIndex::decode(&again, &name_hash()).is_ok());
        }
    }
}
