//! Reading number literals.
//!
//! Short ones, nearly all, take one pass over their bytes and no allocation.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "indices and scales are bounded by the length of the text, which is checked first"
)]

use num_bigint::{BigInt, Sign};

use super::{Number, Spelling, decimal, wide};

/// The most characters a number literal may have.
pub const MAX_LITERAL_CHARS: usize = 1_100;

/// The exponents that a number literal may have: from -400 to 399, so that 1e400 is the first power of ten that is refused
/// (SEMANTICS 19.12).
pub const EXPONENTS: std::ops::RangeInclusive<i32> = -400..=399;

/// The most characters that [`Number::from_plain_text`] reads: more than any sum of literals has.
pub const MAX_PLAIN_CHARS: usize = 4_096;

/// A number literal: its exact value and how it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The value, exact.
    pub value: Number,
    /// Whether it was written as an integer.
    pub spelling: Spelling,
}

/// Why a literal is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a number as JSON defines it.
    #[error("not a JSON number")]
    Malformed,
    /// More than [`MAX_LITERAL_CHARS`] characters.
    #[error("number of more than {MAX_LITERAL_CHARS} characters")]
    TooLong,
    /// The exponent is not one of [`EXPONENTS`].
    #[error("exponent out of range")]
    ExponentTooLarge,
}

impl Number {
    /// Reads a JSON number literal (RFC 8259: no leading zeros, no plus sign, digits on both sides of a point).
    ///
    /// A nanosecond or less for each digit up to 19 digits and 12 decimal places; a few microseconds at most.
    ///
    /// # Errors
    ///
    /// See [`NumberError`].
    #[inline]
    pub fn parse(text: &str) -> Result<Literal, NumberError> {
        match parse_short(text.as_bytes()) {
            Some((picos, spelling)) => Ok(Literal {
                value: Number::from_picos(picos),
                spelling,
            }),
            None => parse_any(text.as_bytes()),
        }
    }

    /// Reads what [`Display`](core::fmt::Display) writes, of any value that sums reach: a literal without an exponent.
    /// `None` when it is not that, or has more than [`MAX_PLAIN_CHARS`] characters.
    pub fn from_plain_text(text: &str) -> Option<Self> {
        if let Some((picos, _)) = parse_short(text.as_bytes()) {
            return Some(Self::from_picos(picos));
        }
        if text.len() > MAX_PLAIN_CHARS {
            return None;
        }
        let scanned = Scanned::of(text.as_bytes())?;
        scanned.exponent_digits.is_none().then(|| scanned.value(0))
    }
}

/// A short number as it was written: `mantissa` · 10^-`scale`.
///
/// Invariant: the scale is the smallest one that is possible, and at most 12; 0 when the spelling is that of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortLiteral {
    mantissa: i64,
    scale: u8,
    spelling: Spelling,
}

/// Digits of a short number.
const SHORT_DIGITS_MAX: usize = 18;

impl ShortLiteral {
    /// Reads a literal that the text begins with, and how many bytes it takes: up to 18 digits and 12 decimal places, no exponent.
    /// `None` for everything else, which [`Number::parse`] judges.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let digits_start = usize::from(text.first() == Some(&b'-'));
        let (mut mantissa, mut end) = (0_i64, digits_start);
        let mut take_digits = |end: &mut usize| {
            while let Some(digit) = text.get(*end).map(|byte| byte.wrapping_sub(b'0'))
                && digit < 10
            {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(digit));
                *end += 1;
            }
        };
        take_digits(&mut end);
        let whole_digits = end - digits_start;
        let (mut places, mut spelling) = (0, Spelling::Integer);
        if text.get(end) == Some(&b'.') {
            end += 1;
            let point = end;
            take_digits(&mut end);
            (places, spelling) = (end - point, Spelling::Decimal);
        }
        let is_well_formed = whole_digits > 0
            && (whole_digits == 1 || text.get(digits_start) != Some(&b'0'))
            && (places > 0 || spelling == Spelling::Integer)
            && !matches!(text.get(end), Some(b'.' | b'e' | b'E' | b'+' | b'-'));
        let is_short = whole_digits + places <= SHORT_DIGITS_MAX
            && places <= usize::from(super::NARROW_PLACES);
        if !(is_well_formed && is_short) {
            return None;
        }
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        let literal = Self {
            mantissa: if digits_start == 1 {
                -mantissa
            } else {
                mantissa
            },
            scale: u8::try_from(places).ok()?,
            spelling,
        };
        Some((literal, end))
    }

    /// The mantissa and the scale.
    #[inline]
    pub const fn parts(self) -> (i64, u8) {
        (self.mantissa, self.scale)
    }

    /// Whether it was written as an integer.
    #[inline]
    pub const fn spelling(self) -> Spelling {
        self.spelling
    }
}

/// What the last digit of a literal counts in units of 10^-12, by the number of its decimal places.
const PLACE_VALUES: [u64; 13] = [
    1_000_000_000_000,
    100_000_000_000,
    10_000_000_000,
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// The common case: no exponent, at most 19 digits and 12 decimal places. `None` sends the text to [`parse_any`].
#[inline]
fn parse_short(text: &[u8]) -> Option<(i128, Spelling)> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if text.len() > 20 {
        return None;
    }
    let (mantissa, rest) = take_digits(0, text);
    let whole_digits = text.len() - rest.len();
    let (mantissa, places, spelling) = match rest {
        [] => (mantissa, 0, Spelling::Integer),
        [b'.', fraction @ ..] => match take_digits(mantissa, fraction) {
            (mantissa, []) => (mantissa, fraction.len(), Spelling::Decimal),
            _ => return None,
        },
        _ => return None,
    };
    let well_formed = whole_digits > 0
        && (whole_digits == 1 || text[0] != b'0')
        && (places > 0 || spelling == Spelling::Integer);
    let short = whole_digits + places <= 19 && places <= usize::from(super::NARROW_PLACES);
    if !(well_formed && short) {
        return None;
    }
    // Below 10^19 * 10^12; one multiplication, since both factors have 64 bits.
    let factor = PLACE_VALUES[places];
    let picos = (u128::from(mantissa) * u128::from(factor)).cast_signed();
    Some((if negative { -picos } else { picos }, spelling))
}

/// Appends the decimal digits that the text begins with to `mantissa`; what follows them is the rest. Right for up to 19
/// digits altogether; more wrap around.
#[inline]
fn take_digits(mut mantissa: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let Some((chunk, rest)) = text.split_first_chunk()
        && let Some(eight) = eight_digits(*chunk)
    {
        mantissa = mantissa.wrapping_mul(100_000_000).wrapping_add(eight);
        text = rest;
    }
    while let [byte, rest @ ..] = text
        && byte.is_ascii_digit()
    {
        mantissa = mantissa
            .wrapping_mul(10)
            .wrapping_add(u64::from(byte - b'0'));
        text = rest;
    }
    (mantissa, text)
}

/// The value of eight decimal digits; `None` when they are not digits.
///
/// Works on all at once, in one register: neighbours are joined to four numbers of two digits, those to two of four,
/// and those to one.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    // The first digit is in the lowest byte. A digit is 0x30 to 0x39: its upper half is 3, also with 6 added.
    let text = u64::from_le_bytes(text);
    let halves = 0xf0f0_f0f0_f0f0_f0f0;
    let threes = 0x3030_3030_3030_3030;
    if text & halves != threes || text.wrapping_add(0x0606_0606_0606_0606) & halves != threes {
        return None;
    }
    let ones = text & !halves;
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cold]
fn parse_any(text: &[u8]) -> Result<Literal, NumberError> {
    if text.len() > MAX_LITERAL_CHARS {
        return Err(NumberError::TooLong);
    }
    let scanned = Scanned::of(text).ok_or(NumberError::Malformed)?;
    let exponent = scanned.exponent()?;
    let spelling = if scanned.fraction.is_empty() && scanned.exponent_digits.is_none() {
        Spelling::Integer
    } else {
        Spelling::Decimal
    };
    Ok(Literal {
        value: scanned.value(exponent),
        spelling,
    })
}

/// The parts of a well-formed literal.
struct Scanned<'a> {
    negative: bool,
    whole: &'a [u8],
    /// Empty when there is no point.
    fraction: &'a [u8],
    exponent_negative: bool,
    exponent_digits: Option<&'a [u8]>,
}

impl<'a> Scanned<'a> {
    /// `None` when the text is not a JSON number.
    fn of(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let (whole, text) = digits(text);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let (fraction, text) = match text {
            [b'.', rest @ ..] => match digits(rest) {
                ([], _) => return None,
                found => found,
            },
            _ => (&[][..], text),
        };
        let (exponent_negative, exponent_digits, text) = match text {
            [b'e' | b'E', sign @ (b'+' | b'-'), rest @ ..] => {
                let (found, rest) = digits(rest);
                (*sign == b'-', Some(found), rest)
            }
            [b'e' | b'E', rest @ ..] => {
                let (found, rest) = digits(rest);
                (false, Some(found), rest)
            }
            _ => (false, None, text),
        };
        let well_formed = text.is_empty() && exponent_digits.is_none_or(|found| !found.is_empty());
        well_formed.then_some(Self {
            negative,
            whole,
            fraction,
            exponent_negative,
            exponent_digits,
        })
    }

    fn exponent(&self) -> Result<i32, NumberError> {
        let sign = if self.exponent_negative { -1 } else { 1 };
        let mut exponent = 0_i32;
        for digit in self.exponent_digits.unwrap_or_default() {
            exponent = exponent * 10 + sign * i32::from(digit - b'0');
            if !EXPONENTS.contains(&exponent) {
                return Err(NumberError::ExponentTooLarge);
            }
        }
        Ok(exponent)
    }

    fn value(&self, exponent: i32) -> Number {
        // Positive: how many of the digits stand behind the point. Negative: how many zeros are to be added.
        let scale = i64::try_from(self.fraction.len()).unwrap_or(i64::MAX) - i64::from(exponent);
        self.small_value(scale)
            .unwrap_or_else(|| self.big_value(scale))
    }

    /// The value when its digits, with the zeros to be added, fit 128 bits.
    fn small_value(&self, scale: i64) -> Option<Number> {
        if self.whole.len() + self.fraction.len() > 38 {
            return None;
        }
        let mut mantissa = 0_i128;
        for digit in self.whole.iter().chain(self.fraction) {
            mantissa = mantissa * 10 + i128::from(digit - b'0');
        }
        if self.negative {
            mantissa = -mantissa;
        }
        let zeros = u32::try_from((-scale).max(0)).ok()?;
        let mantissa = mantissa.checked_mul(decimal::power_of_ten(zeros)?)?;
        Some(wide::from_small(
            mantissa,
            u32::try_from(scale.max(0)).ok()?,
        ))
    }

    fn big_value(&self, mut scale: i64) -> Number {
        let mut digits = [self.whole, self.fraction].concat();
        while digits.last() == Some(&b'0') {
            digits.pop();
            scale -= 1;
        }
        let mut mantissa = BigInt::parse_bytes(&digits, 10).unwrap_or_default();
        if mantissa.sign() == Sign::NoSign {
            return Number::ZERO;
        }
        if self.negative {
            mantissa = -mantissa;
        }
        if let Ok(scale) = u32::try_from(scale) {
            return wide::from_big(mantissa, scale);
        }
        let zeros = u32::try_from(-scale).expect("bounded by the length of the text");
        wide::from_big(mantissa * &*wide::power_of_ten(zeros), 0)
    }
}

/// The decimal digits that the text begins with, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}
