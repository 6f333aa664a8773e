//! Meters.

use domain::{Definition, MetadataFilter, Meter, MeterId, OrganizationId, Timestamp, Unit};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, named_params};

use crate::columns::{damaged, metadata, name, optional_timestamp, timestamp};
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::{Catalog, CatalogError, Direction, Listed, Page};

#[cfg(test)]
mod tests;

const COLUMNS: &str = "id, organization, name, unit, custom_label, custom_multiplier, definition, metadata, \
                       created_at, modified_at, archived_at, stands_since";

/// Which meters are listed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterSearch {
    /// Part of the name, ignoring case; `%` and `_` are wildcards, a backslash makes the next character plain.
    pub query: Option<String>,
    /// Only archived ones, or only those that are not.
    pub is_archived: Option<bool>,
    /// What their metadata must be.
    pub metadata: MetadataFilter,
    /// By what they are ordered, first criterion first; the id comes last. Empty: by name.
    pub sorting: Vec<(MeterOrder, Direction)>,
}

/// By what meters may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeterOrder {
    /// When they were created.
    CreatedAt,
    /// By name, by code point.
    Name,
}

impl MeterOrder {
    fn column(self) -> SortColumn {
        match self {
            MeterOrder::CreatedAt => SortColumn {
                name: "created_at",
                nullable: false,
            },
            MeterOrder::Name => SortColumn {
                name: "name",
                nullable: false,
            },
        }
    }
}

impl Catalog {
    /// Adds a meter. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`].
    pub fn insert_meter(&self, meter: &Meter) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO meters (id, organization, name, unit, custom_label, custom_multiplier, definition, \
                 metadata, created_at, modified_at, archived_at, stands_since) \
                 VALUES (:id, :organization, :name, :unit, :custom_label, :custom_multiplier, :definition, \
                 :metadata, :created_at, :modified_at, :archived_at, :stands_since)",
                named_params! {
                    ":id": meter.id.as_bytes(),
                    ":organization": meter.organization.as_bytes(),
                    ":name": meter.name,
                    ":unit": meter.unit.as_str(),
                    ":custom_label": meter.custom_label,
                    ":custom_multiplier": meter.custom_multiplier,
                    ":definition": meter.definition.encode(),
                    ":metadata": meter.metadata.as_ref().bytes(),
                    ":created_at": meter.created_at.micros(),
                    ":modified_at": meter.modified_at.micros(),
                    ":archived_at": meter.archived_at.map(Timestamp::micros),
                    ":stands_since": meter.stands_since.map(Timestamp::micros),
                },
            )?;
            Ok(())
        })
    }

    /// A meter.
    pub fn meter(
        &self,
        organization: OrganizationId,
        id: MeterId,
    ) -> Result<Option<Meter>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM meters WHERE id = ? AND organization = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement
                .query_row([id.as_bytes(), organization.as_bytes()], read_row)
                .optional()?)
        })
    }

    /// Meters of an organization. Cost: a look at each of its meters, below 1 ms for 1,000 of them.
    pub fn meters(
        &self,
        organization: OrganizationId,
        search: &MeterSearch,
        page: Page,
    ) -> Result<Listed<Meter>, CatalogError> {
        let mut conditions = Conditions::new();
        conditions.and_with(
            "organization = :organization",
            ":organization",
            *organization.as_bytes(),
        );
        match search.is_archived {
            Some(true) => conditions.and("archived_at IS NOT NULL"),
            Some(false) => conditions.and("archived_at IS NULL"),
            None => {}
        }
        if let Some(query) = &search.query {
            conditions.and_with("name_matches(name, :query)", ":query", query);
        }
        if !search.metadata.is_empty() {
            let filter = search.metadata.encode();
            conditions.and_with("metadata_matches(metadata, :metadata)", ":metadata", filter);
        }
        let sorting = match search.sorting.as_slice() {
            [] => &[(MeterOrder::Name, Direction::Ascending)],
            given => given,
        };
        let list = List {
            table: "meters",
            columns: COLUMNS,
            conditions,
            sorting: sorting
                .iter()
                .map(|(order, way)| (order.column(), *way))
                .collect(),
        };
        self.read(|connection| list.read(connection, page, read_row))
    }

    /// All meters of an organization, archived or not, the oldest first.
    pub fn meters_of(&self, organization: OrganizationId) -> Result<Vec<Meter>, CatalogError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM meters WHERE organization = ? ORDER BY created_at, id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([organization.as_bytes()], read_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// All meters of all organizations, archived ones too, in the order of their ids.
    pub fn all_meters(&self) -> Result<Vec<Meter>, CatalogError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare(&format!("SELECT {COLUMNS} FROM meters ORDER BY id"))?;
            let rows = statement.query_map([], read_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Replaces all of a meter but its id, organization and `created_at`. Durable when it returns. Whoever reads a meter to
    /// change it sees to it that nobody else does so in between.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`].
    pub fn update_meter(&self, meter: &Meter) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE meters SET name = :name, unit = :unit, custom_label = :custom_label, \
                 custom_multiplier = :custom_multiplier, definition = :definition, metadata = :metadata, \
                 modified_at = :modified_at, archived_at = :archived_at, stands_since = :stands_since \
                 WHERE id = :id AND organization = :organization",
                named_params! {
                    ":id": meter.id.as_bytes(),
                    ":organization": meter.organization.as_bytes(),
                    ":name": meter.name,
                    ":unit": meter.unit.as_str(),
                    ":custom_label": meter.custom_label,
                    ":custom_multiplier": meter.custom_multiplier,
                    ":definition": meter.definition.encode(),
                    ":metadata": meter.metadata.as_ref().bytes(),
                    ":modified_at": meter.modified_at.micros(),
                    ":archived_at": meter.archived_at.map(Timestamp::micros),
                    ":stands_since": meter.stands_since.map(Timestamp::micros),
                },
            )?;
            if changed == 0 { Err(CatalogError::NotFound) } else { Ok(()) }
        })
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Meter> {
    let definition = row.get_ref(6)?.as_blob()?;
    Ok(Meter {
        id: MeterId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        name: row.get(2)?,
        unit: name(row, 3, Unit::from_name, "unit")?,
        custom_label: row.get(4)?,
        custom_multiplier: row.get(5)?,
        definition: Definition::decode(definition)
            .map_err(|error| damaged(6, Type::Blob, error))?,
        metadata: metadata(row, 7)?,
        created_at: timestamp(row, 8)?,
        modified_at: timestamp(row, 9)?,
        archived_at: optional_timestamp(row, 10)?,
        stands_since: optional_timestamp(row, 11)?,
    })
}
