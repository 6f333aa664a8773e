//! Appending frames: one write and one sync each.
//!
//! - A write that fails is cut off again, durably, before anything else is written.
//! - When that fails, or a sync does, what is on disk is unknown, and nothing is written any more.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use domain::Timestamp;

use super::file_header::FileHeader;
use super::frame::FrameBuilder;
use super::{file_path, write_header};
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::folder::Secret;

/// The end of the journal.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) secret: Secret,
    pub(super) file_bytes_max: u64,
    /// The last file, its path and its header.
    pub(super) file: Box<dyn DiskFile>,
    pub(super) path: PathBuf,
    pub(super) header: FileHeader,
    /// Bytes of the last file that are frames and synced.
    pub(super) length: u64,
    /// Whether the last frame is a mark: one without rows, which a clean end leaves.
    pub(super) is_marked: bool,
    pub(super) is_poisoned: bool,
}

impl Journal {
    /// Appends a frame whose first row has this sequence number. When it returns, the frame is durable.
    ///
    /// # Errors
    /// `NoSpace` and `Write`: nothing of it is in the journal. `Sync` and `Cut`: it may be there or not after a restart.
    /// `Poisoned`: nothing was tried.
    pub(crate) fn append(
        &mut self,
        frame: &mut FrameBuilder,
        sequence: u64,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        if self.is_poisoned {
            return Err(StoreError::Poisoned);
        }
        if self.length >= self.file_bytes_max && self.header.sequence < sequence {
            self.begin_file(sequence)?;
        }
        let bytes = frame.seal(self.header.salt, sequence, received_at);
        if let Err(source) = self.file.write_at(self.length, bytes) {
            let cut = self
                .file
                .truncate(self.length)
                .and_then(|()| self.file.sync());
            return Err(self.after_write(StoreError::write(&self.path, source), cut));
        }
        if let Err(source) = self.file.sync() {
            self.is_poisoned = true;
            return Err(StoreError::sync(&self.path, source));
        }
        self.length += bytes.len() as u64;
        self.is_marked = frame.rows() == 0;
        Ok(())
    }

    /// Goes on in a new file if the last has any event, so that the files before can be removed once they are sealed. When there is
    /// no space for that, the last file is gone on with.
    ///
    /// # Errors
    /// `Sync`, `Cut`: nothing is written any more. `Poisoned`: nothing was tried.
    pub(crate) fn rotate(&mut self, sequence: u64) -> Result<(), StoreError> {
        if self.is_poisoned {
            return Err(StoreError::Poisoned);
        }
        if self.header.sequence >= sequence {
            return Ok(());
        }
        match self.begin_file(sequence) {
            Err(error) if error.is_retryable() && !self.is_poisoned => Ok(()),
            begun => begun,
        }
    }

    /// The sequence number with which the last file begins. Files before it are not written to any more.
    pub(crate) fn begins_at(&self) -> u64 {
        self.header.sequence
    }

    /// Appends a frame without rows, unless the last one is such. It proves to the next start that all
    /// before it was acknowledged, so that damage to the last rows cannot pass for an unfinished write.
    pub(crate) fn mark(&mut self, sequence: u64, received_at: Timestamp) -> Result<(), StoreError> {
        if self.is_marked {
            return Ok(());
        }
        let mut frame = FrameBuilder::default();
        frame.clear();
        self.append(&mut frame, sequence, received_at)
    }

    /// Goes on in a new file, which is durable, name and header, before a frame is written to it.
    fn begin_file(&mut self, sequence: u64) -> Result<(), StoreError> {
        let path = file_path(&self.folder, sequence);
        let mut file = match self.disk.create(&path) {
            Ok(file) => file,
            Err(source) => return Err(StoreError::write(&path, source)),
        };
        let header = FileHeader::new(&self.secret, sequence);
        let written = write_header(&mut *file, &path, header).and_then(|()| {
            (self.disk.sync_folder(&self.folder))
                .map_err(|source| StoreError::sync(&self.folder, source))
        });
        if let Err(error) = written {
            self.is_poisoned = !error.is_retryable();
            let removed = self
                .disk
                .remove(&path)
                .and_then(|()| self.disk.sync_folder(&self.folder));
            return Err(self.after_write(error, removed));
        }
        self.length = FileHeader::BYTES as u64;
        (self.file, self.path, self.header) = (file, path, header);
        Ok(())
    }

    /// The error to report for a failed write, given whether it could be taken back.
    fn after_write(&mut self, error: StoreError, taken_back: io::Result<()>) -> StoreError {
        match taken_back {
            Ok(()) => error,
            Err(source) => {
                self.is_poisoned = true;
                StoreError::Cut {
                    path: self.path.clone(),
                    source,
                }
            }
        }
    }
}
