//! What is folded for a meter, in sorted tables: what changed is written, what was kept is read, and what was kept in pieces is joined.
//!
//! A meter has five tables (see [`Kind`]); a key of each may be in several files, and what they say of it is put together here. Everything
//! but accounts only adds to what was said before.

use std::sync::Arc;

use domain::packed::{PackedError, Reader};
use domain::{Function, MeterId};
use store::{Joined, StoreError, TableSet, TableWriter};

use crate::accounts::Accounts;
use crate::cube::{Cube, key_of_quarter};
use crate::distinct::{Dictionary, Numbers};
use crate::history::{Place, SavedHistory};
use crate::log::Log;
use crate::partial::{Cell, One, Partial};
use crate::usage::{self, Usage};

/// Why kept tables cannot be used. What was folded can be folded again.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// They cannot be read.
    #[error("read what is folded")]
    Store(#[from] StoreError),
    /// They are of something else.
    #[error("what is folded is damaged")]
    Packed(#[from] PackedError),
}

/// The tables of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Credits and resets, by customer.
    Accounts,
    /// What was counted, by quarter hour.
    Cube,
    /// What was counted, by identity and quarter hour.
    History,
    /// What was used, by identity.
    Usage,
    /// The hashes of distinct values, by number.
    Values,
}

impl Kind {
    const ALL: [(u8, Self); 5] = [
        (b'a', Kind::Accounts),
        (b'c', Kind::Cube),
        (b'h', Kind::History),
        (b'u', Kind::Usage),
        (b'v', Kind::Values),
    ];

    fn code(self) -> u8 {
        let code = Self::ALL.iter().find(|(_, kind)| *kind == self);
        code.map_or(0, |(code, _)| *code)
    }
}

/// Whose tables they are: a meter's, as long as its definition stays the same and what is folded is not begun anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableOwner {
    /// The meter.
    pub meter: MeterId,
    /// Never given twice in an organization.
    pub generation: u64,
}

impl TableOwner {
    fn name(self, kind: Kind, function: Function) -> Box<[u8]> {
        let mut name = Vec::with_capacity(26);
        name.extend_from_slice(self.meter.as_bytes());
        name.extend_from_slice(&self.generation.to_be_bytes());
        name.extend_from_slice(&[kind.code(), code_of(function)]);
        name.into()
    }

    /// Whose a table is, what it is and of which function.
    fn parse(name: &[u8]) -> Option<(Self, Kind, Function)> {
        let (meter, rest) = name.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let [kind, function] = rest else {
            return None;
        };
        let (_, kind) = Kind::ALL.iter().find(|(code, _)| code == kind)?;
        let function = FUNCTIONS
            .iter()
            .find(|known| code_of(**known) == *function)?;
        let owner = Self {
            meter: MeterId::from_bytes(*meter),
            generation: u64::from_be_bytes(*generation),
        };
        Some((owner, *kind, *function))
    }
}

const FUNCTIONS: [Function; 6] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
    Function::Unique,
];

fn code_of(function: Function) -> u8 {
    match function {
        Function::Count => 0,
        Function::Sum => 1,
        Function::Max => 2,
        Function::Min => 3,
        Function::Avg => 4,
        Function::Unique => 5,
    }
}

/// Packed entries by ascending key.
#[derive(Debug, Default)]
pub(crate) struct PackedEntries {
    bytes: Vec<u8>,
    /// Each with where it ends.
    ends: Vec<(u64, usize)>,
}

impl PackedEntries {
    pub(crate) fn push(&mut self, key: u32, pack: impl FnOnce(&mut Vec<u8>)) {
        pack(&mut self.bytes);
        self.ends.push((key.into(), self.bytes.len()));
    }

    fn write(&self, writer: &mut TableWriter) -> Result<(), StoreError> {
        let mut from = 0;
        for (key, end) in &self.ends {
            writer.push(*key, &self.bytes[from..*end])?;
            from = *end;
        }
        Ok(())
    }
}

/// What is to be kept of a meter: taken from what is folded at one moment, written later.
#[derive(Debug)]
pub struct Unsaved {
    pub(crate) function: Function,
    /// How many rows are folded with it.
    pub(crate) rows: u32,
    pub(crate) matched: u64,
    pub(crate) accounts: PackedEntries,
    pub(crate) accounts_changed: Vec<u32>,
    pub(crate) usage: PackedEntries,
    pub(crate) usage_changed: Vec<u32>,
    pub(crate) history: UnsavedHistory,
}

/// What is not kept of a history.
#[derive(Debug)]
pub(crate) enum UnsavedHistory {
    Cells(Vec<Arc<Log<Cell>>>),
    Values {
        logs: Vec<Arc<Log<u32>>>,
        /// The first number, and the hashes from there on.
        values: (usize, Vec<u128>),
    },
}

impl Unsaved {
    /// How many rows are folded, once this is kept.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many rows match, its own credits and resets aside.
    pub fn matched(&self) -> u64 {
        self.matched
    }

    /// Writes its tables. Owners come in ascending order. Cost: a sort of what came by customer and quarter hour since it was kept last, and
    /// about 50 ns an entry.
    ///
    /// # Errors
    /// What the system refused.
    pub fn write(&self, owner: TableOwner, writer: &mut TableWriter) -> Result<(), StoreError> {
        let name = |kind| owner.name(kind, self.function);
        writer.begin(&name(Kind::Accounts))?;
        self.accounts.write(writer)?;
        match &self.history {
            UnsavedHistory::Cells(logs) => {
                let names = (name(Kind::Cube), name(Kind::History));
                write_cells(self.function, logs, names, writer)?;
            }
            UnsavedHistory::Values { logs, .. } => {
                let names = (name(Kind::Cube), name(Kind::History));
                write_numbers(logs, names, writer)?;
            }
        }
        writer.begin(&name(Kind::Usage))?;
        self.usage.write(writer)?;
        if let UnsavedHistory::Values {
            values: (first, hashes),
            ..
        } = &self.history
        {
            writer.begin(&name(Kind::Values))?;
            for (number, hash) in (*first as u64..).zip(hashes) {
                writer.push(number, &hash.to_le_bytes())?;
            }
        }
        Ok(())
    }

    pub(crate) fn history_name(&self, owner: TableOwner) -> Box<[u8]> {
        owner.name(Kind::History, self.function)
    }
}

fn write_cells(
    function: Function,
    logs: &[Arc<Log<Cell>>],
    (cube_name, history_name): (Box<[u8]>, Box<[u8]>),
    writer: &mut TableWriter,
) -> Result<(), StoreError> {
    let ordered = ordered(logs);
    let mut cube = std::collections::BTreeMap::<i32, Cell>::new();
    for (key, cell) in &ordered {
        let quarter = cube.entry(Place::of_key(*key).quarter).or_default();
        quarter.merge(function, cell);
    }
    let mut packed = Vec::new();
    writer.begin(&cube_name)?;
    for (quarter, cell) in &cube {
        packed.clear();
        cell.encode(function, &mut packed);
        writer.push(key_of_quarter(*quarter), &packed)?;
    }
    writer.begin(&history_name)?;
    for same in ordered.chunk_by(|left, right| left.0 == right.0) {
        let Some((key, _)) = same.first() else {
            continue;
        };
        packed.clear();
        if let [(_, single)] = same {
            single.encode(function, &mut packed);
        } else {
            let cells: Vec<&Cell> = same.iter().map(|(_, cell)| cell).collect();
            Cell::merge_all(function, &cells).encode(function, &mut packed);
        }
        writer.push(*key, &packed)?;
    }
    Ok(())
}

fn write_numbers(
    logs: &[Arc<Log<u32>>],
    (cube_name, history_name): (Box<[u8]>, Box<[u8]>),
    writer: &mut TableWriter,
) -> Result<(), StoreError> {
    let mut ordered = ordered(logs);
    ordered.dedup();
    let mut by_quarter: Vec<(u64, u32)> = ordered
        .iter()
        .map(|(key, number)| (key_of_quarter(Place::of_key(*key).quarter), *number))
        .collect();
    by_quarter.sort_unstable();
    by_quarter.dedup();
    writer.begin(&cube_name)?;
    write_sets(&by_quarter, writer)?;
    writer.begin(&history_name)?;
    let ordered: Vec<(u64, u32)> = ordered.into_iter().copied().collect();
    write_sets(&ordered, writer)
}

/// By ascending (key, number), each once.
fn write_sets(entries: &[(u64, u32)], writer: &mut TableWriter) -> Result<(), StoreError> {
    let mut packed = Vec::new();
    for same in entries.chunk_by(|left, right| left.0 == right.0) {
        let Some((key, _)) = same.first() else {
            continue;
        };
        packed.clear();
        Numbers::encode_sorted(same.iter().map(|(_, number)| *number), &mut packed);
        writer.push(*key, &packed)?;
    }
    Ok(())
}

fn ordered<T: One>(logs: &[Arc<Log<T>>]) -> Vec<&(u64, T)> {
    let mut all = Vec::with_capacity(logs.iter().map(|log| log.len()).sum());
    for log in logs {
        all.extend(log.ordered());
    }
    if logs.len() > 1 {
        all.sort_by_key(|(key, one)| (*key, one.rank()));
    }
    all
}

/// Puts together what files that are joined say of a key, for [`TableSet::compact`]; `false`: it is left out, as those are whose owner
/// `is_current` does not know.
///
/// # Errors
/// A file says something else than was written.
pub fn join_tables(
    joined: Joined<'_>,
    is_current: impl Fn(TableOwner) -> bool,
    out: &mut Vec<u8>,
) -> Result<bool, TableError> {
    let Some((owner, kind, function)) = TableOwner::parse(joined.name()) else {
        return Ok(false);
    };
    if !is_current(owner) {
        return Ok(false);
    }
    let (values, has_oldest) = (joined.values(), joined.has_oldest());
    match (kind, function) {
        (Kind::Accounts | Kind::Values, _) => out.extend_from_slice(values.last().unwrap_or(&[])),
        (Kind::Cube | Kind::History, Function::Unique) => {
            join_parts::<Numbers>(function, values, out)?;
        }
        (Kind::Cube | Kind::History, _) => join_parts::<Cell>(function, values, out)?,
        (Kind::Usage, Function::Unique) => {
            usage::join::<Numbers>(function, values, has_oldest, out)?;
        }
        (Kind::Usage, _) => usage::join::<Cell>(function, values, has_oldest, out)?,
    }
    Ok(true)
}

fn join_parts<'a, P: Partial>(
    function: Function,
    mut values: impl ExactSizeIterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
) -> Result<(), PackedError> {
    if values.len() == 1 {
        out.extend_from_slice(values.next().unwrap_or(&[]));
        return Ok(());
    }
    let mut all = P::default();
    for packed in values {
        all.merge_packed(function, &mut Reader::new(packed))?;
    }
    all.encode(function, out);
    Ok(())
}

/// The kept tables of a meter.
#[derive(Debug, Clone)]
pub struct SavedTables {
    /// The files.
    pub tables: TableSet,
    /// Whose.
    pub owner: TableOwner,
    /// How many rows are folded with it.
    pub rows: u32,
    /// How many of them match.
    pub matched: u64,
}

impl SavedTables {
    pub(crate) fn history(&self, function: Function) -> SavedHistory {
        SavedHistory {
            tables: self.tables.clone(),
            name: self.owner.name(Kind::History, function),
        }
    }

    pub(crate) fn load_accounts(&self, function: Function) -> Result<Accounts, TableError> {
        let mut accounts = Accounts::default();
        self.each(Kind::Accounts, function, |key, values| {
            accounts.read(key, values.last().unwrap_or(&[]))
        })?;
        Ok(accounts)
    }

    pub(crate) fn load_cube<P: Partial>(&self, function: Function) -> Result<Cube<P>, TableError> {
        let mut cube = Cube::new(function);
        let name = self.owner.name(Kind::Cube, function);
        let mut range = self.tables.range(&name, ..)?;
        while let Some(entry) = range.next()? {
            for packed in entry.values() {
                cube.read(entry.key(), packed)?;
            }
        }
        Ok(cube)
    }

    pub(crate) fn load_usage<P: Partial>(
        &self,
        function: Function,
    ) -> Result<Usage<P>, TableError> {
        let mut usage = Usage::new(function);
        let name = self.owner.name(Kind::Usage, function);
        // Some may be counted several times.
        let entries = self.tables.entries(&name) / self.tables.files().max(1) as u64;
        usage.reserve(usize::try_from(entries).unwrap_or(0));
        self.each(Kind::Usage, function, |key, values| {
            usage.load(key, self.rows, values)
        })?;
        Ok(usage)
    }

    pub(crate) fn load_values(&self, dictionary: &mut Dictionary) -> Result<(), TableError> {
        let name = self.owner.name(Kind::Values, Function::Unique);
        dictionary.reserve(usize::try_from(self.tables.entries(&name)).unwrap_or(0));
        let mut range = self.tables.range(&name, ..)?;
        while let Some(entry) = range.next()? {
            let number = entry.key();
            dictionary.read(number, entry.values().last().unwrap_or(&[]))?;
        }
        Ok(())
    }

    fn each(
        &self,
        kind: Kind,
        function: Function,
        mut visit: impl FnMut(u32, &mut dyn Iterator<Item = &[u8]>) -> Result<(), PackedError>,
    ) -> Result<(), TableError> {
        let name = self.owner.name(kind, function);
        let mut range = self.tables.range(&name, ..)?;
        while let Some(entry) = range.next()? {
            let key = u32::try_from(entry.key()).map_err(|_| PackedError {
                what: "the number of an identity is out of range",
            })?;
            visit(key, &mut entry.values())?;
        }
        Ok(())
    }
}
