//! Customers in pages from the oldest on: for going through all of them while others come and go.

use domain::{Customer, CustomerId, OrganizationId, Timestamp};
use rusqlite::named_params;

use super::{COLUMNS, read_row};
use crate::{Catalog, CatalogError};

/// Where to go on after a customer, whatever has become of it meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerPlace {
    created_at: Timestamp,
    id: CustomerId,
}

impl CustomerPlace {
    /// The place of a customer.
    pub fn of(customer: &Customer) -> Self {
        Self {
            created_at: customer.created_at,
            id: customer.id,
        }
    }
}

impl Catalog {
    /// Customers of an organization that are not deleted, oldest first, after a place or from the beginning: the fewest whose
    /// text and metadata have `bytes` bytes, or all there are after it; so none when that was the last. Whoever asks again
    /// after the last of a page meets every customer once that is there all the time.
    ///
    /// Cost: that of the rows it gives, wherever the place is.
    pub fn customers_oldest_first(
        &self,
        organization: OrganizationId,
        after: Option<CustomerPlace>,
        bytes: usize,
    ) -> Result<Vec<Customer>, CatalogError> {
        let (created_at, id) = match after {
            None => (i64::MIN, [0; 16]),
            Some(place) => (place.created_at.micros(), *place.id.as_bytes()),
        };
        self.read(|connection| {
            // Against the order of the index, in which ids of one time ascend as times descend.
            let sql = format!(
                "SELECT {COLUMNS} FROM customers \
                 WHERE organization = :organization AND deleted_at IS NULL AND created_at >= :created_at \
                 AND (created_at > :created_at OR id < :id) \
                 ORDER BY created_at, id DESC"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(named_params! {
                ":organization": organization.as_bytes(),
                ":created_at": created_at,
                ":id": id,
            })?;
            let mut page = Vec::new();
            let mut so_far = 0_usize;
            while let Some(row) = rows.next()? {
                let customer = read_row(row)?;
                so_far += size(&customer);
                page.push(customer);
                if so_far >= bytes {
                    break;
                }
            }
            Ok(page)
        })
    }
}

/// About how many bytes a customer's row has.
fn size(customer: &Customer) -> usize {
    const FIXED: usize = 64;
    let address = customer.billing_address.iter().flat_map(|address| {
        [
            &address.line1,
            &address.line2,
            &address.postal_code,
            &address.city,
            &address.state,
        ]
    });
    let texts = [&customer.external_id, &customer.email, &customer.name];
    let text: usize = texts
        .into_iter()
        .chain(address)
        .flatten()
        .map(String::len)
        .sum();
    FIXED + text + customer.metadata.as_ref().bytes().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outbox;
    use crate::samples::{at, catalog_with_organizations, customer, organization};

    /// The customers of organization 1, in pages of about so many bytes.
    fn all(catalog: &Catalog, bytes: usize) -> Vec<Vec<CustomerId>> {
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = catalog.customers_oldest_first(organization(1).id, after, bytes);
            let page = page.expect("reads");
            let Some(last) = page.last() else {
                return pages;
            };
            after = Some(CustomerPlace::of(last));
            pages.push(page.iter().map(|customer| customer.id).collect());
        }
    }

    fn id(n: u8) -> CustomerId {
        customer(n).id
    }

    #[test]
    fn pages_go_from_the_oldest_to_the_newest_customer() {
        let catalog = catalog_with_organizations();
        for n in [3, 1, 2] {
            catalog
                .insert_customer(&customer(n), &Outbox::default())
                .expect("inserts");
        }
        // Two of one time, which no page may leave out or give twice.
        let twin = Customer {
            created_at: customer(2).created_at,
            ..customer(4)
        };
        catalog
            .insert_customer(&twin, &Outbox::default())
            .expect("inserts");
        let of_another = Customer {
            organization: organization(2).id,
            ..customer(5)
        };
        catalog
            .insert_customer(&of_another, &Outbox::default())
            .expect("inserts");
        let gone = customer(6);
        catalog
            .insert_customer(&gone, &Outbox::default())
            .expect("inserts");
        catalog
            .delete_customer(&gone.deleted(at(900)), &[], &Outbox::default())
            .expect("deletes");

        let ordered = [id(1), id(4), id(2), id(3)];
        assert_eq!(all(&catalog, 1), ordered.map(|id| vec![id]));
        assert_eq!(all(&catalog, usize::MAX), [ordered.to_vec()]);
        assert_eq!(all(&catalog, 150), [[id(1), id(4)], [id(2), id(3)]]);
    }

    #[test]
    fn a_page_goes_on_after_a_customer_that_is_gone() {
        let catalog = catalog_with_organizations();
        for n in 1..=3 {
            catalog
                .insert_customer(&customer(n), &Outbox::default())
                .expect("inserts");
        }
        let first = customer(1);
        catalog
            .delete_customer(&first.clone().deleted(at(900)), &[], &Outbox::default())
            .expect("deletes");
        let after = Some(CustomerPlace::of(&first));
        let page = catalog.customers_oldest_first(organization(1).id, after, 1);
        assert_eq!(page.expect("reads")[0].id, id(2));
    }
}
