//! The Middle East and the Caucasus.

use super::digits::Digits;
use super::text::is_like;

/// The United Arab Emirates: fifteen digits.
pub(super) fn ae_trn(number: &str) -> bool {
    Digits::of(number, 15).is_some()
}

/// Bahrain: fifteen digits.
pub(super) fn bh_vat(number: &str) -> bool {
    Digits::of(number, 15).is_some()
}

/// Georgia: nine digits of a business, eleven of a person.
pub(super) fn ge_vat(number: &str) -> bool {
    Digits::any(number).is_some_and(|digits| matches!(digits.count(), 9 | 11))
}

/// Israel: nine digits, the last after Luhn.
pub(super) fn il_vat(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(|digits| !digits.is_zero() && digits.is_luhn())
}

/// Oman: OM and ten digits.
pub(super) fn om_vat(number: &str) -> bool {
    is_like("OM##########", number)
}

/// Saudi Arabia: fifteen digits, the first and the last 3.
pub(super) fn sa_vat(number: &str) -> bool {
    is_like("3#############3", number)
}
