//! One run of keys: a file of sorted hashes with the ordinal of each row, in partitions that have a filter each.
//!
//! Layout: magic and version; for each partition its blocks and its filter; then the directory (packed) to the end. A block is
//! 4,096 bytes: up to 204 entries of 20 bytes (hash, big endian; ordinal), zeros, and a checksum. Partitions keep the making of a
//! filter, and one look-up of it, in little memory, however large the run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::packed::{PackedError, Reader, write_len, write_varint};
use xxhash_rust::xxh3::xxh3_64;

use super::filter::Filter;
use crate::disk::{Disk, SharedFile};
use crate::error::StoreError;
use crate::files::{NewFile, damaged, open_named, read_exactly};
use crate::limits::KEYS_PER_PARTITION;

pub(super) const HEADER: [u8; 16] = *b"SEXTANTK\x01\0\0\0\0\0\0\0";
pub(super) const BLOCK_BYTES: usize = 4096;
const ENTRY_BYTES: usize = 20;
/// Entries of a block.
const BLOCK_ENTRIES: usize = (BLOCK_BYTES - 8) / ENTRY_BYTES;

/// A key's hash and its row's ordinal.
pub(crate) type Entry = (u128, u32);

/// An open run.
#[derive(Debug)]
pub(crate) struct Run {
    file: Arc<dyn SharedFile>,
    path: PathBuf,
    partitions: Vec<Partition>,
    place: RunPlace,
}

/// What the manifest says of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunPlace {
    /// Names the file.
    pub(crate) number: u64,
    pub(crate) keys: u64,
    pub(crate) bytes: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) directory_checksum: u64,
}

#[derive(Debug)]
struct Partition {
    offset: u64,
    entries: usize,
    /// The first hash of each block.
    fences: Vec<u128>,
    filter: Filter,
    filter_bytes: u64,
    filter_checksum: u64,
}

impl Run {
    /// Opens a run that the manifest names, and reads directory and filters.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: PathBuf,
        place: RunPlace,
    ) -> Result<Self, StoreError> {
        let file = open_named(disk, &path, place.bytes)?;
        if read_exactly(&*file, &path, 0, HEADER.len())? != HEADER {
            return Err(damaged(&path, 0, "it is not a run of keys"));
        }
        let offset = (place.bytes.checked_sub(place.directory_bytes))
            .ok_or_else(|| damaged(&path, 0, "the run is too short"))?;
        let bytes = usize::try_from(place.directory_bytes)
            .map_err(|_| damaged(&path, offset, "the directory is too long"))?;
        let directory = read_exactly(&*file, &path, offset, bytes)?;
        if xxh3_64(&directory) != place.directory_checksum {
            let what = "the directory does not match its checksum";
            return Err(damaged(&path, offset, what));
        }
        let mut partitions =
            decode(&directory).map_err(|error| damaged(&path, offset, error.what))?;
        for partition in &mut partitions {
            partition.read_filter(&*file, &path)?;
        }
        Ok(Self {
            file,
            path,
            partitions,
            place,
        })
    }

    pub(crate) fn place(&self) -> RunPlace {
        self.place
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn partition(&self, hash: u128) -> Option<&Partition> {
        let begins_before =
            |partition: &Partition| partition.fences.first().is_some_and(|first| *first <= hash);
        let after = self.partitions.partition_point(begins_before);
        self.partitions.get(after.checked_sub(1)?)
    }

    /// Whether a hash may be in the run. Looks into memory alone.
    pub(crate) fn may_have(&self, hash: u128) -> bool {
        self.partition(hash)
            .is_some_and(|partition| partition.filter.may_have(hash))
    }

    /// The ordinal under a hash. One read of a block.
    pub(crate) fn find(&self, hash: u128) -> Result<Option<u32>, StoreError> {
        let Some(partition) = self.partition(hash) else {
            return Ok(None);
        };
        let after = partition.fences.partition_point(|fence| *fence <= hash);
        let Some(block) = after.checked_sub(1) else {
            return Ok(None);
        };
        let entries = self.block(partition, block)?;
        let found = entries.binary_search_by_key(&hash, |(hash, _)| *hash);
        Ok(found
            .ok()
            .and_then(|at| entries.get(at))
            .map(|(_, ordinal)| *ordinal))
    }

    /// How many blocks it has.
    fn block(&self, partition: &Partition, block: usize) -> Result<Vec<Entry>, StoreError> {
        let offset = partition.offset + (block * BLOCK_BYTES) as u64;
        let bytes = read_exactly(&*self.file, &self.path, offset, BLOCK_BYTES)?;
        let entries = (partition.entries - block * BLOCK_ENTRIES).min(BLOCK_ENTRIES);
        decode_block(&bytes, entries)
            .ok_or_else(|| damaged(&self.path, offset, "keys do not match their checksum"))
    }

    /// All entries in order, read in pieces; ends after an error.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, StoreError>> {
        let blocks = (self.partitions.iter())
            .flat_map(|partition| (0..partition.fences.len()).map(move |block| (partition, block)));
        blocks.flat_map(|(partition, block)| {
            let (entries, error) = match self.block(partition, block) {
                Ok(entries) => (entries, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            entries.into_iter().map(Ok).chain(error)
        })
    }
}

/// Writes a run from entries that come in ascending order.
#[derive(Debug)]
pub(crate) struct RunWriter {
    file: NewFile,
    partitions: Vec<Partition>,
    waiting: Vec<Entry>,
    keys: u64,
}

impl RunWriter {
    pub(crate) fn new(mut file: NewFile) -> Result<Self, StoreError> {
        file.append(&HEADER)?;
        Ok(Self {
            file,
            partitions: Vec::new(),
            waiting: Vec::new(),
            keys: 0,
        })
    }

    /// Adds an entry, whose hash is greater than that of the one before.
    pub(crate) fn push(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.waiting.push(entry);
        if self.waiting.len() == KEYS_PER_PARTITION {
            self.partition()?;
        }
        Ok(())
    }

    fn partition(&mut self) -> Result<(), StoreError> {
        let offset = self.file.position();
        let mut fences = Vec::with_capacity(self.waiting.len() / BLOCK_ENTRIES + 1);
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        for entries in self.waiting.chunks(BLOCK_ENTRIES) {
            fences.extend(entries.first().map(|(hash, _)| *hash));
            block.clear();
            for (hash, ordinal) in entries {
                block.extend_from_slice(&hash.to_be_bytes());
                block.extend_from_slice(&ordinal.to_le_bytes());
            }
            block.resize(BLOCK_BYTES - 8, 0);
            let checksum = xxh3_64(&block);
            block.extend_from_slice(&checksum.to_le_bytes());
            self.file.append(&block)?;
        }
        let filter = Filter::of(self.waiting.iter().map(|(hash, _)| *hash));
        let bytes = filter.encode();
        self.file.append(&bytes)?;
        self.keys += self.waiting.len() as u64;
        self.partitions.push(Partition {
            offset,
            entries: self.waiting.len(),
            fences,
            filter,
            filter_bytes: bytes.len() as u64,
            filter_checksum: xxh3_64(&bytes),
        });
        self.waiting.clear();
        Ok(())
    }

    /// Writes what is left and makes the file durable.
    pub(crate) fn finish(
        mut self,
        disk: &dyn Disk,
        path: PathBuf,
        number: u64,
    ) -> Result<Run, StoreError> {
        if !self.waiting.is_empty() {
            self.partition()?;
        }
        let directory = encode(&self.partitions);
        self.file.append(&directory)?;
        let bytes = self.file.finish()?;
        Ok(Run {
            file: open_named(disk, &path, bytes)?,
            path,
            place: RunPlace {
                number,
                keys: self.keys,
                bytes,
                directory_bytes: directory.len() as u64,
                directory_checksum: xxh3_64(&directory),
            },
            partitions: self.partitions,
        })
    }
}

impl Partition {
    fn filter_offset(&self) -> u64 {
        self.offset + (self.fences.len() * BLOCK_BYTES) as u64
    }

    fn read_filter(&mut self, file: &dyn SharedFile, path: &Path) -> Result<(), StoreError> {
        let offset = self.filter_offset();
        let bytes = usize::try_from(self.filter_bytes)
            .map_err(|_| damaged(path, offset, "a filter is too long"))?;
        let content = read_exactly(file, path, offset, bytes)?;
        if xxh3_64(&content) != self.filter_checksum {
            return Err(damaged(
                path,
                offset,
                "a filter does not match its checksum",
            ));
        }
        self.filter =
            Filter::decode(&content).map_err(|error| damaged(path, offset, error.what))?;
        Ok(())
    }
}

fn encode(partitions: &[Partition]) -> Vec<u8> {
    let mut out = Vec::new();
    write_len(partitions.len(), &mut out);
    for partition in partitions {
        write_varint(partition.offset.into(), &mut out);
        write_len(partition.entries, &mut out);
        write_varint(partition.filter_bytes.into(), &mut out);
        out.extend_from_slice(&partition.filter_checksum.to_le_bytes());
        for fence in &partition.fences {
            out.extend_from_slice(&fence.to_be_bytes());
        }
    }
    out
}

fn decode(directory: &[u8]) -> Result<Vec<Partition>, PackedError> {
    let too_large = PackedError {
        what: "a partition is too large",
    };
    let mut reader = Reader::new(directory);
    let mut partitions = Vec::new();
    for _ in 0..reader.len()? {
        let offset = u64::try_from(reader.varint()?).map_err(|_| too_large)?;
        let entries = usize::try_from(reader.varint()?).map_err(|_| too_large)?;
        let filter_bytes = u64::try_from(reader.varint()?).map_err(|_| too_large)?;
        let filter_checksum = u64::from_le_bytes(reader.array()?);
        if entries > KEYS_PER_PARTITION {
            return Err(too_large);
        }
        let mut fences = Vec::with_capacity(entries.div_ceil(BLOCK_ENTRIES));
        for _ in 0..entries.div_ceil(BLOCK_ENTRIES) {
            fences.push(u128::from_be_bytes(reader.array()?));
        }
        partitions.push(Partition {
            offset,
            entries,
            fences,
            // Read afterwards.
            filter: Filter::Open,
            filter_bytes,
            filter_checksum,
        });
    }
    Ok(partitions)
}

fn decode_block(bytes: &[u8], entries: usize) -> Option<Vec<Entry>> {
    let (checked, checksum) = bytes.split_last_chunk::<8>()?;
    if xxh3_64(checked).to_le_bytes() != *checksum {
        return None;
    }
    let entry = |bytes: &[u8]| {
        let (hash, ordinal) = bytes.split_first_chunk::<16>()?;
        let ordinal = u32::from_le_bytes(ordinal.try_into().ok()?);
        Some((u128::from_be_bytes(*hash), ordinal))
    };
    checked
        .chunks_exact(ENTRY_BYTES)
        .take(entries)
        .map(entry)
        .collect()
}
