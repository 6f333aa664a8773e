//! Exact decimal numbers. (Bodies follow.)
#![expect(unused, reason = "signatures first")]
use core::num::NonZeroU64;

/// The most characters a number literal may have.
pub const MAX_LITERAL_CHARS: usize = 1_100;
/// The greatest absolute value of a literal's exponent.
pub const MAX_EXPONENT: u32 = 400;

/// An exact number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// Units of 10^-12.
    Narrow(Narrow),
    /// Everything else.
    Wide(Box<Wide>),
}
/// Narrow form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Narrow {
    picos: i128,
}
/// Wide form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wide {
    mantissa: num_bigint::BigInt,
    scale: u32,
}
/// How a literal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// No point and no exponent.
    Integer,
    /// With a point or an exponent.
    Decimal,
}
/// A parsed literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The value.
    pub value: Number,
    /// How it was written.
    pub spelling: Spelling,
}
/// Why a literal is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a JSON number.
    #[error("not a number")]
    Malformed,
    /// More than [`MAX_LITERAL_CHARS`] characters.
    #[error("number has more than {MAX_LITERAL_CHARS} characters")]
    TooLong,
    /// Exponent beyond [`MAX_EXPONENT`].
    #[error("exponent is beyond {MAX_EXPONENT}")]
    ExponentTooLarge,
}
impl Default for Number {
    fn default() -> Self {
        Self::ZERO
    }
}
impl core::fmt::Display for Number {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        unimplemented!()
    }
}
impl Number {
    /// Zero.
    pub const ZERO: Self = Self::Narrow(Narrow { picos: 0 });
    /// The integer.
    pub fn from_i64(value: i64) -> Self {
        unimplemented!()
    }
    /// The integer.
    pub fn from_u64(value: u64) -> Self {
        unimplemented!()
    }
    /// The integer.
    pub fn from_i128(value: i128) -> Self {
        unimplemented!()
    }
    /// mantissa * 10^-scale.
    pub fn from_parts(mantissa: i128, scale: u8) -> Self {
        unimplemented!()
    }
    /// (mantissa, smallest scale); `None` for wide values.
    pub fn as_parts(&self) -> Option<(i128, u8)> {
        unimplemented!()
    }
    /// Reads a JSON number literal.
    pub fn parse(text: &str) -> Result<Literal, NumberError> {
        unimplemented!()
    }
    /// `self += other`, exact.
    pub fn add_assign(&mut self, other: &Self) {
        unimplemented!()
    }
    /// `self + other`, exact.
    pub fn plus(&self, other: &Self) -> Self {
        unimplemented!()
    }
    /// `self - other`, exact.
    pub fn minus(&self, other: &Self) -> Self {
        unimplemented!()
    }
    /// `-self`.
    pub fn negated(&self) -> Self {
        unimplemented!()
    }
    /// Divided, 34 significant digits, half to even.
    pub fn divide_by_count(&self, count: NonZeroU64) -> Self {
        unimplemented!()
    }
    /// Whole?
    pub fn is_integer(&self) -> bool {
        unimplemented!()
    }
    /// The whole number, `None` when it has a fraction or does not fit.
    pub fn to_i64(&self) -> Option<i64> {
        unimplemented!()
    }
    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        unimplemented!()
    }
    /// Text of metadata.
    pub fn to_text(&self, spelling: Spelling) -> String {
        unimplemented!()
    }
    /// Text of metadata, appended.
    pub fn write_text(&self, spelling: Spelling, out: &mut String) {
        unimplemented!()
    }
    /// How a field of schema type `number` is printed, appended.
    pub fn write_json_float(&self, out: &mut String) {
        unimplemented!()
    }
}
