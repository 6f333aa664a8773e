//! Which keys and identities are known: hash tables from a keyed hash to a number of 32 bits.
//!
//! - A hit of the hash is only a candidate; the caller compares what the number stands for, so that answers are exact.
//! - Hashes are keyed with a secret, so that no client can choose keys that collide.
//! - A large table is split in 256 that grow one at a time, at slightly different sizes: there is no moment at which
//!   millions of entries move at once.

mod table;

use siphasher::sip128::SipHasher13;

use domain::{OrganizationId, Source};

use self::table::{Place, Table, Tag};
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

/// From hashes to numbers: 8 bytes a place, of which at most three quarters are taken. Knows 32 bits of each hash, as a hit is compared
/// anyway.
///
/// A look-up waits for memory, not for the processor. So whoever has many hashes calls [`Self::touch`] with all of them first: those
/// reads do not wait for each other, and the look-ups then find what they need in the cache.
#[derive(Debug)]
pub(crate) struct HashIndex {
    /// One, or [`SPLIT`] by the upper eight bits of the tag.
    tables: Vec<Table>,
    entries: usize,
}

const SPLIT: usize = 256;

impl Default for HashIndex {
    fn default() -> Self {
        Self {
            tables: vec![Table::default()],
            entries: 0,
        }
    }
}

impl HashIndex {
    /// Brings the places of these hashes into the processor's cache.
    pub(crate) fn touch(&self, hashes: impl Iterator<Item = u64>) {
        let place = |hash| {
            let tag = Tag::of(hash);
            self.table(tag).and_then(|table| table.first_place(tag))
        };
        let seen = hashes
            .filter_map(place)
            .fold(0, |seen, place| seen ^ place.0);
        std::hint::black_box(seen);
    }

    /// A number that is probably under `hash`, if any is.
    pub(crate) fn guess(&self, hash: u64) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// The number under `hash` for which `is_same` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = Tag::of(hash);
        self.table(tag)?.find(tag, is_same).ok()
    }

    /// The number under `hash` for which `is_same` holds; when there is none, `number` is put there and `None` returned.
    ///
    /// # Panics
    /// With the highest of all numbers.
    #[inline]
    pub(crate) fn find_or_insert(
        &mut self,
        hash: u64,
        number: u32,
        is_same: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let tag = Tag::of(hash);
        let table = self.table_mut(tag);
        match table.find(tag, is_same) {
            Ok(known) => Some(known),
            Err(end) => {
                table.insert(end, Place::new(tag, number));
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
        let tag = Tag::of(hash);
        if self.table_mut(tag).remove(Place::new(tag, number)) {
            self.entries -= 1;
        }
    }

    fn table(&self, tag: Tag) -> Option<&Table> {
        self.tables.get(tag.part() & (self.tables.len() - 1))
    }

    fn table_mut(&mut self, tag: Tag) -> &mut Table {
        let mask = self.tables.len() - 1;
        let table = self.tables.get_mut(tag.part() & mask);
        table.expect("the index is masked")
    }

    fn split(&mut self) {
        let whole = self.tables.pop().unwrap_or_default();
        let entries_of_part = self.entries / SPLIT;
        self.tables
            .resize_with(SPLIT, || Table::with_room_for(entries_of_part));
        for place in whole.entries() {
            self.table_mut(place.tag()).add(place);
        }
    }
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
            // Keys with few different hashes, so that there are hits that are not the same; and hashes that belong to few places.
            let hash = |key: u64| (key % 50) << 5 | 0xffff_ffff << 32;
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
