//! Pages of Parquet files, version 1: a header of Thrift's compact protocol, and content compressed with LZ4.
//!
//! What does not become smaller is written as LZ4 all the same, in the form that only copies: reading it costs next to nothing. Whether a
//! column's pages become smaller is tried now and then, and not for each: what is random stays so.

use domain::packed::write_varint;
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};

/// How the values of a page are written; numbers of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain = 0,
    Differences = 5,
    Dictionary = 8,
}

/// After pages that did not become smaller, so many are not tried at most.
const UNTRIED_MAX: u32 = 63;

/// What was seen of a column's pages.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trial {
    /// How many more pages are not tried.
    untried: u32,
    /// How many were not tried after the last failure.
    pause: u32,
}

/// The pages of a row group, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Pages {
    bytes: Vec<u8>,
    /// Room for a page; it never shrinks.
    compressed: Vec<u8>,
    tables: Tables,
}

/// What LZ4 remembers, for short and for long pages.
struct Tables([CompressTable; 2]);

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tables(..)")
    }
}

impl Default for Tables {
    fn default() -> Self {
        Self([CompressTable::small(), CompressTable::large()])
    }
}

impl Pages {
    /// What was written since the last [`Self::clear`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends a dictionary. Returns how long it would be without compression, header and all.
    pub(super) fn dictionary(&mut self, content: &[u8], words: usize, trial: &mut Trial) -> u64 {
        self.page(content, trial, |lengths, out| {
            // Page type 2: dictionary.
            integer(2, out);
            lengths.write(out);
            out.push(4 << 4 | STRUCT);
            integer(words, out);
            integer(Encoding::Plain as usize, out);
            out.extend([STOP, STOP]);
        })
    }

    /// Appends a page of `rows` rows.
    pub(super) fn data(
        &mut self,
        content: &[u8],
        rows: usize,
        encoding: Encoding,
        trial: &mut Trial,
    ) -> u64 {
        self.page(content, trial, |lengths, out| {
            // Page type 0: data.
            integer(0, out);
            lengths.write(out);
            out.push(2 << 4 | STRUCT);
            integer(rows, out);
            integer(encoding as usize, out);
            // Levels are runs and packed groups.
            integer(3, out);
            integer(3, out);
            out.extend([STOP, STOP]);
        })
    }

    fn page(
        &mut self,
        content: &[u8],
        trial: &mut Trial,
        header: impl Fn(Lengths, &mut Vec<u8>),
    ) -> u64 {
        let compressed = self.compress(content, trial);
        let lengths = Lengths {
            plain: content.len(),
            compressed: compressed.unwrap_or_else(|| copied_bytes(content.len())),
        };
        let start = self.bytes.len();
        header(lengths, &mut self.bytes);
        let header = self.bytes.len() - start;
        match compressed.and_then(|length| self.compressed.get(..length)) {
            Some(compressed) => self.bytes.extend_from_slice(compressed),
            None => copied(content, &mut self.bytes),
        }
        (header + content.len()) as u64
    }

    /// Compresses, if it is tried and worth it. Returns the length.
    fn compress(&mut self, content: &[u8], trial: &mut Trial) -> Option<usize> {
        if let Some(left) = trial.untried.checked_sub(1) {
            trial.untried = left;
            return None;
        }
        let room = get_maximum_output_size(content.len());
        if self.compressed.len() < room {
            self.compressed.resize(room, 0);
        }
        let [short, long] = &mut self.tables.0;
        let is_short = content.len() < usize::from(u16::MAX);
        let table = if is_short { short } else { long };
        let length = compress_into_with_table(content, &mut self.compressed, table);
        // One part in 32 is worth the reading.
        let length = length.ok();
        let length = length.filter(|length| length + content.len() / 32 < content.len());
        if length.is_some() {
            trial.pause = 0;
        } else {
            trial.pause = (trial.pause * 2 + 1).min(UNTRIED_MAX);
            trial.untried = trial.pause;
        }
        length
    }
}

/// Appends LZ4 that does nothing but copy: a token, the rest of the length, the bytes.
fn copied(content: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(content.len()) {
        Ok(length) if length < 15 => out.push(length << 4),
        _ => {
            let rest = content.len() - 15;
            out.push(0xf0);
            out.resize(out.len() + rest / 255, 255);
            out.push(u8::try_from(rest % 255).expect("below 255"));
        }
    }
    out.extend_from_slice(content);
}

/// How many bytes [`copied`] appends.
fn copied_bytes(content: usize) -> usize {
    let rest = content.checked_sub(15);
    content + 1 + rest.map_or(0, |rest| rest / 255 + 1)
}

/// The lengths of a page's content.
#[derive(Clone, Copy)]
struct Lengths {
    plain: usize,
    compressed: usize,
}

impl Lengths {
    fn write(self, out: &mut Vec<u8>) {
        integer(self.plain, out);
        integer(self.compressed, out);
    }
}

const STRUCT: u8 = 12;
const STOP: u8 = 0;

/// Appends an integer of 32 bits as the field after the one before.
fn integer(value: usize, out: &mut Vec<u8>) {
    out.push(1 << 4 | 5);
    write_varint((value as u128) << 1, out);
}
