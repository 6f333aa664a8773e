//! Reading a journal file from front to back in large pieces.

use std::path::{Path, PathBuf};

use super::frame::{Frame, FrameHeader, MAGIC, is_payload_whole};
use crate::disk::DiskFile;
use crate::error::StoreError;
use crate::limits::{GROUP_BYTES_MAX, READ_BYTES};

/// A journal file that is being read. Holds a piece of it, at least as large as the largest frame so far.
#[derive(Debug)]
pub(super) struct FileReader {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    length: u64,
    piece: Vec<u8>,
    piece_offset: u64,
}

/// What is at an offset.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// The file ends here.
    End,
    /// A whole frame, and where it ends.
    Frame(Frame<'a>, u64),
    /// Something else: a frame that was not wholly written, or one that was damaged.
    Broken(&'static str),
}

impl FileReader {
    pub(super) fn new(file: Box<dyn DiskFile>, path: &Path) -> Result<Self, StoreError> {
        let length = file.length().map_err(StoreError::io("read", path))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            length,
            piece: Vec::new(),
            piece_offset: 0,
        })
    }

    /// Length of the file in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file, to write to.
    pub(super) fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }

    /// `count` bytes from `offset` on; `None` when the file ends before.
    pub(super) fn bytes(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>, StoreError> {
        if self
            .length
            .checked_sub(offset)
            .is_none_or(|rest| rest < count as u64)
        {
            return Ok(None);
        }
        let piece_end = self.piece_offset + self.piece.len() as u64;
        if offset < self.piece_offset || piece_end < offset + count as u64 {
            let rest = usize::try_from(self.length - offset).unwrap_or(usize::MAX);
            self.piece.resize(count.max(READ_BYTES).min(rest), 0);
            self.piece_offset = offset;
            if let Err(source) = self.file.read_at(offset, &mut self.piece) {
                self.piece.clear();
                return Err(StoreError::io("read", &self.path)(source));
            }
        }
        let start = usize::try_from(offset - self.piece_offset).expect("within a piece in memory");
        Ok(self.piece.get(start..start + count))
    }

    /// `N` bytes at `offset`; `None` when the file ends before.
    pub(super) fn array<const N: usize>(
        &mut self,
        offset: u64,
    ) -> Result<Option<[u8; N]>, StoreError> {
        Ok(self
            .bytes(offset, N)?
            .and_then(|bytes| bytes.try_into().ok()))
    }

    /// What is at `offset`, in a file with this salt.
    pub(super) fn frame(&mut self, offset: u64, salt: u64) -> Result<Found<'_>, StoreError> {
        const HEADER: usize = FrameHeader::BYTES;
        if offset == self.length {
            return Ok(Found::End);
        }
        let Some(header) = self.array::<HEADER>(offset)? else {
            return Ok(Found::Broken("the header of a frame ends early"));
        };
        let Some((header, header_checksum)) = FrameHeader::decode(&header, salt) else {
            return Ok(Found::Broken(
                "the header of a frame does not match its checksum",
            ));
        };
        if header.payload_bytes > GROUP_BYTES_MAX {
            return Ok(Found::Broken("a frame is longer than any that is written"));
        }
        let payload_offset = offset + HEADER as u64;
        let Some(bytes) = self.bytes(payload_offset, header.payload_bytes + 8)? else {
            return Ok(Found::Broken("a frame ends early"));
        };
        match bytes.split_last_chunk() {
            Some((payload, checksum)) if is_payload_whole(payload, *checksum, header_checksum) => {
                Ok(Found::Frame(
                    Frame::new(header, payload),
                    offset + header.frame_bytes(),
                ))
            }
            _ => Ok(Found::Broken("a frame does not match its checksum")),
        }
    }

    /// Whether a frame begins anywhere from `offset` on. Its header is proof enough: no client can make one.
    pub(super) fn has_frame_behind(&mut self, offset: u64, salt: u64) -> Result<bool, StoreError> {
        let mut offset = offset;
        while offset < self.length {
            let count = usize::try_from(self.length - offset)
                .unwrap_or(usize::MAX)
                .min(READ_BYTES);
            let Some(piece) = self.bytes(offset, count)? else {
                break;
            };
            let candidates: Vec<u64> = piece
                .windows(MAGIC.len())
                .zip(offset..)
                .filter(|(window, _)| *window == MAGIC)
                .map(|(_, at)| at)
                .collect();
            for at in candidates {
                let header = self.array::<{ FrameHeader::BYTES }>(at)?;
                if header.is_some_and(|header| FrameHeader::decode(&header, salt).is_some()) {
                    return Ok(true);
                }
            }
            // The last bytes again, as the magic may lie across the pieces.
            let step = count.saturating_sub(MAGIC.len() - 1).max(1);
            offset += step as u64;
        }
        Ok(false)
    }
}
