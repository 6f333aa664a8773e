//! Writing a segment.

use std::io::{self, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use domain::{Event, Member, OrganizationId, Timestamp};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use xxhash_rust::xxh3::xxh3_64;

use super::index::{Chunk, Group, HEADER, PartIndex, RowGroup, SegmentIndex};
use super::schema::{self, Fixed};
use super::shape::{Cell, Kind, Shape, Taker};
use super::{part, postings};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::{NewFile, NewFiles};
use crate::limits::{GROUP_BYTES, GROUP_ROWS, SHAPE_ROWS_SAMPLED, SHARED_GROUP_ROWS};
use crate::tail::{Block, NO_ROW};
use crate::uuid_text;

/// Rows of one organization that are to be sealed: blocks and the rows in each, in order and without gaps.
#[derive(Debug)]
pub(crate) struct RowSource {
    pub(crate) organization: OrganizationId,
    pub(crate) blocks: Vec<(Arc<Block>, Range<usize>)>,
    /// One more than the greatest identity of these rows or any before.
    pub(crate) identities_end: u32,
}

/// Writes the two files of a segment.
pub(crate) struct SegmentWriter;

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) directory_checksum: u64,
    pub(crate) index: SegmentIndex,
}

impl RowSource {
    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.blocks.iter().map(|(_, rows)| rows.len()).sum()
    }

    /// How many rows, and about how many bytes they take in memory.
    pub(crate) fn size(&self) -> (u64, u64) {
        let bytes = self
            .blocks
            .iter()
            .map(|(block, rows)| block.bytes_of(rows.clone()));
        (self.rows() as u64, bytes.sum())
    }

    /// Pieces of at most [`GROUP_ROWS`] rows, which end with the row by which they reach [`GROUP_BYTES`]: whoever looks at one row
    /// has to read what stands around it.
    fn pieces(&self) -> Vec<Rows<'_>> {
        let mut groups = Vec::new();
        let mut group: Rows<'_> = Vec::new();
        let (mut rows_in, mut bytes_in) = (0, 0);
        for (block, rows) in &self.blocks {
            let mut start = rows.start;
            for row in rows.clone() {
                rows_in += 1;
                bytes_in += block.row_bytes(row).len();
                if rows_in == GROUP_ROWS || bytes_in >= GROUP_BYTES {
                    group.push((block, start..row + 1));
                    groups.push(std::mem::take(&mut group));
                    (start, rows_in, bytes_in) = (row + 1, 0, 0);
                }
            }
            if start < rows.end {
                group.push((block, start..rows.end));
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
        groups
    }

    fn events(&self, every: usize) -> impl Iterator<Item = Event<'_>> {
        let rows = (self.blocks.iter())
            .flat_map(|(block, rows)| rows.clone().map(move |row| (block, row)));
        rows.step_by(every)
            .map(|(block, row)| block.row(row).event())
    }
}

/// Rows that follow each other.
type Rows<'a> = Vec<(&'a Arc<Block>, Range<usize>)>;

/// Rows of one organization in a row group.
pub(super) struct Piece<'a> {
    /// The place of the organization's rows among all sources.
    source: usize,
    organization: OrganizationId,
    rows: Rows<'a>,
}

impl Piece<'_> {
    fn len(&self) -> usize {
        self.rows.iter().map(|(_, rows)| rows.len()).sum()
    }

    fn bytes(&self) -> usize {
        let row_bytes = |(block, rows): &(&Arc<Block>, Range<usize>)| -> usize {
            rows.clone().map(|row| block.row_bytes(row).len()).sum()
        };
        self.rows.iter().map(row_bytes).sum()
    }
}

/// What stands in each row group. An organization with many rows has row groups of its own; those with few share one, as a row
/// group costs some thousand bytes however few rows it has.
pub(super) fn row_groups<'a>(sources: &[&'a RowSource]) -> Vec<Vec<Piece<'a>>> {
    let mut row_groups = Vec::new();
    let mut shared: Vec<Piece<'a>> = Vec::new();
    let (mut shared_rows, mut shared_bytes) = (0, 0);
    for (at, source) in sources.iter().enumerate() {
        let is_small = source.rows() < SHARED_GROUP_ROWS;
        for rows in source.pieces() {
            let piece = Piece {
                source: at,
                organization: source.organization,
                rows,
            };
            let is_full = shared_rows + piece.len() > GROUP_ROWS || shared_bytes >= GROUP_BYTES;
            if !shared.is_empty() && (!is_small || is_full) {
                row_groups.push(std::mem::take(&mut shared));
                (shared_rows, shared_bytes) = (0, 0);
            }
            if is_small {
                shared_rows += piece.len();
                shared_bytes += piece.bytes();
                shared.push(piece);
            } else {
                row_groups.push(vec![piece]);
            }
        }
    }
    if !shared.is_empty() {
        row_groups.push(shared);
    }
    row_groups
}

impl SegmentWriter {
    /// Writes and syncs the files of a segment of these rows, the sources ordered by organization.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`: what the system refused.
    pub(crate) fn write(
        files: &mut NewFiles,
        path: PathBuf,
        index_path: PathBuf,
        sources: &[&RowSource],
    ) -> Result<Written, StoreError> {
        let rows: usize = sources.iter().map(|source| source.rows()).sum();
        let every = (rows / SHAPE_ROWS_SAMPLED).max(1);
        let shape = Shape::of(sources.iter().flat_map(|source| source.events(every)));

        let mut index_file = files.create(index_path)?;
        index_file.append(&HEADER)?;
        let mut parquet = ParquetFile::new(files.create(path)?, shape)?;
        let mut parts = Vec::with_capacity(sources.len());
        let mut groups_of: Vec<Vec<Group>> = sources.iter().map(|_| Vec::new()).collect();
        for row_group in row_groups(sources) {
            let groups = parquet.row_group(&row_group)?;
            for (piece, group) in row_group.iter().zip(groups) {
                if let Some(of) = groups_of.get_mut(piece.source) {
                    of.push(group);
                }
            }
        }
        for (source, groups) in sources.iter().zip(groups_of) {
            let ordinal_first = groups.first().map_or(0, |group| group.ordinal_first);
            let identities = source.blocks.iter().flat_map(|(block, rows)| {
                let identities = block.identities().get(rows.clone());
                identities.unwrap_or_default().iter().copied()
            });
            let rows = identities.zip(ordinal_first..).collect();
            parts.push(PartIndex {
                organization: source.organization,
                identities_end: source.identities_end,
                groups,
                postings: postings::write(rows, ordinal_first, &mut index_file)?,
            });
        }
        let (bytes, shape, row_groups) = parquet.finish()?;
        let index = SegmentIndex {
            shape,
            row_groups,
            parts,
        };
        let directory = index.encode();
        index_file.append(&directory)?;
        Ok(Written {
            bytes,
            index_bytes: index_file.finish()?,
            directory_bytes: directory.len() as u64,
            directory_checksum: xxh3_64(&directory),
            index,
        })
    }
}

impl Written {
    /// The parts of the segment, to read from.
    pub(crate) fn parts(
        self,
        disk: &Arc<dyn Disk>,
        place: &part::SegmentPlace,
    ) -> Vec<Arc<part::Part>> {
        part::parts(disk, place, self.index)
    }
}

struct ParquetFile {
    writer: SerializedFileWriter<Sink>,
    shape: Shape,
    row_groups: Vec<RowGroup>,
}

impl ParquetFile {
    fn new(file: NewFile, shape: Shape) -> Result<Self, StoreError> {
        let (schema, properties) = schema::segment(&shape);
        // The writer owns the file and hands it back at no error, so it is asked for the path before.
        let path = file.path().to_owned();
        let sink = Sink {
            file,
            group: Vec::new(),
        };
        let writer = SerializedFileWriter::new(sink, schema, properties)
            .map_err(|error| StoreError::write(&path, io::Error::other(error)))?;
        Ok(Self {
            writer,
            shape,
            row_groups: Vec::new(),
        })
    }

    /// Writes a row group. Returns what readers need to know of each piece.
    fn row_group(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Group>, StoreError> {
        let columns = Columns::new(&self.shape, pieces);
        let all_rows = columns.rows;
        let written = columns.write(&mut self.writer);
        let (offset, chunks) = written.map_err(|error| self.failed(error))?;
        let number = u32::try_from(self.row_groups.len()).expect("a segment has few row groups");
        let mut row_first = 0;
        let mut groups = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let all = || {
                let rows = piece.rows.iter();
                rows.flat_map(|(block, rows)| rows.clone().map(|row| block.row(row)))
            };
            let first = all().next().expect("a piece has rows");
            let last = piece
                .rows
                .last()
                .map(|(block, rows)| block.row(rows.end - 1));
            let last = last.expect("a piece has rows");
            let times = all().map(|row| row.timestamp);
            let rows = last.ordinal - first.ordinal + 1;
            groups.push(Group {
                number,
                row_first,
                ordinal_first: first.ordinal,
                rows,
                times: (
                    times.clone().min().unwrap_or(first.timestamp),
                    times.max().unwrap_or(first.timestamp),
                ),
                received_at: (first.received_at, last.received_at),
                sequences: (first.sequence, last.sequence),
            });
            row_first += rows;
        }
        assert_eq!(row_first as usize, all_rows, "rows follow each other");
        self.row_groups.push(RowGroup {
            rows: row_first,
            offset,
            chunks,
        });
        Ok(groups)
    }

    /// Writes the footer and makes the file durable.
    fn finish(mut self) -> Result<(u64, Shape, Vec<RowGroup>), StoreError> {
        let finished = self.writer.finish().map(drop);
        let flushed = finished.and_then(|()| Ok(self.writer.flush()?));
        let settled = flushed.and_then(|()| Ok(self.writer.inner_mut().settle()?));
        settled.map_err(|error| self.failed(error))?;
        let bytes = self.writer.inner_mut().file.finish()?;
        Ok((bytes, self.shape, self.row_groups))
    }

    fn failed(&mut self, error: ParquetError) -> StoreError {
        let file = &mut self.writer.inner_mut().file;
        file.failed(io::Error::other(error))
    }
}

/// Where the Parquet writer writes: a file, and before it the bytes of the row group that is being written, so that each of its
/// columns gets a checksum.
struct Sink {
    file: NewFile,
    group: Vec<u8>,
}

impl Sink {
    /// Hands over what was written.
    fn settle(&mut self) -> io::Result<()> {
        self.file.write_all(&self.group)?;
        self.group.clear();
        Ok(())
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.group.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The columns of a row group.
struct Columns {
    columns: Vec<Column>,
    rows: usize,
}

/// The values of a column. Where they are optional, a level of 1 stands for each row that has one.
struct Column {
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
    Long(Vec<i64>),
    Short(Vec<i32>),
    Bool(Vec<bool>),
}

impl Columns {
    fn new(shape: &Shape, pieces: &[Piece<'_>]) -> Self {
        let rows = pieces.iter().map(Piece::len).sum();
        let mut columns = Self {
            columns: (0..Fixed::COUNT)
                .map(|_| Values::Long(Vec::new()))
                .chain(shape.columns().iter().map(|column| match column.kind {
                    Kind::Text => Values::Bytes(Vec::new()),
                    Kind::Bool => Values::Bool(Vec::new()),
                    Kind::Integer | Kind::Decimal { .. } => Values::Long(Vec::new()),
                }))
                .map(|values| Column {
                    values,
                    levels: Vec::new(),
                })
                .collect(),
            rows,
        };
        let mut organizations = Vec::with_capacity(rows);
        let mut ordinals = Vec::with_capacity(rows);
        for piece in pieces {
            let id = FixedLenByteArray::from(piece.organization.as_bytes().to_vec());
            organizations.resize(organizations.len() + piece.len(), id);
            let first = piece.rows.first().map_or(NO_ROW, |(block, rows)| {
                block.ordinal_first() + u32::try_from(rows.start).expect("ordinals have 32 bits")
            });
            ordinals.extend((first..).take(piece.len()).map(u32::cast_signed));
        }
        columns.put(Fixed::Organization, Values::Fixed(organizations));
        columns.put(Fixed::Ordinal, Values::Short(ordinals));
        let blocks: Vec<_> = pieces
            .iter()
            .flat_map(|piece| piece.rows.iter().cloned())
            .collect();
        columns.numbers(&blocks);
        columns.texts(shape, &blocks);
        columns
    }

    fn put(&mut self, column: Fixed, values: Values) {
        if let Some(place) = self.columns.get_mut(column as usize) {
            place.values = values;
        }
    }

    fn numbers(&mut self, blocks: &[(&Arc<Block>, Range<usize>)]) {
        fn gather<'a, S: Copy + 'a, T>(
            blocks: &[(&'a Arc<Block>, Range<usize>)],
            column: impl Fn(&'a Block) -> &'a [S],
            convert: impl Fn(S) -> T,
        ) -> Vec<T> {
            let slices = blocks
                .iter()
                .filter_map(|(block, rows)| column(block).get(rows.clone()));
            slices.flatten().map(|value| convert(*value)).collect()
        }
        let sequences = gather(blocks, Block::sequences, u64::cast_signed);
        self.put(Fixed::Sequence, Values::Long(sequences));
        let received_at = gather(blocks, Block::received_at, Timestamp::micros);
        self.put(Fixed::ReceivedAt, Values::Long(received_at));
        let timestamps = gather(blocks, Block::timestamps, Timestamp::micros);
        self.put(Fixed::Timestamp, Values::Long(timestamps));
        let identities = gather(blocks, Block::identities, u32::cast_signed);
        self.put(Fixed::Identity, Values::Short(identities));
    }

    fn texts(&mut self, shape: &Shape, blocks: &[(&Arc<Block>, Range<usize>)]) {
        use Fixed::{
            ExternalId, ExternalIdUuid, ExternalMemberId, Layout, MemberId, Name, Parent, Rest,
            Source,
        };
        for column in [
            Source,
            Name,
            MemberId,
            ExternalMemberId,
            ExternalId,
            Parent,
            Layout,
            Rest,
        ] {
            self.put(column, Values::Bytes(Vec::new()));
        }
        self.put(ExternalIdUuid, Values::Fixed(Vec::new()));
        let mut at = 0;
        for (block, rows) in blocks {
            let owner = Bytes::from_owner(SharedBlock(Arc::clone(block)));
            // Text of a row is not copied: it is a slice of the block.
            let slice = |text: &str| ByteArray::from(owner.slice_ref(text.as_bytes()));
            let copy = |bytes: &[u8]| ByteArray::from(bytes.to_vec());
            let mut taker = Taker::default();
            for row in rows.clone() {
                let event = block.row(row).event();
                self.set(
                    Source as usize,
                    at,
                    Field::Bytes(event.source.as_str().into()),
                );
                self.set(Name as usize, at, Field::Bytes(slice(event.name)));
                match event.member {
                    None => {}
                    Some(Member::Id(id)) => {
                        self.set(MemberId as usize, at, Field::Bytes(slice(id)));
                    }
                    Some(Member::External(id)) => {
                        self.set(ExternalMemberId as usize, at, Field::Bytes(slice(id)));
                    }
                }
                match event.external_id.map(|id| (id, uuid_text::parse(id))) {
                    None => {}
                    Some((_, Some(uuid))) => {
                        let uuid = FixedLenByteArray::from(uuid.to_vec());
                        self.set(ExternalIdUuid as usize, at, Field::Fixed(uuid));
                    }
                    Some((id, None)) => self.set(ExternalId as usize, at, Field::Bytes(slice(id))),
                }
                if let Some(parent) = event.parent {
                    self.set(Parent as usize, at, Field::Bytes(slice(parent)));
                }
                taker.take(shape, event.metadata);
                self.set(Layout as usize, at, Field::Bytes(copy(&taker.layout)));
                if let Some(rest) = taker.rest(event.metadata) {
                    self.set(Rest as usize, at, Field::Bytes(copy(rest)));
                }
                for (place, cell) in &taker.cells {
                    let field = match cell {
                        Cell::Text(text) => Field::Bytes(ByteArray::from(owner.slice_ref(text))),
                        Cell::Bool(bool) => Field::Bool(*bool),
                        Cell::Whole(whole) => Field::Long(*whole),
                    };
                    self.set(Fixed::COUNT + usize::from(*place), at, field);
                }
                at += 1;
            }
        }
    }

    /// Gives the row `at` a value; rows before it that were given none have none.
    fn set(&mut self, column: usize, at: usize, field: Field) {
        let column = self.columns.get_mut(column).expect("columns are places");
        column.levels.resize(at, 0);
        column.levels.push(1);
        match (&mut column.values, field) {
            (Values::Bytes(values), Field::Bytes(value)) => values.push(value),
            (Values::Fixed(values), Field::Fixed(value)) => values.push(value),
            (Values::Long(values), Field::Long(value)) => values.push(value),
            (Values::Bool(values), Field::Bool(value)) => values.push(value),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Writes the row group. Returns where it begins and its columns.
    fn write(
        mut self,
        writer: &mut SerializedFileWriter<Sink>,
    ) -> Result<(u64, Box<[Chunk]>), ParquetError> {
        writer.flush()?;
        writer.inner_mut().settle()?;
        let offset = writer.bytes_written() as u64;
        let mut group = writer.next_row_group()?;
        for column in &mut self.columns {
            column.levels.resize(self.rows, 0);
            let levels = Some(&*column.levels);
            let mut writer = group
                .next_column()?
                .expect("the schema has as many columns");
            match &column.values {
                Values::Bytes(values) => writer
                    .typed::<ByteArrayType>()
                    .write_batch(values, levels, None)?,
                Values::Fixed(values) => {
                    (writer.typed::<FixedLenByteArrayType>()).write_batch(values, levels, None)?
                }
                Values::Long(values) => writer
                    .typed::<Int64Type>()
                    .write_batch(values, levels, None)?,
                Values::Short(values) => writer
                    .typed::<Int32Type>()
                    .write_batch(values, levels, None)?,
                Values::Bool(values) => writer
                    .typed::<BoolType>()
                    .write_batch(values, levels, None)?,
            };
            writer.close()?;
        }
        let metadata = group.close()?;
        writer.flush()?;
        let mut written = &*writer.inner_mut().group;
        let mut next = offset;
        let mut chunks = Vec::with_capacity(metadata.num_columns());
        for column in metadata.columns() {
            let (start, bytes) = column.byte_range();
            let data = u64::try_from(column.data_page_offset())?;
            if start != next || data < start {
                let what = "columns do not follow each other";
                return Err(ParquetError::General(what.to_owned()));
            }
            next = start + bytes;
            let length = usize::try_from(bytes)?;
            let (chunk, rest) = (written.split_at_checked(length))
                .ok_or_else(|| ParquetError::General("a column is not there".to_owned()))?;
            written = rest;
            chunks.push(Chunk {
                bytes: u32::try_from(bytes)?,
                dictionary_bytes: u32::try_from(data - start)?,
                checksum: xxh3_64(chunk),
            });
        }
        Ok((offset, chunks.into()))
    }
}

enum Field {
    Bytes(ByteArray),
    Fixed(FixedLenByteArray),
    Long(i64),
    Bool(bool),
}

/// A block whose bytes are shared by its texts.
struct SharedBlock(Arc<Block>);

impl AsRef<[u8]> for SharedBlock {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}
