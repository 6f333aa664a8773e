//! Which clients there are, and what else that people have is tried out.

use crate::run::Failed;

/// A published client of the API, something built on one, or another program that people have.
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
    /// What is done with it.
    pub(crate) trial: Trial,
}

/// On what a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Python,
    Node,
}

/// What is done with a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trial {
    /// A client of the API: its tests against the server, also against one that was killed while the client was sending.
    Client,
    /// What is built on a client: its tests against the server.
    Package,
    /// Makes requests up from the OpenAPI document of the server.
    Document,
    /// Reads a sealed data folder, without the server.
    Folder,
}

/// All that is tried: of the clients the last release of each generation, else the newest.
pub(crate) const PUBLISHED: [Published; 8] = [
    Published {
        name: "python-0.32",
        sources: "tests/clients/python-0.32",
        package: "polar-sdk 0.32.0 for Python",
        platform: Platform::Python,
        trial: Trial::Client,
    },
    Published {
        name: "python-1.0",
        sources: "tests/clients/python-1.0",
        package: "polar-sdk 1.0.2 for Python",
        platform: Platform::Python,
        trial: Trial::Client,
    },
    Published {
        name: "node-0.49",
        sources: "tests/clients/node-0.49",
        package: "@polar-sh/sdk 0.49.0 for Node.js",
        platform: Platform::Node,
        trial: Trial::Client,
    },
    Published {
        name: "node-1.0",
        sources: "tests/clients/node-1.0",
        package: "@polar-sh/sdk 1.0.1 for Node.js",
        platform: Platform::Node,
        trial: Trial::Client,
    },
    Published {
        name: "ingestion",
        sources: "tests/clients/ingestion",
        package: "@polar-sh/ingestion 0.4.2 for Node.js",
        platform: Platform::Node,
        trial: Trial::Package,
    },
    Published {
        name: "better-auth",
        sources: "tests/clients/better-auth",
        package: "@polar-sh/better-auth 1.8.4 for Node.js",
        platform: Platform::Node,
        trial: Trial::Package,
    },
    Published {
        name: "schemathesis",
        sources: "tests/clients/schemathesis",
        package: "schemathesis 4.32.5 for Python",
        platform: Platform::Python,
        trial: Trial::Document,
    },
    Published {
        name: "duckdb",
        sources: "crates/store/tests/duckdb",
        package: "DuckDB 2.0.0 for Python",
        platform: Platform::Python,
        trial: Trial::Folder,
    },
];

/// What has these names, everything without names.
///
/// # Errors
/// When a name is nobody's.
pub(crate) fn by_names(names: &[&str]) -> Result<Vec<&'static Published>, Failed> {
    if let Some(unknown) = (names.iter()).find(|name| PUBLISHED.iter().all(|it| it.name != **name))
    {
        let known: Vec<&str> = PUBLISHED.iter().map(|it| it.name).collect();
        return Err(format!("`{unknown}` is not one of {}", known.join(", ")));
    }
    let is_chosen = |it: &&Published| names.is_empty() || names.contains(&it.name);
    Ok(PUBLISHED.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn what_is_tried_is_chosen_by_name() {
        let names = |names: &[&str]| {
            by_names(names).map(|chosen| chosen.iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).map(|all| all.len()), Ok(PUBLISHED.len()));
        assert_eq!(names(&["node-1.0"]), Ok(vec!["node-1.0"]));
        let two = vec!["python-1.0", "duckdb"];
        assert_eq!(names(&["duckdb", "python-1.0"]), Ok(two));
        assert!(names(&["node-1.0", "node-2.0"]).is_err_and(|text| text.starts_with("`node-2.0`")));
    }

    #[test]
    fn lock_files_have_hashes_and_no_address() {
        for it in &PUBLISHED {
            let (name, hash) = match it.platform {
                Platform::Python => ("requirements.txt", "--hash=sha256:"),
                Platform::Node => ("package-lock.json", "\"integrity\": \"sha512-"),
            };
            let path = root().join(it.sources).join(name);
            let lock = std::fs::read_to_string(path).expect("a committed file");
            assert!(lock.contains(hash), "{}", it.name);
            assert!(!lock.contains("\"resolved\""), "{}", it.name);
            assert!(
                it.platform == Platform::Node || !lock.contains("://"),
                "{}",
                it.name
            );
        }
    }
}
