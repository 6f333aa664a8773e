//! Conditions of a list: constant SQL and bound values, side by side, so that what a tenant wrote can only be a value.

use rusqlite::ToSql;

/// Conditions that all must hold.
#[derive(Default)]
pub(crate) struct Conditions<'a> {
    terms: Vec<&'static str>,
    parameters: Vec<(&'static str, Box<dyn ToSql + 'a>)>,
}

impl<'a> Conditions<'a> {
    /// No condition.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a condition without a value.
    pub(crate) fn and(&mut self, term: &'static str) {
        self.terms.push(term);
    }

    /// Adds a condition that holds `parameter`, and its value.
    pub(crate) fn and_with(
        &mut self,
        term: &'static str,
        parameter: &'static str,
        value: impl ToSql + 'a,
    ) {
        self.terms.push(term);
        self.parameters.push((parameter, Box::new(value)));
    }

    /// The `WHERE` clause; empty without conditions.
    pub(crate) fn sql(&self) -> String {
        if self.terms.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.terms.join(" AND "))
        }
    }

    /// The values.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &dyn ToSql)> {
        self.parameters
            .iter()
            .map(|(name, value)| (*name, value.as_ref() as &dyn ToSql))
            .collect()
    }
}
