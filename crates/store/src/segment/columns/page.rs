//! The pages of a column: where they are, and their content without compression.
//!
//! Of Parquet no more is read than what [`crate::segment::schema`] has written: version 1 pages, LZ4. Everything else is refused.

use super::bits::{PADDING, signed, varint};

/// How the values of a page are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::segment) enum Encoding {
    Plain,
    /// Places in a dictionary.
    Dictionary,
    Differences,
}

impl Encoding {
    fn of(code: i64) -> Option<Self> {
        match code {
            0 => Some(Encoding::Plain),
            2 | 8 => Some(Encoding::Dictionary),
            5 => Some(Encoding::Differences),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::segment) enum PageKind {
    Data,
    Dictionary,
}

/// What stands before a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::segment) struct PageHeader {
    pub(in crate::segment) kind: PageKind,
    /// Values, those that are absent counted: rows.
    pub(in crate::segment) values: usize,
    pub(in crate::segment) encoding: Encoding,
    /// Compressed, behind the header.
    pub(in crate::segment) bytes: usize,
    /// Not compressed.
    pub(in crate::segment) plain_bytes: usize,
}

impl PageHeader {
    /// Takes a header off the front of `bytes`.
    pub(in crate::segment) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (mut kind, mut plain_bytes, mut compressed_bytes) = (None, None, None);
        let (mut values, mut encoding) = (None, None);
        let mut fields = Fields::default();
        loop {
            match fields.next(bytes)? {
                (_, END) => break,
                (1, INTEGER) => kind = Some(signed(bytes)?),
                (2, INTEGER) => plain_bytes = Some(signed(bytes)?),
                (3, INTEGER) => compressed_bytes = Some(signed(bytes)?),
                // The header of a page of data, or of a dictionary.
                (5 | 7, STRUCT) => {
                    let mut inner = Fields::default();
                    loop {
                        match inner.next(bytes)? {
                            (_, END) => break,
                            (1, INTEGER) => values = Some(signed(bytes)?),
                            (2, INTEGER) => encoding = Some(signed(bytes)?),
                            (_, of) => skip(of, bytes, DEPTH_MAX)?,
                        }
                    }
                }
                (_, of) => skip(of, bytes, DEPTH_MAX)?,
            }
        }
        Some(Self {
            kind: match kind? {
                0 => PageKind::Data,
                2 => PageKind::Dictionary,
                _ => return None,
            },
            values: usize::try_from(values?).ok()?,
            encoding: Encoding::of(encoding?)?,
            bytes: usize::try_from(compressed_bytes?).ok()?,
            plain_bytes: usize::try_from(plain_bytes?).ok()?,
        })
    }
}

/// Decompresses a page into `out`, which then has [`PADDING`] bytes more. A page that says it has more than [`PAGE_BYTES_MAX`] is refused.
pub(in crate::segment) fn decompress(
    bytes: &[u8],
    plain_bytes: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    if plain_bytes > PAGE_BYTES_MAX {
        return None;
    }
    // What was in it is written over: only growth costs.
    out.resize(plain_bytes + PADDING, 0);
    let written = if plain_bytes == 0 {
        0
    } else {
        lz4_flex::block::decompress_into(bytes, out.get_mut(..plain_bytes)?).ok()?
    };
    (written == plain_bytes).then_some(())
}

/// A page has 1,024 rows of a row group that has not much more than 4 MiB; a single event has at most some MiB.
const PAGE_BYTES_MAX: usize = 1 << 30;

/// Fields of a struct of Thrift's compact protocol.
#[derive(Default)]
struct Fields {
    last: i64,
}

const END: u8 = 0;
const INTEGER: u8 = 5;
const STRUCT: u8 = 12;

/// Statistics are two levels down.
const DEPTH_MAX: u32 = 8;

impl Fields {
    /// The number and the type of the next field, or [`END`].
    fn next(&mut self, bytes: &mut &[u8]) -> Option<(i64, u8)> {
        let byte = take(bytes)?;
        self.last = match byte >> 4 {
            _ if byte == END => 0,
            0 => signed(bytes)?,
            difference => self.last.checked_add(difference.into())?,
        };
        Some((self.last, byte & 0xf))
    }
}

/// Passes over a value.
fn skip(of: u8, bytes: &mut &[u8], depth: u32) -> Option<()> {
    match of {
        1 | 2 => {}
        3 => {
            take(bytes)?;
        }
        4..=6 => {
            varint(bytes)?;
        }
        7 => *bytes = bytes.get(8..)?,
        8 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            *bytes = bytes.get(length..)?;
        }
        STRUCT if depth > 0 => {
            let mut fields = Fields::default();
            loop {
                match fields.next(bytes)? {
                    (_, END) => break,
                    (_, of) => skip(of, bytes, depth - 1)?,
                }
            }
        }
        _ => return None,
    }
    Some(())
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_refused(bytes: Vec<u8>) {
            let mut rest = &*bytes;
            if PageHeader::read(&mut rest).is_some() {
                prop_assert!(rest.len() < bytes.len());
            }
        }

        #[test]
        fn any_bytes_are_decompressed_or_refused(bytes: Vec<u8>, plain_bytes in 0_usize..10_000) {
            let mut out = Vec::new();
            if decompress(&bytes, plain_bytes, &mut out).is_some() {
                prop_assert_eq!(out.len(), plain_bytes + PADDING);
            }
        }
    }
}
