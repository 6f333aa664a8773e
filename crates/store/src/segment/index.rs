//! The index of a segment: where its row groups are and what is in them, so that a start decodes no rows and a reader only those
//! that it looks at.
//!
//! Layout: magic and version, then the postings of all parts, then the directory (packed values) to the end. The directory's checksum
//! and length are in the manifest; it holds the checksum of everything else.

use domain::packed::{PackedError, Reader, write_len, write_signed, write_text, write_varint};
use domain::{OrganizationId, Source, Timestamp};

use super::postings::PostedName;
use super::shape::Shape;

/// Begins an index.
pub(super) const HEADER: [u8; 16] = *b"SEXTANTI\x01\0\0\0\0\0\0\0";

/// What stands in the directory of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentIndex {
    pub(super) shape: Shape,
    /// As they stand in the Parquet file.
    pub(super) row_groups: Vec<RowGroup>,
    /// By organization, ascending.
    pub(super) parts: Vec<PartIndex>,
}

/// The rows of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartIndex {
    pub(super) organization: OrganizationId,
    /// One more than the greatest identity in this part or one before it.
    pub(super) identities_end: u32,
    pub(super) groups: Vec<Group>,
    /// The names that have a number in the postings, from 1 on.
    pub(super) names: Vec<PostedName>,
    pub(super) postings: Vec<PostingsBlock>,
}

/// Rows of one organization that are loaded together: a row group, or, of an organization with few rows in the segment, a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    /// The row group's place in the file.
    pub(super) number: u32,
    /// How many rows of the row group are before these.
    pub(super) row_first: u32,
    pub(crate) ordinal_first: u32,
    pub(crate) rows: u32,
    /// Least and greatest event time.
    pub(crate) times: (Timestamp, Timestamp),
    /// Times of receipt of the first and the last row.
    pub(crate) received_at: (Timestamp, Timestamp),
    /// Sequence numbers of the first and the last row.
    pub(crate) sequences: (u64, u64),
}

/// A row group of the Parquet file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowGroup {
    pub(super) rows: u32,
    pub(super) offset: u64,
    /// Where its columns are, one behind the other. The Parquet file's footer says it too, but for the whole file, in a form that takes
    /// many times the memory.
    pub(super) chunks: Box<[Chunk]>,
}

/// A column of a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) bytes: u32,
    /// How many of the bytes, from the first, are its dictionary; 0 when it has none.
    pub(super) dictionary_bytes: u32,
    pub(super) checksum: u64,
}

/// Where the rows of some identities are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PostingsBlock {
    pub(super) identity_first: u32,
    pub(super) offset: u64,
    pub(super) bytes: u32,
    pub(super) checksum: u64,
}

impl SegmentIndex {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.shape.encode(&mut out);
        write_len(self.row_groups.len(), &mut out);
        for row_group in &self.row_groups {
            row_group.encode(&mut out);
        }
        write_len(self.parts.len(), &mut out);
        for part in &self.parts {
            out.extend_from_slice(part.organization.as_bytes());
            write_varint(part.identities_end.into(), &mut out);
            write_len(part.groups.len(), &mut out);
            for group in &part.groups {
                group.encode(&mut out);
            }
            write_len(part.names.len(), &mut out);
            for (source, name) in &part.names {
                out.push(u8::from(*source == Source::System));
                write_text(name, &mut out);
            }
            write_len(part.postings.len(), &mut out);
            for block in &part.postings {
                write_varint(block.identity_first.into(), &mut out);
                write_varint(block.offset.into(), &mut out);
                write_varint(block.bytes.into(), &mut out);
                out.extend_from_slice(&block.checksum.to_le_bytes());
            }
        }
        out
    }

    /// Reads a directory whose checksum was right.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut reader = Reader::new(bytes);
        let shape = Shape::decode(&mut reader)?;
        let row_groups = (0..reader.len()?)
            .map(|_| RowGroup::decode(&mut reader))
            .collect::<Result<Vec<_>, _>>()?;
        let mut parts = Vec::new();
        for _ in 0..reader.len()? {
            let organization = OrganizationId::from_bytes(reader.array()?);
            let identities_end = small(&mut reader)?;
            let groups = (0..reader.len()?)
                .map(|_| Group::decode(&mut reader))
                .collect::<Result<Vec<_>, _>>()?;
            let names = (0..reader.len()?)
                .map(|_| name(&mut reader))
                .collect::<Result<Vec<_>, _>>()?;
            let mut postings = Vec::new();
            for _ in 0..reader.len()? {
                postings.push(PostingsBlock {
                    identity_first: small(&mut reader)?,
                    offset: large(&mut reader)?,
                    bytes: small(&mut reader)?,
                    checksum: u64::from_le_bytes(reader.array()?),
                });
            }
            parts.push(PartIndex {
                organization,
                identities_end,
                groups,
                names,
                postings,
            });
        }
        if reader.is_empty() {
            Ok(Self {
                shape,
                row_groups,
                parts,
            })
        } else {
            Err(PackedError {
                what: "an index has bytes behind its end",
            })
        }
    }
}

impl RowGroup {
    /// How many bytes it has.
    pub(super) fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        write_varint(self.rows.into(), out);
        write_varint(self.offset.into(), out);
        write_len(self.chunks.len(), out);
        for chunk in &self.chunks {
            write_varint(chunk.bytes.into(), out);
            write_varint(chunk.dictionary_bytes.into(), out);
            out.extend_from_slice(&chunk.checksum.to_le_bytes());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Ok(Self {
            rows: small(reader)?,
            offset: large(reader)?,
            chunks: (0..reader.len()?)
                .map(|_| {
                    Ok(Chunk {
                        bytes: small(reader)?,
                        dictionary_bytes: small(reader)?,
                        checksum: u64::from_le_bytes(reader.array()?),
                    })
                })
                .collect::<Result<_, PackedError>>()?,
        })
    }
}

impl Group {
    fn encode(&self, out: &mut Vec<u8>) {
        for field in [
            self.number.into(),
            self.row_first.into(),
            self.ordinal_first.into(),
            self.rows.into(),
            self.sequences.0,
            self.sequences.1,
        ] {
            write_varint(u128::from(field), out);
        }
        for time in [
            self.times.0,
            self.times.1,
            self.received_at.0,
            self.received_at.1,
        ] {
            write_signed(time.micros().into(), out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Ok(Self {
            number: small(reader)?,
            row_first: small(reader)?,
            ordinal_first: small(reader)?,
            rows: small(reader)?,
            sequences: (large(reader)?, large(reader)?),
            times: (time(reader)?, time(reader)?),
            received_at: (time(reader)?, time(reader)?),
        })
    }
}

fn name(reader: &mut Reader<'_>) -> Result<PostedName, PackedError> {
    let source = match reader.byte()? {
        0 => Source::User,
        1 => Source::System,
        _ => {
            return Err(PackedError {
                what: "a source is unknown",
            });
        }
    };
    Ok((source, reader.text()?.into()))
}

fn small(reader: &mut Reader<'_>) -> Result<u32, PackedError> {
    u32::try_from(reader.varint()?).map_err(|_| PackedError {
        what: "a number passes 32 bits",
    })
}

fn large(reader: &mut Reader<'_>) -> Result<u64, PackedError> {
    u64::try_from(reader.varint()?).map_err(|_| PackedError {
        what: "a number passes 64 bits",
    })
}

fn time(reader: &mut Reader<'_>) -> Result<Timestamp, PackedError> {
    (i64::try_from(reader.signed()?).ok())
        .and_then(Timestamp::from_micros)
        .ok_or(PackedError {
            what: "a time is out of range",
        })
}
