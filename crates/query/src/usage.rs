//! What each identity used of a meter since its last reset. SEMANTICS 12.4 to 12.8, 12.13, 19.4.
//!
//! - States are kept per identity, because who a customer is, is decided when reading: a customer's usage is the sum of what came under
//!   its id and under the external id that it has now.
//! - Resets and credits are the customer's own ([`crate::accounts`]): they come under its id alone.
//! - A window is a range of receipt, and as times of receipt never fall, a range of ordinals.
//! - A state at hand is of one window. When the customer's is another one (an external id has passed to another customer, a reset was
//!   backdated), the state is made anew from the identity's rows in that window.

use std::borrow::Cow;
use std::ops::Range;

use domain::packed::{PackedError, Reader, write_varint};
use domain::{Definition, Function, Number, Source, Timestamp};
use rustc_hash::FxHashMap;
use store::{Snapshot, StoreError};

use crate::accounts::{Account, Accounts, Touched};
use crate::credits::{Credit, credited, rolls_over};
use crate::matcher::Match;
use crate::packed::{read_count, read_timestamp, write_timestamp};
use crate::partial::{Fresh, Partial};
use crate::saved::PackedEntries;
use crate::values::Values;

/// See the module. Identities are numbers of the store's, so their hash need not be keyed.
#[derive(Debug)]
pub(crate) struct Usage<P: Partial> {
    function: Function,
    consumed: FxHashMap<u32, Consumed<P>>,
    /// What it was before later rows came, when that was asked for last: for a meter that is archived. Not kept over a restart.
    stopped: FxHashMap<u32, Stopped<P>>,
    /// Those that are not kept as they are. One may be there several times, but not for each event.
    changed: Vec<u32>,
    /// Whoever was touched by a row from here on is among them.
    changed_from: u32,
}

/// What came under one identity. 40 bytes with a [`crate::partial::Cell`].
#[derive(Debug, Clone)]
struct Consumed<P: Partial> {
    /// Of the rows from this ordinal on.
    since: u32,
    /// The last row that matched.
    last_ordinal: u32,
    last_received_at: Timestamp,
    state: P,
    fresh: P::Fresh,
}

/// The state of a window up to an ordinal.
#[derive(Debug, Clone)]
struct Stopped<P> {
    since: u32,
    until: u32,
    state: P,
    last: Option<Touched>,
}

/// Who is asked about: numbers of identities of the snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Customer<'a> {
    /// Its own id; `None` when no event came under it.
    pub own: Option<u32>,
    /// All identities under which its events come, the own one included.
    pub identities: &'a [u32],
}

/// What a customer used of a meter in its present window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUsage {
    /// The meter's aggregate over the window.
    pub consumed: Number,
    /// The running sum of the window's credits, never below zero; whole.
    pub credited: Number,
    /// When the last event that it counts was received, or the last credit or reset.
    pub modified_at: Option<Timestamp>,
    /// When the reset was received with which the window begins.
    pub reset_received_at: Option<Timestamp>,
}

/// What is asked of a [`Usage`], and what it is answered from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    accounts: &'a Accounts,
    customer: Customer<'a>,
    /// Only rows before this ordinal count.
    until: u32,
}

impl<'a> Window<'a> {
    pub(crate) fn new(accounts: &'a Accounts, customer: Customer<'a>, until: Option<u32>) -> Self {
        Self {
            accounts,
            customer,
            until: until.unwrap_or(u32::MAX),
        }
    }

    fn account(&self) -> Option<&'a Account> {
        self.accounts.get(self.customer.own?)
    }

    fn ordinals(&self) -> Range<u32> {
        let reset = self.account().and_then(|account| account.reset);
        reset.map_or(0, |reset| reset.first)..self.until
    }

    fn credits(&self) -> Vec<Credit> {
        let ordinals = self.ordinals();
        let credits = self.account().map_or(&[][..], |account| &account.credits);
        let in_window = credits
            .iter()
            .filter(|credit| ordinals.contains(&credit.ordinal));
        in_window.copied().collect()
    }
}

impl<P: Partial> Usage<P> {
    pub(crate) fn new(function: Function) -> Self {
        Self {
            function,
            consumed: FxHashMap::default(),
            stopped: FxHashMap::default(),
            changed: Vec::new(),
            changed_from: 0,
        }
    }

    /// Has the states of some rows' identities fetched from memory, which takes longer than all else that a row costs: many are fetched at
    /// once when nothing else is done between.
    pub(crate) fn warm(&self, rows: &[Match]) {
        let is_known = |row: &&Match| self.consumed.contains_key(&row.identity);
        std::hint::black_box(rows.iter().filter(is_known).count());
    }

    /// What a user's event that matches adds.
    #[inline]
    pub(crate) fn add(&mut self, row: &Match, one: &P::One) {
        let changed = &mut self.changed;
        let consumed = self.consumed.entry(row.identity).or_insert_with(|| {
            changed.push(row.identity);
            Consumed {
                since: 0,
                last_ordinal: row.ordinal,
                last_received_at: row.received_at,
                state: P::default(),
                fresh: P::Fresh::default(),
            }
        });
        if consumed.last_ordinal < self.changed_from {
            changed.push(row.identity);
        }
        if consumed.state.add(self.function, one) {
            consumed.fresh.note(one);
        }
        consumed.last_ordinal = row.ordinal;
        consumed.last_received_at = row.received_at;
    }

    /// A customer's window begins with the row of this ordinal, which is the next: nothing is in it yet. Other identities of the customer
    /// follow when they are asked for.
    pub(crate) fn begin(&mut self, identity: u32, first: u32) {
        if let Some(consumed) = self.consumed.get_mut(&identity) {
            consumed.begin(first, P::default());
            self.changed.push(identity);
        }
    }

    /// Whether [`Self::read`] finds all that it needs at hand.
    pub(crate) fn is_settled(&self, window: Window<'_>) -> bool {
        let ordinals = window.ordinals();
        let mut identities = window.customer.identities.iter();
        identities.all(|identity| {
            let consumed = self.consumed.get(identity);
            consumed.is_none_or(|consumed| self.at_hand(*identity, consumed, &ordinals).is_some())
        })
    }

    /// Puts the states of the customer's present window at hand. Cost: nothing when they are; else the rows in the window
    /// of the identities whose states are of another one.
    ///
    /// # Errors
    /// Rows could not be read.
    pub(crate) fn settle(
        &mut self,
        rows: &Rows<'_>,
        values: &impl Values<P>,
        window: Window<'_>,
    ) -> Result<(), StoreError> {
        let ordinals = window.ordinals();
        for identity in window.customer.identities {
            let Some(consumed) = self.consumed.get(identity) else {
                continue;
            };
            if self.at_hand(*identity, consumed, &ordinals).is_some() {
                continue;
            }
            let is_current = consumed.last_ordinal < ordinals.end;
            let (state, last) = rows.fold(self.function, values, *identity, ordinals.clone())?;
            if !is_current {
                let stopped = Stopped {
                    since: ordinals.start,
                    until: ordinals.end,
                    state,
                    last,
                };
                self.stopped.insert(*identity, stopped);
            } else if let Some(consumed) = self.consumed.get_mut(identity) {
                consumed.begin(ordinals.start, state);
                self.changed.push(*identity);
            }
        }
        Ok(())
    }

    /// What a customer used in its present window. When it is not settled, or an identity has later matches than those that count: the
    /// identity's rows in the window are read.
    ///
    /// # Errors
    /// Rows could not be read.
    pub(crate) fn read(
        &self,
        rows: &Rows<'_>,
        values: &impl Values<P>,
        window: Window<'_>,
    ) -> Result<CustomerUsage, StoreError> {
        let (consumed, last) = self.consumed(rows, values, window)?;
        let account = window.account();
        let own = account.and_then(|account| account.last);
        Ok(CustomerUsage {
            consumed,
            credited: Number::from_i128(credited(&window.credits())),
            modified_at: own.map(|last| last.received_at).max(last),
            reset_received_at: account
                .and_then(|account| account.reset)
                .map(|reset| reset.received_at),
        })
    }

    /// The units that roll over when the customer's window ends (SEMANTICS 12.13). Cost as [`Self::read`].
    ///
    /// # Errors
    /// Rows could not be read.
    pub(crate) fn rollover(
        &self,
        rows: &Rows<'_>,
        values: &impl Values<P>,
        window: Window<'_>,
    ) -> Result<i128, StoreError> {
        let (consumed, _) = self.consumed(rows, values, window)?;
        Ok(rolls_over(&window.credits(), &consumed))
    }

    /// What is used in a window, and when the last of it was received.
    fn consumed(
        &self,
        rows: &Rows<'_>,
        values: &impl Values<P>,
        window: Window<'_>,
    ) -> Result<(Number, Option<Timestamp>), StoreError> {
        let ordinals = window.ordinals();
        let mut modified_at = None;
        let mut parts: Vec<Cow<'_, P>> = Vec::with_capacity(window.customer.identities.len());
        for identity in window.customer.identities {
            let Some(consumed) = self.consumed.get(identity) else {
                continue;
            };
            let (part, last) =
                if let Some((state, last)) = self.at_hand(*identity, consumed, &ordinals) {
                    (Cow::Borrowed(state), last)
                } else {
                    let (state, last) =
                        rows.fold(self.function, values, *identity, ordinals.clone())?;
                    let is_last = consumed.last_ordinal < ordinals.end;
                    let last = if is_last { Some(consumed.last()) } else { last };
                    (Cow::Owned(state), last)
                };
            parts.push(part);
            modified_at = modified_at.max(last.map(|last| last.received_at));
        }
        let parts: Vec<&P> = parts.iter().map(|part| &**part).collect();
        let value = P::merge_all(self.function, &parts).value(self.function);
        Ok((value.unwrap_or_default(), modified_at))
    }

    /// The state of a window and the last row that matches before its end, when they need not be folded.
    fn at_hand<'a>(
        &'a self,
        identity: u32,
        consumed: &'a Consumed<P>,
        ordinals: &Range<u32>,
    ) -> Option<(&'a P, Option<Touched>)> {
        if consumed.last_ordinal < ordinals.end {
            let is_same = consumed.since == ordinals.start;
            return is_same.then_some((&consumed.state, Some(consumed.last())));
        }
        let stopped = self.stopped.get(&identity)?;
        (stopped.since == ordinals.start && stopped.until == ordinals.end)
            .then_some((&stopped.state, stopped.last))
    }

    /// Packs those that changed since this was called last, by ascending number; `rows` is how many rows are folded. Gives their numbers.
    pub(crate) fn take_changed(&mut self, rows: u32, out: &mut PackedEntries) -> Vec<u32> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for identity in &changed {
            if let Some(consumed) = self.consumed.get_mut(identity) {
                out.push(*identity, |out| consumed.encode(self.function, out));
            }
        }
        self.changed_from = rows;
        changed
    }

    /// These are not kept after all.
    pub(crate) fn put_back(&mut self, changed: &[u32]) {
        for identity in changed {
            if let Some(consumed) = self.consumed.get_mut(identity) {
                consumed.fresh.forget();
            }
        }
        self.changed.extend_from_slice(changed);
    }

    /// Makes room for identities that are read.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.consumed.reserve(count);
    }

    /// Takes in what was kept of an identity, oldest first; `rows` is how many rows are folded.
    pub(crate) fn load<'a>(
        &mut self,
        identity: u32,
        rows: u32,
        packed: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), PackedError> {
        if let Some(consumed) = Consumed::decode(self.function, packed)? {
            self.consumed.insert(identity, consumed);
        }
        self.changed_from = rows;
        Ok(())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let entries = self.consumed.capacity() * (size_of::<(u32, Consumed<P>)>() + 1);
        let states = self
            .consumed
            .values()
            .map(|consumed| consumed.state.heap_bytes() + consumed.fresh.heap_bytes())
            .sum::<usize>();
        entries + states + self.changed.capacity() * size_of::<u32>()
    }

    /// How many identities there are.
    pub(crate) fn len(&self) -> usize {
        self.consumed.len()
    }
}

/// Set in the head of a packed state that stands for itself; another one adds to those before it.
const WHOLE: u128 = 1;

impl<P: Partial> Consumed<P> {
    fn last(&self) -> Touched {
        Touched {
            ordinal: self.last_ordinal,
            received_at: self.last_received_at,
        }
    }

    /// Another window, with what is in it.
    fn begin(&mut self, since: u32, state: P) {
        self.since = since;
        self.state = state;
        self.fresh.forget();
    }

    /// Appends what is not kept.
    fn encode(&mut self, function: Function, out: &mut Vec<u8>) {
        let is_whole = self.fresh.is_whole();
        write_varint(u128::from(self.since) << 1 | u128::from(is_whole), out);
        write_varint(self.last_ordinal.into(), out);
        write_timestamp(self.last_received_at, out);
        if is_whole {
            self.state.encode(function, out);
        } else {
            self.fresh.encode(out);
        }
        self.fresh.clear();
    }

    /// What was kept, oldest first.
    fn decode<'a>(
        function: Function,
        packed: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, PackedError> {
        let mut all: Option<Self> = None;
        for packed in packed {
            let mut reader = Reader::new(packed);
            let head = reader.varint()?;
            let since = u32::try_from(head >> 1).map_err(|_| PackedError {
                what: "an ordinal is out of range",
            })?;
            let (last_ordinal, last_received_at) =
                (read_count(&mut reader)?, read_timestamp(&mut reader)?);
            let state = match all.take() {
                Some(before) if head & WHOLE == 0 => before.state,
                _ => P::default(),
            };
            let mut consumed = Self {
                since,
                last_ordinal,
                last_received_at,
                state,
                fresh: P::Fresh::default(),
            };
            consumed.state.merge_packed(function, &mut reader)?;
            all = Some(consumed);
        }
        Ok(all)
    }

    /// Appends what was kept, oldest first, as one.
    fn join<'a>(
        function: Function,
        packed: impl Iterator<Item = &'a [u8]>,
        has_oldest: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), PackedError> {
        let mut is_whole = has_oldest;
        let mut heads = Vec::new();
        for packed in packed {
            is_whole |= Reader::new(packed).varint()? & WHOLE != 0;
            heads.push(packed);
        }
        if let Some(all) = Self::decode(function, heads.into_iter())? {
            write_varint(u128::from(all.since) << 1 | u128::from(is_whole), out);
            write_varint(all.last_ordinal.into(), out);
            write_timestamp(all.last_received_at, out);
            all.state.encode(function, out);
        }
        Ok(())
    }
}

/// Appends what was kept of an identity, oldest first, as one; `has_oldest`: there is nothing before.
pub(crate) fn join<'a, P: Partial>(
    function: Function,
    packed: impl Iterator<Item = &'a [u8]>,
    has_oldest: bool,
    out: &mut Vec<u8>,
) -> Result<(), PackedError> {
    Consumed::<P>::join(function, packed, has_oldest, out)
}

/// The rows behind a usage, for windows whose states are not at hand.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// A snapshot that holds at least the rows that are folded.
    pub snapshot: &'a Snapshot,
    /// What the meter measures.
    pub definition: &'a Definition,
}

impl Rows<'_> {
    /// The state of an identity's events in a range of ordinals, and the last row that matches before the range's end.
    fn fold<P: Partial>(
        &self,
        function: Function,
        values: &impl Values<P>,
        identity: u32,
        ordinals: Range<u32>,
    ) -> Result<(P, Option<Touched>), StoreError> {
        let mut state = P::default();
        let mut last = None;
        for row in self.snapshot.rows_of_identity(identity) {
            let row = row?;
            let row = row.get();
            if row.ordinal >= ordinals.end.min(values.folded()) {
                continue;
            }
            if row.ordinal < ordinals.start {
                break;
            }
            let event = row.event();
            if event.source != Source::User {
                continue;
            }
            if let Some(contribution) = self.definition.contribution(&event) {
                state.add(function, &values.one(&contribution));
                last.get_or_insert(Touched {
                    ordinal: row.ordinal,
                    received_at: row.received_at,
                });
            }
        }
        Ok((state, last))
    }
}
