//! An identity's rows by name and time, without looking at the rows; and single facts of rows that are scattered.

use std::ops::Range;
use std::sync::Arc;

use domain::{Source, TimeRange, Timestamp};

use super::super::handle::Row;
use super::{IdentityRows, Snapshot};
use crate::error::StoreError;
use crate::segment::{Part, Posted, PostedRow, PostedRun, Wanted};

/// An identity's rows: those in memory, and what is posted of the sealed ones. Rows that are newer than the snapshot may be among them.
#[derive(Debug)]
pub struct Postings {
    rows: IdentityRows,
}

/// What is posted of the rows that an identity has in one segment: either single rows or runs of them.
#[derive(Debug)]
pub struct PostedPart {
    part: Arc<Part>,
    posted: Posted,
}

impl Snapshot {
    /// An identity's rows. Costs nothing yet.
    pub fn postings(&self, identity: u32) -> Postings {
        Postings {
            rows: self.rows_of_identity(identity),
        }
    }

    /// When rows happened, in the order in which they are asked for; only rows of this snapshot. Cost: in memory a binary search for each;
    /// of sealed ones, one column of each row group is read, and a page of it decoded for each row.
    ///
    /// # Errors
    /// As [`super::BlockHandle::load`].
    ///
    /// # Panics
    /// When there is no such row.
    pub fn timestamps_of(&self, ordinals: &[u32]) -> Result<Vec<Timestamp>, StoreError> {
        let mut times = vec![Timestamp::EPOCH; ordinals.len()];
        let mut places: Vec<(u32, usize)> = ordinals.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut rest = &*places;
        while let Some((ordinal, place)) = rest.first().copied() {
            let mut set = |place: usize, at: Timestamp| {
                if let Some(time) = times.get_mut(place) {
                    *time = at;
                }
            };
            if let Some((block, index)) = self.view.find(ordinal) {
                set(place, block.row(index).timestamp);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let group = self.sealed.find(ordinal).expect("a row of the snapshot");
            let end = group.ordinals().end;
            let count = rest.partition_point(|(ordinal, _)| *ordinal < end);
            let (here, behind) = rest.split_at(count);
            rest = behind;
            let columns = group.columns()?;
            let first = columns.ordinal_first();
            let rows: Vec<u32> = here.iter().map(|(ordinal, _)| ordinal - first).collect();
            let mut column = columns.timestamps()?;
            column.load(Wanted::Rows(&rows))?;
            for (row, (_, place)) in rows.iter().zip(here) {
                let micros = column.values().get(*row as usize).copied();
                let at = micros.and_then(Timestamp::from_micros);
                set(*place, at.ok_or_else(|| column.undecodable())?);
            }
        }
        Ok(times)
    }
}

impl Postings {
    /// Those in memory, the newest first. Each costs a binary search among the blocks.
    pub fn in_memory(&self) -> impl Iterator<Item = Row> {
        let mut rows = self.rows.clone();
        std::iter::from_fn(move || rows.next_in_memory())
    }

    /// The sealed ones, segment by segment, but for segments without rows in a range of time. Each costs a small read.
    ///
    /// # Errors
    /// As [`super::BlockHandle::load`].
    pub fn parts(&self, range: TimeRange) -> impl Iterator<Item = Result<PostedPart, StoreError>> {
        let identity = self.rows.identity;
        let parts = self.rows.sealed.parts().iter().take(self.rows.parts_left);
        parts
            .filter(move |part| identity < part.identities_end && part.reaches(range))
            .map(move |part| {
                Ok(PostedPart {
                    posted: part.posted(identity)?,
                    part: Arc::clone(part),
                })
            })
    }
}

impl PostedPart {
    /// Single rows, by tick and ordinal; none when there are runs.
    pub fn rows(&self) -> &[PostedRow] {
        &self.posted.rows
    }

    /// Runs of rows; none when there are single rows.
    pub fn runs(&self) -> &[PostedRun] {
        &self.posted.runs
    }

    /// The rows of a run, by tick and ordinal. One read.
    ///
    /// # Errors
    /// As [`super::BlockHandle::load`].
    pub fn load(&self, run: &PostedRun) -> Result<Vec<PostedRow>, StoreError> {
        self.part.rows_of_run(run)
    }

    /// The source and the name of a number; `None` for 0 and for one that there is not.
    pub fn name(&self, number: u16) -> Option<(Source, &str)> {
        self.part.posted_name(number)
    }

    /// How many numbers of names there are; they are those from 1 up to it.
    pub fn names_count(&self) -> u16 {
        self.part.posted_names_count()
    }

    /// The ordinals of the segment's rows.
    pub fn ordinals(&self) -> Range<u32> {
        self.part.ordinals()
    }
}
