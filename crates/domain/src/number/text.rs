//! Writing numbers: always all digits, never an exponent.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "indices into a buffer that holds the longest narrow number"
)]

use core::fmt;

use num_bigint::Sign;

use super::{Narrow, Number, ONE, Spelling, Wide};

/// A sign, 39 digits, a point and some room.
const LONGEST_NARROW: usize = 48;

/// Whole numbers written as decimals keep `.0` below this value: 10^16, in units of 10^-12.
const POINT_ZERO_BELOW: u128 = 10_u128.pow(16 + 12);

impl Number {
    /// The text of a number in metadata; see [`Number::write_text`].
    pub fn to_text(&self, spelling: Spelling) -> String {
        let mut text = String::new();
        self.write_text(spelling, &mut text);
        text
    }

    /// Appends the text of a number in metadata, as filters compare it and answers show it.
    ///
    /// What was written as an integer has all its digits. What was written as a decimal has no exponent, no needless
    /// zeros and at least one decimal (`1e2` is `100.0`), except that whole values from 10^16 up have no `.0`.
    pub fn write_text(&self, spelling: Spelling, out: &mut String) {
        let whole = self.write_plain(out);
        let point_zero = whole
            && spelling == Spelling::Decimal
            && matches!(self, Self::Narrow(narrow) if narrow.picos.unsigned_abs() < POINT_ZERO_BELOW);
        if point_zero {
            out.push_str(".0");
        }
    }

    /// Appends a value of a field whose type is `number`: a JSON number with a point, so that every client reads it as
    /// a float: `10.0`, `0.5`, all digits, no exponent.
    pub fn write_json_float(&self, out: &mut String) {
        if self.write_plain(out) {
            out.push_str(".0");
        }
    }

    /// Appends the shortest notation without an exponent. Answers whether the number is whole.
    fn write_plain(&self, out: &mut String) -> bool {
        match self {
            Self::Narrow(narrow) => write_narrow(*narrow, out),
            Self::Wide(wide) => write_wide(wide, out),
        }
    }
}

/// The shortest notation without an exponent: `10`, `0.5`.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_plain(&mut text);
        formatter.write_str(&text)
    }
}

fn write_narrow(narrow: Narrow, out: &mut String) -> bool {
    let magnitude = narrow.picos.unsigned_abs();
    let one = ONE.unsigned_abs();
    // Division of 128 bits is a library call; nearly all values are small.
    let (whole, places) = match u64::try_from(magnitude) {
        Ok(small) => (
            u128::from(small / 1_000_000_000_000),
            small % 1_000_000_000_000,
        ),
        Err(_) => (
            magnitude / one,
            u64::try_from(magnitude % one).expect("a remainder below 10^12 fits 64 bits"),
        ),
    };
    let mut buffer = [0_u8; LONGEST_NARROW];
    let mut start = LONGEST_NARROW;
    if places != 0 {
        let mut rest = places;
        let mut missing = super::NARROW_PLACES;
        while rest % 10 == 0 {
            rest /= 10;
            missing -= 1;
        }
        while missing > 0 {
            start -= 1;
            buffer[start] = digit(rest % 10);
            rest /= 10;
            missing -= 1;
        }
        start -= 1;
        buffer[start] = b'.';
    }
    let mut high = whole;
    while high > u128::from(u64::MAX) {
        start -= 1;
        buffer[start] = digit(u64::try_from(high % 10).expect("a digit"));
        high /= 10;
    }
    let mut low = u64::try_from(high).expect("the loop above ends there");
    loop {
        start -= 1;
        buffer[start] = digit(low % 10);
        low /= 10;
        if low == 0 {
            break;
        }
    }
    if narrow.picos < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    out.push_str(core::str::from_utf8(&buffer[start..]).expect("digits are ASCII"));
    places == 0
}

fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value).expect("a digit")
}

fn write_wide(wide: &Wide, out: &mut String) -> bool {
    let digits = wide.mantissa().magnitude().to_str_radix(10);
    let scale = usize::try_from(wide.scale()).expect("a scale fits the address space");
    if wide.mantissa().sign() == Sign::Minus {
        out.push('-');
    }
    match digits.len().checked_sub(scale) {
        Some(whole_digits) if whole_digits > 0 => {
            let (whole, places) = digits.split_at(whole_digits);
            out.push_str(whole);
            if !places.is_empty() {
                out.push('.');
                out.push_str(places);
            }
        }
        _ => {
            out.push_str("0.");
            out.extend(core::iter::repeat_n('0', scale - digits.len()));
            out.push_str(&digits);
        }
    }
    scale == 0
}
