//! The different texts of a column of a row group, numbered in the order in which they come.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A dictionary of texts, whose memory is used again for the next row group.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The texts, each behind its length (4 bytes), as Parquet wants them.
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    table: HashTable<u32>,
}

/// What stands before a text.
pub(super) const LENGTH_BYTES: usize = 4;

impl Words {
    /// The number of a text. `seed` keeps clients from choosing texts whose hashes are equal.
    pub(super) fn place(&mut self, word: &[u8], seed: u64) -> u32 {
        let hash = xxh3_64_with_seed(word, seed);
        let Self {
            bytes,
            ends,
            hashes,
            table,
        } = self;
        let is_same = |place: &u32| {
            hashes.get(*place as usize) == Some(&hash) && slice(bytes, ends, *place) == Some(word)
        };
        if let Some(known) = table.find(hash, is_same) {
            return *known;
        }
        let place = u32::try_from(ends.len()).expect("a row group has few rows");
        let hash_of = |place: &u32| hashes.get(*place as usize).copied().unwrap_or_default();
        table.insert_unique(hash, place, hash_of);
        hashes.push(hash);
        write(word, bytes);
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
        self.hashes.clear();
        self.table.clear();
    }
}

/// Appends a text behind its length.
pub(super) fn write(word: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(word.len()).expect("a text is far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(word);
}

fn slice<'a>(bytes: &'a [u8], ends: &[u32], place: u32) -> Option<&'a [u8]> {
    let start = match place.checked_sub(1) {
        None => 0,
        Some(before) => *ends.get(before as usize)? as usize,
    };
    let end = *ends.get(place as usize)? as usize;
    bytes.get(start + LENGTH_BYTES..end)
}
