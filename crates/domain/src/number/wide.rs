//! The wide form: a big integer with a decimal scale, and the way every result takes to its one representation.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "operators on big integers neither overflow nor, with divisors that are powers of ten, fail"
)]

use std::borrow::Cow;
use std::sync::OnceLock;

use num_bigint::{BigInt, Sign};

use super::{Narrow, Number, ONE, decimal};

/// A number that the narrow form cannot hold: mantissa · 10^-scale.
///
/// Invariants: the scale is the smallest possible (zero, or the mantissa does not end in a zero), and the value does not
/// fit [`Narrow`]. Only this crate makes one.
///
/// Size: a literal has at most 1,500 digits before and 1,500 after the point (1,100 characters, exponent from -400 to 399), so
/// a sum of any count of literals stays below 3,100 digits, 1.3 kB.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wide {
    mantissa: BigInt,
    scale: u32,
}

impl Wide {
    pub(super) fn mantissa(&self) -> &BigInt {
        &self.mantissa
    }

    pub(super) fn scale(&self) -> u32 {
        self.scale
    }

    pub(super) fn signum(&self) -> i32 {
        match self.mantissa.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        }
    }
}

/// Powers of ten, each made when it is first asked for: what alignment and normalisation of wide values multiply and
/// divide by. Full, it takes 900 kB.
static POWERS: [OnceLock<BigInt>; 2_048] = [const { OnceLock::new() }; 2_048];

/// 10^`exponent`.
pub(super) fn power_of_ten(exponent: u32) -> Cow<'static, BigInt> {
    let make = || BigInt::from(10).pow(exponent);
    match usize::try_from(exponent)
        .ok()
        .and_then(|exponent| POWERS.get(exponent))
    {
        Some(power) => Cow::Borrowed(power.get_or_init(make)),
        None => Cow::Owned(make()),
    }
}

/// The quotient, cut towards zero, and the remainder.
pub(super) fn divide(value: &BigInt, divisor: &BigInt) -> (BigInt, BigInt) {
    let quotient = value / divisor;
    let remainder = value - &quotient * divisor;
    (quotient, remainder)
}

/// `mantissa` · 10^-`scale` in its one representation.
pub(super) fn from_small(mantissa: i128, scale: u32) -> Number {
    let (mantissa, scale) = decimal::strip_zeros(mantissa, scale);
    let narrow = u32::from(super::NARROW_PLACES)
        .checked_sub(scale)
        .and_then(decimal::power_of_ten)
        .and_then(|factor| mantissa.checked_mul(factor));
    match narrow {
        Some(picos) => Number::Narrow(Narrow { picos }),
        None => Number::Wide(Box::new(Wide {
            mantissa: BigInt::from(mantissa),
            scale,
        })),
    }
}

/// `mantissa` · 10^-`scale` in its one representation.
pub(super) fn from_big(mantissa: BigInt, scale: u32) -> Number {
    if let Ok(small) = i128::try_from(&mantissa) {
        return from_small(small, scale);
    }
    let (mantissa, scale) = strip_zeros(mantissa, scale);
    match i128::try_from(&mantissa) {
        Ok(small) => from_small(small, scale),
        // Beyond i128 with the smallest scale: the narrow form, whose scale is 12, cannot hold it either.
        Err(_) => Number::Wide(Box::new(Wide { mantissa, scale })),
    }
}

/// Takes zeros off the end of `mantissa` (not zero), at most `scale` of them.
///
/// 2^k divides whatever 10^k divides, and counting bits is free: it bounds the zeros, and mostly tells that there are
/// none. The bound itself is tried first, since a sum whose last places cancel ends in nothing but zeros; then powers of
/// two of zeros, from many to one.
fn strip_zeros(mut mantissa: BigInt, mut scale: u32) -> (BigInt, u32) {
    let twos = mantissa.trailing_zeros().unwrap_or(0);
    // How many zeros there may still be, and how many to try next.
    let mut most = scale.min(u32::try_from(twos).unwrap_or(u32::MAX));
    let mut step = most;
    while step > 0 {
        let (quotient, remainder) = divide(&mantissa, &power_of_ten(step));
        if remainder.sign() == Sign::NoSign {
            mantissa = quotient;
            scale -= step;
            most -= step;
        } else {
            most = step - 1;
        }
        step = most.checked_ilog2().map_or(0, |log| 1 << log);
    }
    (mantissa, scale)
}

impl Number {
    /// The value as a big integer with a decimal scale (not the smallest one).
    pub(super) fn to_big(&self) -> (BigInt, u32) {
        match self {
            Self::Narrow(narrow) => (BigInt::from(narrow.picos), u32::from(super::NARROW_PLACES)),
            Self::Wide(wide) => (wide.mantissa.clone(), wide.scale),
        }
    }
}

/// Gives two values the same scale, the greater of both.
pub(super) fn align(left: &Number, right: &Number) -> (BigInt, BigInt, u32) {
    let (mut left, left_scale) = left.to_big();
    let (mut right, right_scale) = right.to_big();
    let scale = left_scale.max(right_scale);
    if left_scale < scale {
        left *= &*power_of_ten(scale - left_scale);
    }
    if right_scale < scale {
        right *= &*power_of_ten(scale - right_scale);
    }
    (left, right, scale)
}

const _: () = assert!(ONE == decimal::POWERS_OF_TEN[super::NARROW_PLACES as usize]);
