//! Postings: which rows of a part each identity has, and of each its name and, in minutes, when it happened.
//!
//! - Identities stand in ascending order in *blocks* of a few thousand bytes; the index keeps the first identity of each block in memory.
//!   So to find an identity's rows takes one small read.
//! - An identity with few rows has them in its block, by time. One with many has *runs*: rows of one name, by time, elsewhere in the
//!   file; the block says of each how many rows it has and between which times. So rows that are out of question are not looked at, and
//!   those that are in it beyond doubt are counted without being looked at.
//! - Names are numbered in each part. The numbers are few: a part with more names leaves the others without, and their rows have to be
//!   looked at by who asks for a name.
//! - Times are in *ticks* of [`TICK_MICROS`]: a fraction of the bytes of exact ones, which the rows have.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::packed::{PackedError, Reader, write_len, write_signed, write_varint};
use domain::{Source, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use super::index::{Group, PostingsBlock};
use crate::error::StoreError;
use crate::files::NewFile;
use crate::limits::{
    POSTED_NAME_BYTES_MAX, POSTED_NAMES_MAX, POSTED_ROWS_INLINE_MAX, POSTED_RUN_ROWS_MAX,
    POSTINGS_BLOCK_BYTES, POSTINGS_BLOCK_IDENTITIES,
};

/// So long is a tick: some 67 seconds.
pub const TICK_MICROS: i64 = 1 << TICK_BITS;
const TICK_BITS: u32 = 26;

/// The tick in which an instant is: those before 1970 are negative.
pub fn tick_of(at: Timestamp) -> i64 {
    at.micros() >> TICK_BITS
}

pub(super) const CHECKSUM: &str = "postings do not match their checksum";

/// A row that postings know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PostedRow {
    /// When it happened; see [`tick_of`].
    pub tick: i64,
    /// Its ordinal.
    pub ordinal: u32,
    /// The number of its name in the part; 0 when that has none.
    pub name: u16,
}

/// Many rows of an identity that have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostedRun {
    /// The number of the name in the part; 0: rows whose names have none.
    pub name: u16,
    /// How many rows.
    pub rows: u32,
    /// The least and the greatest tick.
    pub ticks: (i64, i64),
    pub(super) offset: u64,
    pub(super) bytes: u32,
    pub(super) checksum: u64,
}

/// The rows of an identity in a part: either in `rows` or in `runs`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Posted {
    /// By tick, then by ordinal.
    pub(crate) rows: Vec<PostedRow>,
    pub(crate) runs: Vec<PostedRun>,
}

/// What the first row of an identity is compared with: about when the part's first row was received, and its ordinal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    tick: i64,
    ordinal: u32,
}

impl Base {
    pub(super) fn of(groups: &[Group]) -> Self {
        groups.first().map_or(
            Self {
                tick: 0,
                ordinal: 0,
            },
            |group| Self {
                tick: tick_of(group.received_at.0),
                ordinal: group.ordinal_first,
            },
        )
    }
}

/// A source and a name.
pub(super) type PostedName = (Source, Arc<str>);

/// The rows of a part, in order, while they are written.
#[derive(Debug)]
pub(super) struct ToPost {
    rows: Vec<(u32, Entry)>,
    names: Vec<PostedName>,
    numbers: BTreeMap<PostedName, u16>,
}

/// A row of an identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    tick: i64,
    ordinal: u32,
    name: u16,
}

impl ToPost {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            rows: Vec::with_capacity(rows),
            names: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// The number of a name.
    pub(super) fn number_of(&mut self, source: Source, name: &str) -> u16 {
        if name.len() > POSTED_NAME_BYTES_MAX {
            return 0;
        }
        let key = (source, Arc::from(name));
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        let next = self.names.len() + 1;
        let number = u16::try_from(next).ok();
        let Some(number) = number.filter(|_| next <= POSTED_NAMES_MAX) else {
            return 0;
        };
        self.names.push(key.clone());
        self.numbers.insert(key, number);
        number
    }

    /// Takes in the next row.
    pub(super) fn add(&mut self, ordinal: u32, identity: u32, name: u16, at: Timestamp) {
        let entry = Entry {
            tick: tick_of(at),
            ordinal,
            name,
        };
        self.rows.push((identity, entry));
    }

    /// The names that have numbers, from 1 on.
    pub(super) fn into_names(self) -> Vec<PostedName> {
        self.names
    }

    fn identities(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|(identity, _)| *identity)
    }
}

/// Lists rows by identity; keeps its memory for the next part.
#[derive(Debug, Default)]
pub(super) struct Lister {
    /// Of each identity, from the least on, where its rows end.
    ends: Vec<u32>,
    /// By identity.
    entries: Vec<Entry>,
    /// What is being written.
    bytes: Vec<u8>,
}

impl Lister {
    /// Writes the postings of a part: runs first, then blocks.
    pub(super) fn write(
        &mut self,
        rows: &ToPost,
        base: Base,
        file: &mut NewFile,
    ) -> Result<Vec<PostingsBlock>, StoreError> {
        let identities = self.arrange(rows);
        let Self { entries, bytes, .. } = self;
        let mut runs: Vec<PostedRun> = Vec::new();
        let mut rest = &mut **entries;
        for (_, count) in &identities {
            let (rows, behind) = rest.split_at_mut(*count);
            rest = behind;
            if !is_many(rows) {
                // Receipt is nearly the order of time: not much is left to be done.
                rows.sort_by_key(|row| (row.tick, row.ordinal));
                continue;
            }
            rows.sort_by_key(|row| row.name);
            for run in rows.chunk_by_mut(|one, other| one.name == other.name) {
                run.sort_by_key(|row| (row.tick, row.ordinal));
                for run in run.chunks(POSTED_RUN_ROWS_MAX) {
                    runs.push(write_run(run, base, bytes, file)?);
                }
            }
        }
        let mut runs = runs.into_iter();
        let mut rest = &**entries;
        let mut blocks = Vec::new();
        let mut in_block = 0;
        let (mut first, mut before) = (0, 0);
        bytes.clear();
        for (identity, count) in identities {
            let (rows, behind) = rest.split_at(count);
            rest = behind;
            if bytes.len() >= POSTINGS_BLOCK_BYTES || in_block == POSTINGS_BLOCK_IDENTITIES {
                blocks.push(finish(bytes, first, file)?);
                in_block = 0;
            }
            if bytes.is_empty() {
                (first, before) = (identity, identity);
            }
            write_varint((identity - before).into(), bytes);
            if is_many(rows) {
                write_runs(rows.len(), &mut runs, bytes);
            } else {
                write_rows(rows, base, bytes);
            }
            before = identity;
            in_block += 1;
        }
        if !bytes.is_empty() {
            blocks.push(finish(bytes, first, file)?);
        }
        Ok(blocks)
    }

    /// Puts rows in the order of their identities, each identity's in their own; returns how many each has.
    fn arrange(&mut self, rows: &ToPost) -> Vec<(u32, usize)> {
        self.entries.clear();
        let (Some(least), Some(greatest)) = (rows.identities().min(), rows.identities().max())
        else {
            return Vec::new();
        };
        let span = (greatest - least) as usize + 1;
        if span / SPAN_PER_ROW > rows.rows.len() {
            let mut sorted = rows.rows.clone();
            sorted.sort_by_key(|(identity, _)| *identity);
            self.entries.extend(sorted.iter().map(|(_, entry)| *entry));
            let chunks = sorted.chunk_by(|(one, _), (other, _)| one == other);
            return chunks
                .filter_map(|chunk| Some((chunk.first()?.0, chunk.len())))
                .collect();
        }
        self.count(rows, least, span);
        self.entries.resize(rows.rows.len(), Entry::default());
        for (identity, entry) in &rows.rows {
            let end = self.ends.get_mut((identity - least) as usize);
            let end = end.expect("it was counted");
            let place = self.entries.get_mut(*end as usize);
            *place.expect("it was counted") = *entry;
            *end += 1;
        }
        let mut start = 0;
        let counts = (least..).zip(&self.ends).map(|(identity, end)| {
            let count = *end - std::mem::replace(&mut start, *end);
            (identity, count as usize)
        });
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Finds where the rows of each identity begin.
    fn count(&mut self, rows: &ToPost, least: u32, span: usize) {
        self.ends.clear();
        self.ends.resize(span, 0);
        for identity in rows.identities() {
            if let Some(count) = self.ends.get_mut((identity - least) as usize) {
                *count += 1;
            }
        }
        let mut next = 0;
        for end in &mut self.ends {
            next += std::mem::replace(end, next);
        }
    }
}

/// With more identities than this a row between the least and the greatest, they are sorted instead of counted.
const SPAN_PER_ROW: usize = 8;

fn is_many(rows: &[Entry]) -> bool {
    rows.len() > POSTED_ROWS_INLINE_MAX
}

/// How many rows, its lowest bit 0, then for each, by time: name, tick and ordinal.
fn write_rows(rows: &[Entry], base: Base, out: &mut Vec<u8>) {
    write_len(rows.len() << 1, out);
    let mut before = Before::new(base);
    for row in rows {
        write_varint(row.name.into(), out);
        before.write(row, out);
    }
}

/// How many runs of `rows` there are, its lowest bit 1, then what is to be known of each.
fn write_runs(rows: usize, runs: &mut impl Iterator<Item = PostedRun>, out: &mut Vec<u8>) {
    let mut left = rows;
    let mut own = Vec::new();
    while left > 0
        && let Some(run) = runs.next()
    {
        left = left.saturating_sub(run.rows as usize);
        own.push(run);
    }
    write_len(own.len() << 1 | 1, out);
    for run in own {
        write_varint(run.name.into(), out);
        write_varint(run.rows.into(), out);
        write_signed(run.ticks.0.into(), out);
        write_signed((run.ticks.1 - run.ticks.0).into(), out);
        write_varint(run.offset.into(), out);
        write_varint(run.bytes.into(), out);
        out.extend_from_slice(&run.checksum.to_le_bytes());
    }
}

fn write_run(
    rows: &[Entry],
    base: Base,
    bytes: &mut Vec<u8>,
    file: &mut NewFile,
) -> Result<PostedRun, StoreError> {
    bytes.clear();
    let mut before = Before::new(base);
    for row in rows {
        before.write(row, bytes);
    }
    let tick = |row: Option<&Entry>| row.map_or(0, |row| row.tick);
    let run = PostedRun {
        name: rows.first().map_or(0, |row| row.name),
        rows: u32::try_from(rows.len()).expect("a part has below 2^32 rows"),
        ticks: (tick(rows.first()), tick(rows.last())),
        offset: file.position(),
        bytes: u32::try_from(bytes.len()).expect("a run is short"),
        checksum: xxh3_64(bytes),
    };
    file.append(bytes)?;
    Ok(run)
}

fn finish(
    bytes: &mut Vec<u8>,
    identity_first: u32,
    file: &mut NewFile,
) -> Result<PostingsBlock, StoreError> {
    let block = PostingsBlock {
        identity_first,
        offset: file.position(),
        bytes: u32::try_from(bytes.len()).expect("a part has below 2^32 rows"),
        checksum: xxh3_64(bytes),
    };
    file.append(bytes)?;
    bytes.clear();
    Ok(block)
}

/// The row before one: of each, only the differences are written.
struct Before {
    tick: i64,
    ordinal: i64,
}

impl Before {
    fn new(base: Base) -> Self {
        Self {
            tick: base.tick,
            ordinal: base.ordinal.into(),
        }
    }

    fn write(&mut self, row: &Entry, out: &mut Vec<u8>) {
        let ordinal = i64::from(row.ordinal);
        write_signed((row.tick - self.tick).into(), out);
        write_signed((ordinal - self.ordinal).into(), out);
        (self.tick, self.ordinal) = (row.tick, ordinal);
    }

    fn read(&mut self, name: u16, reader: &mut Reader<'_>) -> Result<PostedRow, PackedError> {
        self.tick = difference(self.tick, reader)?;
        self.ordinal = difference(self.ordinal, reader)?;
        Ok(PostedRow {
            tick: self.tick,
            ordinal: u32::try_from(self.ordinal).map_err(|_| OVERFLOW)?,
            name,
        })
    }
}

const OVERFLOW: PackedError = PackedError {
    what: "postings pass their bounds",
};

fn difference(before: i64, reader: &mut Reader<'_>) -> Result<i64, PackedError> {
    let difference = i64::try_from(reader.signed()?).map_err(|_| OVERFLOW)?;
    before.checked_add(difference).ok_or(OVERFLOW)
}

fn narrow<T: TryFrom<u128>>(reader: &mut Reader<'_>) -> Result<T, PackedError> {
    T::try_from(reader.varint()?).map_err(|_| OVERFLOW)
}

/// The rows of an identity in a block that was read and whose checksum is right; none when it is not there.
pub(super) fn find(
    block: PostingsBlock,
    bytes: &[u8],
    base: Base,
    identity: u32,
) -> Result<Posted, PackedError> {
    let mut reader = Reader::new(bytes);
    let mut at = block.identity_first;
    while !reader.is_empty() {
        at = at.checked_add(narrow(&mut reader)?).ok_or(OVERFLOW)?;
        if at > identity {
            break;
        }
        let count: usize = narrow(&mut reader)?;
        let (count, has_runs) = (count >> 1, count & 1 == 1);
        if at < identity {
            skip(count, has_runs, &mut reader)?;
            continue;
        }
        let mut posted = Posted::default();
        if has_runs {
            for _ in 0..count {
                posted.runs.push(read_run(&mut reader)?);
            }
        } else {
            let mut before = Before::new(base);
            posted.rows.reserve(count.min(bytes.len()));
            for _ in 0..count {
                let name = narrow(&mut reader)?;
                posted.rows.push(before.read(name, &mut reader)?);
            }
        }
        return Ok(posted);
    }
    Ok(Posted::default())
}

/// All runs of a block.
pub(super) fn runs(bytes: &[u8]) -> Result<Vec<PostedRun>, PackedError> {
    let mut reader = Reader::new(bytes);
    let mut runs = Vec::new();
    while !reader.is_empty() {
        reader.varint()?;
        let count: usize = narrow(&mut reader)?;
        if count & 1 == 0 {
            skip(count >> 1, false, &mut reader)?;
            continue;
        }
        for _ in 0..count >> 1 {
            runs.push(read_run(&mut reader)?);
        }
    }
    Ok(runs)
}

fn skip(count: usize, has_runs: bool, reader: &mut Reader<'_>) -> Result<(), PackedError> {
    if has_runs {
        for _ in 0..count {
            read_run(reader)?;
        }
        return Ok(());
    }
    // Three numbers a row, each of which ends with a byte below 0x80.
    let mut left = count.checked_mul(3).ok_or(OVERFLOW)?;
    if left == 0 {
        return Ok(());
    }
    let is_end = |byte: &u8| {
        left -= usize::from(*byte < 0x80);
        left == 0
    };
    let last = reader.rest().iter().position(is_end).ok_or(OVERFLOW)?;
    reader.bytes(last + 1)?;
    Ok(())
}

fn read_run(reader: &mut Reader<'_>) -> Result<PostedRun, PackedError> {
    let (name, rows) = (narrow(reader)?, narrow(reader)?);
    let first = difference(0, reader)?;
    Ok(PostedRun {
        name,
        rows,
        ticks: (first, difference(first, reader)?),
        offset: narrow(reader)?,
        bytes: narrow(reader)?,
        checksum: u64::from_le_bytes(reader.array()?),
    })
}

/// The rows of a run that was read and whose checksum is right.
pub(super) fn rows_of_run(
    run: &PostedRun,
    bytes: &[u8],
    base: Base,
) -> Result<Vec<PostedRow>, PackedError> {
    let mut reader = Reader::new(bytes);
    let mut before = Before::new(base);
    let mut rows = Vec::with_capacity((run.rows as usize).min(bytes.len()));
    while !reader.is_empty() {
        rows.push(before.read(run.name, &mut reader)?);
    }
    if rows.len() == run.rows as usize {
        Ok(rows)
    } else {
        Err(OVERFLOW)
    }
}
