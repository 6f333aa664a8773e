//! A block of a run: some sorted hashes and the ordinals of their rows, in few bytes.
//!
//! Hashes are random, so sorted ones differ by about the same: all bits of a hash are kept, and no more bits are spent than these
//! need. The lower bytes stand as they are. The upper part is a small number, counted from that of the block's first hash, and never
//! falls: so a bit is set at the place *number + entries before* for each entry, which takes little more than a bit an entry. Ordinals
//! are counted from the least and have as many bits as the greatest needs.
//!
//! Layout: ordinals' width (1 byte), least ordinal (4), length of the upper parts in bytes (2), upper parts, lower bytes of each
//! entry (big endian), ordinals, XXH3-64 of all that (8).

use xxhash_rust::xxh3::xxh3_64;

use super::run::Entry;

/// Entries of a block; only the last of a partition has fewer.
pub(super) const BLOCK_ENTRIES: usize = 256;

const CHECKSUM_BYTES: usize = 8;

/// Appends a block of these sorted entries, of whose hashes `low_bytes` stand as they are. `None` when the hashes are so far from each
/// other that their upper parts pass a block's bounds.
pub(super) fn encode(entries: &[Entry], low_bytes: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let ordinals = entries.iter().map(|(_, ordinal)| *ordinal);
    let (least, greatest) = (ordinals.clone().min()?, ordinals.clone().max()?);
    let width = u32::BITS - (greatest - least).leading_zeros();
    let high = |hash: u128| hash.checked_shr(shift(low_bytes)).unwrap_or(0);
    let (least_hash, greatest_hash) = (entries.first()?.0, entries.last()?.0);
    let base = high(least_hash);
    let places = usize::try_from(high(greatest_hash) - base).ok()?;
    let high_bytes = places.checked_add(entries.len())?.div_ceil(8);
    out.extend(width.to_le_bytes().first());
    out.extend_from_slice(&least.to_le_bytes());
    out.extend_from_slice(&u16::try_from(high_bytes).ok()?.to_le_bytes());

    let highs = out.len();
    out.resize(highs + high_bytes, 0);
    let bits = out.get_mut(highs..)?;
    for (index, (hash, _)) in entries.iter().enumerate() {
        let place = usize::try_from(high(*hash) - base).ok()? + index;
        *bits.get_mut(place / 8)? |= 1 << (place % 8);
    }
    for (hash, _) in entries {
        out.extend_from_slice(hash.to_be_bytes().get(16 - low_bytes..)?);
    }
    let (mut bits, mut used) = (0_u64, 0);
    for ordinal in ordinals {
        bits |= u64::from(ordinal - least) << used;
        used += width;
        while used >= 8 {
            out.extend(bits.to_le_bytes().first());
            bits >>= 8;
            used -= 8;
        }
    }
    if used > 0 {
        out.extend(bits.to_le_bytes().first());
    }
    let checksum = xxh3_64(out.get(start..)?);
    out.extend_from_slice(&checksum.to_le_bytes());
    Some(())
}

/// How many bits the lower bytes are.
fn shift(low_bytes: usize) -> u32 {
    u32::try_from(low_bytes * 8).expect("at most 16 bytes")
}

/// How many of a hash's bytes stand as they are in blocks of so many hashes between the first and the last: the fewest for which the
/// upper parts take not more than they save.
pub(super) fn low_bytes(entries: usize, first: u128, last: u128) -> usize {
    let is_dense = |low_bytes: &usize| {
        let places = (last - first).checked_shr(shift(*low_bytes)).unwrap_or(0);
        places <= entries as u128 * 4
    };
    (1..16).find(is_dense).unwrap_or(16)
}

/// A block that was read and whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    first: u128,
    low_bytes: usize,
    width: u32,
    least: u32,
    highs: &'a [u8],
    lows: &'a [u8],
    ordinals: &'a [u8],
}

impl<'a> Block<'a> {
    /// Checks and opens a block of so many entries, the first of which is `first`.
    pub(super) fn open(
        bytes: &'a [u8],
        entries: usize,
        first: u128,
        low_bytes: usize,
    ) -> Option<Self> {
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if xxh3_64(content).to_le_bytes() != *checksum {
            return None;
        }
        let (width, rest) = content.split_first()?;
        let (least, rest) = rest.split_first_chunk::<4>()?;
        let (high_bytes, rest) = rest.split_first_chunk::<2>()?;
        let high_bytes = usize::from(u16::from_le_bytes(*high_bytes));
        let (highs, rest) = rest.split_at_checked(high_bytes)?;
        let (lows, ordinals) = rest.split_at_checked(entries.checked_mul(low_bytes)?)?;
        let width = u32::from(*width);
        let is_sound = width <= u32::BITS
            && low_bytes <= 16
            && ordinals.len() == (entries * width as usize).div_ceil(8);
        is_sound.then_some(Self {
            first,
            low_bytes,
            width,
            least: u32::from_le_bytes(*least),
            highs,
            lows,
            ordinals,
        })
    }

    /// The place of each entry's upper part, counted from the first's, in order.
    fn highs(self) -> impl Iterator<Item = usize> {
        let chunks = self.highs.chunks(8).enumerate();
        let places = chunks.flat_map(|(chunk, bytes)| {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(bytes) {
                *place = *byte;
            }
            let mut bits = u64::from_le_bytes(word);
            std::iter::from_fn(move || {
                let place = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(chunk * 64 + place)
            })
        });
        places
            .enumerate()
            .map(|(index, place)| place.saturating_sub(index))
    }

    fn hash(self, high: usize, low: &[u8]) -> u128 {
        let mut bytes = [0; 16];
        if let Some(place) = bytes.get_mut(16 - low.len()..) {
            place.copy_from_slice(low);
        }
        let shift = shift(self.low_bytes);
        let base = self.first.checked_shr(shift).unwrap_or(0);
        let high = base.wrapping_add(high as u128);
        high.checked_shl(shift).unwrap_or(0) | u128::from_be_bytes(bytes)
    }

    fn ordinal(self, index: usize) -> u32 {
        let bit = index * self.width as usize;
        let mut word = [0; 8];
        let bytes = self.ordinals.get(bit / 8..).unwrap_or_default();
        for (place, byte) in word.iter_mut().zip(bytes) {
            *place = *byte;
        }
        let mask = (1_u64 << self.width) - 1;
        let above = u64::from_le_bytes(word) >> (bit % 8) & mask;
        self.least
            .wrapping_add(u32::try_from(above).expect("its width is at most 32"))
    }

    /// All entries in order.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> {
        let lows = self.lows.chunks_exact(self.low_bytes.max(1));
        let hashes = self.highs().zip(lows);
        hashes
            .enumerate()
            .map(move |(index, (high, low))| (self.hash(high, low), self.ordinal(index)))
    }

    /// The ordinal under a hash, which is not before the first.
    pub(super) fn find(self, hash: u128) -> Option<u32> {
        let shift = shift(self.low_bytes);
        let high = |hash: u128| hash.checked_shr(shift).unwrap_or(0);
        let sought = usize::try_from(high(hash).checked_sub(high(self.first))?).ok()?;
        let lows = self.lows.chunks_exact(self.low_bytes.max(1));
        let same = (self.highs().zip(lows).enumerate())
            .skip_while(|(_, (high, _))| *high < sought)
            .take_while(|(_, (high, _))| *high == sought);
        let bytes = hash.to_be_bytes();
        let low = bytes.get(16 - self.low_bytes..)?;
        let mut found = same.filter(|(_, (_, other))| *other == low);
        found.next().map(|(index, _)| self.ordinal(index))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let ordinals = prop_oneof![0..10_u32, any::<u32>()];
        let entries = prop::collection::btree_map(any::<u128>(), ordinals, 1..=BLOCK_ENTRIES);
        (entries, 0..120_u32).prop_map(|(entries, closer)| {
            // As close to each other as in large runs, and closer.
            let closer = |(hash, ordinal)| (hash >> closer, ordinal);
            let mut entries: Vec<Entry> = entries.into_iter().map(closer).collect();
            entries.dedup_by_key(|(hash, _)| *hash);
            entries
        })
    }

    fn bounds(entries: &[Entry]) -> (u128, u128) {
        let hash = |entry: Option<&Entry>| entry.expect("not empty").0;
        (hash(entries.first()), hash(entries.last()))
    }

    proptest! {
        #[test]
        fn entries_come_back_and_no_others_are_found(entries in entries(), other: u128) {
            let (first, last) = bounds(&entries);
            let low_bytes = low_bytes(entries.len(), first, last);
            let mut bytes = Vec::new();
            encode(&entries, low_bytes, &mut bytes).expect("not far from each other");
            let block = Block::open(&bytes, entries.len(), first, low_bytes).expect("as it was written");
            prop_assert_eq!(block.entries().collect::<Vec<_>>(), entries.clone());
            for (hash, ordinal) in &entries {
                prop_assert_eq!(block.find(*hash), Some(*ordinal));
            }
            let near = [other, first.wrapping_sub(1), first + 1, last.saturating_add(1), last ^ 1 << 100];
            for other in near {
                let known = entries.iter().find(|(hash, _)| *hash == other);
                prop_assert_eq!(block.find(other), known.map(|(_, ordinal)| *ordinal));
            }
        }

        #[test]
        fn a_changed_byte_is_seen(entries in entries(), at: prop::sample::Index, by in 1..=255_u8) {
            let mut bytes = Vec::new();
            encode(&entries, 16, &mut bytes).expect("nothing stands above");
            let at = at.index(bytes.len());
            *bytes.get_mut(at).expect("within it") ^= by;
            prop_assert!(Block::open(&bytes, entries.len(), bounds(&entries).0, 16).is_none());
        }
    }
}
