//! Which clients there are.

use crate::run::Failed;

/// A published client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// Its folder below `tests/clients`, and below `clients` in the target folder.
    pub(crate) name: &'static str,
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
        package: "polar-sdk 0.32.0 for Python",
        platform: Platform::Python,
    },
    Published {
        name: "python-1.0",
        package: "polar-sdk 1.0.2 for Python",
        platform: Platform::Python,
    },
    Published {
        name: "node-0.49",
        package: "@polar-sh/sdk 0.49.0 for Node.js",
        platform: Platform::Node,
    },
    Published {
        name: "node-1.0",
        package: "@polar-sh/sdk 1.0.1 for Node.js",
        platform: Platform::Node,
    },
];

/// The clients of these names, all without names.
pub(crate) fn chosen(names: &[&str]) -> Result<Vec<&'static Published>, Failed> {
    if let Some(unknown) = (names.iter()).find(|name| PUBLISHED.iter().all(|c| c.name != **name)) {
        let known = PUBLISHED.map(|client| client.name).join(", ");
        return Err(format!("`{unknown}` is not one of {known}"));
    }
    let is_chosen = |client: &&Published| names.is_empty() || names.contains(&client.name);
    Ok(PUBLISHED.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_chosen_by_name() {
        assert_eq!(chosen(&[]).map(|all| all.len()), Ok(PUBLISHED.len()));
        assert_eq!(chosen(&["node-1.0"]), Ok(vec![&PUBLISHED[3]]));
        assert!(
            chosen(&["node-1.0", "node-2.0"]).is_err_and(|text| text.starts_with("`node-2.0`"))
        );
    }
}
