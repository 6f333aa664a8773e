//! Writing and reading of packed values: variable-length integers and text with its length before it.
//!
//! One codec for everything that is kept as bytes: event rows, metadata, and the definitions of meters. Readers
//! check every length; bytes that were damaged give an error, never a panic.

/// Packed bytes that do not hold what they should. Never the fault of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("packed value is damaged: {what}")]
pub struct PackedError {
    /// What was being read.
    pub what: &'static str,
}

/// Appends `value` in seven-bit groups, least significant first; 1 to 19 bytes.
#[inline]
pub fn write_varint(value: u128, out: &mut Vec<u8>) {
    // Nearly all values are lengths and small numbers.
    match u64::try_from(value) {
        Ok(small) if small < 0x80 => out.push((small & 0x7f) as u8),
        Ok(small) => write_narrow_varint(small, out),
        Err(_) => write_wide_varint(value, out),
    }
}

fn write_narrow_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

#[cold]
fn write_wide_varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a length, which always fits.
#[inline]
pub fn write_len(len: usize, out: &mut Vec<u8>) {
    write_varint(len as u128, out);
}

/// Appends a signed integer so that small magnitudes are short.
#[inline]
pub fn write_signed(value: i128, out: &mut Vec<u8>) {
    write_varint(((value << 1) ^ (value >> 127)).cast_unsigned(), out);
}

/// What [`write_signed`] appends for the same value.
#[inline]
pub fn write_signed_narrow(value: i64, out: &mut Vec<u8>) {
    let folded = ((value << 1) ^ (value >> 63)).cast_unsigned();
    if folded < 0x80 {
        out.push((folded & 0x7f) as u8);
    } else {
        write_narrow_varint(folded, out);
    }
}

/// Appends a length and the bytes of `text`.
#[inline]
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    write_len(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Reads packed values from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all is read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, PackedError> {
        let (first, rest) = self.rest.split_first().ok_or(PackedError {
            what: "a byte is missing",
        })?;
        self.rest = rest;
        Ok(*first)
    }

    /// `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], PackedError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(PackedError {
            what: "bytes are missing",
        })?;
        self.rest = rest;
        Ok(taken)
    }

    /// `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], PackedError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(PackedError {
            what: "bytes are missing",
        })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// An integer as [`write_varint`] wrote it.
    #[inline]
    pub fn varint(&mut self) -> Result<u128, PackedError> {
        match self.rest.split_first() {
            Some((first, rest)) if *first < 0x80 => {
                self.rest = rest;
                Ok(u128::from(*first))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u128, PackedError> {
        // One to nine bytes fit 63 bits, which is nearly all there is.
        let mut value = 0_u64;
        let mut shift = 0_u32;
        while shift < 63 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(u128::from(value));
            }
            shift = shift.wrapping_add(7);
        }
        let mut wide = u128::from(value);
        while shift < u128::BITS {
            let byte = self.byte()?;
            wide |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(wide);
            }
            shift = shift.wrapping_add(7);
        }
        Err(PackedError {
            what: "an integer is too long",
        })
    }

    /// A length as [`write_len`] wrote it; not more than what is left.
    pub fn len(&mut self) -> Result<usize, PackedError> {
        let value = self.varint()?;
        usize::try_from(value)
            .ok()
            .filter(|len| *len <= self.rest.len())
            .ok_or(PackedError {
                what: "a length passes the end",
            })
    }

    /// An integer as [`write_signed`] wrote it.
    pub fn signed(&mut self) -> Result<i128, PackedError> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    /// Text as [`write_text`] wrote it.
    pub fn text(&mut self) -> Result<&'a str, PackedError> {
        let len = self.len()?;
        std::str::from_utf8(self.bytes(len)?).map_err(|_| PackedError {
            what: "text is no UTF-8",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(unsigned: u128, signed: i128, text: String) {
            let mut out = Vec::new();
            write_varint(unsigned, &mut out);
            write_signed(signed, &mut out);
            write_text(&text, &mut out);
            let (mut narrow, mut wide) = (Vec::new(), Vec::new());
            let small = i64::try_from(signed >> 64).expect("half of the bits");
            write_signed_narrow(small, &mut narrow);
            write_signed(small.into(), &mut wide);
            prop_assert_eq!(narrow, wide);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.text(), Ok(text.as_str()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn damaged_bytes_are_an_error_and_no_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() {
                if reader.varint().is_err() || reader.text().is_err() {
                    break;
                }
            }
        }
    }
}
