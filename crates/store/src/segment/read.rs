//! Reading a row group: from columns to the rows that were written.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use domain::{Event, Member, MetadataRef, Source};
use xxhash_rust::xxh3::xxh3_64;

use super::columns::chunk::Chunk;
use super::columns::{BoolColumn, TextColumn, UuidColumn, Wanted, WholeColumn, is_optional};
use super::index::{Group, RowGroup};
use super::part::SegmentFile;
use super::schema::Fixed;
use super::shape::{Cell, Kind, REST, Shape, WHOLE, give_first};
use crate::error::StoreError;
use crate::files::{damaged, open_named, read_exactly};
use crate::tail::{Block, Columns, CopyIdentities};
use crate::uuid_text;

/// Reads and checks a row group and decodes some rows of one organization in it, counted from the first of these; not none.
pub(super) fn rows(
    file: &Arc<SegmentFile>,
    group: &Group,
    rows: Range<u32>,
    identities: &dyn CopyIdentities,
) -> Result<Block, StoreError> {
    let path = &file.path;
    let open = open_named(&*file.disk, path, file.bytes)?;
    let row_group = (file.row_groups.get(group.number as usize))
        .ok_or_else(|| damaged(&file.index_path, 0, "the index names no such row group"))?;
    let offset = row_group.offset;
    let bytes = usize::try_from(row_group.bytes())
        .map_err(|_| damaged(path, offset, "a row group is too long"))?;
    let bytes = read_exactly(&*open, path, offset, bytes)?;
    check(file, row_group, &bytes)?;
    let first = (group.row_first + rows.start) as usize;
    let decoder = Decoder {
        file,
        row_group,
        bytes: bytes.into(),
        rows: first..first + rows.len(),
    };
    decoder.block(group.ordinal_first + rows.start, identities)
}

/// Checks the bytes of a whole row group, column by column.
fn check(file: &SegmentFile, row_group: &RowGroup, bytes: &[u8]) -> Result<(), StoreError> {
    let (mut offset, mut rest) = (row_group.offset, bytes);
    for chunk in &row_group.chunks {
        let split = rest.split_at_checked(chunk.bytes as usize);
        let (column, behind) = split.unwrap_or((rest, &[]));
        if xxh3_64(column) != chunk.checksum {
            return Err(damaged(&file.path, offset, CHECKSUM));
        }
        offset += u64::from(chunk.bytes);
        rest = behind;
    }
    Ok(())
}

pub(super) const CHECKSUM: &str = "a column does not match its checksum";

/// Decodes rows of one row group.
struct Decoder<'a> {
    file: &'a Arc<SegmentFile>,
    row_group: &'a RowGroup,
    bytes: Bytes,
    /// Of the row group.
    rows: Range<usize>,
}

impl Decoder<'_> {
    /// The bytes are those that were written, but they make no sense.
    fn undecodable(&self) -> StoreError {
        let what = "a row group does not hold what its index says";
        damaged(&self.file.path, self.row_group.offset, what)
    }

    fn chunk(&self, column: usize) -> Result<Chunk, StoreError> {
        let chunks = &self.row_group.chunks;
        let before = chunks.get(..column).unwrap_or_default();
        let start: usize = before.iter().map(|chunk| chunk.bytes as usize).sum();
        let chunk = chunks.get(column).ok_or_else(|| self.undecodable())?;
        Chunk::new(
            Arc::clone(self.file),
            self.row_group.offset + start as u64,
            self.bytes.slice(start..start + chunk.bytes as usize),
            is_optional(&self.file.schema, column),
            self.rows.clone(),
        )
    }

    fn texts(&self, column: usize) -> Result<TextColumn, StoreError> {
        let mut texts = TextColumn::new(self.chunk(column)?)?;
        texts.load(Wanted::All)?;
        Ok(texts)
    }

    fn wholes(&self, column: usize) -> Result<WholeColumn, StoreError> {
        let mut wholes = WholeColumn::new(self.chunk(column)?);
        wholes.load(Wanted::All)?;
        Ok(wholes)
    }

    fn block(
        &self,
        ordinal_first: u32,
        identities: &dyn CopyIdentities,
    ) -> Result<Block, StoreError> {
        let all = 0..self.rows.len();
        let mut columns = Columns::with_capacity(self.rows.len());
        let sequences = self.wholes(Fixed::Sequence as usize)?;
        columns.sequences = (sequences.values().iter())
            .map(|sequence| sequence.cast_unsigned())
            .collect();
        columns.received_at = self
            .wholes(Fixed::ReceivedAt as usize)?
            .times(all.clone())?;
        columns.timestamps = self.wholes(Fixed::Timestamp as usize)?.times(all.clone())?;
        columns.identities = self.wholes(Fixed::Identity as usize)?.numbers(all);

        let sources = self.texts(Fixed::Source as usize)?;
        let names = self.texts(Fixed::Name as usize)?;
        let member_ids = self.texts(Fixed::MemberId as usize)?;
        let external_members = self.texts(Fixed::ExternalMemberId as usize)?;
        let external_ids = self.texts(Fixed::ExternalId as usize)?;
        let mut uuids = UuidColumn::new(self.chunk(Fixed::ExternalIdUuid as usize)?);
        uuids.load(Wanted::All)?;
        let parents = self.texts(Fixed::Parent as usize)?;
        let metadata = Metadata::new(self)?;

        let undecodable = || self.undecodable();
        let mut bytes = Vec::new();
        let mut packed = Vec::new();
        let mut uuid_id = String::new();
        let identities = (identities.copy(&columns.identities)).ok_or_else(undecodable)?;
        for (row, identity) in identities.iter().enumerate() {
            let member = match (text(&member_ids, row)?, text(&external_members, row)?) {
                (None, None) => None,
                (Some(id), None) => Some(Member::Id(id)),
                (None, Some(id)) => Some(Member::External(id)),
                (Some(_), Some(_)) => return Err(undecodable()),
            };
            let uuid = uuids.values().get(row).copied().flatten();
            let external_id = match (text(&external_ids, row)?, uuid) {
                (None, None) => None,
                (Some(id), None) => Some(id),
                (None, Some(uuid)) => {
                    uuid_text::write(uuid, &mut uuid_id);
                    Some(&*uuid_id)
                }
                (Some(_), Some(_)) => return Err(undecodable()),
            };
            let source = match text(&sources, row)? {
                Some("user") => Source::User,
                Some("system") => Source::System,
                _ => return Err(undecodable()),
            };
            let whole = (metadata.put_together(row, &self.file.shape, &mut packed))
                .ok_or_else(undecodable)?;
            Event {
                source,
                name: text(&names, row)?.ok_or_else(undecodable)?,
                identity,
                member,
                timestamp: *columns.timestamps.get(row).ok_or_else(undecodable)?,
                external_id,
                parent: text(&parents, row)?,
                metadata: match whole {
                    Some(bytes) => MetadataRef::from_packed(bytes),
                    None => MetadataRef::from_packed(&packed),
                },
            }
            .encode(&mut bytes);
            let end = u32::try_from(bytes.len()).map_err(|_| undecodable())?;
            columns.ends.push(end);
        }
        Ok(Block::new(ordinal_first, bytes, columns, Vec::new()))
    }
}

fn text(column: &TextColumn, row: usize) -> Result<Option<&str>, StoreError> {
    let code = column.codes().get(row);
    column.text(code.copied().unwrap_or_default())
}

/// The columns of metadata.
struct Metadata {
    layouts: TextColumn,
    rests: TextColumn,
    columns: Vec<Values>,
}

enum Values {
    /// No row has a value.
    Absent,
    Text(TextColumn),
    Bool(BoolColumn),
    Whole(WholeColumn),
}

impl Metadata {
    fn new(decoder: &Decoder<'_>) -> Result<Self, StoreError> {
        let layouts = decoder.texts(Fixed::Layout as usize)?;
        // Columns of keys that no row has are passed over.
        let mut is_used = [false; 256];
        let mut before = 0;
        for code in layouts.codes() {
            if *code != before {
                for place in layouts.bytes(*code).unwrap_or_default() {
                    if let Some(used) = is_used.get_mut(usize::from(*place)) {
                        *used = true;
                    }
                }
            }
            before = *code;
        }
        let mut columns = Vec::with_capacity(decoder.file.shape.columns().len());
        for ((at, column), is_used) in (Fixed::COUNT..)
            .zip(decoder.file.shape.columns())
            .zip(is_used)
        {
            columns.push(match column.kind {
                _ if !is_used => Values::Absent,
                Kind::Text => Values::Text(decoder.texts(at)?),
                Kind::Bool => {
                    let mut bools = BoolColumn::new(decoder.chunk(at)?);
                    bools.load(Wanted::All)?;
                    Values::Bool(bools)
                }
                Kind::Integer | Kind::Decimal { .. } => Values::Whole(decoder.wholes(at)?),
            });
        }
        Ok(Self {
            layouts,
            rests: decoder.texts(Fixed::Rest as usize)?,
            columns,
        })
    }

    /// Puts the metadata of a row together in `out`, or returns it, where the rest has all of it. `None` when columns and layout do not go
    /// together.
    #[expect(
        clippy::option_option,
        reason = "the outer one is a failure, for the question mark"
    )]
    fn put_together(&self, row: usize, shape: &Shape, out: &mut Vec<u8>) -> Option<Option<&[u8]>> {
        out.clear();
        let layout = self.layouts.bytes(*self.layouts.codes().get(row)?)?;
        let rest = self.rests.bytes(*self.rests.codes().get(row)?);
        if layout == [WHOLE] {
            return rest.map(Some);
        }
        let mut rest = rest.unwrap_or_default();
        for place in layout {
            if *place == REST {
                rest = give_first(rest, out)?;
                continue;
            }
            let place = usize::from(*place);
            let cell = match self.columns.get(place)? {
                Values::Absent => return None,
                Values::Text(texts) => Cell::Text(texts.bytes(*texts.codes().get(row)?)?),
                Values::Bool(bools) => Cell::Bool((*bools.values().get(row)?)?),
                Values::Whole(wholes) => {
                    wholes.present().get(row).filter(|present| **present)?;
                    Cell::Whole(*wholes.values().get(row)?)
                }
            };
            shape.columns().get(place)?.write(cell, out);
        }
        Some(None)
    }
}
