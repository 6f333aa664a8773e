//! Sealing: from memory to files, while events are taken in and questions answered.
//!
//! The order of things, each durable before the next:
//! 1. the files of the segment, its identities and its keys are written, synced, and read back: every value must be what it was;
//! 2. the manifest names them, and says that the journal counts from the event behind them;
//! 3. readers and the writer are told: keys first, then rows; memory is freed here, off the writer's thread;
//! 4. journal files that hold nothing else are removed.
//!
//! A crash or a failure before 2 leaves everything as it was, and files that nobody names; after it, at most journal files that a start
//! does not read any more. The writer never waits for a seal; it is asked to begin a new journal file, and goes on.

mod keys;
mod segments;

use std::path::Path;
use std::sync::Arc;

use domain::{OrganizationId, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::files::NewFiles;
use crate::folder::Folder;
use crate::identities_file::{self, IdentitiesPlace, Numbered};
use crate::journal;
use crate::key_runs::{self, Entry, KeyRuns, Run, RunWriter};
use crate::keys::KeyHasher;
use crate::limits::{RELEASE_ATTEMPTS_MAX, TABLE_ENTRIES_UNSPLIT};
use crate::manifest::{Folders, Manifest, SegmentEntry};
use crate::reader::Reader;
use crate::sealed::SealedRows;
use crate::segment::{Part, RowSource, Sealable, SegmentWriter};
use crate::shared::Shared;
use crate::tail::{CopyIdentities, Tail, View};

/// Moves events from memory and journal to files. There is one a data folder; run it on a thread of its own.
#[derive(Debug)]
pub struct Sealer {
    folder: Folder,
    folders: Folders,
    reader: Reader,
    shared: Arc<Shared>,
    manifest: Manifest,
    /// The number of the next file; numbers of files whose writing failed are not used again.
    number_next: u64,
    rows_max: u64,
    bytes_max: u64,
    segments: SegmentWriter,
    key_merge: Option<keys::KeyMerge>,
    /// Not removed yet.
    replaced: Vec<segments::Replaced>,
    /// Room for keys while they are sorted.
    room: Vec<Entry>,
}

/// What a seal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// How many events were sealed.
    pub events: u64,
    /// Of how many organizations.
    pub organizations: usize,
    /// Bytes of the files that hold them: events, where they are, their keys and their new identities.
    pub bytes: u64,
    /// How many of these bytes hold the events themselves.
    pub segment_bytes: u64,
}

/// What is sealed of an organization.
struct Source {
    tail: Arc<Tail>,
    before: Arc<SealedRows>,
    rows: RowSource,
}

/// A segment's files: what the manifest says of them, the part of each source, and its keys; see [`crate::segment::Written`].
type WrittenSegment = (SegmentEntry, Vec<Arc<Part>>, Vec<Vec<Entry>>);

/// Files that were written and what they hold.
struct Prepared {
    manifest: Manifest,
    parts: Vec<Arc<Part>>,
    /// Of each source, hash and ordinal of each row with a key.
    keys: Vec<Vec<Entry>>,
    run: Option<Arc<Run>>,
    sealed: Sealed,
}

impl Sealer {
    pub(crate) fn new(
        folder: Folder,
        reader: Reader,
        manifest: Manifest,
        rows_max: u64,
        bytes_max: u64,
    ) -> Self {
        Self {
            folders: Folders::of(folder.path()),
            shared: Arc::clone(reader.shared()),
            number_next: manifest.number_next,
            segments: SegmentWriter::new(xxh3_64(&folder.secret().derive("word hash"))),
            key_merge: None,
            replaced: Vec::new(),
            room: Vec::new(),
            folder,
            reader,
            manifest,
            rows_max,
            bytes_max,
        }
    }

    /// Whether so much is in memory that it should be sealed. Costs nothing.
    pub fn wants_seal(&self) -> bool {
        let (rows, bytes) = self.shared.tail();
        rows >= self.rows_max || bytes >= self.bytes_max
    }

    /// Seals everything that is acknowledged now; `None` when all of it is. Takes one to two seconds for half a million events, and about
    /// as much memory again as their columns.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`, `Io`, `Damaged`: nothing is lost and nothing has changed for readers and the writer. It may be tried
    /// again.
    pub fn seal(&mut self) -> Result<Option<Sealed>, StoreError> {
        let end = self.shared.published_end();
        if end <= self.manifest.journal_from {
            return Ok(None);
        }
        self.shared.ask_to_rotate();
        let sources = self.gather(end);
        let prepared = self.prepare(end, &sources)?;
        let sealed = prepared.sealed.clone();
        let views = self.publish(prepared, sources);
        self.cut_journal();
        self.remove_replaced();
        views.into_iter().for_each(release);
        Ok(Some(sealed))
    }

    /// Merges what has become many small files, one step: the keys of about two seals, or some segments that together have fewer events
    /// than one. Returns whether it did anything; call it until it does not, with seals between the steps when there are events to seal.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn compact(&mut self) -> Result<bool, StoreError> {
        self.remove_replaced();
        Ok(self.merge_keys()? || self.merge_segments()?)
    }

    /// The rows of all organizations that are before `end` and not sealed.
    fn gather(&self, end: u64) -> Vec<Source> {
        let source = |(organization, tail): (OrganizationId, Arc<Tail>)| {
            let (before, view) = tail.published();
            let ordinal_end = view.partition_point(|block, row| block.row(row).sequence < end);
            let first = before.rows();
            if ordinal_end <= first {
                return None;
            }
            let mut blocks = Vec::new();
            let mut identities_end = before.identities_end();
            for block in view.blocks_from(first) {
                let ordinals = block.ordinals();
                let rows = first.clamp(ordinals.start, ordinals.end)
                    ..ordinal_end.clamp(ordinals.start, ordinals.end);
                if rows.is_empty() {
                    break;
                }
                let rows =
                    (rows.start - ordinals.start) as usize..(rows.end - ordinals.start) as usize;
                let identities = block.identities().get(rows.clone());
                let greatest = identities.and_then(|identities| identities.iter().max());
                identities_end =
                    greatest.map_or(identities_end, |greatest| identities_end.max(greatest + 1));
                blocks.push((Arc::clone(block), rows));
            }
            Some(Source {
                tail,
                before,
                rows: RowSource {
                    organization,
                    blocks,
                    identities_end,
                },
            })
        };
        self.reader.tails().into_iter().filter_map(source).collect()
    }

    /// Steps 1 and 2: when it returns, a start finds these rows sealed.
    fn prepare(&mut self, end: u64, sources: &[Source]) -> Result<Prepared, StoreError> {
        let disk = Arc::clone(self.folder.disk());
        let mut files = NewFiles::new(Arc::clone(&disk));
        let mut manifest = self.manifest.clone();
        let events = end - manifest.journal_from;
        let rows: usize = sources.iter().map(|source| source.rows.rows()).sum();
        assert_eq!(
            rows as u64, events,
            "each event is a row of one organization"
        );

        let rows: Vec<Sealable<'_>> = (sources.iter())
            .map(|source| (&source.rows, &*source.tail as &dyn CopyIdentities))
            .collect();
        let hasher = self.reader.key_hasher();
        let sequences = (manifest.journal_from, end - 1);
        let (entry, parts, mut keys) =
            self.write_segment(&mut files, sequences, &rows, Some(hasher))?;
        manifest.segments.push(entry);
        let last = |part: &Arc<Part>| part.groups.last().map(|group| group.received_at.1);
        let received_at = parts.iter().filter_map(last).max();
        manifest.received_at = received_at
            .unwrap_or(Timestamp::MIN)
            .max(manifest.received_at);
        self.write_identities(&mut files, sources, &mut manifest)?;
        let run = self.write_keys(&mut files, &mut keys, &mut manifest)?;
        verify(&parts)?;
        for folder in [
            &self.folders.segments,
            &self.folders.identities,
            &self.folders.keys,
        ] {
            sync_folder(&*disk, folder)?;
        }
        manifest.journal_from = end;
        manifest.number_next = self.number_next;
        let segment_bytes = manifest.segments.last().map_or(0, |segment| segment.bytes);
        let bytes = written_bytes(&manifest) - written_bytes(&self.manifest);
        self.replace_manifest(manifest.clone(), files)?;
        Ok(Prepared {
            manifest,
            parts,
            keys,
            run,
            sealed: Sealed {
                events,
                organizations: sources.len(),
                bytes,
                segment_bytes,
            },
        })
    }

    /// Writes the files of a segment. Its keys are there if there is a hasher.
    fn write_segment(
        &mut self,
        files: &mut NewFiles,
        sequences: (u64, u64),
        sources: &[Sealable<'_>],
        hasher: Option<KeyHasher>,
    ) -> Result<WrittenSegment, StoreError> {
        let number = self.take_number();
        let [path, index_path] = self.folders.segment(sequences, number);
        let mut written = (self.segments).write(files, path, index_path, sources, hasher)?;
        let keys = std::mem::take(&mut written.keys);
        let row_bytes = sources.iter().map(|(rows, _)| rows.size().1).sum();
        let entry = SegmentEntry {
            number,
            sequences,
            row_bytes,
            bytes: written.bytes,
            index_bytes: written.index_bytes,
            directory_bytes: written.directory_bytes,
            directory_checksum: written.directory_checksum,
        };
        let place = self.folders.segment_place(&entry);
        Ok((entry, written.parts(self.folder.disk(), &place), keys))
    }

    fn write_identities(
        &mut self,
        files: &mut NewFiles,
        sources: &[Source],
        manifest: &mut Manifest,
    ) -> Result<(), StoreError> {
        let mut identities: Vec<Numbered> = Vec::new();
        for source in sources {
            let numbers: Vec<u32> =
                (source.before.identities_end()..source.rows.identities_end).collect();
            let copied = source
                .tail
                .copy(&numbers)
                .expect("rows have known identities");
            let numbered = copied
                .iter()
                .zip(numbers)
                .map(|(identity, number)| (source.rows.organization, number, identity.to_owned()));
            identities.extend(numbered);
        }
        if identities.is_empty() {
            return Ok(());
        }
        let number = self.take_number();
        let path = self.folders.identities(number);
        let file = files.create(path.clone())?;
        let (bytes, checksum) = identities_file::write(file, &path, &identities)?;
        manifest.identities.push(IdentitiesPlace {
            number,
            bytes,
            checksum,
        });
        Ok(())
    }

    fn write_keys(
        &mut self,
        files: &mut NewFiles,
        keys: &mut [Vec<Entry>],
        manifest: &mut Manifest,
    ) -> Result<Option<Arc<Run>>, StoreError> {
        let mut all = Vec::new();
        // Those of a single organization, the largest there are, are not copied. Later their order is of no importance.
        let keys = match keys {
            [keys] => keys,
            several => {
                all.extend(several.iter().flatten().copied());
                &mut all
            }
        };
        if keys.is_empty() {
            return Ok(None);
        }
        key_runs::sort(keys, &mut self.room);
        let number = self.take_number();
        let path = self.folders.run(number);
        let mut writer = RunWriter::new(files.create(path.clone())?)?;
        writer.extend(keys)?;
        let run = writer.finish(&**self.folder.disk(), path, number)?;
        run.verify()?;
        manifest.key_runs.push(run.place());
        Ok(Some(Arc::new(run)))
    }

    /// Makes a manifest the one that counts, and keeps the files that it names. After a failure that leaves open which one counts, the files
    /// are kept too.
    fn replace_manifest(&mut self, manifest: Manifest, files: NewFiles) -> Result<(), StoreError> {
        let mut is_tried = false;
        let written = manifest.write(self.folder.disk(), &self.folders.data, &mut is_tried);
        if is_tried {
            files.keep();
        }
        written?;
        self.manifest = manifest;
        Ok(())
    }

    /// Step 3. Returns what held the rows in memory.
    fn publish(&mut self, prepared: Prepared, sources: Vec<Source>) -> Vec<View> {
        let runs = self.shared.key_runs();
        let runs = runs.runs().iter().cloned().chain(prepared.run).collect();
        self.shared.set_key_runs(KeyRuns::new(runs));
        let mut views = Vec::with_capacity(sources.len());
        for ((source, part), keys) in sources.into_iter().zip(prepared.parts).zip(&prepared.keys) {
            forget_keys(&source.tail, keys, &mut self.room);
            let sealed = source
                .before
                .with(&part)
                .expect("its rows follow those sealed before");
            let (rows, bytes) = source.rows.size();
            views.push(source.tail.seal(sealed));
            self.shared.take_from_tail(rows, bytes);
        }
        self.segments.take_back(prepared.keys);
        debug_assert_eq!(prepared.manifest, self.manifest);
        views
    }

    /// Step 4. What cannot be removed now is removed after the next seal or at the next start.
    fn cut_journal(&self) {
        let path = self.folder.journal_path();
        let begins_at = self
            .shared
            .journal_begins_at()
            .min(self.manifest.journal_from);
        let _cut = journal::cut(&**self.folder.disk(), &path, begins_at);
    }

    fn take_number(&mut self) -> u64 {
        let number = self.number_next;
        self.number_next += 1;
        number
    }
}

/// Reads the files of the segment of these parts back.
fn verify(parts: &[Arc<Part>]) -> Result<(), StoreError> {
    if let Some((first, others)) = parts.split_first() {
        first.verify()?;
        others.iter().try_for_each(|part| part.verify_postings())?;
    }
    Ok(())
}

/// Forgets keys that the runs know by now. `room` is a buffer for them.
fn forget_keys(tail: &Tail, keys: &[Entry], room: &mut Vec<Entry>) {
    if keys.len() < TABLE_ENTRIES_UNSPLIT {
        return tail.forget_keys(keys);
    }
    // By the bits that a large index of keys is split by, so that each of its tables is in the processor's cache while it is looked
    // into.
    key_runs::distribute(keys, room, 8, |(hash, _)| *hash >> 48 & 0xff);
    tail.forget_keys(room);
}

/// Frees what held sealed rows, unless a snapshot holds it too. Waits for a commit that is under way, so that the writer does not
/// have to do it.
fn release(view: View) {
    for _ in 0..RELEASE_ATTEMPTS_MAX {
        if view.is_unshared() {
            break;
        }
        std::thread::yield_now();
    }
    drop(view);
}

fn sync_folder(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    disk.sync_folder(path)
        .map_err(|source| StoreError::sync(path, source))
}

/// Bytes of all files that a manifest names.
fn written_bytes(manifest: &Manifest) -> u64 {
    let segments = (manifest.segments.iter()).map(|segment| segment.bytes + segment.index_bytes);
    let identities = manifest.identities.iter().map(|file| file.bytes);
    let keys = manifest.key_runs.iter().map(|run| run.bytes);
    segments.chain(identities).chain(keys).sum()
}
