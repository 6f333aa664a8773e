//! What is folded and kept as one piece in the data folder, so that a start folds only what came after.
//!
//! - Derived: what cannot be read, or is of other events, is folded again from the first row.
//! - Each piece names the last row that is in it as a witness. A piece of a later time than the events (a journal that was
//!   restored from a backup) or of other events has a witness that is not there, and does not count.

use domain::OrganizationId;
use domain::packed::{PackedError, Reader, write_signed, write_varint};
use store::{Derived, Snapshot, StoreError};

/// The name under which the index of events is kept.
pub(crate) const EVENT_INDEX: &str = "events";

/// Keeps what `encode` writes, which is folded from the first `rows` rows of an organization.
pub(crate) fn save(
    derived: &Derived,
    organization: OrganizationId,
    name: &str,
    snapshot: &Snapshot,
    (rows, packed): (u32, &[u8]),
) -> Result<(), StoreError> {
    let Some(witness) = Witness::of(snapshot, rows)? else {
        return Ok(());
    };
    let mut bytes = Vec::with_capacity(packed.len().saturating_add(32));
    witness.encode(&mut bytes);
    bytes.extend_from_slice(packed);
    derived.save(organization, name, &bytes)
}

/// What was kept, if it is of these events. What cannot be read is logged and taken as absent.
pub(crate) fn load<T>(
    derived: &Derived,
    organization: OrganizationId,
    name: &str,
    snapshot: &Snapshot,
    decode: impl FnOnce(&[u8]) -> Result<(u32, T), PackedError>,
) -> Option<T> {
    let loaded = derived
        .load(organization, name)
        .inspect_err(|error| {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                piece = name,
                "derived state cannot be read and is made again"
            );
        })
        .ok()??;
    let mut reader = Reader::new(&loaded);
    let witness = Witness::decode(&mut reader).ok()?;
    let (rows, value) = decode(reader.rest()).ok()?;
    let expected = Witness::of(snapshot, rows).ok()?;
    (expected == Some(witness)).then_some(value)
}

/// The last row that is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Witness {
    sequence: u64,
    received_at: i64,
    timestamp: i64,
}

impl Witness {
    /// `None` without rows, and when the snapshot has fewer.
    pub(crate) fn of(snapshot: &Snapshot, rows: u32) -> Result<Option<Self>, StoreError> {
        let Some(last) = rows.checked_sub(1) else {
            return Ok(None);
        };
        let row = snapshot.row(last)?;
        Ok(row.map(|row| {
            let row = row.get();
            Self {
                sequence: row.sequence,
                received_at: row.received_at.micros(),
                timestamp: row.timestamp.micros(),
            }
        }))
    }

    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        write_varint(self.sequence.into(), out);
        write_signed(self.received_at.into(), out);
        write_signed(self.timestamp.into(), out);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let out_of_range = PackedError {
            what: "a witness is out of range",
        };
        Ok(Self {
            sequence: u64::try_from(reader.varint()?).map_err(|_| out_of_range)?,
            received_at: i64::try_from(reader.signed()?).map_err(|_| out_of_range)?,
            timestamp: i64::try_from(reader.signed()?).map_err(|_| out_of_range)?,
        })
    }
}
