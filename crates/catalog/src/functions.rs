//! Functions of ours inside SQLite, for what its own cannot do: fold case in Unicode and look into packed metadata.
//!
//! A search stands in one argument and is the same for all rows of a statement; it is taken apart once.

use std::sync::Arc;

use domain::{CustomerId, DeliveryId, MetadataFilter, MetadataRef, WebhookEventId};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, ffi};

use crate::fold::{TextSearch, fold};
use crate::pattern::Pattern;

/// A status is never longer than this.
const STATUS_CHARS_MAX: usize = 5;

/// Makes the functions known to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    // Only for our own statements, never from within a schema that somebody prepared.
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("name_matches", 2, flags, name_matches)?;
    connection.create_scalar_function("customer_matches", 4, flags, customer_matches)?;
    connection.create_scalar_function("customer_contains", 5, flags, customer_contains)?;
    connection.create_scalar_function("delivery_matches", 4, flags, delivery_matches)?;
    connection.create_scalar_function("metadata_matches", 2, flags, metadata_matches)?;
    connection.create_scalar_function("is_one_of", 2, flags, is_one_of)
}

/// `name_matches(name, query)`: see [`Pattern`].
fn name_matches(context: &Context<'_>) -> rusqlite::Result<bool> {
    let pattern = context.get_or_create_aux(1, |query: ValueRef<'_>| {
        Ok::<_, FromSqlError>(Pattern::containing(query.as_str()?))
    })?;
    Ok(pattern.matches(context.get_raw(0).as_str()?))
}

/// `customer_matches(email, name, external_id, query)`: the query is part of the address or the name, or the external id starts
/// with it, ignoring case (SEMANTICS 11.7). The first three may be null.
fn customer_matches(context: &Context<'_>) -> rusqlite::Result<bool> {
    let query: Arc<String> = context.get_or_create_aux(3, |query: ValueRef<'_>| {
        Ok::<_, FromSqlError>(fold(query.as_str()?))
    })?;
    let folded =
        |index: usize| Ok::<_, rusqlite::Error>(context.get_raw(index).as_str_or_null()?.map(fold));
    for index in [0, 1] {
        if folded(index)?.is_some_and(|text| text.contains(query.as_str())) {
            return Ok(true);
        }
    }
    Ok(folded(2)?.is_some_and(|text| text.starts_with(query.as_str())))
}

/// `customer_contains(id, external_id, name, email, text)`: the text is a part of one of them, ignoring case (SEMANTICS 9.15). The
/// external id, the name and the address may be null.
fn customer_contains(context: &Context<'_>) -> rusqlite::Result<bool> {
    let text: Arc<TextSearch> = context.get_or_create_aux(4, |text: ValueRef<'_>| {
        Ok::<_, FromSqlError>(TextSearch::new(text.as_str()?))
    })?;
    for index in [1, 2, 3] {
        let part = context.get_raw(index).as_str_or_null()?;
        if part.is_some_and(|part| text.occurs_in(part)) {
            return Ok(true);
        }
    }
    let id = CustomerId::from_bytes(context.get(0)?);
    Ok(text.occurs_in(&id.to_string()))
}

/// `delivery_matches(id, event, http_code, query)`: the query, in lower case, is a part of one of them. The status may be null.
fn delivery_matches(context: &Context<'_>) -> rusqlite::Result<bool> {
    let query = context.get_raw(3).as_str()?;
    let id = DeliveryId::from_bytes(context.get(0)?).uuid().hyphenated();
    let event = WebhookEventId::from_bytes(context.get(1)?)
        .uuid()
        .hyphenated();
    let mut text = [0; 36];
    if id.encode_lower(&mut text).contains(query) || event.encode_lower(&mut text).contains(query) {
        return Ok(true);
    }
    let http_code: Option<u16> = context.get(2)?;
    let is_short = query.len() <= STATUS_CHARS_MAX;
    Ok(is_short && http_code.is_some_and(|code| code.to_string().contains(query)))
}

/// `metadata_matches(metadata, filter)`: see [`MetadataFilter`].
fn metadata_matches(context: &Context<'_>) -> rusqlite::Result<bool> {
    let filter = context.get_or_create_aux(1, |filter: ValueRef<'_>| {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(MetadataFilter::decode(
            filter.as_blob()?,
        )?)
    })?;
    let metadata = MetadataRef::check(context.get_raw(0).as_blob()?).map_err(|_| {
        // With a text SQLite would forget the code, and it is the code that tells damage.
        rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
    })?;
    Ok(filter.matches(metadata))
}

/// `is_one_of(id, ids)`: the identifier is one of those that stand behind each other in `ids`.
fn is_one_of(context: &Context<'_>) -> rusqlite::Result<bool> {
    let id = context.get_raw(0).as_blob()?;
    Ok(context
        .get_raw(1)
        .as_blob()?
        .chunks(id.len().max(1))
        .any(|one| one == id))
}
