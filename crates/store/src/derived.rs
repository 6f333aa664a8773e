//! State that is derived from the events and kept so that a restart need not make it again: pieces, which are replaced as a whole, and tables
//! ([`TableSet`]), to which each save adds what changed.
//!
//! - Opaque bytes under an organization and a name; the store knows nothing of what they mean.
//! - A piece is replaced by a rename: there is the old one or the new one.
//! - Nothing here is the only copy of anything. So what is damaged, of another data folder or under another name
//!   than it was saved under reads as absent, and the folder may be deleted while no server has it open.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::OrganizationId;
use parking_lot::Mutex;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::limits::{DERIVED_NAME_BYTES_MAX, TABLE_CACHE_BYTES_MAX};
use crate::tables::{self, BlockCache, Home, TableList, TableSet, Tables};

const MAGIC: [u8; 8] = *b"SEXTANTD";
const VERSION: u64 = 1;
const HEADER_BYTES: usize = 32;
/// What a file is called until it is whole.
const UNFINISHED: &str = ".new";

/// Keeps derived state in the data folder. Clones are the same one; use them from as many threads as you like.
#[derive(Debug, Clone)]
pub struct Derived {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// The seed of the checksums, so that what another data folder derived is known as foreign.
    salt: u64,
    saves: AtomicU64,
    tables: Mutex<BTreeMap<OrganizationId, Arc<Tables>>>,
    /// The numbers of the files of tables that were there at the start, by organization.
    tables_found: Mutex<BTreeMap<String, BTreeSet<u64>>>,
    tables_cache: Arc<BlockCache>,
}

impl Derived {
    /// Makes the folder when it is absent, and removes what an interrupted save left.
    pub(crate) fn open(folder: &Folder) -> Result<Self, StoreError> {
        let (disk, path) = (Arc::clone(folder.disk()), folder.derived_path());
        disk.create_folder(&path)
            .map_err(StoreError::io("create folder", &path))?;
        let names = disk
            .list(&path)
            .map_err(StoreError::io("list folder", &path))?;
        for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
            let left = path.join(name);
            disk.remove(&left)
                .map_err(StoreError::io("remove", &left))?;
        }
        let mut found: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for (organization, number) in names.iter().filter_map(|name| tables::parse_name(name)) {
            let numbers = found.entry(organization.to_owned()).or_default();
            numbers.insert(number);
        }
        let key = folder.secret().derive("derived checksum");
        Ok(Self {
            inner: Arc::new(Inner {
                disk,
                path,
                salt: u64::from_le_bytes(*key.first_chunk().expect("it has 16 bytes")),
                saves: AtomicU64::new(0),
                tables: Mutex::default(),
                tables_found: Mutex::new(found),
                tables_cache: Arc::new(BlockCache::new(TABLE_CACHE_BYTES_MAX)),
            }),
        })
    }

    /// Keeps `bytes` under a name, in place of what was there. After an error the old piece, the new one or none is there.
    ///
    /// Blocks for a write and a sync. After a power cut it may be the old piece again.
    ///
    /// # Errors
    /// `NoSpace`, `Write`, `Sync`, `Io`: what the system refused.
    ///
    /// # Panics
    /// When the name is not one to 100 characters out of `a-z`, `0-9`, `.`, `_` and `-`, or ends with `.new` or `.table`.
    pub fn save(
        &self,
        organization: OrganizationId,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let Inner { disk, saves, .. } = &*self.inner;
        let path = self.path(organization, name);
        // Two savers of one name do not meet in one unfinished file.
        let number = saves.fetch_add(1, Ordering::Relaxed);
        let unfinished = with_suffix(&path, &format!("-{number}{UNFINISHED}"));
        let written = self
            .write(&unfinished, organization, name, bytes)
            .and_then(|()| {
                disk.rename(&unfinished, &path)
                    .map_err(StoreError::io("rename", &unfinished))
            });
        if written.is_err() {
            // It takes space, which may be what is missing; the next start removes it otherwise.
            let _removed = disk.remove(&unfinished);
        }
        written
    }

    /// What was saved under a name; `None` when nothing was, or when it is not whole any more. Reads it all.
    ///
    /// # Errors
    /// `Io`: what the system refused.
    pub fn load(
        &self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(organization, name);
        let mut file = match self.inner.disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        let length = file.length().map_err(StoreError::io("read", &path))?;
        let Some(bytes) = length
            .checked_sub(HEADER_BYTES as u64)
            .and_then(|bytes| usize::try_from(bytes).ok())
        else {
            return Ok(None);
        };
        let mut header = [0; HEADER_BYTES];
        let mut content = vec![0; bytes];
        file.read_at(0, &mut header)
            .and_then(|()| file.read_at(HEADER_BYTES as u64, &mut content))
            .map_err(StoreError::io("read", &path))?;
        let is_whole = header == self.header(organization, name, &content);
        Ok(is_whole.then_some(content))
    }

    /// Removes what was saved under a name, if anything was.
    ///
    /// # Errors
    /// `Io`: what the system refused.
    pub fn remove(&self, organization: OrganizationId, name: &str) -> Result<(), StoreError> {
        let path = self.path(organization, name);
        match self.inner.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The tables of an organization, as the list that was kept last names them; an empty list for none. Files of the organization that the list
    /// does not name are removed. Reads the files' directories.
    ///
    /// To be called once for each organization, before anything else is done with its tables; once again with an empty list when they cannot
    /// be used, and are made anew.
    ///
    /// # Errors
    /// `Missing`, `Damaged`: a file is not what the list says. `Io`: what the system refused. Nothing is removed then.
    pub fn open_tables(
        &self,
        organization: OrganizationId,
        list: &TableList,
    ) -> Result<TableSet, StoreError> {
        let inner = &*self.inner;
        let tables = {
            let mut all = inner.tables.lock();
            let tables = all.entry(organization).or_insert_with(|| {
                let found = inner.tables_found.lock().remove(&organization.to_string());
                let home = Home {
                    disk: Arc::clone(&inner.disk),
                    folder: inner.path.clone(),
                    organization,
                    salt: inner.salt,
                    cache: Arc::clone(&inner.tables_cache),
                };
                Arc::new(Tables::new(home, found.unwrap_or_default()))
            });
            Arc::clone(tables)
        };
        TableSet::open(&tables, list)
    }

    fn write(
        &self,
        path: &Path,
        organization: OrganizationId,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let disk = &self.inner.disk;
        let mut file = disk
            .create(path)
            .map_err(|source| StoreError::write(path, source))?;
        let header = self.header(organization, name, bytes);
        file.write_at(0, &header)
            .and_then(|()| file.write_at(HEADER_BYTES as u64, bytes))
            .map_err(|source| StoreError::write(path, source))?;
        file.sync().map_err(|source| StoreError::sync(path, source))
    }

    /// Magic, version, checksum of the place and checksum of the content.
    fn header(
        &self,
        organization: OrganizationId,
        name: &str,
        content: &[u8],
    ) -> [u8; HEADER_BYTES] {
        let mut place = Xxh3::with_seed(self.inner.salt);
        place.update(organization.as_bytes());
        place.update(name.as_bytes());
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(&MAGIC);
        for field in [VERSION, place.digest(), xxh3_64(content)] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        header.try_into().expect("four fields of 8 bytes")
    }

    fn path(&self, organization: OrganizationId, name: &str) -> PathBuf {
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        assert!(
            (1..=DERIVED_NAME_BYTES_MAX).contains(&name.len())
                && name.bytes().all(is_plain)
                && !name.ends_with(UNFINISHED)
                && !name.ends_with(tables::SUFFIX),
            "`{name}` is no name for derived state"
        );
        self.inner.path.join(format!("{organization}-{name}"))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
