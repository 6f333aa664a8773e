//! Which metadata stands in columns of its own, and how a row's metadata is taken apart and put together again.
//!
//! A column takes the values of one key at the top level that are of one kind. A row's *layout* says for each of its keys, in
//! their order, which column has the value, or that the *rest* has it: packed metadata of the keys that have no column. So
//! nothing is lost: neither the order of keys, nor the spelling of a number, nor a value that its column cannot hold.

use std::collections::BTreeMap;

use domain::metadata::MetadataBuilder;
use domain::packed::{PackedError, Reader, write_len, write_text};
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
}

impl Column {
    /// Its name in the Parquet file.
    pub(super) fn name(&self) -> String {
        format!("metadata.{}.{}", self.key, self.kind.name())
    }
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
        let column = |((key, code), (_, scale)): ((&str, u8), (usize, u8))| Column {
            key: key.to_owned(),
            kind: Kind::from_code(code + scale).expect("its scale is at most 12"),
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

    /// The column for a value of a key with these columns, and what to put there; `None` when it goes to the rest.
    fn place<'a>(&self, places: [Option<u8>; 4], value: &Value<'a>) -> Option<(u8, Cell<'a>)> {
        let kind = kind_of(value)?;
        let place = (*places.get(usize::from(kind.code().min(3)))?)?;
        let column = self.columns.get(usize::from(place))?;
        Some((place, cell_of(column.kind, value)?))
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
            let key = reader.text()?.to_owned();
            columns.push(Column { key, kind });
        }
        Ok(Self::new(columns))
    }
}

/// A value in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Text(&'a str),
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

/// The value as a column of this kind holds it; `None` when it cannot.
fn cell_of<'a>(kind: Kind, value: &Value<'a>) -> Option<Cell<'a>> {
    match (kind, value) {
        (Kind::Text, Value::Text(text)) => Some(Cell::Text(text)),
        (Kind::Bool, Value::Bool(bool)) => Some(Cell::Bool(*bool)),
        (Kind::Integer, Value::Number(number, Spelling::Integer)) => {
            Some(Cell::Whole(number.to_i64()?))
        }
        (Kind::Decimal { scale }, Value::Number(number, Spelling::Decimal)) => {
            let (mantissa, own) = number.as_parts()?;
            let factor = 10_i64.checked_pow(u32::from(scale.checked_sub(own)?))?;
            let units = i64::try_from(mantissa).ok()?.checked_mul(factor)?;
            // What a decimal of 18 digits holds.
            (units.unsigned_abs() < 10_u64.pow(18)).then_some(Cell::Whole(units))
        }
        _ => None,
    }
}

/// Takes metadata apart, keeping its buffers from row to row.
#[derive(Debug, Default)]
pub(super) struct Taker<'a> {
    /// For each key its column, or [`REST`].
    pub(super) layout: Vec<u8>,
    /// What goes into columns.
    pub(super) cells: Vec<(u8, Cell<'a>)>,
    rest: MetadataBuilder,
    rebuilt: MetadataBuilder,
    /// Of the rows before: the key at each place in their order, and its columns. Rows are alike, so this saves nearly all searches.
    seen: Vec<(&'a str, [Option<u8>; 4])>,
}

impl<'a> Taker<'a> {
    /// The columns of the key at a place in the order of a row's keys.
    fn places(&mut self, shape: &Shape, at: usize, key: &'a str) -> [Option<u8>; 4] {
        match self.seen.get(at) {
            Some((seen, places)) if *seen == key => *places,
            _ => {
                let places = shape.places.get(key).copied().unwrap_or_default();
                self.seen.truncate(at);
                self.seen.push((key, places));
                places
            }
        }
    }

    /// Takes a row's metadata apart.
    ///
    /// What this gives is put together again and compared before it is used: should a value not come back as the
    /// very same bytes, all of the row's metadata goes to the rest.
    pub(super) fn take(&mut self, shape: &Shape, metadata: MetadataRef<'a>) {
        self.clear();
        for (at, (key, value)) in metadata.iter().enumerate() {
            let places = self.places(shape, at, key);
            if let Some((place, cell)) = shape.place(places, &value) {
                self.layout.push(place);
                self.cells.push((place, cell));
                if let Some(column) = shape.columns.get(usize::from(place)) {
                    give(column, cell, &mut self.rebuilt);
                }
            } else {
                self.layout.push(REST);
                self.rest.value(key, &value);
                self.rebuilt.value(key, &value);
            }
        }
        if self.rebuilt.as_ref() != metadata {
            self.clear();
            self.layout.push(WHOLE);
        }
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
        self.rebuilt.clear();
    }
}

/// The only entry of a layout that says: the rest is all of the metadata, byte by byte.
pub(super) const WHOLE: u8 = 254;

/// Adds the value of a cell under the key of its column.
pub(super) fn give(column: &Column, cell: Cell<'_>, out: &mut MetadataBuilder) {
    match (column.kind, cell) {
        (_, Cell::Text(text)) => out.text(&column.key, text),
        (_, Cell::Bool(bool)) => out.bool(&column.key, bool),
        (Kind::Decimal { scale }, Cell::Whole(units)) => {
            let number = Number::from_parts(i128::from(units), scale);
            out.number(&column.key, &number, Spelling::Decimal);
        }
        (_, Cell::Whole(whole)) => {
            out.number(&column.key, &Number::from_i64(whole), Spelling::Integer);
        }
    }
}
