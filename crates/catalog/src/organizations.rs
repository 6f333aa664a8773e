//! Organizations.

use domain::{Organization, OrganizationId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::columns::{optional_timestamp, timestamp};
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::{Catalog, CatalogError, Direction, Listed, Page};

const COLUMNS: &str = "id, name, slug, settings, created_at, modified_at";

/// Which organizations are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationSearch {
    /// Only the one with this slug.
    pub slug: Option<String>,
    /// Only these.
    pub ids: Option<Vec<OrganizationId>>,
    /// By what they are ordered, first criterion first; the id comes last. Empty: oldest first.
    pub sorting: Vec<(OrganizationOrder, Direction)>,
}

/// By what organizations may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationOrder {
    /// When they were created.
    CreatedAt,
    /// By name, by code point.
    Name,
    /// By slug.
    Slug,
}

impl OrganizationOrder {
    fn column(self) -> SortColumn {
        let name = match self {
            OrganizationOrder::CreatedAt => "created_at",
            OrganizationOrder::Name => "name",
            OrganizationOrder::Slug => "slug",
        };
        SortColumn {
            name,
            nullable: false,
        }
    }
}

impl Catalog {
    /// Adds an organization. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::SlugTaken`].
    pub fn insert_organization(&self, organization: &Organization) -> Result<(), CatalogError> {
        self.write(|transaction| {
            check_slug(transaction, organization)?;
            transaction.execute(
                "INSERT INTO organizations (id, name, slug, settings, created_at, modified_at) \
                 VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    organization.id.as_bytes(),
                    organization.name,
                    organization.slug,
                    organization.settings,
                    organization.created_at.micros(),
                    organization.modified_at.map(Timestamp::micros),
                ],
            )?;
            Ok(())
        })
    }

    /// An organization.
    pub fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM organizations WHERE id = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_row([id.as_bytes()], read_row).optional()?)
        })
    }

    /// Organizations.
    pub fn organizations(
        &self,
        search: &OrganizationSearch,
        page: Page,
    ) -> Result<Listed<Organization>, CatalogError> {
        let mut conditions = Conditions::new();
        if let Some(slug) = &search.slug {
            conditions.and_with("slug = :slug", ":slug", slug);
        }
        if let Some(ids) = &search.ids {
            conditions.and_with("is_one_of(id, :ids)", ":ids", concatenated(ids));
        }
        let sorting = match search.sorting.as_slice() {
            [] => &[(OrganizationOrder::CreatedAt, Direction::Ascending)],
            given => given,
        };
        let list = List {
            table: "organizations",
            columns: COLUMNS,
            conditions,
            sorting: sorting
                .iter()
                .map(|(order, way)| (order.column(), *way))
                .collect(),
        };
        self.read(|connection| list.read(connection, page, read_row))
    }

    /// Replaces name, slug, settings and `modified_at`. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`], [`CatalogError::SlugTaken`].
    pub fn update_organization(&self, organization: &Organization) -> Result<(), CatalogError> {
        self.write(|transaction| {
            check_slug(transaction, organization)?;
            let changed = transaction.execute(
                "UPDATE organizations SET name = ?, slug = ?, settings = ?, modified_at = ? WHERE id = ?",
                params![
                    organization.name,
                    organization.slug,
                    organization.settings,
                    organization.modified_at.map(Timestamp::micros),
                    organization.id.as_bytes(),
                ],
            )?;
            if changed == 0 {
                Err(CatalogError::NotFound)
            } else {
                Ok(())
            }
        })
    }
}

/// Identifiers behind each other, for `is_one_of`.
pub(crate) fn concatenated(ids: &[OrganizationId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

fn check_slug(connection: &Connection, organization: &Organization) -> Result<(), CatalogError> {
    let taken: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM organizations WHERE slug = ? AND id <> ?)",
        params![organization.slug, organization.id.as_bytes()],
        |row| row.get(0),
    )?;
    if taken {
        Err(CatalogError::SlugTaken)
    } else {
        Ok(())
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: OrganizationId::from_bytes(row.get(0)?),
        name: row.get(1)?,
        slug: row.get(2)?,
        settings: row.get(3)?,
        created_at: timestamp(row, 4)?,
        modified_at: optional_timestamp(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, catalog, organization};

    const ALL: Page = Page {
        page: 1,
        limit: 100,
    };

    #[test]
    fn an_organization_comes_back_as_it_went_in() {
        let catalog = catalog();
        let mut one = organization(1);
        catalog.insert_organization(&one).expect("inserts");
        assert_eq!(
            catalog.organization(one.id).expect("reads"),
            Some(one.clone())
        );
        one.modified_at = Some(at(9));
        one.name = "Ève's".into();
        one.slug = "eve".into();
        one.settings = Some("{\"country\":\"FR\"}".into());
        catalog.update_organization(&one).expect("updates");
        assert_eq!(catalog.organization(one.id).expect("reads"), Some(one));
        assert_eq!(
            catalog.organization(organization(2).id).expect("reads"),
            None
        );
    }

    #[test]
    fn a_slug_belongs_to_one_organization() {
        let catalog = catalog();
        catalog
            .insert_organization(&organization(1))
            .expect("inserts");
        let mut two = organization(2);
        two.slug = organization(1).slug;
        assert!(matches!(
            catalog.insert_organization(&two),
            Err(CatalogError::SlugTaken)
        ));
        catalog
            .insert_organization(&organization(2))
            .expect("inserts");
        assert!(matches!(
            catalog.update_organization(&two),
            Err(CatalogError::SlugTaken)
        ));
        catalog
            .update_organization(&organization(2))
            .expect("its own slug is free to it");
        let missing = catalog.update_organization(&organization(3));
        assert!(matches!(missing, Err(CatalogError::NotFound)));
    }

    #[test]
    fn organizations_are_listed_oldest_first() {
        let catalog = catalog();
        let mut organizations: Vec<_> = (1..=5).map(organization).collect();
        organizations[1].created_at = organizations[3].created_at;
        for organization in &organizations {
            catalog.insert_organization(organization).expect("inserts");
        }
        organizations.sort_by_key(|organization| (organization.created_at, organization.id));
        let search = OrganizationSearch::default();
        let listed = catalog.organizations(&search, ALL).expect("lists");
        assert_eq!(
            listed,
            Listed {
                items: organizations.clone(),
                total: 5
            }
        );
        let second = catalog
            .organizations(&search, Page { page: 2, limit: 2 })
            .expect("lists");
        assert_eq!(
            second,
            Listed {
                items: organizations[2..4].to_vec(),
                total: 5
            }
        );
        let past = catalog
            .organizations(&search, Page { page: 4, limit: 2 })
            .expect("lists");
        assert_eq!(
            past,
            Listed {
                items: Vec::new(),
                total: 5
            }
        );
        let far = catalog.organizations(
            &search,
            Page {
                page: u32::MAX,
                limit: u32::MAX,
            },
        );
        assert_eq!(far.expect("lists").total, 5);
    }

    #[test]
    fn a_list_may_be_limited_to_a_slug_and_to_some() {
        let catalog = catalog();
        for n in 1..=3 {
            catalog
                .insert_organization(&organization(n))
                .expect("inserts");
        }
        let check = |search: OrganizationSearch, expected: &[u8]| {
            let listed = catalog.organizations(&search, ALL).expect("lists");
            let expected: Vec<_> = expected.iter().map(|n| organization(*n)).collect();
            assert_eq!(
                listed,
                Listed {
                    total: expected.len() as u64,
                    items: expected
                }
            );
        };
        let ids = |ids: &[u8]| Some(ids.iter().map(|n| organization(*n).id).collect());
        let slug = Some(organization(2).slug);
        check(
            OrganizationSearch {
                slug: slug.clone(),
                ids: None,
                sorting: Vec::new(),
            },
            &[2],
        );
        check(
            OrganizationSearch {
                slug: Some("' OR 1 = 1 --".into()),
                ids: None,
                sorting: Vec::new(),
            },
            &[],
        );
        check(
            OrganizationSearch {
                slug: None,
                ids: ids(&[3, 1, 7]),
                sorting: Vec::new(),
            },
            &[1, 3],
        );
        check(
            OrganizationSearch {
                slug: None,
                ids: ids(&[]),
                sorting: Vec::new(),
            },
            &[],
        );
        check(
            OrganizationSearch {
                slug,
                ids: ids(&[1]),
                sorting: Vec::new(),
            },
            &[],
        );
    }
    #[test]
    fn a_list_may_be_ordered_by_time_name_and_slug() {
        let catalog = catalog();
        let named = |n: u8, name: &str, slug: &str| {
            let mut organization = organization(n);
            organization.name = name.into();
            organization.slug = slug.into();
            catalog.insert_organization(&organization).expect("inserts");
        };
        named(1, "Beta", "x");
        named(2, "Alpha", "z");
        named(3, "Beta", "y");
        let check = |sorting: &[(OrganizationOrder, Direction)], expected: [u8; 3]| {
            let search = OrganizationSearch {
                sorting: sorting.to_vec(),
                ..OrganizationSearch::default()
            };
            let listed = catalog.organizations(&search, ALL).expect("lists");
            let ids: Vec<_> = listed.items.iter().map(|item| item.id).collect();
            assert_eq!(ids, expected.map(|n| organization(n).id), "{sorting:?}");
        };
        let (up, down) = (Direction::Ascending, Direction::Descending);
        check(&[], [1, 2, 3]);
        check(&[(OrganizationOrder::CreatedAt, down)], [3, 2, 1]);
        check(&[(OrganizationOrder::Slug, up)], [1, 3, 2]);
        check(
            &[
                (OrganizationOrder::Name, up),
                (OrganizationOrder::Slug, down),
            ],
            [2, 3, 1],
        );
    }
}
