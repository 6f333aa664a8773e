//! Derived state: kept, replaced, and absent when it is not what was saved.

use std::path::{Path, PathBuf};

use store::testing::{Fault, MemoryDisk, Survives};

use crate::support::{PATH, open_on, organization};

fn file(name: &str) -> PathBuf {
    Path::new(PATH)
        .join("derived")
        .join(format!("{}-{name}", organization(1)))
}

#[test]
fn what_was_saved_last_is_loaded_also_after_a_power_cut() {
    let disk = MemoryDisk::new();
    let open = open_on(&disk).expect("a healthy disk");
    let derived = open.reader.derived();
    let load = |name: &str| derived.load(organization(1), name).expect("healthy");
    assert_eq!(load("cube"), None);
    for content in [&b"first"[..], b"", b"second"] {
        (derived.save(organization(1), "cube", content)).expect("a healthy disk");
        assert_eq!(load("cube").as_deref(), Some(content));
    }
    assert_eq!(load("cube2"), None);
    assert_eq!(
        derived.load(organization(2), "cube").expect("healthy"),
        None
    );
    let survives = Survives {
        unsynced_bytes: 0,
        lengths: false,
        names: true,
    };
    let open = open_on(&disk.cut_power(survives)).expect("a healthy disk");
    let derived = open.reader.derived();
    let load = |name: &str| derived.load(organization(1), name).expect("healthy");
    assert_eq!(load("cube").as_deref(), Some(&b"second"[..]));
    for _ in 0..2 {
        derived.remove(organization(1), "cube").expect("healthy");
        assert_eq!(load("cube"), None);
    }
}

#[test]
fn what_is_damaged_moved_or_of_another_folder_is_absent() {
    let disk = MemoryDisk::new();
    let open = open_on(&disk).expect("a healthy disk");
    let derived = open.reader.derived();
    (derived.save(organization(1), "cube", b"content")).expect("a healthy disk");
    let load = |name: &str| derived.load(organization(1), name).expect("healthy");
    let whole = disk.content(&file("cube")).expect("it is there");
    for length in 0..whole.len() {
        disk.put(
            &file("cube"),
            whole.get(..length).expect("shorter").to_vec(),
        );
        assert_eq!(load("cube"), None);
        let mut flipped = whole.clone();
        *flipped.get_mut(length).expect("within it") ^= 4;
        disk.put(&file("cube"), flipped);
        assert_eq!(load("cube"), None);
    }
    disk.put(&file("other"), whole.clone());
    assert_eq!(load("other"), None);
    let elsewhere = MemoryDisk::new();
    let folder = store::Folder::open(
        std::sync::Arc::new(elsewhere.clone()),
        Path::new(PATH),
        [1; 32],
    )
    .expect("a healthy disk");
    let (_, reader, _) = store::open(&folder, store::Options::default()).expect("healthy");
    elsewhere.put(&file("cube"), whole);
    let foreign = reader.derived().load(organization(1), "cube");
    assert_eq!(foreign.expect("healthy"), None);
}

#[test]
fn a_save_that_fails_at_whatever_operation_leaves_the_old_or_the_new_and_no_file_more() {
    for after in 0..8 {
        for fault in [Fault::NoSpace { written: 3 }, Fault::Die { written: 3 }] {
            let disk = MemoryDisk::new();
            let open = open_on(&disk).expect("a healthy disk");
            let derived = open.reader.derived();
            (derived.save(organization(1), "cube", b"old")).expect("a healthy disk");
            disk.fail_after(after, fault);
            let is_saved = derived.save(organization(1), "cube", b"new").is_ok();
            assert_eq!(is_saved, after > 4);
            let open = open_on(&disk.kill()).expect("a healthy disk");
            let derived = open.reader.derived();
            let found = derived.load(organization(1), "cube").expect("healthy");
            let found = found.expect("one of them is there");
            assert!(found == b"new" || !is_saved && found == b"old");
            let disk = disk.kill();
            drop(open_on(&disk).expect("a healthy disk"));
            let files = disk.paths();
            let derived = files
                .iter()
                .filter(|path| path.to_string_lossy().contains("derived"));
            assert_eq!(derived.count(), 1);
        }
    }
}
