//! On what a measurement was made.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// `2 × Intel Xeon …, 24 GiB, Linux 6.18`.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kibibytes| (kibibytes + (1 << 19)) >> 20);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} × {processor}, {memory} GiB, Linux {}",
        kernel.trim()
    )
}

/// The commit of the working tree, with a `+` when it was changed since.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let is_changed = git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|changes| !changes.is_empty());
    if is_changed {
        format!("{commit}+")
    } else {
        commit
    }
}

/// How many tasks wanted a processor over the last minute: what else the machine did.
pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The bytes of all files below a folder.
pub(crate) fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += entry_bytes(&entry)?;
    }
    Ok(bytes)
}

/// The bytes below a folder by what they are for: the name of each of its folders, or of its files without what follows the first dot
/// or dash.
pub(crate) fn folder_bytes_by_kind(folder: &Path) -> std::io::Result<BTreeMap<String, u64>> {
    let mut kinds = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = entry_bytes(&entry)?;
        let kind = name.split(['.', '-']).next().unwrap_or_default();
        *kinds.entry(kind.to_owned()).or_insert(0) += bytes;
    }
    Ok(kinds)
}

/// Of a file, or of all below a folder. What a running server has just removed has none.
fn entry_bytes(entry: &std::fs::DirEntry) -> std::io::Result<u64> {
    match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// The value behind the first `name : value` of a file.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':')
        .map(|(_, value)| value.trim().to_owned())
}
