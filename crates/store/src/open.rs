//! Opening a store: what is sealed, then the journal behind it; then one writer, one sealer and any number of readers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{OrganizationId, Timestamp};

use crate::derived::Derived;
use crate::error::StoreError;
use crate::files::{damaged, remove_leftovers};
use crate::folder::Folder;
use crate::identities_file;
use crate::journal::{self, Recovered, SEQUENCE_FIRST, Torn};
use crate::key_runs::{KeyRuns, Run};
use crate::limits::{CACHE_BYTES_MAX, JOURNAL_FILE_BYTES_MAX, SEAL_BYTES, SEAL_ROWS};
use crate::manifest::{self, Folders, Manifest};
use crate::reader::Reader;
use crate::seal::Sealer;
use crate::sealed::SealedRows;
use crate::segment::open_segment;
use crate::shared::Shared;
use crate::tail::{Identities, IdentityHasher, Tail};
use crate::writer::{Replayer, Writer};

/// How to open a store. The default is right but for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A journal file that has reached this size is followed by a new one.
    pub journal_file_bytes_max: u64,
    /// From so many events in memory on, [`Sealer::wants_seal`] says yes.
    pub seal_rows: u64,
    /// The same for bytes.
    pub seal_bytes: u64,
    /// Sealed rows that were read are kept in memory up to so many bytes.
    pub cache_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            journal_file_bytes_max: JOURNAL_FILE_BYTES_MAX,
            seal_rows: SEAL_ROWS,
            seal_bytes: SEAL_BYTES,
            cache_bytes_max: CACHE_BYTES_MAX,
        }
    }
}

/// What was found when a store was opened. Somebody should be told of [`Self::torn`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Events in segments and journal.
    pub events: u64,
    /// How many of them are in segments.
    pub events_sealed: u64,
    /// Segments.
    pub segments: usize,
    /// Organizations that have any events.
    pub organizations: usize,
    /// Files of the journal.
    pub journal_files: u64,
    /// Bytes of the journal that were read.
    pub journal_bytes: u64,
    /// Time of receipt of the last group; `None` when there is none.
    pub received_at: Option<Timestamp>,
    /// An unfinished write that was cut off; `None` after a clean end.
    pub torn: Option<Torn>,
}

/// Opens the store of a data folder: reads what is sealed (indexes, keys' filters and identities, no events), replays the journal behind
/// it (about a second a million events) and makes what it replayed durable. Everything that was ever acknowledged is there when
/// it returns. The sealer is with the writer, see [`Writer::take_sealer`].
///
/// # Errors
/// `Damaged`, `Gap`, `Missing`, `Newer`: journal or sealed files are not what was written; no event was changed. `Io`, `NoSpace`,
/// `Write`, `Sync`: what the system refused.
pub fn open(
    folder: &Folder,
    options: Options,
) -> Result<(Writer, Reader, RecoveryReport), StoreError> {
    let derived = Derived::open(folder)?;
    let (manifest, reader) = open_sealed(folder, options, derived)?;
    let from = manifest.journal_from;
    let mut replayer = Replayer::new(reader.clone(), from, manifest.received_at);
    let Recovered {
        journal,
        sequence_next,
        received_at,
        files,
        bytes,
        torn,
    } = journal::recover(folder, options.journal_file_bytes_max, from, |frame| {
        replayer.replay(frame)
    })?;
    journal::cut(&**folder.disk(), &folder.journal_path(), from)?;
    let mut writer = replayer.finish(journal);
    debug_assert_eq!(writer.sequence_next(), sequence_next);
    let sealed_at = Some(manifest.received_at).filter(|_| !manifest.segments.is_empty());
    let report = RecoveryReport {
        events: sequence_next - SEQUENCE_FIRST,
        events_sealed: from - SEQUENCE_FIRST,
        segments: manifest.segments.len(),
        organizations: reader.organizations().len(),
        journal_files: files,
        journal_bytes: bytes,
        received_at: received_at.max(sealed_at),
        torn,
    };
    writer.give_sealer(Sealer::new(
        folder.clone(),
        reader.clone(),
        manifest,
        options.seal_rows,
        options.seal_bytes,
    ));
    Ok((writer, reader, report))
}

/// A reader of what the manifest names. Removes what it does not name.
fn open_sealed(
    folder: &Folder,
    options: Options,
    derived: Derived,
) -> Result<(Manifest, Reader), StoreError> {
    let disk = folder.disk();
    let folders = Folders::of(folder.path());
    let manifest = Manifest::read(&**disk, folder.path())?;
    let manifest_path = folder.path().join(manifest::NAME);
    let misfit = |what| damaged(&manifest_path, 0, what);

    for path in [&folders.segments, &folders.identities, &folders.keys] {
        disk.create_folder(path)
            .map_err(StoreError::io("create folder", path))?;
    }
    let segments: Vec<PathBuf> = (manifest.segments.iter())
        .flat_map(|entry| folders.segment(entry.sequences, entry.number))
        .collect();
    let extensions = ["parquet", "index"];
    remove_leftovers(&**disk, &folders.segments, &extensions, &segments)?;
    let identities: Vec<PathBuf> = (manifest.identities.iter())
        .map(|place| folders.identities(place.number))
        .collect();
    remove_leftovers(&**disk, &folders.identities, &["parquet"], &identities)?;
    let runs: Vec<PathBuf> = (manifest.key_runs.iter())
        .map(|place| folders.run(place.number))
        .collect();
    remove_leftovers(&**disk, &folders.keys, &["keys"], &runs)?;

    let mut sealed: BTreeMap<OrganizationId, SealedRows> = BTreeMap::new();
    let mut sequence_next = SEQUENCE_FIRST;
    for entry in &manifest.segments {
        if entry.sequences.0 != sequence_next || entry.sequences.1 < sequence_next {
            return Err(misfit("segments do not follow each other"));
        }
        sequence_next = entry.sequences.1 + 1;
        for part in open_segment(disk, &folders.segment_place(entry))? {
            let rows = sealed.entry(part.organization).or_default();
            *rows = rows
                .with(&part)
                .ok_or_else(|| misfit("an organization's rows do not follow each other"))?;
        }
    }
    if sequence_next != manifest.journal_from {
        return Err(misfit("the journal does not follow the segments"));
    }

    let hasher = IdentityHasher::new(folder.secret());
    let mut known: BTreeMap<OrganizationId, Identities> = BTreeMap::new();
    for (place, path) in manifest.identities.iter().zip(&identities) {
        identities_file::read(
            &**disk,
            path,
            *place,
            &mut |organization, number, identity| {
                let known = known.entry(organization).or_default();
                let is_next = known.find_or_insert(hasher.hash(identity), identity) == number
                    && known.count() == number + 1;
                is_next.then_some(()).ok_or("identities are not in order")
            },
        )?;
    }

    let runs = (manifest.key_runs.iter().zip(runs))
        .map(|(place, path)| Ok(Arc::new(Run::open(&**disk, path, *place)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let shared = Arc::new(Shared::new(options.cache_bytes_max, KeyRuns::new(runs)));
    let reader = Reader::new(folder.secret(), derived, Arc::clone(&shared));
    for (organization, rows) in sealed {
        let identities = known.remove(&organization).unwrap_or_default();
        if identities.count() != rows.identities_end() {
            return Err(misfit("an organization's identities are not all there"));
        }
        let tail = Tail::recovered(Arc::clone(&shared), rows, identities);
        reader.add(organization, Arc::new(tail));
    }
    Ok((manifest, reader))
}
