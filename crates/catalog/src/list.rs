//! Lists: pages, order, and how many rows there are on all pages.

use std::fmt::Write as _;

use rusqlite::{Connection, Row, ToSql, Transaction};

use crate::CatalogError;
use crate::conditions::Conditions;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub page: u32,
    /// Items on a page; the caller bounds it (to 100, SEMANTICS 4.1).
    pub limit: u32,
}

impl Page {
    /// How many items stand on the pages before.
    pub fn offset(self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.limit)
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items of the page; none when it is past the end.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Which way a list is ordered. Nulls are greater than everything else (SEMANTICS 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Least first, nulls last.
    Ascending,
    /// Greatest first, nulls first.
    Descending,
}

/// A column by which a list may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SortColumn {
    pub(crate) name: &'static str,
    pub(crate) nullable: bool,
}

/// A list of one table.
pub(crate) struct List<'a> {
    /// The table.
    pub(crate) table: &'static str,
    /// Its columns, as the function that reads a row expects them.
    pub(crate) columns: &'static str,
    /// Which rows.
    pub(crate) conditions: Conditions<'a>,
    /// First criterion first; a column that comes again changes nothing. The id, ascending, comes last.
    pub(crate) sorting: Vec<(SortColumn, Direction)>,
}

impl List<'_> {
    /// The page and the count, of one moment. Cost: the rows up to the end of the page when an index has the order, else all
    /// that meet the conditions; and a second pass to count them, unless the page is the last.
    pub(crate) fn read<T>(
        &self,
        connection: &Connection,
        page: Page,
        read_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listed<T>, CatalogError> {
        // Dropped at the end: nothing was written.
        let moment = connection.unchecked_transaction()?;
        self.read_within(&moment, page, read_row)
    }

    /// The same within a transaction, for whoever reads more of that moment.
    pub(crate) fn read_within<T>(
        &self,
        moment: &Transaction<'_>,
        page: Page,
        read_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listed<T>, CatalogError> {
        let offset = page.offset();
        let items = self.read_items(moment, offset, page.limit, read_row)?;
        let read = items.len() as u64;
        let is_last = read < u64::from(page.limit) && (read > 0 || offset == 0);
        let total = if is_last {
            offset + read
        } else {
            self.count(moment)?
        };
        Ok(Listed { items, total })
    }

    fn read_items<T>(
        &self,
        connection: &Connection,
        offset: u64,
        limit: u32,
        read_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let sql = format!(
            "SELECT {} FROM {}{} ORDER BY {} LIMIT :limit OFFSET :offset",
            self.columns,
            self.table,
            self.conditions.sql(),
            order_by(&self.sorting),
        );
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let mut parameters = self.conditions.parameters();
        parameters.extend([(":limit", &limit as &dyn ToSql), (":offset", &offset)]);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(parameters.as_slice(), read_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn count(&self, connection: &Connection) -> Result<u64, CatalogError> {
        let sql = format!(
            "SELECT count(*) FROM {}{}",
            self.table,
            self.conditions.sql()
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let parameters = self.conditions.parameters();
        let count: i64 = statement.query_one(parameters.as_slice(), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }
}

fn order_by(sorting: &[(SortColumn, Direction)]) -> String {
    let mut sql = String::new();
    for (position, (column, direction)) in sorting.iter().enumerate() {
        if sorting[..position]
            .iter()
            .any(|(earlier, _)| earlier == column)
        {
            continue;
        }
        let way = match (direction, column.nullable) {
            (Direction::Ascending, false) => "ASC",
            (Direction::Ascending, true) => "ASC NULLS LAST",
            (Direction::Descending, false) => "DESC",
            (Direction::Descending, true) => "DESC NULLS FIRST",
        };
        write!(sql, "{} {way}, ", column.name).expect("writing to a string");
    }
    sql + "id ASC"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mention_of_a_column_decides_and_the_id_comes_last() {
        let name = SortColumn {
            name: "name",
            nullable: true,
        };
        let created_at = SortColumn {
            name: "created_at",
            nullable: false,
        };
        let sql = order_by(&[
            (name, Direction::Descending),
            (created_at, Direction::Ascending),
            (name, Direction::Ascending),
        ]);
        assert_eq!(sql, "name DESC NULLS FIRST, created_at ASC, id ASC");
        assert_eq!(order_by(&[]), "id ASC");
    }

    #[test]
    fn the_offset_of_any_page_is_a_number() {
        assert_eq!(Page { page: 1, limit: 10 }.offset(), 0);
        assert_eq!(Page { page: 3, limit: 10 }.offset(), 20);
        assert_eq!(Page { page: 0, limit: 10 }.offset(), 0);
        assert!(
            Page {
                page: u32::MAX,
                limit: u32::MAX
            }
            .offset()
                > 1 << 63
        );
    }
}
