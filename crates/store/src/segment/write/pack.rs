//! Numbers packed in bits, as Parquet has them: the hybrid of runs and packed groups, and differences.

use domain::packed::{write_signed, write_varint};

/// Values of a block of differences, and of the parts of it that have a width of their own.
const BLOCK: usize = 128;
const PART: usize = 32;

/// From so many equal values on a run of its own is shorter than packing them.
const RUN_MIN: usize = 16;

/// How many bits the number takes.
pub(super) fn width(greatest: u64) -> u32 {
    u64::BITS - greatest.leading_zeros()
}

/// Appends numbers of `width` bits, the first in the lowest bits; the last byte is filled up with zeros.
fn pack(numbers: impl ExactSizeIterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    out.reserve((numbers.len() * width as usize).div_ceil(8) + 8);
    let (mut bits, mut used) = (0_u128, 0);
    for number in numbers {
        bits |= u128::from(number) << used;
        used += width;
        if used >= u64::BITS {
            let low = u64::try_from(bits & u128::from(u64::MAX)).expect("masked to 64 bits");
            out.extend_from_slice(&low.to_le_bytes());
            bits >>= u64::BITS;
            used -= u64::BITS;
        }
    }
    out.extend(bits.to_le_bytes().iter().take(used.div_ceil(8) as usize));
}

/// Appends booleans, eight a byte.
pub(super) fn bools(values: &[bool], out: &mut Vec<u8>) {
    pack(values.iter().map(|value| u64::from(*value)), 1, out);
}

/// Appends numbers of `width` bits as runs of equal ones and as packed groups of eight.
pub(super) fn hybrid(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    // What is packed is a whole number of groups, but for the end.
    let (mut packed_from, mut at) = (0, 0);
    while let Some((first, rest)) = numbers.get(at..).and_then(<[u32]>::split_first) {
        let run = 1 + rest.iter().take_while(|number| *number == first).count();
        let fill = (at - packed_from).next_multiple_of(8) - (at - packed_from);
        if run < fill + RUN_MIN {
            at += run;
            continue;
        }
        groups(numbers.get(packed_from..at + fill), width, out);
        write_varint(((run - fill) as u128) << 1, out);
        let bytes = first.to_le_bytes();
        out.extend(bytes.iter().take(width.div_ceil(8) as usize));
        at += run;
        packed_from = at;
    }
    groups(numbers.get(packed_from..), width, out);
}

/// Appends packed groups of eight; the last is filled up with zeros.
fn groups(numbers: Option<&[u32]>, width: u32, out: &mut Vec<u8>) {
    let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
        return;
    };
    let groups = numbers.len().div_ceil(8);
    write_varint((groups as u128) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    pack(numbers.iter().map(|number| u64::from(*number)), width, out);
    out.resize(end, 0);
}

/// A number of which differences are taken, and wrap around.
pub(super) trait Whole: Copy {
    fn widen(self) -> i64;
    /// This one less another.
    fn less(self, other: Self) -> i64;
    /// How far a difference is above the least.
    fn above(difference: i64, least: i64) -> u64;
}

impl Whole for i64 {
    fn widen(self) -> i64 {
        self
    }

    fn less(self, other: Self) -> i64 {
        self.wrapping_sub(other)
    }

    fn above(difference: i64, least: i64) -> u64 {
        difference.wrapping_sub(least).cast_unsigned()
    }
}

/// Kept as a signed number of 32 bits.
impl Whole for u32 {
    fn widen(self) -> i64 {
        self.cast_signed().into()
    }

    fn less(self, other: Self) -> i64 {
        self.wrapping_sub(other).cast_signed().into()
    }

    fn above(difference: i64, least: i64) -> u64 {
        // Both are of 32 bits.
        (difference - least).cast_unsigned()
    }
}

/// Appends numbers as their differences, packed in bits.
pub(super) fn differences<T: Whole>(numbers: &[T], out: &mut Vec<u8>) {
    write_varint(BLOCK as u128, out);
    write_varint((BLOCK / PART) as u128, out);
    write_varint(numbers.len() as u128, out);
    let Some((first, rest)) = numbers.split_first() else {
        write_signed(0, out);
        return;
    };
    write_signed(first.widen().into(), out);
    let mut before = *first;
    let mut block = [0_i64; BLOCK];
    for numbers in rest.chunks(BLOCK) {
        let mut least = i64::MAX;
        for (difference, number) in block.iter_mut().zip(numbers) {
            *difference = number.less(before);
            before = *number;
            least = least.min(*difference);
        }
        write_signed(least.into(), out);
        let mut above = [0_u64; BLOCK];
        for (above, difference) in above.iter_mut().zip(&block).take(numbers.len()) {
            *above = T::above(*difference, least);
        }
        let parts = above.chunks_exact(PART);
        let widths = parts.clone().map(|part| {
            let all = part.iter().fold(0, |all, above| all | above);
            width(all)
        });
        // Parts behind the end have no bits.
        let used = numbers.len().div_ceil(PART);
        out.extend(widths.clone().map(|width| width.to_le_bytes()[0]));
        for (part, width) in parts.zip(widths).take(used) {
            pack(part.iter().copied(), width, out);
        }
    }
}
