//! The environments of the clients and of the other programs: what their lock files say, and nothing else.
//!
//! - An environment is made once, in the target folder, and kept while its lock files and the Python or Node.js below it are the same.
//! - A stamp beside it is written last and taken away first, so that one whose making was interrupted is made anew.
//! - Packages are checked against the hashes of the lock files, and no code of theirs runs while they are installed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::published::{Platform, Published};
use super::tools::{Tool, Tools};
use crate::run::{Failed, root, run};

/// What the tests of several programs share: for Python looked for there, for Node.js copied beside the tests.
const SHARED: &str = "tests/clients/shared";

/// Held while the environments are in use, by whatever command: the second one waits.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other command uses the environments in this folder, which is made.
    pub(crate) fn take(folder: &Path) -> Result<Self, Failed> {
        let path = folder.join("lock");
        let taken = fs::create_dir_all(folder)
            .and_then(|()| File::create(&path))
            .and_then(|file| file.lock().map(|()| file));
        let file = taken.map_err(|error| format!("lock {}: {error}", path.display()))?;
        Ok(Self { _file: file })
    }
}

/// An installed program.
#[derive(Debug)]
pub(crate) struct Environment {
    platform: Platform,
    /// Where its packages are.
    folder: PathBuf,
    /// Where its tests are.
    tests: PathBuf,
}

impl Environment {
    /// Its environment, below `folder`; made when it is not there as the lock files want it.
    pub(crate) fn of(published: &Published, tools: &Tools, folder: &Path) -> Result<Self, Failed> {
        let sources = root().join(published.sources);
        let environment = Self {
            platform: published.platform,
            folder: folder.join(published.name),
            tests: match published.platform {
                Platform::Python => sources.clone(),
                // Modules are looked for from the importing file upwards.
                Platform::Node => folder.join(published.name),
            },
        };
        let tool = tools.of(published.platform);
        let stamp = folder.join(format!("{}.stamp", published.name));
        let wanted = environment.wanted(&sources, tool)?;
        if fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
            eprintln!("xtask: installing {}", published.package);
            remove(&stamp, |path| fs::remove_file(path))?;
            remove(&environment.folder, |path| fs::remove_dir_all(path))?;
            environment.make(&sources, tool)?;
            at(&stamp, fs::write(&stamp, wanted))?;
        }
        if published.platform == Platform::Node {
            let is_module = |name: &Path| name.extension().is_some_and(|it| it == "mjs");
            environment.copy(&root().join(SHARED), is_module)?;
            environment.copy(&sources, is_module)?;
        }
        Ok(environment)
    }

    /// The command that runs the tests of this name.
    pub(crate) fn tests(&self, name: &str) -> Command {
        let mut command = self.interpreter();
        match self.platform {
            Platform::Python => command.args(["-m", "unittest", "-v", &format!("test_{name}")]),
            Platform::Node => command.args([
                "--test",
                "--test-reporter=spec",
                &format!("{name}.test.mjs"),
            ]),
        };
        command
    }

    /// The command that runs the program of this name.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = self.interpreter();
        command.arg(match self.platform {
            Platform::Python => format!("{name}.py"),
            Platform::Node => format!("{name}.mjs"),
        });
        command
    }

    /// The interpreter, among the tests, which does not write there.
    fn interpreter(&self) -> Command {
        let mut command = match self.platform {
            Platform::Python => {
                let mut python = Command::new(self.folder.join("bin/python"));
                python.args(["-B", "-X", "utf8"]);
                python.env("PYTHONPATH", root().join(SHARED));
                python.env_remove("PYTHONHOME");
                python
            }
            Platform::Node => {
                let mut node = Command::new("node");
                node.env_remove("NODE_PATH").env_remove("NODE_OPTIONS");
                // Its closing lines are looked for as plain text.
                node.env_remove("FORCE_COLOR").env("NO_COLOR", "1");
                node
            }
        };
        command.current_dir(&self.tests).stdin(Stdio::null());
        command
    }

    /// What the environment is made from.
    fn wanted(&self, sources: &Path, tool: &Tool) -> Result<String, Failed> {
        let mut parts = vec![tool.version.clone()];
        for name in self.lock_files() {
            let path = sources.join(name);
            parts.push((*name).to_owned());
            parts.push(at(&path, fs::read_to_string(&path))?);
        }
        Ok(parts.join("\n"))
    }

    fn lock_files(&self) -> &'static [&'static str] {
        match self.platform {
            Platform::Python => &["requirements.txt"],
            Platform::Node => &["package.json", "package-lock.json", ".npmrc"],
        }
    }

    fn make(&self, sources: &Path, tool: &Tool) -> Result<(), Failed> {
        match self.platform {
            Platform::Python => {
                run(Command::new(tool.program)
                    .args(["-m", "venv"])
                    .arg(&self.folder)
                    .env_remove("PYTHONPATH")
                    .env_remove("PYTHONHOME"))?;
                let mut pip = self.interpreter();
                pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input"])
                    .args(["install", "--quiet", "--require-hashes"])
                    .args(["--only-binary", ":all:", "--requirement"])
                    .arg(sources.join("requirements.txt"));
                run(&mut pip)
            }
            Platform::Node => {
                at(&self.folder, fs::create_dir_all(&self.folder))?;
                let is_lock_file = |name: &Path| self.lock_files().iter().any(|it| name == *it);
                self.copy(sources, is_lock_file)?;
                // Its own `.npmrc` tells the rest.
                run(Command::new("npm")
                    .args(["ci", "--loglevel=error"])
                    .current_dir(&self.folder)
                    .stdin(Stdio::null()))
            }
        }
        .map_err(|failed| {
            format!("{failed}\ninstalling needs the network, once; `--rust-only` installs nothing")
        })
    }

    /// Copies the chosen files of a folder.
    fn copy(&self, from: &Path, is_chosen: impl Fn(&Path) -> bool) -> Result<(), Failed> {
        for entry in at(from, fs::read_dir(from))? {
            let entry = at(from, entry)?;
            let name = entry.file_name();
            if is_chosen(Path::new(&name)) {
                let to = self.folder.join(name);
                at(&to, fs::copy(entry.path(), &to))?;
            }
        }
        Ok(())
    }
}

/// Takes away what may not be there.
fn remove(path: &Path, how: impl Fn(&Path) -> io::Result<()>) -> Result<(), Failed> {
    match how(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => at(path, other),
    }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Failed> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}
