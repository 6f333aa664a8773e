//! What the packed forms of derived state have in common.

use domain::Timestamp;
use domain::packed::{PackedError, Reader, write_signed, write_varint};

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

/// What numbers of units of 10^-12 are divided by, so that whole numbers and usual prices are short.
const DIVISORS: [i64; 5] = [1_000_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1];
/// In the place of a divisor's: all 16 bytes follow.
const PLAIN: u128 = 7;
/// Mantissas below this leave room for the divisor.
const SHORT_END: i128 = 1 << 100;

/// Appends a number of units of 10^-12.
#[inline]
pub(crate) fn write_picos(picos: i128, out: &mut Vec<u8>) {
    let short = match i64::try_from(picos) {
        Ok(picos) => (0_u128..)
            .zip(DIVISORS)
            .find(|(_, divisor)| picos % divisor == 0)
            .map(|(code, divisor)| (code, i128::from(picos / divisor))),
        Err(_) => (0_u128..)
            .zip(DIVISORS)
            .find(|(_, divisor)| picos % i128::from(*divisor) == 0)
            .map(|(code, divisor)| (code, picos / i128::from(divisor))),
    };
    match short {
        Some((code, mantissa)) if (-SHORT_END..SHORT_END).contains(&mantissa) => {
            let zigzag = ((mantissa << 1) ^ (mantissa >> 127)).cast_unsigned();
            write_varint(zigzag << 3 | code, out);
        }
        _ => {
            write_varint(PLAIN, out);
            out.extend_from_slice(&picos.to_le_bytes());
        }
    }
}

/// What [`write_picos`] wrote.
#[inline]
pub(crate) fn read_picos(reader: &mut Reader<'_>) -> Result<i128, PackedError> {
    let packed = reader.varint()?;
    let code = packed & 7;
    if code == PLAIN {
        return Ok(i128::from_le_bytes(reader.array()?));
    }
    let out_of_range = PackedError {
        what: "a number is out of range",
    };
    let divisor = DIVISORS.get(code as usize).ok_or(out_of_range)?;
    let zigzag = packed >> 3;
    let mantissa = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    mantissa
        .checked_mul(i128::from(*divisor))
        .ok_or(out_of_range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_of_any_size_come_back(
            picos in prop_oneof![
                any::<i128>(),
                any::<i64>().prop_map(i128::from),
                (any::<i64>(), 0_usize..5).prop_map(|(mantissa, scale)| {
                    i128::from(mantissa) * i128::from(DIVISORS[scale])
                }),
            ],
        ) {
            let mut packed = Vec::new();
            write_picos(picos, &mut packed);
            let mut reader = Reader::new(&packed);
            prop_assert_eq!(read_picos(&mut reader), Ok(picos));
            prop_assert!(reader.is_empty());
        }
    }
}
