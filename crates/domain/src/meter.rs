//! Meters: a filter and an aggregation over an organization's events.

use crate::aggregation::{Aggregation, Contribution};
use crate::event::Event;
use crate::filter::Filter;
use crate::id::{MeterId, OrganizationId};
use crate::metadata::Metadata;
use crate::packed::{PackedError, Reader};
use crate::time::Timestamp;

/// A meter as a person manages it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Its id.
    pub id: MeterId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// At least 3 characters; not unique.
    pub name: String,
    /// What it counts in. Shown only.
    pub unit: Unit,
    /// The name of a custom unit.
    pub custom_label: Option<String>,
    /// From the base unit to the shown one, above 0. `None` means 1. Shown only.
    pub custom_multiplier: Option<i64>,
    /// What it measures.
    pub definition: Definition,
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; equal to `created_at` at first (SEMANTICS 19.15).
    pub modified_at: Timestamp,
    /// Since when it is archived.
    pub archived_at: Option<Timestamp>,
    /// Since when it has been archived without a break: customer meters stand as of then. Archiving it once more moves
    /// [`Self::archived_at`] (SEMANTICS 5.7) and not this.
    pub stands_since: Option<Timestamp>,
}

/// What a meter measures: which events, and what of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Which events.
    pub filter: Filter,
    /// What of them.
    pub aggregation: Aggregation,
}

impl Definition {
    /// What an event adds, or `None` when it does not match: the filter must hold and, for sum, max, min and avg, the
    /// property must be a number (SEMANTICS 7.7).
    pub fn contribution(&self, event: &Event<'_>) -> Option<Contribution> {
        if self.filter.matches(event) {
            self.aggregation.contribution(event)
        } else {
            None
        }
    }

    /// The packed form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.filter.encode(&mut out);
        self.aggregation.encode(&mut out);
        out
    }

    /// Reads the packed form.
    pub fn decode(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        let definition = Self {
            filter: Filter::decode(&mut reader)?,
            aggregation: Aggregation::decode(&mut reader)?,
        };
        if reader.is_empty() {
            Ok(definition)
        } else {
            Err(PackedError {
                what: "a definition is too long",
            })
        }
    }
}

/// The unit of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Plain numbers.
    Scalar,
    /// Tokens.
    Token,
    /// One with a label of its own.
    Custom,
}

impl Unit {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Scalar => "scalar",
            Unit::Token => "token",
            Unit::Custom => "custom",
        }
    }

    /// The unit with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Unit::Scalar, Unit::Token, Unit::Custom]
            .into_iter()
            .find(|unit| unit.as_str() == name)
    }
}
