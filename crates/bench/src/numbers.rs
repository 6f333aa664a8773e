//! Made-up numbers, and numbers for people.

use std::time::{SystemTime, UNIX_EPOCH};

/// The `splitmix64` sequence: fast, and without repeats for 2^64 steps.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    state: u64,
}

impl Numbers {
    /// A sequence that begins at `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A sequence that no earlier run had.
    pub(crate) fn fresh() -> Self {
        Self::new(now_micros().wrapping_mul(0xD134_2543_DE82_EF95) ^ u64::from(std::process::id()))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.state)
    }

    /// 0 to `bound - 1`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of them.
    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len() as u64);
        choices[usize::try_from(index).expect("within the choices")]
    }
}

/// The finalizer of `splitmix64`: close inputs give far outputs.
pub(crate) fn mixed(value: u64) -> u64 {
    let mut mixed = value;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// 128 bits as a version 4 UUID; six of them give way to version and variant.
pub(crate) fn uuid(high: u64, low: u64) -> [u8; 36] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bits = u128::from(high) << 64 | u128::from(low);
    let bits = bits & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let mut digit = 0;
    let mut text = [b'-'; 36];
    for (position, byte) in text.iter_mut().enumerate() {
        if !matches!(position, 8 | 13 | 18 | 23) {
            *byte = HEX[(bits >> (124 - 4 * digit)) as usize & 0xF];
            digit += 1;
        }
    }
    text
}

/// Now, in microseconds since the Unix epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "a tool of its own, not a part of the server"
)]
pub(crate) fn now_micros() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `amount` in `per`, each second: events and microseconds, say.
pub(crate) fn per_second(amount: u64, micros: u64) -> u64 {
    let rate = u128::from(amount) * 1_000_000 / u128::from(micros.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// Microseconds as milliseconds with two digits: `1.23`.
pub(crate) fn millis(micros: u64) -> String {
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

/// Microseconds as milliseconds, for files that other programs write too.
#[expect(clippy::float_arithmetic, reason = "no more than a figure to show")]
pub(crate) fn millis_float(micros: u64) -> f64 {
    // Exact up to 2^32 microseconds, an hour and more.
    f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
        assert_eq!(millis(1_239), "1.23");
        assert_eq!(per_second(500, 250_000), 2_000);
    }
}
