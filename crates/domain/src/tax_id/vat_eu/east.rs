//! Bulgaria, Czechia, Hungary, Poland, Slovakia.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most thirteen digits"
)]

use crate::tax_id::digits::{Digits, complement, is_date, modulo};
use crate::tax_id::europe::{bulgarian_check, is_hungarian};

/// Nine digits of a business, or ten: a citizen's, a foreigner's or another's.
pub(super) fn bulgaria(number: &str) -> bool {
    if let Some(digits) = Digits::of(number, 9) {
        return digits.last() == bulgarian_check(digits.but_last());
    }
    Digits::of(number, 10).is_some_and(|digits| {
        let citizen = digits.weighted(&[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
        let foreigner = digits.weighted(&[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
        let other = complement(digits.weighted(&[4, 3, 2, 7, 6, 5, 4, 3, 2]), 11);
        let last = digits.last();
        last == foreigner || last == other || last == citizen && is_bulgarian_birth(digits)
    })
}

/// Year, month and day of birth; the month tells the century: 20 more for the 19th, 40 more for the 21st.
fn is_bulgarian_birth(digits: Digits<'_>) -> bool {
    let part = |start, end| digits.part(start, end).value();
    let (century, month) = match part(2, 4) {
        month @ 41.. => (2000, month - 40),
        month @ 21.. => (1800, month - 20),
        month => (1900, month),
    };
    is_date(century + part(0, 2), month, part(4, 6))
}

/// Eight digits of a business, nine beginning with 6 of others, nine or ten of a person.
pub(super) fn czechia(number: &str) -> bool {
    let Some(digits) = Digits::any(number) else {
        return false;
    };
    match digits.count() {
        8 => {
            let check = complement(digits.weighted(&[8, 7, 6, 5, 4, 3, 2]), 11);
            let check = if check == 0 { 1 } else { check % 10 };
            digits.at(0) != 9 && digits.last() == check
        }
        9 if digits.at(0) == 6 => {
            let sum = digits.part(1, 8).weighted(&[8, 7, 6, 5, 4, 3, 2]) % 11;
            digits.last() == modulo(8 - modulo(10 - sum, 11), 10)
        }
        9 | 10 => is_birth_number(digits),
        _ => false,
    }
}

/// The number that a person of what was Czechoslovakia has from birth: nine digits until 1953, then ten with a check digit. The
/// month of a woman has 50 more, and since 2004 that of either 20 more when a day's numbers have run out.
fn is_birth_number(digits: Digits<'_>) -> bool {
    let part = |start, end| digits.part(start, end).value();
    let month = part(2, 4) % 50 % 20;
    let year = match (digits.count(), part(0, 2)) {
        (9, year @ 80..) => 1800 + year,
        (10, year @ ..=53) => 2000 + year,
        (9, year @ ..=53) | (10, year) => 1900 + year,
        _ => return false,
    };
    let checked = digits.count() == 9 || part(0, 9) % 11 % 10 == digits.last();
    checked && is_date(year, month, part(4, 6))
}

/// Eight digits, whose weighted sum 10 divides.
pub(super) fn hungary(number: &str) -> bool {
    Digits::of(number, 8).is_some_and(is_hungarian)
}

/// Ten digits, the last the remainder of the others' weighted sum by 11.
pub(super) fn poland(number: &str) -> bool {
    Digits::of(number, 10)
        .is_some_and(|digits| digits.weighted(&[6, 5, 7, 2, 3, 4, 5, 6, 7, -1]) % 11 == 0)
}

/// Ten digits that 11 divides, the third one of some; or a person's.
pub(super) fn slovakia(number: &str) -> bool {
    Digits::of(number, 10).is_some_and(|digits| {
        let business =
            digits.at(0) != 0 && matches!(digits.at(2), 2..=4 | 7..=9) && digits.value() % 11 == 0;
        business || is_birth_number(digits)
    })
}
