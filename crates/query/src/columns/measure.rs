//! What selected rows add, a column at a time.

use domain::{Aggregation, Contribution, Function, Measured, MetadataRef, Number, Spelling, Value};
use store::{KeyColumn, StoreError, TextColumn, Wanted};

use super::group::{GroupRows, timestamp};
use super::select::{has_value, load, retain};

/// Takes what rows add. Rows come in no order, each of those that match once.
pub(crate) trait Sink {
    /// A row adds this.
    fn add(&mut self, row: u32, contribution: Contribution);

    /// Each of some rows is an event that adds no more than itself.
    fn add_events(&mut self, rows: &[u32]) {
        for row in rows {
            self.add(*row, Contribution::Event);
        }
    }

    /// Each of some rows adds a number: its value, in units of 10^-`scale`.
    fn add_units(&mut self, rows: &[u32], values: &[i64], scale: u8) {
        for row in rows {
            let number = Number::from_parts(values[*row as usize].into(), scale);
            self.add(*row, Contribution::Number(number));
        }
    }

    /// Each of some rows adds its text as a distinct value.
    ///
    /// # Errors
    /// The column makes no sense.
    fn add_distinct_texts(&mut self, rows: &[u32], column: &TextColumn) -> Result<(), StoreError> {
        let mut known: Vec<Option<Contribution>> = vec![None; column.codes_count()];
        for row in rows {
            let code = column.codes()[*row as usize];
            let known = &mut known[code as usize];
            let contribution = match known {
                Some(contribution) => contribution.clone(),
                None => match column.text(code)? {
                    Some(text) => known.insert(distinct(&Value::Text(text))).clone(),
                    None => continue,
                },
            };
            self.add(*row, contribution);
        }
        Ok(())
    }

    /// Each of some rows adds a number as a distinct value.
    fn add_distinct_units(&mut self, rows: &[u32], values: &[i64], scale: u8, spelling: Spelling) {
        for row in rows {
            let number = Number::from_parts(values[*row as usize].into(), scale);
            self.add(*row, distinct(&Value::Number(number, spelling)));
        }
    }
}

/// A value, to be told from others.
fn distinct(value: &Value<'_>) -> Contribution {
    let mut canonical = Vec::new();
    value.write_canonical(&mut canonical);
    Contribution::Distinct(canonical.into())
}

/// Gives what rows, ascending, add that passed a meter's filter.
///
/// # Errors
/// Columns could not be read.
pub(crate) fn measure(
    group: &mut GroupRows,
    aggregation: &Aggregation,
    rows: &[u32],
    sink: &mut impl Sink,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let property = match aggregation.measured() {
        Measured::Never => return Ok(()),
        Measured::Event => {
            sink.add_events(rows);
            return Ok(());
        }
        Measured::Seconds => {
            let micros = group.timestamps(rows)?;
            for row in rows {
                let at = timestamp(micros[*row as usize]);
                sink.add(*row, Aggregation::of_timestamp(at));
            }
            return Ok(());
        }
        Measured::Metadata(property) => property,
    };
    let is_unique = aggregation.function() == Function::Unique;
    let mut left = rows.to_vec();
    if let Some(key) = property.top_level_key() {
        for column in group.key(key)? {
            if left.is_empty() {
                break;
            }
            load(column, &left)?;
            let mut found = left.clone();
            {
                let has_value = has_value(column);
                retain(&mut found, &has_value);
                if found.len() == left.len() {
                    left.clear();
                } else {
                    retain(&mut left, |row| !has_value(row));
                }
            }
            match column {
                KeyColumn::Integer(column) if is_unique => {
                    sink.add_distinct_units(&found, column.values(), 0, Spelling::Integer);
                }
                KeyColumn::Decimal { scale, units } if is_unique => {
                    sink.add_distinct_units(&found, units.values(), *scale, Spelling::Decimal);
                }
                KeyColumn::Integer(column) => sink.add_units(&found, column.values(), 0),
                KeyColumn::Decimal { scale, units } => {
                    sink.add_units(&found, units.values(), *scale);
                }
                KeyColumn::Text(column) if is_unique => sink.add_distinct_texts(&found, column)?,
                KeyColumn::Bool(column) => {
                    let of =
                        [false, true].map(|bool| aggregation.of_value(Some(&Value::Bool(bool))));
                    for row in found {
                        let value = column.values()[row as usize].unwrap_or_default();
                        if let Some(contribution) = &of[usize::from(value)] {
                            sink.add(row, contribution.clone());
                        }
                    }
                }
                // Text is a number to nobody.
                KeyColumn::Text(_) => {}
            }
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    if group.has_no_rest()? {
        if let Some(contribution) = aggregation.of_value(None) {
            match contribution {
                Contribution::Event => sink.add_events(&left),
                other => (left.iter()).for_each(|row| sink.add(*row, other.clone())),
            }
        }
        return Ok(());
    }
    let rest = group.rest()?;
    rest.load(Wanted::Rows(&left))?;
    for row in left {
        let bytes = rest.bytes(rest.codes()[row as usize]);
        let value = bytes.and_then(|bytes| property.find(MetadataRef::from_packed(bytes)));
        if let Some(contribution) = aggregation.of_value(value.as_ref()) {
            sink.add(row, contribution);
        }
    }
    Ok(())
}
