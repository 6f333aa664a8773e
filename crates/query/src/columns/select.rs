//! Narrowing a selection of rows by a filter.

use std::borrow::Cow;

use domain::{
    Clause, Comparison, Conjunction, Filter, MetadataCondition, MetadataFilter, MetadataRef,
    Number, Spelling, Subject, UnitRange, Value,
};
use store::{KeyColumn, StoreError, TextColumn, Wanted, WholeColumn};

use super::group::{GroupRows, source, timestamp};

/// Takes those rows out of a selection, ascending, that do not pass a filter.
///
/// # Errors
/// Columns could not be read.
pub(crate) fn select(
    group: &mut GroupRows,
    filter: &Filter,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    if filter.clauses.is_empty() {
        return Ok(());
    }
    // What costs least first, which does not change the outcome: names and sources are a few texts for thousands of rows.
    let mut clauses: Vec<&Clause> = filter.clauses.iter().collect();
    clauses.sort_by_key(|clause| match clause {
        Clause::Comparison(comparison) => u8::from(comparison.property.field().is_none()),
        Clause::Filter(_) => 2,
    });
    match filter.conjunction {
        Conjunction::And => {
            for clause in clauses {
                if rows.is_empty() {
                    break;
                }
                select_clause(group, clause, rows)?;
            }
        }
        Conjunction::Or => {
            let mut passed = vec![false; group.len()];
            // Rows that no clause let pass so far.
            let mut left = rows.clone();
            for clause in clauses {
                if left.is_empty() {
                    break;
                }
                let mut found = left.clone();
                select_clause(group, clause, &mut found)?;
                for row in found {
                    passed[row as usize] = true;
                }
                left.retain(|row| !passed[*row as usize]);
            }
            rows.retain(|row| passed[*row as usize]);
        }
    }
    Ok(())
}

/// Takes those rows out of a selection, ascending, whose metadata does not pass.
///
/// # Errors
/// Columns could not be read.
pub(crate) fn select_metadata(
    group: &mut GroupRows,
    filter: &MetadataFilter,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    for condition in filter.conditions() {
        if rows.is_empty() {
            break;
        }
        select_values(group, condition, rows)?;
    }
    Ok(())
}

fn select_clause(
    group: &mut GroupRows,
    clause: &Clause,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    use domain::property::Field;

    let comparison = match clause {
        Clause::Filter(filter) => return select(group, filter, rows),
        Clause::Comparison(comparison) => comparison,
    };
    match comparison.property.field() {
        Some(Field::Name) => select_texts(group.names()?, rows, |names, code| {
            let name = names.text(code)?;
            Ok(name.is_some_and(|name| comparison.accepts(Subject::Name(name))))
        }),
        Some(Field::Source) => select_texts(group.sources()?, rows, |sources, code| {
            let source = source(sources, code)?;
            Ok(source.is_some_and(|source| comparison.accepts(Subject::Source(source))))
        }),
        Some(Field::Timestamp) => {
            let micros = group.timestamps(rows)?;
            let at = |row: u32| timestamp(micros[row as usize]);
            match comparison.accepted_units(0) {
                Some(range) => retain(rows, |row| range.contains(at(row).unix_seconds_half_up())),
                None => retain(rows, |row| comparison.accepts(Subject::Timestamp(at(row)))),
            }
            Ok(())
        }
        None => select_values(group, comparison, rows),
    }
}

/// What is asked of a value of metadata.
trait Judge {
    /// The key at the top level whose value is judged; `None` when it is a value inside of an object, which no column holds.
    fn key(&self) -> Option<&str>;

    /// The value in the metadata that no column holds.
    fn find<'a>(&self, rest: MetadataRef<'a>) -> Option<Value<'a>>;

    fn accepts(&self, value: Option<&Value<'_>>) -> bool;

    /// The texts that are accepted, if there are few.
    fn texts(&self) -> Option<Vec<Cow<'_, str>>>;

    /// The numbers that are accepted, if that can be said.
    fn units(&self, scale: u8, spelling: Spelling) -> Option<Units>;
}

/// So many texts are looked for one by one.
const TEXTS_MAX: usize = 4;

enum Units {
    Range(UnitRange),
    /// Ascending.
    Listed(Vec<i64>),
}

impl Judge for Comparison {
    fn key(&self) -> Option<&str> {
        self.property.top_level_key()
    }

    fn find<'a>(&self, rest: MetadataRef<'a>) -> Option<Value<'a>> {
        self.property.find(rest)
    }

    fn accepts(&self, value: Option<&Value<'_>>) -> bool {
        Comparison::accepts(self, Subject::Metadata(value))
    }

    fn texts(&self) -> Option<Vec<Cow<'_, str>>> {
        self.accepted_text().map(|text| vec![text])
    }

    fn units(&self, scale: u8, _: Spelling) -> Option<Units> {
        self.accepted_units(scale).map(Units::Range)
    }
}

impl Judge for MetadataCondition {
    fn key(&self) -> Option<&str> {
        Some(MetadataCondition::key(self))
    }

    fn find<'a>(&self, rest: MetadataRef<'a>) -> Option<Value<'a>> {
        rest.get(MetadataCondition::key(self))
    }

    fn accepts(&self, value: Option<&Value<'_>>) -> bool {
        MetadataCondition::accepts(self, value)
    }

    fn texts(&self) -> Option<Vec<Cow<'_, str>>> {
        let texts = self.accepted().iter().map(Cow::from);
        (self.accepted().len() <= TEXTS_MAX).then(|| texts.collect())
    }

    fn units(&self, scale: u8, spelling: Spelling) -> Option<Units> {
        Some(Units::Listed(self.accepted_units(scale, spelling)))
    }
}

/// Takes the rows out whose value is not accepted.
fn select_values<J: Judge>(
    group: &mut GroupRows,
    judge: &J,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    let accepts_none = judge.accepts(None);
    let has_no_rest = group.has_no_rest()?;
    let rows_count = group.len();
    let columns = match judge.key() {
        Some(key) => group.key(key)?,
        None => &mut [],
    };
    // The usual case: a key has values of one kind, and rows have it or do not.
    if let [column] = &mut *columns
        && !accepts_none
    {
        if has_no_rest {
            return select_column(column, judge, rows);
        }
        load(column, rows)?;
        let has_value = has_value(column);
        if rows.iter().all(|row| has_value(*row)) {
            drop(has_value);
            return select_column(column, judge, rows);
        }
    }
    let mut accepted = vec![false; rows_count];
    let mut left = rows.clone();
    for column in columns {
        let mut found = left.clone();
        select_column(column, judge, &mut found)?;
        for row in found {
            accepted[row as usize] = true;
        }
        load(column, &left)?;
        let has_value = has_value(column);
        retain(&mut left, |row| !has_value(row));
    }
    if !left.is_empty() {
        if has_no_rest {
            if !accepts_none {
                left.clear();
            }
        } else {
            select_texts(group.rest()?, &mut left, |rest, code| {
                let bytes = rest.bytes(code).map(MetadataRef::from_packed);
                let value = bytes.and_then(|rest| judge.find(rest));
                Ok(judge.accepts(value.as_ref()))
            })?;
        }
        for row in left {
            accepted[row as usize] = true;
        }
    }
    retain(rows, |row| accepted[row as usize]);
    Ok(())
}

/// Decodes what some rows have in a column.
pub(super) fn load(column: &mut KeyColumn, rows: &[u32]) -> Result<(), StoreError> {
    let wanted = Wanted::Rows(rows);
    match column {
        KeyColumn::Text(column) => column.load(wanted),
        KeyColumn::Bool(column) => column.load(wanted),
        KeyColumn::Integer(column) | KeyColumn::Decimal { units: column, .. } => {
            column.load(wanted)
        }
    }
}

/// Which rows have a value in a column, among those that were loaded.
pub(super) fn has_value(column: &KeyColumn) -> impl Fn(u32) -> bool {
    move |row| {
        let row = row as usize;
        match column {
            KeyColumn::Text(column) => column.codes()[row] != 0,
            KeyColumn::Bool(column) => column.values()[row].is_some(),
            KeyColumn::Integer(column) | KeyColumn::Decimal { units: column, .. } => {
                column.present()[row]
            }
        }
    }
}

/// Takes the rows out that have no value in a column, or one that is not accepted.
fn select_column<J: Judge>(
    column: &mut KeyColumn,
    judge: &J,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    match column {
        KeyColumn::Text(column) => match judge.texts() {
            Some(accepted) => {
                if column.has_all_codes() && !accepted.iter().any(|text| column.may_have(text)) {
                    rows.clear();
                    return Ok(());
                }
                select_texts(column, rows, |column, code| {
                    let bytes = column.bytes(code);
                    let is = |text: &Cow<'_, str>| bytes == Some(text.as_bytes());
                    Ok(accepted.iter().any(is))
                })
            }
            None => select_texts(column, rows, |column, code| {
                let text = column.text(code)?;
                Ok(text.is_some_and(|text| judge.accepts(Some(&Value::Text(text)))))
            }),
        },
        KeyColumn::Bool(column) => {
            let accepted = [false, true].map(|bool| judge.accepts(Some(&Value::Bool(bool))));
            if accepted == [false, false] {
                rows.clear();
                return Ok(());
            }
            column.load(Wanted::Rows(rows))?;
            let values = column.values();
            retain(rows, |row| {
                values[row as usize].is_some_and(|value| accepted[usize::from(value)])
            });
            Ok(())
        }
        KeyColumn::Integer(column) => select_units(column, 0, Spelling::Integer, judge, rows),
        KeyColumn::Decimal { scale, units } => {
            select_units(units, *scale, Spelling::Decimal, judge, rows)
        }
    }
}

fn select_units<J: Judge>(
    column: &mut WholeColumn,
    scale: u8,
    spelling: Spelling,
    judge: &J,
    rows: &mut Vec<u32>,
) -> Result<(), StoreError> {
    let units = judge.units(scale, spelling);
    if matches!(&units, Some(Units::Listed(listed)) if listed.is_empty()) {
        rows.clear();
        return Ok(());
    }
    column.load(Wanted::Rows(rows))?;
    let (values, present) = (column.values(), column.present());
    match units {
        Some(Units::Range(range)) if column.is_full() => {
            retain(rows, |row| range.contains(values[row as usize]));
        }
        // A value that is not there is 0 in the list, so it is looked at without asking whether it is there.
        Some(Units::Range(range)) => {
            retain_present(rows, present, |row| range.contains(values[row]));
        }
        Some(Units::Listed(listed)) => match *listed {
            [only] => retain_present(rows, present, |row| values[row] == only),
            _ => retain_present(rows, present, |row| {
                listed.binary_search(&values[row]).is_ok()
            }),
        },
        None => retain(rows, |row| {
            let number = Number::from_parts(values[row as usize].into(), scale);
            present[row as usize] && judge.accepts(Some(&Value::Number(number, spelling)))
        }),
    }
    Ok(())
}

/// Takes the rows out whose text is not accepted; `accepts` is told the text's code, 0 for none. Asks once for each text, or once for each row
/// where there are fewer of them.
fn select_texts(
    column: &mut TextColumn,
    rows: &mut Vec<u32>,
    accepts: impl Fn(&TextColumn, u32) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    if column.has_all_codes() {
        column.find_texts()?;
    } else {
        column.load(Wanted::Rows(rows))?;
    }
    let codes = u32::try_from(column.codes_count()).expect("codes have 32 bits");
    if codes as usize > rows.len().saturating_mul(2) {
        column.load(Wanted::Rows(rows))?;
        let mut failure = None;
        retain(rows, |row| {
            accepts(column, column.codes()[row as usize]).unwrap_or_else(|error| {
                failure = Some(error);
                false
            })
        });
        return failure.map_or(Ok(()), Err);
    }
    let accepted = (0..codes).map(|code| accepts(column, code));
    let accepted: Vec<bool> = accepted.collect::<Result<_, _>>()?;
    let first = usize::from(!column.is_optional());
    let mut of_rows = accepted[first..].iter();
    if of_rows.clone().all(|accepted| *accepted) {
        return Ok(());
    }
    if !of_rows.any(|accepted| *accepted) {
        rows.clear();
        return Ok(());
    }
    column.load(Wanted::Rows(rows))?;
    let codes = column.codes();
    retain(rows, |row| accepted[codes[row as usize] as usize]);
    Ok(())
}

/// Keeps rows that have a value and are accepted.
fn retain_present(rows: &mut Vec<u32>, present: &[bool], accepts: impl Fn(usize) -> bool) {
    retain(rows, |row| {
        let row = row as usize;
        let is_accepted = accepts(row);
        present[row] && is_accepted
    });
}

/// [`Vec::retain`] without a branch on the outcome, which nobody can foresee.
pub(super) fn retain(rows: &mut Vec<u32>, mut keeps: impl FnMut(u32) -> bool) {
    let mut kept = 0;
    for index in 0..rows.len() {
        let row = rows[index];
        rows[kept] = row;
        kept += usize::from(keeps(row));
    }
    rows.truncate(kept);
}
