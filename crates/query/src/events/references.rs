//! What an event calls its parent, and which event that is. SEMANTICS 9.12.

use domain::{EventId, EventIds, OrganizationId, Source};
use store::{KeyHasher, Snapshot, StoreError};
use uuid::Uuid;

/// How the references of an organization's events are looked up.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// Whose events.
    pub organization: OrganizationId,
    /// The hash of keys.
    pub keys: KeyHasher,
    /// From ids to sequence numbers.
    pub ids: &'a EventIds,
}

/// What became of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// There is none, or it is the event itself, which is never its own parent.
    None,
    /// The event with this ordinal.
    Known(u32),
    /// It has not arrived. The hash of the key that is waited for.
    Awaited(u128),
}

impl References<'_> {
    /// The event with this id, when it is one of the snapshot.
    ///
    /// # Errors
    /// As [`Snapshot::ordinal_of_sequence`].
    pub fn ordinal_of_event(
        &self,
        snapshot: &Snapshot,
        id: EventId,
    ) -> Result<Option<u32>, StoreError> {
        match self.ids.sequence(id) {
            None => Ok(None),
            Some(sequence) => snapshot.ordinal_of_sequence(sequence),
        }
    }

    /// The parent of the event at `ordinal`, among the events before it: the one with that external id, else the one with that id.
    pub(super) fn resolve(
        &self,
        snapshot: &Snapshot,
        ordinal: u32,
        event: &domain::Event<'_>,
    ) -> Result<Parent, StoreError> {
        let Some(text) = event.parent else {
            return Ok(Parent::None);
        };
        let is_before = |found: &u32| *found < ordinal;
        let hash = self.hash(text);
        let by_key = snapshot.ordinal_of_key(hash, Source::User, text)?;
        if let Some(parent) = by_key.filter(is_before) {
            return Ok(Parent::Known(parent));
        }
        if let Some(id) = event_id(text) {
            let by_id = self.ordinal_of_event(snapshot, id)?;
            if let Some(parent) = by_id.filter(is_before) {
                return Ok(Parent::Known(parent));
            }
        }
        if by_key == Some(ordinal) {
            return Ok(Parent::None);
        }
        Ok(Parent::Awaited(hash))
    }

    /// The hash of a user's key.
    pub(super) fn hash(&self, key: &str) -> u128 {
        self.keys.hash(self.organization, Source::User, key)
    }
}

/// The id that a text is, written as ids are: lower case with hyphens.
fn event_id(text: &str) -> Option<EventId> {
    let id = EventId::from_uuid(Uuid::try_parse(text).ok()?);
    (id.to_string() == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_with_hyphens_is_an_id() {
        let text = "b3523d3d-1818-4088-8d9a-dba8ca6373ea";
        assert_eq!(
            event_id(text).map(|id| id.to_string()).as_deref(),
            Some(text)
        );
        for other in [
            &text.to_uppercase(),
            &text.replace('-', ""),
            &format!("{{{text}}}"),
            &format!("urn:uuid:{text}"),
            "",
            "root",
        ] {
            assert_eq!(event_id(other), None, "{other}");
        }
    }
}
