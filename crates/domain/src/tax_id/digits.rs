//! Arithmetic over the digits of a number: the few ways of making check digits that the formats share.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "at most 32 digits and characters, weights below 100, and values of up to 18 digits stay far inside `i64`"
)]

use crate::time::civil::Date;

/// A text of one or more of the digits 0 to 9.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits<'a>(&'a [u8]);

impl<'a> Digits<'a> {
    /// The digits of a text that is nothing else, of any length.
    pub(super) fn any(text: &'a str) -> Option<Self> {
        let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all.then_some(Self(text.as_bytes()))
    }

    /// The digits of a text that is nothing else, when there are `count` of them.
    pub(super) fn of(text: &'a str, count: usize) -> Option<Self> {
        Self::any(text).filter(|digits| digits.count() == count)
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.0.len()
    }

    /// The digit at a position, which must be one of them.
    pub(super) fn at(self, position: usize) -> i64 {
        i64::from(self.0[position] - b'0')
    }

    /// The last digit.
    pub(super) fn last(self) -> i64 {
        self.at(self.count() - 1)
    }

    /// Those from `start` on and before `end`, which must be there.
    pub(super) fn part(self, start: usize, end: usize) -> Self {
        Self(&self.0[start..end])
    }

    /// All but the last.
    pub(super) fn but_last(self) -> Self {
        self.part(0, self.count() - 1)
    }

    /// The digits from the first to the last.
    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator {
        self.0.iter().map(|byte| i64::from(byte - b'0'))
    }

    /// The number that they are. There must be no more than 18.
    pub(super) fn value(self) -> i64 {
        self.iter().fold(0, |value, digit| 10 * value + digit)
    }

    /// Whether they are all 0.
    pub(super) fn is_zero(self) -> bool {
        self.iter().all(|digit| digit == 0)
    }

    /// The digits, each times its weight, added up; as far as there are weights.
    pub(super) fn weighted(self, weights: &[i64]) -> i64 {
        self.iter()
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum()
    }

    /// The digits added up, every second from the last but one on doubled and its own digits added up, modulo 10. 0 for a
    /// number with a check digit after Luhn.
    pub(super) fn luhn_sum(self) -> i64 {
        let doubled = |(position, digit): (usize, i64)| match (position % 2, digit) {
            (0, _) => digit,
            (_, 0..=4) => 2 * digit,
            _ => 2 * digit - 9,
        };
        self.iter().rev().enumerate().map(doubled).sum::<i64>() % 10
    }

    /// Whether the last is the check digit of the others after Luhn.
    pub(super) fn is_luhn(self) -> bool {
        self.luhn_sum() == 0
    }

    /// Whether the last is the check digit of the others after ISO 7064, MOD 11,10.
    pub(super) fn is_mod_11_10(self) -> bool {
        let step = |check: i64, digit: i64| {
            let check = if check == 0 { 10 } else { check };
            (2 * check % 11 + digit) % 10
        };
        self.iter().fold(5, step) == 1
    }
}

/// `value` modulo `modulus`, never negative.
pub(super) fn modulo(value: i64, modulus: i64) -> i64 {
    value.rem_euclid(modulus)
}

/// What is missing from `value` to a multiple of `modulus`: 0 to one less than that.
pub(super) fn complement(value: i64, modulus: i64) -> i64 {
    (-value).rem_euclid(modulus)
}

/// The character at a position of an alphabet. `None` beyond it.
pub(super) fn letter(alphabet: &str, position: i64) -> Option<u8> {
    alphabet
        .as_bytes()
        .get(usize::try_from(position).ok()?)
        .copied()
}

/// The position of a character in an alphabet.
pub(super) fn position(alphabet: &str, letter: u8) -> Option<i64> {
    let position = alphabet.bytes().position(|found| found == letter)?;
    i64::try_from(position).ok()
}

/// The positions of the characters in an alphabet, each times its weight, added up; as far as there are weights. `None` when
/// a character is not of the alphabet.
pub(super) fn weighted_in(alphabet: &str, text: &str, weights: &[i64]) -> Option<i64> {
    let positions = text.bytes().map(|letter| position(alphabet, letter));
    positions
        .zip(weights)
        .map(|(position, weight)| Some(position? * weight))
        .sum()
}

/// Whether the last character is the check character of the others after Luhn, over an alphabet.
pub(super) fn is_luhn_in(alphabet: &str, text: &str) -> bool {
    let size = i64::try_from(alphabet.len()).unwrap_or(i64::MAX);
    let terms = text.bytes().rev().enumerate().map(|(place, letter)| {
        let value = position(alphabet, letter)?;
        Some(if place % 2 == 0 {
            value
        } else {
            2 * value / size + 2 * value % size
        })
    });
    terms
        .sum::<Option<i64>>()
        .is_some_and(|sum| sum % size == 0)
}

/// The remainder of a number of digits and letters (A is 10, Z is 35) after ISO 7064, MOD 97-10: 1 for a number with check
/// digits. `None` when there is another character.
pub(super) fn mod_97_10(text: &str) -> Option<i64> {
    let step = |rest: i64, character: char| {
        let value = i64::from(character.to_digit(36)?);
        let shift = if value < 10 { 10 } else { 100 };
        Some((rest * shift + value) % 97)
    };
    text.chars().try_fold(0, step)
}

/// Whether there is such a day.
pub(super) fn is_date(year: i64, month: i64, day: i64) -> bool {
    let date = Date { year, month, day };
    (1..=12).contains(&month) && Date::from_epoch_days(date.epoch_days()) == date
}

/// Whether there is such a day in the 20th or the 21st century, the year given by its last two digits.
pub(super) fn is_date_of_either_century(year: i64, month: i64, day: i64) -> bool {
    is_date(1900 + year, month, day) || is_date(2000 + year, month, day)
}
