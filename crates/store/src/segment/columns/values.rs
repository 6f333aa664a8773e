//! Columns with their values decoded: texts, whole numbers, booleans.

use std::ops::Range;

use domain::Timestamp;
use memchr::memmem;

use super::Wanted;
use super::bits::{self, PADDING};
use super::chunk::{Chunk, PlainPage};
use super::page::Encoding;
use crate::error::StoreError;

/// A column of texts or bytes: the different ones, each with a *code*, and the code of each row.
///
/// Code 0 says that a row has none. Few texts that many rows have are looked at once each and not row by row. The same text
/// may have several codes, and there may be texts that no row has.
#[derive(Debug)]
pub struct TextColumn {
    chunk: Chunk,
    /// The texts, with other things between them.
    bytes: Vec<u8>,
    /// How many texts the dictionary has.
    in_dictionary: usize,
    /// Where the text of each code stands; empty until somebody needs it.
    spans: Vec<(u32, u32)>,
    codes: Vec<u32>,
}

impl TextColumn {
    pub(in crate::segment) fn new(mut chunk: Chunk) -> Result<Self, StoreError> {
        let (mut bytes, mut in_dictionary) = (Vec::new(), 0);
        chunk.read_dictionary(|content, values| {
            bytes.extend_from_slice(content);
            in_dictionary = values;
            Some(())
        })?;
        let codes = vec![0; chunk.rows()];
        Ok(Self {
            chunk,
            bytes,
            in_dictionary,
            spans: Vec::new(),
            codes,
        })
    }

    /// Whether the dictionary may have a text; it has not for certain when this is `false`. Costs a search through its bytes, far less than a
    /// look at each text, and tells nothing about pages without a dictionary.
    pub fn may_have(&self, text: &str) -> bool {
        let Ok(length) = u32::try_from(text.len()) else {
            return false;
        };
        // A text stands behind its length, so that texts of which it is a part are mostly not found.
        let written = [&length.to_le_bytes(), text.as_bytes()].concat();
        memmem::find(&self.bytes, &written).is_some()
    }

    /// Finds the texts of the dictionary, so that they can be asked for by code. Done already once rows were loaded.
    ///
    /// # Errors
    /// `Damaged`: the bytes are not what a writer writes.
    pub fn find_texts(&mut self) -> Result<(), StoreError> {
        if self.spans.is_empty() {
            self.spans.reserve(self.in_dictionary + 1);
            self.spans.push((0, 0));
            texts(&self.bytes, 0, self.in_dictionary, &mut self.spans)
                .ok_or_else(|| self.chunk.undecodable())?;
        }
        Ok(())
    }

    /// Decodes the codes of rows.
    ///
    /// # Errors
    /// `Damaged`: the bytes are not what a writer writes.
    pub fn load(&mut self, wanted: Wanted<'_>) -> Result<(), StoreError> {
        self.find_texts()?;
        let Self {
            chunk,
            bytes,
            spans,
            codes,
            ..
        } = self;
        let mut found: Vec<u32> = Vec::new();
        chunk.read(wanted, |page| {
            found.clear();
            match page.encoding {
                Encoding::Dictionary if page.count > 0 => {
                    let (width, places) = page.values.split_first()?;
                    found.reserve(page.count + PADDING);
                    bits::hybrid(*width, places, page.count, &mut found)?;
                    let places = u32::try_from(spans.len()).ok()? - 1;
                    let mut is_outside = false;
                    for code in &mut found {
                        is_outside |= *code >= places;
                        *code = code.wrapping_add(1);
                    }
                    if is_outside {
                        return None;
                    }
                }
                Encoding::Dictionary => {}
                Encoding::Plain => {
                    let start = bytes.len();
                    let first = u32::try_from(spans.len()).ok()?;
                    let content = page.values.len().checked_sub(PADDING)?;
                    bytes.extend_from_slice(page.values.get(..content)?);
                    texts(bytes, start, page.count, spans)?;
                    let count = u32::try_from(page.count).ok()?;
                    found.extend(first..first.checked_add(count)?);
                }
                Encoding::Differences => return None,
            }
            place(&page, &found, codes)
        })
    }

    /// How many codes there are: they are those below it. Those of plain pages are there once their rows were loaded.
    #[inline]
    pub fn codes_count(&self) -> usize {
        self.spans.len().max(self.in_dictionary + 1)
    }

    /// Whether there are no more codes than [`Self::codes_count`] said from the first.
    pub fn has_all_codes(&self) -> bool {
        self.chunk.is_in_dictionary()
    }

    /// Whether a row may have no text.
    pub fn is_optional(&self) -> bool {
        self.chunk.is_optional()
    }

    /// The bytes of a code; `None` for 0, for one that there is not, and for all before [`Self::find_texts`].
    pub fn bytes(&self, code: u32) -> Option<&[u8]> {
        if code == 0 {
            return None;
        }
        let (start, end) = self.spans.get(code as usize)?;
        self.bytes.get(*start as usize..*end as usize)
    }

    /// The text of a code; `None` for 0.
    ///
    /// # Errors
    /// `Damaged`: it is no text.
    pub fn text(&self, code: u32) -> Result<Option<&str>, StoreError> {
        let text = self.bytes(code).map(str::from_utf8).transpose();
        text.map_err(|_| self.chunk.undecodable())
    }

    /// The code of each row; 0 for those that were never loaded.
    #[inline]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// What to report when the bytes of a text make no sense.
    pub fn undecodable(&self) -> StoreError {
        self.chunk.undecodable()
    }
}

/// Appends where `count` texts stand, one behind the other, each behind its length, to the end of `bytes`.
fn texts(bytes: &[u8], start: usize, count: usize, spans: &mut Vec<(u32, u32)>) -> Option<()> {
    let mut at = u32::try_from(start).ok()?;
    let mut rest = bytes.get(start..)?;
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        rest = behind.get(length as usize..)?;
        let first = at.checked_add(4)?;
        at = first.checked_add(length)?;
        spans.push((first, at));
    }
    Some(())
}

/// Puts the values of a page at the places of their rows.
fn place<T: Copy>(page: &PlainPage<'_>, values: &[T], rows: &mut [T]) -> Option<()> {
    let rows = rows.get_mut(page.row..page.row + page.own.len())?;
    match &page.present {
        None => rows.copy_from_slice(values.get(page.own.clone())?),
        Some(_) if page.count == 0 => {}
        Some(present) => {
            let before = present.get(..page.own.start)?;
            let before = before.iter().filter(|present| **present).count();
            let mut values = values.get(before..)?.iter();
            for (row, present) in rows.iter_mut().zip(present.get(page.own.clone())?) {
                if *present {
                    *row = *values.next()?;
                }
            }
        }
    }
    Some(())
}

/// A column of whole numbers, or of times in microseconds.
#[derive(Debug)]
pub struct WholeColumn {
    chunk: Chunk,
    values: Vec<i64>,
    /// Which rows have one.
    present: Vec<bool>,
    /// How many rows that were loaded have one.
    present_count: usize,
}

impl WholeColumn {
    pub(in crate::segment) fn new(chunk: Chunk) -> Self {
        let rows = chunk.rows();
        Self {
            chunk,
            values: vec![0; rows],
            present: vec![false; rows],
            present_count: 0,
        }
    }

    /// What to report when a value makes no sense.
    pub fn undecodable(&self) -> StoreError {
        self.chunk.undecodable()
    }

    /// Decodes the values of rows.
    ///
    /// # Errors
    /// `Damaged`: the bytes are not what a writer writes.
    pub fn load(&mut self, wanted: Wanted<'_>) -> Result<(), StoreError> {
        let Self {
            chunk,
            values,
            present,
            present_count,
        } = self;
        let mut found = Vec::new();
        chunk.read(wanted, |page| {
            if page.encoding != Encoding::Differences {
                return None;
            }
            found.clear();
            found.reserve(page.count);
            bits::differences(page.values, page.count, &mut found)?;
            *present_count += place_present(&page, present)?;
            place(&page, &found, values)
        })
    }

    /// The value of each row; 0 where there is none.
    #[inline]
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// Whether each row has a value; `false` for those that were never loaded.
    #[inline]
    pub fn present(&self) -> &[bool] {
        &self.present
    }

    /// The values of some rows that were loaded, as times.
    ///
    /// # Errors
    /// `Damaged`: one of them is none.
    pub(crate) fn times(&self, rows: Range<usize>) -> Result<Vec<Timestamp>, StoreError> {
        let micros = self.values.get(rows).unwrap_or_default().iter().copied();
        let times = micros.map(Timestamp::from_micros).collect::<Option<_>>();
        times.ok_or_else(|| self.chunk.undecodable())
    }

    /// The values of some rows that were loaded, as numbers of 32 bits: their lower ones, as a column of such numbers is written.
    pub(crate) fn numbers(&self, rows: Range<usize>) -> Vec<u32> {
        let low = |number: &i64| {
            u32::try_from(number & i64::from(u32::MAX)).expect("the lower 32 bits fit")
        };
        let values = self.values.get(rows).unwrap_or_default();
        values.iter().map(low).collect()
    }

    /// Whether every row has a value, and was loaded.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.present_count == self.present.len()
    }
}

/// Marks the rows of a page that have a value. Returns how many.
fn place_present(page: &PlainPage<'_>, rows: &mut [bool]) -> Option<usize> {
    let rows = rows.get_mut(page.row..page.row + page.own.len())?;
    match &page.present {
        None => {
            rows.fill(true);
            Some(rows.len())
        }
        Some(present) => {
            rows.copy_from_slice(present.get(page.own.clone())?);
            Some(rows.iter().filter(|present| **present).count())
        }
    }
}

/// A column of booleans.
#[derive(Debug)]
pub struct BoolColumn {
    chunk: Chunk,
    values: Vec<Option<bool>>,
}

impl BoolColumn {
    pub(in crate::segment) fn new(chunk: Chunk) -> Self {
        let values = vec![None; chunk.rows()];
        Self { chunk, values }
    }

    /// Decodes the values of rows.
    ///
    /// # Errors
    /// `Damaged`: the bytes are not what a writer writes.
    pub fn load(&mut self, wanted: Wanted<'_>) -> Result<(), StoreError> {
        let Self { chunk, values } = self;
        let (mut found, mut some) = (Vec::new(), Vec::new());
        chunk.read(wanted, |page| {
            if page.encoding != Encoding::Plain {
                return None;
            }
            found.clear();
            some.clear();
            bits::packed(1, page.values, page.count, &mut found)?;
            some.extend(found.iter().map(|value: &bool| Some(*value)));
            place(&page, &some, values)
        })
    }

    /// The value of each row, if it has one; `None` for those that were never loaded.
    #[inline]
    pub fn values(&self) -> &[Option<bool>] {
        &self.values
    }
}

/// A column of 16 bytes each.
#[derive(Debug)]
pub(in crate::segment) struct UuidColumn {
    chunk: Chunk,
    values: Vec<Option<[u8; 16]>>,
}

impl UuidColumn {
    pub(in crate::segment) fn new(chunk: Chunk) -> Self {
        let values = vec![None; chunk.rows()];
        Self { chunk, values }
    }

    /// Decodes the values of rows.
    ///
    /// # Errors
    /// `Damaged`: the bytes are not what a writer writes.
    pub(in crate::segment) fn load(&mut self, wanted: Wanted<'_>) -> Result<(), StoreError> {
        let Self { chunk, values } = self;
        let mut found = Vec::new();
        chunk.read(wanted, |page| {
            if page.encoding != Encoding::Plain {
                return None;
            }
            found.clear();
            let (uuids, _) = page.values.as_chunks::<16>();
            found.extend(uuids.get(..page.count)?.iter().map(|uuid| Some(*uuid)));
            place(&page, &found, values)
        })
    }

    /// The value of each row, if it has one; `None` for those that were never loaded.
    pub(in crate::segment) fn values(&self) -> &[Option<[u8; 16]>] {
        &self.values
    }
}
