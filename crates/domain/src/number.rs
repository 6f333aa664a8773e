//! Exact decimal numbers: what events carry, what sums and balances are made of.
//!
//! A [`Number`] has two forms. The narrow one is an `i128` in units of 10^-12 and holds nearly all numbers that occur;
//! the wide one is a big integer with a decimal scale and holds the rest. `docs/decisions/0002-numbers.md` says why.
//!
//! Invariants:
//! - nothing here rounds but [`Number::divide_by_count`];
//! - a value has one representation: whatever fits the narrow form is narrow, and a wide value has the smallest scale
//!   that is possible. So equality and hashes are structural, and `1`, `1.0` and `10e-1` are one number;
//! - no operation fails: what leaves the narrow form becomes wide, what fits it again becomes narrow;
//! - sums are the same in any order and any grouping;
//! - nothing allocates as long as both operands and the result are narrow.

mod add;
mod decimal;
mod divide;
mod order;
mod parse;
mod text;
mod wide;

#[cfg(test)]
mod tests;

pub use divide::QUOTIENT_DIGITS;
pub use parse::{
    EXPONENTS, Literal, MAX_LITERAL_CHARS, MAX_PLAIN_CHARS, NumberError, ShortLiteral,
};
pub use wide::Wide;

use decimal::POWERS_OF_TEN;

/// How many decimal places the narrow form has.
pub const NARROW_PLACES: u8 = 12;

/// One, in units of 10^-12.
const ONE: i128 = 1_000_000_000_000;

/// An exact decimal number.
///
/// Takes 32 bytes; a wide value allocates in addition (see [`Wide`]). Addition of narrow values costs a nanosecond.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    /// At most 12 decimal places and within `i128` when counted in units of 10^-12 (up to about ±1.7e26).
    Narrow(Narrow),
    /// Everything else.
    Wide(Box<Wide>),
}

/// A number in units of 10^-12: `1.5` is stored as `1_500_000_000_000`; see [`Number`] for what does not fit.
///
/// Invariant: each operation is exact, or says that the wide form is needed. Nothing here rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Narrow {
    picos: i128,
}

/// How a number literal was written, which decides how it is given back (see [`Number::write_text`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelling {
    /// Without a point and without an exponent: `12`.
    Integer,
    /// With a point, an exponent or both: `12.0`, `12e0`.
    Decimal,
}

impl Narrow {
    /// The number of `picos` units of 10^-12.
    pub const fn from_picos(picos: i128) -> Self {
        Self { picos }
    }

    /// The number in units of 10^-12.
    pub const fn picos(self) -> i128 {
        self.picos
    }

    /// Adds exactly; `None` when the sum needs the wide form.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            picos: self.picos.checked_add(other.picos)?,
        })
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self::Narrow(Narrow { picos: 0 });

    /// The whole number `value`.
    pub fn from_i64(value: i64) -> Self {
        // 2^63 * 10^12 is below 2^103.
        Self::from_picos(i128::from(value).wrapping_mul(ONE))
    }

    /// The whole number `value`.
    pub fn from_u64(value: u64) -> Self {
        Self::from_picos(i128::from(value).wrapping_mul(ONE))
    }

    /// The whole number `value`. Wide from about 1.7e26 on.
    pub fn from_i128(value: i128) -> Self {
        Self::from_parts(value, 0)
    }

    /// `mantissa` · 10^-`scale`, for instance `15` and `1` for 1.5. The scale need not be the smallest one.
    ///
    /// A multiplication as long as the scale is at most 12 and the value narrow.
    #[inline]
    pub fn from_parts(mantissa: i128, scale: u8) -> Self {
        let narrow = NARROW_PLACES
            .checked_sub(scale)
            .and_then(|missing| POWERS_OF_TEN.get(usize::from(missing)))
            .and_then(|factor| mantissa.checked_mul(*factor));
        match narrow {
            Some(picos) => Self::from_picos(picos),
            None => wide::from_small(mantissa, u32::from(scale)),
        }
    }

    /// The mantissa and the smallest possible scale (at most 12) of a narrow value: `(15, 1)` for 1.5. `None` for a
    /// wide one. [`Number::from_parts`] is the way back.
    pub fn as_parts(&self) -> Option<(i128, u8)> {
        match self {
            Self::Narrow(narrow) => Some(decimal::shortest_parts(narrow.picos)),
            Self::Wide(_) => None,
        }
    }

    /// Whether the value has no fraction.
    pub fn is_integer(&self) -> bool {
        match self {
            Self::Narrow(narrow) => decimal::is_whole(narrow.picos),
            Self::Wide(wide) => wide.scale() == 0,
        }
    }

    /// The value as an `i64`; `None` when it has a fraction or is out of range.
    pub fn to_i64(&self) -> Option<i64> {
        match self.as_parts()? {
            (whole, 0) => i64::try_from(whole).ok(),
            _ => None,
        }
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        match self {
            Self::Narrow(narrow) => match narrow.picos {
                0 => 0,
                1.. => 1,
                _ => -1,
            },
            Self::Wide(wide) => wide.signum(),
        }
    }

    #[inline]
    const fn from_picos(picos: i128) -> Self {
        Self::Narrow(Narrow { picos })
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::from_i64(value)
    }
}
