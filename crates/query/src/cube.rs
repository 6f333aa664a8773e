//! The usage cube of a meter: what it counted in every quarter hour, over everyone.
//!
//! Fifteen minutes divide every offset from UTC in use since the end of 2021, so hours, days, weeks, months and years in
//! any zone are sums of quarter hours. Parts of longer stretches of UTC are kept beside them ([`Partial::COARSE`]), so that a bucket is a sum of
//! few. A cube is derived: [`crate::Fold`] makes it from an organization's rows.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::interval::{Buckets, Quarter};
use domain::packed::{PackedError, Reader};
use domain::{Function, TimeRange, Timestamp};

use crate::Answer;
use crate::partial::Partial;

/// So many quarter hours are found without a search.
const LAST: u32 = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Cube<P> {
    function: Function,
    /// What came last, each in the place that its quarter hour has by its number; not in the trees yet. Most events are of few quarter
    /// hours, and this is found without a search. Empty when parts are not [`Partial::IS_SMALL`].
    last: Vec<Option<(i32, P)>>,
    /// By the number of the quarter hour.
    quarters: BTreeMap<i32, P>,
    /// For each of [`Partial::COARSE`], by the number of the stretch.
    coarse: Vec<BTreeMap<i32, P>>,
}

impl<P: Partial> Cube<P> {
    /// With nothing in it yet.
    pub(crate) fn new(function: Function) -> Self {
        Self {
            function,
            last: Vec::new(),
            quarters: BTreeMap::new(),
            coarse: P::COARSE.iter().map(|_| BTreeMap::new()).collect(),
        }
    }

    /// Adds what an event of that time adds. Cost: next to nothing when it is of the same time as others lately; else a search in a tree for
    /// the quarter hour, and one for each longer stretch to which it adds something.
    pub(crate) fn add(&mut self, at: Timestamp, one: &P::One) {
        let quarter = number_of(Quarter::of(at));
        if P::IS_SMALL {
            self.add_last(quarter, one);
            return;
        }
        if !(self.quarters.entry(quarter).or_default()).add(self.function, one) {
            return;
        }
        for (width, parts) in P::COARSE.iter().zip(&mut self.coarse) {
            let stretch = stretch_of(quarter, *width);
            if !parts.entry(stretch).or_default().add(self.function, one) {
                return;
            }
        }
    }

    #[inline]
    fn add_last(&mut self, quarter: i32, one: &P::One) {
        if self.last.is_empty() {
            self.last.resize_with(LAST as usize, || None);
        }
        let place = &mut self.last[(quarter.cast_unsigned() % LAST) as usize];
        if let Some((known, part)) = place
            && *known == quarter
        {
            part.add(self.function, one);
            return;
        }
        let mut fresh = P::default();
        fresh.add(self.function, one);
        if let Some((before, part)) = place.replace((quarter, fresh)) {
            self.merge(before, &part);
        }
    }

    fn merge(&mut self, quarter: i32, part: &P) {
        for (width, parts) in P::COARSE.iter().zip(&mut self.coarse) {
            let stretch = parts.entry(stretch_of(quarter, *width)).or_default();
            stretch.merge(self.function, part);
        }
        let known = self.quarters.entry(quarter).or_default();
        known.merge(self.function, part);
    }

    /// Adds the packed form of a part of a quarter hour.
    pub(crate) fn read(&mut self, quarter: u64, packed: &[u8]) -> Result<(), PackedError> {
        let quarter = quarter_of_key(quarter)?;
        let mut part = P::default();
        let mut reader = Reader::new(packed);
        part.merge_packed(self.function, &mut reader)?;
        self.merge(quarter, &part);
        Ok(())
    }

    /// The answer for buckets whose edges are quarter hours. Cost: the quarter hours of the buckets' edges and the longer stretches
    /// between them that hold something.
    pub(crate) fn answer(&self, buckets: &Buckets) -> Answer {
        let ranges = buckets.ranges();
        let values = ranges.iter().map(|range| {
            let mut parts = Vec::new();
            self.collect(*range, &mut parts);
            let value = P::merge_all(self.function, &parts).value(self.function);
            value.unwrap_or_default()
        });
        let mut parts = Vec::new();
        // What lies between two buckets is in none.
        let mut whole: Option<TimeRange> = None;
        for range in ranges {
            match &mut whole {
                Some(whole) if whole.end == range.start => whole.end = range.end,
                _ => {
                    if let Some(whole) = whole.replace(*range) {
                        self.collect(whole, &mut parts);
                    }
                }
            }
        }
        if let Some(whole) = whole {
            self.collect(whole, &mut parts);
        }
        let total = P::merge_all(self.function, &parts).value(self.function);
        Answer {
            quantities: values.collect(),
            total: total.unwrap_or_default(),
        }
    }

    /// How many bytes it takes.
    pub(crate) fn heap_bytes(&self) -> usize {
        let all = self.coarse.iter().chain([&self.quarters]);
        // A leaf of a tree is two thirds full.
        let entry = (size_of::<P>() + size_of::<i32>()) * 3 / 2;
        all.flat_map(BTreeMap::values)
            .map(|part| entry + part.heap_bytes())
            .sum()
    }

    /// The parts that make up a range of time.
    fn collect<'a>(&'a self, range: TimeRange, out: &mut Vec<&'a P>) {
        let quarters = number_of(Quarter::of(range.start))..number_of(Quarter::of(range.end));
        let last = self.last.iter().flatten();
        let last = last.filter(|(quarter, _)| quarters.contains(quarter));
        out.extend(last.map(|(_, part)| part));
        self.collect_level(self.coarse.len(), quarters, out);
    }

    /// The same with stretches of the level `levels - 1` and shorter ones; without any, with quarter hours.
    fn collect_level<'a>(&'a self, levels: usize, quarters: Range<i32>, out: &mut Vec<&'a P>) {
        if quarters.is_empty() {
            return;
        }
        let Some((level, width)) = levels
            .checked_sub(1)
            .and_then(|level| Some((level, *P::COARSE.get(level)?)))
        else {
            out.extend(self.quarters.range(quarters).map(|(_, part)| part));
            return;
        };
        let (start, end) = (i64::from(quarters.start), i64::from(quarters.end));
        let (first, behind) = (-(-start).div_euclid(width), end.div_euclid(width));
        if first >= behind {
            self.collect_level(level, quarters, out);
            return;
        }
        let [first, behind, inner_start, inner_end] =
            [first, behind, first * width, behind * width].map(narrow);
        self.collect_level(level, quarters.start..inner_start, out);
        out.extend(
            self.coarse[level]
                .range(first..behind)
                .map(|(_, part)| part),
        );
        self.collect_level(level, inner_end..quarters.end, out);
    }
}

/// The number of a quarter hour; all of them fit 32 bits.
pub(crate) fn number_of(quarter: Quarter) -> i32 {
    narrow(quarter.index())
}

/// Its key in a table, in the order of time.
pub(crate) fn key_of_quarter(quarter: i32) -> u64 {
    u64::from(quarter.cast_unsigned() ^ (1 << 31))
}

fn quarter_of_key(key: u64) -> Result<i32, PackedError> {
    let key = u32::try_from(key).map_err(|_| PackedError {
        what: "a quarter hour is out of range",
    })?;
    Ok((key ^ (1 << 31)).cast_signed())
}

fn stretch_of(quarter: i32, width: i64) -> i32 {
    narrow(i64::from(quarter).div_euclid(width))
}

fn narrow(number: i64) -> i32 {
    i32::try_from(number).expect("the number of a quarter hour has 32 bits")
}
