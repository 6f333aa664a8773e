//! What columns say of rows is what the rows hold.

use std::collections::BTreeSet;

use domain::{MetadataRef, Number, Spelling, Value};

use crate::segment::{GroupColumns, KeyColumn, TextColumn, Wanted, WholeColumn};
use crate::tail::Block;

/// Compares all columns with the rows, once for all rows and once for a few of them.
pub(super) fn check(columns: &GroupColumns, block: &Block) {
    let all: Vec<u32> = (0..columns.rows()).collect();
    assert_eq!(columns.rows() as usize, block.len());
    assert_eq!(columns.ordinal_first(), block.ordinal_first());
    check_rows(columns, block, Wanted::All, &all);
    let few: Vec<u32> = all.iter().copied().filter(|row| row % 1_500 == 7).collect();
    check_rows(columns, block, Wanted::Rows(&few), &few);
}

fn check_rows(columns: &GroupColumns, block: &Block, wanted: Wanted<'_>, rows: &[u32]) {
    let keys: BTreeSet<&str> = (0..block.len())
        .step_by(block.len().div_ceil(100))
        .flat_map(|row| block.row(row).event().metadata.iter())
        .map(|(key, _)| key)
        .filter(|key| key.len() != 6 || key.ends_with('7'))
        .chain(["", "no such key"])
        .collect();
    let mut names = columns.names().expect("as written");
    let mut sources = columns.sources().expect("as written");
    let mut rest = columns.rest().expect("as written");
    for column in [&mut names, &mut sources, &mut rest] {
        column.load(wanted).expect("as written");
    }
    let mut timestamps = columns.timestamps().expect("as written");
    let mut received_at = columns.received_at().expect("as written");
    let mut identities = columns.identities().expect("as written");
    for column in [&mut timestamps, &mut received_at, &mut identities] {
        column.load(wanted).expect("as written");
    }
    for row in rows.iter().map(|row| *row as usize) {
        let expected = block.row(row);
        assert_eq!(text(&names, row), Some(expected.event().name));
        assert_eq!(text(&sources, row), Some(expected.event().source.as_str()));
        assert_eq!(whole(&timestamps, row), Some(expected.timestamp.micros()));
        assert_eq!(
            whole(&received_at, row),
            Some(expected.received_at.micros())
        );
        assert_eq!(whole(&identities, row), Some(i64::from(expected.identity)));
    }
    for key in keys {
        let mut key_columns = columns.key(key).expect("as written");
        for column in &mut key_columns {
            match column {
                KeyColumn::Text(column) => column.load(wanted),
                KeyColumn::Bool(column) => column.load(wanted),
                KeyColumn::Integer(column) | KeyColumn::Decimal { units: column, .. } => {
                    column.load(wanted)
                }
            }
            .expect("as written");
        }
        for row in rows.iter().map(|row| *row as usize) {
            let event = block.row(row).event();
            let found = key_columns.iter().find_map(|column| value(column, row));
            let in_rest = || {
                let code = rest.codes().get(row).copied().expect("a row");
                rest.bytes(code)
                    .and_then(|bytes| MetadataRef::from_packed(bytes).get(key))
            };
            assert_eq!(
                found.or_else(in_rest),
                event.metadata.get(key),
                "{key} of {row}"
            );
        }
    }
}

fn text(column: &TextColumn, row: usize) -> Option<&str> {
    let code = column.codes().get(row).copied().expect("a row");
    column.text(code).expect("text")
}

fn whole(column: &WholeColumn, row: usize) -> Option<i64> {
    let is_present = column.present().get(row).copied().expect("a row");
    let value = column.values().get(row).copied().expect("a row");
    is_present.then_some(value)
}

fn value(column: &KeyColumn, row: usize) -> Option<Value<'_>> {
    match column {
        KeyColumn::Text(column) => text(column, row).map(Value::Text),
        KeyColumn::Bool(column) => {
            let value = column.values().get(row).copied().expect("a row");
            value.map(Value::Bool)
        }
        KeyColumn::Integer(column) => whole(column, row)
            .map(|value| Value::Number(Number::from_i64(value), Spelling::Integer)),
        KeyColumn::Decimal { scale, units } => whole(units, row).map(|units| {
            Value::Number(Number::from_parts(units.into(), *scale), Spelling::Decimal)
        }),
    }
}
