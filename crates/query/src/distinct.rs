//! Distinct values as numbers: each value gets one, in the order in which they are met, and sets of values are sets of numbers.
//!
//! A value is known by 128 bits under a secret of the data folder ([`KeyedHash::hash_128`]): so a value takes the same room however long it
//! is. Two values would be taken for one if their 128 bits were the same; as the hash is keyed, that is a matter of chance, with a
//! probability below 2^-65 for as many values as an organization can have events.

use std::borrow::Cow;

use domain::packed::{PackedError, Reader, write_len, write_varint};
use domain::{Function, KeyedHash, Number};
use roaring::{MultiOps as _, RoaringBitmap};
use rustc_hash::FxHashMap;

use crate::packed::read_count;
use crate::partial::{Fresh, Partial, read_len};

/// The number that stands for an event that has no value: it matches and adds nothing.
pub(crate) const NO_VALUE: u32 = u32::MAX;

/// A set with more numbers than this is a bitmap.
const FEW: usize = 24;

/// The numbers of a meter's values.
#[derive(Debug)]
pub(crate) struct Dictionary {
    hash: KeyedHash,
    /// By hash, in halves so that an entry takes 24 bytes and not 32. The hashes are random to whoever chooses values.
    numbers: FxHashMap<[u64; 2], u32>,
    /// The hashes that are not kept yet, of the last numbers.
    fresh: Vec<u128>,
}

impl Dictionary {
    pub(crate) fn new(hash: KeyedHash) -> Self {
        Self {
            hash,
            numbers: FxHashMap::default(),
            fresh: Vec::new(),
        }
    }

    /// The number of a value, by its canonical bytes.
    pub(crate) fn number(&mut self, value: &[u8]) -> u32 {
        let hash = self.hash.hash_128(value);
        let next = u32::try_from(self.numbers.len()).expect("there are fewer values than rows");
        let number = *self.numbers.entry(halves(hash)).or_insert(next);
        if number == next {
            self.fresh.push(hash);
        }
        number
    }

    /// The same for a value that may be unknown.
    pub(crate) fn find(&self, value: &[u8]) -> Option<u32> {
        let hash = self.hash.hash_128(value);
        self.numbers.get(&halves(hash)).copied()
    }

    /// The first number that is not kept, and the hashes from there on.
    pub(crate) fn fresh(&self) -> (usize, &[u128]) {
        (self.numbers.len() - self.fresh.len(), &self.fresh)
    }

    /// Some of the fresh ones, from the first on, are kept now.
    pub(crate) fn kept(&mut self, count: usize) {
        self.fresh.drain(..count);
    }

    /// Makes room for values that are read.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.numbers.reserve(count);
    }

    /// Takes in a value that was kept: they come in the order of their numbers.
    pub(crate) fn read(&mut self, number: u64, hash: &[u8]) -> Result<(), PackedError> {
        let is_next = number == self.numbers.len() as u64;
        let (Ok(hash), Ok(number), true) = (hash.try_into(), u32::try_from(number), is_next) else {
            return Err(PackedError {
                what: "values are missing",
            });
        };
        self.numbers
            .insert(halves(u128::from_le_bytes(hash)), number);
        Ok(())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.numbers.capacity() * 25 + self.fresh.capacity() * 16
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn halves(hash: u128) -> [u64; 2] {
    [hash as u64, (hash >> 64) as u64]
}

/// Numbers that a set has got since it was kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct FreshNumbers {
    /// In the order of their coming, each once.
    numbers: Vec<u32>,
    /// What was kept counts no more.
    is_whole: bool,
}

impl Fresh<u32> for FreshNumbers {
    fn note(&mut self, one: &u32) {
        if !self.is_whole {
            self.numbers.push(*one);
        }
    }

    fn forget(&mut self) {
        self.is_whole = true;
        self.numbers = Vec::new();
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut numbers = self.numbers.clone();
        numbers.sort_unstable();
        Numbers::encode_sorted(numbers.into_iter(), out);
    }

    fn clear(&mut self) {
        self.is_whole = false;
        self.numbers = Vec::new();
    }

    fn heap_bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<u32>()
    }
}

/// Numbers of values.
#[derive(Debug, Clone)]
pub(crate) enum Numbers {
    /// Ascending.
    Few(Vec<u32>),
    Many(RoaringBitmap),
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Few(Vec::new())
    }
}

impl Numbers {
    /// Whether the number is new.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        match self {
            Numbers::Many(many) => many.insert(number),
            Numbers::Few(few) => {
                let Err(place) = few.binary_search(&number) else {
                    return false;
                };
                if few.len() < FEW {
                    few.insert(place, number);
                } else {
                    let mut many: RoaringBitmap = few.iter().copied().collect();
                    many.insert(number);
                    *self = Numbers::Many(many);
                }
                true
            }
        }
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        match self {
            Numbers::Few(few) => few.binary_search(&number).is_ok(),
            Numbers::Many(many) => many.contains(number),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Numbers::Few(few) => few.len() as u64,
            Numbers::Many(many) => many.len(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Numbers::Few(few) => few.is_empty(),
            Numbers::Many(many) => many.is_empty(),
        }
    }

    /// Puts others in.
    fn extend(&mut self, others: &Numbers) {
        match (&mut *self, others) {
            (Numbers::Many(many), Numbers::Many(others)) => *many |= others,
            (Numbers::Few(few), Numbers::Many(others)) => {
                let mut many = others.clone();
                many.extend(few.iter().copied());
                *self = Numbers::Many(many);
            }
            (Numbers::Many(many), Numbers::Few(few)) => many.extend(few.iter().copied()),
            (Numbers::Few(_), Numbers::Few(few)) => {
                for number in few {
                    self.insert(*number);
                }
            }
        }
    }

    /// Appends them, each by its distance from the one before.
    pub(crate) fn encode_sorted(numbers: impl ExactSizeIterator<Item = u32>, out: &mut Vec<u8>) {
        write_len(numbers.len(), out);
        let mut before = 0;
        for number in numbers {
            write_varint((number - before).into(), out);
            before = number;
        }
    }

    /// Calls `visit` with each number that [`Self::encode_sorted`] wrote.
    pub(crate) fn visit_packed(
        reader: &mut Reader<'_>,
        mut visit: impl FnMut(u32),
    ) -> Result<(), PackedError> {
        let mut number = 0_u32;
        for _ in 0..read_len(reader)? {
            number = number.checked_add(read_count(reader)?).ok_or(PackedError {
                what: "a number of a value is out of range",
            })?;
            visit(number);
        }
        Ok(())
    }
}

impl Partial for Numbers {
    type One = u32;
    type Fresh = FreshNumbers;

    // Hours, days and 32 days: so that a union over a month or a year is one of few.
    const COARSE: &'static [i64] = &[4, 96, 3_072];

    const IS_SMALL: bool = false;

    fn add(&mut self, _function: Function, one: &u32) -> bool {
        self.insert(*one)
    }

    fn merge(&mut self, _function: Function, other: &Self) {
        self.extend(other);
    }

    fn merge_all<'a>(_function: Function, parts: &[&'a Self]) -> Cow<'a, Self> {
        if let [single] = parts {
            return Cow::Borrowed(single);
        }
        let many = parts.iter().filter_map(|part| match part {
            Numbers::Few(_) => None,
            Numbers::Many(many) => Some(many),
        });
        let mut all = many.union();
        for part in parts {
            if let Numbers::Few(few) = part {
                all.extend(few.iter().copied());
            }
        }
        Cow::Owned(Numbers::Many(all))
    }

    fn merge_packed(
        &mut self,
        _function: Function,
        reader: &mut Reader<'_>,
    ) -> Result<(), PackedError> {
        Self::visit_packed(reader, |number| {
            self.insert(number);
        })
    }

    fn encode(&self, _function: Function, out: &mut Vec<u8>) {
        match self {
            Numbers::Few(few) => Self::encode_sorted(few.iter().copied(), out),
            Numbers::Many(many) => Self::encode_sorted(many.iter(), out),
        }
    }

    fn value(&self, _function: Function) -> Option<Number> {
        if self.is_empty() {
            return None;
        }
        let values = self.len() - u64::from(self.contains(NO_VALUE));
        Some(Number::from_u64(values))
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Numbers::Few(few) => few.capacity() * 4,
            Numbers::Many(many) => many.serialized_size(),
        }
    }
}
