//! The file: how it is opened, read and written.
//!
//! One connection writes; others read beside it, each its own snapshot (write-ahead log), so that a long list holds up
//! neither writes nor, as long as one of them is free, other reads. In memory there is only the one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};

use crate::schema::{self, Content};
use crate::{CatalogError, functions};

/// How many connections read.
const READERS: usize = 4;

/// How long to wait for another process that has the file locked, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that each connection keeps prepared: all that there are, with the usual orders of lists.
const PREPARED_STATEMENTS: usize = 64;

/// After a checkpoint the write-ahead log is cut to this.
const LOG_BYTES_MAX: i64 = 16 << 20;

/// How every database of SQLite begins.
const DATABASE_HEADER: &[u8] = b"SQLite format 3\0";

/// The tables that are not looked through when the file is opened.
const UNCHECKED: [&str; 3] = ["webhook_payloads", "webhook_events", "webhook_deliveries"];

/// The catalogue. Shared between threads; see the crate for what holds of all methods.
#[derive(Debug)]
pub struct Catalog {
    /// Closed before the writer, which moves the write-ahead log into the file when it is the last to close.
    readers: Vec<Mutex<Connection>>,
    writer: Mutex<Connection>,
    next_reader: AtomicUsize,
    writes_stopped: AtomicBool,
}

impl Catalog {
    /// Opens the catalogue in this file, and makes it (readable by its owner alone) when there is none. Its folder must exist.
    ///
    /// Cost: one read of the file, which is checked for damage, but for what webhooks leave; 0.1 s at 100,000 customers (40 MB).
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotACatalog`], [`CatalogError::NewerVersion`], [`CatalogError::Open`]; the file is then as it was.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| CatalogError::Open {
            path: path.to_owned(),
            source,
        };
        if !prepare(path).map_err(|error| failed(error.into()))? {
            return Err(CatalogError::NotACatalog {
                path: path.to_owned(),
            });
        }
        let writer = open_writer(path).map_err(|error| match error {
            CatalogError::NotACatalog { .. } | CatalogError::NewerVersion { .. } => error,
            other => failed(other.into()),
        })?;
        let readers: Result<_, _> = (0..READERS)
            .map(|_| open_reader(path).map(Mutex::new))
            .collect();
        Ok(Self::new(
            writer,
            readers.map_err(|error| failed(error.into()))?,
        ))
    }

    /// An empty catalogue that lives as long as the value.
    ///
    /// # Errors
    ///
    /// None that a caller could do something about.
    pub fn in_memory() -> Result<Self, CatalogError> {
        let mut connection = Connection::open_in_memory()?;
        configure(&connection)?;
        schema::migrate(&mut connection, 0)?;
        Ok(Self::new(connection, Vec::new()))
    }

    fn new(writer: Connection, readers: Vec<Mutex<Connection>>) -> Self {
        Self {
            writer: Mutex::new(writer),
            readers,
            next_reader: AtomicUsize::new(0),
            writes_stopped: AtomicBool::new(false),
        }
    }

    /// Whether it takes writes: `false` after [`CatalogError::WriteFailed`], until it is opened again.
    pub fn takes_writes(&self) -> bool {
        !self.writes_stopped.load(Ordering::Relaxed)
    }

    /// Moves the write-ahead log into the file and empties it, so that the log holds nothing that was replaced or deleted since. Not
    /// all of it while a long read goes on. Blocks for a few syncs.
    pub fn empty_log(&self) -> Result<(), CatalogError> {
        let writer = self.writer.lock();
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Runs what reads.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        work(&self.free_reader())
    }

    fn free_reader(&self) -> MutexGuard<'_, Connection> {
        if let Some(free) = self.readers.iter().find_map(Mutex::try_lock) {
            return free;
        }
        // All are busy: wait for them in turn.
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        match turn.checked_rem(self.readers.len()) {
            Some(index) => self.readers[index].lock(),
            None => self.writer.lock(),
        }
    }

    /// Runs what writes: all of it is durable when this returns, or none of it was done.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let mut writer = self.writer.lock();
        if self.writes_stopped.load(Ordering::Relaxed) {
            return Err(CatalogError::WritesStopped);
        }
        let outcome = (|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        outcome.map_err(|error| self.after_failed_write(error))
    }

    /// A failed sync tells nothing of what is on disk, and what a later one tells is not to be trusted.
    fn after_failed_write(&self, error: CatalogError) -> CatalogError {
        match error {
            // The system did not take the bytes, because of a limit on the size of files, say. Nothing of the transaction is
            // there, and no sync has failed.
            CatalogError::Statement(source)
                if source.sqlite_error().map(|cause| cause.extended_code)
                    == Some(ffi::SQLITE_IOERR_WRITE) =>
            {
                CatalogError::NoSpace(source)
            }
            CatalogError::Statement(source)
                if source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) =>
            {
                self.writes_stopped.store(true, Ordering::Relaxed);
                CatalogError::WriteFailed(source)
            }
            other => other,
        }
    }
}

/// Makes an empty file when there is none (SQLite would make it readable by everybody). Says whether the file is empty or
/// begins as a database does; SQLite would take a file of a few bytes for an empty one, and write over it.
fn prepare(path: &Path) -> io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => return Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let mut start = Vec::new();
    File::open(path)?
        .take(DATABASE_HEADER.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start.is_empty() || start == DATABASE_HEADER)
}

fn open_writer(path: &Path) -> Result<Connection, CatalogError> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Whose file it is comes first: nothing may be changed in another's.
    let foreign = || CatalogError::NotACatalog {
        path: path.to_owned(),
    };
    let content =
        schema::inspect(&connection).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => foreign(),
            _ => error.into(),
        })?;
    let version = match content {
        Content::Empty => 0,
        Content::Catalog { version } => version,
        Content::Foreign => return Err(foreign()),
        Content::Newer { version } => {
            return Err(CatalogError::NewerVersion {
                path: path.to_owned(),
                found: version,
                supported: schema::VERSION,
            });
        }
    };
    check(&connection)?;
    use_write_ahead_log(&connection)?;
    configure(&connection)?;
    schema::migrate(&mut connection, version)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Every commit is synced before it is reported (with F_FULLFSYNC where the system has it).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // What is deleted or replaced is not left in free pages: some of it is personal.
    connection.pragma_update(None, "secure_delete", true)?;
    // Sorting needs no files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    functions::register(connection)
}

fn use_write_ahead_log(connection: &Connection) -> Result<(), CatalogError> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let problem = format!("the file system allows no write-ahead log (`{mode}` instead)");
        return Err(CatalogError::Damaged(problem.into()));
    }
    connection
        .query_row(
            &format!("PRAGMA journal_size_limit = {LOG_BYTES_MAX}"),
            [],
            |_| Ok(()),
        )
        .map_err(CatalogError::from)
}

/// All rows of what a person manages, but not that each index has what its table has: that would take several times as long. Nor
/// what webhooks leave, which is most of the file where there are any, and without which everything else works.
fn check(connection: &Connection) -> Result<(), CatalogError> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables {
        let table = table?;
        if UNCHECKED.contains(&&*table) {
            continue;
        }
        let quoted = table.replace('"', "\"\"");
        let sql = format!("PRAGMA quick_check(\"{quoted}\")");
        let found: String = connection.query_row(&sql, [], |row| row.get(0))?;
        if found != "ok" {
            return Err(CatalogError::Damaged(found.into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::organization;

    #[test]
    fn a_catalog_is_shared_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Catalog>();
    }

    #[test]
    fn a_write_that_fails_in_the_middle_leaves_nothing() {
        let catalog = Catalog::in_memory().expect("opens");
        let outcome = catalog.write(|transaction| {
            transaction.execute(
                "INSERT INTO organizations VALUES (zeroblob(16), 'name', 'slug', NULL, 0, NULL)",
                [],
            )?;
            Err::<(), _>(CatalogError::NotFound)
        });
        assert!(matches!(outcome, Err(CatalogError::NotFound)));
        let count: i64 = catalog
            .read(|connection| {
                Ok(connection
                    .query_row("SELECT count(*) FROM organizations", [], |row| row.get(0))?)
            })
            .expect("counts");
        assert_eq!(count, 0);
    }

    #[test]
    fn damage_is_found_when_the_file_is_opened_but_not_looked_for_in_what_webhooks_leave() {
        let catalog = Catalog::in_memory().expect("opens");
        let connection = catalog.writer.lock();
        let all = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).expect("prepares");
            let rows = statement.query_map([], |row| row.get(0)).expect("reads");
            rows.collect::<Result<_, _>>().expect("reads")
        };
        let tables = all("SELECT name FROM sqlite_schema WHERE type = 'table'");
        for table in UNCHECKED {
            assert!(tables.iter().any(|known| known == table), "{table}");
        }
        check(&connection).expect("it is sound");
        // A row that breaks a rule of its table, which only damage can do.
        let break_rule = |table: &str, sql: &str| {
            connection
                .execute_batch("PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0")
                .expect("sets");
            connection.execute_batch(sql).expect(table);
            connection
                .execute_batch("PRAGMA ignore_check_constraints = 0")
                .expect("sets");
        };
        break_rule(
            "webhook_deliveries",
            "INSERT INTO webhook_deliveries VALUES (x'00', x'00', x'00', x'00', '', 0, NULL, NULL, 0)",
        );
        check(&connection).expect("nobody looks there");
        break_rule(
            "webhook_endpoints",
            "INSERT INTO webhook_endpoints VALUES (x'00', x'00', '', NULL, '', '', '', 9, 0, 0, NULL, 0, NULL, NULL)",
        );
        let found = check(&connection);
        assert!(matches!(found, Err(CatalogError::Damaged(_))), "{found:?}");
    }

    #[test]
    fn a_full_disk_is_told_apart_and_writes_work_again_after_it() {
        let catalog = Catalog::in_memory().expect("opens");
        let limit = |pages: i64| {
            let connection = catalog.writer.lock();
            connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| {
                    row.get::<_, i64>(0)
                })
                .expect("limits")
        };
        let pages = limit(1);
        let mut large = organization(1);
        large.name = "x".repeat(100_000);
        assert!(matches!(
            catalog.insert_organization(&large),
            Err(CatalogError::NoSpace(_))
        ));
        assert_eq!(catalog.organization(large.id).expect("reads"), None);
        limit(pages + 1000);
        catalog
            .insert_organization(&large)
            .expect("there is space again");
    }

    #[test]
    fn a_write_that_the_system_does_not_take_stops_nothing() {
        let catalog = Catalog::in_memory().expect("opens");
        let outcome = catalog.write(|_| {
            let error = ffi::Error::new(ffi::SQLITE_IOERR_WRITE);
            Err::<(), _>(rusqlite::Error::SqliteFailure(error, None).into())
        });
        assert!(matches!(outcome, Err(CatalogError::NoSpace(_))));
        assert!(catalog.takes_writes());
        catalog
            .insert_organization(&organization(1))
            .expect("inserts");
    }

    #[test]
    fn after_a_failed_sync_no_more_writes_are_taken_and_reads_go_on() {
        let catalog = Catalog::in_memory().expect("opens");
        catalog
            .insert_organization(&organization(1))
            .expect("inserts");
        let outcome = catalog.write(|_| {
            let error = ffi::Error::new(ffi::SQLITE_IOERR_FSYNC);
            Err::<(), _>(rusqlite::Error::SqliteFailure(error, None).into())
        });
        assert!(matches!(outcome, Err(CatalogError::WriteFailed(_))));
        let outcome = catalog.insert_organization(&organization(2));
        assert!(matches!(outcome, Err(CatalogError::WritesStopped)));
        assert_eq!(
            catalog.organization(organization(1).id).expect("reads"),
            Some(organization(1))
        );
    }
}
