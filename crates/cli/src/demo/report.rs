//! What the demo prints: charts, tables and verdicts, as wide as the terminal.

use std::fmt::Write;
use std::time::Duration;

use super::cast::CUSTOMERS;
use super::chart;
use super::check::{Checked, Measured, Quantity};
use super::measures::Measure;
use super::sample::{DAYS, Sample};
use super::send::Sent;
use crate::terminal::{Style, grouped};

/// How many days the table shows.
const TABLE_DAYS: usize = 14;

/// How high the chart is.
const CHART_ROWS: usize = 6;

/// How many wrong numbers are told one by one.
const FAULTS_SHOWN: usize = 10;

/// How fast the events went, and whether each counted once.
pub(super) fn sent(sent: &Sent, style: Style) -> String {
    format!(
        "{} sent {} events in {} ({} a second), durable when answered\n\
         {} {} were new, {} were repeats and dropped\n",
        style.mark(true),
        grouped(sent.events),
        seconds(sent.elapsed),
        style.bold(&grouped(sent.rate())),
        style.mark(sent.is_right()),
        grouped(sent.inserted),
        grouped(sent.duplicates),
    )
}

/// The verdict over all quantities.
pub(super) fn verdict(checked: &Checked, sample: &Sample, style: Style) -> String {
    let count = grouped(checked.count() as u64);
    let right = checked.is_right();
    let mark = style.mark(right);
    if right {
        return format!(
            "{mark} all {count} quantities equal the sums kept apart ({} requests in {})\n",
            checked.requests,
            seconds(checked.elapsed),
        );
    }
    let faults = checked.faults(sample);
    let mut text = format!(
        "{mark} {} of {count} quantities are wrong\n",
        grouped(faults.len() as u64)
    );
    for fault in faults.iter().take(FAULTS_SHOWN) {
        writeln!(text, "  {fault}").expect("writing to a string cannot fail");
    }
    if faults.len() > FAULTS_SHOWN {
        writeln!(text, "  … and {} more", faults.len() - FAULTS_SHOWN)
            .expect("writing to a string cannot fail");
    }
    text
}

/// A column chart of the first meter over all days.
pub(super) fn chart(checked: &Checked, sample: &Sample, style: Style) -> String {
    let Some(meter) = checked.meters.first() else {
        return String::new();
    };
    let values: Vec<i128> = meter.days.iter().map(Quantity::micros).collect();
    let greatest = number(
        values.iter().copied().max().unwrap_or(0),
        meter.measure.places(),
    );
    let label = greatest.chars().count().max(1);
    let room = style.columns.saturating_sub(label + 4);
    let used = chart::columns_used(values.len(), room);
    let mut text = headline(&format!("{} per day", meter.measure.name()), style);
    let rows = chart::columns(&values, room, CHART_ROWS);
    for (index, row) in rows.iter().enumerate() {
        let (tick, at) = if index == 0 {
            (greatest.as_str(), '┤')
        } else {
            ("", '│')
        };
        let axis = style.dim(&format!("{tick:>label$} {at}"));
        writeln!(text, "  {axis}{}", style.cyan(row.trim_end()))
            .expect("writing to a string cannot fail");
    }
    let base = style.dim(&format!("{:>label$} └{}", 0, "─".repeat(used)));
    let first = sample.first_day().short();
    let last = sample.day(DAYS - 1).short();
    let gap = used.saturating_sub(first.len() + last.len());
    let dates = style.dim(&format!(
        "{}{first}{}{last}",
        " ".repeat(label + 2),
        " ".repeat(gap)
    ));
    writeln!(text, "  {base}\n  {dates}").expect("writing to a string cannot fail");
    text
}

/// One line for each meter: a sparkline and the total.
pub(super) fn meters(checked: &Checked, style: Style) -> String {
    let names = checked
        .meters
        .iter()
        .map(|meter| meter.measure.name().chars().count())
        .max();
    let totals: Vec<String> = checked
        .meters
        .iter()
        .map(|meter| number_of(&meter.total, meter.measure))
        .collect();
    let name_width = names.unwrap_or(0);
    let total_width = totals
        .iter()
        .map(|total| total.chars().count())
        .max()
        .unwrap_or(0);
    // The function is left out first when there is no room.
    let function_width = if style.columns < 72 { 0 } else { 2 + 6 };
    // Mark, name, function, picture, total, and the space between them.
    let room = style
        .columns
        .saturating_sub(2 + name_width + function_width + 2 + 2 + total_width);
    let used = chart::columns_used(DAYS, room);
    let mut text = headline(&format!("Six meters over {DAYS} days"), style);
    for (meter, total) in checked.meters.iter().zip(&totals) {
        let values: Vec<i128> = meter.days.iter().map(Quantity::micros).collect();
        let picture = if meter.measure == Measure::MeanLatency {
            chart::sparkline_of_range(&values, room)
        } else {
            chart::sparkline(&values, room)
        };
        let function = if function_width == 0 {
            String::new()
        } else {
            format!("  {:<6}", meter.measure.function())
        };
        let padding = " ".repeat(used.saturating_sub(picture.chars().count()));
        writeln!(
            text,
            "{} {:<name_width$}{}  {}{padding}  {}",
            style.mark(meter.is_right()),
            meter.measure.name(),
            style.dim(&function),
            style.cyan(&picture),
            style.bold(&format!("{total:>total_width$}")),
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// The last days, a column for each meter; as many columns as there is room for.
pub(super) fn days(checked: &Checked, sample: &Sample, style: Style) -> String {
    let first = DAYS - TABLE_DAYS;
    let mut text = headline(&format!("The last {TABLE_DAYS} days"), style);
    let columns: Vec<Vec<String>> = checked
        .meters
        .iter()
        .map(|meter| column(meter, first))
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .map(|cells| {
            cells
                .iter()
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    // A day with its name has ten columns, the mark behind the row two.
    let mut room = style.columns.saturating_sub(10 + 2);
    let shown = widths
        .iter()
        .take_while(|width| {
            let fits = **width + 2 <= room;
            room = room.saturating_sub(**width + 2);
            fits
        })
        .count();
    for row in 0..=TABLE_DAYS {
        let mut line = match row.checked_sub(1) {
            None => format!("{:<10}", "day (UTC)"),
            Some(offset) => sample.day(first + offset).with_weekday(),
        };
        for (cells, width) in columns.iter().zip(&widths).take(shown) {
            write!(line, "  {:>width$}", cells[row]).expect("writing to a string cannot fail");
        }
        match row.checked_sub(1) {
            None => writeln!(text, "{}", style.dim(&line)),
            Some(offset) => {
                let right = checked
                    .meters
                    .iter()
                    .all(|meter| meter.days[first + offset].is_right());
                writeln!(text, "{line} {}", style.mark(right))
            }
        }
        .expect("writing to a string cannot fail");
    }
    text
}

/// What each customer has to pay.
pub(super) fn customers(checked: &Checked, style: Style) -> String {
    let Some(meter) = checked
        .meters
        .iter()
        .find(|meter| meter.measure == Measure::Cost)
    else {
        return String::new();
    };
    let costs: Vec<String> = meter
        .customers
        .iter()
        .map(|cost| number_of(cost, meter.measure))
        .collect();
    let cost_width = costs
        .iter()
        .map(|cost| cost.chars().count())
        .max()
        .unwrap_or(0);
    let name_width = CUSTOMERS
        .iter()
        .map(|customer| customer.name.len())
        .max()
        .unwrap_or(0);
    let room = style
        .columns
        .saturating_sub(2 + name_width + 2 + 2 + cost_width)
        .min(60);
    let greatest = meter
        .customers
        .iter()
        .map(Quantity::micros)
        .max()
        .unwrap_or(0);
    let mut text = headline(&format!("{} by customer", meter.measure.name()), style);
    for ((customer, quantity), cost) in CUSTOMERS.iter().zip(&meter.customers).zip(&costs) {
        writeln!(
            text,
            "{} {:<name_width$}  {}  {cost:>cost_width$}",
            style.mark(quantity.is_right()),
            customer.name,
            style.cyan(&chart::bar(quantity.micros(), greatest, room)),
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// The head and the last days of a meter.
fn column(meter: &Measured, first: usize) -> Vec<String> {
    let mut cells = vec![meter.measure.column().to_owned()];
    cells.extend(
        meter.days[first..]
            .iter()
            .map(|day| number_of(day, meter.measure)),
    );
    cells
}

fn headline(text: &str, style: Style) -> String {
    format!("\n{}\n", style.bold(text))
}

fn number_of(quantity: &Quantity, measure: Measure) -> String {
    number(quantity.micros(), measure.places())
}

/// Millionths with so many digits after the point (at most 6), rounded half up.
fn number(micros: i128, places: usize) -> String {
    let unit = 10_i128.pow(u32::try_from(6 - places.min(6)).expect("a small number"));
    let scaled = (micros + unit / 2).div_euclid(unit);
    let one = 1_000_000 / unit;
    if places == 0 {
        return grouped(scaled);
    }
    format!("{}.{:0places$}", grouped(scaled / one), scaled % one)
}

/// `0.84 s`, or milliseconds when it is short.
fn seconds(elapsed: Duration) -> String {
    let millis = elapsed.as_millis();
    if millis < 1_000 {
        format!("{} ms", millis.max(1))
    } else {
        format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10)
    }
}

#[cfg(test)]
mod tests;
