//! The file operations that the store needs, and nothing more.
//!
//! The store touches files only through these traits, so that tests and simulation can put a disk under it that fails
//! at a chosen operation or loses power.

mod real;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// Folders and names of files.
pub trait Disk: Debug + Send + Sync {
    /// Creates a folder and those above it, where they are absent. Readable by the owner alone.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// The names of a folder's entries, sorted. `NotFound` when there is no such folder.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Creates a file that must be absent, readable by the owner alone.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing. `NotFound` when it is absent.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that is not written any more, for reading by many threads at once. `NotFound` when it is absent. It can be
    /// read also after its name was removed, where the system allows the removal.
    fn open_shared(&self, path: &Path) -> io::Result<Arc<dyn SharedFile>>;

    /// Gives a file another name; a file of that name is replaced at once or not at all.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Locks a file, creating it when absent. `None` when another process has locked it. The lock ends with what
    /// is returned, or with the process, however that dies.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>>;
}

/// An open file.
pub trait DiskFile: Debug + Send {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on. `UnexpectedEof` when the file ends before.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`. After an error any part of them may be there.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `length` bytes.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Makes content and length durable. After an error what was written since the last sync may be lost, and a later
    /// sync that succeeds does not change that.
    fn sync(&mut self) -> io::Result<()>;
}

/// An open file that many threads read.
pub trait SharedFile: Debug + Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on. `UnexpectedEof` when the file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A lock that is held; dropping it releases.
pub trait DiskLock: Debug + Send + Sync {}
