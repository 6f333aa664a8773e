//! What is folded for an organization's meters, kept in sorted tables: a save writes what changed, as one file for all meters.
//!
//! - Derived: what cannot be read, or is of other events or another definition, is folded again from the first row.
//! - The list of the files, with what they hold of each meter, is a small piece of its own that is written last. So a file counts with all
//!   that is in it, or not at all.
//! - Each meter names the last row that is folded for it as a witness (see [`crate::saved`]).

use std::collections::BTreeMap;

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Definition, MeterId, OrganizationId};
use parking_lot::Mutex;
use query::{SavedTables, TableError, TableOwner, Unsaved, join_tables};
use store::{Derived, Snapshot, StoreError, TableList, TableSet};

use crate::saved::Witness;

/// The name under which the list is kept.
const LIST: &str = "meters";

/// Goes up whenever what is folded, or how it is packed, changes.
const VERSION: u8 = 1;

/// The tables of one organization's meters.
#[derive(Debug)]
pub(crate) struct MeterTables {
    organization: OrganizationId,
    derived: Derived,
    state: Mutex<State>,
    /// Held by the one who saves.
    saving: Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// `None`: they could not be opened, and nothing is kept.
    tables: Option<TableSet>,
    heads: BTreeMap<MeterId, Head>,
    generation_next: u64,
}

/// What the tables hold of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    generation: u64,
    definition: Vec<u8>,
    rows: u32,
    matched: u64,
    witness: Witness,
}

/// What is to be written of a meter.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) owner: TableOwner,
    pub(crate) definition: Vec<u8>,
    pub(crate) unsaved: Unsaved,
}

impl MeterTables {
    /// With what was kept, if anything was.
    pub(crate) fn open(derived: &Derived, organization: OrganizationId) -> Self {
        let kept = State::load(derived, organization).unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %organization,
                "what is folded for meters cannot be read and is folded again"
            );
            None
        });
        let state = kept.unwrap_or_else(|| {
            let tables = derived.open_tables(organization, &TableList::default());
            let tables = tables.inspect_err(|error| {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    %organization,
                    "what is folded for meters cannot be kept"
                );
            });
            State {
                tables: tables.ok(),
                heads: BTreeMap::new(),
                generation_next: 0,
            }
        });
        Self {
            organization,
            derived: derived.clone(),
            state: Mutex::new(state),
            saving: Mutex::default(),
        }
    }

    /// What was kept of a meter, if it is of this definition and of these events.
    pub(crate) fn find(
        &self,
        id: MeterId,
        definition: &Definition,
        snapshot: &Snapshot,
    ) -> Option<SavedTables> {
        let (head, tables) = {
            let state = self.state.lock();
            (state.heads.get(&id)?.clone(), state.tables.clone()?)
        };
        let is_same = head.definition == definition.encode();
        let witness = Witness::of(snapshot, head.rows).ok()?;
        (is_same && witness == Some(head.witness)).then_some(SavedTables {
            tables,
            owner: TableOwner {
                meter: id,
                generation: head.generation,
            },
            rows: head.rows,
            matched: head.matched,
        })
    }

    /// Begins a meter anew: what was kept of it counts no more.
    pub(crate) fn begin(&self, id: MeterId) -> TableOwner {
        let mut state = self.state.lock();
        state.heads.remove(&id);
        let generation = state.generation_next;
        state.generation_next += 1;
        TableOwner {
            meter: id,
            generation,
        }
    }

    /// Keeps what `take` gives, by ascending meters. `settle` is told the outcome with the same parts before others can save: the
    /// tables in which they are, or `None` when they are not kept. What was taken of each meter is of one moment, and all of it is in
    /// rows that `snapshot`, which is asked afterwards, has.
    pub(crate) fn save(
        &self,
        take: impl FnOnce() -> Vec<Part>,
        snapshot: impl FnOnce() -> Snapshot,
        mut settle: impl FnMut(&[Part], Option<&TableSet>),
    ) -> Result<(), TableError> {
        let _saving = self.saving.lock();
        let Some(tables) = self.state.lock().tables.clone() else {
            return Ok(());
        };
        let parts = take();
        if parts.is_empty() {
            return Ok(());
        }
        let kept = self.write(&tables, &parts, &snapshot());
        settle(&parts, kept.as_ref().ok());
        // What the last save could not join is joined now.
        let mut tables = kept?;
        drop(parts);
        while let Some(joined) = self.join(&tables)? {
            settle(&[], Some(&joined));
            tables = joined;
        }
        Ok(())
    }

    fn write(
        &self,
        tables: &TableSet,
        parts: &[Part],
        snapshot: &Snapshot,
    ) -> Result<TableSet, TableError> {
        let change = tables.append(|writer| -> Result<(), StoreError> {
            for part in parts {
                part.unsaved.write(part.owner, writer)?;
            }
            Ok(())
        })?;
        let mut heads = self.state.lock().heads.clone();
        let mut known: Option<(u32, Option<Witness>)> = None;
        for part in parts {
            let rows = part.unsaved.rows();
            let witness = match known {
                Some((of, witness)) if of == rows => witness,
                _ => Witness::of(snapshot, rows)?,
            };
            known = Some((rows, witness));
            if let Some(witness) = witness {
                let head = Head {
                    generation: part.owner.generation,
                    definition: part.definition.clone(),
                    rows,
                    matched: part.unsaved.matched(),
                    witness,
                };
                heads.insert(part.owner.meter, head);
            }
        }
        self.keep(tables.with(change), heads)
    }

    /// Joins files, where there are too many.
    fn join(&self, tables: &TableSet) -> Result<Option<TableSet>, TableError> {
        let heads = self.state.lock().heads.clone();
        let is_current = |owner: TableOwner| {
            let head = heads.get(&owner.meter);
            head.is_some_and(|head| head.generation == owner.generation)
        };
        let change = tables.compact(|joined, out| join_tables(joined, is_current, out))?;
        change
            .map(|change| self.keep(tables.with(change), heads))
            .transpose()
    }

    /// Makes a set of files the one that counts.
    fn keep(
        &self,
        tables: TableSet,
        heads: BTreeMap<MeterId, Head>,
    ) -> Result<TableSet, TableError> {
        let generation_next = self.state.lock().generation_next;
        let packed = encode(&tables.list(), &heads, generation_next);
        self.derived.save(self.organization, LIST, &packed)?;
        tables.mark_kept();
        let mut state = self.state.lock();
        for (id, head) in heads {
            // A meter that has begun anew meanwhile stays as it is.
            let is_older = |known: &Head| known.generation <= head.generation;
            if state.heads.get(&id).is_none_or(is_older) {
                state.heads.insert(id, head);
            }
        }
        state.tables = Some(tables.clone());
        Ok(tables)
    }
}

impl State {
    fn load(derived: &Derived, organization: OrganizationId) -> Result<Option<Self>, TableError> {
        let Some(packed) = derived.load(organization, LIST)? else {
            return Ok(None);
        };
        let mut reader = Reader::new(&packed);
        if reader.byte()? != VERSION {
            return Ok(None);
        }
        let list = TableList::decode(&mut reader)?;
        let generation_next = read_number(&mut reader)?;
        let mut heads = BTreeMap::new();
        for _ in 0..reader.len()? {
            let id = MeterId::from_bytes(reader.array()?);
            heads.insert(id, Head::decode(&mut reader)?);
        }
        Ok(Some(Self {
            tables: Some(derived.open_tables(organization, &list)?),
            heads,
            generation_next,
        }))
    }
}

fn encode(list: &TableList, heads: &BTreeMap<MeterId, Head>, generation_next: u64) -> Vec<u8> {
    let mut out = vec![VERSION];
    list.encode(&mut out);
    write_varint(generation_next.into(), &mut out);
    write_len(heads.len(), &mut out);
    for (id, head) in heads {
        out.extend_from_slice(id.as_bytes());
        head.encode(&mut out);
    }
    out
}

impl Head {
    fn encode(&self, out: &mut Vec<u8>) {
        write_varint(self.generation.into(), out);
        write_len(self.definition.len(), out);
        out.extend_from_slice(&self.definition);
        write_varint(self.rows.into(), out);
        write_varint(self.matched.into(), out);
        self.witness.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let generation = read_number(reader)?;
        let len = reader.len()?;
        let definition = reader.bytes(len)?.to_vec();
        let rows = read_number(reader)?;
        Ok(Self {
            generation,
            definition,
            rows: u32::try_from(rows).map_err(|_| OUT_OF_RANGE)?,
            matched: read_number(reader)?,
            witness: Witness::decode(reader)?,
        })
    }
}

const OUT_OF_RANGE: PackedError = PackedError {
    what: "a number of a meter's tables is out of range",
};

fn read_number(reader: &mut Reader<'_>) -> Result<u64, PackedError> {
    u64::try_from(reader.varint()?).map_err(|_| OUT_OF_RANGE)
}
