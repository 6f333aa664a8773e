//! Exact numbers of a model that must not share a mistake with the server.

use std::fmt;
use std::ops::{Add, Neg, Sub};

/// Digits behind the point.
const PLACES: usize = 37;
const ONE: i128 = 10_i128.pow(37);
/// An average has so many digits, from its first that is not 0.
const SIGNIFICANT: usize = 34;

/// `whole + part / 10^37`, with `part` from 0 to 10^37 - 1, so that the derived order is that of the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal {
    whole: i128,
    part: i128,
}

impl Decimal {
    pub(super) const ZERO: Self = Self { whole: 0, part: 0 };

    pub(super) fn from_integer(whole: i128) -> Self {
        Self { whole, part: 0 }
    }

    /// Reads a JSON number.
    #[track_caller]
    pub(super) fn parse(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: isize = exponent.parse().expect("an exponent");
        let mut digits = format!("{before}{behind}");
        let point = before.len().checked_add_signed(exponent);
        let point = point.unwrap_or_else(|| panic!("{text} is too small for the model"));
        while digits.len() < point {
            digits.push('0');
        }
        let (before, behind) = digits.split_at(point);
        assert!(behind.len() <= PLACES, "{text} is too fine for the model");
        let number = |digits: &str| -> i128 {
            let digits = if digits.is_empty() { "0" } else { digits };
            digits.parse().expect("digits that the model holds")
        };
        let magnitude = Self {
            whole: number(before),
            part: number(&format!("{behind:0<PLACES$}")),
        };
        if is_negative { -magnitude } else { magnitude }
    }

    /// The next integer below, or the number itself.
    pub(super) fn floor(self) -> i128 {
        self.whole
    }

    /// Divided by a count that is not 0, to 34 significant digits, half to even.
    pub(super) fn averaged_over(self, count: usize) -> Self {
        if self < Self::ZERO {
            return -(-self).averaged_over(count);
        }
        let count = i128::try_from(count).expect("a count");
        let mut rest = self.whole % count;
        let (mut part, mut left, mut place) = (0, self.part, ONE);
        let mut zeros = None;
        for index in 0..PLACES {
            place /= 10;
            rest = rest * 10 + left / place;
            left %= place;
            part = part * 10 + rest / count;
            if part > 0 {
                zeros.get_or_insert(index);
            }
            rest %= count;
        }
        let whole = self.whole / count;
        let kept = match (whole, zeros) {
            (0, None) => PLACES,
            (0, Some(zeros)) => SIGNIFICANT + zeros,
            (whole, _) => SIGNIFICANT - whole.to_string().len(),
        };
        assert!(kept <= PLACES, "an average is too small for the model");
        // `part + rest / count` is the exact rest behind the point; what is cut off of it is held against a half.
        let unit = 10_i128.pow(u32::try_from(PLACES - kept).expect("a few places"));
        let (quotient, cut) = (part / unit, part % unit);
        let cut = (cut * count + rest) * 2;
        let rounds_up = cut > unit * count || (cut == unit * count && quotient % 2 == 1);
        let part = (quotient + i128::from(rounds_up)) * unit;
        Self::normal(whole, part)
    }

    fn normal(whole: i128, part: i128) -> Self {
        Self {
            whole: whole + part.div_euclid(ONE),
            part: part.rem_euclid(ONE),
        }
    }
}

impl Add for Decimal {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::normal(self.whole + other.whole, self.part + other.part)
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self::normal(-self.whole, -self.part)
    }
}

impl Sub for Decimal {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self < Self::ZERO {
            return write!(formatter, "-{}", -*self);
        }
        let part = format!("{:0>PLACES$}", self.part);
        match part.trim_end_matches('0') {
            "" => write!(formatter, "{}", self.whole),
            part => write!(formatter, "{}.{part}", self.whole),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[test]
fn the_models_numbers_are_exact() {
    let shown = |text: &str| Decimal::parse(text).to_string();
    for (text, expected) in [
        ("-0.5", "-0.5"),
        ("1e2", "100"),
        ("-12.50", "-12.5"),
        ("125e-1", "12.5"),
    ] {
        assert_eq!(shown(text), expected);
    }
    let sum = Decimal::parse("0.1") + Decimal::parse("0.2");
    assert_eq!(sum, Decimal::parse("0.3"));
    assert_eq!(sum - Decimal::parse("1"), Decimal::parse("-0.7"));
    assert!(Decimal::parse("-0.5") < Decimal::parse("-0.25"));
    let average = |sum: &str, count: usize| Decimal::parse(sum).averaged_over(count).to_string();
    assert_eq!(average("5", 2), "2.5");
    assert_eq!(average("-10", 3), format!("-3.{}", "3".repeat(33)));
    assert_eq!(average("2", 3), format!("0.{}7", "6".repeat(33)));
    assert_eq!(average("0.5", 300), format!("0.001{}7", "6".repeat(32)));
    assert_eq!(average("0", 7), "0");
}
