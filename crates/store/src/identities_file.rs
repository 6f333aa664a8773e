//! Files of identities: which identity each number stands for.
//!
//! Events in segments name their customer by the number of the identity they came with. A seal writes the identities that are new
//! with it to a Parquet file, which other programs join with the segments; a start reads them all, and decodes no events.

use std::path::Path;

use bytes::Bytes;
use domain::{CustomerId, Identity, OrganizationId, OwnedIdentity};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use xxhash_rust::xxh3::xxh3_64;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::{NewFile, damaged, open_named, read_exactly};
use crate::limits::IDENTITIES_PER_GROUP;
use crate::segment::identities_schema;

/// An identity and its number in its organization.
pub(crate) type Numbered = (OrganizationId, u32, OwnedIdentity);

/// What the manifest says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdentitiesPlace {
    /// Names the file.
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) checksum: u64,
}

/// Writes and syncs a file of identities. Returns its length and checksum.
///
/// # Errors
/// `NoSpace`, `Write`, `Sync`: what the system refused.
pub(crate) fn write(
    file: NewFile,
    path: &Path,
    identities: &[Numbered],
) -> Result<(u64, u64), StoreError> {
    let (schema, properties) = identities_schema();
    let mut writer = SerializedFileWriter::new(file, schema, properties)
        .map_err(|error| StoreError::write(path, std::io::Error::other(error)))?;
    let written = write_groups(&mut writer, identities);
    let file = writer.inner_mut();
    written.map_err(|error| file.failed(std::io::Error::other(error)))?;
    let checksum = file.take_checksum();
    Ok((file.finish()?, checksum))
}

fn write_groups(
    writer: &mut SerializedFileWriter<NewFile>,
    identities: &[Numbered],
) -> Result<(), ParquetError> {
    for chunk in identities.chunks(IDENTITIES_PER_GROUP) {
        let uuid = |bytes: &[u8; 16]| FixedLenByteArray::from(bytes.to_vec());
        let organizations: Vec<_> = (chunk.iter())
            .map(|(organization, ..)| uuid(organization.as_bytes()))
            .collect();
        let numbers: Vec<_> = chunk
            .iter()
            .map(|(_, number, _)| number.cast_signed())
            .collect();
        let (mut customers, mut texts) = (Vec::new(), Vec::new());
        let mut levels = [Vec::new(), Vec::new()];
        let [is_customer, is_external] = &mut levels;
        for (.., identity) in chunk {
            let is_id = matches!(identity, OwnedIdentity::Customer(_));
            is_customer.push(i16::from(is_id));
            is_external.push(i16::from(!is_id));
            match identity {
                OwnedIdentity::Customer(id) => customers.push(uuid(id.as_bytes())),
                OwnedIdentity::External(id) => texts.push(ByteArray::from(&**id)),
            }
        }
        let mut group = writer.next_row_group()?;
        let mut columns = 0;
        while let Some(mut column) = group.next_column()? {
            match columns {
                0 => (column.typed::<FixedLenByteArrayType>()).write_batch(
                    &organizations,
                    None,
                    None,
                )?,
                1 => column
                    .typed::<Int32Type>()
                    .write_batch(&numbers, None, None)?,
                2 => (column.typed::<FixedLenByteArrayType>()).write_batch(
                    &customers,
                    Some(is_customer),
                    None,
                )?,
                _ => (column.typed::<ByteArrayType>()).write_batch(
                    &texts,
                    Some(is_external),
                    None,
                )?,
            };
            column.close()?;
            columns += 1;
        }
        group.close()?;
    }
    writer.finish()?;
    Ok(writer.flush()?)
}

/// Reads a file of identities and calls `each` with every one in order.
///
/// # Errors
/// `Damaged`, `Missing`, `Io`; `Damaged` with what `each` says does not fit.
pub(crate) fn read(
    disk: &dyn Disk,
    path: &Path,
    place: IdentitiesPlace,
    each: &mut dyn FnMut(OrganizationId, u32, Identity<'_>) -> Result<(), &'static str>,
) -> Result<(), StoreError> {
    let file = open_named(disk, path, place.bytes)?;
    let bytes = usize::try_from(place.bytes)
        .map_err(|_| damaged(path, 0, "a file of identities is too long"))?;
    let content = read_exactly(&*file, path, 0, bytes)?;
    if xxh3_64(&content) != place.checksum {
        let what = "identities do not match their checksum";
        return Err(damaged(path, 0, what));
    }
    let undecodable = |_| damaged(path, 0, "identities are not readable");
    let reader = SerializedFileReader::new(Bytes::from(content)).map_err(undecodable)?;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(undecodable)?;
        read_group(&*group, each)
            .map_err(undecodable)?
            .map_err(|what| damaged(path, 0, what))?;
    }
    Ok(())
}

fn read_group(
    group: &dyn RowGroupReader,
    each: &mut dyn FnMut(OrganizationId, u32, Identity<'_>) -> Result<(), &'static str>,
) -> Result<Result<(), &'static str>, ParquetError> {
    let (organizations, _) = read_column::<FixedLenByteArrayType>(group, 0)?;
    let (numbers, _) = read_column::<Int32Type>(group, 1)?;
    let (customers, is_customer) = read_column::<FixedLenByteArrayType>(group, 2)?;
    let (texts, _) = read_column::<ByteArrayType>(group, 3)?;
    let (mut customers, mut texts) = (customers.iter(), texts.iter());
    let missing = || ParquetError::General("an identity is missing".to_owned());
    let uuid = |bytes: &FixedLenByteArray| bytes.data().try_into().map_err(|_| missing());
    for ((organization, number), level) in organizations.iter().zip(numbers).zip(is_customer) {
        let organization = OrganizationId::from_bytes(uuid(organization)?);
        let identity = if level == 1 {
            let id = customers.next().ok_or_else(missing)?;
            Identity::Customer(CustomerId::from_bytes(uuid(id)?))
        } else {
            let text = texts.next().ok_or_else(missing)?;
            Identity::External(text.as_utf8()?)
        };
        if let Err(what) = each(organization, number.cast_unsigned(), identity) {
            return Ok(Err(what));
        }
    }
    Ok(Ok(()))
}

/// The values of a column, and for each row whether it has one, where that is asked.
fn read_column<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<(Vec<T::T>, Vec<i16>), ParquetError> {
    let chunk = group.metadata().columns().get(column);
    if chunk.is_none_or(|chunk| chunk.column_type() != T::get_physical_type()) {
        return Err(ParquetError::General("a column is missing".to_owned()));
    }
    let rows = usize::try_from(group.metadata().num_rows())?;
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    Ok((values, levels))
}
