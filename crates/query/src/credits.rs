//! Sums of credits. SEMANTICS 12.7, 12.13.

use domain::packed::{PackedError, Reader, write_signed, write_varint};
use domain::{Number, Timestamp};

use crate::packed::{read_count, read_timestamp, write_timestamp};

/// Units that were credited to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) timestamp: Timestamp,
    pub(crate) ordinal: u32,
    /// Negative: taken back.
    pub(crate) units: i64,
    /// Whether what is left of them passes on to the next window.
    pub(crate) rollover: bool,
}

impl Credit {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        write_timestamp(self.timestamp, out);
        write_varint(self.ordinal.into(), out);
        write_signed(self.units.into(), out);
        out.push(self.rollover.into());
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, PackedError> {
        Ok(Self {
            timestamp: read_timestamp(reader)?,
            ordinal: read_count(reader)?,
            units: i64::try_from(reader.signed()?).map_err(|_| PackedError {
                what: "a credit has more than 64 bits",
            })?,
            rollover: reader.byte()? != 0,
        })
    }
}

/// The running sum of credits in the order of their time, never below zero on the way: what was taken back beyond what was there
/// is forgotten.
pub(crate) fn credited(credits: &[Credit]) -> i128 {
    floored(credits.iter())
}

/// How many units pass on to the next window: what usage left, up to what of the credits may pass on.
pub(crate) fn rolls_over(credits: &[Credit], consumed: &Number) -> i128 {
    let of_kind = |rollover| floored(credits.iter().filter(|credit| credit.rollover == rollover));
    let (kept, passing) = (of_kind(false), of_kind(true));
    let left = Number::from_i128(kept.saturating_add(passing)).minus(consumed);
    whole_part(&left).clamp(0, passing)
}

fn floored<'a>(credits: impl Iterator<Item = &'a Credit>) -> i128 {
    // Fewer than 2^32 rows of 64 bits each: no sum passes 128 bits.
    credits.fold(0, |sum: i128, credit| {
        sum.saturating_add(i128::from(credit.units)).max(0)
    })
}

/// The number without what stands after the point; the greatest or least that there is when it is beyond that.
fn whole_part(number: &Number) -> i128 {
    let text = number.to_string();
    let whole = text.split('.').next().unwrap_or_default();
    whole.parse().unwrap_or(if number.signum() < 0 {
        i128::MIN
    } else {
        i128::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(units: i64, rollover: bool) -> Credit {
        Credit {
            timestamp: Timestamp::EPOCH,
            ordinal: 0,
            units,
            rollover,
        }
    }

    #[test]
    fn credits_add_up_and_never_pass_below_zero() {
        let sum = |units: &[i64]| {
            let credits: Vec<_> = units.iter().map(|units| credit(*units, false)).collect();
            credited(&credits)
        };
        assert_eq!(sum(&[]), 0);
        assert_eq!(sum(&[30, 40, 30]), 100);
        assert_eq!(sum(&[100, -150, 50]), 50);
        assert_eq!(sum(&[i64::MAX, i64::MAX]), 2 * i128::from(i64::MAX));
    }

    #[test]
    fn what_rolls_over_is_what_is_left_up_to_what_may() {
        let check = |kept: i64, passing: i64, consumed: &str, expected: i128| {
            let credits = [credit(kept, false), credit(passing, true)];
            let consumed = Number::from_plain_text(consumed).expect("a number");
            assert_eq!(rolls_over(&credits, &consumed), expected, "{consumed}");
        };
        check(0, 100, "50", 50);
        for (used, expected) in [
            ("80", 60),
            ("100", 40),
            ("150", 0),
            ("99.5", 40),
            ("100.5", 39),
        ] {
            check(80, 60, used, expected);
        }
        check(10, 5, "-3", 5);
        let wide = "1".to_owned() + &"0".repeat(60);
        check(0, 100, &wide, 0);
        check(0, 100, &format!("-{wide}"), 100);
    }
}
