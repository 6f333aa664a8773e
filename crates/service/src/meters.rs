//! Meters.

use domain::{Aggregation, Definition, Filter, Metadata, Meter, MeterId, OrganizationId, Unit};

use crate::{Error, Listed, Page, Service};

/// A meter to be made. Every field is valid in form.
#[derive(Debug, Clone)]
pub struct NewMeter {
    /// See [`Meter::name`].
    pub name: String,
    /// See [`Meter::unit`].
    pub unit: Unit,
    /// See [`Meter::custom_label`].
    pub custom_label: Option<String>,
    /// See [`Meter::custom_multiplier`].
    pub custom_multiplier: Option<i64>,
    /// What it measures.
    pub definition: Definition,
    /// See [`Meter::metadata`].
    pub metadata: Metadata,
}

/// A change to a field that may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make it this.
    Set(T),
}

/// Changes to a meter (SEMANTICS 4.11, 5.5 to 5.7).
#[derive(Debug, Clone, Default)]
pub struct MeterChanges {
    /// `None`: unchanged.
    pub name: Option<String>,
    /// `None`: unchanged.
    pub unit: Option<Unit>,
    /// May be emptied.
    pub custom_label: Change<Option<String>>,
    /// May be emptied.
    pub custom_multiplier: Change<Option<i64>>,
    /// `Keep`: not in the body. `Set(None)`: in the body as null, which changes nothing but is refused like any change
    /// when the meter is frozen.
    pub filter: Change<Option<Filter>>,
    /// As `filter`.
    pub aggregation: Change<Option<Aggregation>>,
    /// Replaces all of it.
    pub metadata: Option<Metadata>,
    /// Archive, or bring back.
    pub is_archived: Option<bool>,
}

/// Which meters are listed, and how.
#[derive(Debug, Clone, Default)]
pub struct MeterSearch {
    /// Part of the name, ignoring case; `%` and `_` are wildcards.
    pub query: Option<String>,
    /// Only archived ones, or only those that are not.
    pub is_archived: Option<bool>,
    /// For each key the values of which one must be the meter's.
    pub metadata: Vec<(String, Vec<String>)>,
    /// By what they are ordered, first criterion first; the id comes last.
    pub sorting: Vec<(MeterOrder, Direction)>,
}

/// By what meters may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeterOrder {
    /// `created_at`.
    CreatedAt,
    /// `name`, by code point.
    Name,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Least first.
    Ascending,
    /// Greatest first.
    Descending,
}

impl Service {
    /// Makes a meter. It counts all events of the organization that match, old ones too, at once.
    pub fn create_meter(
        &self,
        organization: OrganizationId,
        new: NewMeter,
    ) -> Result<Meter, Error> {
        let _ = (organization, new);
        unimplemented!()
    }

    /// A meter.
    pub fn meter(&self, organization: OrganizationId, id: MeterId) -> Result<Meter, Error> {
        let _ = (organization, id);
        unimplemented!()
    }

    /// Meters.
    pub fn meters(
        &self,
        organization: OrganizationId,
        search: &MeterSearch,
        page: Page,
    ) -> Result<Listed<Meter>, Error> {
        let _ = (organization, search, page);
        unimplemented!()
    }

    /// Changes a meter, all or nothing. Faults: [`crate::Fault::FilterFrozen`], [`crate::Fault::AggregationFrozen`].
    pub fn update_meter(
        &self,
        organization: OrganizationId,
        id: MeterId,
        changes: MeterChanges,
    ) -> Result<Meter, Error> {
        let _ = (organization, id, changes);
        unimplemented!()
    }
}
