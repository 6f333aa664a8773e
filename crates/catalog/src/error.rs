//! What can go wrong in the catalogue, by what a caller does about it.

use std::path::PathBuf;

use rusqlite::{ErrorCode, ffi};

/// Why the catalogue did not do what it was asked. Nothing of a write that failed was done, but for
/// [`CatalogError::WriteFailed`].
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The row to be changed or deleted does not exist in this organization.
    #[error("there is no such row")]
    NotFound,
    /// Another organization has this slug.
    #[error("another organization has this slug")]
    SlugTaken,
    /// Another customer of the organization has this e-mail address, this external id, or both.
    #[error("another customer has this e-mail address ({email}) or external id ({external_id})")]
    CustomerConflict {
        /// The address is taken.
        email: bool,
        /// The external id is taken.
        external_id: bool,
    },
    /// The row belongs to an organization that does not exist.
    #[error("the organization does not exist")]
    OrganizationUnknown,
    /// The disk is full, or a limit on the size of files is reached. Reads go on, and writes work again when there is space.
    #[error("no space left for the catalogue")]
    NoSpace(#[source] rusqlite::Error),
    /// The disk failed during a write, so whether it is on disk is unknown; no more writes are taken until the catalogue is
    /// opened again. Reads go on.
    #[error("the disk failed during a write to the catalogue")]
    WriteFailed(#[source] rusqlite::Error),
    /// A write failed before, see [`CatalogError::WriteFailed`].
    #[error("the catalogue takes no writes until it is opened again")]
    WritesStopped,
    /// What is stored is not what was written. Never skipped, never repaired.
    #[error("the catalogue is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file holds something else, or the database of another program. It was left as it is.
    #[error("`{path}` is not a catalogue")]
    NotACatalog {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program. It was left as it is.
    #[error(
        "`{path}` has format {found}, and this program reads up to {supported}: use a newer program"
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        supported: i64,
    },
    /// The file could not be opened.
    #[error("open the catalogue `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed for a reason that should not happen.
    #[error("a statement of the catalogue failed")]
    Statement(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for CatalogError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::UserFunctionError(..) => return CatalogError::Damaged(error.into()),
            _ => {}
        }
        match error
            .sqlite_error()
            .map(|cause| (cause.code, cause.extended_code))
        {
            Some((ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE)) => {
                CatalogError::NoSpace(error)
            }
            Some((ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)) => {
                CatalogError::Damaged(error.into())
            }
            Some((_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY)) => CatalogError::OrganizationUnknown,
            _ => CatalogError::Statement(error),
        }
    }
}
