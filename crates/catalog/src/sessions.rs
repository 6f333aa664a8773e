//! Customer sessions, and a keyed hash of each secret. A session goes when its customer is deleted, see
//! [`Catalog::delete_customer`].

use domain::{CustomerId, CustomerSession, OrganizationId, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::columns::timestamp;
use crate::{Catalog, CatalogError};

const COLUMNS: &str = "id, organization, customer, return_url, expires_at, created_at";

impl Catalog {
    /// Adds a session, and of its secret the keyed hash; others end with it, those that have expired, say. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`]: there is no such customer, or it is deleted.
    pub fn insert_session(
        &self,
        session: &CustomerSession,
        hash: &[u8; 32],
        ended: &[SessionId],
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let inserted = transaction.execute(
                "INSERT INTO customer_sessions (id, organization, customer, hash, return_url, expires_at, created_at) \
                 SELECT ?1, organization, id, ?4, ?5, ?6, ?7 FROM customers \
                 WHERE id = ?3 AND organization = ?2 AND deleted_at IS NULL",
                params![
                    session.id.as_bytes(),
                    session.organization.as_bytes(),
                    session.customer.as_bytes(),
                    hash,
                    session.return_url,
                    session.expires_at.micros(),
                    session.created_at.micros(),
                ],
            )?;
            if inserted == 0 {
                return Err(CatalogError::NotFound);
            }
            delete(transaction, ended)
        })
    }

    /// A session.
    pub fn session(
        &self,
        organization: OrganizationId,
        id: SessionId,
    ) -> Result<Option<CustomerSession>, CatalogError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM customer_sessions WHERE id = ? AND organization = ?"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement
                .query_row([id.as_bytes(), organization.as_bytes()], read_row)
                .optional()?)
        })
    }

    /// All sessions of all organizations with the hashes of their secrets, expired ones too. In no particular order.
    pub fn all_sessions(&self) -> Result<Vec<([u8; 32], CustomerSession)>, CatalogError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare(&format!("SELECT {COLUMNS}, hash FROM customer_sessions"))?;
            let rows = statement.query_map([], |row| Ok((row.get(6)?, read_row(row)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Deletes sessions; those that are gone already are passed over. Durable when it returns.
    pub fn delete_sessions(&self, sessions: &[SessionId]) -> Result<(), CatalogError> {
        if sessions.is_empty() {
            return Ok(());
        }
        self.write(|transaction| delete(transaction, sessions))
    }
}

fn delete(connection: &Connection, sessions: &[SessionId]) -> Result<(), CatalogError> {
    let mut statement = connection.prepare_cached("DELETE FROM customer_sessions WHERE id = ?")?;
    for id in sessions {
        statement.execute([id.as_bytes()])?;
    }
    Ok(())
}

/// Ends the sessions of a customer as part of a change.
pub(crate) fn delete_of(connection: &Connection, customer: CustomerId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM customer_sessions WHERE customer = ?";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute([customer.as_bytes()])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<CustomerSession> {
    Ok(CustomerSession {
        id: SessionId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        customer: CustomerId::from_bytes(row.get(2)?),
        return_url: row.get(3)?,
        expires_at: timestamp(row, 4)?,
        created_at: timestamp(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outbox;
    use crate::samples::{at, catalog_with_organizations, customer, delete, organization, session};

    fn catalog_with_customers() -> Catalog {
        let catalog = catalog_with_organizations();
        for n in 1..=2 {
            catalog
                .insert_customer(&customer(n), &Outbox::default())
                .expect("inserts");
        }
        catalog
    }

    fn all(catalog: &Catalog) -> Vec<([u8; 32], CustomerSession)> {
        let mut all = catalog.all_sessions().expect("reads");
        all.sort_by_key(|(hash, _)| *hash);
        all
    }

    #[test]
    fn a_session_comes_back_as_it_went_in() {
        let catalog = catalog_with_customers();
        let one = session(1, 1);
        let two = CustomerSession {
            return_url: Some("https://example.com/".into()),
            ..session(2, 2)
        };
        catalog
            .insert_session(&one, &[1; 32], &[])
            .expect("inserts");
        catalog
            .insert_session(&two, &[2; 32], &[])
            .expect("inserts");
        let own = organization(1).id;
        let found = catalog.session(own, two.id).expect("reads");
        assert_eq!(found, Some(two.clone()));
        let foreign = catalog.session(organization(2).id, two.id);
        assert_eq!(foreign.expect("reads"), None);
        assert_eq!(all(&catalog), [([1; 32], one), ([2; 32], two)]);
    }

    #[test]
    fn a_session_needs_a_customer_of_its_organization_that_is_not_deleted() {
        let catalog = catalog_with_customers();
        let refused = |session: &CustomerSession| {
            let outcome = catalog.insert_session(session, &[1; 32], &[]);
            assert!(matches!(outcome, Err(CatalogError::NotFound)));
        };
        refused(&session(1, 9));
        refused(&CustomerSession {
            organization: organization(2).id,
            ..session(1, 1)
        });
        let gone = customer(1);
        delete(&catalog, gone.organization, gone.id, at(900)).expect("deletes");
        refused(&session(1, 1));
        assert_eq!(all(&catalog), []);
    }

    #[test]
    fn sessions_end_one_by_one_with_a_new_one_and_with_their_customer() {
        let catalog = catalog_with_customers();
        for n in 1..=3 {
            catalog
                .insert_session(&session(n, 1), &[n; 32], &[])
                .expect("inserts");
        }
        let ended = [session(1, 1).id, session(9, 1).id];
        catalog
            .insert_session(&session(4, 2), &[4; 32], &ended)
            .expect("inserts");
        let left = |catalog: &Catalog| -> Vec<u8> {
            all(catalog).iter().map(|(hash, _)| hash[0]).collect()
        };
        assert_eq!(left(&catalog), [2, 3, 4]);
        catalog
            .delete_sessions(&[session(2, 1).id])
            .expect("deletes");
        assert_eq!(left(&catalog), [3, 4]);
        let gone = customer(1);
        delete(&catalog, gone.organization, gone.id, at(900)).expect("deletes");
        assert_eq!(left(&catalog), [4]);
    }

    #[test]
    fn two_sessions_never_have_one_secret_and_nothing_ends_when_one_is_refused() {
        let catalog = catalog_with_customers();
        catalog
            .insert_session(&session(1, 1), &[1; 32], &[])
            .expect("inserts");
        let outcome = catalog.insert_session(&session(2, 2), &[1; 32], &[session(1, 1).id]);
        assert!(matches!(outcome, Err(CatalogError::Statement(_))));
        assert_eq!(all(&catalog), [([1; 32], session(1, 1))]);
    }
}
