//! Reading back what was written.
//!
//! A row must come back from the file as the very bytes that it has in memory, and this is seen before the file counts, in three steps
//! that together compare every value, and each of them once:
//!
//! 1. *Row and columns say the same.* While a row is taken apart, its head is written again from what the columns get and compared
//!    with its bytes; of its metadata only that goes into a column which [`super::super::shape`] would put back as the bytes that
//!    stand there ([`super::gather`]).
//! 2. *Columns and pages say the same.* Every page of a column is decoded again, by the code with which readers decode pages, and each
//!    value and each level compared with the column. That is here.
//! 3. *Pages and file say the same.* The file is read back and each column of each row group compared with the checksum of the pages
//!    that were compared in step 2; of the index every block of postings with its checksum, and the directory with its own.
//!
//! Putting rows together is left out: it is the concatenation of what step 1 compares. Tests read back rows of every kind.

use super::super::columns::bits::{self, PADDING};
use super::super::columns::chunk::levels;
use super::super::columns::page::{Encoding, PageHeader, PageKind, decompress};
use super::column::{Column, Presence, Values};
use super::words::LENGTH_BYTES;

/// Decodes pages; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Verifier {
    content: Vec<u8>,
    places: Vec<u32>,
    wholes: Vec<i64>,
    bools: Vec<bool>,
}

impl Verifier {
    /// Whether these pages are those of a column; `None` also when they cannot be decoded.
    pub(super) fn verify(&mut self, column: &Column, rows: usize, mut pages: &[u8]) -> Option<()> {
        let mut width = None;
        if let Some((content, words)) = column.values.dictionary() {
            let (header, rest) = self.page(pages)?;
            pages = rest;
            let is_same = header.kind == PageKind::Dictionary
                && header.values == words
                && self.content.strip_suffix(&[0; PADDING]) == Some(content);
            is_same.then_some(())?;
            column.values.verify_dictionary()?;
            width = Some(());
        }
        let (mut row, mut first) = (0, 0);
        while !pages.is_empty() {
            let (header, rest) = self.page(pages)?;
            pages = rest;
            let count = self.data(column, header, row, first, width.is_some())?;
            row += header.values;
            first += count;
        }
        (row == rows && first == column.values.len()).then_some(())
    }

    /// Takes a page off the front and decompresses it.
    fn page<'p>(&mut self, mut pages: &'p [u8]) -> Option<(PageHeader, &'p [u8])> {
        let header = PageHeader::read(&mut pages)?;
        let (page, rest) = pages.split_at_checked(header.bytes)?;
        self.content.clear();
        decompress(page, header.plain_bytes, &mut self.content)?;
        Some((header, rest))
    }

    /// Compares a page of data with the values from the index `first` on. Returns how many it has.
    fn data(
        &mut self,
        column: &Column,
        header: PageHeader,
        row: usize,
        first: usize,
        has_dictionary: bool,
    ) -> Option<usize> {
        let rows = header.values;
        (header.kind == PageKind::Data).then_some(())?;
        let (count, content) = match &column.present {
            None => (rows, &*self.content),
            Some(expected) => {
                let levels = levels(&self.content, header.plain_bytes, rows)?;
                expected.verify(row, rows, levels.present.as_deref())?;
                (levels.count, levels.values)
            }
        };
        let plain = content.len().checked_sub(PADDING)?;
        let plain = content.get(..plain)?;
        let end = first + count;
        let is_same = match (&column.values, header.encoding) {
            (Values::Words { places, .. } | Values::Ids { places, .. }, Encoding::Dictionary)
                if has_dictionary =>
            {
                self.places.clear();
                if count > 0 {
                    let (width, packed) = content.split_first()?;
                    bits::hybrid(*width, packed, count, &mut self.places)?;
                }
                places.get(first..end)? == self.places
            }
            (Values::Words { words, places, .. }, Encoding::Plain) if !has_dictionary => {
                let mut rest = plain;
                for place in places.get(first..end)? {
                    rest = behind(rest, words.get(*place)?)?;
                }
                rest.is_empty()
            }
            (Values::Texts { bytes, ends }, Encoding::Plain) => {
                let mut rest = plain;
                let mut start = match first.checked_sub(1) {
                    None => 0,
                    Some(before) => *ends.get(before)? as usize,
                };
                for end in ends.get(first..end)? {
                    let end = *end as usize;
                    rest = behind(rest, bytes.get(start + LENGTH_BYTES..end)?)?;
                    start = end;
                }
                rest.is_empty()
            }
            (Values::Uuids(bytes), Encoding::Plain) => bytes.get(first * 16..end * 16)? == plain,
            (Values::Bools(values), Encoding::Plain) => {
                self.bools.clear();
                bits::packed(1, content, count, &mut self.bools)?;
                values.get(first..end)? == self.bools
            }
            (Values::Longs(values), Encoding::Differences) => {
                self.wholes.clear();
                bits::differences(content, count, &mut self.wholes)?;
                values.get(first..end)? == self.wholes
            }
            (Values::Numbers(values), Encoding::Differences) => {
                self.wholes.clear();
                bits::differences(content, count, &mut self.wholes)?;
                let values = values.get(first..end)?.iter();
                let lower = |whole: &i64| whole & i64::from(u32::MAX);
                values
                    .copied()
                    .map(i64::from)
                    .eq(self.wholes.iter().map(lower))
            }
            _ => false,
        };
        is_same.then_some(count)
    }
}

/// Takes a text off the front, behind its length.
fn behind<'p>(plain: &'p [u8], text: &[u8]) -> Option<&'p [u8]> {
    let (length, rest) = plain.split_first_chunk::<LENGTH_BYTES>()?;
    let is_same = u32::from_le_bytes(*length) as usize == text.len();
    rest.strip_prefix(text).filter(|_| is_same)
}

impl Values {
    /// Whether the dictionary is the texts one behind the other, each behind its length.
    fn verify_dictionary(&self) -> Option<()> {
        let Self::Words { words, .. } = self else {
            return Some(());
        };
        let mut rest = words.bytes();
        for place in (0..).take(words.len()) {
            rest = behind(rest, words.get(place)?)?;
        }
        rest.is_empty().then_some(())
    }
}

impl Presence {
    /// Whether these rows have a value where it is said so; `None`: each.
    fn verify(&self, first: usize, rows: usize, present: Option<&[bool]>) -> Option<()> {
        let is_same = match present {
            None => (first..first + rows).all(|row| self.has(row)),
            Some(present) => {
                present.len() == rows
                    && (first..)
                        .zip(present)
                        .all(|(row, present)| self.has(row) == *present)
            }
        };
        is_same.then_some(())
    }
}
