//! Credits and resets of each customer of a meter. SEMANTICS 12.4, 12.7, 12.13, 19.4.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{SystemEvent, Timestamp};
use rustc_hash::FxHashMap;
use store::{Snapshot, StoreError};

use crate::credits::Credit;
use crate::matcher::Match;
use crate::packed::{read_count, read_timestamp, write_timestamp};
use crate::saved::PackedEntries;

/// By the number of the identity that is the customer's own.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_customer: FxHashMap<u32, Account>,
    /// Those that are not kept as they are.
    changed: Vec<u32>,
}

/// Credits and resets of one customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) reset: Option<Reset>,
    /// All of them, by (time, order of receipt).
    pub(crate) credits: Vec<Credit>,
    pub(crate) last: Option<Touched>,
}

/// The reset that holds: the latest by time, then by order of receipt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reset {
    timestamp: Timestamp,
    ordinal: u32,
    /// The ordinal with which the window begins.
    pub(crate) first: u32,
    pub(crate) received_at: Timestamp,
}

/// A row that changed something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touched {
    pub(crate) ordinal: u32,
    pub(crate) received_at: Timestamp,
}

impl Accounts {
    pub(crate) fn get(&self, customer: u32) -> Option<&Account> {
        self.by_customer.get(&customer)
    }

    /// A credit or reset of this meter. Returns the first ordinal of the window when that begins with this row.
    pub(crate) fn note(
        &mut self,
        snapshot: &Snapshot,
        row: &Match,
        said: SystemEvent,
    ) -> Result<Option<u32>, StoreError> {
        // The list is short between two times that it is kept, and what is there twice is taken once.
        self.changed.push(row.identity);
        let account = self.by_customer.entry(row.identity).or_default();
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
                    return Ok(None);
                }
                let first = first_of_window(snapshot, row.timestamp, row)?;
                account.reset = Some(Reset {
                    timestamp: row.timestamp,
                    ordinal: row.ordinal,
                    first,
                    received_at: row.received_at,
                });
                return Ok((first == row.ordinal).then_some(first));
            }
        }
        Ok(None)
    }

    /// Packs those that changed since this was called last, by ascending key; gives their keys.
    pub(crate) fn take_changed(&mut self, out: &mut PackedEntries) -> Vec<u32> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for customer in &changed {
            if let Some(account) = self.by_customer.get(customer) {
                out.push(*customer, |out| account.encode(out));
            }
        }
        changed
    }

    /// These are not kept after all.
    pub(crate) fn put_back(&mut self, changed: &[u32]) {
        self.changed.extend_from_slice(changed);
    }

    /// Takes in an account that was kept.
    pub(crate) fn read(&mut self, customer: u32, packed: &[u8]) -> Result<(), PackedError> {
        let account = Account::decode(&mut Reader::new(packed))?;
        self.by_customer.insert(customer, account);
        Ok(())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let entry = size_of::<(u32, Account)>() + 1;
        let credits = self.by_customer.capacity() * entry;
        let lists = self
            .by_customer
            .values()
            .map(|account| account.credits.capacity() * size_of::<Credit>())
            .sum::<usize>();
        credits + lists
    }
}

impl Account {
    fn credit(&mut self, credit: Credit) {
        let key = |credit: &Credit| (credit.timestamp, credit.ordinal);
        // A row is noted again when what follows it could not be read.
        let at = self
            .credits
            .partition_point(|known| key(known) < key(&credit));
        if self
            .credits
            .get(at)
            .is_none_or(|known| key(known) != key(&credit))
        {
            self.credits.insert(at, credit);
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
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
    pub(crate) fn by(row: &Match) -> Self {
        Self {
            ordinal: row.ordinal,
            received_at: row.received_at,
        }
    }

    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        write_varint(self.ordinal.into(), out);
        write_timestamp(self.received_at, out);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
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
