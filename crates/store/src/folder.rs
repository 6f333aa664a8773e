//! The data folder: its marker, its lock and its secret.
//!
//! - An absent or empty folder is made a data folder; the marker comes last, so that a folder with a marker is
//!   complete. What an interrupted start left behind holds no events and is made anew.
//! - A folder that holds something else is never written to.
//! - One process at a time has it open; the lock ends with the process, however that dies.

mod marker;
mod secret;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use secret::Secret;

use crate::disk::{Disk, DiskLock};
use crate::error::StoreError;
use crate::journal;
use crate::manifest::{self, Manifest};

const LOCK: &str = "LOCK";
const JOURNAL: &str = "journal";
const DERIVED: &str = "derived";
/// What a file system puts into an empty volume by itself.
const IGNORED: &str = "lost+found";

/// An open data folder. Clones are the same one; the lock is held until the last is dropped.
#[derive(Debug, Clone)]
pub struct Folder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    secret: Secret,
    created: bool,
    _lock: Box<dyn DiskLock>,
}

impl Folder {
    /// Opens the data folder at `path`, or makes one there when the folder is absent or empty.
    ///
    /// `entropy` must be random; it becomes the secret of a new folder and is not used for an old one.
    ///
    /// # Errors
    /// `Foreign`, `Newer`, `Damaged` and `Missing` when it is not a folder that this program can use, with nothing
    /// written; `Locked` when another process has it open; `Io` for what the system refuses.
    pub fn open(disk: Arc<dyn Disk>, path: &Path, entropy: [u8; 32]) -> Result<Self, StoreError> {
        if examine(&*disk, path)? == State::Absent {
            disk.create_folder(path)
                .map_err(StoreError::io("create folder", path))?;
        }
        let lock_path = path.join(LOCK);
        let lock = disk
            .lock(&lock_path)
            .map_err(StoreError::io("lock", &lock_path))?
            .ok_or(StoreError::Locked { path: lock_path })?;
        // Again, now that nobody else changes it: another process may just have made it.
        let created = examine(&*disk, path)? != State::Ready;
        if created {
            create(&*disk, path, entropy)?;
        }
        sync_names(&*disk, path)?;
        let secret = secret::read(&*disk, path)?;
        let path = path.to_owned();
        Ok(Self {
            inner: Arc::new(Inner {
                disk,
                path,
                secret,
                created,
                _lock: lock,
            }),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The secret from which keys are derived.
    pub fn secret(&self) -> &Secret {
        &self.inner.secret
    }

    /// Whether [`Self::open`] made it just now.
    pub fn is_new(&self) -> bool {
        self.inner.created
    }

    /// The disk that it is on.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.inner.disk
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.inner.path.join(JOURNAL)
    }

    pub(crate) fn derived_path(&self) -> PathBuf {
        self.inner.path.join(DERIVED)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// There is no folder.
    Absent,
    /// There is nothing in it but what an interrupted start may have left.
    Unfinished,
    /// The marker says that it is complete.
    Ready,
}

/// Looks only.
fn examine(disk: &dyn Disk, path: &Path) -> Result<State, StoreError> {
    let names = match disk.list(path) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Absent),
        Err(error) => return Err(StoreError::io("list folder", path)(error)),
    };
    if names.iter().any(|name| name == marker::NAME) {
        marker::check(disk, path)?;
        return Ok(State::Ready);
    }
    let ours = [
        LOCK,
        JOURNAL,
        DERIVED,
        manifest::NAME,
        manifest::NAME_NEW,
        IGNORED,
        marker::NAME_NEW,
        secret::NAME,
        secret::NAME_NEW,
    ];
    let ours: Vec<_> = ours.into_iter().chain(manifest::FOLDERS).collect();
    if names.iter().any(|name| !ours.contains(&name.as_str())) {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            marker: marker::NAME,
        });
    }
    let has_events = names.iter().any(|name| name == JOURNAL)
        && journal::holds_frames(disk, &path.join(JOURNAL))?;
    let has_sealed = names.iter().any(|name| name == manifest::NAME)
        && Manifest::read(disk, path)? != Manifest::default();
    if has_events || has_sealed {
        // Not an interrupted start: somebody removed the marker.
        return Err(StoreError::Missing {
            path: path.join(marker::NAME),
        });
    }
    Ok(State::Unfinished)
}

/// Fills an empty folder, the marker last. Every step is durable before the next.
fn create(disk: &dyn Disk, path: &Path, entropy: [u8; 32]) -> Result<(), StoreError> {
    let secret = Secret::new(entropy);
    write_new(
        disk,
        path,
        [secret::NAME_NEW, secret::NAME],
        secret::render(&secret).as_bytes(),
    )?;
    let journal_path = path.join(JOURNAL);
    disk.create_folder(&journal_path)
        .map_err(StoreError::io("create folder", &journal_path))?;
    journal::create(disk, &journal_path, &secret)?;
    write_new(
        disk,
        path,
        [manifest::NAME_NEW, manifest::NAME],
        &Manifest::default().content(),
    )?;
    write_new(
        disk,
        path,
        [marker::NAME_NEW, marker::NAME],
        marker::text().as_bytes(),
    )
}

/// Makes the names in the folder durable, and its own name and those of the folders above it. At each start: whoever made
/// them may have died just before.
fn sync_names(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    disk.sync_folder(path)
        .map_err(StoreError::io("sync folder", path))?;
    for above in path.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        };
        match disk.sync_folder(above) {
            // A folder that we may use can stand in one that we may not open: then we did not make it either.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                return Err(StoreError::io("sync folder", above)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file so that its name is there only with its whole content.
fn write_new(
    disk: &dyn Disk,
    folder: &Path,
    [temporary, name]: [&str; 2],
    content: &[u8],
) -> Result<(), StoreError> {
    let (temporary, path) = (folder.join(temporary), folder.join(name));
    match disk.remove(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io("remove", &temporary)(error));
        }
        _ => {}
    }
    let mut file = disk
        .create(&temporary)
        .map_err(StoreError::io("create", &temporary))?;
    file.write_at(0, content)
        .map_err(StoreError::io("write", &temporary))?;
    file.sync().map_err(StoreError::io("sync", &temporary))?;
    disk.rename(&temporary, &path)
        .map_err(StoreError::io("rename", &temporary))?;
    disk.sync_folder(folder)
        .map_err(StoreError::io("sync folder", folder))
}

/// Reads a small file whole.
fn read_whole(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut file = disk.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::Missing {
            path: path.to_owned(),
        },
        _ => StoreError::io("open", path)(error),
    })?;
    let length = file.length().map_err(StoreError::io("read", path))?;
    // Ours are below 200 bytes; what is far larger is something else and need not be read to its end.
    let mut content = vec![0; usize::try_from(length.min(4096)).unwrap_or(4096)];
    file.read_at(0, &mut content)
        .map_err(StoreError::io("read", path))?;
    Ok(content)
}
