//! A column of a row group: its values, and how they become pages.

use std::mem::discriminant;

use domain::packed::write_varint;
use parquet::basic::Encoding as Named;
use xxhash_rust::xxh3::xxh3_64;

use super::pack;
use super::pages::{Encoding, Pages, Trial};
use super::words::{self, Words};
use crate::limits::PAGE_ROWS;

/// Pages begin where a byte of [`Presence`] does.
const _: () = assert!(PAGE_ROWS.is_multiple_of(64));

/// A column. Its memory is used again for the next row group.
#[derive(Debug)]
pub(super) struct Column {
    /// Which rows have a value; `None` where each has.
    pub(super) present: Option<Presence>,
    /// The values of the rows that have one, in order.
    pub(super) values: Values,
    /// How its dictionaries and pages fared.
    trials: [Trial; 2],
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Values {
    /// Texts that repeat, perhaps.
    Words {
        words: Words,
        places: Vec<u32>,
        /// How long they would be without a dictionary.
        plain_bytes: usize,
    },
    /// Texts that do not: each behind its length, and where each ends.
    Texts {
        bytes: Vec<u8>,
        ends: Vec<u32>,
    },
    /// 16 bytes each.
    Uuids(Vec<u8>),
    /// 16 bytes each that repeat: the different ones, and which of them each row has.
    Ids {
        ids: Vec<u8>,
        places: Vec<u32>,
    },
    Longs(Vec<i64>),
    Numbers(Vec<u32>),
    Bools(Vec<bool>),
}

/// Which rows have a value.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// The rows before this one have a value, each.
    full: usize,
    /// Empty as long as there is no row without one before one that has one.
    bits: Vec<u64>,
}

/// A column as it was written.
#[derive(Debug)]
pub(super) struct WrittenColumn {
    pub(super) bytes: usize,
    /// Of these, the dictionary, which is first.
    pub(super) dictionary_bytes: usize,
    /// How long it would be without compression.
    pub(super) plain_bytes: u64,
    pub(super) encodings: Vec<Named>,
    pub(super) checksum: u64,
}

impl Presence {
    /// Says that the row has a value; rows come in order.
    #[inline]
    fn mark(&mut self, row: usize) {
        if row == self.full && self.bits.is_empty() {
            self.full += 1;
        } else {
            self.mark_bit(row);
        }
    }

    fn mark_bit(&mut self, row: usize) {
        if self.bits.is_empty() {
            for row in 0..self.full {
                self.set(row);
            }
        }
        self.set(row);
    }

    fn set(&mut self, row: usize) {
        let word = row / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= 1 << (row % 64);
        }
    }

    /// Whether the row has one.
    pub(super) fn has(&self, row: usize) -> bool {
        row < self.full || self.word(row / 64) >> (row % 64) & 1 == 1
    }

    /// For 64 rows whether they have one, the first in the lowest bit.
    fn word(&self, at: usize) -> u64 {
        if self.bits.is_empty() {
            let full = self.full.saturating_sub(at * 64).min(64);
            return u64::MAX
                .checked_shr(64 - u32::try_from(full).expect("at most 64"))
                .unwrap_or(0);
        }
        self.bits.get(at).copied().unwrap_or(0)
    }

    fn clear(&mut self) {
        self.full = 0;
        self.bits.clear();
    }

    /// Appends the levels of a page, and returns how many of its rows have a value.
    fn write(&self, page: usize, rows: usize, out: &mut Vec<u8>) -> usize {
        let first = page * PAGE_ROWS / 64;
        let words = rows.div_ceil(64);
        let bits = || (first..first + words).map(|at| self.word(at));
        let count = bits().map(|bits| bits.count_ones() as usize).sum();
        let start = out.len();
        out.extend([0; words::LENGTH_BYTES]);
        if count == rows || count == 0 {
            write_varint((rows as u128) << 1, out);
            out.push(u8::from(count > 0));
        } else {
            let groups = rows.div_ceil(8);
            write_varint((groups as u128) << 1 | 1, out);
            out.extend(bits().flat_map(u64::to_le_bytes).take(groups));
        }
        let length = out.len() - start - words::LENGTH_BYTES;
        let length = u32::try_from(length).expect("a page has few rows");
        if let Some(place) = out.get_mut(start..start + words::LENGTH_BYTES) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        count
    }
}

impl Values {
    pub(super) fn words() -> Self {
        Self::Words {
            words: Words::default(),
            places: Vec::new(),
            plain_bytes: 0,
        }
    }

    pub(super) fn texts() -> Self {
        Self::Texts {
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn ids() -> Self {
        Self::Ids {
            ids: Vec::new(),
            places: Vec::new(),
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Words { places, .. } | Self::Ids { places, .. } => places.len(),
            Self::Texts { ends, .. } => ends.len(),
            Self::Uuids(bytes) => bytes.len() / 16,
            Self::Longs(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Bools(values) => values.len(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Words {
                words,
                places,
                plain_bytes,
            } => {
                words.clear();
                places.clear();
                *plain_bytes = 0;
            }
            Self::Texts { bytes, ends } => {
                bytes.clear();
                ends.clear();
            }
            Self::Uuids(bytes) => bytes.clear(),
            Self::Ids { ids, places } => {
                ids.clear();
                places.clear();
            }
            Self::Longs(values) => values.clear(),
            Self::Numbers(values) => values.clear(),
            Self::Bools(values) => values.clear(),
        }
    }
}

impl Column {
    pub(super) fn new(is_optional: bool, values: Values) -> Self {
        Self {
            present: is_optional.then(Presence::default),
            values,
            trials: [Trial::default(); 2],
        }
    }

    /// An empty column: this one, or one of those used before that has values of the same kind.
    pub(super) fn or_one_of(self, used: &mut Vec<Self>) -> Self {
        let kind = discriminant(&self.values);
        let same = (used.iter()).position(|column| discriminant(&column.values) == kind);
        let Some(at) = same else {
            return self;
        };
        let mut column = Self {
            present: self.present,
            trials: self.trials,
            ..used.swap_remove(at)
        };
        column.clear();
        column
    }

    pub(super) fn clear(&mut self) {
        if let Some(present) = &mut self.present {
            present.clear();
        }
        self.values.clear();
    }

    /// Says that the row has the value that is added.
    #[inline]
    fn mark(&mut self, row: usize) {
        if let Some(present) = &mut self.present {
            present.mark(row);
        }
    }

    /// Adds a text for a row. See [`Words::place`].
    #[inline]
    pub(super) fn add_text(&mut self, row: usize, text: &[u8], seed: u64) {
        self.mark(row);
        match &mut self.values {
            Values::Words {
                words,
                places,
                plain_bytes,
            } => {
                places.push(words.place(text, seed));
                *plain_bytes += words::LENGTH_BYTES + text.len();
            }
            Values::Texts { bytes, ends } => {
                words::write(text, bytes);
                let end = u32::try_from(bytes.len());
                ends.push(end.expect("a row group is far below 4 GiB"));
            }
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Adds a number for a row.
    #[inline]
    pub(super) fn add_long(&mut self, row: usize, value: i64) {
        self.mark(row);
        match &mut self.values {
            Values::Longs(values) => values.push(value),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Adds a boolean for a row.
    #[inline]
    pub(super) fn add_bool(&mut self, row: usize, value: bool) {
        self.mark(row);
        match &mut self.values {
            Values::Bools(values) => values.push(value),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Adds a UUID for a row.
    #[inline]
    pub(super) fn add_uuid(&mut self, row: usize, uuid: [u8; 16]) {
        self.mark(row);
        match &mut self.values {
            Values::Uuids(bytes) => bytes.extend_from_slice(&uuid),
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Adds an id that so many rows have, and none before.
    pub(super) fn add_ids(&mut self, id: &[u8; 16], rows: usize) {
        match &mut self.values {
            Values::Ids { ids, places } => {
                let place = u32::try_from(ids.len() / 16).expect("a row group has few rows");
                ids.extend_from_slice(id);
                places.resize(places.len() + rows, place);
            }
            _ => unreachable!("a column takes values of its kind"),
        }
    }

    /// Writes its pages. `content` is a buffer for one.
    pub(super) fn write(
        &mut self,
        rows: usize,
        pages: &mut Pages,
        content: &mut Vec<u8>,
    ) -> WrittenColumn {
        let start = pages.bytes().len();
        let [dictionary_trial, trial] = &mut self.trials;
        let mut plain_bytes = 0;
        let dictionary = self.values.dictionary();
        let dictionary_width = dictionary.map(|(content, words)| {
            plain_bytes += pages.dictionary(content, words, dictionary_trial);
            pack::width(words.saturating_sub(1) as u64)
        });
        let dictionary_bytes = pages.bytes().len() - start;
        let mut first = 0;
        for (page, page_first) in (0..rows).step_by(PAGE_ROWS).enumerate() {
            let page_rows = PAGE_ROWS.min(rows - page_first);
            content.clear();
            let count = match &self.present {
                None => page_rows,
                Some(present) => present.write(page, page_rows, content),
            };
            let encoding = self
                .values
                .write(first, first + count, dictionary_width, content);
            plain_bytes += pages.data(content, page_rows, encoding, trial);
            first += count;
        }
        let written = pages.bytes().get(start..).unwrap_or_default();
        let mut encodings = vec![Named::RLE];
        encodings.extend(match (&self.values, dictionary_width) {
            (Values::Longs(_) | Values::Numbers(_), _) => vec![Named::DELTA_BINARY_PACKED],
            (_, Some(_)) => vec![Named::PLAIN, Named::RLE_DICTIONARY],
            (_, None) => vec![Named::PLAIN],
        });
        WrittenColumn {
            bytes: written.len(),
            dictionary_bytes,
            plain_bytes,
            encodings,
            checksum: xxh3_64(written),
        }
    }
}

impl Values {
    /// The content of the dictionary and how many values that is; `None` when the values are shorter without one.
    pub(super) fn dictionary(&self) -> Option<(&[u8], usize)> {
        match self {
            Self::Words {
                words,
                places,
                plain_bytes,
            } => {
                let width = pack::width(words.len().saturating_sub(1) as u64) as usize;
                let bytes = words.bytes().len() + places.len() * width / 8;
                (bytes < *plain_bytes).then(|| (words.bytes(), words.len()))
            }
            Self::Ids { ids, .. } => Some((ids, ids.len() / 16)),
            _ => None,
        }
    }

    /// Appends the values from one index up to another.
    fn write(
        &self,
        first: usize,
        end: usize,
        dictionary_width: Option<u32>,
        out: &mut Vec<u8>,
    ) -> Encoding {
        match self {
            Self::Words { places, .. } | Self::Ids { places, .. }
                if let Some(width) = dictionary_width =>
            {
                let places = places.get(first..end).unwrap_or_default();
                out.extend(width.to_le_bytes().first());
                pack::hybrid(places, width, out);
                Encoding::Dictionary
            }
            Self::Words { words, places, .. } => {
                let places = places.get(first..end).unwrap_or_default();
                for place in places {
                    words::write(words.get(*place).unwrap_or_default(), out);
                }
                Encoding::Plain
            }
            Self::Texts { bytes, ends } => {
                let end_of = |values: usize| match values.checked_sub(1) {
                    None => 0,
                    Some(last) => ends.get(last).map_or(0, |end| *end as usize),
                };
                let texts = bytes.get(end_of(first)..end_of(end));
                out.extend_from_slice(texts.unwrap_or_default());
                Encoding::Plain
            }
            Self::Ids { .. } => unreachable!("ids are always in a dictionary"),
            Self::Uuids(bytes) => {
                out.extend_from_slice(bytes.get(first * 16..end * 16).unwrap_or_default());
                Encoding::Plain
            }
            Self::Bools(values) => {
                pack::bools(values.get(first..end).unwrap_or_default(), out);
                Encoding::Plain
            }
            Self::Longs(values) => {
                pack::differences(values.get(first..end).unwrap_or_default(), out);
                Encoding::Differences
            }
            Self::Numbers(values) => {
                pack::differences(values.get(first..end).unwrap_or_default(), out);
                Encoding::Differences
            }
        }
    }
}
