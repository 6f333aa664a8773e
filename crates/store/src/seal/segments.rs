//! Merging segments: many small ones that follow each other become one.
//!
//! A seal under little load makes a small segment, and each costs whoever looks for a customer's rows a read. Rows keep their order and
//! their ordinals, so nothing that is known of them changes. Segments are settled from some hundred thousand rows on.
//!
//! The way is that of a seal: new files, synced and read back; a manifest that names them in place of the old ones; readers are told. The old
//! files are removed once nobody reads them: whoever has an older list of an organization's rows may still look at it. A crash before the
//! manifest leaves new files that nobody names, one after it old ones; a start removes both.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Sealer, sync_folder, verify};
use crate::error::StoreError;
use crate::files::NewFiles;
use crate::key_runs::merge_candidates;
use crate::limits::{
    MERGED_ROW_BYTES_MAX, MERGED_ROWS_MAX, SEGMENT_ROW_BYTES_SETTLED, SEGMENT_ROWS_SETTLED,
};
use crate::manifest::{Manifest, SegmentEntry};
use crate::sealed::SealedRows;
use crate::segment::{Part, RowSource, Sealable};
use crate::tail::{CopyIdentities, Tail};

/// Files of segments that were replaced, and the parts through which they may still be read.
#[derive(Debug)]
pub(super) struct Replaced {
    parts: Vec<Arc<Part>>,
    paths: Vec<PathBuf>,
}

/// What is merged of an organization.
struct Source {
    tail: Arc<Tail>,
    before: Arc<SealedRows>,
    parts: Vec<Arc<Part>>,
    rows: RowSource,
}

impl Sealer {
    /// Merges some segments. Returns whether there were any to merge.
    pub(super) fn merge_segments(&mut self) -> Result<bool, StoreError> {
        let Some(range) = candidates(&self.manifest.segments) else {
            return Ok(false);
        };
        let merged = self.manifest.segments.get(range.clone());
        let merged = merged.unwrap_or_default().to_vec();
        let (Some(first), Some(last)) = (merged.first(), merged.last()) else {
            return Ok(false);
        };
        let sequences = (first.sequences.0, last.sequences.1);
        let numbers: BTreeSet<u64> = merged.iter().map(|segment| segment.number).collect();
        let is_merged = |part: &Part| numbers.contains(&part.segment());
        let sources = self.load(is_merged)?;

        let disk = Arc::clone(self.folder.disk());
        let mut files = NewFiles::new(Arc::clone(&disk));
        let rows: Vec<Sealable<'_>> = (sources.iter())
            .map(|source| (&source.rows, &*source.tail as &dyn CopyIdentities))
            .collect();
        let (entry, parts, _) = self.write_segment(&mut files, sequences, &rows, None)?;
        assert_eq!(
            rows.iter().map(|(rows, _)| rows.rows() as u64).sum::<u64>(),
            merged.iter().map(SegmentEntry::rows).sum::<u64>(),
            "each event of the segments is a row of one organization"
        );
        verify(&parts)?;
        sync_folder(&*disk, &self.folders.segments)?;
        let mut segments = self.manifest.segments.clone();
        segments.splice(range, [entry]);
        let manifest = Manifest {
            number_next: self.number_next,
            segments,
            ..self.manifest.clone()
        };
        self.replace_manifest(manifest, files)?;

        let mut replaced = Vec::new();
        for (source, part) in sources.into_iter().zip(parts) {
            let sealed = source.before.with_replaced(is_merged, &part);
            let sealed = sealed.expect("it has the rows of those that it replaces");
            // What held the rows in memory has none of these rows.
            drop(source.tail.seal(sealed));
            replaced.extend(source.parts);
        }
        let paths = (merged.iter())
            .flat_map(|segment| self.folders.segment(segment.sequences, segment.number));
        self.replaced.push(Replaced {
            parts: replaced,
            paths: paths.collect(),
        });
        self.remove_replaced();
        Ok(true)
    }

    /// Removes the files of replaced segments that nobody reads any more. One that cannot be removed is not named any more, and is removed
    /// at the next start.
    pub(super) fn remove_replaced(&mut self) {
        let disk = self.folder.disk();
        self.replaced.retain(|replaced| {
            let is_read = (replaced.parts.iter()).any(|part| Arc::strong_count(part) > 1);
            if !is_read {
                for path in &replaced.paths {
                    let _removed = disk.remove(path);
                }
            }
            is_read
        });
    }

    /// Reads all rows of some segments.
    fn load(&self, is_merged: impl Fn(&Part) -> bool) -> Result<Vec<Source>, StoreError> {
        let mut sources = Vec::new();
        for (organization, tail) in self.reader.tails() {
            let (before, _) = tail.published();
            let parts = before.parts().iter().filter(|part| is_merged(part));
            let parts: Vec<Arc<Part>> = parts.cloned().collect();
            let Some(last) = parts.last() else {
                continue;
            };
            let identities_end = last.identities_end;
            let mut blocks = Vec::new();
            for part in &parts {
                for group in &part.groups {
                    let block = Arc::new(part.read(group, &*tail)?);
                    let rows = 0..block.len();
                    blocks.push((block, rows));
                }
            }
            sources.push(Source {
                tail,
                before,
                parts,
                rows: RowSource {
                    organization,
                    blocks,
                    identities_end,
                },
            });
        }
        Ok(sources)
    }
}

/// Which segments are to be merged: neighbours that are not settled, of about the same size, as many as are merged at once.
fn candidates(segments: &[SegmentEntry]) -> Option<Range<usize>> {
    let is_settled = |segment: &SegmentEntry| {
        segment.rows() >= SEGMENT_ROWS_SETTLED || segment.row_bytes >= SEGMENT_ROW_BYTES_SETTLED
    };
    let mut end = segments.len();
    // The newest first: there the small ones are.
    while end > 0 {
        let before = segments.get(..end).unwrap_or_default();
        let start = before
            .iter()
            .rposition(is_settled)
            .map_or(0, |settled| settled + 1);
        let rows: Vec<u64> = (before.iter().skip(start))
            .map(SegmentEntry::rows)
            .collect();
        if let Some(at) = merge_candidates(&rows) {
            let first = start + at;
            let (mut rows, mut bytes) = (0, 0);
            let fit = before.iter().skip(first).take_while(|segment| {
                rows += segment.rows();
                bytes += segment.row_bytes;
                rows <= MERGED_ROWS_MAX && bytes <= MERGED_ROW_BYTES_MAX
            });
            // Two always fit: none is settled.
            return Some(first..first + fit.count());
        }
        end = start.saturating_sub(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(rows: &[u64]) -> Vec<SegmentEntry> {
        let mut next = 1;
        let entry = |rows: &u64| {
            let first = next;
            next += rows;
            SegmentEntry {
                number: first,
                sequences: (first, next - 1),
                row_bytes: rows * 200,
                bytes: rows * 40,
                index_bytes: 0,
                directory_bytes: 0,
                directory_checksum: 0,
            }
        };
        rows.iter().map(entry).collect()
    }

    #[test]
    fn small_segments_become_few_and_large_ones_are_left_alone() {
        let mut all = Vec::new();
        let (mut most, mut rewritten) = (0, 0);
        for _ in 0..3_000 {
            all.push(1_000);
            while let Some(range) = candidates(&segments(&all)) {
                let merged: u64 = all.drain(range.clone()).sum();
                assert!(merged <= MERGED_ROWS_MAX);
                rewritten += merged;
                all.insert(range.start, merged);
            }
            most = most.max(all.len());
        }
        assert!(most <= 3_000_000 / 200_000 + 16, "{most}");
        assert!(rewritten <= 6 * 3_000_000, "{rewritten}");
        assert_eq!(candidates(&segments(&[500_000; 50])), None);
        let between = [500_000, 10, 10, 500_000, 10, 10, 10, 10, 500_000, 10];
        assert_eq!(candidates(&segments(&between)), Some(4..8));
        let near = [199_999; 4];
        assert_eq!(candidates(&segments(&near)), Some(0..2));
    }
}
