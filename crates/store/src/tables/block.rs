//! The entries of a block: for each the key as difference to the one before (the first key is in the directory), the length of the value, and
//! the value.

use std::ops::Range;

use domain::packed::{write_len, write_varint};

/// Appends an entry.
pub(super) fn write(key_step: u64, value: &[u8], out: &mut Vec<u8>) {
    write_varint(key_step.into(), out);
    write_len(value.len(), out);
    out.extend_from_slice(value);
}

/// An entry that was read: its key and where in the block the value is, and the next entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) value_from: usize,
    pub(super) value_until: usize,
}

/// Reads the entry at `at`, whose predecessor has the key `key_before` (the first of a block: the first key).
#[inline]
pub(super) fn read(block: &[u8], at: usize, key_before: u64) -> Result<Entry, &'static str> {
    let (step, at) = varint(block, at)?;
    let (length, value_from) = varint(block, at)?;
    let end = |length: usize| {
        value_from
            .checked_add(length)
            .filter(|end| *end <= block.len())
    };
    Ok(Entry {
        key: key_before
            .checked_add(step)
            .ok_or("a key is out of range")?,
        value_from,
        value_until: usize::try_from(length)
            .ok()
            .and_then(end)
            .ok_or("a value passes the end of its block")?,
    })
}

/// Where in a block the value of a key is.
pub(super) fn find(
    block: &[u8],
    first: u64,
    key: u64,
) -> Result<Option<Range<usize>>, &'static str> {
    let (mut at, mut before) = (0, first);
    while at < block.len() {
        let entry = read(block, at, before)?;
        if entry.key >= key {
            return Ok((entry.key == key).then_some(entry.value_from..entry.value_until));
        }
        (at, before) = (entry.value_until, entry.key);
    }
    Ok(None)
}

/// An integer as [`write_varint`] wrote it, and where the next thing begins. Here and not by [`domain::packed::Reader`]: it is most of the
/// work of a scan, and 64 bits are enough.
#[inline]
fn varint(block: &[u8], at: usize) -> Result<(u64, usize), &'static str> {
    match block.get(at) {
        Some(byte) if *byte < 0x80 => Ok((u64::from(*byte), at + 1)),
        _ => long_varint(block, at),
    }
}

#[inline]
fn long_varint(block: &[u8], from: usize) -> Result<(u64, usize), &'static str> {
    let rest = block.get(from..).unwrap_or_default();
    let mut value = 0_u64;
    for (index, byte) in rest.iter().enumerate().take(10) {
        let shift = index * 7;
        let bits = u64::from(byte & 0x7f);
        if index == 9 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if *byte < 0x80 {
            return Ok((value, from + index + 1));
        }
    }
    Err("an integer of a block is cut off or too long")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_are_read_as_they_were_written(
            entries in proptest::collection::btree_map(any::<u64>(), ".{0,20}", 1..40),
        ) {
            let mut block = Vec::new();
            let first = *entries.keys().next().expect("one at least");
            let mut before = first;
            for (key, value) in &entries {
                write(key - before, value.as_bytes(), &mut block);
                before = *key;
            }
            for (key, value) in &entries {
                let found = find(&block, first, *key).expect("as it was written");
                prop_assert_eq!(found.and_then(|at| block.get(at)), Some(value.as_bytes()));
                for absent in [key.wrapping_sub(1), key.wrapping_add(1)] {
                    if !entries.contains_key(&absent) && absent > first {
                        prop_assert_eq!(find(&block, first, absent), Ok(None));
                    }
                }
            }
        }

        #[test]
        fn other_bytes_are_an_error_and_no_panic(block: Vec<u8>, first: u64, key: u64) {
            let _whatever = find(&block, first, key);
        }
    }
}
