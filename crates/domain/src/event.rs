//! Events and the encoded rows that hold them.
//!
//! A row is an event's bytes from the parser to the journal, the tail and the scan: it is encoded once. Layout: a
//! flags byte, the timestamp (8 bytes, little endian), the identity (16 bytes, or text), then as the flags say the
//! member, the external id and the parent reference as text, the name as text, and the packed metadata to the end.

use crate::id::CustomerId;
use crate::metadata::MetadataRef;
use crate::packed::{PackedError, Reader, write_text};
use crate::time::Timestamp;

/// Bytes of a row that are not an event.
pub type DecodeError = PackedError;

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Sent by an organization.
    User,
    /// Written by this server: credits, resets, grants.
    System,
}

impl Source {
    /// `user` or `system`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::User => "user",
            Source::System => "system",
        }
    }
}

/// Under which identity an event came. Who that is, is decided when reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity<'a> {
    /// A customer's id. It was a customer of the organization when the event came.
    Customer(CustomerId),
    /// The organization's own id for a customer, who may not exist yet.
    External(&'a str),
}

impl Identity<'_> {
    /// A copy that owns its text.
    pub fn to_owned(self) -> OwnedIdentity {
        match self {
            Identity::Customer(id) => OwnedIdentity::Customer(id),
            Identity::External(id) => OwnedIdentity::External(id.into()),
        }
    }
}

/// An [`Identity`] that owns its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnedIdentity {
    /// See [`Identity::Customer`].
    Customer(CustomerId),
    /// See [`Identity::External`].
    External(Box<str>),
}

impl OwnedIdentity {
    /// A view of it.
    pub fn as_ref(&self) -> Identity<'_> {
        match self {
            OwnedIdentity::Customer(id) => Identity::Customer(*id),
            OwnedIdentity::External(id) => Identity::External(id),
        }
    }
}

/// Which member of a customer caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member<'a> {
    /// A member's id, in the text it is shown with.
    Id(&'a str),
    /// The organization's own id for a member; nobody checks it.
    External(&'a str),
}

/// One event, borrowed from a parsed request or from an encoded row. Every field is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Who wrote it.
    pub source: Source,
    /// Up to 128 characters; may be empty.
    pub name: &'a str,
    /// Whose usage it is.
    pub identity: Identity<'a>,
    /// Whose of the customer's members, if it said.
    pub member: Option<Member<'a>>,
    /// When it happened, by the client; not in the future when it came.
    pub timestamp: Timestamp,
    /// The key that counts once for ever in the organization; may be empty text.
    pub external_id: Option<&'a str>,
    /// The external id or event id of its parent, unresolved.
    pub parent: Option<&'a str>,
    /// Its metadata.
    pub metadata: MetadataRef<'a>,
}

const SYSTEM: u8 = 1;
const EXTERNAL_IDENTITY: u8 = 1 << 1;
const EXTERNAL_ID: u8 = 1 << 2;
const PARENT: u8 = 1 << 3;
const MEMBER: u8 = 1 << 4;
const EXTERNAL_MEMBER: u8 = 1 << 5;
const ALL_FLAGS: u8 = (1 << 6) - 1;

impl<'a> Event<'a> {
    /// Appends the row of this event.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut flags = 0;
        if self.source == Source::System {
            flags |= SYSTEM;
        }
        if matches!(self.identity, Identity::External(_)) {
            flags |= EXTERNAL_IDENTITY;
        }
        if self.external_id.is_some() {
            flags |= EXTERNAL_ID;
        }
        if self.parent.is_some() {
            flags |= PARENT;
        }
        match self.member {
            None => {}
            Some(Member::Id(_)) => flags |= MEMBER,
            Some(Member::External(_)) => flags |= MEMBER | EXTERNAL_MEMBER,
        }
        out.push(flags);
        out.extend_from_slice(&self.timestamp.micros().to_le_bytes());
        match self.identity {
            Identity::Customer(id) => out.extend_from_slice(id.as_bytes()),
            Identity::External(id) => write_text(id, out),
        }
        if let Some(Member::Id(member) | Member::External(member)) = self.member {
            write_text(member, out);
        }
        for text in [self.external_id, self.parent].into_iter().flatten() {
            write_text(text, out);
        }
        write_text(self.name, out);
        out.extend_from_slice(self.metadata.bytes());
    }

    /// Reads a row. The metadata is taken as it is: its bytes were checked when they were encoded.
    pub fn decode(row: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_with(row, Reader::text)
    }

    /// Reads of a row what filters and aggregations look at. The texts of identity, member, external id and parent are empty where there
    /// are any. Costs a fraction of [`Self::decode`], which checks them all.
    pub fn decode_judged(row: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_with(row, |reader| {
            let len = reader.len()?;
            reader.bytes(len)?;
            Ok("")
        })
    }

    /// `text` reads what is no name.
    #[inline]
    fn decode_with(
        row: &'a [u8],
        text: impl Fn(&mut Reader<'a>) -> Result<&'a str, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(row);
        let flags = reader.byte()?;
        if flags & !ALL_FLAGS != 0 {
            return Err(PackedError {
                what: "an event has unknown flags",
            });
        }
        let has = |flag: u8| flags & flag != 0;
        let timestamp =
            Timestamp::from_micros(i64::from_le_bytes(reader.array()?)).ok_or(PackedError {
                what: "a timestamp is out of range",
            })?;
        let identity = if has(EXTERNAL_IDENTITY) {
            Identity::External(text(&mut reader)?)
        } else {
            Identity::Customer(CustomerId::from_bytes(reader.array()?))
        };
        let member = match (has(MEMBER), has(EXTERNAL_MEMBER)) {
            (false, _) => None,
            (true, false) => Some(Member::Id(text(&mut reader)?)),
            (true, true) => Some(Member::External(text(&mut reader)?)),
        };
        let external_id = if has(EXTERNAL_ID) {
            Some(text(&mut reader)?)
        } else {
            None
        };
        let parent = if has(PARENT) {
            Some(text(&mut reader)?)
        } else {
            None
        };
        let name = reader.text()?;
        Ok(Self {
            source: if has(SYSTEM) {
                Source::System
            } else {
                Source::User
            },
            name,
            identity,
            member,
            timestamp,
            external_id,
            parent,
            metadata: MetadataRef::from_packed(reader.rest()),
        })
    }
}

/// The encoded rows of one request, one after the other in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventBatch {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    names_customers: bool,
}

impl EventBatch {
    /// Without events, with room for `bytes` bytes of rows.
    pub fn with_capacity(events: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(events),
            names_customers: false,
        }
    }

    /// Forgets the events and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.names_customers = false;
    }

    /// Adds an event.
    ///
    /// # Panics
    /// When the rows pass 4 GiB, which a request's size forbids.
    pub fn push(&mut self, event: &Event<'_>) {
        event.encode(&mut self.bytes);
        self.names_customers |= matches!(event.identity, Identity::Customer(_));
        self.ends
            .push(u32::try_from(self.bytes.len()).expect("a batch is far below 4 GiB"));
    }

    /// Whether any event came under a customer's id.
    pub fn names_customers(&self) -> bool {
        self.names_customers
    }

    /// The rows, one after the other, and where each ends.
    pub fn into_rows(self) -> (Vec<u8>, Vec<u32>) {
        (self.bytes, self.ends)
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All rows.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each row ends in [`Self::bytes`].
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The row of the event at `index`.
    pub fn row(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[index] as usize]
    }

    /// The event at `index`.
    pub fn event(&self, index: usize) -> Event<'_> {
        Event::decode(self.row(index)).expect("a batch holds what was encoded")
    }

    /// The events, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event<'_>> {
        (0..self.len()).map(|index| self.event(index))
    }
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::metadata::MetadataBuilder;

    fn text() -> impl Strategy<Value = String> {
        "\\PC{0,20}"
    }

    proptest! {
        #[test]
        fn an_event_comes_back_from_its_row(
            system: bool, name in text(), customer in option::of(any::<[u8; 16]>()), external in text(),
            member in option::of((any::<bool>(), text())), micros in -1_000_000_000_000_000_i64..4_000_000_000_000_000,
            external_id in option::of(text()), parent in option::of(text()), value in text(),
        ) {
            let mut metadata = MetadataBuilder::new();
            metadata.text("key", &value);
            let event = Event {
                source: if system { Source::System } else { Source::User },
                name: &name,
                identity: customer.map_or(Identity::External(&external), |bytes| {
                    Identity::Customer(CustomerId::from_random(bytes))
                }),
                member: member.as_ref().map(|(external, text)| {
                    if *external { Member::External(text) } else { Member::Id(text) }
                }),
                timestamp: Timestamp::from_micros(micros).expect("in range"),
                external_id: external_id.as_deref(),
                parent: parent.as_deref(),
                metadata: metadata.as_ref(),
            };
            let mut batch = EventBatch::default();
            batch.push(&event);
            batch.push(&event);
            prop_assert_eq!(batch.event(0), event.clone());
            let judged = Event::decode_judged(batch.row(0)).expect("it was encoded");
            prop_assert_eq!(
                (judged.source, judged.name, judged.timestamp, judged.metadata),
                (event.source, event.name, event.timestamp, event.metadata)
            );
            prop_assert_eq!(batch.event(1), event);
            prop_assert_eq!(batch.row(0), batch.row(1));
        }

        #[test]
        fn foreign_bytes_are_an_error_and_no_panic(bytes: Vec<u8>) {
            if let Ok(event) = Event::decode(&bytes) {
                prop_assert!(bytes.len() > event.name.len());
            }
        }
    }
}
