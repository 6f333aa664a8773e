//! Denmark, Estonia, Finland, Latvia, Lithuania, Sweden.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most twelve digits"
)]

use crate::tax_id::digits::{Digits, is_date};

/// Eight digits, whose weighted sum 11 divides.
pub(super) fn denmark(number: &str) -> bool {
    Digits::of(number, 8).is_some_and(|digits| {
        digits.at(0) != 0 && digits.weighted(&[2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
    })
}

/// Nine digits, whose weighted sum 10 divides.
pub(super) fn estonia(number: &str) -> bool {
    Digits::of(number, 9)
        .is_some_and(|digits| digits.weighted(&[3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0)
}

/// Eight digits, whose weighted sum 11 divides.
pub(super) fn finland(number: &str) -> bool {
    Digits::of(number, 8)
        .is_some_and(|digits| digits.weighted(&[7, 9, 10, 5, 8, 4, 2, 1]) % 11 == 0)
}

/// Eleven digits: a business beyond 3, else a person, by day of birth or, since 2017, beginning with 32.
pub(super) fn latvia(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        if digits.at(0) > 3 {
            return digits.weighted(&[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
        }
        let part = |start, end| digits.part(start, end).value();
        let century = 1800 + 100 * digits.at(6);
        let sum = 1 + digits.weighted(&[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
        let born = part(0, 2) == 32 || is_date(century + part(4, 6), part(2, 4), part(0, 2));
        born && digits.last() == sum % 11 % 10
    })
}

/// Nine digits of a business, twelve of a person or of somebody registered for a time; the last but one is 1.
pub(super) fn lithuania(number: &str) -> bool {
    let digits = Digits::of(number, 9).or_else(|| Digits::of(number, 12));
    digits.is_some_and(|digits| {
        let mut check =
            digits.weighted(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2][..digits.count() - 1]) % 11;
        if check == 10 {
            check = digits.weighted(&[3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4][..digits.count() - 1]) % 11;
        }
        digits.at(digits.count() - 2) == 1 && digits.last() == check % 10
    })
}

/// The ten digits of a business or a person, the last after Luhn, and 01.
pub(super) fn sweden(number: &str) -> bool {
    Digits::of(number, 12)
        .is_some_and(|digits| digits.part(0, 10).is_luhn() && digits.part(10, 12).value() == 1)
}
