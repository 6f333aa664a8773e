//! Which clients there are, and what else that people have is tried out.

use crate::run::Failed;

/// A published client of the API, or a program that reads data folders.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// What a developer calls it, and its folder below `clients` in the target folder.
    pub(crate) name: &'static str,
    /// From the root, the folder of its lock files and of what is run with it.
    pub(crate) sources: &'static str,
    /// What people install.
    pub(crate) package: &'static str,
    /// On what it runs.
    pub(crate) platform: Platform,
}

/// On what a client runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Python,
    Node,
}

/// All clients that are tried: the last release of each generation.
pub(crate) const PUBLISHED: [Published; 4] = [
    Published {
        name: "python-0.32",
        sources: "tests/clients/python-0.32",
        package: "polar-sdk 0.32.0 for Python",
        platform: Platform::Python,
    },
    Published {
        name: "python-1.0",
        sources: "tests/clients/python-1.0",
        package: "polar-sdk 1.0.2 for Python",
        platform: Platform::Python,
    },
    Published {
        name: "node-0.49",
        sources: "tests/clients/node-0.49",
        package: "@polar-sh/sdk 0.49.0 for Node.js",
        platform: Platform::Node,
    },
    Published {
        name: "node-1.0",
        sources: "tests/clients/node-1.0",
        package: "@polar-sh/sdk 1.0.1 for Node.js",
        platform: Platform::Node,
    },
];

/// What reads a sealed data folder without the server.
pub(crate) const DUCKDB: Published = Published {
    name: "duckdb",
    sources: "crates/store/tests/duckdb",
    package: "DuckDB 2.0.0 for Python",
    platform: Platform::Python,
};

/// What is to be tried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Against the server.
    pub(crate) clients: Vec<&'static Published>,
    /// On a sealed data folder.
    pub(crate) duckdb: Option<&'static Published>,
}

impl Chosen {
    /// What has these names, everything without names.
    pub(crate) fn by_names(names: &[&str]) -> Result<Self, Failed> {
        let known = || PUBLISHED.iter().chain([&DUCKDB]);
        if let Some(unknown) = (names.iter()).find(|name| known().all(|it| it.name != **name)) {
            let known: Vec<&str> = known().map(|it| it.name).collect();
            return Err(format!("`{unknown}` is not one of {}", known.join(", ")));
        }
        let is_chosen = |it: &&Published| names.is_empty() || names.contains(&it.name);
        Ok(Self {
            clients: PUBLISHED.iter().filter(is_chosen).collect(),
            duckdb: Some(&DUCKDB).filter(is_chosen),
        })
    }

    /// All that is chosen.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Published> {
        self.clients.iter().copied().chain(self.duckdb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn what_is_tried_is_chosen_by_name() {
        let names = |names: &[&str]| {
            Chosen::by_names(names).map(|chosen| chosen.all().map(|it| it.name).collect::<Vec<_>>())
        };
        let all = [
            "python-0.32",
            "python-1.0",
            "node-0.49",
            "node-1.0",
            "duckdb",
        ];
        assert_eq!(names(&[]), Ok(all.to_vec()));
        assert_eq!(names(&["node-1.0"]), Ok(vec!["node-1.0"]));
        assert_eq!(names(&["duckdb"]), Ok(vec!["duckdb"]));
        assert!(names(&["node-1.0", "node-2.0"]).is_err_and(|text| text.starts_with("`node-2.0`")));
    }

    #[test]
    fn lock_files_of_python_have_hashes_and_no_address() {
        for it in PUBLISHED.iter().chain([&DUCKDB]) {
            if it.platform == Platform::Python {
                let path = root().join(it.sources).join("requirements.txt");
                let lock = std::fs::read_to_string(path).expect("a committed file");
                assert!(lock.contains("--hash=sha256:"), "{}", it.name);
                assert!(!lock.contains("://"), "{}", it.name);
            }
        }
    }
}
