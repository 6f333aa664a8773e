//! What the program says to people: errors, colour, width, numbers.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

/// Columns assumed when the output is not a terminal.
const COLUMNS_DEFAULT: usize = 100;

/// Narrower terminals wrap.
const COLUMNS_MIN: usize = 60;

/// Columns from which on lines are not made longer: they would only be harder to read.
const COLUMNS_MAX: usize = 120;

/// How standard output is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether it is a terminal that wants colour.
    pub(crate) colour: bool,
    /// How many columns a line may fill.
    pub(crate) columns: usize,
}

impl Style {
    /// As standard output is. `NO_COLOR` and `TERM=dumb` are respected.
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let columns = if terminal {
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
        } else {
            None
        };
        Self {
            colour: terminal && wanted,
            columns: columns
                .unwrap_or(COLUMNS_DEFAULT)
                .clamp(COLUMNS_MIN, COLUMNS_MAX),
        }
    }

    /// A headline.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What matters less.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Data in a chart.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// `✓` or `✗`.
    pub(crate) fn mark(self, good: bool) -> String {
        if good {
            self.paint("32", "✓")
        } else {
            self.paint("1;31", "✗")
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Prints an error and its causes, each on its own line, on standard error.
pub(crate) fn print_error(error: &anyhow::Error) {
    // When standard error is gone there is nobody to tell.
    drop(std::io::stderr().write_all(error_text(error).as_bytes()));
}

fn error_text(error: &anyhow::Error) -> String {
    let mut last = error.to_string();
    let mut text = format!("error: {last}\n");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries say in an error what its cause says again.
        if !last.ends_with(&cause) {
            writeln!(text, "  because: {cause}").expect("writing to a string cannot fail");
        }
        last = cause;
    }
    text
}

/// Groups the digits of a whole number by three: `1,234,567`.
pub(crate) fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_on_their_own_lines_and_are_not_repeated() {
        let error = anyhow::anyhow!("no space left")
            .context("write `f`: no space left")
            .context("write `f`: no space left")
            .context("save the file");
        let text = "error: save the file\n  because: write `f`: no space left\n";
        assert_eq!(error_text(&error), text);
    }

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-123_456, "-123,456"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn without_colour_text_stays_as_it_is() {
        let plain = Style {
            colour: false,
            columns: 80,
        };
        assert_eq!(plain.bold("x"), "x");
        assert_eq!(plain.mark(false), "✗");
        let coloured = Style {
            colour: true,
            columns: 80,
        };
        assert_eq!(coloured.mark(true), "\x1b[32m✓\x1b[0m");
    }
}
