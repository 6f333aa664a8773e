//! The distinct values of each bucket, each as 128 bits that stand for it.

use domain::{Aggregation, Contribution, KeyedHash, Number, Spelling, Value};
use store::{StoreError, TextColumn};

use super::work::Accumulator;
use crate::Answer;
use crate::columns::{GroupRows, Sink, measure};

/// See the module.
#[derive(Debug)]
pub(super) struct DistinctValues {
    hash: KeyedHash,
    buckets: Vec<Hashes>,
}

/// Hashes, some of them more than once. Sorted from time to time, so that they take at most about twice the memory of those that differ.
#[derive(Debug, Clone, Default)]
struct Hashes {
    all: Vec<u128>,
    /// How many, from the first, are sorted and differ.
    sorted: usize,
}

/// So few are not sorted before the end.
const UNSORTED_MIN: usize = 4096;

impl Hashes {
    fn push(&mut self, hash: u128) {
        if self.all.len() >= 2 * self.sorted + UNSORTED_MIN {
            self.settle();
        }
        self.all.push(hash);
    }

    fn settle(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
        self.sorted = self.all.len();
    }
}

impl DistinctValues {
    pub(super) fn new(buckets: usize, hash: KeyedHash) -> Self {
        Self {
            hash,
            buckets: vec![Hashes::default(); buckets],
        }
    }

    pub(super) fn answer(mut self) -> Answer {
        let mut total = Hashes::default();
        let mut quantities = Vec::with_capacity(self.buckets.len());
        for bucket in &mut self.buckets {
            bucket.settle();
            quantities.push(Number::from_u64(bucket.all.len() as u64));
            for hash in std::mem::take(&mut bucket.all) {
                total.push(hash);
            }
        }
        total.settle();
        Answer {
            quantities,
            total: Number::from_u64(total.all.len() as u64),
        }
    }
}

impl Accumulator for DistinctValues {
    fn add(&mut self, bucket: usize, _: u32, contribution: Contribution) {
        if let Contribution::Distinct(value) = contribution {
            self.buckets[bucket].push(self.hash.hash_128(&value));
        }
    }

    fn add_group(
        &mut self,
        group: &mut GroupRows,
        aggregation: &Aggregation,
        rows: &[u32],
        bucket_of: &[u32],
    ) -> Result<(), StoreError> {
        let mut sink = Into {
            values: self,
            bucket_of,
            canonical: Vec::new(),
        };
        measure(group, aggregation, rows, &mut sink)
    }

    fn merge(&mut self, other: Self) {
        for (bucket, other) in self.buckets.iter_mut().zip(other.buckets) {
            for hash in other.all {
                bucket.push(hash);
            }
        }
    }
}

struct Into<'a> {
    values: &'a mut DistinctValues,
    bucket_of: &'a [u32],
    canonical: Vec<u8>,
}

impl Into<'_> {
    fn hash(&mut self, value: &Value<'_>) -> u128 {
        self.canonical.clear();
        value.write_canonical(&mut self.canonical);
        self.values.hash.hash_128(&self.canonical)
    }
}

impl Sink for Into<'_> {
    fn add(&mut self, row: u32, contribution: Contribution) {
        let bucket = self.bucket_of[row as usize] as usize;
        self.values.add(bucket, 0, contribution);
    }

    fn add_events(&mut self, _: &[u32]) {}

    fn add_distinct_texts(&mut self, rows: &[u32], column: &TextColumn) -> Result<(), StoreError> {
        // A text is hashed once, and put into a bucket once for as long as rows of that bucket follow each other.
        let mut known: Vec<Option<(u128, u32)>> = vec![None; column.codes_count()];
        for row in rows {
            let code = column.codes()[*row as usize];
            let bucket = self.bucket_of[*row as usize];
            let hash = match &mut known[code as usize] {
                Some((_, last)) if *last == bucket => continue,
                Some((hash, last)) => {
                    *last = bucket;
                    *hash
                }
                None => {
                    let Some(text) = column.text(code)? else {
                        continue;
                    };
                    let hash = self.hash(&Value::Text(text));
                    known[code as usize] = Some((hash, bucket));
                    hash
                }
            };
            self.values.buckets[bucket as usize].push(hash);
        }
        Ok(())
    }

    fn add_distinct_units(&mut self, rows: &[u32], values: &[i64], scale: u8, spelling: Spelling) {
        for row in rows {
            let number = Number::from_parts(values[*row as usize].into(), scale);
            let hash = self.hash(&Value::Number(number, spelling));
            self.values.buckets[self.bucket_of[*row as usize] as usize].push(hash);
        }
    }
}
