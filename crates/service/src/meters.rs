//! Meters.

use domain::{Aggregation, Definition, Filter, Metadata, Meter, MeterId, OrganizationId, Unit};

use crate::{Change, Error, Fault, Listed, MeterSearch, Page, Service};

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

impl Service {
    /// Makes a meter. It counts all events of the organization that match, old ones too, at once.
    pub fn create_meter(
        &self,
        organization: OrganizationId,
        new: NewMeter,
    ) -> Result<Meter, Error> {
        let _changing = self.changing.lock();
        let now = self.now();
        let meter = Meter {
            id: MeterId::from_random(self.random_id()),
            organization,
            name: new.name,
            unit: new.unit,
            custom_label: new.custom_label,
            custom_multiplier: new.custom_multiplier,
            definition: new.definition,
            metadata: new.metadata,
            created_at: now,
            modified_at: now,
            archived_at: None,
        };
        self.catalog.insert_meter(&meter)?;
        self.engine
            .define_meter(organization, meter.id, meter.definition.clone());
        Ok(meter)
    }

    /// A meter.
    pub fn meter(&self, organization: OrganizationId, id: MeterId) -> Result<Meter, Error> {
        self.catalog.meter(organization, id)?.ok_or(Error::NotFound)
    }

    /// Meters.
    pub fn meters(
        &self,
        organization: OrganizationId,
        search: &MeterSearch,
        page: Page,
    ) -> Result<Listed<Meter>, Error> {
        Ok(self.catalog.meters(organization, search, page)?)
    }

    /// Changes a meter, all or nothing. Faults: [`Fault::FilterFrozen`], [`Fault::AggregationFrozen`]. Cost: for a change of
    /// filter or aggregation, a look at the events until one matches.
    pub fn update_meter(
        &self,
        organization: OrganizationId,
        id: MeterId,
        changes: MeterChanges,
    ) -> Result<Meter, Error> {
        let _changing = self.changing.lock();
        let mut meter = self.meter(organization, id)?;
        let faults = self.frozen(organization, id, &changes);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let now = self.now();
        if let Change::Set(Some(filter)) = changes.filter {
            meter.definition.filter = filter;
        }
        if let Change::Set(Some(aggregation)) = changes.aggregation {
            meter.definition.aggregation = aggregation;
        }
        meter.name = changes.name.unwrap_or(meter.name);
        meter.unit = changes.unit.unwrap_or(meter.unit);
        changes.custom_label.apply(&mut meter.custom_label);
        changes
            .custom_multiplier
            .apply(&mut meter.custom_multiplier);
        meter.metadata = changes.metadata.unwrap_or(meter.metadata);
        match changes.is_archived {
            Some(true) => meter.archived_at = Some(now),
            Some(false) => meter.archived_at = None,
            None => {}
        }
        meter.modified_at = now;
        self.catalog.update_meter(&meter)?;
        self.engine
            .define_meter(organization, id, meter.definition.clone());
        Ok(meter)
    }

    /// One fault for each part of the definition that is to change although an event matches (SEMANTICS 5.5, 19.19).
    fn frozen(
        &self,
        organization: OrganizationId,
        id: MeterId,
        changes: &MeterChanges,
    ) -> Vec<Fault> {
        let filter = (changes.filter != Change::Keep).then_some(Fault::FilterFrozen);
        let aggregation = (changes.aggregation != Change::Keep).then_some(Fault::AggregationFrozen);
        let faults: Vec<Fault> = filter.into_iter().chain(aggregation).collect();
        if faults.is_empty() || self.engine.has_match(organization, id) {
            faults
        } else {
            Vec::new()
        }
    }
}
