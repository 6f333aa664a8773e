//! Australia and New Zealand.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most eleven digits"
)]

use super::digits::{Digits, complement};

/// Australia, businesses: two check digits and nine digits.
pub(super) fn au_abn(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        let sum = digits
            .part(2, 11)
            .weighted(&[3, 5, 7, 9, 11, 13, 15, 17, 19]);
        digits.part(0, 2).value() == 11 + complement(sum + 1, 89)
    })
}

/// Australia, those who only owe: twelve digits.
pub(super) fn au_arn(number: &str) -> bool {
    Digits::of(number, 12).is_some()
}

/// New Zealand: eight or nine digits, in the range that has been given out.
pub(super) fn nz_gst(number: &str) -> bool {
    let digits = Digits::of(number, 8).or_else(|| Digits::of(number, 9));
    digits.is_some_and(|digits| {
        let start = 9 - digits.count();
        let check =
            |weights: [i64; 8]| complement(digits.but_last().weighted(&weights[start..]), 11);
        let check = match check([3, 2, 7, 6, 5, 4, 3, 2]) {
            10 => check([7, 4, 3, 2, 5, 2, 7, 6]),
            check => check,
        };
        (10_000_001..150_000_000).contains(&digits.value()) && digits.last() == check
    })
}
