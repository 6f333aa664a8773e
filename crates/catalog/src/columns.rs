//! Columns: how the types of `domain` are read from a row. Identifiers are 16 bytes, times are microseconds, metadata and
//! definitions are their packed bytes, names are those on the wire.

use domain::{Metadata, Timestamp};
use rusqlite::Row;
use rusqlite::types::Type;

/// What a column holds that it should not.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a {1}")]
struct Unreadable(String, &'static str);

/// An error for a column whose bytes cannot be read.
pub(crate) fn damaged(
    index: usize,
    kind: Type,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, kind, source.into())
}

/// An error for a column whose text is none of the names that it may be.
pub(crate) fn unknown_name(index: usize, text: &str, expected: &'static str) -> rusqlite::Error {
    damaged(index, Type::Text, Unreadable(text.to_owned(), expected))
}

/// A point in time.
pub(crate) fn timestamp(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    checked_timestamp(index, row.get(index)?)
}

/// A point in time, or null.
pub(crate) fn optional_timestamp(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(index)?
        .map(|micros| checked_timestamp(index, micros))
        .transpose()
}

pub(crate) fn checked_timestamp(index: usize, micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_micros(micros)
        .ok_or_else(|| damaged(index, Type::Integer, Unreadable(micros.to_string(), "time")))
}

/// Packed metadata.
pub(crate) fn metadata(row: &Row<'_>, index: usize) -> rusqlite::Result<Metadata> {
    Metadata::from_bytes(row.get(index)?).map_err(|error| damaged(index, Type::Blob, error))
}

/// A name of a closed set, read by `from_name`; `expected` says of what.
pub(crate) fn name<T>(
    row: &Row<'_>,
    index: usize,
    from_name: impl FnOnce(&str) -> Option<T>,
    expected: &'static str,
) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    from_name(text).ok_or_else(|| unknown_name(index, text, expected))
}
