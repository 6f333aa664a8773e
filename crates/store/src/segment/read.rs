//! Reading a row group: from columns to the rows that were written.

use std::ops::Range;
use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use domain::{Event, Member, MetadataRef, Source, Timestamp};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::SchemaDescriptor;
use xxhash_rust::xxh3::xxh3_64;

use super::index::{Group, RowGroup};
use super::part::SegmentFile;
use super::schema::{self, Fixed};
use super::shape::{Cell, Kind, REST, Shape, WHOLE, give_first};
use crate::error::StoreError;
use crate::files::{damaged, open_named, read_exactly};
use crate::tail::{Block, Columns, CopyIdentities};
use crate::uuid_text;

/// Reads and checks a row group and decodes some rows of one organization in it, counted from the first of these; not none.
pub(super) fn rows(
    file: &SegmentFile,
    group: &Group,
    rows: Range<u32>,
    identities: &dyn CopyIdentities,
) -> Result<Block, StoreError> {
    let first = group.ordinal_first + rows.start;
    decode(file, group, rows, |decoder| {
        decoder.block(&file.shape, first, identities)
    })
}

fn decode<T>(
    file: &SegmentFile,
    group: &Group,
    rows: Range<u32>,
    what: impl FnOnce(&Decoder) -> Result<T, Undecodable>,
) -> Result<T, StoreError> {
    let path = &file.path;
    let open = open_named(&*file.disk, path, file.bytes)?;
    let row_group = (file.row_groups.get(group.number as usize))
        .ok_or_else(|| damaged(&file.index_path, 0, "the index names no such row group"))?;
    let offset = row_group.offset;
    let bytes = usize::try_from(row_group.bytes())
        .map_err(|_| damaged(path, offset, "a row group is too long"))?;
    let bytes = read_exactly(&*open, path, offset, bytes)?;
    check(file, row_group, &bytes)?;
    let source = GroupBytes {
        offset,
        bytes: bytes.into(),
    };
    let in_file = group.row_first + rows.start..group.row_first + rows.end;
    let decoded =
        Decoder::new(&file.schema, row_group, in_file, source).and_then(|decoder| what(&decoder));
    decoded.map_err(|Undecodable| {
        damaged(
            path,
            offset,
            "a row group does not hold what its index says",
        )
    })
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

/// The bytes are those that were written, but they make no sense.
struct Undecodable;

impl From<ParquetError> for Undecodable {
    fn from(_: ParquetError) -> Self {
        Self
    }
}

impl From<std::num::TryFromIntError> for Undecodable {
    fn from(_: std::num::TryFromIntError) -> Self {
        Self
    }
}

impl From<std::str::Utf8Error> for Undecodable {
    fn from(_: std::str::Utf8Error) -> Self {
        Self
    }
}

/// The bytes of a row group, at their place in the file.
struct GroupBytes {
    offset: u64,
    bytes: Bytes,
}

impl Length for GroupBytes {
    fn len(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

impl ChunkReader for GroupBytes {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.len().saturating_sub(start);
        let length = usize::try_from(length).map_err(|_| outside())?;
        Ok(self.get_bytes(start, length)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let start = start.checked_sub(self.offset).ok_or_else(outside)?;
        let start = usize::try_from(start).map_err(|_| outside())?;
        match start.checked_add(length) {
            Some(end) if end <= self.bytes.len() => Ok(self.bytes.slice(start..end)),
            _ => Err(outside()),
        }
    }
}

fn outside() -> ParquetError {
    ParquetError::EOF("outside of the row group".to_owned())
}

/// Decodes columns of one row group.
struct Decoder {
    chunks: Vec<ColumnChunkMetaData>,
    source: Arc<GroupBytes>,
    /// How many rows the group has.
    all_rows: usize,
    /// How many rows are passed over.
    skipped: usize,
    /// How many rows after those are decoded.
    rows: usize,
}

/// The values of a column that has one in some rows, handed out row by row.
struct Optional<T> {
    values: std::vec::IntoIter<T>,
    levels: Vec<i16>,
}

impl<T> Optional<T> {
    /// The value of the row, if it has one. Rows must be asked for in order.
    fn next(&mut self, row: usize) -> Result<Option<T>, Undecodable> {
        match self.levels.get(row) {
            Some(0) => Ok(None),
            Some(_) => Ok(Some(self.values.next().ok_or(Undecodable)?)),
            None => Err(Undecodable),
        }
    }
}

impl Decoder {
    fn new(
        schema: &SchemaDescriptor,
        group: &RowGroup,
        rows: Range<u32>,
        source: GroupBytes,
    ) -> Result<Self, Undecodable> {
        if group.chunks.len() != schema.num_columns() {
            return Err(Undecodable);
        }
        let mut offset = i64::try_from(group.offset)?;
        let mut chunks = Vec::with_capacity(group.chunks.len());
        for (chunk, column) in group.chunks.iter().zip(schema.columns()) {
            let dictionary = Some(offset).filter(|_| chunk.dictionary_bytes > 0);
            chunks.push(
                ColumnChunkMetaData::builder(Arc::clone(column))
                    .set_compression(schema::COMPRESSION)
                    .set_num_values(group.rows.into())
                    .set_dictionary_page_offset(dictionary)
                    .set_data_page_offset(offset + i64::from(chunk.dictionary_bytes))
                    .set_total_compressed_size(chunk.bytes.into())
                    .build()?,
            );
            offset += i64::from(chunk.bytes);
        }
        Ok(Self {
            chunks,
            source: Arc::new(source),
            all_rows: group.rows as usize,
            skipped: rows.start as usize,
            rows: rows.len(),
        })
    }

    fn read<T: DataType>(
        &self,
        column: usize,
        levels: Option<&mut Vec<i16>>,
    ) -> Result<Vec<T::T>, Undecodable> {
        let chunk = self.chunks.get(column).ok_or(Undecodable)?;
        if chunk.column_type() != T::get_physical_type() {
            return Err(Undecodable);
        }
        let source = Arc::clone(&self.source);
        let pages = SerializedPageReader::new(source, chunk, self.all_rows, None)?;
        let mut reader = ColumnReaderImpl::<T>::new(chunk.column_descr_ptr(), Box::new(pages));
        if self.skipped > 0 && reader.skip_records(self.skipped)? != self.skipped {
            return Err(Undecodable);
        }
        let mut values = Vec::with_capacity(self.rows);
        let (rows, _, _) = reader.read_records(self.rows, levels, None, &mut values)?;
        if rows == self.rows {
            Ok(values)
        } else {
            Err(Undecodable)
        }
    }

    fn required<T: DataType>(&self, column: Fixed) -> Result<Vec<T::T>, Undecodable> {
        self.read::<T>(column as usize, None)
    }

    fn optional<T: DataType>(&self, column: usize) -> Result<Optional<T::T>, Undecodable> {
        let mut levels = Vec::with_capacity(self.rows);
        let values = self.read::<T>(column, Some(&mut levels))?;
        Ok(Optional {
            values: values.into_iter(),
            levels,
        })
    }

    fn received_at(&self) -> Result<Vec<Timestamp>, Undecodable> {
        times(self.required::<Int64Type>(Fixed::ReceivedAt)?)
    }

    fn identities(&self) -> Result<Vec<u32>, Undecodable> {
        let numbers = self.required::<Int32Type>(Fixed::Identity)?;
        Ok(numbers.into_iter().map(i32::cast_unsigned).collect())
    }

    fn block(
        &self,
        shape: &Shape,
        ordinal_first: u32,
        identities: &dyn CopyIdentities,
    ) -> Result<Block, Undecodable> {
        let mut columns = Columns::with_capacity(self.rows);
        let sequences = self.required::<Int64Type>(Fixed::Sequence)?;
        columns.sequences = sequences.into_iter().map(i64::cast_unsigned).collect();
        columns.received_at = self.received_at()?;
        columns.timestamps = times(self.required::<Int64Type>(Fixed::Timestamp)?)?;
        columns.identities = self.identities()?;

        let sources = self.required::<ByteArrayType>(Fixed::Source)?;
        let names = self.required::<ByteArrayType>(Fixed::Name)?;
        let mut member_ids = self.optional::<ByteArrayType>(Fixed::MemberId as usize)?;
        let mut external_members =
            self.optional::<ByteArrayType>(Fixed::ExternalMemberId as usize)?;
        let mut external_ids = self.optional::<ByteArrayType>(Fixed::ExternalId as usize)?;
        let mut uuids = self.optional::<FixedLenByteArrayType>(Fixed::ExternalIdUuid as usize)?;
        let mut parents = self.optional::<ByteArrayType>(Fixed::Parent as usize)?;
        let mut metadata = Metadata::new(self, shape)?;

        let mut bytes = Vec::new();
        let mut packed = Vec::new();
        let mut uuid_id = String::new();
        let identities = identities.copy(&columns.identities).ok_or(Undecodable)?;
        for (row, identity) in identities.iter().enumerate() {
            let member_id = member_ids.next(row)?;
            let external_member = external_members.next(row)?;
            let member = match (&member_id, &external_member) {
                (None, None) => None,
                (Some(id), None) => Some(Member::Id(text(id)?)),
                (None, Some(id)) => Some(Member::External(text(id)?)),
                (Some(_), Some(_)) => return Err(Undecodable),
            };
            let external_id = external_ids.next(row)?;
            let external_id = match (&external_id, uuids.next(row)?) {
                (None, None) => None,
                (Some(id), None) => Some(text(id)?),
                (None, Some(uuid)) => {
                    let uuid = uuid.data().try_into().map_err(|_| Undecodable)?;
                    uuid_text::write(uuid, &mut uuid_id);
                    Some(&*uuid_id)
                }
                (Some(_), Some(_)) => return Err(Undecodable),
            };
            let parent = parents.next(row)?;
            let source = match sources.get(row).map(ByteArray::data) {
                Some(b"user") => Source::User,
                Some(b"system") => Source::System,
                _ => return Err(Undecodable),
            };
            let whole = metadata.next(row, shape, &mut packed)?;
            Event {
                source,
                name: text(names.get(row).ok_or(Undecodable)?)?,
                identity,
                member,
                timestamp: *columns.timestamps.get(row).ok_or(Undecodable)?,
                external_id,
                parent: parent.as_ref().map(text).transpose()?,
                metadata: match &whole {
                    Some(bytes) => MetadataRef::from_packed(bytes.data()),
                    None => MetadataRef::from_packed(&packed),
                },
            }
            .encode(&mut bytes);
            let end = u32::try_from(bytes.len()).map_err(|_| Undecodable)?;
            columns.ends.push(end);
        }
        Ok(Block::new(ordinal_first, bytes, columns, Vec::new()))
    }
}

/// The columns of metadata, handed out row by row.
struct Metadata {
    layouts: Vec<ByteArray>,
    rests: Optional<ByteArray>,
    columns: Vec<Values>,
}

enum Values {
    /// No row of the group has a value.
    Absent,
    Text(std::vec::IntoIter<ByteArray>),
    Bool(std::vec::IntoIter<bool>),
    Whole(std::vec::IntoIter<i64>),
}

impl Metadata {
    fn new(decoder: &Decoder, shape: &Shape) -> Result<Self, Undecodable> {
        let layouts = decoder.required::<ByteArrayType>(Fixed::Layout)?;
        let mut is_used = vec![false; 256];
        for place in layouts.iter().flat_map(ByteArray::data) {
            if let Some(used) = is_used.get_mut(usize::from(*place)) {
                *used = true;
            }
        }
        let mut columns = Vec::with_capacity(shape.columns().len());
        let first = Fixed::COUNT;
        for ((at, column), is_used) in (first..).zip(shape.columns()).zip(is_used) {
            columns.push(match column.kind {
                _ if !is_used => Values::Absent,
                Kind::Text => Values::Text(decoder.optional::<ByteArrayType>(at)?.values),
                Kind::Bool => Values::Bool(decoder.optional::<BoolType>(at)?.values),
                Kind::Integer | Kind::Decimal { .. } => {
                    Values::Whole(decoder.optional::<Int64Type>(at)?.values)
                }
            });
        }
        Ok(Self {
            layouts,
            rests: decoder.optional::<ByteArrayType>(Fixed::Rest as usize)?,
            columns,
        })
    }

    /// Puts the metadata of a row together in `out`, or returns it, where the rest has all of it.
    fn next(
        &mut self,
        row: usize,
        shape: &Shape,
        out: &mut Vec<u8>,
    ) -> Result<Option<ByteArray>, Undecodable> {
        out.clear();
        let layout = self.layouts.get(row).ok_or(Undecodable)?.data();
        let rest = self.rests.next(row)?;
        if layout == [WHOLE] {
            return Ok(Some(rest.ok_or(Undecodable)?));
        }
        let mut rest = rest.as_ref().map_or(&[][..], ByteArray::data);
        for place in layout {
            if *place == REST {
                rest = give_first(rest, out).ok_or(Undecodable)?;
                continue;
            }
            let place = usize::from(*place);
            let column = shape.columns().get(place).ok_or(Undecodable)?;
            match self.columns.get_mut(place).ok_or(Undecodable)? {
                Values::Absent => return Err(Undecodable),
                Values::Text(values) => {
                    let value = values.next().ok_or(Undecodable)?;
                    column.write(Cell::Text(value.data()), out);
                }
                Values::Bool(values) => {
                    column.write(Cell::Bool(values.next().ok_or(Undecodable)?), out);
                }
                Values::Whole(values) => {
                    column.write(Cell::Whole(values.next().ok_or(Undecodable)?), out);
                }
            }
        }
        Ok(None)
    }
}

fn text(bytes: &ByteArray) -> Result<&str, Undecodable> {
    Ok(std::str::from_utf8(bytes.data())?)
}

fn times(micros: Vec<i64>) -> Result<Vec<Timestamp>, Undecodable> {
    let times = micros.into_iter().map(Timestamp::from_micros);
    times.collect::<Option<_>>().ok_or(Undecodable)
}
