//! Africa.

use super::digits::Digits;
use super::text::is_like;

/// Egypt: nine digits.
pub(super) fn eg_tin(number: &str) -> bool {
    Digits::of(number, 9).is_some()
}

/// Kenya: A for a person or P for a company, nine digits, a letter.
pub(super) fn ke_pin(number: &str) -> bool {
    is_like("@#########@", number) && number.starts_with(['A', 'P'])
}

/// Mauritius: eight digits, the first 2 or 3.
pub(super) fn mu_tan(number: &str) -> bool {
    is_like("########", number) && number.starts_with(['2', '3'])
}

/// Nigeria: eight digits and four of the office, or the ten of the joint tax board.
pub(super) fn ng_tin(number: &str) -> bool {
    Digits::any(number).is_some_and(|digits| matches!(digits.count(), 10 | 12))
}

/// South Africa: ten digits, the first 4.
pub(super) fn za_vat(number: &str) -> bool {
    is_like("4#########", number)
}
