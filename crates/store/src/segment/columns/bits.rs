//! Numbers packed in bits, and the two encodings of Parquet that are made of them.
//!
//! - The *hybrid* of runs and bit-packed groups holds which rows have a value, and the places of values in a dictionary.
//! - *Differences, packed in bits* (`DELTA_BINARY_PACKED`) hold whole numbers and times.
//!
//! What is unpacked must have [`PADDING`] bytes behind its end, whatever they are, so that each number takes one load and no look at
//! what is left. Bytes that make no sense give `None`, never a panic.

/// How many bytes stand behind what is unpacked.
pub(in crate::segment) const PADDING: usize = 16;

/// What numbers are unpacked to. A number that is wider loses its upper bits.
pub(in crate::segment) trait Packed: Copy + Default {
    fn of(bits: u64) -> Self;
}

impl Packed for bool {
    fn of(bits: u64) -> Self {
        bits & 1 == 1
    }
}

impl Packed for u32 {
    #[expect(clippy::cast_possible_truncation, reason = "as documented")]
    fn of(bits: u64) -> Self {
        bits as u32
    }
}

impl Packed for u64 {
    fn of(bits: u64) -> Self {
        bits
    }
}

/// Unpacks numbers of `width` bits, the first in the lowest bits; a multiple of 8 of them.
fn unpack<T: Packed>(width: u8, bytes: &[u8], out: &mut [T]) -> Option<()> {
    macro_rules! of_width {
        ($($width:literal)*) => {
            match width {
                $($width => unpack_all::<T, $width>(bytes, out),)*
                _ => None,
            }
        };
    }
    of_width!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
    )
}

fn unpack_all<T: Packed, const WIDTH: usize>(bytes: &[u8], out: &mut [T]) -> Option<()> {
    let mut rest = bytes;
    let (eights, _) = out.as_chunks_mut::<8>();
    for eight in eights {
        // One look at the length for eight numbers; the width is known, so the loop has neither counter nor checks left.
        let group = rest.get(..WIDTH + PADDING)?;
        for (index, number) in eight.iter_mut().enumerate() {
            let bit = index * WIDTH;
            let from = group.get(bit / 8..)?;
            let bits = if WIDTH <= 56 {
                u64::from_le_bytes(*from.first_chunk()?) >> (bit % 8)
            } else {
                low(u128::from_le_bytes(*from.first_chunk()?) >> (bit % 8))
            };
            let mask = if WIDTH == 64 {
                u64::MAX
            } else {
                (1 << WIDTH) - 1
            };
            *number = T::of(bits & mask);
        }
        rest = rest.get(WIDTH..)?;
    }
    Some(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is asked for"
)]
fn low(bits: u128) -> u64 {
    bits as u64
}

/// Appends `count` numbers of `width` bits, the first in the lowest bits. `bytes` end with the padding.
pub(in crate::segment) fn packed<T: Packed>(
    width: u8,
    bytes: &[u8],
    count: usize,
    out: &mut Vec<T>,
) -> Option<()> {
    let start = out.len();
    out.resize(start + count.next_multiple_of(8), T::default());
    unpack(width, bytes, out.get_mut(start..)?)?;
    out.truncate(start + count);
    Some(())
}

/// Appends `count` numbers of `width` bits from runs and bit-packed groups. `bytes` end with the padding.
pub(in crate::segment) fn hybrid<T: Packed>(
    width: u8,
    mut bytes: &[u8],
    count: usize,
    out: &mut Vec<T>,
) -> Option<()> {
    if width > 64 {
        return None;
    }
    let end = out.len() + count;
    while out.len() < end {
        let header = usize::try_from(varint(&mut bytes)?).ok()?;
        let left = end - out.len();
        if header & 1 == 1 {
            let start = out.len();
            // The last group may be longer than what is left.
            let groups = (header >> 1).min(left.div_ceil(8));
            out.resize(start + groups * 8, T::default());
            unpack(width, bytes, out.get_mut(start..)?)?;
            bytes = bytes.get((header >> 1).checked_mul(usize::from(width))?..)?;
            out.truncate(end);
        } else {
            let length = header >> 1;
            let value_bytes = usize::from(width.div_ceil(8));
            let value = *bytes.first_chunk::<8>()?;
            let mask = u64::MAX.checked_shr(64 - 8 * u32::try_from(value_bytes).ok()?);
            let value = u64::from_le_bytes(value) & mask.unwrap_or(0);
            bytes = bytes.get(value_bytes..)?;
            if length == 0 {
                return None;
            }
            out.resize(out.len() + length.min(left), T::of(value));
        }
    }
    Some(())
}

/// Appends exactly `count` numbers from their differences. `bytes` end with the padding.
pub(in crate::segment) fn differences(
    mut bytes: &[u8],
    count: usize,
    out: &mut Vec<i64>,
) -> Option<()> {
    let block = usize::try_from(varint(&mut bytes)?).ok()?;
    let parts = usize::try_from(varint(&mut bytes)?).ok()?;
    let total = usize::try_from(varint(&mut bytes)?).ok()?;
    let mut value = signed(&mut bytes)?;
    let in_part = block.checked_div(parts)?;
    if total != count || in_part == 0 || !in_part.is_multiple_of(32) || in_part > PART_MAX {
        return None;
    }
    let end = out.len() + count;
    if count > 0 {
        out.push(value);
    }
    let mut part = [0_u64; PART_MAX];
    let part = part.get_mut(..in_part)?;
    while out.len() < end {
        let least = signed(&mut bytes)?;
        let (widths, rest) = bytes.split_at_checked(parts)?;
        bytes = rest;
        for width in widths {
            let left = end - out.len();
            if left == 0 {
                break;
            }
            let wanted = left.min(in_part);
            unpack(*width, bytes, part.get_mut(..wanted.next_multiple_of(8))?)?;
            bytes = bytes.get(usize::from(*width) * in_part / 8..)?;
            out.extend(part.iter().take(wanted).map(|difference| {
                // Each waits for the one before, so as little as possible is done in between.
                value = value.wrapping_add(least.wrapping_add(difference.cast_signed()));
                value
            }));
        }
    }
    Some(())
}

/// So many differences share a width at most; writers have 32 or 64.
const PART_MAX: usize = 256;

/// Takes an unsigned integer in groups of seven bits, the least first.
pub(in crate::segment) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes an integer whose sign stands in the lowest bit.
pub(in crate::segment) fn signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = varint(bytes)?;
    Some((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pack(width: u8, numbers: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0_u8; (numbers.len() * usize::from(width)).div_ceil(8)];
        for (index, number) in numbers.iter().enumerate() {
            for bit in 0..usize::from(width) {
                if number >> bit & 1 == 1 {
                    let at = index * usize::from(width) + bit;
                    *bytes.get_mut(at / 8).expect("room") |= 1 << (at % 8);
                }
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn numbers_of_every_width_come_back(width in 0_u8..=64, numbers: [u64; 24]) {
            let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
            let numbers = numbers.map(|number| number & mask);
            let mut packed = pack(width, &numbers);
            packed.extend([0xff; PADDING]);
            let mut out = [0_u64; 24];
            prop_assert!(unpack(width, &packed, &mut out).is_some());
            prop_assert_eq!(out, numbers);
        }

        #[test]
        fn runs_and_groups_follow_each_other(
            width in 0_u8..=20, runs in prop::collection::vec((any::<bool>(), 1_usize..4, any::<[u32; 24]>()), 1..5), cut in 0_usize..8,
        ) {
            let mask = (1_u32 << width) - 1;
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            for (is_packed, groups, numbers) in runs {
                let numbers: Vec<u64> = numbers.iter().map(|number| u64::from(number & mask)).take(groups * 8).collect();
                if is_packed {
                    bytes.push(u8::try_from(groups << 1 | 1).expect("few"));
                    bytes.extend(pack(width, &numbers));
                    expected.extend(numbers);
                } else {
                    let value = numbers.first().copied().unwrap_or_default();
                    bytes.push(u8::try_from(groups << 1).expect("few"));
                    bytes.extend(value.to_le_bytes().iter().take(usize::from(width.div_ceil(8))));
                    expected.extend(vec![value; groups]);
                }
            }
            bytes.extend([0; PADDING]);
            expected.truncate(expected.len().saturating_sub(cut).max(1));
            let mut out: Vec<u64> = Vec::new();
            prop_assert!(hybrid(width, &bytes, expected.len(), &mut out).is_some());
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, width in 0_u8..=70, count in 0_usize..300) {
            let mut padded = bytes;
            padded.extend([0; PADDING]);
            let mut out: Vec<u32> = Vec::new();
            if hybrid(width, &padded, count, &mut out).is_some() {
                prop_assert_eq!(out.len(), count);
            }
            let mut out = Vec::new();
            if differences(&padded, count, &mut out).is_some() {
                prop_assert_eq!(out.len(), count);
            }
        }
    }
}
