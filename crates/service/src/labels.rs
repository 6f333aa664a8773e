//! What persons say that events are called, in memory.

use std::collections::BTreeMap;

use domain::{Event, EventLabel, OrganizationId, Property, Source, system};

/// Of all organizations, as in the catalogue.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    by_organization: BTreeMap<OrganizationId, BTreeMap<String, Said>>,
}

/// What is said of the events of a name.
#[derive(Debug)]
struct Said {
    label: EventLabel,
    /// The selector of the label.
    property: Option<Property>,
}

/// Of one organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrganizationLabels<'a> {
    by_name: Option<&'a BTreeMap<String, Said>>,
}

impl Labels {
    /// Takes in what is said of the events of a name, in place of what was said before.
    pub(crate) fn insert(&mut self, organization: OrganizationId, name: String, label: EventLabel) {
        let property = label.property_selector.as_deref().map(Property::parse);
        let labels = self.by_organization.entry(organization).or_default();
        labels.insert(name, Said { label, property });
    }

    pub(crate) fn of(&self, organization: OrganizationId) -> OrganizationLabels<'_> {
        OrganizationLabels {
            by_name: self.by_organization.get(&organization),
        }
    }
}

impl OrganizationLabels<'_> {
    /// What is said of the user events of a name.
    pub(crate) fn said(self, name: &str) -> Option<EventLabel> {
        self.get(name).map(|said| said.label.clone())
    }

    /// What the events of a name are called (SEMANTICS 10.1).
    pub(crate) fn of_name(self, source: Source, name: &str) -> String {
        match source {
            Source::System => system::title(name),
            Source::User => match self.get(name) {
                None => name.to_owned(),
                Some(said) => said.label.label.clone(),
            },
        }
    }

    /// What an event is called (SEMANTICS 9.14).
    pub(crate) fn of_event(self, event: &Event<'_>) -> String {
        let said = match event.source {
            Source::System => None,
            Source::User => self.get(event.name),
        };
        let selected = said
            .and_then(|said| said.property.as_ref()?.in_metadata(event))
            .and_then(|value| value.text().map(String::from))
            .filter(|text| !text.is_empty());
        selected.unwrap_or_else(|| self.of_name(event.source, event.name))
    }

    fn get(&self, name: &str) -> Option<&Said> {
        self.by_name?.get(name)
    }
}
