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

/// Of one organization. Each question is answered as of when it is asked, and nobody waits for longer than that takes: a list of many
/// events may know some by a label that was changed in the middle of it.
#[derive(Debug, Default)]
pub(crate) struct OrganizationLabels {
    by_name: RwLock<BTreeMap<String, Said>>,
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
    pub(crate) fn insert(&self, organization: OrganizationId, name: String, label: EventLabel) {
        let property = label.property_selector.as_deref().map(Property::parse);
        let labels = Arc::clone(
            self.by_organization
                .write()
                .entry(organization)
                .or_default(),
        );
        labels
            .by_name
            .write()
            .insert(name, Said { label, property });
    }

    /// Those of an organization. Who has them sees what is said later, but for the first that is said at all.
    pub(crate) fn of(&self, organization: OrganizationId) -> Arc<OrganizationLabels> {
        let known = self.by_organization.read().get(&organization).cloned();
        known.unwrap_or_default()
    }
}

impl OrganizationLabels {
    /// What is said of the user events of a name.
    pub(crate) fn said(&self, name: &str) -> Option<EventLabel> {
        let by_name = self.by_name.read();
        by_name.get(name).map(|said| said.label.clone())
    }

    /// What the events of a name are called (SEMANTICS 10.1).
    pub(crate) fn of_name(&self, source: Source, name: &str) -> String {
        match source {
            Source::System => system::title(name),
            Source::User => match self.by_name.read().get(name) {
                None => name.to_owned(),
                Some(said) => said.label.label.clone(),
            },
        }
    }

    /// What an event is called (SEMANTICS 9.14).
    pub(crate) fn of_event(&self, event: &Event<'_>) -> String {
        if event.source == Source::User
            && let Some(said) = self.by_name.read().get(event.name)
        {
            return said.of_event(event);
        }
        self.of_name(event.source, event.name)
    }
}

impl Said {
    /// What an event of the name is called: by its property, if it has the one that is selected.
    fn of_event(&self, event: &Event<'_>) -> String {
        let selected = self.property.as_ref();
        selected
            .and_then(|property| property.in_metadata(event))
            .and_then(|value| value.text().map(String::from))
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| self.label.label.clone())
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn label(text: &str) -> EventLabel {
        EventLabel {
            label: text.to_owned(),
            property_selector: None,
            modified_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn what_is_said_of_a_name_is_said_of_user_events_of_its_organization_alone() {
        let all = Labels::default();
        let [ours, others] = [1, 2].map(|byte| OrganizationId::from_random([byte; 16]));
        all.insert(ours, "call".to_owned(), label("Calls"));
        let labels = all.of(ours);
        assert_eq!(labels.of_name(Source::User, "call"), "Calls");
        assert_eq!(labels.of_name(Source::User, "other"), "other");
        assert_eq!(labels.said("call"), Some(label("Calls")));
        assert_eq!(all.of(others).of_name(Source::User, "call"), "call");
        let system = labels.of_name(Source::System, "call");
        assert_eq!(system, system::title("call"));
        // Who lists does not keep others from changing it, and sees it.
        all.insert(ours, "call".to_owned(), label("Requests"));
        assert_eq!(labels.of_name(Source::User, "call"), "Requests");
    }
}
