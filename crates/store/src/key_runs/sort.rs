//! Sorting hashes: they are random, so their upper bits say about where each belongs.

use super::run::Entry;

/// Fewer are sorted as anything is.
const FEW: usize = 4096;

/// About how many share their upper bits.
const TOGETHER: usize = 256;

/// Sorts entries by hash. `room` is a buffer for as many; what is in it afterwards means nothing.
pub(crate) fn sort(entries: &mut Vec<Entry>, room: &mut Vec<Entry>) {
    if entries.len() < FEW {
        entries.sort_unstable();
        return;
    }
    let bits = (entries.len() / TOGETHER).ilog2();
    let ends = distribute(entries, room, bits, |(hash, _)| hash >> (u128::BITS - bits));
    let mut rest = &mut **room;
    let mut start = 0;
    for end in ends {
        let (together, behind) = rest.split_at_mut(end - start);
        together.sort_unstable();
        (rest, start) = (behind, end);
    }
    std::mem::swap(entries, room);
}

/// Puts entries into `room` by a number of so many bits, keeping the order of those with the same one. Returns where each ends.
pub(crate) fn distribute(
    entries: &[Entry],
    room: &mut Vec<Entry>,
    bits: u32,
    number: impl Fn(&Entry) -> u128,
) -> Vec<usize> {
    let number = |entry: &Entry| usize::try_from(number(entry)).expect("of few bits");
    let mut places = vec![0; 1 << bits];
    for entry in entries {
        *places.get_mut(number(entry)).expect("below 2^bits") += 1;
    }
    let mut next = 0;
    for place in &mut places {
        next += std::mem::replace(place, next);
    }
    room.resize(entries.len(), (0, 0));
    for entry in entries {
        let place = places.get_mut(number(entry)).expect("below 2^bits");
        *room.get_mut(*place).expect("they were counted") = *entry;
        *place += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_entries_is_sorted() {
        let hash = |number: u128| number.wrapping_mul(0x2d99_787f_ec1b_44a3_9e37_79b9_7f4a_7c15);
        for count in [0, 1, 2, 4_095, 4_096, 10_000, 70_000] {
            // Some stand twice, and some upper bits do not occur.
            for shift in [0, 1, 40] {
                let mut entries: Vec<Entry> = (0..count)
                    .map(|ordinal| (hash(u128::from(ordinal % 9_000)) >> shift, ordinal))
                    .collect();
                let mut expected = entries.clone();
                expected.sort_unstable();
                sort(&mut entries, &mut vec![(7, 7); 3]);
                assert_eq!(entries, expected);
            }
        }
    }
}
