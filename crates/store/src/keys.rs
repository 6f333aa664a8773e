//! Which keys and identities are known: hash tables from a keyed hash to a number of 32 bits.
//!
//! - A hit of the hash is only a candidate; the caller compares what the number stands for, so that answers are exact.
//! - Hashes are keyed with a secret, so that no client can choose keys that collide.
//! - A large table is split in 256 that grow one at a time, at slightly different sizes: there is no moment at which
//!   millions of entries move at once.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as TableEntry;
use siphasher::sip128::SipHasher13;

use domain::{OrganizationId, Source};

use crate::folder::Secret;
use crate::limits::TABLE_ENTRIES_UNSPLIT;

/// Hashes keys (`external_id`) of events: SipHash-1-3 with 128 bits, under a key of the data folder.
///
/// Copies are cheap; callers hash beside the writer, about 20 ns a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyHasher {
    hasher: SipHasher13,
}

impl KeyHasher {
    /// The hasher of a data folder.
    pub fn new(secret: &Secret) -> Self {
        Self {
            hasher: SipHasher13::new_with_key(&secret.derive("key hash")),
        }
    }

    /// The hash of an organization's key. The keys of its own events and of those that this server writes are apart.
    pub fn hash(&self, organization: OrganizationId, source: Source, external_id: &str) -> u128 {
        use std::hash::Hasher;
        let mut hasher = self.hasher;
        hasher.write(&[u8::from(source == Source::System)]);
        // Of fixed length, so that no two pairs are hashed as the same bytes.
        hasher.write(organization.as_bytes());
        hasher.write(external_id.as_bytes());
        siphasher::sip128::Hasher128::finish128(&hasher).as_u128()
    }
}

/// From hashes to numbers. Holds 64 bits of each hash, since a hit is compared anyway: 12 bytes an entry and one of control.
#[derive(Debug)]
pub(crate) struct HashIndex {
    /// One, or [`SPLIT`] by eight bits of the hash.
    tables: Vec<HashTable<Entry>>,
    entries: usize,
}

const SPLIT: usize = 256;

/// In halves, so that an entry takes 12 bytes and not 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    hash_low: u32,
    hash_high: u32,
    number: u32,
}

impl Entry {
    fn hash(&self) -> u64 {
        u64::from(self.hash_high) << 32 | u64::from(self.hash_low)
    }
}

impl Default for HashIndex {
    fn default() -> Self {
        Self {
            tables: vec![HashTable::new()],
            entries: 0,
        }
    }
}

impl HashIndex {
    /// The number under `hash` for which `is_same` holds.
    pub(crate) fn find(&self, hash: u64, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        let table = self.tables.get(self.table_index(hash))?;
        let entry = table.find(hash, |entry| entry.hash() == hash && is_same(entry.number))?;
        Some(entry.number)
    }

    /// The number under `hash` for which `is_same` holds; when there is none, `number` is put there and `None` returned.
    pub(crate) fn find_or_insert(
        &mut self,
        hash: u64,
        number: u32,
        mut is_same: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let index = self.table_index(hash);
        let table = self.tables.get_mut(index).expect("the index is masked");
        let is_same = |entry: &Entry| entry.hash() == hash && is_same(entry.number);
        match table.entry(hash, is_same, Entry::hash) {
            TableEntry::Occupied(known) => Some(known.get().number),
            TableEntry::Vacant(vacant) => {
                let (hash_low, hash_high) = (low_half(hash), low_half(hash >> 32));
                vacant.insert(Entry {
                    hash_low,
                    hash_high,
                    number,
                });
                self.entries += 1;
                if self.entries == TABLE_ENTRIES_UNSPLIT && self.tables.len() == 1 {
                    self.split();
                }
                None
            }
        }
    }

    /// Takes `number` under `hash` out again.
    pub(crate) fn remove(&mut self, hash: u64, number: u32) {
        let index = self.table_index(hash);
        let table = self.tables.get_mut(index).expect("the index is masked");
        if let Ok(entry) =
            table.find_entry(hash, |entry| entry.hash() == hash && entry.number == number)
        {
            entry.remove();
            self.entries -= 1;
        }
    }

    fn table_index(&self, hash: u64) -> usize {
        // Neither the top seven bits nor the low ones: a table places its entries by those.
        (hash >> 48) as usize & (self.tables.len() - 1)
    }

    fn split(&mut self) {
        let whole = self.tables.pop().unwrap_or_default();
        // A little more than the mean, so that they do not grow right away.
        let capacity = whole.len() / SPLIT * 5 / 4;
        self.tables
            .resize_with(SPLIT, || HashTable::with_capacity(capacity));
        for entry in whole {
            let index = self.table_index(entry.hash());
            let table = self.tables.get_mut(index).expect("the index is masked");
            table.insert_unique(entry.hash(), entry, Entry::hash);
        }
    }
}

fn low_half(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).expect("masked to 32 bits")
}

/// The 64 bits of a key's hash that a [`HashIndex`] holds.
pub(crate) fn table_hash(hash: u128) -> u64 {
    u64::try_from(hash & u128::from(u64::MAX)).expect("masked to 64 bits")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_agrees_with_a_map(
            steps in prop::collection::vec((0..400_u64, any::<bool>()), 0..600),
        ) {
            // Keys with few different hashes, so that there are hits that are not the same.
            let hash = |key: u64| (key % 50).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut index = HashIndex::default();
            let mut map = BTreeMap::new();
            let mut keys = Vec::new();
            for (key, insert) in steps {
                if insert {
                    let number = u32::try_from(keys.len()).expect("few");
                    keys.push(key);
                    let known = index.find_or_insert(hash(key), number, |at| keys.get(at as usize) == Some(&key) && at != number);
                    prop_assert_eq!(known, map.get(&key).copied());
                    map.entry(key).or_insert(number);
                } else if let Some(number) = map.remove(&key) {
                    index.remove(hash(key), number);
                }
                let found = index.find(hash(key), |at| keys.get(at as usize) == Some(&key));
                prop_assert_eq!(found, map.get(&key).copied());
            }
        }
    }

    #[test]
    fn all_entries_are_found_before_and_after_the_split() {
        let mut index = HashIndex::default();
        let hash = |number: u32| u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for number in 0..100_000 {
            assert_eq!(
                index.find_or_insert(hash(number), number, |at| at == number),
                None
            );
        }
        assert_eq!(index.tables.len(), SPLIT);
        for number in 0..100_000 {
            assert_eq!(index.find(hash(number), |at| at == number), Some(number));
            assert_eq!(
                index.find_or_insert(hash(number), 7, |at| at == number),
                Some(number)
            );
        }
        assert_eq!(index.find(hash(100_001), |_| true), None);
    }

    #[test]
    fn a_key_has_another_hash_in_another_organization_and_folder() {
        let organizations = [1, 2].map(|byte| OrganizationId::from_random([byte; 16]));
        let folders = [1, 2].map(|byte| KeyHasher::new(&Secret::new([byte; 32])));
        let mut all: Vec<u128> = Vec::new();
        for folder in &folders {
            for organization in organizations {
                all.extend(
                    ["key", "", "key2"].map(|key| folder.hash(organization, Source::User, key)),
                );
            }
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 12);
    }
}
