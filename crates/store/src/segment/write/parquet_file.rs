//! The Parquet file of a segment: row groups one behind the other, then the footer.

use std::io;
use std::sync::Arc;

use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor};

use super::super::index::{Chunk, RowGroup};
use super::super::schema;
use super::super::shape::Shape;
use super::column::{Column, Values, WrittenColumn};
use super::gather::Columns;
use super::pages::Pages;
use super::verify::Verifier;
use crate::error::StoreError;
use crate::files::{NewFile, damaged};

/// What a Parquet file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// The version of the format: its first pages.
const VERSION: i32 = 1;

/// What row groups are made in.
#[derive(Debug, Default)]
pub(super) struct Room {
    pages: Pages,
    /// A page.
    content: Vec<u8>,
    verifier: Verifier,
}

/// A Parquet file that is being written.
#[derive(Debug)]
pub(super) struct ParquetFile<'a> {
    file: NewFile,
    schema: SchemaDescPtr,
    /// For the footer.
    footers: Vec<RowGroupMetaData>,
    rows: i64,
    row_groups: Vec<RowGroup>,
    room: &'a mut Room,
}

impl<'a> ParquetFile<'a> {
    pub(super) fn new(
        mut file: NewFile,
        shape: &Shape,
        room: &'a mut Room,
    ) -> Result<Self, StoreError> {
        file.append(MAGIC)?;
        Ok(Self {
            file,
            schema: Arc::new(SchemaDescriptor::new(schema::segment(shape))),
            footers: Vec::new(),
            rows: 0,
            row_groups: Vec::new(),
            room,
        })
    }

    /// The number that the next row group has.
    pub(super) fn next(&self) -> u32 {
        u32::try_from(self.row_groups.len()).expect("a segment has few row groups")
    }

    /// Writes a row group, and reads its columns back before they go to the file.
    ///
    /// # Errors
    /// `NoSpace`, `Write`: what the system refused. `Damaged`: a column does not come back as it was.
    pub(super) fn row_group(&mut self, columns: &mut Columns) -> Result<(), StoreError> {
        let rows = columns.rows();
        let offset = self.file.position();
        self.room.pages.clear();
        let mut chunks = Vec::with_capacity(columns.all().len());
        let mut footers = Vec::with_capacity(columns.all().len());
        let (mut next, mut plain_bytes) = (offset, 0);
        for (place, column) in columns.all().iter_mut().enumerate() {
            let Room {
                pages,
                content,
                verifier,
            } = &mut *self.room;
            let start = pages.bytes().len();
            let written = column.write(rows, pages, content);
            let own = pages.bytes().get(start..).unwrap_or_default();
            if verifier.verify(column, rows, own).is_none() {
                return Err(self.misfit("a column is not what is read back from its pages"));
            }
            chunks.push(chunk(&written));
            plain_bytes += written.plain_bytes;
            let footer = self.footer(place, column, rows, next, &written);
            footers.push(footer.map_err(|error| self.failed(error))?);
            next += written.bytes as u64;
        }
        self.file.append(self.room.pages.bytes())?;
        let footer = RowGroupMetaData::builder(Arc::clone(&self.schema))
            .set_column_metadata(footers)
            .set_total_byte_size(plain_bytes.cast_signed())
            .set_num_rows(signed(rows))
            .set_ordinal(self.next().cast_signed())
            .set_file_offset(offset.cast_signed())
            .build();
        let footer = footer.map_err(|error| self.failed(error))?;
        self.footers.push(footer);
        self.rows += signed(rows);
        self.row_groups.push(RowGroup {
            rows: u32::try_from(rows).expect("a row group has few rows"),
            offset,
            chunks: chunks.into(),
        });
        Ok(())
    }

    /// What to report when the next row group would not be what it should.
    pub(super) fn misfit(&self, what: &'static str) -> StoreError {
        damaged(self.file.path(), self.file.position(), what)
    }

    /// What the footer says of a column of a row group.
    fn footer(
        &self,
        place: usize,
        column: &Column,
        rows: usize,
        offset: u64,
        written: &WrittenColumn,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let (dictionary, offset) = (written.dictionary_bytes, offset.cast_signed());
        let builder = ColumnChunkMetaData::builder(self.schema.column(place))
            .set_encodings(written.encodings.clone())
            .set_compression(schema::COMPRESSION)
            .set_num_values(signed(rows))
            .set_total_compressed_size(signed(written.bytes))
            .set_total_uncompressed_size(written.plain_bytes.cast_signed())
            .set_dictionary_page_offset((dictionary > 0).then_some(offset))
            .set_data_page_offset(offset + signed(dictionary));
        let builder = match schema::is_sought(place)
            .then(|| statistics(column))
            .flatten()
        {
            Some(statistics) => builder.set_statistics(statistics),
            None => builder,
        };
        builder.build()
    }

    /// Writes the footer and makes the file durable.
    pub(super) fn finish(mut self) -> Result<(u64, Vec<RowGroup>), StoreError> {
        let file = FileMetaData::new(
            VERSION,
            self.rows,
            Some(schema::CREATED_BY.to_owned()),
            None,
            Arc::clone(&self.schema),
            // The writer of the footer gives the orders of the columns itself.
            None,
        );
        let metadata = ParquetMetaData::new(file, std::mem::take(&mut self.footers));
        let mut footer = Vec::new();
        let written = ParquetMetaDataWriter::new(&mut footer, &metadata).finish();
        written.map_err(|error| self.failed(error))?;
        self.file.append(&footer)?;
        Ok((self.file.finish()?, self.row_groups))
    }

    fn failed(&mut self, error: ParquetError) -> StoreError {
        self.file.failed(io::Error::other(error))
    }
}

fn chunk(written: &WrittenColumn) -> Chunk {
    let small = |bytes| u32::try_from(bytes).expect("a column of a row group is below 4 GiB");
    Chunk {
        bytes: small(written.bytes),
        dictionary_bytes: small(written.dictionary_bytes),
        checksum: written.checksum,
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).expect("a length in memory")
}

/// The least and the greatest value of a column that has a value in each row.
fn statistics(column: &Column) -> Option<Statistics> {
    let bytes = |bytes: &[u8]| ByteArray::from(bytes.to_vec());
    let id = |id: &[u8]| FixedLenByteArray::from(bytes(id));
    Some(match &column.values {
        Values::Longs(values) => {
            let (least, greatest) = (values.iter().min()?, values.iter().max()?);
            Statistics::int64(Some(*least), Some(*greatest), None, Some(0), false)
        }
        Values::Words { words, .. } => {
            let all = (0..).map_while(|place| words.get(place));
            let (least, greatest) = (bytes(all.clone().min()?), bytes(all.max()?));
            Statistics::byte_array(Some(least), Some(greatest), None, Some(0), false)
        }
        Values::Ids { ids, .. } => {
            let all = ids.chunks(16);
            let (least, greatest) = (id(all.clone().min()?), id(all.max()?));
            Statistics::fixed_len_byte_array(Some(least), Some(greatest), None, Some(0), false)
        }
        _ => return None,
    })
}
