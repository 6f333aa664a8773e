//! From rows to the columns of a row group.
//!
//! Each row is taken apart once. What its columns and its layout say is what it was: the head of a row is written again from them and
//! compared, and of its metadata [`Taker`] puts only into columns what would be written again as the same bytes.

use std::ops::Range;
use std::sync::Arc;

use domain::{Event, Identity, Member, MetadataRef, Timestamp};

use super::super::schema::Fixed;
use super::super::shape::{Cell, Kind, Shape, Taker};
use super::Piece;
use super::column::{Column, Values};
use super::words::Words;
use crate::key_runs::Entry;
use crate::keys::KeyHasher;
use crate::tail::Block;
use crate::uuid_text;

/// The columns of a row group, as the schema orders them. Their memory is used again for the next.
#[derive(Debug)]
pub(super) struct Columns {
    all: Vec<Column>,
    rows: usize,
    seed: u64,
    /// The head of a row, written again.
    head: Vec<u8>,
    uuid: String,
}

/// What columns have in another form than the row.
struct Again<'a> {
    identity: Identity<'a>,
    timestamp: Timestamp,
    uuid: Option<[u8; 16]>,
}

/// Hash and ordinal of each row with a key.
pub(super) type Keys = Vec<Entry>;

impl Columns {
    /// Without rows. `seed`: see [`super::words::Words::place`]. Takes memory from `used` columns where it can.
    pub(super) fn new(shape: &Shape, seed: u64, used: &mut Vec<Column>) -> Self {
        let metadata = shape.columns().iter().map(|column| {
            let values = match column.kind {
                Kind::Text => Values::words(),
                Kind::Bool => Values::Bools(Vec::new()),
                Kind::Integer | Kind::Decimal { .. } => Values::Longs(Vec::new()),
            };
            Column::new(true, values)
        });
        let all = Fixed::ALL.map(empty).into_iter().chain(metadata);
        Self {
            all: all.map(|column| column.or_one_of(used)).collect(),
            rows: 0,
            seed,
            head: Vec::new(),
            uuid: String::new(),
        }
    }

    /// The columns, for their memory.
    pub(super) fn into_columns(self) -> Vec<Column> {
        self.all
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn all(&mut self) -> &mut [Column] {
        &mut self.all
    }

    /// The different texts of a column of the kind that has them, and which of them each row has; of a column of which each row has one.
    pub(super) fn words(&self, column: Fixed) -> Option<(&Words, &[u32])> {
        match &self.all.get(column as usize)?.values {
            Values::Words { words, places, .. } => Some((words, places)),
            _ => None,
        }
    }

    fn column(&mut self, column: usize) -> &mut Column {
        self.all.get_mut(column).expect("columns are places")
    }

    /// Replaces what is there by the rows of a row group, and adds the keys of each piece's rows to those of its source. `None` when a row
    /// is not what its columns say, which it always is.
    pub(super) fn gather<'a>(
        &mut self,
        shape: &Shape,
        pieces: &[Piece<'a>],
        taker: &mut Taker<'a>,
        hasher: Option<KeyHasher>,
        keys: &mut [Keys],
    ) -> Option<()> {
        self.all.iter_mut().for_each(Column::clear);
        self.rows = 0;
        for piece in pieces {
            let keys = keys.get_mut(piece.source).expect("a place of a source");
            let hash = |event: &Event<'_>| {
                let (hasher, external_id) = (hasher?, event.external_id?);
                Some(hasher.hash(piece.organization, event.source, external_id))
            };
            let first = piece.ordinal_first();
            self.column(Fixed::Organization as usize)
                .add_ids(piece.organization.as_bytes(), piece.len());
            self.numbers(Fixed::Ordinal, (first..).take(piece.len()));
            let mut ordinals = first..;
            for (block, rows) in &piece.rows {
                self.whole(block, rows);
                let identities = block.identities().get(rows.clone())?;
                let identities = piece.identities.copy(identities)?;
                for (row, identity) in rows.clone().zip(identities.iter()) {
                    let event = block.row(row).event();
                    let at = self.rows;
                    let uuid = event.external_id.and_then(uuid_text::parse);
                    self.head(at, &event, uuid);
                    self.metadata(at, shape, event.metadata, taker);
                    let timestamp = *block.timestamps().get(row)?;
                    let again = Again {
                        identity,
                        timestamp,
                        uuid,
                    };
                    self.verify_head(block.row_bytes(row), &event, &again)?;
                    let ordinal = ordinals.next()?;
                    keys.extend(hash(&event).map(|hash| (hash, ordinal)));
                    self.rows += 1;
                }
            }
        }
        Some(())
    }

    /// Whether a row is its head, written again with what columns have in another form than the row, and its metadata.
    fn verify_head(&mut self, row: &[u8], event: &Event<'_>, again: &Again<'_>) -> Option<()> {
        self.head.clear();
        if let Some(uuid) = again.uuid {
            uuid_text::write(uuid, &mut self.uuid);
        }
        Event {
            identity: again.identity,
            timestamp: again.timestamp,
            external_id: again.uuid.map_or(event.external_id, |_| Some(&self.uuid)),
            metadata: MetadataRef::EMPTY,
            ..event.clone()
        }
        .encode(&mut self.head);
        (row.strip_prefix(&*self.head)? == event.metadata.bytes()).then_some(())
    }

    fn numbers(&mut self, column: Fixed, numbers: impl Iterator<Item = u32>) {
        match &mut self.column(column as usize).values {
            Values::Numbers(values) => values.extend(numbers),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    fn longs(&mut self, column: Fixed, numbers: impl Iterator<Item = i64>) {
        match &mut self.column(column as usize).values {
            Values::Longs(values) => values.extend(numbers),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Adds what a block has as columns already.
    fn whole(&mut self, block: &Arc<Block>, rows: &Range<usize>) {
        fn of<'b, T: Copy>(column: &'b [T], rows: &Range<usize>) -> impl Iterator<Item = T> + 'b {
            column.get(rows.clone()).unwrap_or_default().iter().copied()
        }
        let sequences = of(block.sequences(), rows).map(u64::cast_signed);
        self.longs(Fixed::Sequence, sequences);
        let received_at = of(block.received_at(), rows).map(Timestamp::micros);
        self.longs(Fixed::ReceivedAt, received_at);
        let timestamps = of(block.timestamps(), rows).map(Timestamp::micros);
        self.longs(Fixed::Timestamp, timestamps);
        self.numbers(Fixed::Identity, of(block.identities(), rows));
    }

    /// Adds what stands before the metadata.
    fn head(&mut self, row: usize, event: &Event<'_>, uuid: Option<[u8; 16]>) {
        let seed = self.seed;
        let mut add = |column: Fixed, text: &str| {
            self.column(column as usize)
                .add_text(row, text.as_bytes(), seed);
        };
        add(Fixed::Source, event.source.as_str());
        add(Fixed::Name, event.name);
        match event.member {
            None => {}
            Some(Member::Id(id)) => add(Fixed::MemberId, id),
            Some(Member::External(id)) => add(Fixed::ExternalMemberId, id),
        }
        if let Some(parent) = event.parent {
            add(Fixed::Parent, parent);
        }
        match (event.external_id, uuid) {
            (None, _) => {}
            (Some(_), Some(uuid)) => self
                .column(Fixed::ExternalIdUuid as usize)
                .add_uuid(row, uuid),
            (Some(id), None) => add(Fixed::ExternalId, id),
        }
    }

    fn metadata<'a>(
        &mut self,
        row: usize,
        shape: &Shape,
        metadata: MetadataRef<'a>,
        taker: &mut Taker<'a>,
    ) {
        let seed = self.seed;
        taker.take(shape, metadata);
        self.column(Fixed::Layout as usize)
            .add_text(row, &taker.layout, seed);
        if let Some(rest) = taker.rest(metadata) {
            self.column(Fixed::Rest as usize).add_text(row, rest, seed);
        }
        for (place, cell) in &taker.cells {
            let column = self.column(Fixed::COUNT + usize::from(*place));
            match cell {
                Cell::Text(text) => column.add_text(row, text, seed),
                Cell::Bool(bool) => column.add_bool(row, *bool),
                Cell::Whole(whole) => column.add_long(row, *whole),
            }
        }
    }
}

/// A column that every segment has.
fn empty(column: Fixed) -> Column {
    let (is_optional, values) = match column {
        Fixed::Organization => (false, Values::ids()),
        Fixed::Sequence | Fixed::ReceivedAt | Fixed::Timestamp => {
            (false, Values::Longs(Vec::new()))
        }
        Fixed::Ordinal | Fixed::Identity => (false, Values::Numbers(Vec::new())),
        Fixed::Source | Fixed::Name | Fixed::Layout => (false, Values::words()),
        Fixed::MemberId | Fixed::ExternalMemberId | Fixed::Rest => (true, Values::words()),
        Fixed::ExternalId | Fixed::Parent => (true, Values::texts()),
        Fixed::ExternalIdUuid => (true, Values::Uuids(Vec::new())),
    };
    Column::new(is_optional, values)
}
