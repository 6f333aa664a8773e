//! What is asked about events, and what is answered.

use std::fmt;
use std::sync::Arc;

use domain::{
    Definition, Event, EventId, Filter, MetadataFilter, OwnedIdentity, Source, TimeRange, Timestamp,
};

/// Which events are asked for. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Copy)]
pub struct EventQuestion<'a> {
    /// When they happened.
    pub range: TimeRange,
    /// One of these names.
    pub names: &'a [String],
    /// One of these sources.
    pub sources: &'a [Source],
    /// That came under one of these identities. `None`: under any.
    pub identities: Option<&'a [OwnedIdentity]>,
    /// Which values their metadata must hold.
    pub metadata: &'a MetadataFilter,
    /// A filter that they must match.
    pub filter: Option<&'a Filter>,
    /// A meter that must count them.
    pub definition: Option<&'a Definition>,
    /// A text that must occur.
    pub text: Option<TextCondition<'a>>,
    /// Below this event.
    pub parent: Option<EventId>,
    /// With `parent`, at most so many levels below it (`None`: one); else at most so many ancestors (`None`: any number).
    pub depth: Option<u8>,
    /// In which order.
    pub direction: EventDirection,
}

/// A text that must occur in an event's name, source or metadata, or in what is known of its customer (SEMANTICS 9.15).
#[derive(Clone, Copy)]
pub struct TextCondition<'a> {
    /// Whether it occurs in a text.
    pub occurs_in: &'a dyn Fn(&str) -> bool,
    /// The identities of the customers in which it occurs.
    pub identities: &'a [OwnedIdentity],
}

impl fmt::Debug for TextCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextCondition")
            .field("identities", &self.identities)
            .finish_non_exhaustive()
    }
}

/// In which order of time events are listed. Ties: in the order of receipt, in the same direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventDirection {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many come before it.
    pub offset: u64,
    /// How many it has at most.
    pub limit: u32,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// Its items; none when it is past the end.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
    /// Whether items of the part were left out, because all of them would take more than [`PART_BYTES_MAX`].
    pub is_cut: bool,
}

/// How many bytes of rows a part has, unless it is a single event: text in metadata may be as large as a request.
pub const PART_BYTES_MAX: usize = 32 << 20;

/// An event that was found.
#[derive(Debug, Clone)]
pub struct FoundEvent {
    /// Its id.
    pub id: EventId,
    /// Its encoded row; see [`FoundEvent::event`].
    pub row: Box<[u8]>,
    /// Its parent, once that has arrived.
    pub parent: Option<EventId>,
    /// How many direct children it has (D12).
    pub children_count: u32,
}

impl FoundEvent {
    /// The event itself.
    pub fn event(&self) -> Event<'_> {
        Event::decode(&self.row).expect("a row holds what was encoded")
    }
}

/// Which names are asked for. All conditions must hold; an empty list is none.
#[derive(Clone, Copy)]
pub struct NameQuestion<'a> {
    /// Of the events that came under one of these identities. `None`: of all.
    pub identities: Option<&'a [OwnedIdentity]>,
    /// One of these sources.
    pub sources: &'a [Source],
    /// Whether the events of a source that have a name are looked for.
    pub is_wanted: &'a dyn Fn(Source, &str) -> bool,
    /// Only of events without a parent. One whose parent has not arrived has none (SEMANTICS 19.18).
    pub roots_only: bool,
    /// Only of the direct children of this event.
    pub parent: Option<EventId>,
    /// By what they are ordered, first criterion first, and whether the greatest comes first; at last by name and source. Empty:
    /// last seen first.
    pub sorting: &'a [(NameOrder, bool)],
}

impl fmt::Debug for NameQuestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameQuestion")
            .field("identities", &self.identities)
            .field("sources", &self.sources)
            .field("roots_only", &self.roots_only)
            .field("parent", &self.parent)
            .field("sorting", &self.sorting)
            .finish_non_exhaustive()
    }
}

/// By what names may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOrder {
    /// By code point.
    Name,
    /// How often.
    Occurrences,
    /// The least event time.
    FirstSeen,
    /// The greatest event time.
    LastSeen,
}

/// What is known of the events of one name and source that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSummary {
    /// The name.
    pub name: Arc<str>,
    /// Who wrote them.
    pub source: Source,
    /// How many.
    pub occurrences: u64,
    /// The least event time.
    pub first_seen: Timestamp,
    /// The greatest event time.
    pub last_seen: Timestamp,
    /// When the first event of the name and source was received, whether it is asked for or not.
    pub first_received_at: Timestamp,
}
