//! Meters.

use domain::{
    Aggregation, Definition, Filter, Metadata, Meter, MeterId, OrganizationId, Timestamp, Unit,
};

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
            stands_since: None,
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

    /// Changes a meter, all or nothing. Faults: [`Fault::FilterFrozen`], [`Fault::AggregationFrozen`], [`Fault::MeterCredited`]. Cost: for a change of
    /// filter or aggregation, a look at the events until one matches.
    pub fn update_meter(
        &self,
        organization: OrganizationId,
        id: MeterId,
        changes: MeterChanges,
    ) -> Result<Meter, Error> {
        let mut faults = changes.of_frozen();
        if !faults.is_empty() && self.engine.has_match(organization, id)? {
            // The long look, before anybody else has to wait for it. The meter may be another organization's.
            self.meter(organization, id)?;
            faults.extend(self.of_archiving(organization, id, &changes)?);
            return Err(Error::Invalid(faults));
        }
        let _accounts = changes.is_archived.map(|_| self.accounts.write());
        let _changing = self.changing.lock();
        let meter = self.meter(organization, id)?;
        if let Some(fault) = self.of_archiving(organization, id, &changes)? {
            return Err(Error::Invalid(vec![fault]));
        }
        // What was received before is in, what comes after is not, however the clock stands.
        let now = if changes.is_archived == Some(true) {
            self.engine.cut()?
        } else {
            self.now()
        };
        let meter = changes.apply(meter, now);
        if faults.is_empty() {
            self.catalog.update_meter(&meter)?;
            return Ok(meter);
        }
        let definition = meter.definition.clone();
        let commit = || self.catalog.update_meter(&meter).map_err(Error::from);
        if self
            .engine
            .replace_definition(organization, id, definition, commit)?
        {
            Ok(meter)
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// The fault if the meter is to be archived and a benefit credits it (SEMANTICS 5.7).
    fn of_archiving(
        &self,
        organization: OrganizationId,
        id: MeterId,
        changes: &MeterChanges,
    ) -> Result<Option<Fault>, Error> {
        let refused = changes.is_archived == Some(true)
            && self.catalog.is_meter_credited(organization, id)?;
        Ok(refused.then_some(Fault::MeterCredited))
    }
}

impl MeterChanges {
    /// The faults if the meter is frozen: one for each part of the definition that is in the request, be it null or as it is
    /// already (SEMANTICS 5.5).
    fn of_frozen(&self) -> Vec<Fault> {
        let filter = (self.filter != Change::Keep).then_some(Fault::FilterFrozen);
        let aggregation = (self.aggregation != Change::Keep).then_some(Fault::AggregationFrozen);
        filter.into_iter().chain(aggregation).collect()
    }

    fn apply(self, mut meter: Meter, now: Timestamp) -> Meter {
        if let Change::Set(Some(filter)) = self.filter {
            meter.definition.filter = filter;
        }
        if let Change::Set(Some(aggregation)) = self.aggregation {
            meter.definition.aggregation = aggregation;
        }
        meter.name = self.name.unwrap_or(meter.name);
        meter.unit = self.unit.unwrap_or(meter.unit);
        self.custom_label.apply(&mut meter.custom_label);
        self.custom_multiplier.apply(&mut meter.custom_multiplier);
        meter.metadata = self.metadata.unwrap_or(meter.metadata);
        match self.is_archived {
            Some(true) => {
                meter.archived_at = Some(now);
                meter.stands_since.get_or_insert(now);
            }
            Some(false) => {
                meter.archived_at = None;
                meter.stands_since = None;
            }
            None => {}
        }
        meter.modified_at = now;
        meter
    }
}
