//! All that is kept up for a meter, folded from the organization's rows in their order: its cube, and what each identity used.
//!
//! Derived: it can be thrown away and folded again at any time. What a row adds is worked out once for both.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Definition, KeyedHash, Source};
use store::{Snapshot, StoreError};

use crate::matcher::Match;
use crate::packed::read_count;
use crate::{Cube, Matches, Usage};

/// How many rows are folded between two looks at whether somebody else waits for the fold.
pub const CATCH_UP_ROWS: u32 = 8_192;

/// How many rows are matched before what was found is folded: few enough that it stays in the processor's cache.
pub const MATCH_ROWS: u32 = 1_024;

/// Goes up whenever what is folded, or how it is packed, changes.
const PACKED_VERSION: u8 = 2;

/// See the module.
#[derive(Debug)]
pub struct Fold {
    /// How many of the organization's rows have been folded, from the first on.
    rows: u32,
    matched: u64,
    cube: Cube,
    usage: Usage,
}

impl Fold {
    /// With nothing folded yet. `hash` keeps clients from choosing distinct values that fall together.
    pub fn new(definition: &Definition, hash: KeyedHash) -> Self {
        let function = definition.aggregation.function();
        Self {
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

    /// Folds what was found for the meter at `place` in some rows; the next row must be among them or behind them, and those that are
    /// folded already are passed over. Takes what was found. Cost: what was found.
    ///
    /// # Errors
    /// Rows could not be read; those before are folded.
    ///
    /// # Panics
    /// When rows between those that are folded and those that were looked at would be left out.
    pub fn add(
        &mut self,
        snapshot: &Snapshot,
        found: &mut Matches,
        place: usize,
    ) -> Result<(), StoreError> {
        let rows = found.rows();
        assert!(rows.start <= self.rows, "no row is left out");
        for found in found.of(place).drain(..) {
            if found.ordinal >= self.rows {
                self.rows = found.ordinal;
                self.add_row(snapshot, &found)?;
                self.rows += 1;
            }
        }
        self.rows = self.rows.max(rows.end);
        Ok(())
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

    fn add_row(&mut self, snapshot: &Snapshot, found: &Match) -> Result<(), StoreError> {
        if let Some(said) = &found.own {
            self.usage.note(snapshot, found, **said)?;
        } else {
            self.matched += 1;
        }
        let Some(contribution) = &found.contribution else {
            return Ok(());
        };
        if found.source == Source::User {
            self.usage.add(found, contribution.clone());
        }
        self.cube.add(found.timestamp, contribution.clone());
        Ok(())
    }
}
