//! The service: the one object that everything is asked of.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{OrganizationId, Scopes, Timestamp, TokenId};

use crate::{Clock, OpenError, Random};

/// How to open a data folder.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The data folder; made when it does not exist.
    pub folder: PathBuf,
    /// The administrator's token. `None`: made at the first start and returned once.
    pub admin_token: Option<String>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// The use cases. Shared between threads behind an `Arc`.
#[derive(Debug)]
pub struct Service {
    _private: (),
}

/// Who asks, after [`Service::authenticate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// The administrator: organizations and tokens, nothing else.
    Admin,
    /// An organization, through one of its tokens.
    Organization(Access),
}

/// What an organization's token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Which token.
    pub token: TokenId,
    /// Whose.
    pub organization: OrganizationId,
    /// What it may do.
    pub scopes: Scopes,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub page: u32,
    /// Items on a page, 1 to 100.
    pub limit: u32,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Service {
    /// Opens a data folder and recovers what was acknowledged. The second value is the administrator's token when it
    /// was made now; it is shown once and kept nowhere.
    pub fn open(options: OpenOptions) -> Result<(Self, Option<String>), OpenError> {
        let _ = options;
        unimplemented!()
    }

    /// Now, by the clock that the service was given.
    pub fn now(&self) -> Timestamp {
        unimplemented!()
    }

    /// Who has this secret; `None` when nobody has, or when the token has expired. In memory, does not block; the time of
    /// comparison does not depend on how much of a secret was right.
    pub fn authenticate(&self, secret: &str) -> Option<Principal> {
        let _ = secret;
        unimplemented!()
    }

    /// Finishes what is in flight and closes. Later calls that write fail with `WritesStopped`.
    pub fn close(&self) {
        unimplemented!()
    }
}
