//! What persons say that events are called, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Event, EventLabel, OrganizationId, Property, Source, system};
use parking_lot::RwLock;

/// Of all organizations, as in the catalogue.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    by_organization: RwLock<BTreeMap<OrganizationId, Arc<OrganizationLabels>>>,
}

/// Of one organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrganizationLabels {
    by_name: BTreeMap<String, Said>,
}

/// What is said of the events of a name.
#[derive(Debug, Clone)]
struct Said {
    label: EventLabel,
    /// The selector of the label.
    property: Option<Property>,
}

impl Labels {
    /// Takes in what is said of the events of a name, in place of what was said before.
    /// Who has the organization's labels already keeps them as they were; they are copied then.
    pub(crate) fn insert(&self, organization: OrganizationId, name: String, label: EventLabel) {
        let property = label.property_selector.as_deref().map(Property::parse);
        let mut all = self.by_organization.write();
        let labels = Arc::make_mut(all.entry(organization).or_default());
        labels.by_name.insert(name, Said { label, property });
    }

    /// As they are now. Nobody waits for who has them, however long.
    pub(crate) fn of(&self, organization: OrganizationId) -> Arc<OrganizationLabels> {
        let known = self.by_organization.read().get(&organization).cloned();
        known.unwrap_or_default()
    }
}

impl OrganizationLabels {
    /// What is said of the user events of a name.
    pub(crate) fn said(&self, name: &str) -> Option<EventLabel> {
        self.by_name.get(name).map(|said| said.label.clone())
    }

    /// What the events of a name are called (SEMANTICS 10.1).
    pub(crate) fn of_name(&self, source: Source, name: &str) -> String {
        match source {
            Source::System => system::title(name),
            Source::User => match self.by_name.get(name) {
                None => name.to_owned(),
                Some(said) => said.label.label.clone(),
            },
        }
    }

    /// What an event is called (SEMANTICS 9.14).
    pub(crate) fn of_event(&self, event: &Event<'_>) -> String {
        let said = match event.source {
            Source::System => None,
            Source::User => self.by_name.get(event.name),
        };
        let selected = said
            .and_then(|said| said.property.as_ref()?.in_metadata(event))
            .and_then(|value| value.text().map(String::from))
            .filter(|text| !text.is_empty());
        selected.unwrap_or_else(|| self.of_name(event.source, event.name))
    }
}
