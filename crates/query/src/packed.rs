//! What the packed forms of derived state have in common.

use domain::Timestamp;
use domain::packed::{PackedError, Reader, write_signed};

/// Appends a point in time, or [`Timestamp::END`].
pub(crate) fn write_timestamp(at: Timestamp, out: &mut Vec<u8>) {
    write_signed(i128::from(at.micros()), out);
}

/// What [`write_timestamp`] wrote.
pub(crate) fn read_timestamp(reader: &mut Reader<'_>) -> Result<Timestamp, PackedError> {
    let micros = reader.signed()?;
    if micros == i128::from(Timestamp::END.micros()) {
        return Ok(Timestamp::END);
    }
    i64::try_from(micros)
        .ok()
        .and_then(Timestamp::from_micros)
        .ok_or(PackedError {
            what: "a time is out of range",
        })
}

/// An integer of 32 bits.
pub(crate) fn read_count(reader: &mut Reader<'_>) -> Result<u32, PackedError> {
    u32::try_from(reader.varint()?).map_err(|_| PackedError {
        what: "a count has more than 32 bits",
    })
}
