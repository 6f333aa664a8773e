//! When the events of each identity came.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Source, Timestamp};

use crate::packed::{read_count, read_timestamp, write_timestamp};

/// When the events of an identity came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityTimes {
    /// The ordinal of its first event.
    pub first_row: u32,
    /// When that was received.
    pub first_received_at: Timestamp,
    /// The least time of its events of source user; `None` without one (SEMANTICS 11.5).
    pub first_user_event_at: Option<Timestamp>,
}

/// The times of all identities, by their numbers. 24 bytes each.
#[derive(Debug, Default)]
pub(super) struct Identities {
    known: Vec<Kept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    first_row: u32,
    first_received_at: Timestamp,
    /// [`Timestamp::END`], which no event has, without one.
    least_user_time: Timestamp,
}

impl Identities {
    /// Takes in an event. Identities are numbered in the order of their first events.
    pub(super) fn add(&mut self, row: &store::RowRef<'_>, source: Source) {
        let number = row.identity as usize;
        if number == self.known.len() {
            self.known.push(Kept {
                first_row: row.ordinal,
                first_received_at: row.received_at,
                least_user_time: Timestamp::END,
            });
        }
        let known = self
            .known
            .get_mut(number)
            .expect("identities are numbered in the order of their first events");
        if source == Source::User {
            known.least_user_time = known.least_user_time.min(row.timestamp);
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<IdentityTimes> {
        let known = self.known.get(number as usize)?;
        Some(IdentityTimes {
            first_row: known.first_row,
            first_received_at: known.first_received_at,
            first_user_event_at: Some(known.least_user_time).filter(|at| *at < Timestamp::END),
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.known.len(), out);
        let mut next = 0;
        for known in &self.known {
            write_varint(u128::from(known.first_row - next), out);
            next = known.first_row + 1;
            write_timestamp(known.first_received_at, out);
            write_timestamp(known.least_user_time, out);
        }
    }

    /// Of the first `rows` rows.
    pub(super) fn decode(reader: &mut Reader<'_>, rows: u32) -> Result<Self, PackedError> {
        let count = reader.len()?;
        let mut known = Vec::with_capacity(count);
        let mut next = 0_u32;
        for _ in 0..count {
            let first_row = next
                .checked_add(read_count(reader)?)
                .filter(|row| *row < rows)
                .ok_or(PackedError {
                    what: "an identity's first event is not there",
                })?;
            next = first_row + 1;
            known.push(Kept {
                first_row,
                first_received_at: read_timestamp(reader)?,
                least_user_time: read_timestamp(reader)?,
            });
        }
        Ok(Self { known })
    }
}
