//! What there is to look at, and how it is dealt out to threads.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::interval::Buckets;
use domain::{Aggregation, Contribution, Definition, MetadataFilter, Timestamp};
use store::{BlockHandle, Snapshot, StoreError};

use crate::columns::{GroupRows, select, select_metadata, timestamp};
use crate::question::{Customers, Question};

/// Fewer blocks than this a thread are not worth its beginning.
const BLOCKS_PER_THREAD_MIN: usize = 8;

/// Stands for a row that is in no bucket.
const NO_BUCKET: u32 = u32::MAX;

/// Which rows count, and where.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) definition: &'a Definition,
    pub(super) metadata: &'a MetadataFilter,
    pub(super) buckets: &'a Buckets,
}

/// Adds up what rows add to buckets; several can be made one.
pub(super) trait Accumulator: Send {
    /// Adds what a row adds to a bucket.
    fn add(&mut self, bucket: usize, identity: u32, contribution: Contribution);

    /// Adds what rows of a group add, ascending. `bucket_of` gives the bucket of each of the group's rows.
    fn add_group(
        &mut self,
        group: &mut GroupRows,
        aggregation: &Aggregation,
        rows: &[u32],
        bucket_of: &[u32],
    ) -> Result<(), StoreError>;

    /// Adds what another has added up.
    fn merge(&mut self, other: Self);
}

/// Blocks with rows that may count.
#[derive(Debug)]
pub(super) struct Work {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    handle: BlockHandle,
    /// Which of its rows, ascending; `None`: all.
    rows: Option<Vec<u32>>,
}

impl Work {
    /// The blocks that a question is about.
    pub(super) fn of(snapshot: &Snapshot, question: &Question<'_>) -> Result<Self, StoreError> {
        let span = question.buckets.span();
        let reaches_in = |handle: &BlockHandle| {
            let (least, greatest) = handle.time_span();
            least < span.end && greatest >= span.start
        };
        let pieces = match question.customers {
            Customers::All => snapshot
                .blocks_from(0)
                .filter(reaches_in)
                .map(|handle| Piece { handle, rows: None })
                .collect(),
            Customers::Identities(identities) => {
                let mut indices: Vec<u32> = identities
                    .iter()
                    .filter_map(|identity| snapshot.identity_index(identity.as_ref()))
                    .collect();
                indices.sort_unstable();
                indices.dedup();
                let mut ordinals = Vec::new();
                for index in indices {
                    ordinals.extend(snapshot.ordinals_of_identity(index)?);
                }
                ordinals.sort_unstable();
                let mut pieces = Vec::new();
                let mut rest = &*ordinals;
                while let Some(first) = rest.first() {
                    let Some(handle) = snapshot.blocks_from(*first).next() else {
                        break;
                    };
                    let Range { start, end } = handle.ordinals();
                    let (in_block, behind) =
                        rest.split_at(rest.partition_point(|ordinal| *ordinal < end));
                    rest = behind;
                    if reaches_in(&handle) {
                        let rows = in_block.iter().map(|ordinal| ordinal - start).collect();
                        pieces.push(Piece {
                            handle,
                            rows: Some(rows),
                        });
                    }
                }
                pieces
            }
        };
        Ok(Self { pieces })
    }

    /// Adds it all up.
    pub(super) fn run<A: Accumulator>(
        &self,
        rules: Rules<'_>,
        threads: NonZeroUsize,
        new: impl Fn() -> A + Sync,
    ) -> Result<A, StoreError> {
        let next = AtomicUsize::new(0);
        let share = || {
            let mut sum = new();
            while let Some(piece) = self.pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = rules.add_piece(piece, &mut sum) {
                    // Nobody needs to look at the rest.
                    next.store(self.pieces.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
            Ok(sum)
        };
        let more = (self.pieces.len() / BLOCKS_PER_THREAD_MIN).min(threads.get() - 1);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..more).map(|_| scope.spawn(share)).collect();
            let mut sum = share();
            for other in others {
                let other = other.join().expect("a thread ends by itself");
                match (&mut sum, other) {
                    (Ok(sum), Ok(other)) => sum.merge(other),
                    (Ok(_), Err(error)) => sum = Err(error),
                    (Err(_), _) => {}
                }
            }
            sum
        })
    }
}

impl Rules<'_> {
    fn add_piece(&self, piece: &Piece, sum: &mut impl Accumulator) -> Result<(), StoreError> {
        match piece.handle.columns()? {
            Some(columns) => self.add_columns(GroupRows::new(columns), piece, sum),
            None => self.add_rows(piece, sum),
        }
    }

    /// Looks at the rows one by one.
    fn add_rows(&self, piece: &Piece, sum: &mut impl Accumulator) -> Result<(), StoreError> {
        let block = piece.handle.load()?;
        let mut look_at = |index: usize| {
            let row = block.row(index);
            let Some(bucket) = self.buckets.find(row.timestamp) else {
                return;
            };
            let event = row.event();
            if !self.metadata.matches(event.metadata) {
                return;
            }
            if let Some(contribution) = self.definition.contribution(&event) {
                sum.add(bucket, row.identity, contribution);
            }
        };
        match &piece.rows {
            None => (0..block.len()).for_each(look_at),
            Some(rows) => rows.iter().for_each(|row| look_at(*row as usize)),
        }
        Ok(())
    }

    fn add_columns(
        &self,
        mut group: GroupRows,
        piece: &Piece,
        sum: &mut impl Accumulator,
    ) -> Result<(), StoreError> {
        let mut rows = piece.rows.clone().unwrap_or_else(|| group.all());
        let mut bucket_of = vec![0; group.len()];
        let span = piece.handle.time_span();
        // Times are looked at last, when fewer rows are left, unless they tell rows that do not count at all.
        let in_span = self.buckets.span();
        let is_inside = in_span.contains(span.0) && in_span.contains(span.1);
        if !is_inside {
            self.find_buckets(&mut group, span, &mut rows, &mut bucket_of)?;
        }
        select(&mut group, &self.definition.filter, &mut rows)?;
        select_metadata(&mut group, self.metadata, &mut rows)?;
        if is_inside {
            self.find_buckets(&mut group, span, &mut rows, &mut bucket_of)?;
        }
        let aggregation = &self.definition.aggregation;
        sum.add_group(&mut group, aggregation, &rows, &bucket_of)
    }

    /// Takes the rows out that are in no bucket, and finds the buckets of the others.
    fn find_buckets(
        &self,
        group: &mut GroupRows,
        (least, greatest): (Timestamp, Timestamp),
        rows: &mut Vec<u32>,
        bucket_of: &mut [u32],
    ) -> Result<(), StoreError> {
        let index = |bucket: usize| u32::try_from(bucket).expect("a series has few points");
        if rows.is_empty() {
            return Ok(());
        }
        if let Some(bucket) = self.buckets.find(least)
            && self.buckets.find(greatest) == Some(bucket)
        {
            bucket_of.fill(index(bucket));
            return Ok(());
        }
        let micros = group.timestamps(rows)?;
        // Rows that follow each other are mostly of one bucket, whose number and ends these are.
        let (mut bucket, mut start, mut end) = (NO_BUCKET, 0, 0);
        let mut is_any_outside = false;
        for row in rows.iter().map(|row| *row as usize) {
            let at = micros[row];
            if at < start || at >= end {
                let found = self.buckets.find(timestamp(at));
                bucket = found.map_or(NO_BUCKET, index);
                is_any_outside |= found.is_none();
                (start, end) = found.map_or((0, 0), |bucket| {
                    let range = self.buckets.ranges()[bucket];
                    (range.start.micros(), range.end.micros())
                });
            }
            bucket_of[row] = bucket;
        }
        if is_any_outside {
            rows.retain(|row| bucket_of[*row as usize] != NO_BUCKET);
        }
        Ok(())
    }
}
