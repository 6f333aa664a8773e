//! Rows in aligned columns.

/// Writes a head and rows, each column as wide as its widest cell, two spaces between them.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| printable(cell)))
        .collect();
    let mut widths = head.map(|cell| cell.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&head.map(str::to_owned), &widths);
    for row in &rows {
        text.push_str(&line(row, &widths));
    }
    text
}

/// Text that somebody else wrote, so that it can neither end a row nor give orders to the terminal.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width - cell.chars().count() + 2));
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_rows_or_order_the_terminal_about() {
        let rows = [["\u{1b}[2J\nfake\u{7}".to_owned()]];
        assert_eq!(table(["NAME"], &rows), "NAME\n\\u{1b}[2J\\nfake\\u{7}\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["a".to_owned(), "Ærø".to_owned()],
            ["long".to_owned(), "-".to_owned()],
        ];
        assert_eq!(
            table(["ID", "NAME"], &rows),
            "ID    NAME\na     Ærø\nlong  -\n"
        );
    }
}
