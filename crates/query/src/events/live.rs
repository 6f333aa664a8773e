//! An organization's events and their index, while both grow.

use store::Snapshot;

use super::index::EventIndex;
use super::references::References;

/// What is asked for events. The index is looked at for moments only: a long scan must not keep it from those who fold new rows.
pub trait LiveEvents {
    /// Looks at the index.
    fn index<T>(&self, look: impl FnOnce(&EventIndex) -> T) -> T;

    /// All events now. Taken after a look at the index, it holds all that was in the index.
    fn snapshot(&self) -> Snapshot;

    /// How ids and keys are looked up.
    fn references(&self) -> References<'_>;
}
