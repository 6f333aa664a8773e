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
const FORMAT: u8 = 3;

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
        // Looked up first, so that an event is in as a whole or not at all.
        let parent = references.resolve(snapshot, row.ordinal, &event)?;
        self.identities.add(&row, event.source);
        let slot = self.names.add(&row, &event, gathered);
        let timestamp = row.timestamp;
        let place = Waiting { slot, timestamp };
        match parent {
            Parent::None => self.names.add_root(slot, timestamp),
            Parent::Known(_) => gathered.add_child(slot),
            Parent::Awaited(_) => self.names.add_waiting(place),
        }
        self.links.add(row.ordinal, parent, place);
        let key = event
            .external_id
            .filter(|_| event.source == Source::User && self.links.is_any_waiting());
        if let Some(key) = key {
            let (who, refused) = self.links.arrived(row.ordinal, references.hash(key));
            for waits in who {
                if Some(waits.ordinal) == refused {
                    self.names.add_refused(waits.place);
                } else {
                    self.names.add_arrived(waits.place, gathered);
                }
            }
        }
        self.rows += 1;
        Ok(())
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
            || !index.names.wait_as(index.links.all_waiting())
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
