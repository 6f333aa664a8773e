//! Exact decimals of any size: what answers are compared as.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Sub};

use anyhow::{Context, ensure};
use num_bigint::{BigInt, Sign};

/// Digits of an average.
const AVERAGE_DIGITS: usize = 34;

/// No exponent of an answer is further from 0.
const EXPONENT_MAX: i64 = 1_000;

/// `mantissa / 10^places`. Invariant: there are as few places as can be, so that equal numbers are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    mantissa: BigInt,
    places: usize,
}

impl Decimal {
    /// `mantissa / 10^places`.
    pub(crate) fn new(mantissa: impl Into<BigInt>, places: usize) -> Self {
        let ten = BigInt::from(10);
        let (mut mantissa, mut places) = (mantissa.into(), places);
        while places > 0 && (&mantissa % &ten).sign() == Sign::NoSign {
            mantissa /= &ten;
            places -= 1;
        }
        Self { mantissa, places }
    }

    /// A number of billionths.
    pub(crate) fn from_nanos(nanos: i128) -> Self {
        // Most are short: plain division is several times cheaper than that of big integers.
        let (mut mantissa, mut places) = (nanos, 9);
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        Self {
            mantissa: BigInt::from(mantissa),
            places,
        }
    }

    /// Reads a JSON number, or what others print: `12`, `-0.5`, `1.5e-7`, `3E+2`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent
            .parse()
            .with_context(|| format!("read the number `{text}`"))?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let mantissa: BigInt = all
            .parse()
            .with_context(|| format!("read the number `{text}`"))?;
        ensure!(
            exponent.abs() <= EXPONENT_MAX,
            "the exponent of `{text}` is too large"
        );
        let places = i64::try_from(fraction.len()).context("count digits")? - exponent;
        Ok(match usize::try_from(places) {
            Ok(places) => Self::new(mantissa, places),
            Err(_) => Self::new(mantissa * power_of_ten(-places), 0),
        })
    }

    /// `self / count`, to 34 significant digits, half to even.
    pub(crate) fn divided(&self, count: u64) -> Self {
        if self.mantissa.sign() == Sign::NoSign {
            return Self::new(0, 0);
        }
        let divisor = BigInt::from(count);
        // So many more places that the quotient has one or two digits more than are kept.
        let digits = self.mantissa.magnitude().to_string().len();
        let more = (AVERAGE_DIGITS + divisor.to_string().len() + 2).saturating_sub(digits);
        let scaled = &self.mantissa * power_of_ten(i64::try_from(more).expect("few digits"));
        let quotient = &scaled / &divisor;
        let has_rest = (&scaled % &divisor).sign() != Sign::NoSign;
        let surplus = quotient.magnitude().to_string().len() - AVERAGE_DIGITS;
        let unit = power_of_ten(i64::try_from(surplus).expect("few digits"));
        let kept = &quotient / &unit;
        let cut = BigInt::from((&quotient % &unit).magnitude().clone());
        let is_up = match (&cut * 2_u32).cmp(&unit) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => has_rest || kept.bit(0),
        };
        let away = if self.mantissa.sign() == Sign::Minus {
            -1
        } else {
            1
        };
        let kept = if is_up { kept + away } else { kept };
        let places = self.places + more;
        if places >= surplus {
            Self::new(kept, places - surplus)
        } else {
            Self::new(
                kept * power_of_ten(i64::try_from(surplus - places).expect("few digits")),
                0,
            )
        }
    }

    /// Without its sign.
    pub(crate) fn abs(&self) -> Self {
        let mantissa = BigInt::from(self.mantissa.magnitude().clone());
        Self {
            mantissa,
            places: self.places,
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    /// Both mantissas at the places of the finer, and these places.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, usize) {
        let places = self.places.max(other.places);
        let at = |number: &Self| {
            let more = i64::try_from(places - number.places).expect("few digits");
            &number.mantissa * power_of_ten(more)
        };
        (at(self), at(other), places)
    }
}

fn power_of_ten(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).expect("an exponent of a few thousand"))
}

impl Add<&Decimal> for &Decimal {
    type Output = Decimal;

    fn add(self, other: &Decimal) -> Decimal {
        let (one, two, places) = self.aligned(other);
        Decimal::new(one + two, places)
    }
}

impl Sub<&Decimal> for &Decimal {
    type Output = Decimal;

    fn sub(self, other: &Decimal) -> Decimal {
        let (one, two, places) = self.aligned(other);
        Decimal::new(one - two, places)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two, _) = self.aligned(other);
        one.cmp(&two)
    }
}

/// All digits, without exponent and without needless zeros.
impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mantissa.sign() == Sign::Minus {
            formatter.write_str("-")?;
        }
        let digits = self.mantissa.magnitude().to_string();
        if self.places == 0 {
            return formatter.write_str(&digits);
        }
        let padded = format!("{digits:0>width$}", width = self.places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - self.places);
        write!(formatter, "{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn numbers_read_and_print() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("10.0", "10"),
            ("1.50", "1.5"),
            ("-0.000000001", "-0.000000001"),
            ("1e-7", "0.0000001"),
            ("1.25E+3", "1250"),
            ("12345678901234567890.125", "12345678901234567890.125"),
        ] {
            assert_eq!(decimal(text).to_string(), expected);
        }
        for text in ["", "x", "1.x", "1e", "1e99999", "nan"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn averages_have_34_digits_half_to_even() {
        let third = format!("0.{}", "3".repeat(34));
        assert_eq!(decimal("1").divided(3).to_string(), third);
        let two_thirds = format!("-0.{}7", "6".repeat(33));
        assert_eq!(decimal("-2").divided(3).to_string(), two_thirds);
        assert_eq!(decimal("10").divided(4).to_string(), "2.5");
        // 34 digits and a half: to the even neighbour, down and up.
        let odd = format!("2{}1", "0".repeat(32));
        assert_eq!(
            decimal(&odd).divided(2).to_string(),
            format!("1{}", "0".repeat(33))
        );
        let odd = format!("2{}3", "0".repeat(32));
        assert_eq!(
            decimal(&odd).divided(2).to_string(),
            format!("1{}2", "0".repeat(32))
        );
        assert_eq!(decimal("0").divided(7), decimal("0"));
        let large = format!("3{}", "0".repeat(40));
        assert_eq!(
            decimal(&large).divided(3).to_string(),
            format!("1{}", "0".repeat(40))
        );
    }

    #[test]
    fn equal_numbers_are_equal_values() {
        assert_eq!(Decimal::from_nanos(2_500_000_000), decimal("2.5"));
        assert_eq!(&decimal("0.1") + &decimal("0.2"), decimal("0.3"));
        assert_eq!((&decimal("1") - &decimal("1.0")), decimal("0"));
        assert!(decimal("-0.3") < decimal("0.25"));
    }
}
