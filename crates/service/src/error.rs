//! What can go wrong, by what a caller does about it.

use std::io;
use std::path::PathBuf;

use catalog::CatalogError;
use domain::OrganizationId;
use engine::StoreError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such row in this organization.
    #[error("not found")]
    NotFound,
    /// The request breaks rules of the business; nothing of it was done.
    #[error("the request breaks {} rules", .0.len())]
    Invalid(Vec<Fault>),
    /// The disk is full. Nothing of the request was kept; reads go on, and the caller may try again later.
    #[error("no space left in the data folder")]
    NoSpace,
    /// More waits to be written than may wait. Nothing of the request was kept; the caller may try again soon.
    #[error("too much waits to be written")]
    Overloaded,
    /// The organization has as many events as this version can hold (2^32 - 1). Nothing of the request was kept.
    #[error("the organization has as many events as it can")]
    OrganizationFull,
    /// The store takes no more writes until the server is started again; reads go on.
    #[error("writes are stopped")]
    WritesStopped,
    /// Something that should not happen. The text is for the log, never for a client.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another organization has this slug.
    SlugTaken,
    /// The organization that a token is to be made for does not exist.
    OrganizationUnknown,
    /// Another customer of the organization has this e-mail address.
    EmailTaken,
    /// Another customer of the organization has this external id.
    ExternalIdTaken,
    /// The customer has an external id, and it stays.
    ExternalIdFixed,
    /// The customer has a billing address, which may change but not go.
    BillingAddressRemoved,
    /// The customer is to have a tax id, and has no billing address to tell of which country.
    TaxIdWithoutCountry,
    /// The tax id, or the one that is there, is none in the country of the billing address.
    TaxIdInvalid,
    /// The customer is a team, and stays one.
    TeamToIndividual,
    /// The event at this index names a customer that does not exist.
    CustomerUnknown {
        /// Position in the request.
        event: usize,
    },
    /// The event at this index names a member that does not exist.
    MemberUnknown {
        /// Position in the request.
        event: usize,
    },
    /// The meter that events are to match does not exist (SEMANTICS 9.15).
    MeterUnknown,
    /// The events of a page are too large to be given in one answer; a smaller page is not.
    PageTooLarge,
    /// The customer that is to be credited or reset does not exist; told by the key that named it.
    CreditCustomerUnknown {
        /// Whether it was named by its external id.
        by_external_id: bool,
    },
    /// The meter that is to be credited or reset does not exist.
    CreditMeterUnknown,
    /// The meter that is to be credited or reset is archived.
    CreditMeterArchived,
    /// The external id was used for a credit or reset of other content.
    CreditKeyTaken,
    /// The customer that is to have a session does not exist; told by the key that named it.
    SessionCustomerUnknown {
        /// Whether it was named by its external id.
        by_external_id: bool,
    },
    /// The member that is to have a session is none of the customer's; told by the key that named it.
    SessionMemberUnknown {
        /// Whether it was named by its external id.
        by_external_id: bool,
    },
    /// The organization has as many webhook endpoints as it may have.
    TooManyWebhookEndpoints,
    /// The grant that is to begin a new period is revoked.
    GrantRevoked,
    /// The meter that a benefit is to credit does not exist.
    BenefitMeterUnknown,
    /// The meter cannot be archived: a benefit credits it.
    MeterCredited,
    /// The filter cannot change any more: a matching event exists.
    FilterFrozen,
    /// The aggregation cannot change any more: a matching event exists.
    AggregationFrozen,
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound => Error::NotFound,
            CatalogError::SlugTaken => Error::Invalid(vec![Fault::SlugTaken]),
            CatalogError::OrganizationUnknown => Error::Invalid(vec![Fault::OrganizationUnknown]),
            CatalogError::CustomerConflict { email, external_id } => {
                let email = email.then_some(Fault::EmailTaken);
                let external_id = external_id.then_some(Fault::ExternalIdTaken);
                Error::Invalid(email.into_iter().chain(external_id).collect())
            }
            CatalogError::NoSpace(_) => Error::NoSpace,
            CatalogError::WritesStopped => Error::WritesStopped,
            error @ (CatalogError::WriteFailed(_)
            | CatalogError::Damaged(_)
            | CatalogError::NotACatalog { .. }
            | CatalogError::NewerVersion { .. }
            | CatalogError::Open { .. }
            | CatalogError::Statement(_)) => Error::Internal(Box::new(error)),
        }
    }
}

impl From<StoreError> for Error {
    /// Of a read: what is on disk cannot be read, or is not what was written.
    fn from(error: StoreError) -> Self {
        Error::Internal(Box::new(error))
    }
}

/// Why a data folder was not opened. The source names the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The events could not be opened.
    #[error("open the data folder")]
    Events(#[from] StoreError),
    /// The catalogue could not be opened.
    #[error("open the catalogue")]
    Catalog(#[from] CatalogError),
    /// There are events, but not the organizations that they belong to. Restore the file from a backup.
    #[error("`{path}` is missing or empty, and the data folder holds events")]
    CatalogMissing {
        /// Where the catalogue must be.
        path: PathBuf,
    },
    /// The catalogue does not know an organization that has events: it is another folder's, or a part of it is gone. Restore it from
    /// a backup.
    #[error(
        "`{path}` does not know organization {organization}, and the data folder holds events of it"
    )]
    CatalogForeign {
        /// The catalogue's file.
        path: PathBuf,
        /// The organization.
        organization: OrganizationId,
    },
    /// Whether there is a catalogue could not be found out.
    #[error("look for `{path}`")]
    CatalogUnreadable {
        /// Where the catalogue must be.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
}
