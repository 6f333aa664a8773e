//! The independent sums: what the quantities must be, kept while the sample is made.
//!
//! In whole numbers (millionths) and with none of the server's own arithmetic.

use std::collections::BTreeSet;
use std::fmt;

use super::sample::Call;

/// Quantities are compared in millionths.
pub(super) const MICROS: i128 = 1_000_000;

/// What some of the calls come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) output_tokens_of_first_model: u64,
    pub(super) cost_micro_cents: i128,
    /// (customer, user).
    pub(super) users: BTreeSet<(usize, u64)>,
    pub(super) latency_ms_sum: u64,
    pub(super) latency_ms_max: u64,
}

impl Tally {
    /// Counts a call.
    pub(super) fn add(&mut self, call: &Call) {
        self.calls += 1;
        if call.model == 0 {
            self.output_tokens_of_first_model += call.output_tokens;
        }
        self.cost_micro_cents += i128::from(call.cost_micro_cents);
        self.users.insert((call.customer, call.user));
        self.latency_ms_sum += call.latency_ms;
        self.latency_ms_max = self.latency_ms_max.max(call.latency_ms);
    }

    /// Counts what another one counted. Both must be of different calls.
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.output_tokens_of_first_model += other.output_tokens_of_first_model;
        self.cost_micro_cents += other.cost_micro_cents;
        self.users.extend(&other.users);
        self.latency_ms_sum += other.latency_ms_sum;
        self.latency_ms_max = self.latency_ms_max.max(other.latency_ms_max);
    }
}

/// What a quantity must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Exactly this many millionths.
    Exact(i128),
    /// The mean: a sum of whole numbers over their count. 0 over 0 is 0.
    Mean {
        /// Of whole numbers.
        sum: u64,
        /// Of them.
        count: u64,
    },
}

impl Expected {
    /// Whether the number that the server wrote is the right one: exactly, or for a mean to twelve places, where a
    /// number that cannot be written to its end was cut.
    pub(super) fn agrees_with(self, written: &str) -> bool {
        match self {
            Self::Exact(micros) => exact(written, 6) == Some(micros),
            Self::Mean { count: 0, .. } => exact(written, 6) == Some(0),
            Self::Mean { sum, count } => {
                let Some(picos) = cut(written, 12) else {
                    return false;
                };
                let wanted = i128::from(sum) * MICROS * MICROS;
                let count = i128::from(count);
                (picos * count - wanted).abs() <= 2 * count
            }
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(micros) => {
                let sign = if *micros < 0 { "-" } else { "" };
                let (whole, rest) = (
                    micros.unsigned_abs() / 1_000_000,
                    micros.unsigned_abs() % 1_000_000,
                );
                write!(f, "{sign}{whole}.{rest:06}")
            }
            Self::Mean { sum, count } => write!(f, "{sum}/{count}"),
        }
    }
}

/// A JSON number in millionths, digits beyond them cut off; `None` when it is none or is too large.
pub(super) fn written_micros(written: &str) -> Option<i128> {
    cut(written, 6)
}

/// A JSON number in units of 10^-`places`; `None` when it is none, has digits beyond them, or is too large.
fn exact(written: &str, places: u32) -> Option<i128> {
    scaled(written, places).and_then(|(value, whole)| whole.then_some(value))
}

/// The same with the digits beyond cut off.
fn cut(written: &str, places: u32) -> Option<i128> {
    scaled(written, places).map(|(value, _)| value)
}

/// The value, and whether nothing was cut off.
fn scaled(written: &str, places: u32) -> Option<(i128, bool)> {
    let (negative, rest) = match written.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, written),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let fraction_digits = i32::try_from(fraction.len()).ok()?;
    let shift = i32::try_from(places)
        .ok()?
        .checked_add(exponent)?
        .checked_sub(fraction_digits)?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    let (value, nothing_cut) = if shift >= 0 {
        (digits.checked_mul(power)?, true)
    } else {
        (digits / power, digits % power == 0)
    };
    Some((if negative { -value } else { value }, nothing_cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_in_every_notation() {
        for (written, micros) in [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("12.5", Some(12_500_000)),
            ("-0.000001", Some(-1)),
            ("0.0000010", Some(1)),
            ("0.0000001", None),
            ("1e3", Some(1_000_000_000)),
            ("1.5e+2", Some(150_000_000)),
            ("25e-1", Some(2_500_000)),
            ("true", None),
            ("1e40", None),
        ] {
            assert_eq!(exact(written, 6), micros, "{written}");
        }
    }

    #[test]
    fn a_quantity_that_is_off_by_a_millionth_is_wrong() {
        let expected = Expected::Exact(1_234_567_890);
        assert!(expected.agrees_with("1234.56789"));
        assert!(!expected.agrees_with("1234.567891"));
        assert!(!expected.agrees_with("1234.5678900001"));
    }

    #[test]
    fn a_mean_is_right_as_far_as_it_was_written() {
        let third = Expected::Mean { sum: 100, count: 3 };
        assert!(third.agrees_with("33.333333333333336"));
        assert!(third.agrees_with("33.33333333333333333333333333333333"));
        assert!(!third.agrees_with("33.3333333"));
        assert!(Expected::Mean { sum: 0, count: 0 }.agrees_with("0.0"));
        assert!(Expected::Mean { sum: 9, count: 2 }.agrees_with("4.5"));
        assert!(!Expected::Mean { sum: 9, count: 2 }.agrees_with("4.6"));
    }
}
