//! Cyprus, Greece, Italy, Malta, Portugal, Spain.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most eleven digits"
)]

use crate::tax_id::digits::{Digits, complement, letter};
use crate::tax_id::europe::es_cif;
use crate::tax_id::text::is_like;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Eight digits, which do not begin with 12, and a check letter.
pub(super) fn cyprus(number: &str) -> bool {
    if !is_like("########@", number) || number.starts_with("12") {
        return false;
    }
    Digits::of(&number[..8], 8).is_some_and(|digits| {
        let value = |(place, digit): (usize, i64)| match (place % 2, digit) {
            (1, _) => digit,
            (_, 0) => 1,
            (_, 1) => 0,
            (_, 2..=4) => 2 * digit + 1,
            _ => 2 * digit + 3,
        };
        let sum: i64 = digits.iter().enumerate().map(value).sum();
        letter(ALPHABET, sum % 26) == number.bytes().last()
    })
}

/// Nine digits, the last by powers of 2.
pub(super) fn greece(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(|digits| {
        let sum = digits.weighted(&[256, 128, 64, 32, 16, 8, 4, 2]);
        digits.last() == sum % 11 % 10
    })
}

/// Seven digits, three of a province, one after Luhn.
pub(super) fn italy(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        let province = digits.part(7, 10).value();
        !digits.part(0, 7).is_zero()
            && matches!(province, 1..=100 | 120 | 121 | 888 | 999)
            && digits.is_luhn()
    })
}

/// Eight digits, whose weighted sum 37 divides.
pub(super) fn malta(number: &str) -> bool {
    Digits::of(number, 8).is_some_and(|digits| {
        let sum = digits.part(0, 6).weighted(&[3, 4, 6, 7, 8, 9]) + digits.part(6, 8).value();
        digits.at(0) != 0 && sum % 37 == 0
    })
}

/// Nine digits, the last by weights from 9 down.
pub(super) fn portugal(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(|digits| {
        let sum = digits.weighted(&[9, 8, 7, 6, 5, 4, 3, 2]);
        digits.at(0) != 0 && digits.last() == complement(sum, 11) % 10
    })
}

/// The check letters of persons, by the remainder of their number by 23.
const SPANISH_LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";

/// A resident (digits and a letter), a foreigner (X, Y or Z for 0, 1 or 2), a person of the classes K, L and M, or a company.
pub(super) fn spain(number: &str) -> bool {
    let Some(first) = number
        .bytes()
        .next()
        .filter(|_| number.len() == 9 && number.is_ascii())
    else {
        return false;
    };
    let first = match first {
        b'0'..=b'9' => first,
        b'X'..=b'Z' => first - b'X' + b'0',
        b'K' | b'L' | b'M' => b'0',
        _ => return es_cif(number),
    };
    let root = format!("{}{}", char::from(first), &number[1..8]);
    Digits::of(&root, 8)
        .is_some_and(|root| letter(SPANISH_LETTERS, root.value() % 23) == number.bytes().last())
}
