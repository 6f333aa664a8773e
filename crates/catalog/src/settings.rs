//! Settings: what the server keeps of itself.

use rusqlite::{OptionalExtension, params};

use crate::{Catalog, CatalogError};

const ADMIN_TOKEN_HASH: &str = "admin_token_hash";

impl Catalog {
    /// The keyed hash of the administrator's token that the server made; `None` when it made none yet.
    pub fn admin_token_hash(&self) -> Result<Option<[u8; 32]>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT value FROM settings WHERE name = ?";
            let row = connection.query_row(sql, [ADMIN_TOKEN_HASH], |row| row.get(0));
            Ok(row.optional()?)
        })
    }

    /// Keeps the hash of the administrator's token. Durable when it returns.
    pub fn set_admin_token_hash(&self, hash: &[u8; 32]) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)";
            transaction.execute(sql, params![ADMIN_TOKEN_HASH, hash])?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_admin_token_is_kept_and_replaced() {
        let catalog = Catalog::in_memory().expect("opens");
        assert_eq!(catalog.admin_token_hash().expect("reads"), None);
        for hash in [[1; 32], [2; 32]] {
            catalog.set_admin_token_hash(&hash).expect("writes");
            assert_eq!(catalog.admin_token_hash().expect("reads"), Some(hash));
        }
    }
}
