//! What each identity used of a meter since its last reset, and its credits. SEMANTICS 12.4 to 12.8, 12.13, 19.4.
//!
//! - States are kept per identity, because who a customer is, is decided when reading: a customer's usage is the sum of what came under
//!   its id and under the external id that it has now.
//! - Resets and credits are the customer's own: they come under its id alone.
//! - A window is a range of receipt, and as times of receipt never fall, a range of ordinals.
//! - A state at hand is of one window. When the customer's is another one (an external id has passed to another customer, a reset was
//!   backdated), the state is made anew from the identity's rows in that window.

use std::borrow::Cow;
use std::ops::Range;

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Contribution, Definition, Function, Number, Source, State, SystemEvent, Timestamp};
use rustc_hash::FxHashMap;
use store::{Snapshot, StoreError};

use crate::credits::{Credit, credited, rolls_over};
use crate::matcher::Match;
use crate::packed::{read_count, read_timestamp, write_timestamp};

/// See the module. Identities are numbers of the store's, so their hash need not be keyed.
#[derive(Debug)]
pub struct Usage {
    function: Function,
    consumed: FxHashMap<u32, Consumed>,
    accounts: FxHashMap<u32, Account>,
}

/// What came under one identity.
#[derive(Debug, Clone)]
struct Consumed {
    /// Of the rows from this ordinal on.
    since: u32,
    state: State,
    /// The last row that matched.
    last: Touched,
    /// What it was before later rows came, when that was asked for last: for a meter that is archived. Not kept over a restart.
    stopped: Option<Box<Stopped>>,
}

/// The state of a window up to an ordinal.
#[derive(Debug, Clone)]
struct Stopped {
    since: u32,
    until: u32,
    state: State,
    last: Option<Touched>,
}

/// Credits and resets of one customer.
#[derive(Debug, Clone, Default)]
struct Account {
    reset: Option<Reset>,
    /// All of them, by (time, order of receipt).
    credits: Vec<Credit>,
    last: Option<Touched>,
}

/// The reset that holds: the latest by time, then by order of receipt.
#[derive(Debug, Clone, Copy)]
struct Reset {
    timestamp: Timestamp,
    ordinal: u32,
    /// The ordinal with which the window begins.
    first: u32,
    received_at: Timestamp,
}

/// A row that changed something.
#[derive(Debug, Clone, Copy)]
struct Touched {
    ordinal: u32,
    received_at: Timestamp,
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

impl Usage {
    pub(crate) fn new(function: Function) -> Self {
        Self {
            function,
            consumed: FxHashMap::default(),
            accounts: FxHashMap::default(),
        }
    }

    /// A user's event that matches.
    pub(crate) fn add(&mut self, row: &Match, contribution: Contribution) {
        let last = Touched::by(row);
        let consumed = self
            .consumed
            .entry(row.identity)
            .or_insert_with(|| Consumed {
                since: 0,
                state: State::new(self.function),
                last,
                stopped: None,
            });
        consumed.state.add(contribution);
        consumed.last = last;
    }

    /// A credit or reset of this meter.
    pub(crate) fn note(
        &mut self,
        snapshot: &Snapshot,
        row: &Match,
        said: SystemEvent,
    ) -> Result<(), StoreError> {
        let account = self.accounts.entry(row.identity).or_default();
        account.last = Some(Touched::by(row));
        match said {
            SystemEvent::MeterCredited {
                units, rollover, ..
            } => account.credit(Credit {
                timestamp: row.timestamp,
                ordinal: row.ordinal,
                units,
                rollover,
            }),
            SystemEvent::Benefit { .. } => {}
            SystemEvent::MeterReset { .. } => {
                let key = (row.timestamp, row.ordinal);
                if account
                    .reset
                    .is_some_and(|reset| (reset.timestamp, reset.ordinal) > key)
                {
                    return Ok(());
                }
                let first = first_of_window(snapshot, row.timestamp, row)?;
                account.reset = Some(Reset {
                    timestamp: row.timestamp,
                    ordinal: row.ordinal,
                    first,
                    received_at: row.received_at,
                });
                if first == row.ordinal
                    && let Some(consumed) = self.consumed.get_mut(&row.identity)
                {
                    // Nothing is in the window yet. Other identities follow when they are asked for.
                    consumed.since = first;
                    consumed.state = State::new(self.function);
                }
            }
        }
        Ok(())
    }

    /// Whether [`Self::read`] finds all that it needs at hand.
    pub fn is_settled(&self, customer: Customer<'_>, until: Option<u32>) -> bool {
        let window = self.first_of(customer)..until.unwrap_or(u32::MAX);
        let mut consumed = customer
            .identities
            .iter()
            .filter_map(|identity| self.consumed.get(identity));
        consumed.all(|consumed| consumed.at_hand(&window).is_some())
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
        let window = self.first_of(customer)..until.unwrap_or(u32::MAX);
        for identity in customer.identities {
            let Some(consumed) = self.consumed.get_mut(identity) else {
                continue;
            };
            if consumed.at_hand(&window).is_some() {
                continue;
            }
            let (state, last) = rows.fold(self.function, *identity, window.clone())?;
            if consumed.last.ordinal < window.end {
                consumed.state = state;
                consumed.since = window.start;
            } else {
                consumed.stopped = Some(Box::new(Stopped {
                    since: window.start,
                    until: window.end,
                    state,
                    last,
                }));
            }
        }
        Ok(())
    }

    /// What a customer used in its present window. With `until`, only rows before that ordinal count, as if the later ones
    /// had not come.
    ///
    /// Cost: constant; when it is not settled, or an identity has later matches than `until`, the identity's rows in the window.
    ///
    /// # Errors
    /// Rows could not be read.
    pub fn read(
        &self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: Option<u32>,
    ) -> Result<CustomerUsage, StoreError> {
        let window = self.window(rows, customer, until)?;
        Ok(CustomerUsage {
            consumed: window.consumed,
            credited: Number::from_i128(credited(&window.credits)),
            modified_at: window.modified_at,
            reset_received_at: self
                .account(customer)
                .and_then(|account| account.reset)
                .map(|reset| reset.received_at),
        })
    }

    /// The units that roll over when the customer's window ends before the row of ordinal `until` (SEMANTICS 12.13). Cost as
    /// [`Self::read`].
    ///
    /// # Errors
    /// Rows could not be read.
    pub fn rollover(
        &self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<i128, StoreError> {
        let window = self.window(rows, customer, Some(until))?;
        Ok(rolls_over(&window.credits, &window.consumed))
    }

    /// Appends the packed form; the function is not in it.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut consumed: Vec<_> = self.consumed.iter().collect();
        consumed.sort_unstable_by_key(|(identity, _)| **identity);
        write_len(consumed.len(), out);
        for (identity, consumed) in consumed {
            write_varint((*identity).into(), out);
            write_varint(consumed.since.into(), out);
            consumed.last.encode(out);
            consumed.state.encode(out);
        }
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_unstable_by_key(|(identity, _)| **identity);
        write_len(accounts.len(), out);
        for (identity, account) in accounts {
            write_varint((*identity).into(), out);
            account.encode(out);
        }
    }

    /// Reads the packed form of the usage of this function.
    pub(crate) fn decode(function: Function, reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let mut usage = Self::new(function);
        for _ in 0..reader.len()? {
            let identity = read_count(reader)?;
            let consumed = Consumed {
                since: read_count(reader)?,
                last: Touched::decode(reader)?,
                state: State::decode(function, reader)?,
                stopped: None,
            };
            usage.consumed.insert(identity, consumed);
        }
        for _ in 0..reader.len()? {
            let identity = read_count(reader)?;
            usage.accounts.insert(identity, Account::decode(reader)?);
        }
        Ok(usage)
    }

    fn window(
        &self,
        rows: &Rows<'_>,
        customer: Customer<'_>,
        until: Option<u32>,
    ) -> Result<Window, StoreError> {
        let until = until.unwrap_or(u32::MAX);
        let account = self.account(customer);
        let first = self.first_of(customer);
        let credits = account.map_or(&[][..], |account| &account.credits);
        let mut modified_at = account
            .and_then(|account| account.last)
            .map(|last| last.received_at);
        let window = first..until;
        let mut parts: Vec<Cow<'_, State>> = Vec::with_capacity(customer.identities.len());
        for identity in customer.identities {
            let Some(consumed) = self.consumed.get(identity) else {
                continue;
            };
            let (part, last) = if let Some((state, last)) = consumed.at_hand(&window) {
                (Cow::Borrowed(state), last)
            } else {
                let (state, last) = rows.fold(self.function, *identity, window.clone())?;
                let is_last = consumed.last.ordinal < until;
                let last = if is_last { Some(consumed.last) } else { last };
                (Cow::Owned(state), last)
            };
            parts.push(part);
            modified_at = modified_at.max(last.map(|last| last.received_at));
        }
        Ok(Window {
            consumed: value_of(&parts),
            credits: credits
                .iter()
                .filter(|credit| window.contains(&credit.ordinal))
                .copied()
                .collect(),
            modified_at,
        })
    }

    fn account(&self, customer: Customer<'_>) -> Option<&Account> {
        self.accounts.get(&customer.own?)
    }

    /// The ordinal with which the customer's present window begins.
    fn first_of(&self, customer: Customer<'_>) -> u32 {
        self.account(customer)
            .and_then(|account| account.reset)
            .map_or(0, |reset| reset.first)
    }
}

impl Consumed {
    /// The state of a window and the last row that matches before its end, when they need not be folded.
    fn at_hand(&self, window: &Range<u32>) -> Option<(&State, Option<Touched>)> {
        if self.last.ordinal < window.end {
            return (self.since == window.start).then_some((&self.state, Some(self.last)));
        }
        let stopped = self.stopped.as_ref()?;
        (stopped.since == window.start && stopped.until == window.end)
            .then_some((&stopped.state, stopped.last))
    }
}

/// The value of all parts together; that of nothing is 0. One part alone is not copied: it may hold many distinct values.
fn value_of(parts: &[Cow<'_, State>]) -> Number {
    let value = match parts {
        [] => None,
        [single] => single.value(),
        [first, rest @ ..] => {
            let mut state = State::clone(first);
            for part in rest {
                state.merge(part);
            }
            state.value()
        }
    };
    value.unwrap_or_default()
}

/// What counts in a window.
struct Window {
    consumed: Number,
    credits: Vec<Credit>,
    modified_at: Option<Timestamp>,
}

impl Account {
    fn credit(&mut self, credit: Credit) {
        let key = |credit: &Credit| (credit.timestamp, credit.ordinal);
        let at = self
            .credits
            .partition_point(|known| key(known) <= key(&credit));
        self.credits.insert(at, credit);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.last.is_some()) | u8::from(self.reset.is_some()) << 1);
        if let Some(last) = self.last {
            last.encode(out);
        }
        if let Some(reset) = self.reset {
            write_timestamp(reset.timestamp, out);
            write_varint(reset.ordinal.into(), out);
            write_varint(reset.first.into(), out);
            write_timestamp(reset.received_at, out);
        }
        write_len(self.credits.len(), out);
        for credit in &self.credits {
            credit.encode(out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let flags = reader.byte()?;
        let mut account = Self::default();
        if flags & 1 != 0 {
            account.last = Some(Touched::decode(reader)?);
        }
        if flags & 2 != 0 {
            account.reset = Some(Reset {
                timestamp: read_timestamp(reader)?,
                ordinal: read_count(reader)?,
                first: read_count(reader)?,
                received_at: read_timestamp(reader)?,
            });
        }
        for _ in 0..reader.len()? {
            account.credits.push(Credit::decode(reader)?);
        }
        Ok(account)
    }
}

impl Touched {
    fn by(row: &Match) -> Self {
        Self {
            ordinal: row.ordinal,
            received_at: row.received_at,
        }
    }

    fn encode(self, out: &mut Vec<u8>) {
        write_varint(self.ordinal.into(), out);
        write_timestamp(self.received_at, out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Ok(Self {
            ordinal: read_count(reader)?,
            received_at: read_timestamp(reader)?,
        })
    }
}

/// The ordinal with which the window of a reset begins: that of the first event received at `timestamp` or later; its own when
/// it takes effect at its own receipt, so that nothing that came before it in the same instant is in (SEMANTICS 12.4, 19.4).
fn first_of_window(
    snapshot: &Snapshot,
    timestamp: Timestamp,
    reset: &Match,
) -> Result<u32, StoreError> {
    if timestamp >= reset.received_at {
        return Ok(reset.ordinal);
    }
    snapshot.first_received_from(timestamp)
}

/// The rows behind a [`Usage`], for windows whose states are not at hand.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// A snapshot that holds at least the rows that are folded.
    pub snapshot: &'a Snapshot,
    /// What the meter measures.
    pub definition: &'a Definition,
    /// How many rows are folded.
    pub folded: u32,
}

impl Rows<'_> {
    /// The state of an identity's events in a range of ordinals, and the last row that matches before the range's end.
    fn fold(
        &self,
        function: Function,
        identity: u32,
        ordinals: Range<u32>,
    ) -> Result<(State, Option<Touched>), StoreError> {
        let mut state = State::new(function);
        let mut last = None;
        for row in self.snapshot.rows_of_identity(identity) {
            let row = row?;
            let row = row.get();
            if row.ordinal >= ordinals.end.min(self.folded) {
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
                state.add(contribution);
                last.get_or_insert(Touched {
                    ordinal: row.ordinal,
                    received_at: row.received_at,
                });
            }
        }
        Ok((state, last))
    }
}
