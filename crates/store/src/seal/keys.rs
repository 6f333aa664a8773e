//! Merging runs of keys, a step at a time: between two steps there may be seals, which add runs behind those that are merged.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Sealer, sync_folder};
use crate::error::StoreError;
use crate::files::NewFiles;
use crate::key_runs::{KeyRuns, Merge, Run, RunWriter, merge_candidates};
use crate::limits::KEYS_PER_STEP_FACTOR;
use crate::manifest::Manifest;

/// A merge that is under way. Dropped, it leaves nothing.
#[derive(Debug)]
pub(super) struct KeyMerge {
    merge: Merge,
    writer: RunWriter,
    files: NewFiles,
    number: u64,
    path: PathBuf,
}

impl Sealer {
    /// Goes on with a merge, or begins one if there are runs to merge. Returns whether it did anything.
    pub(super) fn merge_keys(&mut self) -> Result<bool, StoreError> {
        // Taken: after a failure the merge begins anew.
        let under_way = match self.key_merge.take() {
            Some(merge) => Some(merge),
            None => self.begin_merge()?,
        };
        let Some(mut under_way) = under_way else {
            return Ok(false);
        };
        let keys_max = self.rows_max.saturating_mul(KEYS_PER_STEP_FACTOR);
        let keys_max = usize::try_from(keys_max).unwrap_or(usize::MAX);
        if under_way.merge.step(keys_max, &mut under_way.writer)? {
            self.key_merge = Some(under_way);
        } else {
            self.finish_merge(under_way)?;
        }
        Ok(true)
    }

    fn begin_merge(&mut self) -> Result<Option<KeyMerge>, StoreError> {
        let runs = self.shared.key_runs();
        let keys: Vec<u64> = runs.runs().iter().map(|run| run.place().keys).collect();
        let Some(at) = merge_candidates(&keys) else {
            return Ok(None);
        };
        let mut files = NewFiles::new(Arc::clone(self.folder.disk()));
        let number = self.take_number();
        let path = self.folders.run(number);
        Ok(Some(KeyMerge {
            merge: Merge::new(runs.runs().get(at..).unwrap_or_default()),
            writer: RunWriter::new(files.create(path.clone())?)?,
            files,
            number,
            path,
        }))
    }

    fn finish_merge(&mut self, merged: KeyMerge) -> Result<(), StoreError> {
        let KeyMerge {
            merge,
            writer,
            files,
            number,
            path,
        } = merged;
        let disk = Arc::clone(self.folder.disk());
        let run = Arc::new(writer.finish(&*disk, path, number)?);
        run.verify()?;
        sync_folder(&*disk, &self.folders.keys)?;

        let is_merged = |run: &Arc<Run>| merge.runs().any(|merged| Arc::ptr_eq(merged, run));
        let known = self.shared.key_runs();
        let mut runs: Vec<Arc<Run>> = Vec::with_capacity(known.runs().len());
        let mut merged_run = Some(run);
        for known in known.runs() {
            if is_merged(known) {
                // In place of the first of them.
                runs.extend(merged_run.take());
            } else {
                runs.push(Arc::clone(known));
            }
        }
        let manifest = Manifest {
            number_next: self.number_next,
            key_runs: runs.iter().map(|run| run.place()).collect(),
            ..self.manifest.clone()
        };
        self.replace_manifest(manifest, files)?;
        self.shared.set_key_runs(KeyRuns::new(runs));
        for run in merge.runs() {
            // One that cannot be removed now is not named any more, and is removed at the next start.
            let _removed = disk.remove(run.path());
        }
        Ok(())
    }
}
