//! The marker: a readable file that says what the folder is and in which format.

use std::path::Path;

use super::read_whole;
use crate::disk::Disk;
use crate::error::StoreError;

pub(super) const NAME: &str = "SEXTANT";
pub(super) const NAME_NEW: &str = "SEXTANT.new";

const VERSION: u64 = 1;
const FIRST_LINE: &str =
    "Sextant data folder: usage events that may be billed. Do not change anything in here.";

/// The content of the marker.
pub(super) fn text() -> String {
    format!("{FIRST_LINE}\nformat-version: {VERSION}\n")
}

/// Checks that the marker is one of ours and of a version that can be read.
pub(super) fn check(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(NAME);
    let content = read_whole(disk, &path)?;
    if content == text().as_bytes() {
        return Ok(());
    }
    match version(&content) {
        Some(found) if found > VERSION => Err(StoreError::Newer {
            path,
            found,
            supported: VERSION,
        }),
        _ => {
            let expected = text();
            let same = content
                .iter()
                .zip(expected.as_bytes())
                .take_while(|(a, b)| a == b)
                .count();
            Err(StoreError::Damaged {
                path,
                offset: same as u64,
                what: "it is not the marker of a Sextant data folder",
            })
        }
    }
}

/// The version that a marker names, also one of a future format with more lines.
fn version(content: &[u8]) -> Option<u64> {
    let mut lines = std::str::from_utf8(content).ok()?.lines();
    lines.next().filter(|line| *line == FIRST_LINE)?;
    lines.next()?.strip_prefix("format-version: ")?.parse().ok()
}
