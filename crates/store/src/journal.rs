//! The journal: every accepted event in the order of acceptance, in append-only files.
//!
//! - One frame a group of requests; a frame is begun only after the one before it was synced. So a frame behind
//!   another one proves that the other was acknowledged.
//! - A request is wholly in one frame, and a frame is replayed whole or not at all.
//! - Every byte is under a checksum, and the checksums are under a salt that no client knows, so that nobody can plant a
//!   frame inside an event.
//!
//! docs/file-format.md gives every byte and the rules of recovery.

mod append;
mod file_header;
mod frame;
mod read;
mod recover;

use std::path::{Path, PathBuf};

pub(crate) use append::Journal;
use file_header::FileHeader;
pub(crate) use frame::{Frame, FrameBuilder, PartRows};
pub use recover::Torn;
pub(crate) use recover::{Recovered, recover};

use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::folder::Secret;

/// The sequence number of the first event.
pub(crate) const SEQUENCE_FIRST: u64 = 1;

/// The file that begins with the event `sequence`.
fn file_path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("{sequence:020}.log"))
}

/// The journal's files by the sequence number in their name, ascending. Other files are none of ours.
fn list_files(disk: &dyn Disk, folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let names = disk
        .list(folder)
        .map_err(StoreError::io("list folder", folder))?;
    let mut files: Vec<_> = names
        .iter()
        .filter_map(|name| {
            let digits = name
                .strip_suffix(".log")
                .filter(|digits| digits.len() == 20)?;
            Some((digits.parse().ok()?, folder.join(name)))
        })
        .collect();
    files.sort();
    Ok(files)
}

/// The salt of the checksums in the file that begins with `sequence`.
fn salt(secret: &Secret, sequence: u64) -> u64 {
    let key = secret.derive(&format!("journal checksum {sequence}"));
    u64::from_le_bytes(*key.first_chunk().expect("it has 16 bytes"))
}

/// Whether the journal holds, or may hold, any event. Looks only.
pub(crate) fn holds_frames(disk: &dyn Disk, folder: &Path) -> Result<bool, StoreError> {
    for (_, path) in list_files(disk, folder)? {
        let file = disk.open(&path).map_err(StoreError::io("open", &path))?;
        let length = file.length().map_err(StoreError::io("read", &path))?;
        if length > FileHeader::BYTES as u64 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes an empty journal, in place of one without frames that an interrupted start left.
pub(crate) fn create(disk: &dyn Disk, folder: &Path, secret: &Secret) -> Result<(), StoreError> {
    for (_, path) in list_files(disk, folder)? {
        disk.remove(&path)
            .map_err(StoreError::io("remove", &path))?;
    }
    let path = file_path(folder, SEQUENCE_FIRST);
    let mut file = disk
        .create(&path)
        .map_err(StoreError::io("create", &path))?;
    let header = FileHeader::new(secret, SEQUENCE_FIRST);
    write_header(&mut *file, &path, header)?;
    disk.sync_folder(folder)
        .map_err(StoreError::io("sync folder", folder))
}

/// Removes the files that hold only events before `sequence`; the file that begins with it or the last before it stays.
pub(crate) fn cut(disk: &dyn Disk, folder: &Path, sequence: u64) -> Result<(), StoreError> {
    let files = list_files(disk, folder)?;
    let stays = files.partition_point(|(first, _)| *first <= sequence);
    for (_, path) in files.iter().take(stays.saturating_sub(1)) {
        disk.remove(path).map_err(StoreError::io("remove", path))?;
    }
    Ok(())
}

/// Writes and syncs the header of a file that is empty.
fn write_header(
    file: &mut dyn DiskFile,
    path: &Path,
    header: FileHeader,
) -> Result<(), StoreError> {
    file.write_at(0, &header.encode())
        .map_err(|source| StoreError::write(path, source))?;
    file.sync().map_err(|source| StoreError::sync(path, source))
}
