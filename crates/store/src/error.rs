//! What can go wrong, by what a caller would do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data folder open. Stop that one, or choose another folder.
    #[error("`{path}` is locked: another process uses this data folder")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The folder holds something else. Nothing was written to it.
    #[error("`{path}` is not empty and is not a Sextant data folder (it has no file `{marker}`)")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The file name that a data folder has.
        marker: &'static str,
    },
    /// A newer program wrote this file. Run that program, or restore a backup made before it ran.
    #[error("`{path}` has format version {found}, and this program reads up to {supported}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that the file names.
        found: u64,
        /// The newest version that this program reads.
        supported: u64,
    },
    /// A file that must be there is not. Restore it from a backup.
    #[error("`{path}` is missing")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Bytes are not what was written. Never retried, never skipped.
    #[error("`{path}` is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, from its start.
        offset: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// The journal goes on with another event than the next one: a file or a part of one is missing.
    #[error(
        "`{path}` does not join at byte {offset}: sequence {found} where {expected} must follow"
    )]
    Gap {
        /// The file.
        path: PathBuf,
        /// Where in it, from its start.
        offset: u64,
        /// The sequence number that must follow.
        expected: u64,
        /// The one that is there.
        found: u64,
    },
    /// The system refused an operation while the folder was opened.
    #[error("{step} `{path}`")]
    Io {
        /// What was being done.
        step: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// No space or quota was left to write; what was written of it was cut off again. Retry when there is space.
    #[error("no space left to write `{path}`")]
    NoSpace {
        /// The journal file.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// A write failed and was cut off again. It may be retried.
    #[error("write `{path}`")]
    Write {
        /// The journal file.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// A sync failed, so what is durable is unknown. Nothing is written any more until a restart.
    #[error("sync `{path}`")]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// A failed write could not be cut off again, so what is in the journal is unknown. Nothing is written any more until
    /// a restart.
    #[error("cut a failed write off `{path}`")]
    Cut {
        /// The journal file.
        path: PathBuf,
        /// The system's word on the cutting.
        #[source]
        source: io::Error,
    },
    /// A sync, or the cutting off of a failed write, failed earlier. Only a restart helps; reads go on.
    #[error("nothing is written any more since a sync failed: restart the server")]
    Poisoned,
    /// A group of requests is larger than [`crate::limits::GROUP_BYTES_MAX`]. Send less at once.
    #[error("a group of {bytes} bytes is too large")]
    GroupTooLarge {
        /// Its size as a frame.
        bytes: usize,
    },
    /// An organization has all the 2^32 - 1 events that this format can hold in memory.
    #[error("an organization has as many events as can be held")]
    OrganizationFull,
}

impl StoreError {
    /// Whether the same write may succeed later without a restart.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::NoSpace { .. } | Self::Write { .. })
    }

    pub(crate) fn io(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            step,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::NoSpace { path, source },
            _ => Self::Write { path, source },
        }
    }

    pub(crate) fn sync(path: &Path, source: io::Error) -> Self {
        Self::Sync {
            path: path.to_owned(),
            source,
        }
    }
}
