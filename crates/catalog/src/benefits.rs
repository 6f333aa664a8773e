//! Benefits.

use domain::{
    Benefit, BenefitId, MetadataFilter, MeterCredit, MeterId, OrganizationId, Timestamp, Visibility,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use crate::columns::{metadata, name, optional_timestamp, timestamp};
use crate::conditions::Conditions;
use crate::grants::insert_steps;
use crate::list::{List, SortColumn};
use crate::{Catalog, CatalogError, Direction, GrantStep, Listed, Outbox, Page};

#[cfg(test)]
mod tests;

const COLUMNS: &str = "id, organization, description, visibility, meter, units, rollover, metadata, created_at, \
                       modified_at, deleted_at";

/// Which benefits are listed, and how. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenefitSearch {
    /// Only these.
    pub ids: Vec<BenefitId>,
    /// Without these.
    pub excluded: Vec<BenefitId>,
    /// Part of the description, ignoring case; `%` and `_` are wildcards, a backslash makes the next character plain.
    pub query: Option<String>,
    /// What their metadata must be.
    pub metadata: MetadataFilter,
    /// By what they are ordered, first criterion first; the id comes last. Empty: newest first.
    pub sorting: Vec<(BenefitOrder, Direction)>,
}

/// By what benefits may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenefitOrder {
    /// When they were created.
    CreatedAt,
    /// By description, by code point.
    Description,
    /// By kind, of which there is one.
    Type,
    /// As a person arranged them. Nobody can here, so as they were created.
    UserOrder,
}

impl BenefitOrder {
    /// The column; `None` for what is the same for all.
    fn column(self) -> Option<SortColumn> {
        let name = match self {
            BenefitOrder::CreatedAt | BenefitOrder::UserOrder => "created_at",
            BenefitOrder::Description => "description",
            BenefitOrder::Type => return None,
        };
        Some(SortColumn {
            name,
            nullable: false,
        })
    }
}

impl Catalog {
    /// Adds a benefit, with what is to be told of it. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`], also when there is no such meter.
    pub fn insert_benefit(&self, benefit: &Benefit, outbox: &Outbox) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO benefits (id, organization, description, visibility, meter, units, rollover, \
                 metadata, created_at, modified_at, deleted_at) \
                 VALUES (:id, :organization, :description, :visibility, :meter, :units, :rollover, \
                 :metadata, :created_at, :modified_at, :deleted_at)",
                named_params! {
                    ":id": benefit.id.as_bytes(),
                    ":organization": benefit.organization.as_bytes(),
                    ":description": benefit.description,
                    ":visibility": benefit.visibility.as_str(),
                    ":meter": benefit.credit.meter.as_bytes(),
                    ":units": benefit.credit.units,
                    ":rollover": benefit.credit.rollover,
                    ":metadata": benefit.metadata.as_ref().bytes(),
                    ":created_at": benefit.created_at.micros(),
                    ":modified_at": benefit.modified_at.map(Timestamp::micros),
                    ":deleted_at": benefit.deleted_at.map(Timestamp::micros),
                },
            )?;
            outbox.write(transaction)
        })
    }

    /// A benefit that is not deleted.
    pub fn benefit(
        &self,
        organization: OrganizationId,
        id: BenefitId,
    ) -> Result<Option<Benefit>, CatalogError> {
        let benefit = self.benefit_including_deleted(organization, id)?;
        Ok(benefit.filter(|benefit| benefit.deleted_at.is_none()))
    }

    /// A benefit, deleted or not.
    pub fn benefit_including_deleted(
        &self,
        organization: OrganizationId,
        id: BenefitId,
    ) -> Result<Option<Benefit>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM benefits WHERE id = ? AND organization = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement
                .query_row([id.as_bytes(), organization.as_bytes()], read_row)
                .optional()?)
        })
    }

    /// Benefits of an organization that are not deleted. Cost: a look at each of them, unless they are asked for in the default
    /// order and without conditions.
    pub fn benefits(
        &self,
        organization: OrganizationId,
        search: &BenefitSearch,
        page: Page,
    ) -> Result<Listed<Benefit>, CatalogError> {
        let mut conditions = Conditions::new();
        conditions.and_with(
            "organization = :organization",
            ":organization",
            *organization.as_bytes(),
        );
        conditions.and("deleted_at IS NULL");
        if !search.ids.is_empty() {
            conditions.and_with("is_one_of(id, :ids)", ":ids", bytes(&search.ids));
        }
        if !search.excluded.is_empty() {
            let excluded = bytes(&search.excluded);
            conditions.and_with("NOT is_one_of(id, :excluded)", ":excluded", excluded);
        }
        if let Some(query) = &search.query {
            conditions.and_with("name_matches(description, :query)", ":query", query);
        }
        if !search.metadata.is_empty() {
            let filter = search.metadata.encode();
            conditions.and_with("metadata_matches(metadata, :metadata)", ":metadata", filter);
        }
        let sorting = match search.sorting.as_slice() {
            [] => &[(BenefitOrder::CreatedAt, Direction::Descending)],
            given => given,
        };
        let list = List {
            table: "benefits",
            columns: COLUMNS,
            conditions,
            sorting: sorting
                .iter()
                .filter_map(|(order, way)| Some((order.column()?, *way)))
                .collect(),
        };
        self.read(|connection| list.read(connection, page, read_row))
    }

    /// Whether a benefit that is not deleted credits units of a meter.
    pub fn is_meter_credited(
        &self,
        organization: OrganizationId,
        meter: MeterId,
    ) -> Result<bool, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT 1 FROM benefits \
                       WHERE meter = ? AND organization = ? AND deleted_at IS NULL";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.exists([meter.as_bytes(), organization.as_bytes()])?)
        })
    }

    /// Replaces all of a benefit but its id, organization and `created_at`, with what is to be told of it. Durable when it returns.
    /// Whoever reads a benefit to change it sees to it that nobody else does so in between.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`], also when it is deleted already.
    pub fn update_benefit(&self, benefit: &Benefit, outbox: &Outbox) -> Result<(), CatalogError> {
        self.write(|transaction| {
            write_row(transaction, benefit)?;
            outbox.write(transaction)
        })
    }

    /// Deletes a benefit: writes it as [`Self::update_benefit`] does, with `deleted_at` set, and notes what is about to happen to its
    /// grants because of it. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`], also when it is deleted already.
    pub fn delete_benefit(
        &self,
        deleted: &Benefit,
        revocations: &[GrantStep],
        outbox: &Outbox,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            write_row(transaction, deleted)?;
            insert_steps(transaction, revocations)?;
            outbox.write(transaction)
        })
    }
}

/// Writes what may change into a row that is there and not deleted.
fn write_row(transaction: &Transaction<'_>, benefit: &Benefit) -> Result<(), CatalogError> {
    let changed = transaction.execute(
        "UPDATE benefits SET description = :description, visibility = :visibility, meter = :meter, \
         units = :units, rollover = :rollover, metadata = :metadata, modified_at = :modified_at, \
         deleted_at = :deleted_at \
         WHERE id = :id AND organization = :organization AND deleted_at IS NULL",
        named_params! {
            ":description": benefit.description,
            ":visibility": benefit.visibility.as_str(),
            ":meter": benefit.credit.meter.as_bytes(),
            ":units": benefit.credit.units,
            ":rollover": benefit.credit.rollover,
            ":metadata": benefit.metadata.as_ref().bytes(),
            ":modified_at": benefit.modified_at.map(Timestamp::micros),
            ":deleted_at": benefit.deleted_at.map(Timestamp::micros),
            ":id": benefit.id.as_bytes(),
            ":organization": benefit.organization.as_bytes(),
        },
    )?;
    if changed == 0 {
        Err(CatalogError::NotFound)
    } else {
        Ok(())
    }
}

/// Identifiers behind each other, as `is_one_of` takes them.
fn bytes(ids: &[BenefitId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Benefit> {
    Ok(Benefit {
        id: BenefitId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        description: row.get(2)?,
        visibility: name(row, 3, Visibility::from_name, "visibility")?,
        credit: MeterCredit {
            meter: MeterId::from_bytes(row.get(4)?),
            units: row.get(5)?,
            rollover: row.get(6)?,
        },
        metadata: metadata(row, 7)?,
        created_at: timestamp(row, 8)?,
        modified_at: optional_timestamp(row, 9)?,
        deleted_at: optional_timestamp(row, 10)?,
    })
}
