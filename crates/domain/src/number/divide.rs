//! Division of a sum by a count, the one operation that rounds.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the comments bound each step; the divisor is a `NonZeroU64` or a power of ten"
)]

use core::num::NonZeroU64;

use num_bigint::{BigInt, Sign};

use super::{Number, decimal, wide};

/// How many significant digits a quotient keeps, as IEEE 754 decimal128 does.
pub const QUOTIENT_DIGITS: u32 = 34;

/// 10^33 and 10^34: a quotient between them has all its digits.
const FULL: u128 = 1_000_000_000_000_000_000_000_000_000_000_000;
const BEYOND: u128 = 10 * FULL;

/// The most digits that are divided off at once: a remainder below 2^64 times 10^19 stays below 2^128.
const STEP: u32 = 19;

impl Number {
    /// The value divided by `count`, rounded to 34 significant digits, half to even; exact when it fits them.
    ///
    /// A number that has more than 34 digits itself is rounded too, also when `count` is 1.
    #[must_use]
    pub fn divide_by_count(&self, count: NonZeroU64) -> Self {
        match self {
            Self::Narrow(narrow) => divide_narrow(narrow.picos, count),
            Self::Wide(wide) => divide_wide(wide.mantissa(), wide.scale(), count),
        }
    }
}

/// Long division in steps of up to 19 digits, within 128 bits.
fn divide_narrow(picos: i128, count: NonZeroU64) -> Number {
    let divisor = u128::from(count.get());
    let dividend = picos.unsigned_abs();
    let mut quotient = dividend / divisor;
    let mut rest = dividend % divisor;
    let mut scale = u32::from(super::NARROW_PLACES);
    // The quotient gains as many digits as `digits` at most, so it ends with 34 or fewer.
    while rest != 0 && quotient < FULL {
        let digits = STEP.min(QUOTIENT_DIGITS - decimal::digit_count(quotient));
        let power = decimal::POWERS_OF_TEN[digits as usize].unsigned_abs();
        let shifted = rest * power;
        quotient = quotient * power + shifted / divisor;
        rest = shifted % divisor;
        scale += digits;
    }
    let round_up = if quotient >= BEYOND {
        // Up to 39 digits: the last ones go, at most five of the 12 places.
        let excess = decimal::digit_count(quotient) - QUOTIENT_DIGITS;
        let power = decimal::POWERS_OF_TEN[excess as usize].unsigned_abs();
        let tail = quotient % power;
        quotient /= power;
        scale -= excess;
        // The rest lies below the last digit of the tail: it only breaks a tie.
        tail * 2 > power || (tail * 2 == power && (rest != 0 || quotient % 2 == 1))
    } else {
        rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1)
    };
    let quotient = i128::try_from(quotient + u128::from(round_up)).expect("at most 10^34");
    wide::from_small(if picos < 0 { -quotient } else { quotient }, scale)
}

fn divide_wide(mantissa: &BigInt, scale: u32, count: NonZeroU64) -> Number {
    let magnitude = BigInt::from(mantissa.magnitude().clone());
    // So many zeros that the quotient has 34 digits or more: the count has at most 20.
    let lower_log10 = u32::try_from((magnitude.bits() - 1) * 301 / 1_000).unwrap_or(u32::MAX);
    let shift = (QUOTIENT_DIGITS + 20).saturating_sub(lower_log10);
    let (quotient, rest) = wide::divide(
        &(magnitude * &*wide::power_of_ten(shift)),
        &BigInt::from(count.get()),
    );

    let excess = big_digit_count(&quotient) - QUOTIENT_DIGITS;
    let power = wide::power_of_ten(excess);
    let (mut rounded, tail) = wide::divide(&quotient, &power);
    let up = match (tail * 2_u8).cmp(&*power) {
        core::cmp::Ordering::Greater => true,
        core::cmp::Ordering::Equal => rest.sign() != Sign::NoSign || rounded.bit(0),
        core::cmp::Ordering::Less => false,
    };
    if up {
        rounded += 1_u8;
    }
    if mantissa.sign() == Sign::Minus {
        rounded = -rounded;
    }
    match (scale + shift).checked_sub(excess) {
        Some(scale) => wide::from_big(rounded, scale),
        None => wide::from_big(rounded * &*wide::power_of_ten(excess - scale - shift), 0),
    }
}

/// How many decimal digits a positive integer has.
fn big_digit_count(value: &BigInt) -> u32 {
    let mut digits = u32::try_from((value.bits() - 1) * 301 / 1_000).unwrap_or(u32::MAX);
    while *wide::power_of_ten(digits) <= *value {
        digits += 1;
    }
    digits
}
