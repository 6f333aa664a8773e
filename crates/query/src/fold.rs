//! All that is kept up for a meter, folded from the organization's rows in their order: its cube, and what each identity used.
//!
//! Derived: it can be thrown away and folded again at any time. What a row adds is worked out once for both.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Definition, KeyedHash, MeterId, Source, SystemEvent};
use store::{RowRef, Snapshot, StoreError};

use crate::packed::read_count;
use crate::{Cube, Usage};

/// How many rows are folded between two looks at whether somebody else waits for the fold.
pub const CATCH_UP_ROWS: u32 = 8_192;

/// Goes up whenever what is folded, or how it is packed, changes.
const PACKED_VERSION: u8 = 2;

/// See the module.
#[derive(Debug)]
pub struct Fold {
    meter: MeterId,
    /// How many of the organization's rows have been folded, from the first on.
    rows: u32,
    matched: u64,
    cube: Cube,
    usage: Usage,
}

impl Fold {
    /// With nothing folded yet. `hash` keeps clients from choosing distinct values that fall together.
    pub fn new(meter: MeterId, definition: &Definition, hash: KeyedHash) -> Self {
        let function = definition.aggregation.function();
        Self {
            meter,
            rows: 0,
            matched: 0,
            cube: Cube::new(function, hash),
            usage: Usage::new(function),
        }
    }

    /// How many of the organization's rows have been folded.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many of them match the meter, its own credits and resets aside (SEMANTICS 19.19).
    pub fn matched(&self) -> u64 {
        self.matched
    }

    /// What was counted in every quarter hour.
    pub fn cube(&self) -> &Cube {
        &self.cube
    }

    /// What each identity used.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The same, to be settled.
    pub fn usage_mut(&mut self) -> &mut Usage {
        &mut self.usage
    }

    /// Folds up to `rows_max` rows of a snapshot that have not been folded yet, in their order. Returns whether all of
    /// the snapshot is in now. Cost: one look at each row.
    ///
    /// # Errors
    /// Rows could not be read; those before them are folded.
    pub fn catch_up(
        &mut self,
        snapshot: &Snapshot,
        definition: &Definition,
        rows_max: u32,
    ) -> Result<bool, StoreError> {
        let until = snapshot.rows().min(self.rows.saturating_add(rows_max));
        for handle in snapshot.blocks_from(self.rows) {
            let block = handle.load()?;
            for row in handle.rows_from(self.rows).map(|index| block.row(index)) {
                if self.rows >= until {
                    return Ok(self.rows >= snapshot.rows());
                }
                self.add(snapshot, definition, row)?;
                self.rows += 1;
            }
        }
        Ok(self.rows >= snapshot.rows())
    }

    /// Appends the packed form, for [`Self::decode`].
    pub fn encode(&self, definition: &Definition, out: &mut Vec<u8>) {
        out.push(PACKED_VERSION);
        let definition = definition.encode();
        write_len(definition.len(), out);
        out.extend_from_slice(&definition);
        write_varint(self.rows.into(), out);
        write_varint(self.matched.into(), out);
        self.cube.encode(out);
        self.usage.encode(out);
    }

    /// Reads the packed form of what was folded for the same meter. The rows that are in it must be the organization's first rows.
    ///
    /// # Errors
    /// The bytes are something else, of another version, or of another definition.
    pub fn decode(
        meter: MeterId,
        definition: &Definition,
        hash: KeyedHash,
        bytes: &[u8],
    ) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        let other = PackedError {
            what: "it was folded by another version or definition",
        };
        if reader.byte()? != PACKED_VERSION {
            return Err(other);
        }
        let len = reader.len()?;
        if reader.bytes(len)? != definition.encode() {
            return Err(other);
        }
        let function = definition.aggregation.function();
        let fold = Self {
            meter,
            rows: read_count(&mut reader)?,
            matched: u64::from(read_count(&mut reader)?),
            cube: Cube::decode(function, hash, &mut reader)?,
            usage: Usage::decode(function, &mut reader)?,
        };
        if reader.is_empty() {
            Ok(fold)
        } else {
            Err(other)
        }
    }

    fn add(
        &mut self,
        snapshot: &Snapshot,
        definition: &Definition,
        row: RowRef<'_>,
    ) -> Result<(), StoreError> {
        let event = row.event();
        let own = SystemEvent::of(&event).filter(|said| said.meter() == Some(self.meter));
        if let Some(said) = own {
            self.usage.note(snapshot, row, said)?;
        }
        let Some(contribution) = definition.contribution(&event) else {
            return Ok(());
        };
        if own.is_none() {
            self.matched += 1;
        }
        if event.source == Source::User {
            self.usage.add(row, contribution.clone());
        }
        self.cube.add(row.timestamp, contribution);
        Ok(())
    }
}
