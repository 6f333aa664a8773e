//! Joining files, so that few are asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::file::TableFile;
use super::range::{TableEntry, TableRange};
use super::write::TableWriter;
use crate::error::StoreError;

/// What files that are being joined say of a key.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    name: &'a [u8],
    entry: TableEntry<'a>,
    has_oldest: bool,
}

impl<'a> Joined<'a> {
    /// The name of the table.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The key.
    pub fn key(&self) -> u64 {
        self.entry.key()
    }

    /// The values, one or more, oldest first.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.entry.values()
    }

    /// Whether there is no older file than those that are joined: a value that says "there is nothing any more" need not be kept then.
    pub fn has_oldest(&self) -> bool {
        self.has_oldest
    }
}

/// From which file on they are to be joined, given the sizes of all, the oldest first; `None` when there are no more than
/// `files_max`.
///
/// The last ones, as long as each is at most twice as large as all behind it together: so the sizes that are left fall steeply, and
/// nothing large is written again for little.
pub(super) fn candidates(sizes: &[u64], files_max: usize) -> Option<usize> {
    if sizes.len() <= files_max.max(1) {
        return None;
    }
    let mut from = sizes.len();
    let mut behind = 0_u64;
    for size in sizes.iter().rev() {
        // Two at least, whatever their sizes.
        if sizes.len() - from >= 2 && *size > behind.saturating_mul(2) {
            break;
        }
        from -= 1;
        behind = behind.saturating_add(*size);
    }
    Some(from)
}

/// Writes the entries of several files as one.
pub(super) fn join<E: From<StoreError>>(
    files: &[Arc<TableFile>],
    has_oldest: bool,
    writer: &mut TableWriter,
    mut merge: impl FnMut(Joined<'_>, &mut Vec<u8>) -> Result<bool, E>,
) -> Result<(), E> {
    let names = files.iter().flat_map(|file| file.tables());
    let names: BTreeSet<&[u8]> = names.map(|table| &*table.name).collect();
    let mut value = Vec::new();
    for name in names {
        writer.begin(name)?;
        let mut range = TableRange::new(files, name, 0, u64::MAX)?;
        while let Some(entry) = range.next()? {
            value.clear();
            let joined = Joined {
                name,
                entry,
                has_oldest,
            };
            if merge(joined, &mut value)? {
                writer.push(entry.key(), &value)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_ten_files_and_no_entry_is_rewritten_often() {
        for (appends, rewritten_max) in [(50, 2), (250, 3), (1_000, 5), (4_000, 6)] {
            let mut files: Vec<u64> = Vec::new();
            let mut rewritten = 0;
            for _ in 0..appends {
                files.push(10);
                while let Some(from) = candidates(&files, 10) {
                    let joined = files.split_off(from).iter().sum();
                    rewritten += joined;
                    files.push(joined);
                }
                assert!(files.len() <= 10);
            }
            assert!(rewritten <= rewritten_max * appends * 10, "{rewritten}");
        }
    }

    #[test]
    fn two_files_are_joined_when_the_sizes_fall_too_steeply() {
        assert_eq!(candidates(&[1_000, 100, 10, 1], 4), None);
        assert_eq!(candidates(&[1_000, 100, 10, 1], 3), Some(2));
        assert_eq!(candidates(&[0, 0], 1), Some(0));
        assert_eq!(candidates(&[5], 0), None);
    }
}
