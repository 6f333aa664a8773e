//! Customers as lists of events need them: those of a page, and those in which a text occurs.

use std::collections::BTreeSet;

use domain::{Customer, CustomerId, OrganizationId};
use rusqlite::{OptionalExtension as _, named_params};

use super::{COLUMNS, read_row};
use crate::{Catalog, CatalogError, CustomerIdentity};

impl Catalog {
    /// Those customers of an organization that there are, deleted or not, of one moment and each once. In no particular order.
    /// Cost: a look-up each.
    pub fn customers_by_id(
        &self,
        organization: OrganizationId,
        ids: impl IntoIterator<Item = CustomerId>,
    ) -> Result<Vec<Customer>, CatalogError> {
        let ids: BTreeSet<CustomerId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            // Dropped at the end: nothing was written.
            let moment = connection.unchecked_transaction()?;
            let sql = format!("SELECT {COLUMNS} FROM customers WHERE id = ? AND organization = ?");
            let mut statement = moment.prepare_cached(&sql)?;
            let mut customers = Vec::with_capacity(ids.len());
            for id in ids {
                let parameters = [id.as_bytes(), organization.as_bytes()];
                customers.extend(statement.query_row(parameters, read_row).optional()?);
            }
            Ok(customers)
        })
    }

    /// The customers of an organization that are not deleted and of whose id, external id, name (which is also the billing name) or
    /// e-mail address the text is a part, ignoring case and without wildcards (SEMANTICS 9.15). In no particular order. Cost: a look at
    /// each customer.
    pub fn customers_with_text(
        &self,
        organization: OrganizationId,
        text: &str,
    ) -> Result<Vec<CustomerIdentity>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT id, external_id FROM customers \
                       WHERE organization = :organization AND deleted_at IS NULL \
                       AND customer_contains(id, external_id, name, email, :text)";
            let mut statement = connection.prepare_cached(sql)?;
            let parameters = named_params! {
                ":organization": organization.as_bytes(),
                ":text": text,
            };
            let rows = statement.query_map(parameters, |row| {
                Ok(CustomerIdentity {
                    organization,
                    id: CustomerId::from_bytes(row.get(0)?),
                    external_id: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outbox;
    use crate::samples::{at, catalog_with_organizations, customer, delete, organization};

    fn named(n: u8, external_id: Option<&str>, name: Option<&str>, email: &str) -> Customer {
        Customer {
            external_id: external_id.map(str::to_owned),
            name: name.map(str::to_owned),
            email: Some(email.to_owned()),
            ..customer(n)
        }
    }

    fn filled() -> (Catalog, Vec<Customer>) {
        let catalog = catalog_with_organizations();
        let customers = vec![
            named(1, Some("crm/17"), Some("Ève Ltd."), "billing@eve.example"),
            named(2, None, None, "Bob@Bob.example"),
            named(3, Some("crm/18"), Some("Carol"), "carol@c.example"),
        ];
        for customer in &customers {
            catalog
                .insert_customer(customer, &Outbox::default())
                .expect("inserts");
        }
        (catalog, customers)
    }

    #[test]
    fn customers_are_fetched_by_id_deleted_or_not_and_only_ones_own() {
        let (catalog, customers) = filled();
        let own = organization(1).id;
        let deleted = delete(&catalog, own, customers[1].id, at(99)).expect("deletes");
        let ids = [&customers[0], &customers[1], &customers[0]].map(|customer| customer.id);
        let unknown = CustomerId::from_random([9; 16]);
        let mut fetched = catalog
            .customers_by_id(own, ids.into_iter().chain([unknown]))
            .expect("reads");
        fetched.sort_by_key(|customer| customer.deleted_at);
        assert_eq!(fetched, [customers[0].clone(), deleted]);
        let none = catalog.customers_by_id(organization(2).id, ids);
        assert_eq!(none.expect("reads"), []);
        assert_eq!(catalog.customers_by_id(own, []).expect("reads"), []);
    }

    #[test]
    fn a_text_is_found_in_any_part_of_what_is_known_of_a_customer() {
        let (catalog, customers) = filled();
        let own = organization(1).id;
        let check = |text: &str, expected: &[usize]| {
            let mut found: Vec<CustomerId> = catalog
                .customers_with_text(own, text)
                .expect("reads")
                .into_iter()
                .map(|found| found.id)
                .collect();
            found.sort_unstable();
            let mut expected: Vec<CustomerId> =
                expected.iter().map(|index| customers[*index].id).collect();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text:?}");
        };
        check("crm", &[0, 2]);
        check("M/17", &[0]);
        check("èVE", &[0]);
        check("BOB@", &[1]);
        check("example", &[0, 1, 2]);
        check("%", &[]);
        let id = customers[2].id.to_string();
        check(&id.to_uppercase(), &[2]);
        check(&id[20..], &[2]);
        let elsewhere = catalog.customers_with_text(organization(2).id, "crm");
        assert_eq!(elsewhere.expect("reads"), []);
        delete(&catalog, own, customers[2].id, at(99)).expect("deletes");
        check("crm", &[0]);
    }
}
