//! Members: the persons of teams. They come with their customer and go with it, see [`Catalog::insert_customer`] and
//! [`Catalog::delete_customer`].

use domain::{CustomerId, MemberId, OrganizationId, TeamMember, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::columns::{optional_timestamp, timestamp};
use crate::{Catalog, CatalogError};

const COLUMNS: &str =
    "id, organization, customer, email, name, external_id, created_at, modified_at";

impl Catalog {
    /// The members of a customer, the first one first.
    pub fn members(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
    ) -> Result<Vec<TeamMember>, CatalogError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM members WHERE customer = ? AND organization = ? ORDER BY created_at, id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(
                [customer.as_bytes(), organization.as_bytes()],
                read_row,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// All members of all organizations, for a directory in memory: whose each is, of which customer, and who. In no particular order.
    pub fn all_members(&self) -> Result<Vec<(OrganizationId, CustomerId, MemberId)>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT organization, customer, id FROM members";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((
                    OrganizationId::from_bytes(row.get(0)?),
                    CustomerId::from_bytes(row.get(1)?),
                    MemberId::from_bytes(row.get(2)?),
                ))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Adds a member as part of a change.
pub(crate) fn insert(connection: &Connection, member: &TeamMember) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO members (id, organization, customer, email, name, external_id, created_at, modified_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            member.id.as_bytes(),
            member.organization.as_bytes(),
            member.customer.as_bytes(),
            member.email,
            member.name,
            member.external_id,
            member.created_at.micros(),
            member.modified_at.map(Timestamp::micros),
        ],
    )?;
    Ok(())
}

/// Deletes the members of a customer as part of a change.
pub(crate) fn delete_of(connection: &Connection, customer: CustomerId) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM members WHERE customer = ?")?;
    statement.execute([customer.as_bytes()])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<TeamMember> {
    Ok(TeamMember {
        id: MemberId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        customer: CustomerId::from_bytes(row.get(2)?),
        email: row.get(3)?,
        name: row.get(4)?,
        external_id: row.get(5)?,
        created_at: timestamp(row, 6)?,
        modified_at: optional_timestamp(row, 7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outbox;
    use crate::samples::{at, catalog_with_organizations, customer, delete, member, organization};

    #[test]
    fn an_owner_comes_with_its_customer_and_goes_with_it() {
        let catalog = catalog_with_organizations();
        let (team, other) = (customer(1), customer(2));
        catalog
            .insert_customer_with_owner(&team, &member(1, 1), &Outbox::default())
            .expect("inserts");
        let owner = TeamMember {
            name: Some("Ada".into()),
            external_id: Some("ada".into()),
            modified_at: Some(at(500)),
            ..member(2, 2)
        };
        catalog
            .insert_customer_with_owner(&other, &owner, &Outbox::default())
            .expect("inserts");
        let of = |customer: CustomerId| {
            let own = organization(1).id;
            catalog.members(own, customer).expect("reads")
        };
        assert_eq!(of(team.id), [member(1, 1)]);
        assert_eq!(of(other.id), [owner]);
        let foreign = catalog.members(organization(2).id, team.id);
        assert_eq!(foreign.expect("reads"), []);

        delete(&catalog, team.organization, team.id, at(900)).expect("deletes");
        assert_eq!(of(team.id), []);
        let left = catalog.all_members().expect("reads");
        assert_eq!(left, [(other.organization, other.id, member(2, 2).id)]);
    }

    #[test]
    fn a_customer_that_is_refused_leaves_no_member() {
        let catalog = catalog_with_organizations();
        catalog
            .insert_customer(&customer(1), &Outbox::default())
            .expect("inserts");
        let mut twin = customer(2);
        twin.email = customer(1).email;
        let outcome = catalog.insert_customer_with_owner(&twin, &member(1, 2), &Outbox::default());
        assert!(matches!(
            outcome,
            Err(CatalogError::CustomerConflict { .. })
        ));
        assert_eq!(catalog.all_members().expect("reads"), []);
    }
}
