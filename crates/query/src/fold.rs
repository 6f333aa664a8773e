//! All that is kept up for a meter, folded from the organization's rows in their order: its cube, what each identity used, and the
//! history of each.
//!
//! Derived: it can be thrown away and folded again at any time. What a row adds is worked out once for all three.

use domain::interval::Buckets;
use domain::{Contribution, Definition, Function, KeyedHash, Source};
use store::{Snapshot, StoreError, TableSet};

use crate::accounts::Accounts;
use crate::cube::{Cube, number_of};
use crate::distinct::{Dictionary, NO_VALUE, Numbers};
use crate::history::{History, Place};
use crate::matcher::Match;
use crate::partial::{Cell, Partial};
use crate::saved::{PackedEntries, SavedTables, TableError, TableOwner, Unsaved, UnsavedHistory};
use crate::usage::{Customer, CustomerUsage, Rows, Usage, Window};
use crate::values::{OfNumbers, OfValues, cell};
use crate::{Answer, Matches};

/// How many rows are folded between two looks at whether somebody else waits for the fold.
pub const CATCH_UP_ROWS: u32 = 8_192;

/// How many rows are matched before what was found is folded: few enough that it stays in the processor's cache.
pub const MATCH_ROWS: u32 = 1_024;

/// See the module.
#[derive(Debug)]
pub struct Fold {
    function: Function,
    /// How many of the organization's rows have been folded, from the first on.
    rows: u32,
    matched: u64,
    accounts: Accounts,
    pub(crate) kept: Kept,
}

/// By what the function makes its result of.
#[derive(Debug)]
pub(crate) enum Kept {
    Numbers(Parts<Cell>),
    Values(Dictionary, Parts<Numbers>),
}

#[derive(Debug)]
pub(crate) struct Parts<P: Partial> {
    pub(crate) cube: Cube<P>,
    pub(crate) usage: Usage<P>,
    pub(crate) history: History<P>,
}

impl<P: Partial> Parts<P> {
    fn new(function: Function) -> Self {
        Self {
            cube: Cube::new(function),
            usage: Usage::new(function),
            history: History::new(function, None),
        }
    }

    fn load(function: Function, saved: &SavedTables) -> Result<Self, TableError> {
        Ok(Self {
            cube: saved.load_cube(function)?,
            usage: saved.load_usage(function)?,
            history: History::new(function, Some(saved.history(function))),
        })
    }

    #[inline]
    fn add(&mut self, found: &Match, one: P::One) {
        if found.source == Source::User {
            self.usage.add(found, &one);
        }
        self.cube.add(found.timestamp, &one);
        let place = Place {
            identity: found.identity,
            quarter: number_of(domain::interval::Quarter::of(found.timestamp)),
        };
        self.history.add(place, one);
    }

    fn memory(&self) -> FoldMemory {
        FoldMemory {
            cube_bytes: self.cube.heap_bytes(),
            identities: self.usage.len(),
            usage_bytes: self.usage.heap_bytes(),
            unsaved: self.history.len(),
            unsaved_bytes: self.history.heap_bytes(),
            values_bytes: 0,
        }
    }
}

/// What is folded takes so much memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FoldMemory {
    /// What was counted in each quarter hour and in longer stretches.
    pub cube_bytes: usize,
    /// How many identities used something.
    pub identities: usize,
    /// What they used, their credits and resets.
    pub usage_bytes: usize,
    /// How many entries of the history are not kept.
    pub unsaved: usize,
    /// What they take.
    pub unsaved_bytes: usize,
    /// The numbers of distinct values.
    pub values_bytes: usize,
}

impl Fold {
    /// With nothing folded yet. `hash` keeps clients from choosing distinct values that fall together.
    pub fn new(definition: &Definition, hash: KeyedHash) -> Self {
        let function = definition.aggregation.function();
        let kept = match function {
            Function::Unique => Kept::Values(Dictionary::new(hash), Parts::new(function)),
            _ => Kept::Numbers(Parts::new(function)),
        };
        Self {
            function,
            rows: 0,
            matched: 0,
            accounts: Accounts::default(),
            kept,
        }
    }

    /// What was kept for a meter of the same definition. The rows that are in it must be the organization's first rows. Reads all of it but
    /// the history, which is read when it is asked for.
    ///
    /// # Errors
    /// The tables cannot be read, or are not what was written.
    pub fn load(
        definition: &Definition,
        hash: KeyedHash,
        saved: &SavedTables,
    ) -> Result<Self, TableError> {
        let function = definition.aggregation.function();
        let kept = if function == Function::Unique {
            let mut dictionary = Dictionary::new(hash);
            saved.load_values(&mut dictionary)?;
            Kept::Values(dictionary, Parts::load(function, saved)?)
        } else {
            Kept::Numbers(Parts::load(function, saved)?)
        };
        Ok(Self {
            function,
            rows: saved.rows,
            matched: saved.matched,
            accounts: saved.load_accounts(function)?,
            kept,
        })
    }

    /// How many of the organization's rows have been folded.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many of them match the meter, its own credits and resets aside (SEMANTICS 19.19).
    pub fn matched(&self) -> u64 {
        self.matched
    }

    /// What everyone counted in buckets whose edges are quarter hours, from the cube. Cost: the quarter hours of the buckets' edges and
    /// the longer stretches between them that hold something.
    pub fn answer(&self, buckets: &Buckets) -> Answer {
        match &self.kept {
            Kept::Numbers(parts) => parts.cube.answer(buckets),
            Kept::Values(_, parts) => parts.cube.answer(buckets),
        }
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
        let found = found.of(place);
        match &self.kept {
            Kept::Numbers(parts) => parts.usage.warm(found),
            Kept::Values(_, parts) => parts.usage.warm(found),
        }
        for found in found.drain(..) {
            if found.ordinal >= self.rows {
                self.rows = found.ordinal;
                self.add_row(snapshot, &found)?;
                self.rows += 1;
            }
        }
        self.rows = self.rows.max(rows.end);
        Ok(())
    }

    fn add_row(&mut self, snapshot: &Snapshot, found: &Match) -> Result<(), StoreError> {
        if let Some(said) = &found.own {
            let first = self.accounts.note(snapshot, found, **said)?;
            if let Some(first) = first {
                match &mut self.kept {
                    Kept::Numbers(parts) => parts.usage.begin(found.identity, first),
                    Kept::Values(_, parts) => parts.usage.begin(found.identity, first),
                }
            }
        } else {
            self.matched += 1;
        }
        let Some(contribution) = &found.contribution else {
            return Ok(());
        };
        match &mut self.kept {
            Kept::Numbers(parts) => parts.add(found, cell(contribution)),
            Kept::Values(dictionary, parts) => {
                let number = match contribution {
                    Contribution::Distinct(value) => dictionary.number(value),
                    Contribution::Event | Contribution::Number(_) => NO_VALUE,
                };
                parts.add(found, number);
            }
        }
        Ok(())
    }

    /// Whether [`Self::usage`] finds all that it needs at hand.
    pub fn is_settled(&self, customer: Customer<'_>, until: Option<u32>) -> bool {
        let window = Window::new(&self.accounts, customer, until);
        match &self.kept {
            Kept::Numbers(parts) => parts.usage.is_settled(window),
            Kept::Values(_, parts) => parts.usage.is_settled(window),
        }
    }

    /// Puts the states of the customer's present window at hand. Cost: nothing when they are; else the rows in the window
    /// of the identities whose states are of another one.
    ///
    /// # Errors
    /// Rows could not be read.
    pub fn settle(
        &mut self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: Option<u32>,
    ) -> Result<(), StoreError> {
        let folded = self.rows;
        let window = Window::new(&self.accounts, customer, until);
        match &mut self.kept {
            Kept::Numbers(parts) => parts.usage.settle(rows, &OfNumbers { folded }, window),
            Kept::Values(dictionary, parts) => {
                parts
                    .usage
                    .settle(rows, &OfValues { folded, dictionary }, window)
            }
        }
    }

    /// What a customer used in its present window. With `until`, only rows before that ordinal count, as if the later ones
    /// had not come.
    ///
    /// Cost: constant; when it is not settled, or an identity has later matches than `until`, the identity's rows in the window.
    ///
    /// # Errors
    /// Rows could not be read.
    pub fn usage(
        &self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: Option<u32>,
    ) -> Result<CustomerUsage, StoreError> {
        let folded = self.rows;
        let window = Window::new(&self.accounts, customer, until);
        match &self.kept {
            Kept::Numbers(parts) => parts.usage.read(rows, &OfNumbers { folded }, window),
            Kept::Values(dictionary, parts) => {
                parts
                    .usage
                    .read(rows, &OfValues { folded, dictionary }, window)
            }
        }
    }

    /// The units that roll over when the customer's window ends before the row of ordinal `until` (SEMANTICS 12.13). Cost as
    /// [`Self::usage`].
    ///
    /// # Errors
    /// Rows could not be read.
    pub fn rollover(
        &self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<i128, StoreError> {
        let folded = self.rows;
        let window = Window::new(&self.accounts, customer, Some(until));
        match &self.kept {
            Kept::Numbers(parts) => parts.usage.rollover(rows, &OfNumbers { folded }, window),
            Kept::Values(dictionary, parts) => {
                parts
                    .usage
                    .rollover(rows, &OfValues { folded, dictionary }, window)
            }
        }
    }

    /// Takes what is not kept, to be written. Afterwards [`Self::kept`] or [`Self::not_kept`] is to be called before the next time. Cost: what
    /// changed of accounts and usage is packed; the history is taken as it is.
    pub fn take_unsaved(&mut self) -> Unsaved {
        let (mut accounts, mut usage) = (PackedEntries::default(), PackedEntries::default());
        let accounts_changed = self.accounts.take_changed(&mut accounts);
        let (history, usage_changed) = match &mut self.kept {
            Kept::Numbers(parts) => {
                let changed = parts.usage.take_changed(self.rows, &mut usage);
                (UnsavedHistory::Cells(parts.history.freeze()), changed)
            }
            Kept::Values(dictionary, parts) => {
                let changed = parts.usage.take_changed(self.rows, &mut usage);
                let (first, fresh) = dictionary.fresh();
                let history = UnsavedHistory::Values {
                    logs: parts.history.freeze(),
                    values: (first, fresh.to_vec()),
                };
                (history, changed)
            }
        };
        Unsaved {
            function: self.function,
            rows: self.rows,
            matched: self.matched,
            accounts,
            accounts_changed,
            usage,
            usage_changed,
            history,
        }
    }

    /// What was taken is kept now, in these tables.
    pub fn kept(&mut self, unsaved: &Unsaved, owner: TableOwner, tables: &TableSet) {
        let saved = crate::history::SavedHistory {
            tables: tables.clone(),
            name: unsaved.history_name(owner),
        };
        match &mut self.kept {
            Kept::Numbers(parts) => parts.history.kept(saved),
            Kept::Values(dictionary, parts) => {
                if let UnsavedHistory::Values { values, .. } = &unsaved.history {
                    dictionary.kept(values.1.len());
                }
                parts.history.kept(saved);
            }
        }
    }

    /// What was taken could not be kept; it will be taken again.
    pub fn not_kept(&mut self, unsaved: &Unsaved) {
        self.accounts.put_back(&unsaved.accounts_changed);
        match &mut self.kept {
            Kept::Numbers(parts) => parts.usage.put_back(&unsaved.usage_changed),
            Kept::Values(_, parts) => parts.usage.put_back(&unsaved.usage_changed),
        }
    }

    /// What was kept is in these files now, which say the same.
    pub fn moved(&mut self, tables: &TableSet) {
        match &mut self.kept {
            Kept::Numbers(parts) => parts.history.moved(tables),
            Kept::Values(_, parts) => parts.history.moved(tables),
        }
    }

    /// How many entries of the history are in memory alone. Constant cost.
    pub fn unsaved(&self) -> usize {
        match &self.kept {
            Kept::Numbers(parts) => parts.history.len(),
            Kept::Values(_, parts) => parts.history.len(),
        }
    }

    /// How much memory it takes. Cost: a look at everything.
    pub fn memory(&self) -> FoldMemory {
        let mut memory = match &self.kept {
            Kept::Numbers(parts) => parts.memory(),
            Kept::Values(dictionary, parts) => FoldMemory {
                values_bytes: dictionary.heap_bytes(),
                ..parts.memory()
            },
        };
        memory.usage_bytes += self.accounts.heap_bytes();
        memory
    }
}
