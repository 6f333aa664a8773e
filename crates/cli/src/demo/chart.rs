//! Small pictures of numbers in text.

/// Levels of a column, lowest first. A value above 0 shows at least the lowest.
const COLUMN: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Parts of a bar's last cell, an eighth each.
const BAR: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// One line: a column for each value, or for the mean of neighbours when there are more values than columns.
/// Negative values count as 0.
pub(super) fn sparkline(values: &[i128], columns: usize) -> String {
    let values = condensed(values, columns);
    let greatest = values.iter().copied().max().unwrap_or(0);
    values
        .iter()
        .map(|value| level(*value, greatest, 8))
        .map(|level| cell(level, 0))
        .collect()
}

/// The same, with the least value near the bottom, for values that are all far from 0.
pub(super) fn sparkline_of_range(values: &[i128], columns: usize) -> String {
    let values = condensed(values, columns);
    let least = values.iter().copied().min().unwrap_or(0);
    let greatest = values.iter().copied().max().unwrap_or(0);
    // A seventh of the range below it, so that the least value shows as one step.
    let base = least - ((greatest - least) / 7).max(1);
    let raised: Vec<i128> = values.iter().map(|value| value - base).collect();
    sparkline(&raised, columns)
}

/// A chart of `rows` lines, the top one first, one column for each value (see [`sparkline`]).
pub(super) fn columns(values: &[i128], columns: usize, rows: usize) -> Vec<String> {
    let values = condensed(values, columns);
    let greatest = values.iter().copied().max().unwrap_or(0);
    let levels: Vec<usize> = values
        .iter()
        .map(|value| level(*value, greatest, rows * COLUMN.len()))
        .collect();
    let line = |row: usize| {
        levels
            .iter()
            .map(|level| cell(*level, row * COLUMN.len()))
            .collect()
    };
    (0..rows).rev().map(line).collect()
}

/// A horizontal bar: `value` of `greatest` fills `columns`. Padded with spaces.
pub(super) fn bar(value: i128, greatest: i128, columns: usize) -> String {
    let eighths = level(value, greatest, columns * 8);
    let mut text = "█".repeat(eighths / 8);
    let mut filled = eighths / 8;
    if let Some(part) = (eighths % 8).checked_sub(1) {
        text.push(BAR[part]);
        filled += 1;
    }
    text.push_str(&" ".repeat(columns - filled));
    text
}

/// How many columns [`sparkline`] and [`columns`] really use.
pub(super) fn columns_used(values: usize, columns: usize) -> usize {
    values.div_ceil(values.div_ceil(columns.max(1)).max(1))
}

/// 0 to `steps`, rounded up, so that only nothing shows as nothing.
fn level(value: i128, greatest: i128, steps: usize) -> usize {
    if value <= 0 || greatest <= 0 {
        return 0;
    }
    let steps_wide = i128::try_from(steps).expect("a small number");
    usize::try_from((value * steps_wide + greatest - 1) / greatest)
        .map_or(steps, |level| level.min(steps))
}

/// What a column of this level shows in the line that begins above `below` levels.
fn cell(level: usize, below: usize) -> char {
    match level.checked_sub(below + 1) {
        None => ' ',
        Some(above) => COLUMN[above.min(COLUMN.len() - 1)],
    }
}

fn condensed(values: &[i128], columns: usize) -> Vec<i128> {
    let each = values.len().div_ceil(columns.max(1)).max(1);
    values
        .chunks(each)
        .map(|group| {
            group.iter().sum::<i128>() / i128::try_from(group.len()).expect("a small number")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_each_value() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 20), " ▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0, 0], 20), "  ");
        assert_eq!(sparkline(&[1, 1_000_000], 20), "▁█");
        assert_eq!(sparkline(&[], 20), "");
    }

    #[test]
    fn a_range_shows_what_lies_between_least_and_greatest() {
        assert_eq!(sparkline_of_range(&[1_000, 1_007, 1_014], 20), "▁▅█");
        assert_eq!(sparkline_of_range(&[1_000, 1_000], 20), "██");
    }

    #[test]
    fn neighbours_share_a_column_when_there_is_no_room() {
        assert_eq!(sparkline(&[2, 4, 6, 8, 10], 3), "▃▆█");
        assert_eq!(columns_used(5, 3), 3);
        assert_eq!(columns_used(90, 70), 45);
        assert_eq!(columns_used(90, 90), 90);
    }

    #[test]
    fn columns_stand_on_the_lowest_line() {
        assert_eq!(columns(&[0, 4, 8, 12, 16], 10, 2), ["   ▄█", " ▄███"]);
    }

    #[test]
    fn a_bar_fills_its_part_and_is_padded() {
        assert_eq!(bar(16, 16, 2), "██");
        assert_eq!(bar(9, 16, 2), "█▏");
        assert_eq!(bar(8, 16, 2), "█ ");
        assert_eq!(bar(3, 16, 2), "▍ ");
        assert_eq!(bar(0, 16, 2), "  ");
    }
}
