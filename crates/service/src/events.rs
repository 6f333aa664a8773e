//! Reading events back. SEMANTICS 9.10 to 9.20, 10.1, 19.18.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use catalog::TextSearch;
use domain::{
    CustomerId, Definition, Event, EventId, EventTypeId, Filter, Identity, MetadataFilter, MeterId,
    OrganizationId, OwnedIdentity, Source, TimeRange, Timestamp,
};
pub use engine::{EventDirection, NameOrder as EventNameOrder};
use engine::{EventQuestion, FoundEvent, NameQuestion, NameSummary, Part, TextCondition};

use crate::labels::OrganizationLabels;
use crate::{Direction, Error, Fault, Listed, Page, Profile, Service};

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
    /// Of this type.
    pub event_type: Option<EventTypeId>,
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

impl EventSearch {
    fn range(&self) -> TimeRange {
        let start = self.after.map_or(Timestamp::MIN, |after| {
            Timestamp::from_micros(after.micros().saturating_add(1)).unwrap_or(Timestamp::END)
        });
        TimeRange::new(start, self.before.unwrap_or(Timestamp::END))
    }
}

impl Service {
    /// Events, as of the last acknowledged one. Faults: [`Fault::MeterUnknown`], [`Fault::PageTooLarge`]. Cost, with a type: a hash
    /// of each name that the organization's events have.
    ///
    /// A page past the end tells of no events at all: the total is then 0, as the reference counts along the page.
    pub fn events(
        &self,
        organization: OrganizationId,
        search: &EventSearch,
        page: Page,
    ) -> Result<Listed<EventView>, Error> {
        let definition = match search.meter {
            None => None,
            Some(id) => Some(self.definition_of(organization, id)?),
        };
        let Some(kinds) = self.kinds(organization, search)? else {
            return Ok(Listed {
                items: Vec::new(),
                total: 0,
            });
        };
        let identities =
            self.identities_of_events(organization, &search.customers, &search.external_customers);
        let text = search.query.as_deref().map(TextSearch::new);
        let occurs_in = |in_text: &str| text.as_ref().is_some_and(|text| text.occurs_in(in_text));
        let text_identities = match &search.query {
            None => Vec::new(),
            Some(text) => self.identities_with_text(organization, text)?,
        };
        let question = EventQuestion {
            range: search.range(),
            names: &kinds.names,
            sources: &kinds.sources,
            identities: identities.as_deref(),
            metadata: &search.metadata,
            filter: search.filter.as_ref(),
            definition: definition.as_ref(),
            text: text.is_some().then_some(TextCondition {
                occurs_in: &occurs_in,
                identities: &text_identities,
            }),
            parent: search.parent,
            depth: search.depth,
            direction: search.direction,
        };
        let part = part_of(page);
        let listed = self.engine.events(organization, &question, part)?;
        if listed.is_cut {
            return Err(Error::Invalid(vec![Fault::PageTooLarge]));
        }
        let is_past_end = part.offset >= listed.total;
        Ok(Listed {
            items: self.event_views(organization, &listed.items)?,
            total: if is_past_end { 0 } else { listed.total },
        })
    }

    /// An event.
    pub fn event(&self, organization: OrganizationId, id: EventId) -> Result<EventView, Error> {
        let found = self.engine.event(organization, id)?;
        let views = self.event_views(organization, found.as_slice())?;
        views.into_iter().next().ok_or(Error::NotFound)
    }

    /// The names of events, with counts and times, as of the last acknowledged event.
    pub fn event_names(
        &self,
        organization: OrganizationId,
        search: &EventNameSearch,
        page: Page,
    ) -> Result<Listed<EventName>, Error> {
        let identities =
            self.identities_of_events(organization, &search.customers, &search.external_customers);
        let text = search.query.as_deref().map(TextSearch::new);
        let is_wanted =
            |_: Source, name: &str| text.as_ref().is_none_or(|text| text.occurs_in(name));
        let question = NameQuestion {
            identities: identities.as_deref(),
            sources: &search.sources,
            is_wanted: &is_wanted,
            roots_only: false,
            parent: None,
            sorting: &sorting_of(&search.sorting),
        };
        let listed = self
            .engine
            .event_names(organization, &question, part_of(page))?;
        let labels = self.labels.of(organization);
        let item = |summary: &NameSummary| event_name(&labels, summary);
        Ok(Listed {
            items: listed.items.iter().map(item).collect(),
            total: listed.total,
        })
    }

    /// The names and sources that a search leaves; `None` when it leaves none.
    fn kinds<'a>(
        &self,
        organization: OrganizationId,
        search: &'a EventSearch,
    ) -> Result<Option<Kinds<'a>>, Error> {
        let Some(id) = search.event_type else {
            return Ok(Some(Kinds {
                names: Cow::Borrowed(&search.names),
                sources: Cow::Borrowed(&search.sources),
            }));
        };
        let Some(found) = self.name_of_type(organization, id)? else {
            return Ok(None);
        };
        let name = found.name.as_ref().to_owned();
        let is_left = (search.names.is_empty() || search.names.contains(&name))
            && (search.sources.is_empty() || search.sources.contains(&Source::User));
        Ok(is_left.then(|| Kinds {
            names: Cow::Owned(vec![name]),
            sources: Cow::Owned(vec![Source::User]),
        }))
    }

    fn definition_of(
        &self,
        organization: OrganizationId,
        meter: MeterId,
    ) -> Result<Definition, Error> {
        match self.meter(organization, meter) {
            Ok(meter) => Ok(meter.definition),
            Err(Error::NotFound) => Err(Error::Invalid(vec![Fault::MeterUnknown])),
            Err(error) => Err(error),
        }
    }

    /// The identities under which the events of these customers came; `None` for everyone's. Unlike with quantities, the id of a customer
    /// that does not exist, or no more, stands for the events that came under it (SEMANTICS 9.15).
    pub(crate) fn identities_of_events(
        &self,
        organization: OrganizationId,
        ids: &[CustomerId],
        external_ids: &[String],
    ) -> Option<Vec<OwnedIdentity>> {
        if ids.is_empty() && external_ids.is_empty() {
            return None;
        }
        let mut identities = self
            .directory
            .read()
            .identities(organization, ids, external_ids);
        identities.extend(ids.iter().copied().map(OwnedIdentity::Customer));
        Some(identities)
    }

    /// The identities of the customers in which a text occurs.
    fn identities_with_text(
        &self,
        organization: OrganizationId,
        text: &str,
    ) -> Result<Vec<OwnedIdentity>, Error> {
        let customers = self.catalog.customers_with_text(organization, text)?;
        let mut identities = Vec::new();
        for customer in customers {
            identities.push(OwnedIdentity::Customer(customer.id));
            identities.extend(customer.external_id.map(OwnedIdentity::External));
        }
        Ok(identities)
    }

    /// What is shown of events. The customers of all of them are fetched at once.
    fn event_views(
        &self,
        organization: OrganizationId,
        found: &[FoundEvent],
    ) -> Result<Vec<EventView>, Error> {
        let customers: Vec<Option<CustomerId>> = {
            let directory = self.directory.read();
            let known = directory.customers(organization);
            let customer_of = |found: &FoundEvent| match found.event().identity {
                Identity::Customer(id) => Some(id),
                Identity::External(external_id) => known?.by_external_id(external_id),
            };
            found.iter().map(customer_of).collect()
        };
        let ids: BTreeSet<CustomerId> = customers.iter().flatten().copied().collect();
        let profiles = self.profiles(self.catalog.customers_by_id(organization, ids)?)?;
        let profiles: BTreeMap<CustomerId, Profile> = profiles
            .into_iter()
            .map(|profile| (profile.customer.id, profile))
            .collect();
        let labels = self.labels.of(organization);
        let view = |(found, customer): (&FoundEvent, Option<CustomerId>)| {
            let event = found.event();
            let customer = customer
                .and_then(|id| profiles.get(&id))
                .filter(|profile| is_of(&event, profile));
            EventView {
                id: found.id,
                row: found.row.clone(),
                parent: found.parent,
                child_count: found.children_count.into(),
                customer: customer.cloned(),
                label: labels.of_event(&event),
            }
        };
        Ok(found.iter().zip(customers).map(view).collect())
    }
}

/// The names and sources of which events are looked for; none: any.
struct Kinds<'a> {
    names: Cow<'a, [String]>,
    sources: Cow<'a, [Source]>,
}

/// Whether an event is this customer's. It may have lost its external id since it was looked up by that.
fn is_of(event: &Event<'_>, profile: &Profile) -> bool {
    match event.identity {
        Identity::Customer(id) => profile.customer.id == id,
        Identity::External(id) => profile.customer.external_id.as_deref() == Some(id),
    }
}

fn event_name(labels: &OrganizationLabels, summary: &NameSummary) -> EventName {
    EventName {
        name: summary.name.as_ref().to_owned(),
        source: summary.source,
        label: labels.of_name(summary.source, &summary.name),
        occurrences: summary.occurrences,
        first_seen: summary.first_seen,
        last_seen: summary.last_seen,
    }
}

/// The criteria of an order, and whether the greatest comes first.
pub(crate) fn sorting_of(sorting: &[(EventNameOrder, Direction)]) -> Vec<(EventNameOrder, bool)> {
    (sorting.iter())
        .map(|(order, way)| (*order, *way == Direction::Descending))
        .collect()
}

pub(crate) fn part_of(page: Page) -> Part {
    Part {
        offset: u64::from(page.page.saturating_sub(1)) * u64::from(page.limit),
        limit: page.limit,
    }
}
