//! The data folder: new, old, foreign, newer, damaged, in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::testing::{Fault, MemoryDisk, Survives};
use store::{Folder, StoreError};

use crate::support::{PATH, Request, open_on, sample};

fn open(disk: &MemoryDisk, entropy: u8) -> Result<Folder, StoreError> {
    Folder::open(Arc::new(disk.clone()), Path::new(PATH), [entropy; 32])
}

fn path(name: &str) -> PathBuf {
    Path::new(PATH).join(name)
}

#[test]
fn a_new_folder_keeps_its_secret() {
    let disk = MemoryDisk::new();
    let folder = open(&disk, 1).expect("a healthy disk");
    assert!(folder.is_new());
    assert_eq!(folder.secret().bytes(), &[1; 32]);
    drop(folder);
    let folder = open(&disk, 2).expect("a healthy disk");
    assert!(!folder.is_new());
    assert_eq!(folder.secret().bytes(), &[1; 32]);
    assert_ne!(folder.secret().derive("one"), folder.secret().derive("two"));
}

#[test]
fn the_marker_says_what_the_folder_is() {
    let disk = MemoryDisk::new();
    drop(open(&disk, 1).expect("a healthy disk"));
    let marker = disk.content(&path("SEXTANT")).expect("there is a marker");
    assert!(String::from_utf8_lossy(&marker).starts_with("Sextant data folder"));
}

#[test]
fn a_second_process_is_refused_until_the_first_has_ended() {
    let disk = MemoryDisk::new();
    let first = open(&disk, 1).expect("a healthy disk");
    let error = open(&disk, 1).expect_err("it is in use");
    assert!(matches!(&error, StoreError::Locked { path } if path.ends_with("LOCK")));
    assert!(error.to_string().contains("/data/LOCK"));
    drop(first);
    assert!(open(&disk, 1).is_ok());
}

#[test]
fn a_foreign_folder_is_refused_and_not_touched() {
    let disk = MemoryDisk::new();
    drop(open(&disk, 1).expect("a healthy disk"));
    let disk = MemoryDisk::new();
    store::disk::Disk::create_folder(&disk, Path::new(PATH)).expect("a healthy disk");
    disk.put(&path("thesis.txt"), b"mine".to_vec());
    let error = open(&disk, 1).expect_err("it is not ours");
    assert!(matches!(&error, StoreError::Foreign { path, .. } if path == Path::new(PATH)));
    assert_eq!(disk.paths(), [path("thesis.txt")]);
}

#[test]
fn an_empty_volume_is_taken() {
    let disk = MemoryDisk::new();
    store::disk::Disk::create_folder(&disk, &path("lost+found")).expect("a healthy disk");
    assert!(
        open(&disk, 1)
            .expect("empty but for what volumes have")
            .is_new()
    );
}

#[test]
fn a_newer_or_damaged_marker_is_refused_and_nothing_written() {
    let disk = MemoryDisk::new();
    drop(open(&disk, 1).expect("a healthy disk"));
    let marker = disk.content(&path("SEXTANT")).expect("there is a marker");
    let text = String::from_utf8(marker.clone()).expect("it is text");
    let newer = text.replace("version: 1", "version: 2") + "something: new\n";
    let damages = [
        (newer, "newer"),
        (text.replace("Sextant", "sextant"), "damaged"),
        (text.replace("version: 1", "version: 0"), "damaged"),
        (text.replace("version: 1", "version: one"), "damaged"),
        (text.trim_end().to_owned(), "damaged"),
        (String::new(), "damaged"),
    ];
    for (content, expected) in damages {
        disk.put(&path("SEXTANT"), content.into_bytes());
        let paths = disk.paths();
        let error = open(&disk, 2).expect_err("it is not usable");
        match (&error, expected) {
            (
                StoreError::Newer {
                    found: 2,
                    supported: 1,
                    path,
                },
                "newer",
            )
            | (StoreError::Damaged { path, .. }, "damaged") => assert!(path.ends_with("SEXTANT")),
            _ => panic!("{error} is not {expected}"),
        }
        assert_eq!(disk.paths(), paths);
    }
    disk.put(&path("SEXTANT"), marker);
    assert_eq!(
        open(&disk, 2).expect("as it was").secret().bytes(),
        &[1; 32]
    );
}

#[test]
fn a_missing_or_damaged_secret_is_refused_and_not_replaced() {
    let disk = MemoryDisk::new();
    drop(open(&disk, 1).expect("a healthy disk"));
    let secret = disk.content(&path("secret")).expect("there is a secret");
    for index in 0..secret.len() {
        let mut content = secret.clone();
        *content.get_mut(index).expect("within it") ^= 1;
        disk.put(&path("secret"), content);
        let error = open(&disk, 2).expect_err("it is damaged");
        assert!(matches!(&error, StoreError::Damaged { path, .. } if path.ends_with("secret")));
    }
    store::disk::Disk::remove(&disk, &path("secret")).expect("it is there");
    let error = open(&disk, 2).expect_err("it is missing");
    assert!(matches!(&error, StoreError::Missing { path } if path.ends_with("secret")));
}

#[test]
fn a_removed_marker_does_not_make_a_folder_with_events_new() {
    let disk = MemoryDisk::new();
    let mut store = open_on(&disk).expect("a healthy disk");
    let events = vec![sample(1, None, "value")];
    store
        .commit(
            1,
            &[Request {
                organization: 1,
                events,
            }],
        )
        .expect("a healthy disk");
    drop(store);
    store::disk::Disk::remove(&disk, &path("SEXTANT")).expect("it is there");
    let error = open(&disk, 2).expect_err("the marker is missing");
    assert!(matches!(&error, StoreError::Missing { path } if path.ends_with("SEXTANT")));
}

#[test]
fn an_interrupted_creation_is_made_anew_at_whatever_operation() {
    for after in 0.. {
        let disk = MemoryDisk::new();
        disk.fail_after(after, Fault::Die { written: 20 });
        let is_done = open(&disk, 1).is_ok();
        for names in [false, true] {
            for unsynced_bytes in [0, 5, 1_000] {
                let disk = disk.cut_power(Survives {
                    unsynced_bytes,
                    lengths: true,
                    names,
                });
                let folder = open(&disk, 2).expect("it is finished or made anew");
                let entropy = if folder.is_new() { 2 } else { 1 };
                assert_eq!(folder.secret().bytes(), &[entropy; 32]);
                drop(folder);
                open_on(&disk).expect("a usable folder");
            }
        }
        if is_done {
            break;
        }
    }
}
