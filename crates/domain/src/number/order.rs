//! The order of numbers, exact across both forms.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "estimates of sizes far below the range of `i64`"
)]

use core::cmp::Ordering;

use super::{Number, wide};

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Narrow(left), Self::Narrow(right)) => left.cmp(right),
            _ => compare_wide(self, other),
        }
    }
}

/// Compares by sign, then by size in powers of two, and digit by digit only when those are too close to tell.
#[cold]
fn compare_wide(left: &Number, right: &Number) -> Ordering {
    let sign = left.signum();
    let by_sign = sign.cmp(&right.signum());
    if by_sign.is_ne() || sign == 0 {
        return by_sign;
    }
    let left_size = millibits(left);
    let right_size = millibits(right);
    let by_size = if left_size.1 < right_size.0 {
        Ordering::Less
    } else if right_size.1 < left_size.0 {
        Ordering::Greater
    } else {
        let (left, right, _) = wide::align(left, right);
        return left.cmp(&right);
    };
    if sign < 0 { by_size.reverse() } else { by_size }
}

/// Bounds, lower and upper, of the binary logarithm of the absolute value (not zero), times 1,000.
fn millibits(number: &Number) -> (i64, i64) {
    let (bits, scale) = match number {
        Number::Narrow(narrow) => (
            u64::from(128 - narrow.picos.unsigned_abs().leading_zeros()),
            u32::from(super::NARROW_PLACES),
        ),
        Number::Wide(wide) => (wide.mantissa().bits(), wide.scale()),
    };
    let bits = i64::try_from(bits).expect("a number of less than 2^63 bits");
    let scale = i64::from(scale);
    // The logarithm of ten to base two lies between 3.321 and 3.322.
    (
        (bits - 1) * 1_000 - scale * 3_322,
        bits * 1_000 - scale * 3_321,
    )
}
