//! The disk in memory.
//!
//! What it models, because the store has to survive it:
//! - written bytes are durable only after a sync of their file, names only after a sync of their folder;
//! - after a failed sync the bytes count as written back although they are not durable, and a later sync
//!   that succeeds does not make them so (as Linux file systems do);
//! - a write that fails may have stored any prefix.
//!
//! Folders are durable at once, and unsynced writes reach the disk in order: a simplification.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Disk, DiskFile, DiskLock, SharedFile};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and does nothing. A sync that fails loses what it should have synced.
    Refuse,
    /// There is no space: a write stores `written` bytes at most and fails, anything else fails and does nothing.
    NoSpace {
        /// How many bytes the write stores.
        written: usize,
    },
    /// The process or the machine dies: a write stores `written` bytes at most, and from then on everything fails.
    Die {
        /// How many bytes the write stores.
        written: usize,
    },
}

/// What is left after the power came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survives {
    /// How many unsynced bytes of each file had reached the disk, in the order of writing.
    pub unsynced_bytes: usize,
    /// Whether the length of a file had reached the disk although its bytes had not: they are zeros then.
    pub lengths: bool,
    /// Whether the names had reached the disk although their folder was not synced.
    pub names: bool,
}

/// A disk in memory; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    files: BTreeMap<u64, FileState>,
    names: BTreeMap<PathBuf, u64>,
    names_durable: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    locked: BTreeSet<PathBuf>,
    next_file: u64,
    operations: u64,
    fault: Option<(u64, Fault)>,
    bytes_max: Option<usize>,
    dead: bool,
}

#[derive(Debug, Clone, Default)]
struct FileState {
    current: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations were asked of it so far.
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Makes the operation after the next `after` ones go wrong.
    pub fn fail_after(&self, after: u64, fault: Fault) {
        let mut state = self.state.lock();
        state.fault = Some((state.operations + after, fault));
    }

    /// Forgets a fault that has not happened.
    pub fn heal(&self) {
        self.state.lock().fault = None;
    }

    /// Lets all files together have at most this many bytes.
    pub fn limit_bytes(&self, bytes_max: Option<usize>) {
        self.state.lock().bytes_max = bytes_max;
    }

    /// How many bytes all files have together.
    pub fn used_bytes(&self) -> usize {
        self.state.lock().used_bytes()
    }

    /// Kills the process: the disk as the next one finds it. Unsynced bytes are still in the system's cache.
    #[must_use]
    pub fn kill(&self) -> Self {
        let mut state = self.state.lock();
        state.dead = true;
        let next = State {
            locked: BTreeSet::new(),
            operations: 0,
            fault: None,
            dead: false,
            ..state.clone()
        };
        Self {
            state: Arc::new(Mutex::new(next)),
        }
    }

    /// Cuts the power: the disk as it is when it is back. Works on a disk whose process was killed too.
    #[must_use]
    pub fn cut_power(&self, survives: Survives) -> Self {
        let next = self.kill();
        {
            let mut state = next.state.lock();
            if !survives.names {
                state.names = state.names_durable.clone();
            }
            state.names_durable = state.names.clone();
            for file in state.files.values_mut() {
                file.lose(survives);
            }
        }
        next
    }

    /// The content of a file, if there is one of that name.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let file = state.names.get(path)?;
        Some(state.files.get(file)?.current.clone())
    }

    /// Replaces the content of a file behind the back of the store, durably; creates it when absent.
    pub fn put(&self, path: &Path, content: Vec<u8>) {
        let mut state = self.state.lock();
        let id = match state.names.get(path) {
            Some(id) => *id,
            None => state.name_new(path),
        };
        state.names_durable.insert(path.to_owned(), id);
        let durable = content.clone();
        state.files.insert(
            id,
            FileState {
                current: content,
                durable,
                unsynced: Vec::new(),
            },
        );
    }

    /// All files, sorted.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.lock().names.keys().cloned().collect()
    }
}

impl State {
    /// Counts an operation; says what goes wrong with it.
    fn step(&mut self) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(io::Error::other("the machine is dead"));
        }
        let number = self.operations;
        self.operations += 1;
        let Some((_, fault)) = self.fault.take_if(|(at, _)| *at == number) else {
            return Ok(None);
        };
        if let Fault::Die { .. } = fault {
            self.dead = true;
        }
        Ok(Some(fault))
    }

    /// Counts an operation that has no partial effect.
    fn step_whole(&mut self) -> io::Result<()> {
        match self.step()? {
            None => Ok(()),
            Some(fault) => Err(fault.error()),
        }
    }

    fn file(&mut self, id: u64) -> &mut FileState {
        self.files.get_mut(&id).expect("an open file is kept")
    }

    fn used_bytes(&self) -> usize {
        self.names
            .values()
            .filter_map(|id| self.files.get(id))
            .map(|file| file.current.len())
            .sum()
    }

    fn name_new(&mut self, path: &Path) -> u64 {
        let id = self.next_file;
        self.next_file += 1;
        self.files.insert(id, FileState::default());
        self.names.insert(path.to_owned(), id);
        id
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Fault::Refuse => io::Error::other("refused on purpose"),
            Fault::NoSpace { .. } => io::ErrorKind::StorageFull.into(),
            Fault::Die { .. } => io::Error::other("died on purpose"),
        }
    }
}

impl FileState {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.current, usize::MAX);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable, usize::MAX);
        }
    }

    fn lose(&mut self, survives: Survives) {
        let mut left = survives.unsynced_bytes;
        for change in self.unsynced.drain(..) {
            let before = left;
            if let Change::Write { bytes, .. } = &change {
                left = left.saturating_sub(bytes.len());
            }
            change.apply(&mut self.durable, before);
        }
        if survives.lengths {
            self.durable.resize(self.current.len(), 0);
        }
        self.current = self.durable.clone();
    }
}

impl Change {
    /// Applies the first `bytes_max` bytes of it.
    fn apply(&self, content: &mut Vec<u8>, bytes_max: usize) {
        match self {
            Change::Truncate { length } => content.truncate(*length),
            Change::Write { offset, bytes } => {
                let bytes = bytes.get(..bytes_max).unwrap_or(bytes);
                let end = offset + bytes.len();
                if !bytes.is_empty() && content.len() < end {
                    content.resize(end, 0);
                }
                if let Some(place) = content.get_mut(*offset..end) {
                    place.copy_from_slice(bytes);
                }
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        state.folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state.lock();
        state.step_whole()?;
        if !state.folders.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let names: BTreeSet<String> = (state.names.keys().chain(&state.folders))
            .filter(|entry| entry.parent() == Some(path))
            .filter_map(|entry| Some(entry.file_name()?.to_string_lossy().into_owned()))
            .collect();
        Ok(names.into_iter().collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.step_whole()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = state.name_new(path);
        Ok(Box::new(MemoryFile {
            state: Arc::clone(&self.state),
            id,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.step_whole()?;
        let id = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile {
            state: Arc::clone(&self.state),
            id,
        }))
    }

    fn open_shared(&self, path: &Path) -> io::Result<Arc<dyn SharedFile>> {
        let mut state = self.state.lock();
        state.step_whole()?;
        let id = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(MemoryFile {
            state: Arc::clone(&self.state),
            id,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        let id = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        let inside = |name: &PathBuf| name.parent() == Some(path);
        let now: Vec<_> = (state.names.iter().filter(|(name, _)| inside(name)))
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        state.names_durable.retain(|name, _| !inside(name));
        state.names_durable.extend(now);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut state = self.state.lock();
        state.step_whole()?;
        if !state.names.contains_key(path) {
            state.name_new(path);
        }
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryLock {
            state: Arc::clone(&self.state),
            path: path.to_owned(),
        })))
    }
}

#[derive(Debug)]
struct MemoryFile {
    state: Arc<Mutex<State>>,
    id: u64,
}

impl SharedFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.step_whole()?;
        Ok(state.file(self.id).current.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        let start = position(offset);
        let content = &state.file(self.id).current;
        let bytes = (content.get(start..start.saturating_add(buffer.len())))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        SharedFile::length(self)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        SharedFile::read_at(self, offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut fault = state.step()?;
        let offset = position(offset);
        let mut stored = bytes.len();
        if let Some(bytes_max) = state.bytes_max {
            let old = state.file(self.id).current.len();
            let free = bytes_max.saturating_sub(state.used_bytes());
            let fits = (old + free).saturating_sub(offset);
            if fits < bytes.len() {
                stored = fits;
                fault = fault.or(Some(Fault::NoSpace { written: fits }));
            }
        }
        match fault {
            None => {}
            Some(Fault::Refuse) => stored = 0,
            Some(Fault::NoSpace { written } | Fault::Die { written }) => {
                stored = stored.min(written);
            }
        }
        let bytes = bytes.get(..stored).unwrap_or(bytes).to_vec();
        if !bytes.is_empty() {
            state.file(self.id).change(Change::Write { offset, bytes });
        }
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step_whole()?;
        state.file(self.id).change(Change::Truncate {
            length: position(length),
        });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.state.lock();
        let fault = state.step()?;
        let file = state.file(self.id);
        match fault {
            None => file.sync(),
            // The kernel drops the bytes from its list of what to write back.
            Some(Fault::Refuse | Fault::NoSpace { .. }) => file.unsynced.clear(),
            Some(Fault::Die { .. }) => {}
        }
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).expect("a file in memory is small")
}

#[derive(Debug)]
struct MemoryLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

impl DiskLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.state.lock().locked.remove(&self.path);
    }
}
