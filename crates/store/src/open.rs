//! Opening a store: replay first, then one writer and any number of readers.

use domain::Timestamp;

use crate::derived::Derived;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::journal::{self, Recovered, Torn};
use crate::limits::JOURNAL_FILE_BYTES_MAX;
use crate::reader::Reader;
use crate::writer::{Replayer, Writer};

/// How to open a store. The default is right but for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A journal file that has reached this size is followed by a new one.
    pub journal_file_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            journal_file_bytes_max: JOURNAL_FILE_BYTES_MAX,
        }
    }
}

/// What was found when a store was opened. Somebody should be told of [`Self::torn`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Events in the journal.
    pub events: u64,
    /// Organizations that have any.
    pub organizations: usize,
    /// Files of the journal.
    pub journal_files: u64,
    /// Bytes of the journal that were replayed.
    pub journal_bytes: u64,
    /// Time of receipt of the last group; `None` when there is none.
    pub received_at: Option<Timestamp>,
    /// An unfinished write that was cut off; `None` after a clean end.
    pub torn: Option<Torn>,
}

/// Opens the store of a data folder: replays the journal (about a second a million events) and makes what it
/// replayed durable. Everything that was ever acknowledged is there when it returns.
///
/// # Errors
/// `Damaged`, `Gap`, `Missing`, `Newer`: the journal is not what was written; nothing was changed. `Io`, `NoSpace`, `Write`, `Sync`:
/// what the system refused.
pub fn open(
    folder: &Folder,
    options: Options,
) -> Result<(Writer, Reader, RecoveryReport), StoreError> {
    let reader = Reader::new(folder.secret(), Derived::open(folder)?);
    let mut replayer = Replayer::new(reader.clone());
    let Recovered {
        journal,
        sequence_next,
        received_at,
        files,
        bytes,
        torn,
    } = journal::recover(folder, options.journal_file_bytes_max, |frame| {
        replayer.replay(frame)
    })?;
    let writer = replayer.finish(journal);
    debug_assert_eq!(writer.sequence_next(), sequence_next);
    let report = RecoveryReport {
        events: sequence_next - journal::SEQUENCE_FIRST,
        organizations: reader.organizations().len(),
        journal_files: files,
        journal_bytes: bytes,
        received_at,
        torn,
    };
    Ok((writer, reader, report))
}
