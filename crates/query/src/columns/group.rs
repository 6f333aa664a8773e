//! The columns of a group of sealed rows, each read when it is first needed and kept until the group is done with.

use domain::{Source, Timestamp};
use store::{BlockHandle, GroupColumns, KeyColumn, StoreError, TextColumn, Wanted, WholeColumn};

/// See the module. Columns are loaded for the rows that are asked about; others look as if they had no value.
#[derive(Debug)]
pub(crate) struct GroupRows {
    columns: GroupColumns,
    names: Option<TextColumn>,
    sources: Option<TextColumn>,
    rest: Option<TextColumn>,
    timestamps: Option<WholeColumn>,
    received_at: Option<WholeColumn>,
    identities: Option<WholeColumn>,
    /// Few: those that a meter looks at.
    keys: Vec<(Box<str>, Vec<KeyColumn>)>,
}

/// By row, in microseconds and numbers of identities, each as its column has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times<'a> {
    pub(crate) timestamps: &'a [i64],
    pub(crate) received_at: &'a [i64],
    pub(crate) identities: &'a [i64],
}

impl GroupRows {
    pub(crate) fn new(columns: GroupColumns) -> Self {
        Self {
            columns,
            names: None,
            sources: None,
            rest: None,
            timestamps: None,
            received_at: None,
            identities: None,
            keys: Vec::new(),
        }
    }

    /// Whether they are the rows of this block.
    pub(crate) fn is_of(&self, handle: &BlockHandle) -> bool {
        handle.has_columns(&self.columns)
    }

    /// All its rows.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.columns.rows()).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.rows() as usize
    }

    pub(crate) fn ordinal_first(&self) -> u32 {
        self.columns.ordinal_first()
    }

    /// The names that rows of the group may have; what is in each row must be loaded.
    pub(super) fn names(&mut self) -> Result<&mut TextColumn, StoreError> {
        match &mut self.names {
            Some(names) => Ok(names),
            empty => Ok(empty.insert(self.columns.names()?)),
        }
    }

    /// The names of some rows.
    pub(crate) fn names_of(&mut self, wanted: &[u32]) -> Result<&TextColumn, StoreError> {
        let names = self.names()?;
        names.load(Wanted::Rows(wanted))?;
        Ok(names)
    }

    pub(super) fn sources(&mut self) -> Result<&mut TextColumn, StoreError> {
        match &mut self.sources {
            Some(sources) => Ok(sources),
            empty => Ok(empty.insert(self.columns.sources()?)),
        }
    }

    pub(super) fn rest(&mut self) -> Result<&mut TextColumn, StoreError> {
        match &mut self.rest {
            Some(rest) => Ok(rest),
            empty => Ok(empty.insert(self.columns.rest()?)),
        }
    }

    /// Whether it is plain that no row has metadata beside the columns of keys.
    pub(super) fn has_no_rest(&mut self) -> Result<bool, StoreError> {
        if self.rest.is_none() && self.columns.rest_bytes() > EMPTY_BYTES_MAX {
            return Ok(false);
        }
        let rest = self.rest()?;
        Ok(rest.has_all_codes() && rest.codes_count() == 1)
    }

    /// The columns of a key at the top level.
    pub(super) fn key(&mut self, key: &str) -> Result<&mut [KeyColumn], StoreError> {
        let place = self.keys.iter().position(|(known, _)| **known == *key);
        let place = if let Some(place) = place {
            place
        } else {
            self.keys.push((key.into(), self.columns.key(key)?));
            self.keys.len() - 1
        };
        Ok(&mut self.keys[place].1)
    }

    /// The event times of some rows, in microseconds.
    pub(crate) fn timestamps(&mut self, wanted: &[u32]) -> Result<&[i64], StoreError> {
        let timestamps = match &mut self.timestamps {
            Some(timestamps) => timestamps,
            empty => empty.insert(self.columns.timestamps()?),
        };
        whole(timestamps, wanted)
    }

    /// The identities of some rows, in the lower 32 bits.
    pub(crate) fn identities(&mut self, wanted: &[u32]) -> Result<&[i64], StoreError> {
        let identities = match &mut self.identities {
            Some(identities) => identities,
            empty => empty.insert(self.columns.identities()?),
        };
        whole(identities, wanted)
    }

    /// When some rows happened and were received, and whose they are.
    pub(crate) fn times_of(&mut self, wanted: &[u32]) -> Result<Times<'_>, StoreError> {
        self.timestamps(wanted)?;
        self.identities(wanted)?;
        let received_at = match &mut self.received_at {
            Some(received_at) => received_at,
            empty => empty.insert(self.columns.received_at()?),
        };
        let received_at = whole(received_at, wanted)?;
        Ok(Times {
            timestamps: self.timestamps.as_ref().map_or(&[], WholeColumn::values),
            received_at,
            identities: self.identities.as_ref().map_or(&[], WholeColumn::values),
        })
    }

    /// Which of some rows the server wrote.
    pub(crate) fn by_system(&mut self, rows: &[u32]) -> Result<Vec<u32>, StoreError> {
        let sources = self.sources()?;
        sources.find_texts()?;
        let mut system = Vec::new();
        for code in (1..sources.codes_count()).filter_map(|code| u32::try_from(code).ok()) {
            if source(sources, code)? == Some(Source::System) {
                system.push(code);
            }
        }
        if system.is_empty() && sources.has_all_codes() {
            return Ok(Vec::new());
        }
        sources.load(Wanted::Rows(rows))?;
        let mut found = Vec::new();
        for row in rows {
            if source(sources, sources.codes()[*row as usize])? == Some(Source::System) {
                found.push(*row);
            }
        }
        Ok(found)
    }
}

/// A column without values has a few dozen bytes a page.
const EMPTY_BYTES_MAX: u32 = 4096;

/// The source of a code; `None` for 0.
pub(super) fn source(sources: &TextColumn, code: u32) -> Result<Option<Source>, StoreError> {
    match sources.text(code)? {
        None => Ok(None),
        Some(text) => [Source::User, Source::System]
            .into_iter()
            .find(|source| source.as_str() == text)
            .map(Some)
            .ok_or_else(|| sources.undecodable()),
    }
}

fn whole<'a>(column: &'a mut WholeColumn, wanted: &[u32]) -> Result<&'a [i64], StoreError> {
    column.load(Wanted::Rows(wanted))?;
    Ok(column.values())
}

/// A time of a sealed row.
///
/// # Panics
/// When it is out of range, which is checked before it is written.
#[inline]
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("only times in range are sealed")
}

/// The number of an identity, as its column has it.
pub(crate) fn identity(number: i64) -> u32 {
    u32::try_from(number & i64::from(u32::MAX)).expect("it has 32 bits")
}
