//! Powers of ten and decimal digits of 128-bit integers.

/// One, in units of 10^-12.
const ONE_SHORT: i64 = 1_000_000_000_000;

/// 10^0 to 10^38, the powers of ten that an `i128` holds.
pub(super) const POWERS_OF_TEN: [i128; 39] = powers_of_ten();

const fn powers_of_ten() -> [i128; 39] {
    let mut powers = [1_i128; 39];
    let mut exponent = 1_usize;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent.wrapping_sub(1)].wrapping_mul(10);
        exponent = exponent.wrapping_add(1);
    }
    powers
}

/// 10^`exponent`, `None` from 10^39 on.
pub(super) fn power_of_ten(exponent: u32) -> Option<i128> {
    POWERS_OF_TEN.get(usize::try_from(exponent).ok()?).copied()
}

/// How many decimal digits `value` has; 0 for zero.
pub(super) fn digit_count(value: u128) -> u32 {
    value
        .checked_ilog10()
        .map_or(0, |log| log.saturating_add(1))
}

/// Whether a number of units of 10^-12 is whole.
pub(super) fn is_whole(picos: i128) -> bool {
    // Division of 128 bits is a library call; nearly all values are small.
    match i64::try_from(picos) {
        Ok(small) => small % ONE_SHORT == 0,
        Err(_) => picos % super::ONE == 0,
    }
}

/// Takes zeros off the end of `mantissa`, at most `scale` of them; gives what is left of both.
pub(super) fn strip_zeros(mut mantissa: i128, mut scale: u32) -> (i128, u32) {
    if mantissa == 0 {
        return (0, 0);
    }
    // 2^k divides whatever 10^k divides: most values are done here.
    for step in [32, 16, 8, 4, 2, 1] {
        while scale >= step && mantissa.trailing_zeros() >= step {
            let Some(quotient) =
                power_of_ten(step).and_then(|power| exact_quotient(mantissa, power))
            else {
                break;
            };
            mantissa = quotient;
            scale = scale.wrapping_sub(step);
        }
    }
    (mantissa, scale)
}

/// `None` when the division leaves a rest.
fn exact_quotient(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    (quotient.wrapping_mul(divisor) == dividend).then_some(quotient)
}

/// The shortest mantissa and scale of a number of units of 10^-12.
pub(super) fn shortest_parts(picos: i128) -> (i128, u8) {
    // Division of 128 bits is a library call; nearly all values are small.
    if let Ok(small) = i64::try_from(picos) {
        let (mantissa, scale) = shortest_small_parts(small);
        return (i128::from(mantissa), scale);
    }
    shortest_large_parts(picos)
}

#[cold]
fn shortest_large_parts(picos: i128) -> (i128, u8) {
    let (mantissa, scale) = strip_zeros(picos, u32::from(super::NARROW_PLACES));
    (mantissa, u8::try_from(scale).expect("at most 12"))
}

fn shortest_small_parts(picos: i64) -> (i64, u8) {
    let whole = picos / ONE_SHORT;
    if whole.wrapping_mul(ONE_SHORT) == picos {
        return (whole, 0);
    }
    let (mut mantissa, mut scale) = (picos, super::NARROW_PLACES);
    if mantissa % 100_000_000 == 0 {
        (mantissa, scale) = (mantissa / 100_000_000, scale.wrapping_sub(8));
    }
    // At most 11 zeros in all, since the number is not whole.
    if mantissa % 10_000 == 0 {
        (mantissa, scale) = (mantissa / 10_000, scale.wrapping_sub(4));
    }
    if mantissa % 100 == 0 {
        (mantissa, scale) = (mantissa / 100, scale.wrapping_sub(2));
    }
    if mantissa % 10 == 0 {
        (mantissa, scale) = (mantissa / 10, scale.wrapping_sub(1));
    }
    (mantissa, scale)
}
