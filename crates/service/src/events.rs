//! Reading events back. SEMANTICS 9.10 to 9.20, 10.1, 19.18.

use domain::{
    CustomerId, Event, EventId, Filter, MetadataFilter, MeterId, OrganizationId, Source, Timestamp,
};

use crate::{Direction, Error, Listed, Page, Profile, Service};

/// Which events are listed. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventSearch {
    /// Only later ones; this time itself is not in.
    pub after: Option<Timestamp>,
    /// Only earlier ones; this time itself is not in.
    pub before: Option<Timestamp>,
    /// One of these names.
    pub names: Vec<String>,
    /// One of these sources.
    pub sources: Vec<Source>,
    /// Of these customers; with `external_customers`, of either of them (SEMANTICS 9.15).
    pub customers: Vec<CustomerId>,
    /// Of the customers that have these external ids now, or that came under them.
    pub external_customers: Vec<String>,
    /// Which values their metadata must hold.
    pub metadata: MetadataFilter,
    /// A filter that they must match.
    pub filter: Option<Filter>,
    /// A meter that they must match, aggregation and all.
    pub meter: Option<MeterId>,
    /// Text that must occur, ignoring case, in name, source, metadata or what is known of the customer.
    pub query: Option<String>,
    /// Below this event.
    pub parent: Option<EventId>,
    /// How deep: at most so many ancestors, or levels below `parent`. `None`: with `parent` direct children, else all.
    pub depth: Option<u8>,
    /// By time. Ties: by order of receipt, in the same direction.
    pub direction: EventDirection,
}

/// In which order of time events are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventDirection {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// An event as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its encoded row; see [`EventView::event`].
    pub row: Box<[u8]>,
    /// Its parent, once that has arrived.
    pub parent: Option<EventId>,
    /// How many direct children it has (D12).
    pub child_count: u64,
    /// Whose it is now (SEMANTICS 9.11); also a deleted customer, when the event came under its id.
    pub customer: Option<Profile>,
    /// What it is called (SEMANTICS 9.14).
    pub label: String,
}

impl EventView {
    /// The event itself.
    pub fn event(&self) -> Event<'_> {
        Event::decode(&self.row).expect("a row holds what was encoded")
    }
}

/// Which names are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventNameSearch {
    /// See [`EventSearch::customers`].
    pub customers: Vec<CustomerId>,
    /// See [`EventSearch::external_customers`].
    pub external_customers: Vec<String>,
    /// One of these sources.
    pub sources: Vec<Source>,
    /// Part of the name, ignoring case.
    pub query: Option<String>,
    /// By what they are ordered, first criterion first; then by name and source. Empty: last seen first.
    pub sorting: Vec<(EventNameOrder, Direction)>,
}

/// By what names may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventNameOrder {
    /// By code point.
    Name,
    /// How often.
    Occurrences,
    /// The least event time.
    FirstSeen,
    /// The greatest event time.
    LastSeen,
}

/// What is known of the events of one name and source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
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
    /// Events, as of the last acknowledged one. Faults: [`crate::Fault::MeterUnknown`].
    pub fn events(
        &self,
        organization: OrganizationId,
        search: &EventSearch,
        page: Page,
    ) -> Result<Listed<EventView>, Error> {
        let _ = (organization, search, page);
        Err(Error::NotFound)
    }

    /// An event.
    pub fn event(&self, organization: OrganizationId, id: EventId) -> Result<EventView, Error> {
        let _ = (organization, id);
        Err(Error::NotFound)
    }

    /// The names of events, with counts and times.
    pub fn event_names(
        &self,
        organization: OrganizationId,
        search: &EventNameSearch,
        page: Page,
    ) -> Result<Listed<EventName>, Error> {
        let _ = (organization, search, page);
        Err(Error::NotFound)
    }
}
