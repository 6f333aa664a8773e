//! The different texts of a column of a row group, numbered in the order in which they come.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_128;

/// A dictionary of texts, whose memory is used again for the next row group.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The texts, each behind its length (4 bytes), as Parquet wants them.
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
    table: HashTable<Word>,
}

/// What stands before a text.
pub(super) const LENGTH_BYTES: usize = 4;

/// Texts up to this length are known by their digest alone.
const SHORT_BYTES: usize = 16;

/// A text, so that a look-up of a short one, which nearly all are, touches nothing but its entry in the table.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// Of a text of up to [`SHORT_BYTES`]: the text. Of others: a hash.
    digest: u128,
    length: u32,
    place: u32,
}

impl Words {
    /// The number of a text. `seed` keeps clients from choosing texts whose hashes are equal.
    #[inline]
    pub(super) fn place(&mut self, text: &[u8], seed: u64) -> u32 {
        let Self { bytes, ends, table } = self;
        let digest = digest(text);
        let length = u32::try_from(text.len()).expect("a text is far below 4 GiB");
        let is_same = |word: &Word| {
            word.digest == digest
                && word.length == length
                && (text.len() <= SHORT_BYTES || slice(bytes, ends, word.place) == Some(text))
        };
        let hash = hash(digest, seed);
        if let Some(known) = table.find(hash, is_same) {
            return known.place;
        }
        let place = u32::try_from(ends.len()).expect("a row group has few rows");
        let word = Word {
            digest,
            length,
            place,
        };
        table.insert_unique(hash, word, |word| self::hash(word.digest, seed));
        write(text, bytes);
        ends.push(u32::try_from(bytes.len()).expect("a row group is far below 4 GiB"));
        place
    }

    /// The text of a number.
    pub(super) fn get(&self, place: u32) -> Option<&[u8]> {
        slice(&self.bytes, &self.ends, place)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All of them, each behind its length.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
    }
}

/// Of two short texts of one length the same only if they are the same: all of their bytes are in it.
#[inline]
fn digest(text: &[u8]) -> u128 {
    fn ends<const N: usize>(text: &[u8]) -> Option<[[u8; N]; 2]> {
        Some([*text.first_chunk()?, *text.last_chunk()?])
    }
    if text.len() > SHORT_BYTES {
        return xxh3_128(text);
    }
    if let Some(ends) = ends(text) {
        let [first, last] = ends.map(u64::from_le_bytes).map(u128::from);
        return last << 64 | first;
    }
    if let Some(ends) = ends(text) {
        let [first, last] = ends.map(u32::from_le_bytes).map(u128::from);
        return last << 32 | first;
    }
    text.iter()
        .fold(0, |digest, byte| digest << 8 | u128::from(*byte))
}

/// The halves of the digest, each under a secret, multiplied.
#[inline]
fn hash(digest: u128, seed: u64) -> u64 {
    let low = |wide: u128| u64::try_from(wide & u128::from(u64::MAX)).expect("masked to 64 bits");
    let one = low(digest) ^ seed;
    let other = low(digest >> 64) ^ seed.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15;
    let product = u128::from(one) * u128::from(other);
    low(product) ^ low(product >> 64)
}

/// Appends a text behind its length.
pub(super) fn write(text: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(text.len()).expect("a text is far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text);
}

fn slice<'a>(bytes: &'a [u8], ends: &[u32], place: u32) -> Option<&'a [u8]> {
    let start = match place.checked_sub(1) {
        None => 0,
        Some(before) => *ends.get(before as usize)? as usize,
    };
    let end = *ends.get(place as usize)? as usize;
    bytes.get(start + LENGTH_BYTES..end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_text_has_one_number_and_comes_back(texts in prop::collection::vec("[ab]{0,40}|[a-c]{0,5}", 0..200), seed: u64) {
            let mut words = Words::default();
            for _ in 0..2 {
                words.clear();
                let mut known: BTreeMap<&str, u32> = BTreeMap::new();
                for text in &texts {
                    let next = u32::try_from(known.len()).expect("few");
                    let place = *known.entry(text).or_insert(next);
                    prop_assert_eq!(words.place(text.as_bytes(), seed), place);
                    prop_assert_eq!(words.get(place), Some(text.as_bytes()));
                }
                prop_assert_eq!(words.len(), known.len());
            }
        }
    }
}
