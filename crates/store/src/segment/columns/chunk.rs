//! A column of a row group, page by page: values are decoded where they are wanted, and only once.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::super::part::SegmentFile;
use super::bits::{self, PADDING};
use super::page::{Encoding, PageHeader, PageKind, decompress};
use crate::error::StoreError;
use crate::files::damaged;

/// Rows of which the values are wanted. Others may come back as if they had none.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Each.
    All,
    /// These, ascending.
    Rows(&'a [u32]),
}

impl Wanted<'_> {
    fn reaches(self, rows: &Range<usize>) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Rows(wanted) => {
                let before = wanted.partition_point(|row| (*row as usize) < rows.start);
                (wanted.get(before)).is_some_and(|row| (*row as usize) < rows.end)
            }
        }
    }
}

/// The bytes of a column, and where its pages are.
pub(in crate::segment) struct Chunk {
    bytes: Bytes,
    is_optional: bool,
    dictionary: Option<Page>,
    pages: Vec<Page>,
    /// The rows of the row group that are ours.
    rows: Range<usize>,
    file: Arc<SegmentFile>,
    /// Where the column begins in the file.
    offset: u64,
    /// Decompressed pages, one after the other.
    page: Vec<u8>,
}

#[derive(Clone)]
struct Page {
    header: PageHeader,
    /// Of the row group.
    rows: Range<usize>,
    /// Its place in the column.
    bytes: Range<usize>,
    is_read: bool,
}

/// A page without compression.
pub(super) struct PlainPage<'a> {
    pub(super) encoding: Encoding,
    /// Which rows have a value; `None`: all.
    pub(super) present: Option<Vec<bool>>,
    /// How many rows have a value.
    pub(super) count: usize,
    /// The values, and [`PADDING`] bytes.
    pub(super) values: &'a [u8],
    /// Which of the page's rows are ours.
    pub(super) own: Range<usize>,
    /// The first of our rows that this page has.
    pub(super) row: usize,
}

impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunk")
            .field("offset", &self.offset)
            .field("pages", &self.pages.len())
            .finish_non_exhaustive()
    }
}

impl Chunk {
    /// Finds the pages of a column. `rows` are those of the row group that are ours.
    pub(in crate::segment) fn new(
        file: Arc<SegmentFile>,
        offset: u64,
        bytes: Bytes,
        is_optional: bool,
        rows: Range<usize>,
    ) -> Result<Self, StoreError> {
        let mut chunk = Self {
            bytes,
            is_optional,
            dictionary: None,
            pages: Vec::new(),
            rows,
            file,
            offset,
            page: Vec::new(),
        };
        match chunk.find_pages() {
            Some(()) => Ok(chunk),
            None => Err(chunk.undecodable()),
        }
    }

    fn find_pages(&mut self) -> Option<()> {
        let (mut rest, mut row) = (&*self.bytes, 0);
        while !rest.is_empty() {
            let header = PageHeader::read(&mut rest)?;
            let start = self.bytes.len() - rest.len();
            rest = rest.get(header.bytes..)?;
            let rows = row..row + header.values;
            let page = Page {
                header,
                bytes: start..start + header.bytes,
                is_read: false,
                rows: rows.clone(),
            };
            match header.kind {
                PageKind::Dictionary if self.pages.is_empty() && self.dictionary.is_none() => {
                    self.dictionary = Some(page);
                }
                PageKind::Dictionary => return None,
                PageKind::Data => {
                    row = rows.end;
                    if rows.start < self.rows.end && self.rows.start < rows.end {
                        self.pages.push(page);
                    }
                }
            }
        }
        (row >= self.rows.end).then_some(())
    }

    /// How many of the rows are ours.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// Whether all values stand in the dictionary.
    pub(super) fn is_in_dictionary(&self) -> bool {
        let mut pages = self.pages.iter();
        pages.all(|page| page.header.encoding == Encoding::Dictionary)
    }

    /// The bytes make no sense, although they are those that were written.
    pub(super) fn undecodable(&self) -> StoreError {
        let what = "a column does not hold what its index says";
        damaged(&self.file.path, self.offset, what)
    }

    /// Shows `read` the content of the dictionary's page and how many values it has, if there is one.
    pub(super) fn read_dictionary(
        &mut self,
        read: impl FnOnce(&[u8], usize) -> Option<()>,
    ) -> Result<(), StoreError> {
        let Some(page) = self.dictionary.take() else {
            return Ok(());
        };
        let done = plain(&self.bytes, &page, &mut self.page).and_then(|content| {
            let content = content.get(..page.header.plain_bytes)?;
            read(content, page.header.values)
        });
        done.ok_or_else(|| self.undecodable())
    }

    /// Shows `read` each page that has wanted rows and was not shown before.
    pub(super) fn read(
        &mut self,
        wanted: Wanted<'_>,
        mut read: impl FnMut(PlainPage<'_>) -> Option<()>,
    ) -> Result<(), StoreError> {
        for index in 0..self.pages.len() {
            let Some(page) = self.pages.get_mut(index).filter(|page| !page.is_read) else {
                continue;
            };
            let start = page.rows.start.max(self.rows.start);
            let end = page.rows.end.min(self.rows.end);
            let own = start - self.rows.start..end - self.rows.start;
            if !wanted.reaches(&own) {
                continue;
            }
            page.is_read = true;
            let page = page.clone();
            let is_optional = self.is_optional;
            let done = plain(&self.bytes, &page, &mut self.page).and_then(|content| {
                let rows = page.header.values;
                let Levels {
                    present,
                    count,
                    values,
                } = if is_optional {
                    levels(content, page.header.plain_bytes, rows)?
                } else {
                    Levels::all(rows, content)
                };
                read(PlainPage {
                    encoding: page.header.encoding,
                    present,
                    count,
                    values,
                    own: start - page.rows.start..end - page.rows.start,
                    row: own.start,
                })
            });
            done.ok_or_else(|| self.undecodable())?;
        }
        Ok(())
    }
}

/// The content of a page, and [`PADDING`] bytes.
fn plain<'a>(bytes: &[u8], page: &Page, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    decompress(bytes.get(page.bytes.clone())?, page.header.plain_bytes, out)?;
    Some(out)
}

/// Which rows of a page have a value.
pub(in crate::segment) struct Levels<'a> {
    /// `None`: all.
    pub(in crate::segment) present: Option<Vec<bool>>,
    /// How many.
    pub(in crate::segment) count: usize,
    /// The bytes behind them.
    pub(in crate::segment) values: &'a [u8],
}

impl<'a> Levels<'a> {
    fn all(rows: usize, values: &'a [u8]) -> Self {
        Self {
            present: None,
            count: rows,
            values,
        }
    }
}

pub(in crate::segment) fn levels(
    content: &[u8],
    plain_bytes: usize,
    rows: usize,
) -> Option<Levels<'_>> {
    let (length, levels) = content.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length.checked_add(4)? > plain_bytes {
        return None;
    }
    let values = levels.get(length..)?;
    // One run over all rows is the rule.
    let mut run = levels;
    let header = bits::varint(&mut run)?;
    if header & 1 == 0 && usize::try_from(header >> 1).ok()? >= rows && run.first() == Some(&1) {
        return Some(Levels::all(rows, values));
    }
    let mut present = Vec::with_capacity(rows + PADDING);
    bits::hybrid(1, levels, rows, &mut present)?;
    let count = present.iter().map(|present| usize::from(*present)).sum();
    Some(Levels {
        present: Some(present),
        count,
        values,
    })
}
