//! Where the demo keeps its data.

use std::fmt::Write;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A fresh folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    /// A folder that somebody named. It must be empty or not exist: the demo does not play on real data.
    pub(super) fn given(path: &Path) -> anyhow::Result<Self> {
        match std::fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    bail!(
                        "`{}` is not empty: the demo wants a fresh folder",
                        path.display()
                    );
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("look into `{}`", path.display()));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            is_temporary: false,
        })
    }

    /// A new folder among the temporary ones.
    pub(super) fn temporary() -> anyhow::Result<Self> {
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes).context("ask for randomness")?;
        let mut name = "sextant-demo-".to_owned();
        for byte in bytes {
            write!(name, "{byte:02x}").expect("writing to a string cannot fail");
        }
        let path = std::env::temp_dir().join(name);
        // Readable by the owner alone, as a data folder is.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("make the temporary folder `{}`", path.display()))?;
        Ok(Self {
            path,
            is_temporary: true,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Removes a temporary folder; leaves a given one.
    pub(super) fn remove_if_temporary(mut self) -> anyhow::Result<()> {
        if !std::mem::take(&mut self.is_temporary) {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.path)
            .with_context(|| format!("remove the temporary folder `{}`", self.path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // Something else went wrong, and that is what is told.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_gone_at_the_end() {
        let folder = Folder::temporary().expect("a folder");
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "x").expect("a file");
        folder.remove_if_temporary().expect("it is removed");
        assert!(!path.try_exists().expect("it can be looked at"));
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        Folder::given(folder.path()).expect("it is empty");
        Folder::given(&folder.path().join("new")).expect("it does not exist");
        std::fs::write(folder.path().join("file"), "x").expect("a file");
        assert!(Folder::given(folder.path()).is_err());
    }
}
