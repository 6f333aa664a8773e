//! Frames: what one group of requests adds to the journal, in bytes.
//!
//! header (48 bytes) | payload | checksum of the payload (8 bytes)
//!
//! The payload is one part a request: organization, count and total length of its rows, the length of each, the rows.

use domain::{OrganizationId, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::limits::{FRAME_BYTES_KEPT, GROUP_BYTES_MAX};

/// Begins every frame, so that frames can be found behind a damaged place.
pub(super) const MAGIC: [u8; 8] = *b"SXTFRAME";

/// The fixed fields before a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// Length of the payload in bytes.
    pub(super) payload_bytes: usize,
    /// Sequence number of its first row; when it has none, of the next row to come.
    pub(super) sequence: u64,
    /// Time of receipt of its rows.
    pub(super) received_at: Timestamp,
    /// How many rows it has.
    pub(super) rows: u32,
    /// How many parts it has.
    pub(super) parts: u32,
}

impl FrameHeader {
    pub(super) const BYTES: usize = 48;

    /// The bytes, and their checksum, which is the seed of the payload's.
    fn encode(self, salt: u64) -> ([u8; Self::BYTES], u64) {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(self.payload_bytes as u64).to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.received_at.micros().to_le_bytes());
        bytes.extend_from_slice(&self.rows.to_le_bytes());
        bytes.extend_from_slice(&self.parts.to_le_bytes());
        let checksum = xxh3_64_with_seed(&bytes, salt);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        (bytes.try_into().expect("fields of 48 bytes"), checksum)
    }

    /// The header and its checksum; `None` when the bytes are not a whole, undamaged header.
    pub(super) fn decode(bytes: &[u8; Self::BYTES], salt: u64) -> Option<(Self, u64)> {
        let (checked, checksum) = bytes.split_last_chunk::<8>()?;
        let checksum = u64::from_le_bytes(*checksum);
        if xxh3_64_with_seed(checked, salt) != checksum {
            return None;
        }
        let mut fields = Fields(checked);
        if fields.take()? != MAGIC {
            return None;
        }
        let header = Self {
            payload_bytes: usize::try_from(u64::from_le_bytes(fields.take()?)).ok()?,
            sequence: u64::from_le_bytes(fields.take()?),
            received_at: Timestamp::from_micros(i64::from_le_bytes(fields.take()?))?,
            rows: u32::from_le_bytes(fields.take()?),
            parts: u32::from_le_bytes(fields.take()?),
        };
        Some((header, checksum))
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(self) -> u64 {
        (Self::BYTES as u64)
            .saturating_add(self.payload_bytes as u64)
            .saturating_add(8)
    }
}

/// Whether a payload is the one that belongs to the header with this checksum.
pub(super) fn is_payload_whole(payload: &[u8], checksum: [u8; 8], header_checksum: u64) -> bool {
    xxh3_64_with_seed(payload, header_checksum).to_le_bytes() == checksum
}

/// Gathers one frame. The buffer is kept from frame to frame, unless it has grown very large.
#[derive(Debug, Default)]
pub(crate) struct FrameBuilder {
    /// Room for the header, then the payload.
    bytes: Vec<u8>,
    rows: u32,
    parts: u32,
}

impl FrameBuilder {
    /// Begins a new frame.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(FRAME_BYTES_KEPT);
        self.bytes.resize(FrameHeader::BYTES, 0);
        self.rows = 0;
        self.parts = 0;
    }

    /// Adds the rows of a request, which are not empty. `ends` are where they end, counted from `start` before the first row.
    pub(crate) fn push_part(
        &mut self,
        organization: OrganizationId,
        start: u32,
        ends: &[u32],
        rows: &[u8],
    ) {
        let count = length(ends.len());
        self.bytes.reserve(24 + 4 * ends.len() + rows.len());
        self.bytes.extend_from_slice(organization.as_bytes());
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes
            .extend_from_slice(&length(rows.len()).to_le_bytes());
        let starts = std::iter::once(&start).chain(ends);
        for (start, end) in starts.zip(ends) {
            self.bytes.extend_from_slice(&(end - start).to_le_bytes());
        }
        self.bytes.extend_from_slice(rows);
        self.rows += count;
        self.parts += 1;
    }

    /// How many rows it has so far.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Bytes of the frame so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Completes the frame for a file with this salt.
    pub(super) fn seal(&mut self, salt: u64, sequence: u64, received_at: Timestamp) -> &[u8] {
        let (room, payload) = self
            .bytes
            .split_first_chunk_mut::<{ FrameHeader::BYTES }>()
            .expect("a frame begins with room for its header");
        let header = FrameHeader {
            payload_bytes: payload.len(),
            sequence,
            received_at,
            rows: self.rows,
            parts: self.parts,
        };
        let (header, header_checksum) = header.encode(salt);
        *room = header;
        let checksum = xxh3_64_with_seed(payload, header_checksum);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
        &self.bytes
    }
}

/// A frame that was read and whose checksums are right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Sequence number of its first row.
    pub(crate) sequence: u64,
    /// Time of receipt of its rows.
    pub(crate) received_at: Timestamp,
    parts: u32,
    rows: u32,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(super) fn new(header: FrameHeader, payload: &'a [u8]) -> Self {
        let FrameHeader {
            sequence,
            received_at,
            parts,
            rows,
            ..
        } = header;
        Self {
            sequence,
            received_at,
            parts,
            rows,
            payload,
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.into()
    }

    /// Calls `each` with every part in order: the organization and the rows. A row may turn out not to fit.
    ///
    /// # Errors
    /// What does not fit: of the payload, or what `each` said.
    pub(crate) fn for_each_part(
        &self,
        mut each: impl FnMut(OrganizationId, &mut PartRows<'a>) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let mut fields = Fields(self.payload);
        let mut rows_seen = 0;
        for _ in 0..self.parts {
            let (organization, mut rows) =
                fields.part().ok_or("a part of a frame passes its end")?;
            rows_seen += rows.len();
            each(organization, &mut rows)?;
            if !rows.bytes.is_empty() {
                return Err("a part has bytes behind its rows");
            }
        }
        if !fields.0.is_empty() || rows_seen != self.rows as usize {
            return Err("a frame does not hold what its header says");
        }
        Ok(())
    }
}

/// The rows of a part that have not been read yet.
#[derive(Debug)]
pub(crate) struct PartRows<'a> {
    lengths: std::slice::ChunksExact<'a, u8>,
    bytes: &'a [u8],
}

impl PartRows<'_> {
    /// How many bytes they have.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl<'a> Iterator for PartRows<'a> {
    type Item = Result<&'a [u8], &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = self.lengths.next()?.try_into().expect("chunks of 4");
        let split = self
            .bytes
            .split_at_checked(u32::from_le_bytes(length) as usize);
        Some(split.ok_or("a row passes its part").map(|(row, rest)| {
            self.bytes = rest;
            row
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.lengths.size_hint()
    }
}

impl ExactSizeIterator for PartRows<'_> {}

/// Reads fixed fields from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The organization and the rows of one part.
    fn part(&mut self) -> Option<(OrganizationId, PartRows<'a>)> {
        let organization = OrganizationId::from_bytes(self.take()?);
        let count = u32::from_le_bytes(self.take()?) as usize;
        let bytes = u32::from_le_bytes(self.take()?) as usize;
        let lengths = self.bytes(count.checked_mul(4)?)?.chunks_exact(4);
        Some((
            organization,
            PartRows {
                lengths,
                bytes: self.bytes(bytes)?,
            },
        ))
    }
}

fn length(value: usize) -> u32 {
    const { assert!(GROUP_BYTES_MAX < u32::MAX as usize) };
    u32::try_from(value).expect("a batch is below 4 GiB")
}
