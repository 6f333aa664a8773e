//! The same on a real disk.

use std::fs;
use std::sync::Arc;

use store::disk::RealDisk;
use store::{AppendRequest, Folder, Options, StoreError, open};

use crate::support::{batch_of, micros, organization, sample};

#[test]
fn events_survive_a_restart_on_a_real_disk_and_a_second_server_is_refused() {
    let parent = tempfile::tempdir().expect("a folder for temporary files");
    let path = parent.path().join("new/data");
    let organization = organization(1);
    for round in 0..3_u32 {
        let folder = Folder::open(Arc::new(RealDisk), &path, [5; 32]).expect("a usable folder");
        let second = Folder::open(Arc::new(RealDisk), &path, [5; 32]);
        assert!(matches!(second, Err(StoreError::Locked { .. })));
        let (mut writer, reader, report) = open(&folder, Options::default()).expect("it opens");
        assert_eq!((report.events, report.torn), (u64::from(round), None));
        let events = [
            sample(1, Some("known"), "v"),
            sample(1, Some(&round.to_string()), "v"),
        ];
        let events = if round == 0 {
            &events[..1]
        } else {
            &events[..]
        };
        let (batch, hashes) = batch_of(reader.key_hasher(), organization, events);
        let request = AppendRequest {
            organization,
            batch: &batch,
            hashes: &hashes,
        };
        let answers = writer.commit(micros(1), &[request]).expect("it is written");
        assert_eq!(answers.first().map(|answer| answer.inserted), Some(1));
        assert_eq!(reader.snapshot(organization).rows(), round + 1);
        if round == 1 {
            writer.close().expect("it is marked");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| {
            fs::metadata(path.join(name))
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode("secret"), 0o600);
        assert_eq!(mode(""), 0o700);
    }
    fs::remove_file(path.join("SEXTANT")).expect("it is there");
    fs::write(path.join("other"), "x").expect("it is written");
    let error = Folder::open(Arc::new(RealDisk), &path, [5; 32]).expect_err("no marker");
    assert!(matches!(error, StoreError::Foreign { .. }));
}
