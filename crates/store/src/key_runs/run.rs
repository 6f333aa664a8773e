//! One run of keys: a file of sorted hashes with the ordinal of each row, in partitions that have a filter each.
//!
//! Layout: magic and version; for each partition its blocks (see [`super::block`]) and its filter; then the directory (packed) to the end.
//! Partitions keep the making of a filter, and one look-up of it, in little memory, however large the run.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::packed::{PackedError, Reader, write_len, write_varint};
use xxhash_rust::xxh3::xxh3_64;

use super::block::{self, BLOCK_ENTRIES, Block};
use super::filter::Filter;
use crate::disk::{Disk, SharedFile};
use crate::error::StoreError;
use crate::files::{NewFile, damaged, open_named, read_exactly};
use crate::limits::KEYS_PER_PARTITION;

pub(super) const HEADER: [u8; 16] = *b"SEXTANTK\x01\0\0\0\0\0\0\0";
/// So many blocks are read at once by who reads all.
const BLOCKS_AT_ONCE: usize = 64;

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
    /// How many bytes of each hash stand as they are.
    low_bytes: usize,
    /// The first hash of each block.
    fences: Vec<u128>,
    /// Where each block ends, counted from the first.
    ends: Vec<u32>,
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
            partition.filter = partition.read_filter(&*file, &path)?;
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
        let bytes = self.read(partition, block..block + 1)?;
        let block = self.open_block(partition, block, &bytes)?;
        Ok(block.find(hash))
    }

    /// Reads blocks that follow each other.
    fn read(&self, partition: &Partition, blocks: Range<usize>) -> Result<Vec<u8>, StoreError> {
        let (start, end) = (
            partition.block_start(blocks.start),
            partition.block_start(blocks.end),
        );
        let offset = partition.offset + u64::from(start);
        read_exactly(&*self.file, &self.path, offset, (end - start) as usize)
    }

    /// Checks and opens a block.
    fn open_block<'b>(
        &self,
        partition: &Partition,
        block: usize,
        bytes: &'b [u8],
    ) -> Result<Block<'b>, StoreError> {
        let entries = (partition.entries - block * BLOCK_ENTRIES).min(BLOCK_ENTRIES);
        let first = partition.fences.get(block).copied().unwrap_or_default();
        Block::open(bytes, entries, first, partition.low_bytes).ok_or_else(|| {
            let offset = partition.offset + u64::from(partition.block_start(block));
            damaged(&self.path, offset, "keys do not match their checksum")
        })
    }

    /// Reads the whole run back and compares every block and filter with its checksum.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub(crate) fn verify(&self) -> Result<(), StoreError> {
        for (partition, blocks) in self.pieces() {
            self.each_block(partition, blocks, |_| {})?;
        }
        for partition in &self.partitions {
            partition.read_filter(&*self.file, &self.path)?;
        }
        Ok(())
    }

    /// Reads a piece of the entries, which are in order, in place of those in `entries`. Returns whether there is one of that number.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub(super) fn read_piece(
        &self,
        piece: usize,
        entries: &mut Vec<Entry>,
    ) -> Result<bool, StoreError> {
        entries.clear();
        let Some((partition, blocks)) = self.pieces().nth(piece) else {
            return Ok(false);
        };
        entries.reserve(blocks.len() * BLOCK_ENTRIES);
        self.each_block(partition, blocks, |block| entries.extend(block.entries()))?;
        Ok(true)
    }

    /// Blocks that are read at once.
    fn pieces(&self) -> impl Iterator<Item = (&Partition, Range<usize>)> {
        self.partitions.iter().flat_map(|partition| {
            let blocks = partition.fences.len();
            let starts = (0..blocks).step_by(BLOCKS_AT_ONCE);
            starts.map(move |start| (partition, start..blocks.min(start + BLOCKS_AT_ONCE)))
        })
    }

    /// Reads and checks blocks that follow each other.
    fn each_block(
        &self,
        partition: &Partition,
        blocks: Range<usize>,
        mut visit: impl FnMut(Block<'_>),
    ) -> Result<(), StoreError> {
        let bytes = self.read(partition, blocks.clone())?;
        let mut rest = &*bytes;
        for block in blocks {
            let length = partition.block_start(block + 1) - partition.block_start(block);
            let (own, behind) = rest.split_at_checked(length as usize).unwrap_or_default();
            visit(self.open_block(partition, block, own)?);
            rest = behind;
        }
        Ok(())
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
            let entries = std::mem::take(&mut self.waiting);
            self.partition(&entries)?;
            self.waiting = entries;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Adds entries in ascending order, when none were pushed.
    pub(crate) fn extend(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        (entries.chunks(KEYS_PER_PARTITION)).try_for_each(|entries| self.partition(entries))
    }

    fn partition(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else {
            return Ok(());
        };
        // Hashes are spread evenly. Should they not be, all of their bytes are written.
        let low_bytes = block::low_bytes(entries.len(), *first, *last);
        let encoded = encode_blocks(entries, low_bytes).or_else(|| encode_blocks(entries, 16));
        let blocks = encoded.expect("nothing stands above 16 bytes");
        let filter = Filter::of(entries.iter().map(|(hash, _)| *hash));
        let filter_bytes = filter.encode();
        let partition = Partition {
            offset: self.file.position(),
            entries: entries.len(),
            low_bytes: blocks.low_bytes,
            fences: (entries.chunks(BLOCK_ENTRIES))
                .filter_map(|entries| Some(entries.first()?.0))
                .collect(),
            ends: blocks.ends,
            filter,
            filter_bytes: filter_bytes.len() as u64,
            filter_checksum: xxh3_64(&filter_bytes),
        };
        if !partition.has(entries, &blocks.bytes) {
            let what = "keys are not what is read back from their bytes";
            return Err(damaged(self.file.path(), self.file.position(), what));
        }
        self.file.append(&blocks.bytes)?;
        self.file.append(&filter_bytes)?;
        self.keys += entries.len() as u64;
        self.partitions.push(partition);
        Ok(())
    }

    /// Writes what is left and makes the file durable.
    pub(crate) fn finish(
        mut self,
        disk: &dyn Disk,
        path: PathBuf,
        number: u64,
    ) -> Result<Run, StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.partition(&waiting)?;
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
    /// Where a block begins, counted from the first; the one behind the last: where the last ends.
    fn block_start(&self, block: usize) -> u32 {
        let before = block
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        before.copied().unwrap_or(0)
    }

    fn filter_offset(&self) -> u64 {
        self.offset + u64::from(self.block_start(self.fences.len()))
    }

    /// Whether these blocks hold these entries, and the filter lets them pass.
    fn has(&self, entries: &[Entry], blocks: &[u8]) -> bool {
        let chunks = entries.chunks(BLOCK_ENTRIES).enumerate();
        let mut are_same = chunks.map(|(at, entries)| {
            let place = self.block_start(at) as usize..self.block_start(at + 1) as usize;
            let first = self.fences.get(at).copied().unwrap_or_default();
            let block = blocks
                .get(place)
                .and_then(|bytes| Block::open(bytes, entries.len(), first, self.low_bytes));
            block.is_some_and(|block| block.entries().eq(entries.iter().copied()))
        });
        are_same.all(|is_same| is_same)
            && (entries.iter()).all(|(hash, _)| self.filter.may_have(*hash))
    }

    fn read_filter(&self, file: &dyn SharedFile, path: &Path) -> Result<Filter, StoreError> {
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
        Filter::decode(&content).map_err(|error| damaged(path, offset, error.what))
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
        write_len(partition.low_bytes, &mut out);
        for (block, fence) in partition.fences.iter().enumerate() {
            out.extend_from_slice(&fence.to_be_bytes());
            let length = partition.block_start(block + 1) - partition.block_start(block);
            write_varint(length.into(), &mut out);
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
        let low_bytes = usize::try_from(reader.varint()?).map_err(|_| too_large)?;
        if entries > KEYS_PER_PARTITION || low_bytes > 16 {
            return Err(too_large);
        }
        let blocks = entries.div_ceil(BLOCK_ENTRIES);
        let (mut fences, mut ends) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
        let mut end = 0_u32;
        for _ in 0..blocks {
            fences.push(u128::from_be_bytes(reader.array()?));
            let length = u32::try_from(reader.varint()?).ok();
            end = length
                .and_then(|length| end.checked_add(length))
                .ok_or(too_large)?;
            ends.push(end);
        }
        partitions.push(Partition {
            offset,
            entries,
            low_bytes,
            fences,
            ends,
            // Read afterwards.
            filter: Filter::Open,
            filter_bytes,
            filter_checksum,
        });
    }
    Ok(partitions)
}

/// The blocks of a partition.
struct Blocks {
    bytes: Vec<u8>,
    /// See [`Partition`].
    ends: Vec<u32>,
    low_bytes: usize,
}

/// `None`: see [`block::encode`].
fn encode_blocks(entries: &[Entry], low_bytes: usize) -> Option<Blocks> {
    let mut bytes = Vec::with_capacity(entries.len() * (low_bytes + 5));
    let mut ends = Vec::with_capacity(entries.len().div_ceil(BLOCK_ENTRIES));
    for entries in entries.chunks(BLOCK_ENTRIES) {
        block::encode(entries, low_bytes, &mut bytes)?;
        ends.push(u32::try_from(bytes.len()).expect("a partition is far below 4 GiB"));
    }
    Some(Blocks {
        bytes,
        ends,
        low_bytes,
    })
}
