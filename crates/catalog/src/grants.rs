//! Grants of benefits, and what is about to happen to them.
//!
//! A grant changes in three steps, because its events are in the journal and its row is here: a [`GrantStep`] is written, the events are
//! written under the step's key, and the row changes while the step goes. After a crash the steps that are left are done to their end;
//! the key sees to it that no event is written twice.

use domain::{
    BenefitId, CustomerId, Grant, GrantChange, GrantId, GrantedCredit, MeterCredit, MeterId,
    OrganizationId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, Transaction, params};

use crate::columns::{checked_timestamp, name, optional_timestamp, timestamp};
use crate::conditions::Conditions;
use crate::list::{List, SortColumn};
use crate::outbox::Outbox;
use crate::{Catalog, CatalogError, Direction, Listed, Page};

#[cfg(test)]
mod tests;

const COLUMNS: &str = "id, organization, benefit, customer, granted_at, revoked_at, credited_meter, credited_units, \
                       credited_rollover, credited_at, created_at, modified_at";

const STEP_COLUMNS: &str =
    "key, organization, grant_id, benefit, customer, change, meter, units, rollover, resets, at";

/// What is about to happen to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantStep {
    /// The key of its events, among the organization's system events.
    pub key: String,
    /// Whose the grant is.
    pub organization: OrganizationId,
    /// Which grant. It is not there yet when it is to be made.
    pub grant: GrantId,
    /// What is granted.
    pub benefit: BenefitId,
    /// To whom.
    pub customer: CustomerId,
    /// What happens.
    pub change: GrantChange,
    /// What is credited; negative units take some back.
    pub credit: Option<MeterCredit>,
    /// Whether a new window of the credit's meter begins before.
    pub resets: bool,
    /// When it was asked for.
    pub at: Timestamp,
}

/// Which grants are listed, and how. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantSearch {
    /// Of this benefit.
    pub benefit: Option<BenefitId>,
    /// To one of these customers.
    pub customers: Option<Vec<CustomerId>>,
    /// Only those that are granted, or only those that are revoked.
    pub is_granted: Option<bool>,
    /// By what they are ordered, first criterion first; the id comes last. Empty: newest first.
    pub sorting: Vec<(GrantOrder, Direction)>,
}

/// By what grants may be ordered. Descending puts what is empty first, ascending last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOrder {
    /// When they were made.
    CreatedAt,
    /// When they were granted.
    GrantedAt,
    /// When they were revoked.
    RevokedAt,
}

impl GrantOrder {
    fn column(self) -> SortColumn {
        let (name, nullable) = match self {
            GrantOrder::CreatedAt => ("created_at", false),
            GrantOrder::GrantedAt => ("granted_at", true),
            GrantOrder::RevokedAt => ("revoked_at", true),
        };
        SortColumn { name, nullable }
    }
}

impl Catalog {
    /// Notes what is about to happen to grants. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`CatalogError::OrganizationUnknown`], also when the customer is unknown.
    pub fn begin_grant_steps(&self, steps: &[GrantStep]) -> Result<(), CatalogError> {
        self.write(|transaction| insert_steps(transaction, steps))
    }

    /// Takes back what [`Self::begin_grant_steps`] noted, because nothing of it happened.
    pub fn drop_grant_steps(&self, steps: &[GrantStep]) -> Result<(), CatalogError> {
        self.write(|transaction| delete_steps(transaction, steps))
    }

    /// Steps of an organization that were not done to their end: the first by key, at most `limit`.
    pub fn grant_steps(
        &self,
        organization: OrganizationId,
        limit: u32,
    ) -> Result<Vec<GrantStep>, CatalogError> {
        let condition = "organization = ? ORDER BY key LIMIT ?";
        self.steps_where(condition, params![organization.as_bytes(), limit])
    }

    /// The steps of grants of a benefit, or to a customer, that were not done to their end.
    pub fn grant_steps_of(
        &self,
        organization: OrganizationId,
        of: GrantsOf,
    ) -> Result<Vec<GrantStep>, CatalogError> {
        let (condition, id) = match &of {
            GrantsOf::Benefit(id) => (
                "organization = ? AND benefit = ? ORDER BY key",
                id.as_bytes(),
            ),
            GrantsOf::Customer(id) => (
                "organization = ? AND customer = ? ORDER BY key",
                id.as_bytes(),
            ),
        };
        self.steps_where(condition, params![organization.as_bytes(), id])
    }

    fn steps_where(
        &self,
        condition: &'static str,
        parameters: &[&dyn ToSql],
    ) -> Result<Vec<GrantStep>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {STEP_COLUMNS} FROM grant_steps WHERE {condition}");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(parameters, read_step)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The organizations that have steps which were not done to their end.
    pub fn organizations_with_grant_steps(&self) -> Result<Vec<OrganizationId>, CatalogError> {
        self.read(|connection| {
            let sql = "SELECT DISTINCT organization FROM grant_steps";
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_map([], |row| Ok(OrganizationId::from_bytes(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Ends steps: grants become what they are after, and the steps are gone; with what is to be told of it. Durable when it returns.
    pub fn finish_grant_steps(
        &self,
        steps: &[GrantStep],
        grants: &[Grant],
        outbox: &Outbox,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            for grant in grants {
                write_row(transaction, grant)?;
            }
            delete_steps(transaction, steps)?;
            outbox.write(transaction)
        })
    }

    /// A grant, revoked or not.
    pub fn grant(
        &self,
        organization: OrganizationId,
        id: GrantId,
    ) -> Result<Option<Grant>, CatalogError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM grants WHERE id = ? AND organization = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            let parameters = [id.as_bytes(), organization.as_bytes()];
            Ok(statement.query_row(parameters, read_row).optional()?)
        })
    }

    /// The grant of a benefit to a customer that is not revoked.
    pub fn grant_in_force(
        &self,
        organization: OrganizationId,
        benefit: BenefitId,
        customer: CustomerId,
    ) -> Result<Option<Grant>, CatalogError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM grants \
                 WHERE benefit = ? AND customer = ? AND organization = ? AND revoked_at IS NULL"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let parameters = [
                benefit.as_bytes(),
                customer.as_bytes(),
                organization.as_bytes(),
            ];
            Ok(statement.query_row(parameters, read_row).optional()?)
        })
    }

    /// All grants of a benefit, or to a customer, that are not revoked, the oldest first.
    pub fn grants_in_force(
        &self,
        organization: OrganizationId,
        of: GrantsOf,
    ) -> Result<Vec<Grant>, CatalogError> {
        let (column, id) = match &of {
            GrantsOf::Benefit(id) => ("benefit", id.as_bytes()),
            GrantsOf::Customer(id) => ("customer", id.as_bytes()),
        };
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM grants \
                 WHERE {column} = ? AND organization = ? AND revoked_at IS NULL \
                 ORDER BY created_at, id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([id, organization.as_bytes()], read_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Grants of an organization. Cost: those up to the page's end in the default order and for one benefit or customer; else a look at
    /// each.
    pub fn grants(
        &self,
        organization: OrganizationId,
        search: &GrantSearch,
        page: Page,
    ) -> Result<Listed<Grant>, CatalogError> {
        let mut conditions = Conditions::new();
        conditions.and_with(
            "organization = :organization",
            ":organization",
            *organization.as_bytes(),
        );
        if let Some(benefit) = search.benefit {
            conditions.and_with("benefit = :benefit", ":benefit", *benefit.as_bytes());
        }
        match search.customers.as_deref() {
            None => {}
            Some([one]) => {
                conditions.and_with("customer = :customer", ":customer", *one.as_bytes());
            }
            Some(several) => {
                let ids: Vec<u8> = several.iter().flat_map(|id| *id.as_bytes()).collect();
                conditions.and_with("is_one_of(customer, :customers)", ":customers", ids);
            }
        }
        match search.is_granted {
            None => {}
            Some(true) => conditions.and("revoked_at IS NULL"),
            Some(false) => conditions.and("revoked_at IS NOT NULL"),
        }
        let sorting = match search.sorting.as_slice() {
            [] => &[(GrantOrder::CreatedAt, Direction::Descending)],
            given => given,
        };
        let list = List {
            table: "grants",
            columns: COLUMNS,
            conditions,
            sorting: sorting
                .iter()
                .map(|(order, way)| (order.column(), *way))
                .collect(),
        };
        self.read(|connection| list.read(connection, page, read_row))
    }
}

/// Of what, or of whom, grants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsOf {
    /// Of this benefit.
    Benefit(BenefitId),
    /// Of this customer.
    Customer(CustomerId),
}

/// Notes steps as part of another change.
pub(crate) fn insert_steps(
    transaction: &Transaction<'_>,
    steps: &[GrantStep],
) -> Result<(), CatalogError> {
    let sql = format!(
        "INSERT INTO grant_steps ({STEP_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    for step in steps {
        let credit = step.credit;
        statement.execute(params![
            step.key,
            step.organization.as_bytes(),
            step.grant.as_bytes(),
            step.benefit.as_bytes(),
            step.customer.as_bytes(),
            step.change.event_name(),
            credit.map(|credit| *credit.meter.as_bytes()),
            credit.map(|credit| credit.units),
            credit.map(|credit| credit.rollover),
            step.resets,
            step.at.micros(),
        ])?;
    }
    Ok(())
}

fn delete_steps(transaction: &Transaction<'_>, steps: &[GrantStep]) -> Result<(), CatalogError> {
    let sql = "DELETE FROM grant_steps WHERE organization = ? AND key = ?";
    let mut statement = transaction.prepare_cached(sql)?;
    for step in steps {
        statement.execute(params![step.organization.as_bytes(), step.key])?;
    }
    Ok(())
}

fn write_row(connection: &Connection, grant: &Grant) -> Result<(), CatalogError> {
    let sql = format!(
        "INSERT INTO grants ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET granted_at = excluded.granted_at, revoked_at = excluded.revoked_at, \
         credited_meter = excluded.credited_meter, credited_units = excluded.credited_units, \
         credited_rollover = excluded.credited_rollover, credited_at = excluded.credited_at, \
         modified_at = excluded.modified_at"
    );
    let credit = grant.last_credit;
    connection.prepare_cached(&sql)?.execute(params![
        grant.id.as_bytes(),
        grant.organization.as_bytes(),
        grant.benefit.as_bytes(),
        grant.customer.as_bytes(),
        grant.granted_at.map(Timestamp::micros),
        grant.revoked_at.map(Timestamp::micros),
        credit.map(|credit| *credit.meter.as_bytes()),
        credit.map(|credit| credit.units),
        credit.map(|credit| credit.rollover),
        credit.map(|credit| credit.at.micros()),
        grant.created_at.micros(),
        grant.modified_at.map(Timestamp::micros),
    ])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let last_credit = match row.get::<_, Option<[u8; 16]>>(6)? {
        None => None,
        Some(meter) => Some(GrantedCredit {
            meter: MeterId::from_bytes(meter),
            units: row.get(7)?,
            rollover: row.get(8)?,
            at: checked_timestamp(9, row.get(9)?)?,
        }),
    };
    Ok(Grant {
        id: GrantId::from_bytes(row.get(0)?),
        organization: OrganizationId::from_bytes(row.get(1)?),
        benefit: BenefitId::from_bytes(row.get(2)?),
        customer: CustomerId::from_bytes(row.get(3)?),
        granted_at: optional_timestamp(row, 4)?,
        revoked_at: optional_timestamp(row, 5)?,
        last_credit,
        created_at: timestamp(row, 10)?,
        modified_at: optional_timestamp(row, 11)?,
    })
}

fn read_step(row: &Row<'_>) -> rusqlite::Result<GrantStep> {
    let credit = match row.get::<_, Option<[u8; 16]>>(6)? {
        None => None,
        Some(meter) => Some(MeterCredit {
            meter: MeterId::from_bytes(meter),
            units: row.get(7)?,
            rollover: row.get(8)?,
        }),
    };
    Ok(GrantStep {
        key: row.get(0)?,
        organization: OrganizationId::from_bytes(row.get(1)?),
        grant: GrantId::from_bytes(row.get(2)?),
        benefit: BenefitId::from_bytes(row.get(3)?),
        customer: CustomerId::from_bytes(row.get(4)?),
        change: name(row, 5, GrantChange::of_event, "change of a grant")?,
        credit,
        resets: row.get(9)?,
        at: timestamp(row, 10)?,
    })
}
