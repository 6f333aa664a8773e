//! Numbers against naive big fractions and naive text.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a panic of a test is a failed test"
)]

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};
use core::num::NonZeroU64;
use std::hash::DefaultHasher;

use num_bigint::{BigInt, Sign};
use proptest::prelude::*;

use super::*;

/// A decimal fraction without any cleverness: mantissa · 10^-scale, the scale of either sign.
#[derive(Debug, Clone)]
struct Naive {
    mantissa: BigInt,
    scale: i64,
}

impl Naive {
    fn of_literal(text: &str) -> Self {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().expect("an exponent")),
            None => (text, 0),
        };
        let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
        let mantissa = digits.replace('.', "").parse().expect("digits");
        Self {
            mantissa,
            scale: i64::try_from(places).expect("short") - exponent,
        }
    }

    fn of_number(number: &Number) -> Self {
        let (mantissa, scale) = number.to_big();
        Self {
            mantissa,
            scale: i64::from(scale),
        }
    }

    /// The mantissa at a scale that is no smaller.
    fn at(&self, scale: i64) -> BigInt {
        let zeros = u32::try_from(scale - self.scale).expect("a scale that is no smaller");
        &self.mantissa * BigInt::from(10).pow(zeros)
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }

    fn is_narrow(&self) -> bool {
        let scale = self.scale.max(12);
        let rest = BigInt::from(10).pow(u32::try_from(scale - 12).expect("small"));
        let mantissa = self.at(scale);
        let picos = &mantissa / &rest;
        &picos * &rest == mantissa && i128::try_from(picos).is_ok()
    }

    /// Divided by `count`, to 34 significant digits, half to even; by counting digits of text.
    fn divided(&self, count: u64) -> Self {
        if self.mantissa.sign() == Sign::NoSign {
            return self.clone();
        }
        let shift = 60 + 34;
        let numerator = self.at(self.scale + shift);
        let quotient = &numerator / count;
        let exact = &quotient * count == numerator;
        let text = quotient.magnitude().to_string();
        let drop = text.len() - 34;
        let (kept, tail) = text.split_at(34);
        let mut kept: BigInt = kept.parse().expect("digits");
        let half = format!("5{}", "0".repeat(drop - 1));
        let up = match (tail.cmp(half.as_str()), exact) {
            (Ordering::Greater, _) | (Ordering::Equal, false) => true,
            (Ordering::Equal, true) => kept.bit(0),
            (Ordering::Less, _) => false,
        };
        kept += i32::from(up);
        let mantissa = if numerator.sign() == Sign::Minus {
            -kept
        } else {
            kept
        };
        let scale = self.scale + shift - i64::try_from(drop).expect("short");
        Self { mantissa, scale }
    }

    /// Without exponent and needless zeros.
    fn text(&self) -> String {
        let scale = usize::try_from(self.scale.max(0)).expect("not negative");
        let digits = self.at(self.scale.max(0)).magnitude().to_string();
        let digits = format!(
            "{}{digits}",
            "0".repeat((scale + 1).saturating_sub(digits.len()))
        );
        let (whole, places) = digits.split_at(digits.len() - scale);
        let text = format!("{whole}.{places}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        let negative = self.mantissa.sign() == Sign::Minus;
        format!("{}{text}", if negative { "-" } else { "" })
    }
}

fn number(text: &str) -> Number {
    Number::parse(text).expect("a number literal").value
}

fn hash(number: &Number) -> u64 {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}

/// Literals of every kind: short, at the limits of the narrow form, long, with exponents.
fn literal() -> impl Strategy<Value = String> {
    let digits = prop_oneof![
        "0|[1-9][0-9]{0,8}",
        "[1-9][0-9]{15,45}",
        Just("0".to_owned())
    ];
    let fraction = prop_oneof![
        4 => Just(String::new()),
        4 => "\\.[0-9]{1,4}",
        2 => "\\.[0-9]{10,16}",
        1 => "\\.[0-9]{20,50}",
        1 => "\\.0{1,40}",
    ];
    let exponent = prop_oneof![
        6 => Just(String::new()),
        2 => "[eE][+-]?[0-9]",
        1 => "[eE][+-]?[0-9]{2}",
        1 => "[eE][+-]?[123][0-9]{2}",
    ];
    let any = ("-?", digits, fraction, exponent).prop_map(|(sign, digits, fraction, exponent)| {
        format!("{sign}{digits}{fraction}{exponent}")
    });
    let limit = (-3_i32..=3, prop::bool::ANY).prop_map(|(distance, negative)| {
        let edge = BigInt::from(if negative { i128::MIN } else { i128::MAX }) + distance;
        Naive {
            mantissa: edge,
            scale: 12,
        }
        .text()
    });
    prop_oneof![12 => any, 1 => limit]
}

#[test]
fn a_number_takes_32_bytes() {
    assert_eq!(size_of::<Number>(), 32);
}

#[test]
fn ten_times_a_tenth_is_one() {
    let tenth = number("0.1");
    let sum: Number = core::iter::repeat_n(&tenth, 10).sum();
    assert_eq!(sum, Number::from_i64(1));
    assert_eq!(sum, number("1.0"));
    assert_eq!(sum, number("10e-1"));
}

#[test]
fn text_of_metadata_numbers() {
    let check = |literal: &str, expected: &str| {
        let literal = Number::parse(literal).expect("a number literal");
        assert_eq!(literal.value.to_text(literal.spelling), expected);
    };
    check("0", "0");
    check("-0", "0");
    check("-7", "-7");
    check(
        "12345678901234567890123456789012345678901234567890",
        "12345678901234567890123456789012345678901234567890",
    );
    check("1e2", "100.0");
    check("1.50", "1.5");
    check("-0.0", "0.0");
    check("0e5", "0.0");
    check("1E+2", "100.0");
    check("12e-1", "1.2");
    check("5e-12", "0.000000000005");
    check("5e-13", "0.0000000000005");
    check("-1e-7", "-0.0000001");
    check("9999999999999999.0", "9999999999999999.0");
    check("1e16", "10000000000000000");
    check("-1e16", "-10000000000000000");
    check("10000000000000000.5", "10000000000000000.5");
    check("1e22", "10000000000000000000000");
    check("1e30", &format!("1{}", "0".repeat(30)));
    check("1e-30", &format!("0.{}1", "0".repeat(29)));
    check(
        "1234567890123456789012345678.25",
        "1234567890123456789012345678.25",
    );
}

#[test]
fn fields_of_type_number_always_have_a_point() {
    let check = |literal: &str, expected: &str| {
        let mut text = String::new();
        number(literal).write_json_float(&mut text);
        assert_eq!(text, expected);
    };
    check("0", "0.0");
    check("10", "10.0");
    check("-10", "-10.0");
    check("0.5", "0.5");
    check("1e22", "10000000000000000000000.0");
    check("1e40", &format!("1{}.0", "0".repeat(40)));
    check("1e-40", &format!("0.{}1", "0".repeat(39)));
}

#[test]
fn only_json_numbers_are_read() {
    let malformed = [
        "",
        "-",
        "+1",
        ".5",
        "5.",
        "-.5",
        "01",
        "-01",
        "00",
        "1e",
        "1e+",
        "1.e5",
        "1.5.5",
        "1 ",
        " 1",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "1,5",
        "--1",
        "1e5.5",
        "12345678a",
        "1234567890123456a",
        "1.12345678a",
        "١",
        "1e١",
        "000000000000000000001",
        "1234567890123456789012345678901234567890.",
        "5-",
    ];
    for text in malformed {
        assert_eq!(Number::parse(text), Err(NumberError::Malformed), "{text}");
    }
}

#[test]
fn spelling_is_integer_without_point_and_exponent() {
    let spelling = |text| Number::parse(text).map(|literal| literal.spelling);
    for text in ["0", "-0", "12", "123456789012345678901234567890"] {
        assert_eq!(spelling(text), Ok(Spelling::Integer), "{text}");
    }
    for text in ["0.0", "1e0", "1.5", "12345678901234567890.0", "1E399"] {
        assert_eq!(spelling(text), Ok(Spelling::Decimal), "{text}");
    }
}

#[test]
fn literals_have_limits() {
    assert!(Number::parse(&"9".repeat(MAX_LITERAL_CHARS)).is_ok());
    assert_eq!(
        Number::parse(&"9".repeat(MAX_LITERAL_CHARS + 1)),
        Err(NumberError::TooLong)
    );
    assert!(Number::parse("1e399").is_ok());
    assert!(Number::parse("1e-400").is_ok());
    assert!(Number::parse("1e0000000000000000000000000000399").is_ok());
    for text in ["1e400", "1e-401", "0e400", "1e99999999999999999999"] {
        assert_eq!(
            Number::parse(text),
            Err(NumberError::ExponentTooLarge),
            "{text}"
        );
    }
}

#[test]
fn the_widest_sum_is_written_and_read_back() {
    let great = number(&format!("{}e399", "9".repeat(1_096)));
    let small = number(&format!("0.{}1e-400", "0".repeat(1_092)));
    let mut sum = great.plus(&small);
    sum.add_assign(&sum.clone());
    let text = sum.to_string();
    assert!(text.len() < MAX_PLAIN_CHARS, "{}", text.len());
    assert_eq!(Number::from_plain_text(&text), Some(sum));
    assert_eq!(
        Number::from_plain_text(&"1".repeat(MAX_PLAIN_CHARS + 1)),
        None
    );
    assert_eq!(Number::from_plain_text("1e5"), None);
}

#[test]
fn the_least_narrow_number_has_no_narrow_opposite() {
    let least = Number::Narrow(Narrow::from_picos(i128::MIN));
    assert!(matches!(least.negated(), Number::Wide(_)));
    assert_eq!(least.negated().negated(), least);
    assert_eq!(Number::ZERO.minus(&least), least.negated());
}

#[test]
fn quotients_have_34_digits_half_to_even() {
    let check = |dividend: &str, count: u64, expected: &str| {
        let count = NonZeroU64::new(count).expect("not zero");
        assert_eq!(
            number(dividend).divide_by_count(count).to_string(),
            expected
        );
    };
    check("10", 4, "2.5");
    check("0", 3, "0");
    check("1", 3, "0.3333333333333333333333333333333333");
    check("2", 3, "0.6666666666666666666666666666666667");
    check("-2", 3, "-0.6666666666666666666666666666666667");
    check("100", 3, "33.33333333333333333333333333333333");
    check(
        "1e-12",
        7,
        "0.0000000000001428571428571428571428571428571429",
    );
    check(
        "1",
        u64::MAX,
        "0.0000000000000000000542101086242752217033113759205528",
    );
    // 35 digits, the last one a 5: to the even neighbour.
    check(
        "20000000000000000000000.000000000025",
        2,
        "10000000000000000000000.00000000001",
    );
    check(
        "20000000000000000000000.000000000023",
        2,
        "10000000000000000000000.00000000001",
    );
    check(
        "20000000000000000000000.000000000027",
        2,
        "10000000000000000000000.00000000001",
    );
    check(
        "10000000000000000000000.000000000005",
        1,
        "10000000000000000000000",
    );
    check(
        "10000000000000000000000.000000000015",
        1,
        "10000000000000000000000.00000000002",
    );
    check(
        "99999999999999999999999.999999999995",
        1,
        "100000000000000000000000",
    );
    check("1e399", 4, &format!("25{}", "0".repeat(397)));
    check("1e-400", 4, &format!("0.{}25", "0".repeat(400)));
}

#[test]
fn whole_numbers_convert() {
    assert_eq!(Number::from_i64(i64::MIN).to_i64(), Some(i64::MIN));
    assert_eq!(Number::from_u64(u64::MAX).to_string(), u64::MAX.to_string());
    assert_eq!(Number::from_u64(u64::MAX).to_i64(), None);
    assert_eq!(
        Number::from_i128(i128::MIN).to_string(),
        i128::MIN.to_string()
    );
    assert_eq!(number("1.5").to_i64(), None);
    assert_eq!(number("1e30").to_i64(), None);
    assert_eq!(number("150e-1").to_i64(), Some(15));
    assert_eq!(Number::default(), Number::ZERO);
}

proptest! {
    #[test]
    fn a_literal_is_read_exactly(text in literal()) {
        let value = number(&text);
        let naive = Naive::of_literal(&text);
        prop_assert_eq!(Naive::of_number(&value).cmp(&naive), Ordering::Equal);
        prop_assert_eq!(matches!(value, Number::Narrow(_)), naive.is_narrow());
        prop_assert_eq!(value.to_string(), naive.text());
    }

    #[test]
    fn a_value_has_one_representation(text in literal(), zeros in 0_usize..30, shift in 0_u32..30) {
        let value = number(&text);
        let (mantissa, scale) = value.to_big();
        let stretched = wide::from_big(mantissa * BigInt::from(10).pow(shift), scale + shift);
        prop_assert_eq!(&stretched, &value);
        prop_assert_eq!(hash(&stretched), hash(&value));
        if !text.contains(['e', 'E']) {
            let point = if text.contains('.') { "" } else { ".0" };
            prop_assert_eq!(number(&format!("{text}{point}{}", "0".repeat(zeros))), value);
        }
    }

    #[test]
    fn texts_are_read_back(text in literal()) {
        let value = number(&text);
        prop_assert_eq!(Number::from_plain_text(&value.to_string()), Some(value.clone()));
        for spelling in [Spelling::Integer, Spelling::Decimal] {
            prop_assert_eq!(&number(&value.to_text(spelling)), &value);
        }
        let mut float = String::new();
        value.write_json_float(&mut float);
        prop_assert!(float.contains('.') && !float.contains('e'));
        prop_assert_eq!(number(&float), value);
    }

    #[test]
    fn parts_of_narrow_numbers_are_the_shortest(text in literal()) {
        let value = number(&text);
        match value.as_parts() {
            None => prop_assert!(matches!(value, Number::Wide(_))),
            Some((mantissa, scale)) => {
                prop_assert!(scale <= 12 && (scale == 0 || mantissa % 10 != 0));
                prop_assert_eq!(scale == 0, value.is_integer());
                prop_assert_eq!(Number::from_parts(mantissa, scale), value);
            }
        }
    }

    #[test]
    fn parts_of_any_scale_are_exact(mantissa in any::<i128>(), digits in 0_u32..38, scale in any::<u8>()) {
        let mantissa = mantissa / 10_i128.pow(digits) * 10_i128.pow(digits / 2);
        let value = Number::from_parts(mantissa, scale);
        let naive = Naive { mantissa: BigInt::from(mantissa), scale: i64::from(scale) };
        prop_assert_eq!(value.to_string(), naive.text());
        prop_assert_eq!(matches!(value, Number::Narrow(_)), naive.is_narrow());
        prop_assert_eq!(value, number(&naive.text()));
    }

    #[test]
    fn the_order_is_that_of_the_values(left in literal(), right in literal()) {
        let naive = Naive::of_literal(&left).cmp(&Naive::of_literal(&right));
        let (left, right) = (number(&left), number(&right));
        prop_assert_eq!(left.cmp(&right), naive);
        prop_assert_eq!(left == right, naive.is_eq());
        prop_assert_eq!(left.minus(&right).signum(), naive as i32);
    }

    #[test]
    fn neighbours_are_told_apart(text in literal(), scale in 0_u32..60) {
        let value = number(&text);
        let next = value.plus(&wide::from_big(BigInt::from(1), scale));
        prop_assert!(value < next);
        prop_assert!(next > value);
        prop_assert!(value.negated() > next.negated());
    }

    #[test]
    fn a_sum_is_the_same_in_any_order_and_grouping(
        texts in prop::collection::vec(literal(), 0..12),
        seed in any::<u64>(),
        split in any::<prop::sample::Index>(),
    ) {
        let numbers: Vec<Number> = texts.iter().map(|text| number(text)).collect();
        let sum: Number = numbers.iter().sum();

        let scale = 500;
        let naive: BigInt = texts.iter().map(|text| Naive::of_literal(text).at(scale)).sum();
        prop_assert_eq!(sum.to_string(), Naive { mantissa: naive, scale }.text());

        let mut shuffled = numbers.clone();
        shuffled.sort_by_key(|number| hash(number) ^ seed);
        prop_assert_eq!(shuffled.iter().sum::<Number>(), sum.clone());

        let (first, second) = shuffled.split_at(split.index(shuffled.len() + 1));
        let grouped = &first.iter().sum::<Number>() + &second.iter().sum::<Number>();
        prop_assert_eq!(grouped, sum);
    }

    #[test]
    fn what_is_added_can_be_taken_away(left in literal(), right in literal()) {
        let (left, right) = (number(&left), number(&right));
        let sum = &left + &right;
        prop_assert_eq!(&sum - &right, left.clone());
        prop_assert_eq!(&sum + &-&left, right);
        prop_assert_eq!(left.minus(&left), Number::ZERO);
    }

    #[test]
    fn a_quotient_is_rounded_half_to_even(
        text in literal(),
        count in prop_oneof![1_u64..100, Just(1 << 40), any::<u64>().prop_map(|count| count.max(1))],
    ) {
        let quotient = number(&text).divide_by_count(NonZeroU64::new(count).expect("not zero"));
        prop_assert_eq!(quotient.to_string(), Naive::of_literal(&text).divided(count).text());
    }

    #[test]
    fn reading_any_text_does_not_fail_otherwise(text in "[-+0-9.eE ]{0,40}") {
        if let Ok(literal) = Number::parse(&text) {
            prop_assert_eq!(literal.value.to_string(), Naive::of_literal(&text).text());
        }
    }
}

proptest! {
    #[test]
    fn a_short_literal_is_the_number_that_the_text_begins_with(
        text in "-?(0|[1-9][0-9]{0,19}|[0-9]{0,3})(\\.[0-9]{0,14})?0{0,3}[eE,} .x-]?[0-9]{0,2}",
    ) {
        if let Some((literal, length)) = ShortLiteral::parse(text.as_bytes()) {
            let whole = Number::parse(&text[..length]).expect("a literal");
            let (mantissa, scale) = literal.parts();
            prop_assert_eq!(whole.value.as_parts(), Some((i128::from(mantissa), scale)));
            prop_assert_eq!(whole.spelling, literal.spelling());
            let rest = &text[length..];
            prop_assert!(!rest.starts_with(|c: char| c.is_ascii_digit() || ".eE+-".contains(c)));
        } else if let Ok(literal) = Number::parse(&text) {
            // What it leaves is long or has an exponent.
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let places = text.split_once('.').map_or(0, |(_, places)| places.len());
            prop_assert!(digits > 18 || places > 12 || text.contains(['e', 'E']), "{literal:?}");
        }
    }
}
