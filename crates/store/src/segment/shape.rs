//! Which metadata stands in columns of its own, and how a row's metadata is taken apart and put together again.
//!
//! A column takes the values of one key at the top level that are of one kind. A row's *layout* says for each of its keys, in
//! their order, which column has the value, or that the *rest* has it: packed metadata of the keys that have no column. So
//! nothing is lost: neither the order of keys, nor the spelling of a number, nor a value that its column cannot hold.
//!
//! Both ways work on packed bytes, whose layout `domain::metadata` gives, and not on values: a number is moved without being
//! computed with. What is put into a column is what would be written from it again, byte by byte, or else it goes to the rest.

use std::collections::BTreeMap;

use domain::metadata::MetadataBuilder;
use domain::packed::{PackedError, Reader, write_len, write_signed, write_text};
use domain::{Event, MetadataRef, Number, Spelling, Value};

use crate::limits::{
    METADATA_COLUMN_KEY_BYTES_MAX, METADATA_COLUMN_SHARE_MIN, METADATA_COLUMNS_MAX,
};

/// The entry of a layout that says: the next key of the rest.
pub(super) const REST: u8 = 255;

/// What a column of metadata holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// A boolean.
    Bool,
    /// A number that was written as an integer and fits 64 bits.
    Integer,
    /// A number that was written with a point or an exponent, in units of 10^-`scale`.
    Decimal {
        /// At most 12.
        scale: u8,
    },
}

impl Kind {
    /// How the kind is called in a column's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Bool => "bool",
            Kind::Integer => "int",
            Kind::Decimal { .. } => "decimal",
        }
    }

    fn code(self) -> u8 {
        match self {
            Kind::Text => 0,
            Kind::Bool => 1,
            Kind::Integer => 2,
            Kind::Decimal { scale } => 3 + scale,
        }
    }

    fn from_code(code: u8) -> Result<Self, PackedError> {
        match code {
            0 => Ok(Kind::Text),
            1 => Ok(Kind::Bool),
            2 => Ok(Kind::Integer),
            3..=15 => Ok(Kind::Decimal { scale: code - 3 }),
            _ => Err(PackedError {
                what: "a column is of an unknown kind",
            }),
        }
    }
}

/// A column of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) key: String,
    pub(super) kind: Kind,
    /// With what the packed values of this key and kind begin: the key and the tag of the kind. Of booleans: the key.
    prefix: Prefix,
    /// The tags of false and true.
    tags: [u8; 2],
}

impl Column {
    fn new(key: &str, kind: Kind) -> Self {
        let mut builder = MetadataBuilder::new();
        let mut packed = |add: &dyn Fn(&mut MetadataBuilder)| {
            builder.clear();
            add(&mut builder);
            builder.as_ref().bytes().to_vec()
        };
        // An empty text and a zero are one byte behind the tag, a decimal's scale is one more.
        let (mut prefix, behind) = match kind {
            Kind::Text => (packed(&|builder| builder.text(key, "")), 1),
            Kind::Bool => (packed(&|builder| builder.bool(key, false)), 1),
            Kind::Integer => (
                packed(&|builder| builder.number(key, &Number::ZERO, Spelling::Integer)),
                1,
            ),
            Kind::Decimal { .. } => (
                packed(&|builder| builder.number(key, &Number::ZERO, Spelling::Decimal)),
                2,
            ),
        };
        prefix.truncate(prefix.len().saturating_sub(behind));
        let tag = |bool| packed(&|builder| builder.bool(key, bool)).pop();
        let mut tag = tag;
        Self {
            key: key.to_owned(),
            kind,
            prefix: Prefix::new(prefix),
            tags: [false, true].map(|bool| tag(bool).expect("a boolean is its tag")),
        }
    }

    /// Its name in the Parquet file.
    pub(super) fn name(&self) -> String {
        format!("metadata.{}.{}", self.key, self.kind.name())
    }

    /// The value at the front of packed metadata and its length, if it is one that this column gives back as the very same bytes.
    #[inline]
    fn read<'a>(&self, packed: &'a [u8]) -> Option<(Cell<'a>, usize)> {
        let mut reader = Reader::new(self.prefix.strip(packed)?);
        let cell = match self.kind {
            Kind::Text => {
                // Only the length could have been written in another way.
                let length = usize::try_from(shortest(&mut reader)?).ok()?;
                Cell::Text(reader.bytes(length).ok()?)
            }
            Kind::Bool => {
                let tag = reader.byte().ok()?;
                let at = self.tags.iter().position(|known| *known == tag)?;
                Cell::Bool(at == 1)
            }
            Kind::Integer => Cell::Whole(signed(shortest(&mut reader)?)),
            Kind::Decimal { scale } => {
                let own = reader.byte().ok()?;
                let mantissa = signed(shortest(&mut reader)?);
                // Only in the least scale: with nothing that could be cut off behind the point.
                if own > 0 && mantissa % 10 == 0 {
                    return None;
                }
                let factor = 10_i64.checked_pow(u32::from(scale.checked_sub(own)?))?;
                let units = mantissa.checked_mul(factor)?;
                // What a decimal of 18 digits holds.
                if units.unsigned_abs() >= 10_u64.pow(18) {
                    return None;
                }
                Cell::Whole(units)
            }
        };
        let length = packed.len() - reader.rest().len();
        Some((cell, length))
    }

    /// Appends a value, packed, with its key.
    pub(super) fn write(&self, cell: Cell<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix.bytes);
        match (self.kind, cell) {
            (_, Cell::Text(text)) => {
                write_len(text.len(), out);
                out.extend_from_slice(text);
            }
            (_, Cell::Bool(bool)) => out.extend(self.tags.get(usize::from(bool))),
            (Kind::Decimal { scale }, Cell::Whole(units)) => write_units(units, scale, out),
            (_, Cell::Whole(whole)) => write_signed(whole.into(), out),
        }
    }
}

/// Bytes with which others are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Prefix {
    bytes: Vec<u8>,
    /// The first 16 of them, and which of their bits there are.
    first: u128,
    mask: u128,
}

impl Prefix {
    fn new(bytes: Vec<u8>) -> Self {
        let mut first = [0; 16];
        let mut mask = [0; 16];
        for ((first, mask), byte) in first.iter_mut().zip(&mut mask).zip(&bytes) {
            (*first, *mask) = (*byte, 0xff);
        }
        Self {
            bytes,
            first: u128::from_le_bytes(first),
            mask: u128::from_le_bytes(mask),
        }
    }

    /// What is behind the prefix, if it is there.
    #[inline]
    fn strip<'a>(&self, packed: &'a [u8]) -> Option<&'a [u8]> {
        // One comparison of a fixed length instead of a call: a row has a dozen of them, and most prefixes are short.
        match packed.first_chunk() {
            Some(chunk) if self.bytes.len() <= chunk.len() => {
                let is_same = (u128::from_le_bytes(*chunk) ^ self.first) & self.mask == 0;
                packed.get(self.bytes.len()..).filter(|_| is_same)
            }
            _ => packed.strip_prefix(&*self.bytes),
        }
    }
}

/// Reads an integer of up to 64 bits, if it was written in the fewest bytes, as a writer does: then the last group of seven bits is not
/// empty, but for an integer that is one group.
#[inline]
fn shortest(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.byte().ok()?;
    let mut value = u64::from(first & 0x7f);
    if first < 0x80 {
        return Some(value);
    }
    for shift in (7..63).step_by(7) {
        let byte = reader.byte().ok()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return (byte != 0).then_some(value);
        }
    }
    // Of the tenth group only one bit is left.
    (reader.byte().ok()? == 1).then_some(value | 1 << 63)
}

/// An integer whose sign stands in the lowest bit.
#[inline]
fn signed(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

/// Appends scale and mantissa of a decimal, with the least scale that holds it.
fn write_units(mut units: i64, mut scale: u8, out: &mut Vec<u8>) {
    while scale > 0 && units % 10 == 0 {
        (units, scale) = (units / 10, scale - 1);
    }
    out.push(scale);
    write_signed(units.into(), out);
}

/// The columns of metadata that a segment has, at most [`METADATA_COLUMNS_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    columns: Vec<Column>,
    /// Where in the list a key and kind stand; of decimals there is one column a key.
    places: BTreeMap<String, [Option<u8>; 4]>,
}

impl Shape {
    /// The columns for rows of which `sample` is a part: what occurs in a fair share of them, the most frequent first.
    pub(super) fn of<'a>(sample: impl Iterator<Item = Event<'a>>) -> Self {
        let mut rows = 0_usize;
        // Borrowed keys, so that a key costs no allocation a row.
        let mut counts: BTreeMap<(&str, u8), (usize, u8)> = BTreeMap::new();
        for event in sample {
            rows += 1;
            for (key, value) in event.metadata.iter() {
                if let Some(kind) = kind_of(&value)
                    && key.len() <= METADATA_COLUMN_KEY_BYTES_MAX
                {
                    let scale = match kind {
                        Kind::Decimal { scale } => scale,
                        _ => 0,
                    };
                    let place = (key, kind.code().min(3));
                    let (count, scale_max) = counts.entry(place).or_default();
                    *count += 1;
                    *scale_max = scale.max(*scale_max);
                }
            }
        }
        let mut frequent: Vec<_> = counts
            .into_iter()
            .filter(|(_, (count, _))| count * METADATA_COLUMN_SHARE_MIN >= rows)
            .collect();
        frequent.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        frequent.truncate(METADATA_COLUMNS_MAX);
        // In an order that people find their way in.
        frequent.sort_by_key(|(place, _)| *place);
        let column = |((key, code), (_, scale)): ((&str, u8), (usize, u8))| {
            let kind = Kind::from_code(code + scale).expect("its scale is at most 12");
            Column::new(key, kind)
        };
        Self::new(frequent.into_iter().map(column).collect())
    }

    fn new(columns: Vec<Column>) -> Self {
        let mut places: BTreeMap<String, [Option<u8>; 4]> = BTreeMap::new();
        for (place, column) in (0_u8..REST).zip(&columns) {
            let of_key = places.entry(column.key.clone()).or_default();
            let kind = usize::from(column.kind.code().min(3));
            if let Some(slot) = of_key.get_mut(kind) {
                *slot = Some(place);
            }
        }
        Self { columns, places }
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where in the list the columns of a key stand.
    pub(super) fn places(&self, key: &str) -> impl Iterator<Item = u8> + use<> {
        let places = self.places.get(key).copied().unwrap_or_default();
        places.into_iter().flatten()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        write_len(self.columns.len(), out);
        for column in &self.columns {
            out.push(column.kind.code());
            write_text(&column.key, out);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        let count = reader.len()?;
        if count > METADATA_COLUMNS_MAX {
            return Err(PackedError {
                what: "there are too many columns",
            });
        }
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = Kind::from_code(reader.byte()?)?;
            columns.push(Column::new(reader.text()?, kind));
        }
        Ok(Self::new(columns))
    }
}

/// A value in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// UTF-8.
    Text(&'a [u8]),
    Bool(bool),
    /// An integer, or a decimal in units of its column.
    Whole(i64),
}

/// The kind of column that could take the value.
fn kind_of(value: &Value<'_>) -> Option<Kind> {
    match value {
        Value::Text(_) => Some(Kind::Text),
        Value::Bool(_) => Some(Kind::Bool),
        Value::Number(number, Spelling::Integer) => {
            number.to_i64()?;
            Some(Kind::Integer)
        }
        Value::Number(number, Spelling::Decimal) => {
            let (_, scale) = number.as_parts()?;
            Some(Kind::Decimal { scale })
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// Takes metadata apart, keeping its buffers from row to row.
#[derive(Debug, Default)]
pub(super) struct Taker<'a> {
    /// For each key its column, or [`REST`]; or [`WHOLE`].
    pub(super) layout: Vec<u8>,
    /// What goes into columns.
    pub(super) cells: Vec<(u8, Cell<'a>)>,
    rest: MetadataBuilder,
    /// One value, to see how long it is.
    one: MetadataBuilder,
    /// The layout of the row before. Rows are alike, so it saves nearly all searches.
    before: Vec<u8>,
}

/// The only entry of a layout that says: the rest is all of the metadata, byte by byte.
pub(super) const WHOLE: u8 = 254;

impl<'a> Taker<'a> {
    /// Takes a row's metadata apart.
    pub(super) fn take(&mut self, shape: &Shape, metadata: MetadataRef<'a>) {
        std::mem::swap(&mut self.layout, &mut self.before);
        self.clear();
        let mut packed = metadata.bytes();
        while !packed.is_empty() {
            let Some(length) = self.take_first(shape, packed) else {
                self.clear();
                self.layout.push(WHOLE);
                return;
            };
            packed = packed.get(length..).unwrap_or_default();
        }
    }

    /// Takes the first key of some packed metadata. Returns its length; `None` when it would not be written the same again.
    fn take_first(&mut self, shape: &Shape, packed: &'a [u8]) -> Option<usize> {
        let like_before = self.before.get(self.layout.len()).copied();
        if let Some(place) = like_before
            && let Some(length) = self.read(shape, place, packed)
        {
            return Some(length);
        }
        self.take_other(shape, packed)
    }

    /// Takes the first key into this column, if it fits.
    #[inline]
    fn read(&mut self, shape: &Shape, place: u8, packed: &'a [u8]) -> Option<usize> {
        let column = shape.columns.get(usize::from(place))?;
        let (cell, length) = column.read(packed)?;
        self.layout.push(place);
        self.cells.push((place, cell));
        Some(length)
    }

    /// The same for a key that is not like that of the row before.
    fn take_other(&mut self, shape: &Shape, packed: &'a [u8]) -> Option<usize> {
        let (key, value) = MetadataRef::from_packed(packed).iter().next()?;
        let places = shape.places.get(key).copied().unwrap_or_default();
        let mut places = places.into_iter().flatten();
        if let Some(length) = places.find_map(|place| self.read(shape, place, packed)) {
            return Some(length);
        }
        self.one.clear();
        self.one.value(key, &value);
        let one = self.one.as_ref().bytes();
        if !packed.starts_with(one) {
            return None;
        }
        let length = one.len();
        self.layout.push(REST);
        self.rest.value(key, &value);
        Some(length)
    }

    /// The packed keys without a column; `None` when there are none.
    pub(super) fn rest<'s>(&'s self, metadata: MetadataRef<'s>) -> Option<&'s [u8]> {
        if self.layout.first() == Some(&WHOLE) {
            return Some(metadata.bytes());
        }
        let rest = self.rest.as_ref();
        (!rest.is_empty()).then(|| rest.bytes())
    }

    fn clear(&mut self) {
        self.layout.clear();
        self.cells.clear();
        self.rest.clear();
    }
}

/// Appends the first key of some packed metadata. Returns what is behind it; `None` when there is none.
pub(super) fn give_first<'a>(packed: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (key, value) = MetadataRef::from_packed(packed).iter().next()?;
    let mut one = MetadataBuilder::new();
    one.value(key, &value);
    let one = one.as_ref().bytes();
    out.extend_from_slice(one);
    packed.strip_prefix(one)
}
