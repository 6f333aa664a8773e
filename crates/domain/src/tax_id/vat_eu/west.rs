//! Austria, Belgium, France, Germany, Ireland, Luxembourg, the Netherlands.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "numbers of up to 11 digits stay far inside `i64`"
)]

use crate::tax_id::digits::{Digits, mod_97_10, modulo, position};
use crate::tax_id::text::is_like;

/// The letter U, seven digits and one after Luhn, which is taken from 6.
pub(super) fn austria(number: &str) -> bool {
    let digits = number
        .strip_prefix('U')
        .and_then(|digits| Digits::of(digits, 8));
    digits.is_some_and(|digits| digits.last() == modulo(6 - digits.but_last().luhn_sum(), 10))
}

/// Eight digits, 97 less their remainder by 97.
pub(super) fn belgium(number: &str) -> bool {
    Digits::of(number, 10).is_some_and(|digits| {
        let (root, check) = (digits.part(0, 8).value(), digits.part(8, 10).value());
        !digits.is_zero() && digits.at(0) <= 1 && (root + check) % 97 == 0
    })
}

/// Nine digits, the last by ISO 7064.
pub(super) fn germany(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(|digits| digits.at(0) != 0 && digits.is_mod_11_10())
}

/// Letters that a French key may hold: all but I and O.
const FRENCH_KEY: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A key of two characters and the nine digits of the business (SIREN, with a check digit after Luhn). Monaco's begin with
/// three zeros and are no SIREN.
pub(super) fn france(number: &str) -> bool {
    let Some((key, siren)) = number.split_at_checked(2) else {
        return false;
    };
    let Some(siren) = Digits::of(siren, 9) else {
        return false;
    };
    if siren.part(0, 3).value() != 0 && !siren.is_luhn() {
        return false;
    }
    if let Some(key) = Digits::of(key, 2) {
        return key.value() == (100 * siren.value() + 12) % 97;
    }
    let key: Vec<i64> = key
        .bytes()
        .filter_map(|key| position(FRENCH_KEY, key))
        .collect();
    let [first, second] = key[..] else {
        return false;
    };
    let check = if first < 10 {
        24 * first + second - 10
    } else {
        34 * first + second - 100
    };
    modulo(siren.value() + 1 + check.div_euclid(11), 11) == modulo(check, 11)
}

/// What Irish check letters stand for: W is 0, A is 1.
const IRISH_LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";

/// Seven digits, a check letter, and since 2013 perhaps a further letter. Before, the second character was a letter or a sign.
pub(super) fn ireland(number: &str) -> bool {
    let is_old = number.len() == 8 && number.is_ascii() && !number.as_bytes()[1].is_ascii_digit();
    if is_old {
        let sign = number.as_bytes()[1];
        let (first, rest) = (&number[..1], &number[2..7]);
        return matches!(sign, b'A'..=b'Z' | b'+' | b'*')
            && irish_check(&format!("0{rest}{first}"), "")
                == position(IRISH_LETTERS, number.as_bytes()[7]);
    }
    (is_like("#######@", number) || is_like("#######@@", number))
        && irish_check(&number[..7], &number[8..])
            .is_some_and(|check| position(IRISH_LETTERS, number.as_bytes()[7]) == Some(check))
}

/// The check letter's position, of seven digits and the letter after it.
fn irish_check(digits: &str, last: &str) -> Option<i64> {
    let last = match last.bytes().next() {
        None => 0,
        Some(letter) => position(IRISH_LETTERS, letter)?,
    };
    let sum = Digits::of(digits, 7)?.weighted(&[8, 7, 6, 5, 4, 3, 2]);
    Some((sum + 9 * last) % 23)
}

/// Six digits and their remainder by 89.
pub(super) fn luxembourg(number: &str) -> bool {
    Digits::of(number, 8)
        .is_some_and(|digits| digits.part(0, 6).value() % 89 == digits.part(6, 8).value())
}

/// Nine digits, B, and two more. The nine are a person's or business's with a check digit, or, of sole traders since 2020, all
/// of it has check digits by ISO 7064.
pub(super) fn netherlands(number: &str) -> bool {
    if !is_like("#########B##", number) {
        return false;
    }
    let root = Digits::of(&number[..9], 9);
    let checked = |root: Digits<'_>| root.weighted(&[9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0;
    root.is_some_and(|root| {
        !root.is_zero()
            && &number[10..] != "00"
            && (checked(root) || mod_97_10(&format!("NL{number}")) == Some(1))
    })
}
