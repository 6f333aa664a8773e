//! Health of a server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer of `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`, or `writes_stopped` when events are not taken in any more.
    pub status: String,
    /// Whether events are taken in. False from a failed sync on, until a restart.
    pub takes_writes: bool,
}
