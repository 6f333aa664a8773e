//! The manifest: which files hold the sealed events, and from which event on the journal counts.
//!
//! - It is replaced as a whole: written beside, synced, renamed, and the folder synced. So there is the old one or the new
//!   one, and each names only files that were durable before it.
//! - What stands in a folder of sealed files and is not named is a leftover, and is removed at a start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Timestamp;
use domain::packed::{PackedError, Reader, write_len, write_signed, write_varint};
use xxhash_rust::xxh3::xxh3_64;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::{NewFiles, damaged, open, read_exactly};
use crate::identities_file::IdentitiesPlace;
use crate::journal::SEQUENCE_FIRST;
use crate::key_runs::RunPlace;
use crate::segment::SegmentPlace;

pub(crate) const NAME: &str = "MANIFEST";
pub(crate) const NAME_NEW: &str = "MANIFEST.new";
const MAGIC: [u8; 8] = *b"SEXTANTM";
const VERSION: u64 = 1;
const HEADER_BYTES: usize = 32;

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Numbers of files below this one may have been given out.
    pub(crate) number_next: u64,
    /// The sequence number of the first event that is not sealed.
    pub(crate) journal_from: u64,
    /// The time of receipt of the last sealed event; [`Timestamp::MIN`] when there is none.
    pub(crate) received_at: Timestamp,
    /// The oldest first.
    pub(crate) segments: Vec<SegmentEntry>,
    /// The oldest first.
    pub(crate) identities: Vec<IdentitiesPlace>,
    /// The oldest first.
    pub(crate) key_runs: Vec<RunPlace>,
}

/// A segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentEntry {
    /// Names the files, after the sequence numbers.
    pub(crate) number: u64,
    /// The sequence numbers of its first and last event.
    pub(crate) sequences: (u64, u64),
    /// How many bytes its rows have in memory.
    pub(crate) row_bytes: u64,
    /// Of the Parquet file.
    pub(crate) bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) directory_checksum: u64,
}

impl SegmentEntry {
    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        let (first, last) = self.sequences;
        last.saturating_sub(first).saturating_add(1)
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            number_next: 1,
            journal_from: SEQUENCE_FIRST,
            received_at: Timestamp::MIN,
            segments: Vec::new(),
            identities: Vec::new(),
            key_runs: Vec::new(),
        }
    }
}

/// Where sealed files stand.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// The data folder, with the manifest.
    pub(crate) data: PathBuf,
    pub(crate) segments: PathBuf,
    pub(crate) identities: PathBuf,
    pub(crate) keys: PathBuf,
}

/// The names of the folders of sealed files.
pub(crate) const FOLDERS: [&str; 3] = ["segments", "identities", "keys"];

impl Folders {
    pub(crate) fn of(data: &Path) -> Self {
        let [segments, identities, keys] = FOLDERS.map(|name| data.join(name));
        Self {
            data: data.to_owned(),
            segments,
            identities,
            keys,
        }
    }

    pub(crate) fn run(&self, number: u64) -> PathBuf {
        self.keys.join(format!("{number:010}.keys"))
    }

    pub(crate) fn identities(&self, number: u64) -> PathBuf {
        self.identities.join(format!("{number:010}.parquet"))
    }

    /// The Parquet file and the index.
    pub(crate) fn segment(&self, sequences: (u64, u64), number: u64) -> [PathBuf; 2] {
        let (first, last) = sequences;
        ["parquet", "index"].map(|extension| {
            let name = format!("{first:020}-{last:020}-{number:010}.{extension}");
            self.segments.join(name)
        })
    }

    pub(crate) fn segment_place(&self, entry: &SegmentEntry) -> SegmentPlace {
        let [path, index_path] = self.segment(entry.sequences, entry.number);
        SegmentPlace {
            number: entry.number,
            path,
            bytes: entry.bytes,
            index_path,
            index_bytes: entry.index_bytes,
            directory_bytes: entry.directory_bytes,
            directory_checksum: entry.directory_checksum,
        }
    }
}

impl Manifest {
    /// Reads the manifest of a data folder.
    ///
    /// # Errors
    /// `Missing`, `Newer`, `Damaged`, `Io`.
    pub(crate) fn read(disk: &dyn Disk, folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let file = open(disk, &path)?;
        let length = file.length().map_err(StoreError::io("read", &path))?;
        let length = usize::try_from(length).map_err(|_| damaged(&path, 0, "it is too long"))?;
        let content = read_exactly(&*file, &path, 0, length)?;
        let broken = |what| damaged(&path, 0, what);
        let (header, body) = (content.split_first_chunk::<HEADER_BYTES>())
            .ok_or_else(|| broken("the manifest is too short"))?;
        let fields: Vec<_> = header.chunks_exact(8).collect();
        let [magic, version, checksum, own] = fields.as_slice() else {
            return Err(broken("the manifest is too short"));
        };
        let checked = header.get(..HEADER_BYTES - 8).unwrap_or_default();
        if *magic != MAGIC || xxh3_64(checked).to_le_bytes() != **own {
            return Err(broken("the header of the manifest is broken"));
        }
        let number = |field: &[u8]| field.try_into().map_or(0, u64::from_le_bytes);
        if number(version) != VERSION {
            return Err(StoreError::Newer {
                found: number(version),
                supported: VERSION,
                path,
            });
        }
        if xxh3_64(body) != number(checksum) {
            return Err(broken("the manifest does not match its checksum"));
        }
        Self::decode(body).map_err(|error| broken(error.what))
    }

    /// Replaces the manifest. When it returns, the new one is durable. After an error the one or the other is; `is_tried` says
    /// whether it may be the new one.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`, `Io`: what the system refused.
    pub(crate) fn write(
        &self,
        disk: &Arc<dyn Disk>,
        folder: &Path,
        is_tried: &mut bool,
    ) -> Result<(), StoreError> {
        let (path, unfinished) = (folder.join(NAME), folder.join(NAME_NEW));
        match disk.remove(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &unfinished)(error));
            }
            _ => {}
        }
        let mut files = NewFiles::new(Arc::clone(disk));
        let mut file = files.create(unfinished.clone())?;
        file.append(&self.content())?;
        file.finish()?;
        *is_tried = true;
        disk.rename(&unfinished, &path)
            .map_err(StoreError::io("rename", &unfinished))?;
        files.keep();
        disk.sync_folder(folder)
            .map_err(|source| StoreError::sync(folder, source))
    }

    /// The bytes of the file.
    pub(crate) fn content(&self) -> Vec<u8> {
        let body = self.encode();
        let mut content = Vec::with_capacity(HEADER_BYTES + body.len());
        content.extend_from_slice(&MAGIC);
        content.extend_from_slice(&VERSION.to_le_bytes());
        content.extend_from_slice(&xxh3_64(&body).to_le_bytes());
        let checksum = xxh3_64(&content);
        content.extend_from_slice(&checksum.to_le_bytes());
        content.extend_from_slice(&body);
        content
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_varint(self.number_next.into(), &mut out);
        write_varint(self.journal_from.into(), &mut out);
        write_signed(self.received_at.micros().into(), &mut out);
        write_len(self.segments.len(), &mut out);
        for segment in &self.segments {
            let fields = [
                segment.number,
                segment.sequences.0,
                segment.sequences.1,
                segment.row_bytes,
                segment.bytes,
                segment.index_bytes,
                segment.directory_bytes,
            ];
            write_fields(&fields, segment.directory_checksum, &mut out);
        }
        write_len(self.identities.len(), &mut out);
        for file in &self.identities {
            write_fields(&[file.number, file.bytes], file.checksum, &mut out);
        }
        write_len(self.key_runs.len(), &mut out);
        for run in &self.key_runs {
            let fields = [run.number, run.keys, run.bytes, run.directory_bytes];
            write_fields(&fields, run.directory_checksum, &mut out);
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        let ([number_next, journal_from], ()) = (read_numbers(reader)?, ());
        let received_at = (i64::try_from(reader.signed()?).ok())
            .and_then(Timestamp::from_micros)
            .ok_or(PackedError {
                what: "a time is out of range",
            })?;
        let mut segments = Vec::new();
        for _ in 0..reader.len()? {
            let (fields, checksum) = read_fields(reader)?;
            let [
                number,
                first,
                last,
                row_bytes,
                bytes,
                index_bytes,
                directory_bytes,
            ] = fields;
            segments.push(SegmentEntry {
                number,
                sequences: (first, last),
                row_bytes,
                bytes,
                index_bytes,
                directory_bytes,
                directory_checksum: checksum,
            });
        }
        let mut identities = Vec::new();
        for _ in 0..reader.len()? {
            let ([number, bytes], checksum) = read_fields(reader)?;
            identities.push(IdentitiesPlace {
                number,
                bytes,
                checksum,
            });
        }
        let mut key_runs = Vec::new();
        for _ in 0..reader.len()? {
            let ([number, keys, bytes, directory_bytes], checksum) = read_fields(reader)?;
            key_runs.push(RunPlace {
                number,
                keys,
                bytes,
                directory_bytes,
                directory_checksum: checksum,
            });
        }
        if !reader.is_empty() {
            return Err(PackedError {
                what: "the manifest has bytes behind its end",
            });
        }
        Ok(Self {
            number_next,
            journal_from,
            received_at,
            segments,
            identities,
            key_runs,
        })
    }
}

fn write_fields(fields: &[u64], checksum: u64, out: &mut Vec<u8>) {
    for field in fields {
        write_varint((*field).into(), out);
    }
    out.extend_from_slice(&checksum.to_le_bytes());
}

fn read_numbers<const N: usize>(reader: &mut Reader<'_>) -> Result<[u64; N], PackedError> {
    let mut fields = [0; N];
    for field in &mut fields {
        *field = u64::try_from(reader.varint()?).map_err(|_| PackedError {
            what: "a number passes 64 bits",
        })?;
    }
    Ok(fields)
}

fn read_fields<const N: usize>(reader: &mut Reader<'_>) -> Result<([u64; N], u64), PackedError> {
    let fields = read_numbers(reader)?;
    Ok((fields, u64::from_le_bytes(reader.array()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_from_its_bytes() {
        let manifest = Manifest {
            number_next: 9,
            journal_from: 1_000,
            received_at: Timestamp::from_micros(-5).expect("in range"),
            segments: vec![SegmentEntry {
                number: 3,
                sequences: (1, 999),
                row_bytes: 100_000,
                bytes: u64::MAX,
                index_bytes: 1 << 40,
                directory_bytes: 7,
                directory_checksum: u64::MAX - 1,
            }],
            identities: vec![IdentitiesPlace {
                number: 4,
                bytes: 5,
                checksum: 6,
            }],
            key_runs: vec![RunPlace {
                number: 8,
                keys: 999,
                bytes: 77,
                directory_bytes: 12,
                directory_checksum: 13,
            }],
        };
        assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest.clone()));
        let encoded = manifest.encode();
        for length in 0..encoded.len() {
            assert!(Manifest::decode(encoded.get(..length).expect("shorter")).is_err());
        }
    }
}
