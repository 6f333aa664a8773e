//! What is written to a segment comes back as the very same bytes, whatever events hold.

use std::path::Path;
use std::sync::Arc;

use domain::metadata::MetadataBuilder;
use domain::{
    CustomerId, Event, Identity, Member, MetadataRef, Number, OrganizationId, OwnedIdentity,
    Source, Spelling, Timestamp,
};
use proptest::prelude::*;

mod by_column;
mod damage;
mod foreign;

use super::{BlockCache, RowSource, Sealable, SegmentPlace, SegmentWriter, open_segment};
use crate::disk::Disk;
use crate::files::NewFiles;
use crate::tail::{Block, Columns, CopiedIdentities, CopyIdentities};
use crate::testing::MemoryDisk;

/// A value of metadata that owns what it holds.
#[derive(Debug, Clone)]
enum Owned {
    Null,
    Bool(bool),
    Number(i128, u8, bool),
    Text(String),
    Object(Vec<(String, Owned)>),
}

#[derive(Debug, Clone)]
struct Sample {
    is_system: bool,
    name: String,
    identity: usize,
    member: Option<(bool, String)>,
    timestamp: i64,
    external_id: Option<String>,
    parent: Option<String>,
    metadata: Vec<(String, Owned)>,
}

fn identities() -> [OwnedIdentity; 4] {
    [
        OwnedIdentity::External("".into()),
        OwnedIdentity::External("customer \u{e9}".into()),
        OwnedIdentity::Customer(CustomerId::from_random([3; 16])),
        OwnedIdentity::External("a".repeat(100).into()),
    ]
}

fn writer() -> SegmentWriter {
    SegmentWriter::new(7)
}

struct Known;

impl CopyIdentities for Known {
    fn copy(&self, numbers: &[u32]) -> Option<CopiedIdentities> {
        let mut copied = CopiedIdentities::default();
        for number in numbers {
            copied.push(identities().get(*number as usize)?.as_ref());
        }
        Some(copied)
    }
}

fn known(source: &RowSource) -> Sealable<'_> {
    (source, &Known)
}

fn value() -> impl Strategy<Value = Owned> {
    let number = prop_oneof![
        (-1_000_i128..1_000, 0_u8..4, any::<bool>()),
        (any::<i64>().prop_map(i128::from), 0_u8..14, any::<bool>()),
        (any::<i128>(), 0_u8..40, any::<bool>()),
    ];
    let leaf = prop_oneof![
        Just(Owned::Null),
        any::<bool>().prop_map(Owned::Bool),
        number.prop_map(|(mantissa, scale, whole)| Owned::Number(mantissa, scale, whole)),
        "[a-c]{0,3}".prop_map(Owned::Text),
        "\\PC{0,30}".prop_map(Owned::Text),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(("[a-c]", inner), 0..3).prop_map(|mut entries| {
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.dedup_by(|(one, _), (other, _)| one == other);
            Owned::Object(entries)
        })
    })
}

fn metadata() -> impl Strategy<Value = Vec<(String, Owned)>> {
    let key = prop_oneof![8 => "[a-e]", 1 => "\\PC{0,5}", 1 => "[a-z.]{60,70}"];
    prop::collection::vec((key, value()), 0..8).prop_map(|entries| {
        let mut known: Vec<(String, Owned)> = Vec::new();
        for (key, value) in entries {
            if !known.iter().any(|(other, _)| *other == key) {
                known.push((key, value));
            }
        }
        known
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    let external_id = prop_oneof![
        Just(None),
        "\\PC{0,10}".prop_map(Some),
        any::<[u8; 16]>().prop_map(|bytes| {
            let mut text = String::new();
            crate::uuid_text::write(bytes, &mut text);
            Some(text)
        }),
        "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}".prop_map(Some),
    ];
    (
        any::<bool>(),
        "[a-z]{0,6}",
        0..identities().len(),
        prop::option::of((any::<bool>(), "\\PC{0,5}")),
        Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
        external_id,
        prop::option::of("\\PC{0,8}"),
        metadata(),
    )
        .prop_map(
            |(is_system, name, identity, member, timestamp, external_id, parent, metadata)| {
                Sample {
                    is_system,
                    name,
                    identity,
                    member,
                    timestamp,
                    external_id,
                    parent,
                    metadata,
                }
            },
        )
}

fn build(entries: &[(String, Owned)]) -> MetadataBuilder {
    let mut builder = MetadataBuilder::new();
    for (key, value) in entries {
        match value {
            Owned::Null => builder.null(key),
            Owned::Bool(bool) => builder.bool(key, *bool),
            Owned::Number(mantissa, scale, is_whole) => {
                let scale = if *is_whole { 0 } else { *scale };
                let number = Number::from_parts(*mantissa, scale);
                let spelling = if *is_whole {
                    Spelling::Integer
                } else {
                    Spelling::Decimal
                };
                builder.number(key, &number, spelling);
            }
            Owned::Text(text) => builder.text(key, text),
            Owned::Object(entries) => builder.object(key, build(entries).as_ref()),
        }
    }
    builder
}

fn block(ordinal_first: u32, samples: &[Sample]) -> Arc<Block> {
    let mut bytes = Vec::new();
    let mut columns = Columns::with_capacity(samples.len());
    for (sample, sequence) in samples.iter().zip(u64::from(ordinal_first)..) {
        let metadata = build(&sample.metadata);
        let timestamp = Timestamp::from_micros(sample.timestamp).expect("in range");
        let identities = identities();
        let identity = identities.get(sample.identity).expect("one of them");
        let member = sample.member.as_ref();
        Event {
            source: if sample.is_system {
                Source::System
            } else {
                Source::User
            },
            name: &sample.name,
            identity: identity.as_ref(),
            member: member.map(|(is_external, text)| {
                if *is_external {
                    Member::External(text)
                } else {
                    Member::Id(text)
                }
            }),
            timestamp,
            external_id: sample.external_id.as_deref(),
            parent: sample.parent.as_deref(),
            metadata: metadata.as_ref(),
        }
        .encode(&mut bytes);
        columns.ends.push(u32::try_from(bytes.len()).expect("few"));
        columns.sequences.push(sequence * 3 + 1);
        columns.received_at.push(Timestamp::EPOCH);
        columns.timestamps.push(timestamp);
        columns
            .identities
            .push(u32::try_from(sample.identity).expect("few"));
    }
    Arc::new(Block::new(ordinal_first, bytes, columns, Vec::new()))
}

fn check(sources: &[RowSource]) {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut files = NewFiles::new(Arc::clone(&disk));
    let [path, index_path] = ["/s.parquet", "/s.index"].map(|path| Path::new(path).to_owned());
    let all: Vec<Sealable<'_>> = sources.iter().map(known).collect();
    let written = writer()
        .write(&mut files, path.clone(), index_path.clone(), &all, None)
        .expect("a healthy disk");
    let place = SegmentPlace {
        number: 1,
        path,
        bytes: written.bytes,
        index_path,
        index_bytes: written.index_bytes,
        directory_bytes: written.directory_bytes,
        directory_checksum: written.directory_checksum,
    };
    foreign::check(&disk, &place.path, sources);
    let cache = BlockCache::new(10_000);
    let opened = open_segment(&disk, &place).expect("as it was written");
    let parts = written.parts(&disk, &place);
    assert_eq!(parts.len(), sources.len());
    for (part, source) in parts.iter().chain(&opened).zip(sources.iter().cycle()) {
        let mut rows = source
            .blocks
            .iter()
            .flat_map(|(block, rows)| rows.clone().map(|row| block.row(row)));
        for group in &part.groups {
            for ordinal in group.ordinals().step_by(200) {
                let page = (part.load_around(group, ordinal, &Known, &cache)).expect("as written");
                let index = (ordinal - page.ordinal_first()) as usize;
                let expected = source.blocks.iter().find_map(|(block, _)| {
                    let index = ordinal.checked_sub(block.ordinal_first())? as usize;
                    (index < block.len()).then(|| block.row(index))
                });
                assert_eq!(Some(page.row(index)), expected);
            }
            let block = part.load(group, &Known, &cache).expect("as it was written");
            assert_eq!(block.ordinals(), group.ordinals());
            assert_eq!(block.time_span(), group.times);
            for row in 0..block.len() {
                assert_eq!(Some(block.row(row)), rows.next());
            }
            by_column::check(&part.columns(group).expect("it is there"), &block);
        }
        assert_eq!(rows.next(), None);
        for identity in 0..4 {
            let found = part.rows_of_identity(identity).expect("as it was written");
            let expected = source.blocks.iter().flat_map(|(block, rows)| {
                let rows = rows.clone().map(|row| block.row(row));
                rows.filter(|row| row.identity == identity)
                    .map(|row| row.ordinal)
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}

fn source(number: u8, blocks: Vec<(Arc<Block>, std::ops::Range<usize>)>) -> RowSource {
    RowSource {
        organization: OrganizationId::from_random([number; 16]),
        blocks,
        identities_end: 4,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn rows_come_back_byte_by_byte(
        first in prop::collection::vec(sample(), 1..30), more in prop::collection::vec(sample(), 1..30),
        other in prop::collection::vec(sample(), 2..10),
    ) {
        let ordinal = u32::try_from(first.len()).expect("few") + 7;
        let blocks = vec![
            (block(7, &first), 0..first.len()),
            (block(ordinal, &more), 0..more.len()),
        ];
        let rest = vec![(block(100, &other), 1..other.len())];
        check(&[source(1, blocks), source(2, rest)]);
    }
}

#[test]
fn more_rows_than_a_group_holds_and_more_keys_than_columns_come_back() {
    let rows = crate::limits::GROUP_ROWS * 2 + 5;
    let samples: Vec<Sample> = (0..rows)
        .map(|row| Sample {
            is_system: row % 7 == 0,
            name: format!("name-{}", row % 3),
            identity: row % 4,
            member: None,
            timestamp: i64::try_from(row).expect("few"),
            external_id: Some(row.to_string()),
            parent: None,
            metadata: (0..70)
                .filter(|key| (row + key) % 5 == 0)
                .map(|key| {
                    let number = i128::try_from(row).expect("few");
                    (format!("key-{key}"), Owned::Number(number, 2, key % 2 == 0))
                })
                .collect(),
        })
        .collect();
    check(&[source(1, vec![(block(0, &samples), 0..rows)])]);
}

#[test]
fn a_row_group_of_large_rows_ends_by_its_bytes() {
    let samples: Vec<Sample> = (0..40)
        .map(|row| Sample {
            is_system: false,
            name: "large".to_owned(),
            identity: row % 4,
            member: None,
            timestamp: i64::try_from(row).expect("few"),
            external_id: None,
            parent: None,
            metadata: vec![("text".to_owned(), Owned::Text("x".repeat(1 << 20)))],
        })
        .collect();
    let source = source(1, vec![(block(0, &samples), 0..samples.len())]);
    let groups = super::write::row_groups(&[known(&source)]);
    assert_eq!(groups.len(), 10, "four mebibytes each");
    check(&[source]);
}

#[test]
fn metadata_whose_bytes_nobody_would_write_comes_back_too() {
    // Zero as an integer of two bytes, where one would do.
    let metadata = [1, b'a', 3, 0x80, 0];
    let mut bytes = Vec::new();
    Event {
        source: Source::User,
        name: "name",
        identity: Identity::External(""),
        member: None,
        timestamp: Timestamp::EPOCH,
        external_id: None,
        parent: None,
        metadata: MetadataRef::from_packed(&metadata),
    }
    .encode(&mut bytes);
    let columns = Columns {
        ends: vec![u32::try_from(bytes.len()).expect("few")],
        sequences: vec![1],
        received_at: vec![Timestamp::EPOCH],
        timestamps: vec![Timestamp::EPOCH],
        identities: vec![0],
    };
    let block = Arc::new(Block::new(0, bytes, columns, Vec::new()));
    check(&[source(1, vec![(block, 0..1)])]);
}

#[test]
fn small_organizations_share_row_groups_and_large_ones_do_not() {
    let plain = |row: usize| Sample {
        is_system: false,
        name: "name".to_owned(),
        identity: row % 4,
        member: None,
        timestamp: i64::try_from(row).expect("few"),
        external_id: None,
        parent: None,
        metadata: vec![("key".to_owned(), Owned::Text(row.to_string()))],
    };
    let sources: Vec<RowSource> = (0..60)
        .map(|number| {
            let rows = if number == 30 {
                crate::limits::GROUP_ROWS + 9
            } else {
                1 + usize::from(number) * 7
            };
            let samples: Vec<Sample> = (0..rows).map(plain).collect();
            source(number, vec![(block(5, &samples), 0..rows)])
        })
        .collect();
    check(&sources);
    let all: Vec<Sealable<'_>> = sources.iter().map(known).collect();
    let organizations_in: Vec<usize> = super::write::row_groups(&all)
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(organizations_in, [30, 1, 1, 26, 3]);
}
