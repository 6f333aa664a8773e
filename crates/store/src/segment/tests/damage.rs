//! A column whose bytes were changed is an error that names file and offset; columns beside it stay readable.

use std::path::Path;
use std::sync::Arc;

use super::{Known, Owned, Sample, block, source, writer};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::NewFiles;
use crate::segment::{KeyColumn, SegmentPlace};
use crate::testing::MemoryDisk;

#[test]
fn a_changed_column_is_an_error_at_its_place_and_the_others_are_read() {
    let samples: Vec<Sample> = (0..50)
        .map(|row| Sample {
            is_system: false,
            name: format!("name-{}", row % 3),
            identity: row % 4,
            member: None,
            timestamp: i64::try_from(row).expect("few"),
            external_id: None,
            parent: None,
            metadata: vec![("number".to_owned(), Owned::Number(5, 0, true))],
        })
        .collect();
    let memory = MemoryDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let mut files = NewFiles::new(Arc::clone(&disk));
    let [path, index_path] = ["/s.parquet", "/s.index"].map(|path| Path::new(path).to_owned());
    let rows = source(1, vec![(block(0, &samples), 0..samples.len())]);
    let written = writer()
        .write(
            &mut files,
            path.clone(),
            index_path.clone(),
            &[(&rows, &Known)],
            None,
        )
        .expect("a healthy disk");
    let place = SegmentPlace {
        number: 1,
        path: path.clone(),
        bytes: written.bytes,
        index_path,
        index_bytes: written.index_bytes,
        directory_bytes: written.directory_bytes,
        directory_checksum: written.directory_checksum,
    };
    let chunks: Vec<u32> = (written.index.row_groups.iter())
        .flat_map(|row_group| row_group.chunks.iter().map(|chunk| chunk.bytes))
        .collect();
    let parts = written.parts(&disk, &place);
    let part = parts.first().expect("one organization");
    let group = part.groups.first().expect("one group");
    let columns = part.columns(group).expect("it is there");
    let whole = memory.content(&path).expect("it is there");

    let mut offset = part.offset(group);
    for (column, bytes) in chunks.iter().enumerate() {
        let mut content = whole.clone();
        let at = usize::try_from(offset + u64::from(*bytes) / 2).expect("small");
        *content.get_mut(at).expect("in the file") ^= 1;
        memory.put(&path, content);
        let read = |index: usize| match index {
            4 => columns.timestamps().map(drop),
            6 => columns.names().map(drop),
            _ => columns.key("number").map(drop),
        };
        for asked in [4, 6, 15] {
            match read(asked) {
                Ok(()) => assert_ne!(column, asked),
                Err(StoreError::Damaged {
                    path: named,
                    offset: at,
                    ..
                }) => {
                    assert_eq!(column, asked);
                    assert_eq!((named, at), (path.clone(), offset));
                }
                Err(other) => panic!("{other}"),
            }
        }
        offset += u64::from(*bytes);
    }
    memory.put(&path, whole);
    let key = columns.key("number").expect("as it was written");
    assert!(matches!(*key, [KeyColumn::Integer(_)]));
}
