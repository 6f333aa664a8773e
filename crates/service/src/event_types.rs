//! Event types: the types of user events, one for each name. SEMANTICS 9.10, 10.2, 10.3.
//!
//! A type is there as soon as an event of its name is. Its identifier is made from organization and name, and all but what a person
//! says of it follows from the events.

use catalog::TextSearch;
use domain::{
    CustomerId, EventId, EventLabel, EventType, EventTypeId, OrganizationId, Source, Timestamp,
};
use engine::{NameQuestion, NameSummary, Part};

use crate::events::{EventNameOrder, part_of, sorting_of};
use crate::labels::OrganizationLabels;
use crate::{Direction, Error, Listed, Page, Service};

/// Which events are counted by type, and which types are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventTypeSearch {
    /// See [`crate::EventSearch::customers`].
    pub customers: Vec<CustomerId>,
    /// See [`crate::EventSearch::external_customers`].
    pub external_customers: Vec<String>,
    /// Part of the name or the label, ignoring case.
    pub query: Option<String>,
    /// Only events without a parent.
    pub root_events: bool,
    /// Only direct children of this event.
    pub parent: Option<EventId>,
    /// Only events of this source.
    pub source: Option<Source>,
    /// By what they are ordered, first criterion first; then by name and source. Empty: last seen first.
    pub sorting: Vec<(EventNameOrder, Direction)>,
}

/// What is known of the events of one name and source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeStats {
    /// Their type; `None` for system events, which have none.
    pub event_type: Option<EventType>,
    /// The name.
    pub name: String,
    /// Who wrote them.
    pub source: Source,
    /// What they are called.
    pub label: String,
    /// How many.
    pub occurrences: u64,
    /// The least event time.
    pub first_seen: Timestamp,
    /// The greatest event time.
    pub last_seen: Timestamp,
}

impl Service {
    /// The types of events that there are, with counts and times of the events asked for, as of the last acknowledged one. Cost: as
    /// for [`Service::event_names`]; with a parent, its children.
    pub fn event_types(
        &self,
        organization: OrganizationId,
        search: &EventTypeSearch,
        page: Page,
    ) -> Result<Listed<EventTypeStats>, Error> {
        let identities =
            self.identities_of_events(organization, &search.customers, &search.external_customers);
        let text = search.query.as_deref().map(TextSearch::new);
        let labels = self.labels.of(organization);
        let is_wanted = |source: Source, name: &str| {
            text.as_ref().is_none_or(|text| {
                text.occurs_in(name) || text.occurs_in(&labels.of_name(source, name))
            })
        };
        let question = NameQuestion {
            identities: identities.as_deref(),
            sources: search.source.as_slice(),
            is_wanted: &is_wanted,
            roots_only: search.root_events,
            parent: search.parent,
            sorting: &sorting_of(&search.sorting),
        };
        let listed = self
            .engine
            .event_names(organization, &question, part_of(page))?;
        let stats = |summary: &NameSummary| EventTypeStats {
            event_type: (summary.source == Source::User)
                .then(|| self.event_type(organization, &labels, summary)),
            name: summary.name.as_ref().to_owned(),
            source: summary.source,
            label: labels.of_name(summary.source, &summary.name),
            occurrences: summary.occurrences,
            first_seen: summary.first_seen,
            last_seen: summary.last_seen,
        };
        Ok(Listed {
            items: listed.items.iter().map(stats).collect(),
            total: listed.total,
        })
    }

    /// Says what the events of a type are called, from now on and in what is there, in place of what was said before. Label and
    /// selector are valid in form. Cost: a hash of each name that the organization's events have.
    pub fn update_event_type(
        &self,
        organization: OrganizationId,
        id: EventTypeId,
        label: String,
        property_selector: Option<String>,
    ) -> Result<EventType, Error> {
        // Before anybody has to wait for it: a name that is there stays.
        let found = self.name_of_type(organization, id)?;
        let found = found.ok_or(Error::NotFound)?;
        let _changing = self.changing.lock();
        let said = EventLabel {
            label,
            property_selector,
            modified_at: self.now(),
        };
        let name: &str = &found.name;
        self.catalog.set_event_label(organization, name, &said)?;
        self.labels.insert(organization, name.to_owned(), said);
        Ok(self.event_type(organization, &self.labels.of(organization), &found))
    }

    /// What is known of all events of a type; `None` without such a type. Cost: a hash of each name that the organization's events
    /// have.
    pub(crate) fn name_of_type(
        &self,
        organization: OrganizationId,
        id: EventTypeId,
    ) -> Result<Option<NameSummary>, Error> {
        let is_wanted = |_: Source, name: &str| self.event_type_ids.id(organization, name) == id;
        let question = NameQuestion {
            identities: None,
            sources: &[Source::User],
            is_wanted: &is_wanted,
            roots_only: false,
            parent: None,
            sorting: &[],
        };
        let only = Part {
            offset: 0,
            limit: 1,
        };
        let mut listed = self.engine.event_names(organization, &question, only)?;
        Ok(listed.items.pop())
    }

    /// The type of user events.
    fn event_type(
        &self,
        organization: OrganizationId,
        labels: &OrganizationLabels,
        summary: &NameSummary,
    ) -> EventType {
        EventType {
            id: self.event_type_ids.id(organization, &summary.name),
            organization,
            name: summary.name.as_ref().to_owned(),
            label: labels.said(&summary.name),
            created_at: summary.first_received_at,
        }
    }
}
