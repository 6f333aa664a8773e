//! The schema and how a file comes to it.
//!
//! The header of the file says whose it is (`application_id`) and which format it has (`user_version`). Migration `n`
//! leads from format `n - 1` to `n`; one that was released never changes again.

use rusqlite::Connection;

use crate::CatalogError;

/// "Sxtc": marks a file of SQLite as a catalogue.
const APPLICATION_ID: i64 = 0x5378_7463;

const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];

/// The format that this program writes: that of the last migration.
pub(crate) const VERSION: i64 = 1;

/// What a file is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing is in it yet.
    Empty,
    /// A catalogue of this format or an older one.
    Catalog {
        /// Its format.
        version: i64,
    },
    /// A catalogue of a format that this program does not know.
    Newer {
        /// Its format.
        version: i64,
    },
    /// Something else.
    Foreign,
}

/// Looks, without changing anything.
pub(crate) fn inspect(connection: &Connection) -> rusqlite::Result<Content> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    Ok(match application_id {
        APPLICATION_ID if version > VERSION => Content::Newer { version },
        APPLICATION_ID if version > 0 => Content::Catalog { version },
        0 if version == 0 && objects == 0 => Content::Empty,
        _ => Content::Foreign,
    })
}

/// Brings a catalogue of format `from` (0: an empty file) to [`VERSION`], all or nothing.
pub(crate) fn migrate(connection: &mut Connection, from: i64) -> Result<(), CatalogError> {
    if from == VERSION {
        return Ok(());
    }
    let done = usize::try_from(from).unwrap_or(0);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_lead_to_the_version() {
        assert_eq!(usize::try_from(VERSION), Ok(MIGRATIONS.len()));
        let mut connection = Connection::open_in_memory().expect("opens");
        assert_eq!(inspect(&connection).expect("reads"), Content::Empty);
        migrate(&mut connection, 0).expect("migrates");
        assert_eq!(
            inspect(&connection).expect("reads"),
            Content::Catalog { version: VERSION }
        );
        migrate(&mut connection, VERSION).expect("has nothing to do");
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection
            .execute_batch("CREATE TABLE meters (id BLOB)")
            .expect("creates");
        migrate(&mut connection, 0).expect_err("the table is there already");
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .expect("counts");
        assert_eq!(tables, 1);
        assert_eq!(inspect(&connection).expect("reads"), Content::Foreign);
    }
}
