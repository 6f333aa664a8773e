//! Files that are written once, whole, and never changed.
//!
//! - A file counts only once the manifest names it, and that happens after the file was synced.
//! - What is not named by the manifest is a leftover of an interrupted or failed step, and is removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use xxhash_rust::xxh3::Xxh3;

use crate::disk::{Disk, DiskFile, SharedFile};
use crate::error::StoreError;
use crate::limits::WRITE_BYTES;

/// A file that is being written, in large pieces.
pub(crate) struct NewFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    piece: Vec<u8>,
    /// Where the piece begins.
    written: u64,
    /// Of what was written since the last [`Self::take_checksum`].
    checksum: Box<Xxh3>,
    /// Why a write failed, for those who write through [`io::Write`] and see only that one did.
    failure: Option<io::Error>,
}

impl fmt::Debug for NewFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFile")
            .field("path", &self.path)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl NewFile {
    /// Creates a file that must be absent.
    pub(crate) fn create(disk: &dyn Disk, path: PathBuf) -> Result<Self, StoreError> {
        let file = disk
            .create(&path)
            .map_err(|source| StoreError::write(&path, source))?;
        Ok(Self {
            file,
            path,
            piece: Vec::with_capacity(WRITE_BYTES),
            written: 0,
            checksum: Box::default(),
            failure: None,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were written.
    pub(crate) fn position(&self) -> u64 {
        self.written + self.piece.len() as u64
    }

    /// The checksum of what was written since the last call.
    pub(crate) fn take_checksum(&mut self) -> u64 {
        let checksum = self.checksum.digest();
        self.checksum.reset();
        checksum
    }

    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = io::Write::write_all(self, bytes);
        written.map_err(|error| self.failed(error))
    }

    /// Writes what is left and makes it durable. Returns the length.
    pub(crate) fn finish(&mut self) -> Result<u64, StoreError> {
        let flushed = self.write_piece();
        flushed.map_err(|error| self.failed(error))?;
        self.file
            .sync()
            .map_err(|source| StoreError::sync(&self.path, source))?;
        Ok(self.written)
    }

    /// What to report for a write that failed with `error`, or for one that failed before and was reported as `error`.
    pub(crate) fn failed(&mut self, error: io::Error) -> StoreError {
        StoreError::write(&self.path, self.failure.take().unwrap_or(error))
    }

    fn write_piece(&mut self) -> io::Result<()> {
        if let Err(error) = self.file.write_at(self.written, &self.piece) {
            let kind = error.kind();
            self.failure = Some(error);
            return Err(kind.into());
        }
        self.written += self.piece.len() as u64;
        self.piece.clear();
        Ok(())
    }
}

impl io::Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() + bytes.len() > WRITE_BYTES && !self.piece.is_empty() {
            self.write_piece()?;
        }
        self.checksum.update(bytes);
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Files that are removed again unless they are kept.
#[derive(Debug)]
pub(crate) struct NewFiles {
    disk: Arc<dyn Disk>,
    paths: Vec<PathBuf>,
}

impl NewFiles {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            paths: Vec::new(),
        }
    }

    /// Creates one more.
    pub(crate) fn create(&mut self, path: PathBuf) -> Result<NewFile, StoreError> {
        self.paths.push(path.clone());
        NewFile::create(&*self.disk, path)
    }

    /// Leaves them where they are: a manifest names them, or may do so.
    pub(crate) fn keep(mut self) {
        self.paths.clear();
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.paths {
            // What cannot be removed now is removed at the next start.
            let _removed = self.disk.remove(path);
        }
    }
}

/// Reads `bytes` bytes from `offset` on.
pub(crate) fn read_exactly(
    file: &dyn SharedFile,
    path: &Path,
    offset: u64,
    bytes: usize,
) -> Result<Vec<u8>, StoreError> {
    let mut content = Vec::new();
    read_into(file, path, offset, bytes, &mut content)?;
    Ok(content)
}

/// The same into a buffer, in place of what is there.
pub(crate) fn read_into(
    file: &dyn SharedFile,
    path: &Path,
    offset: u64,
    bytes: usize,
    content: &mut Vec<u8>,
) -> Result<(), StoreError> {
    // Zeros are written only where it grows; all of it is read over.
    content.resize(bytes, 0);
    match file.read_at(offset, content) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(damaged(path, offset, "the file ends early"))
        }
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Opens a file that the manifest names, and checks its length.
pub(crate) fn open_named(
    disk: &dyn Disk,
    path: &Path,
    bytes: u64,
) -> Result<Arc<dyn SharedFile>, StoreError> {
    let file = open(disk, path)?;
    let length = file.length().map_err(StoreError::io("read", path))?;
    if length == bytes {
        Ok(file)
    } else {
        let offset = length.min(bytes);
        Err(damaged(path, offset, "the file has another length"))
    }
}

/// Opens a file that must be there.
pub(crate) fn open(disk: &dyn Disk, path: &Path) -> Result<Arc<dyn SharedFile>, StoreError> {
    disk.open_shared(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::Missing {
            path: path.to_owned(),
        },
        _ => StoreError::io("open", path)(error),
    })
}

/// Removes those of our files in a folder that are not among the named ones. Ours begin with a digit and have one of the extensions;
/// what somebody else put there stays.
pub(crate) fn remove_leftovers(
    disk: &dyn Disk,
    folder: &Path,
    extensions: &[&str],
    named: &[PathBuf],
) -> Result<(), StoreError> {
    let named: BTreeSet<&Path> = named.iter().map(PathBuf::as_path).collect();
    let entries = disk
        .list(folder)
        .map_err(StoreError::io("list folder", folder))?;
    let is_ours = |name: &&String| {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        name.starts_with(|first: char| first.is_ascii_digit())
            && extension.is_some_and(|extension| extensions.contains(&extension))
    };
    for path in entries.iter().filter(is_ours).map(|name| folder.join(name)) {
        if !named.contains(&*path) {
            disk.remove(&path)
                .map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

pub(crate) fn damaged(path: &Path, offset: u64, what: &'static str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        offset,
        what,
    }
}
