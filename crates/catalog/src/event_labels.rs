//! What a person says that events of a name are called.

use domain::{EventLabel, OrganizationId};
use rusqlite::{Row, named_params};

use crate::columns::timestamp;
use crate::{Catalog, CatalogError};

impl Catalog {
    /// Says what an organization's events of a name are called, in place of what was said before. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`].
    pub fn set_event_label(
        &self,
        organization: OrganizationId,
        name: &str,
        said: &EventLabel,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO event_labels (organization, name, label, property_selector, modified_at) \
                 VALUES (:organization, :name, :label, :property_selector, :modified_at) \
                 ON CONFLICT (organization, name) DO UPDATE SET label = excluded.label, \
                 property_selector = excluded.property_selector, modified_at = excluded.modified_at",
                named_params! {
                    ":organization": organization.as_bytes(),
                    ":name": name,
                    ":label": said.label,
                    ":property_selector": said.property_selector,
                    ":modified_at": said.modified_at.micros(),
                },
            )?;
            Ok(())
        })
    }

    /// All that was said, of all organizations, with the names of the events.
    pub fn all_event_labels(
        &self,
    ) -> Result<Vec<(OrganizationId, String, EventLabel)>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT organization, name, label, property_selector, modified_at FROM event_labels";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], read_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<(OrganizationId, String, EventLabel)> {
    let said = EventLabel {
        label: row.get(2)?,
        property_selector: row.get(3)?,
        modified_at: timestamp(row, 4)?,
    };
    Ok((OrganizationId::from_bytes(row.get(0)?), row.get(1)?, said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, catalog_with_organizations, organization};

    fn said(label: &str, property_selector: Option<&str>, micros: i64) -> EventLabel {
        EventLabel {
            label: label.to_owned(),
            property_selector: property_selector.map(str::to_owned),
            modified_at: at(micros),
        }
    }

    #[test]
    fn a_label_is_kept_and_replaced_under_its_organization_and_name() {
        let catalog = catalog_with_organizations();
        let (first, second) = (organization(1).id, organization(2).id);
        let set = |organization, name, said: &EventLabel| {
            let written = catalog.set_event_label(organization, name, said);
            written.expect("writes");
        };
        set(first, "call", &said("Call", Some("subject"), 1));
        set(first, "", &said("Nameless", None, 2));
        set(second, "call", &said("Ruf", None, 3));
        set(first, "call", &said("📞", None, 4));
        let mut all = catalog.all_event_labels().expect("reads");
        all.sort_by_key(|(_, _, said)| said.modified_at);
        let expected = [
            (first, String::new(), said("Nameless", None, 2)),
            (second, "call".to_owned(), said("Ruf", None, 3)),
            (first, "call".to_owned(), said("📞", None, 4)),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn an_unknown_organization_says_nothing() {
        let catalog = catalog_with_organizations();
        let written = catalog.set_event_label(
            OrganizationId::from_random([9; 16]),
            "call",
            &said("Call", None, 1),
        );
        assert!(
            matches!(written, Err(CatalogError::OrganizationUnknown)),
            "{written:?}"
        );
    }
}
