//! Other programs can read the files: here the reader of the parquet crate, which has no part in writing them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use domain::{Event, Value};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::disk::Disk;
use crate::files::{open, read_exactly};
use crate::segment::RowSource;
use crate::tail::RowRef;

/// Compares a file with the rows that it has.
pub(super) fn check(disk: &Arc<dyn Disk>, path: &Path, sources: &[RowSource]) {
    let file = open(&**disk, path).expect("it is there");
    let bytes = usize::try_from(file.length().expect("it is there")).expect("small");
    let content = read_exactly(&*file, path, 0, bytes).expect("it is there");
    let reader = SerializedFileReader::new(Bytes::from(content)).expect("a Parquet file");
    let mut rows = reader.get_row_iter(None).expect("it has rows");
    for source in sources {
        for (block, range) in &source.blocks {
            for expected in range.clone().map(|row| block.row(row)) {
                let row = rows.next().expect("as many rows").expect("decodable");
                let event = expected.event();
                let mut texts = 0;
                for (name, field) in row.get_column_iter() {
                    column(name, field, &expected, &event);
                    texts += usize::from(
                        name.starts_with("metadata.") && matches!(field, Field::Str(_)),
                    );
                }
                let all = event.metadata.iter();
                let all = all.filter(|(_, value)| matches!(value, Value::Text(_)));
                assert!(texts <= all.count());
            }
        }
    }
    assert!(rows.next().is_none());
}

/// Compares a field of a row.
fn column(name: &str, field: &Field, row: &RowRef<'_>, event: &Event<'_>) {
    match (name, field) {
        ("sequence", Field::Long(sequence)) => assert_eq!(sequence.cast_unsigned(), row.sequence),
        ("ordinal", Field::UInt(ordinal)) => assert_eq!(*ordinal, row.ordinal),
        ("identity", Field::UInt(identity)) => assert_eq!(*identity, row.identity),
        ("timestamp", Field::TimestampMicros(at)) => assert_eq!(*at, row.timestamp.micros()),
        ("received_at", Field::TimestampMicros(at)) => assert_eq!(*at, row.received_at.micros()),
        ("source", Field::Str(source)) => assert_eq!(source, event.source.as_str()),
        ("name", Field::Str(name)) => assert_eq!(name, event.name),
        ("external_id", Field::Str(id)) => assert_eq!(Some(&**id), event.external_id),
        ("parent", Field::Str(parent)) => assert_eq!(Some(&**parent), event.parent),
        (
            "sequence" | "ordinal" | "identity" | "timestamp" | "received_at" | "source" | "name",
            other,
        ) => {
            panic!("{name}: {other:?}");
        }
        (name, field) => {
            let key = name
                .strip_prefix("metadata.")
                .and_then(|name| name.rsplit_once('.'));
            let value = key.and_then(|(key, _)| event.metadata.get(key));
            match (field, value) {
                (Field::Str(text), Some(value)) => {
                    assert_eq!(Value::Text(text), value, "{name}");
                }
                (Field::Bool(bool), value) => assert_eq!(Some(Value::Bool(*bool)), value, "{name}"),
                (Field::Long(whole), Some(Value::Number(number, _))) => {
                    assert_eq!(number.to_i64(), Some(*whole), "{name}");
                }
                _ => {}
            }
        }
    }
}
