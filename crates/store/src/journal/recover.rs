//! Replaying the journal at a start.
//!
//! - All frames of all files in order, each joining the one before.
//! - At the end of the last file, what is not a whole frame and has no frame behind it is an unfinished write: it was never
//!   acknowledged. It is kept in a side file and cut off. The same anywhere else is damage, and an error.
//! - What was replayed is made durable before anybody is told of it: after a `kill -9` it may stand in the system's
//!   cache alone, and after a failed sync the system may wrongly hold it for written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Timestamp;

use super::file_header::{FileHeader, HeaderError};
use super::frame::Frame;
use super::read::{FileReader, Found};
use super::{Journal, file_path, list_files, write_header};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::Folder;

/// An unfinished write that was found at the end of the journal.
///
/// It cannot be told from damage to the last frame after it was acknowledged, if the server was not stopped cleanly: the
/// frame behind it, or the mark of a clean end, would have been the proof. So somebody should look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The journal file.
    pub path: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
    /// The file that keeps them.
    pub kept_in: PathBuf,
}

/// What a replay found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) journal: Journal,
    /// The sequence number of the next event.
    pub(crate) sequence_next: u64,
    /// The time of receipt of the last frame.
    pub(crate) received_at: Option<Timestamp>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) torn: Option<Torn>,
}

/// Reads the journal of `folder`, calls `each_frame` with every frame from the event `from` on in order and returns the journal's
/// end, ready to append to. What it replayed is durable when it returns.
///
/// Files that hold only events before `from` are not read; they may be there when their removal was interrupted.
///
/// # Errors
/// `Damaged`, `Gap`, `Missing`, `Newer`: nothing was changed. `Io`, `Write`, `NoSpace`, `Sync`: what the system refused.
pub(crate) fn recover(
    folder: &Folder,
    file_bytes_max: u64,
    from: u64,
    mut each_frame: impl FnMut(&Frame<'_>) -> Result<(), &'static str>,
) -> Result<Recovered, StoreError> {
    let (disk, journal_path) = (folder.disk(), folder.journal_path());
    let mut files = list_files(&**disk, &journal_path)?;
    let first = files.partition_point(|(sequence, _)| *sequence <= from);
    files.drain(..first.saturating_sub(1));
    let begins_at = files.first().map_or(from, |(sequence, _)| *sequence);
    let Some(last) = files.pop() else {
        return Err(StoreError::Missing {
            path: file_path(&journal_path, from),
        });
    };
    let mut replay = Replay {
        disk: &**disk,
        journal_path: &journal_path,
        folder,
        from,
        // A first file that begins later is a gap.
        sequence_next: begins_at.min(from),
        received_at: None,
        bytes: 0,
        torn: None,
    };
    let files_count = files.len() as u64 + 1;
    for (sequence, path) in files {
        replay.whole_file(sequence, &path, &mut each_frame)?;
    }
    let (sequence, path) = last;
    let end = replay.last_file(sequence, &path, &mut each_frame)?;
    if replay.sequence_next < from {
        return Err(StoreError::Gap {
            path,
            offset: end.length,
            expected: from,
            found: replay.sequence_next,
        });
    }
    let Replay {
        sequence_next,
        received_at,
        bytes,
        torn,
        ..
    } = replay;
    let journal = Journal {
        disk: Arc::clone(disk),
        secret: folder.secret().clone(),
        file_bytes_max,
        file: end.file.into_file(),
        path,
        header: end.header,
        length: end.length,
        is_marked: end.is_marked,
        is_poisoned: false,
        folder: journal_path,
    };
    Ok(Recovered {
        journal,
        sequence_next,
        received_at,
        files: files_count,
        bytes,
        torn,
    })
}

struct Replay<'a> {
    disk: &'a dyn Disk,
    journal_path: &'a Path,
    folder: &'a Folder,
    /// Frames before this event are read, but not replayed.
    from: u64,
    sequence_next: u64,
    received_at: Option<Timestamp>,
    bytes: u64,
    torn: Option<Torn>,
}

/// Where the frames of a file end.
struct End {
    file: FileReader,
    header: FileHeader,
    /// The end of the last whole frame.
    length: u64,
    /// Where the last frame begins, or the header when there is none.
    last_offset: u64,
    /// Whether the last frame has no rows.
    is_marked: bool,
    /// What stands behind the last whole frame, if anything does.
    broken: Option<&'static str>,
}

impl Replay<'_> {
    /// A file that another one follows: it was complete before that one was begun.
    fn whole_file(
        &mut self,
        sequence: u64,
        path: &Path,
        each_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), &'static str>,
    ) -> Result<(), StoreError> {
        let file = self.open(sequence, path)?;
        let header = self.check_header(read_header(file.1), sequence, path)?;
        let end = self.frames(file.0, header, path, each_frame)?;
        match end.broken {
            None => Ok(()),
            Some(what) => Err(damaged(path, end.length, what)),
        }
    }

    fn last_file(
        &mut self,
        sequence: u64,
        path: &Path,
        each_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), &'static str>,
    ) -> Result<End, StoreError> {
        let (mut file, header_bytes) = self.open(sequence, path)?;
        let is_header_only = file.length() <= FileHeader::BYTES as u64;
        let header = match read_header(header_bytes) {
            // No frame is written before the header is synced, so a file without frames holds nothing yet.
            Err(HeaderError::Broken) if is_header_only => {
                file = self.rewrite_header(file, sequence, path)?;
                FileHeader::new(self.folder.secret(), sequence)
            }
            result => self.check_header(result, sequence, path)?,
        };
        let mut end = self.frames(file, header, path, each_frame)?;
        if let Some(what) = end.broken {
            if end.file.has_frame_behind(end.length + 1, header.salt)? {
                return Err(damaged(path, end.length, what));
            }
            end = self.cut(end, path)?;
        }
        self.make_durable(end, path)
    }

    fn check_header(
        &self,
        header: Result<FileHeader, HeaderError>,
        sequence: u64,
        path: &Path,
    ) -> Result<FileHeader, StoreError> {
        match header {
            Ok(header) if header.sequence != sequence => {
                Err(damaged(path, 0, "the file has the name of another one"))
            }
            Ok(header) if header != FileHeader::new(self.folder.secret(), sequence) => Err(
                damaged(path, 0, "the file was written under another secret"),
            ),
            Ok(header) => Ok(header),
            Err(HeaderError::Broken) => Err(damaged(path, 0, "the header of the file is broken")),
            Err(HeaderError::Newer(found)) => Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                supported: FileHeader::VERSION,
            }),
        }
    }

    /// Opens a file and reads what should be its header.
    fn open(
        &mut self,
        sequence: u64,
        path: &Path,
    ) -> Result<(FileReader, Option<[u8; FileHeader::BYTES]>), StoreError> {
        if sequence != self.sequence_next {
            return Err(StoreError::Gap {
                path: path.to_owned(),
                offset: 0,
                expected: self.sequence_next,
                found: sequence,
            });
        }
        let file = self.disk.open(path).map_err(StoreError::io("open", path))?;
        let mut file = FileReader::new(file, path)?;
        let header = file.array(0)?;
        Ok((file, header))
    }

    /// Replays the frames of a file up to its end or to the first that is not whole.
    fn frames(
        &mut self,
        mut file: FileReader,
        header: FileHeader,
        path: &Path,
        each_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), &'static str>,
    ) -> Result<End, StoreError> {
        let mut offset = FileHeader::BYTES as u64;
        let mut last_offset = 0;
        let mut is_marked = false;
        let broken = loop {
            let (frame, frame_end) = match file.frame(offset, header.salt)? {
                Found::End => break None,
                Found::Broken(what) => break Some(what),
                Found::Frame(frame, end) => (frame, end),
            };
            if frame.sequence != self.sequence_next {
                return Err(StoreError::Gap {
                    path: path.to_owned(),
                    offset,
                    expected: self.sequence_next,
                    found: frame.sequence,
                });
            }
            if self
                .received_at
                .is_some_and(|before| frame.received_at < before)
            {
                return Err(damaged(path, offset, "the time of receipt goes back"));
            }
            let rows = frame.rows();
            if frame.sequence >= self.from {
                each_frame(&frame).map_err(|what| damaged(path, offset, what))?;
            } else if frame.sequence + rows > self.from {
                let what = "a frame is sealed in part";
                return Err(damaged(path, offset, what));
            }
            self.sequence_next += rows;
            self.received_at = Some(frame.received_at);
            is_marked = rows == 0;
            (last_offset, offset) = (offset, frame_end);
        };
        self.bytes += offset;
        Ok(End {
            file,
            header,
            length: offset,
            last_offset,
            is_marked,
            broken,
        })
    }

    /// Keeps what stands behind the last whole frame in a side file and cuts it off.
    fn cut(&mut self, mut end: End, path: &Path) -> Result<End, StoreError> {
        self.keep_aside(&mut end.file, end.length, path)?;
        let mut file = end.file.into_file();
        file.truncate(end.length)
            .map_err(StoreError::io("cut", path))?;
        file.sync()
            .map_err(|source| StoreError::sync(path, source))?;
        Ok(End {
            file: FileReader::new(file, path)?,
            ..end
        })
    }

    /// Begins a file anew whose header was not wholly written.
    fn rewrite_header(
        &mut self,
        mut reader: FileReader,
        sequence: u64,
        path: &Path,
    ) -> Result<FileReader, StoreError> {
        if reader.length() > 0 {
            self.keep_aside(&mut reader, 0, path)?;
        }
        let mut file = reader.into_file();
        file.truncate(0).map_err(StoreError::io("cut", path))?;
        write_header(
            &mut *file,
            path,
            FileHeader::new(self.folder.secret(), sequence),
        )?;
        FileReader::new(file, path)
    }

    /// Copies everything from `offset` on into a new file beside the journal file.
    fn keep_aside(
        &mut self,
        file: &mut FileReader,
        offset: u64,
        path: &Path,
    ) -> Result<(), StoreError> {
        let bytes = file.length() - offset;
        let count =
            usize::try_from(bytes).map_err(|_| damaged(path, offset, "too long to keep"))?;
        let content = file.bytes(offset, count)?.unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut attempt = 0_u32;
        let (mut side, kept_in) = loop {
            let kept_in = self
                .journal_path
                .join(format!("{name}.torn-{offset}-{attempt}"));
            match self.disk.create(&kept_in) {
                Ok(side) => break (side, kept_in),
                // An earlier start got that far, or cut off something else at the same place.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(StoreError::io("create", &kept_in)(error)),
            }
        };
        side.write_at(0, content)
            .map_err(|source| StoreError::write(&kept_in, source))?;
        side.sync()
            .map_err(|source| StoreError::sync(&kept_in, source))?;
        (self.disk.sync_folder(self.journal_path))
            .map_err(|source| StoreError::sync(self.journal_path, source))?;
        self.torn = Some(Torn {
            path: path.to_owned(),
            offset,
            bytes,
            kept_in,
        });
        Ok(())
    }

    /// Makes sure that what was replayed is on disk. All but the last frame was synced before the last was begun. The
    /// last is written again, as it stands, because a sync alone does nothing for bytes whose sync has failed before.
    fn make_durable(&mut self, mut end: End, path: &Path) -> Result<End, StoreError> {
        let count = usize::try_from(end.length - end.last_offset).expect("a frame fits memory");
        let last = end
            .file
            .bytes(end.last_offset, count)?
            .unwrap_or_default()
            .to_vec();
        let mut file = end.file.into_file();
        if !end.is_marked {
            file.write_at(end.last_offset, &last)
                .map_err(|source| StoreError::write(path, source))?;
        }
        file.sync()
            .map_err(|source| StoreError::sync(path, source))?;
        (self.disk.sync_folder(self.journal_path))
            .map_err(|source| StoreError::sync(self.journal_path, source))?;
        Ok(End {
            file: FileReader::new(file, path)?,
            ..end
        })
    }
}

fn read_header(bytes: Option<[u8; FileHeader::BYTES]>) -> Result<FileHeader, HeaderError> {
    FileHeader::decode(&bytes.ok_or(HeaderError::Broken)?)
}

fn damaged(path: &Path, offset: u64, what: &'static str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        offset,
        what,
    }
}
