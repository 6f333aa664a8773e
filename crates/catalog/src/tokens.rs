//! Access tokens: what they may do, and a keyed hash of each secret.

use domain::{OrganizationId, Scope, Scopes, Timestamp, Token, TokenId};
use rusqlite::{OptionalExtension, Row, params};

use crate::columns::{optional_timestamp, timestamp, unknown_name};
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::organizations::concatenated;
use crate::{Catalog, CatalogError, Direction, Listed, Page};

const COLUMNS: &str =
    "id, organization, comment, scopes, expires_at, last_used_at, created_at, modified_at";

impl Catalog {
    /// Adds a token, and of its secret the keyed hash. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`].
    pub fn insert_token(&self, token: &Token, hash: &[u8; 32]) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO tokens (id, organization, comment, scopes, expires_at, last_used_at, created_at, \
                 modified_at, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    token.id.as_bytes(),
                    token.organization.as_bytes(),
                    token.comment,
                    scopes_text(token.scopes),
                    token.expires_at.map(Timestamp::micros),
                    token.last_used_at.map(Timestamp::micros),
                    token.created_at.micros(),
                    token.modified_at.map(Timestamp::micros),
                    hash,
                ],
            )?;
            Ok(())
        })
    }

    /// A token.
    pub fn token(&self, id: TokenId) -> Result<Option<Token>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_row([id.as_bytes()], read_row).optional()?)
        })
    }

    /// Tokens of these organizations (none given: of all), newest first.
    pub fn tokens(
        &self,
        organizations: &[OrganizationId],
        page: Page,
    ) -> Result<Listed<Token>, CatalogError> {
        let mut conditions = Conditions::new();
        if !organizations.is_empty() {
            let ids = concatenated(organizations);
            conditions.and_with(
                "is_one_of(organization, :organizations)",
                ":organizations",
                ids,
            );
        }
        let created_at = SortColumn {
            name: "created_at",
            nullable: false,
        };
        let list = List {
            table: "tokens",
            columns: COLUMNS,
            conditions,
            sorting: vec![(created_at, Direction::Descending)],
        };
        self.read(|connection| list.read(connection, page, read_row))
    }

    /// All tokens with the hashes of their secrets, for a directory in memory. In no particular order.
    pub fn all_tokens(&self) -> Result<Vec<([u8; 32], Token)>, CatalogError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare(&format!("SELECT {COLUMNS}, hash FROM tokens"))?;
            let rows = statement.query_map([], |row| Ok((row.get(8)?, read_row(row)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Replaces comment, scopes, `expires_at` and `modified_at`. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`].
    pub fn update_token(&self, token: &Token) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE tokens SET comment = ?, scopes = ?, expires_at = ?, modified_at = ? WHERE id = ?",
                params![
                    token.comment,
                    scopes_text(token.scopes),
                    token.expires_at.map(Timestamp::micros),
                    token.modified_at.map(Timestamp::micros),
                    token.id.as_bytes(),
                ],
            )?;
            if changed == 0 { Err(CatalogError::NotFound) } else { Ok(()) }
        })
    }

    /// Deletes a token. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`].
    pub fn delete_token(&self, id: TokenId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed =
                transaction.execute("DELETE FROM tokens WHERE id = ?", [id.as_bytes()])?;
            if changed == 0 {
                Err(CatalogError::NotFound)
            } else {
                Ok(())
            }
        })
    }

    /// Notes when tokens were last used; never moves a time back. Tokens deleted meanwhile are passed over.
    pub fn touch_tokens(&self, uses: &[(TokenId, Timestamp)]) -> Result<(), CatalogError> {
        if uses.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE tokens SET last_used_at = max(coalesce(last_used_at, ?1), ?1) WHERE id = ?2",
            )?;
            for (id, at) in uses {
                statement.execute(params![at.micros(), id.as_bytes()])?;
            }
            Ok(())
        })
    }
}

fn scopes_text(scopes: Scopes) -> String {
    scopes
        .iter()
        .map(Scope::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: TokenId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        comment: row.get(2)?,
        scopes: read_scopes(row, 3)?,
        expires_at: optional_timestamp(row, 4)?,
        last_used_at: optional_timestamp(row, 5)?,
        created_at: timestamp(row, 6)?,
        modified_at: optional_timestamp(row, 7)?,
    })
}

fn read_scopes(row: &Row<'_>, index: usize) -> rusqlite::Result<Scopes> {
    let text = row.get_ref(index)?.as_str()?;
    text.split_ascii_whitespace()
        .map(|name| Scope::from_name(name).ok_or_else(|| unknown_name(index, name, "scope")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, catalog_with_organizations, organization, token};

    const ALL: Page = Page {
        page: 1,
        limit: 100,
    };

    #[test]
    fn a_token_comes_back_as_it_went_in() {
        let catalog = catalog_with_organizations();
        let mut one = token(1, 1);
        one.scopes = Scope::ALL.iter().copied().collect();
        one.expires_at = Some(at(77));
        one.last_used_at = Some(at(70));
        one.modified_at = Some(at(71));
        let two = Token {
            scopes: Scopes::NONE,
            ..token(2, 2)
        };
        catalog.insert_token(&one, &[1; 32]).expect("inserts");
        catalog.insert_token(&two, &[2; 32]).expect("inserts");
        assert_eq!(catalog.token(one.id).expect("reads"), Some(one.clone()));
        assert_eq!(catalog.token(two.id).expect("reads"), Some(two.clone()));
        let mut all = catalog.all_tokens().expect("reads");
        all.sort_by_key(|(hash, _)| *hash);
        assert_eq!(all, [([1; 32], one), ([2; 32], two)]);
    }

    #[test]
    fn a_token_needs_its_organization() {
        let catalog = catalog_with_organizations();
        let outcome = catalog.insert_token(&token(1, 99), &[1; 32]);
        assert!(matches!(outcome, Err(CatalogError::OrganizationUnknown)));
    }

    #[test]
    fn two_tokens_never_have_one_secret() {
        let catalog = catalog_with_organizations();
        catalog
            .insert_token(&token(1, 1), &[1; 32])
            .expect("inserts");
        let outcome = catalog.insert_token(&token(2, 1), &[1; 32]);
        assert!(matches!(outcome, Err(CatalogError::Statement(_))));
    }

    #[test]
    fn tokens_are_listed_newest_first_of_all_or_some_organizations() {
        let catalog = catalog_with_organizations();
        for (n, of) in [(1, 1), (2, 2), (3, 1), (4, 3)] {
            catalog
                .insert_token(&token(n, of), &[n; 32])
                .expect("inserts");
        }
        let check = |organizations: &[u8], expected: &[(u8, u8)]| {
            let ids: Vec<_> = organizations.iter().map(|n| organization(*n).id).collect();
            let items: Vec<_> = expected.iter().map(|(n, of)| token(*n, *of)).collect();
            let listed = catalog.tokens(&ids, ALL).expect("lists");
            assert_eq!(
                listed,
                Listed {
                    total: items.len() as u64,
                    items
                }
            );
        };
        check(&[], &[(4, 3), (3, 1), (2, 2), (1, 1)]);
        check(&[1], &[(3, 1), (1, 1)]);
        check(&[2, 3], &[(4, 3), (2, 2)]);
        check(&[9], &[]);
        let second = catalog
            .tokens(&[], Page { page: 2, limit: 3 })
            .expect("lists");
        assert_eq!(
            second,
            Listed {
                items: vec![token(1, 1)],
                total: 4
            }
        );
    }

    #[test]
    fn an_update_changes_what_may_change_and_nothing_else() {
        let catalog = catalog_with_organizations();
        let stored = token(1, 1);
        catalog.insert_token(&stored, &[1; 32]).expect("inserts");
        catalog
            .touch_tokens(&[(stored.id, at(50))])
            .expect("touches");
        let changed = Token {
            comment: "new".into(),
            scopes: [Scope::EventsRead].into_iter().collect(),
            modified_at: Some(at(60)),
            created_at: at(1000),
            organization: organization(2).id,
            ..stored.clone()
        };
        catalog.update_token(&changed).expect("updates");
        let expected = Token {
            created_at: stored.created_at,
            organization: stored.organization,
            last_used_at: Some(at(50)),
            ..changed
        };
        assert_eq!(catalog.token(stored.id).expect("reads"), Some(expected));
        let missing = catalog.update_token(&token(2, 1));
        assert!(matches!(missing, Err(CatalogError::NotFound)));
    }

    #[test]
    fn a_deleted_token_is_gone() {
        let catalog = catalog_with_organizations();
        catalog
            .insert_token(&token(1, 1), &[1; 32])
            .expect("inserts");
        catalog.delete_token(token(1, 1).id).expect("deletes");
        assert_eq!(catalog.token(token(1, 1).id).expect("reads"), None);
        assert!(catalog.all_tokens().expect("reads").is_empty());
        let again = catalog.delete_token(token(1, 1).id);
        assert!(matches!(again, Err(CatalogError::NotFound)));
    }

    #[test]
    fn the_time_of_the_last_use_only_moves_forward() {
        let catalog = catalog_with_organizations();
        let (one, two) = (token(1, 1), token(2, 1));
        catalog.insert_token(&one, &[1; 32]).expect("inserts");
        catalog.insert_token(&two, &[2; 32]).expect("inserts");
        let uses = [
            (one.id, at(50)),
            (token(3, 1).id, at(51)),
            (two.id, at(52)),
            (one.id, at(40)),
        ];
        catalog.touch_tokens(&uses).expect("touches");
        catalog.touch_tokens(&[(two.id, at(30))]).expect("touches");
        catalog.touch_tokens(&[]).expect("touches nothing");
        let last_used = |id| {
            catalog
                .token(id)
                .expect("reads")
                .expect("is there")
                .last_used_at
        };
        assert_eq!(last_used(one.id), Some(at(50)));
        assert_eq!(last_used(two.id), Some(at(52)));
    }

    #[test]
    fn an_unknown_scope_is_damage() {
        let catalog = catalog_with_organizations();
        catalog
            .insert_token(&token(1, 1), &[1; 32])
            .expect("inserts");
        catalog
            .write(|transaction| {
                Ok(transaction
                    .execute("UPDATE tokens SET scopes = 'meters:read moon:write'", [])?)
            })
            .expect("updates");
        assert!(matches!(
            catalog.all_tokens(),
            Err(CatalogError::Damaged(_))
        ));
    }
}
