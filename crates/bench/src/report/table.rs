//! A table, as Markdown and as text with aligned columns.

/// Rows of cells; the first row is the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Self {
            rows: vec![head.into_iter().map(Into::into).collect()],
        }
    }

    /// Adds a row; what it lacks is empty.
    pub(super) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.rows[0].len().max(cells.len()), String::new());
        self.rows.push(cells);
    }

    /// Whether there is only the head.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            text.push_str("| ");
            text.push_str(&row.join(" | "));
            text.push_str(" |\n");
            if index == 0 {
                text.push('|');
                text.push_str(&"---|".repeat(row.len()));
                text.push('\n');
            }
        }
        text
    }

    pub(super) fn to_text(&self) -> String {
        let plain = |cell: &str| cell.replace("**", "").replace('`', "");
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells
                    .map(|cell| plain(cell).chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let cell = plain(cell);
                let more = width - cell.chars().count() + 2;
                line.push_str(&cell);
                line.push_str(&" ".repeat(more));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_two_looks() {
        let mut table = Table::new(["", "a"]);
        assert!(table.is_empty());
        table.row(["long", "**1**"]);
        table.row(["x"]);
        assert_eq!(
            table.to_markdown(),
            "|  | a |\n|---|---|\n| long | **1** |\n| x |  |\n"
        );
        assert_eq!(table.to_text(), "      a\nlong  1\nx\n");
    }
}
