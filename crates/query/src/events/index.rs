//! What is folded from an organization's rows so that events can be read back without looking at all of them.

use domain::packed::{PackedError, Reader, write_varint};
use domain::{KeyedHash, Source};
use store::{RowRef, Snapshot, StoreError};

use super::identities::{Identities, IdentityTimes};
use super::links::Links;
use super::names::{Gathered, Names, Waiting};
use super::references::{Parent, References};
use crate::packed::read_count;

/// The format of [`EventIndex::encode`].
const FORMAT: u8 = 2;

/// Of the first [`EventIndex::rows`] events of an organization: their names and when events of each happened, their parents and
/// children, and when each identity's events came.
///
/// Folded in the order of the rows and the same however the folding was cut into pieces, so that it can be thrown away and folded
/// again at any time. An event of a known name and identity and without a parent takes no room, but for the first of a quarter hour.
#[derive(Debug)]
pub struct EventIndex {
    rows: u32,
    identities: Identities,
    names: Names,
    links: Links,
}

/// What has to be looked up to take an event in; done first, so that an event is in as a whole or not at all.
struct Relations {
    parent: Parent,
    waiting: Option<Awaited>,
}

/// Events that wait for a key.
struct Awaited {
    /// The key's.
    hash: u128,
    /// The events, in order.
    who: Vec<u32>,
    /// Where each of them counts.
    places: Vec<Waiting>,
}

impl EventIndex {
    /// With nothing folded yet. `hash` keeps clients from choosing names that fall together.
    pub fn new(hash: &KeyedHash) -> Self {
        Self {
            rows: 0,
            identities: Identities::default(),
            names: Names::new(hash),
            links: Links::default(),
        }
    }

    /// How many of the organization's rows have been folded.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Folds up to `rows_max` rows of a snapshot that have not been folded yet, in their order. Returns whether all of
    /// the snapshot is in the index now. Cost: one look at each row; two look-ups more for one that names a parent.
    ///
    /// # Errors
    /// Rows could not be read; those before them are folded.
    pub fn catch_up(
        &mut self,
        snapshot: &Snapshot,
        references: &References<'_>,
        rows_max: u32,
    ) -> Result<bool, StoreError> {
        let until = snapshot.rows().min(self.rows.saturating_add(rows_max));
        let mut gathered = Gathered::default();
        let folded = self.fold(snapshot, references, until, &mut gathered);
        self.names.count(gathered);
        folded?;
        Ok(self.rows >= snapshot.rows())
    }

    fn fold(
        &mut self,
        snapshot: &Snapshot,
        references: &References<'_>,
        until: u32,
        gathered: &mut Gathered,
    ) -> Result<(), StoreError> {
        for handle in snapshot.blocks_from(self.rows) {
            if self.rows >= until {
                break;
            }
            let block = handle.load()?;
            for index in handle.rows_from(self.rows) {
                if self.rows >= until {
                    break;
                }
                self.add(snapshot, references, block.row(index), gathered)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        snapshot: &Snapshot,
        references: &References<'_>,
        row: RowRef<'_>,
        gathered: &mut Gathered,
    ) -> Result<(), StoreError> {
        let event = row.event();
        let relations = self.relations(snapshot, references, row.ordinal, &event)?;
        self.identities.add(&row, event.source);
        let slot = self.names.add(&row, &event, gathered);
        let timestamp = row.timestamp;
        match relations.parent {
            Parent::None => self.names.add_root(slot, timestamp),
            Parent::Known(_) => gathered.add_child(slot),
            Parent::Awaited(_) => self.names.add_waiting(Waiting { slot, timestamp }),
        }
        self.links.add(row.ordinal, relations.parent);
        if let Some(Awaited { hash, who, places }) = relations.waiting {
            let refused = self.links.arrived(row.ordinal, hash, &who);
            for (waiting, place) in who.into_iter().zip(places) {
                if Some(waiting) == refused {
                    self.names.add_refused(place);
                } else {
                    self.names.add_arrived(place, gathered);
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn relations(
        &self,
        snapshot: &Snapshot,
        references: &References<'_>,
        ordinal: u32,
        event: &domain::Event<'_>,
    ) -> Result<Relations, StoreError> {
        let parent = references.resolve(snapshot, ordinal, event)?;
        let key = event
            .external_id
            .filter(|_| event.source == Source::User && self.links.is_any_waiting());
        let waiting = match key {
            None => None,
            Some(key) => self.who_waits(snapshot, references, key)?,
        };
        Ok(Relations { parent, waiting })
    }

    /// The events that wait for a key; `None` when nobody does.
    fn who_waits(
        &self,
        snapshot: &Snapshot,
        references: &References<'_>,
        key: &str,
    ) -> Result<Option<Awaited>, StoreError> {
        let hash = references.hash(key);
        let (mut who, mut places) = (Vec::new(), Vec::new());
        for waiting in self.links.waiting_for(hash) {
            let Some(row) = snapshot.row(*waiting)? else {
                continue;
            };
            let row = row.get();
            let event = row.event();
            if event.parent == Some(key) {
                let place = (self.names).waiting(event.source, event.name, row.timestamp);
                who.push(*waiting);
                places.push(place.expect("who waits has been taken in"));
            }
        }
        let waiting = Awaited { hash, who, places };
        Ok(Some(waiting).filter(|waiting| !waiting.who.is_empty()))
    }

    /// When the events of the identity with this number came; `None` when none of them is folded.
    pub fn identity_times(&self, number: u32) -> Option<IdentityTimes> {
        self.identities.get(number)
    }

    /// The ordinal of an event's parent, once that has arrived.
    pub fn parent(&self, ordinal: u32) -> Option<u32> {
        self.links.parent(ordinal)
    }

    /// How many direct children an event has (D12).
    pub fn children_count(&self, ordinal: u32) -> u32 {
        self.links.children_count(ordinal)
    }

    pub(super) fn links(&self) -> &Links {
        &self.links
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Appends the packed form: the same bytes for the same rows.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(FORMAT);
        write_varint(u128::from(self.rows), out);
        self.identities.encode(out);
        self.names.encode(out);
        self.links.encode(out);
    }

    /// Reads the packed form. `hash` need not be the one from before.
    ///
    /// # Errors
    /// The bytes are of another format, or damaged. Whether they are of this organization's rows, the caller knows.
    pub fn decode(bytes: &[u8], hash: &KeyedHash) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != FORMAT {
            return Err(PackedError {
                what: "an event index has another format",
            });
        }
        let rows = read_count(&mut reader)?;
        let index = Self {
            rows,
            identities: Identities::decode(&mut reader, rows)?,
            names: Names::decode(&mut reader, rows, hash)?,
            links: Links::decode(&mut reader, rows)?,
        };
        if index.names.children_count() != index.links.count()
            || index.names.waiting_count() != index.links.waiting_count()
        {
            return Err(PackedError {
                what: "the names are not those of all links",
            });
        }
        if reader.is_empty() {
            Ok(index)
        } else {
            Err(PackedError {
                what: "an event index is too long",
            })
        }
    }
}
