//! Bytes that change behind the back of the store, and files that vanish.

use std::path::{Path, PathBuf};

use store::StoreError;
use store::testing::MemoryDisk;

use crate::support::{Open, PATH, Request, journal_files, open_on, sample};

const GROUPS: i64 = 12;

fn group(number: i64) -> Vec<Request> {
    let key = format!("key-{number}");
    vec![Request {
        organization: 1,
        events: vec![sample(1, Some(&key), "some value")],
    }]
}

/// A disk with a few groups in several files, and where the frames in each begin.
fn filled(clean: bool) -> (MemoryDisk, Vec<(PathBuf, Vec<u64>)>) {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let mut files: Vec<(PathBuf, Vec<u64>)> = Vec::new();
    for number in 0..GROUPS {
        let before = journal_lengths(&disk);
        open.commit(number, &group(number)).expect("a healthy disk");
        let (path, _) = journal_lengths(&disk).pop().expect("there is a journal");
        // A new file has had its header before the frame.
        let offset = before
            .iter()
            .find(|(old, _)| *old == path)
            .map_or(40, |(_, length)| *length);
        match files.last_mut() {
            Some((last, offsets)) if *last == path => offsets.push(offset),
            _ => files.push((path, vec![offset])),
        }
    }
    if clean {
        open.writer.close().expect("a healthy disk");
    }
    assert!(files.len() > 2, "several files");
    (disk, files)
}

fn journal_lengths(disk: &MemoryDisk) -> Vec<(PathBuf, u64)> {
    let with_length = |path: PathBuf| {
        let length = disk
            .content(&path)
            .map_or(0, |content| content.len() as u64);
        (path, length)
    };
    journal_files(disk).into_iter().map(with_length).collect()
}

fn flip(disk: &MemoryDisk, path: &Path, offset: usize) {
    let mut content = disk.content(path).expect("it is there");
    *content.get_mut(offset).expect("within the file") ^= 0x20;
    disk.put(path, content);
}

fn error_of(disk: &MemoryDisk) -> StoreError {
    match open_on(disk) {
        Err(error) => error,
        Ok(Open { report, .. }) => panic!("damage was not seen: {report:?}"),
    }
}

#[test]
fn a_flipped_byte_anywhere_but_in_the_last_frame_is_an_error_with_file_and_offset() {
    let (disk, files) = filled(false);
    let (last_path, last_offsets) = files.last().expect("files");
    let last_offset = *last_offsets.last().expect("frames");
    for (path, offsets) in &files {
        let length = disk.content(path).expect("it is there").len() as u64;
        let end = if path == last_path {
            last_offset
        } else {
            length
        };
        for offset in 0..end {
            let damaged = disk.kill();
            flip(&damaged, path, usize::try_from(offset).expect("small"));
            let expected = offsets
                .iter()
                .rev()
                .find(|start| **start <= offset)
                .unwrap_or(&0);
            match error_of(&damaged) {
                StoreError::Damaged {
                    path: named,
                    offset,
                    ..
                } => {
                    assert_eq!((&named, &offset), (path, expected));
                }
                other => panic!("byte {offset} of {}: {other}", path.display()),
            }
        }
    }
}

#[test]
fn after_a_clean_end_a_flipped_byte_in_the_last_rows_is_an_error_too() {
    let (disk, files) = filled(true);
    let (path, offsets) = files.last().expect("files");
    let start = *offsets.last().expect("frames");
    let mark = disk.content(path).expect("it is there").len() as u64 - 56;
    assert!(start < mark);
    for offset in start..mark {
        let damaged = disk.kill();
        flip(&damaged, path, usize::try_from(offset).expect("small"));
        assert!(matches!(
            error_of(&damaged),
            StoreError::Damaged { offset, .. } if offset == start
        ));
    }
    let open = open_on(&disk.kill()).expect("undamaged");
    assert_eq!(open.report.torn, None);
}

#[test]
fn a_flipped_byte_in_the_last_frame_after_a_crash_is_cut_off_kept_and_reported() {
    let (disk, files) = filled(false);
    let (path, offsets) = files.last().expect("files");
    let start = *offsets.last().expect("frames");
    let content = disk.content(path).expect("it is there");
    for offset in usize::try_from(start).expect("small")..content.len() {
        let damaged = disk.kill();
        flip(&damaged, path, offset);
        let bytes = damaged.content(path).expect("it is there");
        let open = open_on(&damaged).expect("it may be an unfinished write");
        let torn = open.report.torn.as_ref().expect("it is reported");
        assert_eq!((&torn.path, torn.offset), (path, start));
        let kept = damaged.content(&torn.kept_in).expect("it is kept");
        assert_eq!(
            bytes.get(usize::try_from(start).expect("small")..),
            Some(&*kept)
        );
        assert_eq!(open.report.events, u64::try_from(GROUPS).expect("few") - 1);
    }
}

#[test]
fn a_second_cut_at_the_same_place_keeps_both() {
    let (disk, files) = filled(false);
    let (path, _) = files.last().expect("files");
    let mut kept = Vec::new();
    for _ in 0..2 {
        let length = disk.content(path).expect("it is there").len();
        flip(&disk, path, length - 1);
        let mut open = open_on(&disk).expect("it may be an unfinished write");
        kept.push(open.report.torn.clone().expect("it is reported").kept_in);
        open.commit(99, &group(GROUPS - 1)).expect("a healthy disk");
    }
    assert_ne!(kept.first(), kept.last());
    assert!(kept.iter().all(|path| disk.content(path).is_some()));
}

#[test]
fn frames_that_a_client_plants_in_an_event_prove_nothing() {
    let disk = MemoryDisk::new();
    let mut open = open_on(&disk).expect("a healthy disk");
    let files = journal_files(&disk);
    let path = files.first().expect("there is a journal");
    open.commit(1, &group(1)).expect("a healthy disk");
    let planted = "SXTFRAME".repeat(20);
    let events = vec![sample(1, None, &planted)];
    let length = disk.content(path).expect("it is there").len();
    open.commit(
        2,
        &[Request {
            organization: 2,
            events,
        }],
    )
    .expect("a healthy disk");
    drop(open);
    flip(&disk, path, length + 9);
    let open = open_on(&disk).expect("no frame of ours stands behind");
    assert_eq!(
        open.report.torn.as_ref().map(|torn| torn.offset),
        Some(length as u64)
    );
    assert_eq!(open.events(1).len(), 1);
}

#[test]
fn a_missing_file_is_an_error_that_names_the_next() {
    let (disk, files) = filled(true);
    for (path, next) in files.iter().zip(files.iter().skip(1)) {
        let damaged = disk.kill();
        remove(&damaged, &path.0);
        match error_of(&damaged) {
            StoreError::Gap {
                path: named,
                offset: 0,
                expected,
                found,
            } => {
                assert_eq!(named, next.0);
                assert!(expected < found);
            }
            other => panic!("{other}"),
        }
    }
    let disk = disk.kill();
    for (path, _) in &files {
        remove(&disk, path);
    }
    assert!(matches!(error_of(&disk), StoreError::Missing { .. }));
}

fn remove(disk: &MemoryDisk, path: &Path) {
    use store::disk::Disk;
    disk.remove(path).expect("it is there");
}

#[test]
fn a_file_that_is_cut_short_in_the_middle_of_the_journal_is_an_error() {
    let (disk, files) = filled(false);
    let (path, offsets) = files.first().expect("files");
    let content = disk.content(path).expect("it is there");
    for length in 0..content.len() {
        let damaged = disk.kill();
        damaged.put(path, content.get(..length).expect("shorter").to_vec());
        match error_of(&damaged) {
            StoreError::Damaged {
                path: named,
                offset,
                ..
            } => {
                let start = offsets.iter().rev().find(|start| **start < length as u64);
                assert_eq!((&named, &offset), (path, start.unwrap_or(&0)));
            }
            // Cut between two frames, the next file does not join.
            StoreError::Gap { .. } => assert!(length == 40 || offsets.contains(&(length as u64))),
            other => panic!("{length}: {other}"),
        }
    }
}

#[test]
fn a_file_under_another_name_or_of_another_folder_is_refused() {
    let (disk, files) = filled(true);
    let ((first, _), (second, _)) = (
        files.first().expect("files"),
        files.get(1).expect("two files"),
    );
    let renamed = disk.kill();
    renamed.put(second, disk.content(first).expect("it is there"));
    assert!(matches!(
        error_of(&renamed),
        StoreError::Damaged { offset: 0, .. }
    ));
    let secret = Path::new(PATH).join("secret");
    let foreign = MemoryDisk::new();
    drop(
        store::Folder::open(
            std::sync::Arc::new(foreign.clone()),
            Path::new(PATH),
            [1; 32],
        )
        .expect("a healthy disk"),
    );
    let disk = disk.kill();
    disk.put(&secret, foreign.content(&secret).expect("it is there"));
    assert!(matches!(
        error_of(&disk),
        StoreError::Damaged { offset: 0, .. }
    ));
}

#[test]
fn a_header_of_a_newer_version_is_said_to_be_newer() {
    let (disk, files) = filled(true);
    let (path, _) = files.first().expect("files");
    let mut content = disk.content(path).expect("it is there");
    *content.get_mut(8).expect("the version") = 2;
    let checksum = xxhash_rust::xxh3::xxh3_64(content.get(..32).expect("a header"));
    content
        .get_mut(32..40)
        .expect("a header")
        .copy_from_slice(&checksum.to_le_bytes());
    disk.put(path, content);
    assert!(matches!(
        error_of(&disk),
        StoreError::Newer {
            found: 2,
            supported: 1,
            ..
        }
    ));
}
