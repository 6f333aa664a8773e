//! Durations: ISO 8601 (`P30D`, `PT12H30M`), or a number of seconds.

use domain::Number;

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;

const MICROS_PER_SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400;

/// The units of the part before the `T`, in order. A year is 365 days and a month 30, as there is no date to count from.
const DATE_UNITS: [(char, i128); 4] = [
    ('Y', 365 * DAY),
    ('M', 30 * DAY),
    ('W', 7 * DAY),
    ('D', DAY),
];

/// The units of the part behind the `T`, in order.
const CLOCK_UNITS: [(char, i128); 3] = [('H', 3_600), ('M', 60), ('S', 1)];

/// A duration in microseconds, not negative.
pub(crate) fn duration(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    let micros = match node.value {
        Value::String(text) => read(text),
        Value::Number(literal) => from_seconds(literal, 1),
        _ => return Err(node.refuse(Rule::NotADuration, faults)),
    };
    micros
        .and_then(|micros| i64::try_from(micros).ok())
        .filter(|micros| *micros >= 0)
        .ok_or_else(|| {
            node.refuse(
                Rule::DurationText("expected ISO 8601, `P30D` for instance"),
                faults,
            )
        })
}

fn read(text: &str) -> Option<i128> {
    let rest = text.strip_prefix('P')?;
    let (date, clock) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, clock)) => (date, clock),
        None if rest.is_empty() => return None,
        None => (rest, ""),
    };
    part(date, &DATE_UNITS)?.checked_add(part(clock, &CLOCK_UNITS)?)
}

/// The sum of `<number><unit>` groups whose units come in order, each at most once.
fn part(text: &str, units: &[(char, i128)]) -> Option<i128> {
    let mut micros = 0_i128;
    let mut rest = text;
    for (unit, seconds) in units {
        let Some((number, after)) = rest.split_once(*unit) else {
            continue;
        };
        if number.contains(|other: char| other != '.' && !other.is_ascii_digit()) {
            return None;
        }
        micros = micros.checked_add(from_seconds(number, *seconds)?)?;
        rest = after;
    }
    rest.is_empty().then_some(micros)
}

/// So many times `seconds`, in microseconds, what is below them cut off.
fn from_seconds(number: &str, seconds: i128) -> Option<i128> {
    let (mantissa, scale) = Number::parse(number).ok()?.value.as_parts()?;
    let factor = seconds.checked_mul(MICROS_PER_SECOND)?;
    mantissa
        .checked_mul(factor)?
        .checked_div(10_i128.checked_pow(u32::from(scale))?)
}
