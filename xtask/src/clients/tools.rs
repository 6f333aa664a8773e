//! Python and Node.js: where they are, or what is missing and how to get it.

use std::process::{Command, Stdio};

use super::published::{Platform, Published};
use crate::run::Failed;

/// The oldest Python that all of them run on.
const PYTHON_MIN: Version = Version(3, 11);
/// The oldest Node.js that all clients run on. (The newest client asks for 22 in its package, and works from here on.)
const NODE_MIN: Version = Version(20, 3);

/// By which names Python goes.
const PYTHON_NAMES: [&str; 6] = [
    "python3",
    "python",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];

/// Prints its version, and what an environment made with it depends on. Fails without the modules that make one.
const PYTHON_PROBE: &str = "\
import sys
print('%d.%d' % sys.version_info[:2], sys.version.split()[0], sys.base_prefix)
import venv, ensurepip";

const HOW_TO_GET: &str = "\
Debian, Ubuntu:  apt-get install python3 python3-venv nodejs npm
Fedora:          dnf install python3 nodejs npm
macOS, Homebrew: brew install python node
Where the packages of a system are too old, the sites of Python and of Node.js have newer ones.
Without them, `cargo xtask test --rust-only` runs all that needs only Rust.";

/// What the chosen programs need, found.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    python: Option<Tool>,
    node: Option<Tool>,
}

/// An interpreter.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The name to run it by.
    pub(crate) program: &'static str,
    /// Which one it is. An environment that was made with another one is not used.
    pub(crate) version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Tools {
    /// Looks for what these programs need.
    ///
    /// # Errors
    /// Tells all that is missing at once.
    pub(crate) fn find(chosen: &[&Published]) -> Result<Self, Failed> {
        let mut found = Self::default();
        let mut missing = Vec::new();
        let needs = |platform| chosen.iter().any(|it| it.platform == platform);
        if needs(Platform::Python) {
            match python() {
                Ok(tool) => found.python = Some(tool),
                Err(what) => missing.push(what),
            }
        }
        if needs(Platform::Node) {
            match node() {
                Ok(tool) => found.node = Some(tool),
                Err(what) => missing.push(what),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(format!(
            "what people have cannot be tried out:\n  - {}\n\n{HOW_TO_GET}",
            missing.join("\n  - ")
        ))
    }

    /// The interpreter of a platform.
    ///
    /// # Panics
    /// When it was not looked for: nothing that needs it was chosen.
    pub(crate) fn of(&self, platform: Platform) -> &Tool {
        let found = match platform {
            Platform::Python => &self.python,
            Platform::Node => &self.node,
        };
        found
            .as_ref()
            .expect("what a chosen program needs was looked for")
    }
}

/// The first Python that is new enough and can make environments.
fn python() -> Result<Tool, String> {
    let Version(major, minor) = PYTHON_MIN;
    let mut why = format!("Python {major}.{minor} or newer is missing");
    for program in PYTHON_NAMES {
        let Some(said) = Said::by(Command::new(program).args(["-c", PYTHON_PROBE])) else {
            continue;
        };
        let Some(version) = Version::read(&said.text) else {
            continue;
        };
        if version < PYTHON_MIN {
            why = format!(
                "Python {major}.{minor} or newer is needed, and `{program}` is {}",
                said.text.split(' ').nth(1).unwrap_or_default()
            );
        } else if said.is_success {
            let version = said.text;
            return Ok(Tool { program, version });
        } else {
            why = format!("`{program}` is without the modules venv and ensurepip");
        }
    }
    Err(why)
}

/// Which Node.js there is.
fn node() -> Result<Tool, String> {
    let Version(major, minor) = NODE_MIN;
    let Some(node) = Said::by(Command::new("node").arg("--version")) else {
        return Err(format!("Node.js {major}.{minor} or newer is missing"));
    };
    let version = node.text.trim_start_matches('v');
    if Version::read(version).is_none_or(|version| version < NODE_MIN) {
        return Err(format!(
            "Node.js {major}.{minor} or newer is needed, and `node` is {version}"
        ));
    }
    match Said::by(Command::new("npm").arg("--version")) {
        Some(npm) if npm.is_success => Ok(Tool {
            program: "node",
            version: node.text,
        }),
        _ => Err("`npm` is missing, which comes with Node.js or beside it".to_owned()),
    }
}

/// What a program printed on standard output.
struct Said {
    text: String,
    is_success: bool,
}

impl Said {
    /// `None` when there is no such program.
    fn by(command: &mut Command) -> Option<Self> {
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        Some(Self {
            text: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            is_success: output.status.success(),
        })
    }
}

impl Version {
    /// Reads `MAJOR.MINOR`, whatever follows.
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(|next: char| !next.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some(Self(major, minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(Version::read("3.11 3.11.7 /usr"), Some(Version(3, 11)));
        assert_eq!(Version::read("20.20.2"), Some(Version(20, 20)));
        assert_eq!(Version::read("not found"), None);
        assert!(Version(3, 9) < PYTHON_MIN && Version(3, 14) > PYTHON_MIN);
        assert!(Version(18, 19) < NODE_MIN && Version(22, 0) > NODE_MIN);
    }

    #[test]
    fn a_program_that_is_not_there_says_nothing() {
        assert!(Said::by(&mut Command::new("no-such-program-of-sextant")).is_none());
    }
}
