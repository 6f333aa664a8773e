//! South, East and South-East Asia, and Kazakhstan.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most eighteen digits or characters"
)]

use super::digits::{
    Digits, complement, is_date, is_date_of_either_century, is_luhn_in, letter, modulo, weighted_in,
};
use super::text::is_like;

/// China: the eighteen characters of a business, or of a resident.
pub(super) fn cn_tin(number: &str) -> bool {
    is_chinese_business(number) || is_chinese_resident(number)
}

/// Eight digits of the kind and the place, nine characters, a check character.
fn is_chinese_business(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [i64; 17] = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    is_like("########??????????", number)
        && weighted_in(ALPHABET, number, &WEIGHTS)
            .is_some_and(|sum| letter(ALPHABET, complement(sum, 31)) == number.bytes().last())
}

/// The place, the day of birth, three digits, and a check digit by ISO 7064, MOD 11-2, X for 10.
fn is_chinese_resident(number: &str) -> bool {
    const WEIGHTS: [i64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if !is_like("#################?", number) {
        return false;
    }
    Digits::of(&number[..17], 17).is_some_and(|digits| {
        let part = |start, end| digits.part(start, end).value();
        let province = matches!(
            part(0, 2),
            11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83
        );
        let check = letter("10X98765432", digits.weighted(&WEIGHTS) % 11);
        province
            && is_date(part(6, 10), part(10, 12), part(12, 14))
            && number.bytes().last() == check
    })
}

/// Hong Kong: eight digits.
pub(super) fn hk_br(number: &str) -> bool {
    Digits::of(number, 8).is_some()
}

/// Indonesia: fifteen digits; since 2024 sixteen, a 0 and the fifteen or a citizen's number.
pub(super) fn id_npwp(number: &str) -> bool {
    if let Some(digits) = Digits::of(number, 15) {
        return digits.part(0, 9).is_luhn();
    }
    Digits::of(number, 16).is_some_and(|digits| {
        if digits.at(0) == 0 {
            digits.part(0, 10).is_luhn()
        } else {
            is_indonesian_citizen(digits)
        }
    })
}

/// The place, the day of birth (of a woman 40 more), four digits.
fn is_indonesian_citizen(digits: Digits<'_>) -> bool {
    let part = |start, end| digits.part(start, end).value();
    let province = matches!(
        part(0, 2),
        11..=19 | 21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97
    );
    province && is_date_of_either_century(part(10, 12), part(8, 10), part(6, 8) % 40)
}

/// India: the state, the ten characters of the holder, the number of the registration, Z, a check character after Luhn.
pub(super) fn in_gst(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if !is_like("##@@@@@####@?Z?", number) {
        return false;
    }
    let holder = matches!(
        number.as_bytes()[5],
        b'A' | b'B' | b'C' | b'F' | b'G' | b'H' | b'J' | b'K' | b'L' | b'P' | b'T'
    );
    let state = Digits::of(&number[..2], 2).map_or(0, Digits::value);
    matches!(state, 1..=38 | 97)
        && holder
        && &number[7..11] != "0000"
        && &number[12..13] != "0"
        && is_luhn_in(ALPHABET, number)
}

/// Japan, companies: a check digit and twelve digits.
pub(super) fn jp_cn(number: &str) -> bool {
    Digits::of(number, 13).is_some_and(|digits| {
        let sum = digits
            .part(1, 13)
            .weighted(&[2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]);
        digits.at(0) == 9 - sum % 9
    })
}

/// Japan, registered businesses from abroad: five digits.
pub(super) fn jp_rn(number: &str) -> bool {
    is_like("#####", number)
}

/// Japan, issuers of invoices: T and thirteen digits, of a company those of its own.
pub(super) fn jp_trn(number: &str) -> bool {
    is_like("T#############", number)
}

/// South Korea: three digits of the office, two of the kind, five digits.
pub(super) fn kr_brn(number: &str) -> bool {
    Digits::of(number, 10).is_some_and(|digits| {
        let part = |start, end| digits.part(start, end);
        part(0, 3).value() > 100 && !part(3, 5).is_zero() && !part(5, 9).is_zero()
    })
}

/// Kazakhstan: twelve digits, the last by one of two rows of weights.
pub(super) fn kz_bin(number: &str) -> bool {
    Digits::of(number, 12).is_some_and(|digits| {
        let check = match digits.weighted(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11 {
            10 => digits.weighted(&[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11,
            check => check,
        };
        digits.last() == check
    })
}

/// Malaysia, FRP: eight digits.
pub(super) fn my_frp(number: &str) -> bool {
    is_like("########", number)
}

/// Malaysia, income tax: one or two letters of the kind of the holder, ten or eleven digits.
pub(super) fn my_itn(number: &str) -> bool {
    let digits = number.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let letters = number.len() - digits.len();
    matches!(letters, 1 | 2)
        && Digits::any(digits).is_some_and(|digits| matches!(digits.count(), 10 | 11))
}

/// Malaysia, sales and service tax: a letter and fourteen digits.
pub(super) fn my_sst(number: &str) -> bool {
    is_like("@##############", number)
}

/// The Philippines: nine digits, and perhaps three or five of a branch.
pub(super) fn ph_tin(number: &str) -> bool {
    Digits::any(number).is_some_and(|digits| matches!(digits.count(), 9 | 12 | 14))
}

/// Singapore, GST: M, eight digits of which the first may be R, a check character whose rule is not public.
pub(super) fn sg_gst(number: &str) -> bool {
    is_like("M########?", number) || is_like("MR#######?", number)
}

/// Singapore, entities: a business, a local company (by year), or another (by year and kind).
pub(super) fn sg_uen(number: &str) -> bool {
    let check = number.bytes().last();
    if is_like("########@", number) {
        return Digits::of(&number[..8], 8).is_some_and(|digits| {
            let sum = digits.weighted(&[10, 4, 9, 3, 8, 2, 7, 1]);
            check == letter("XMKECAWLJDB", sum % 11)
        });
    }
    if is_like("#########@", number) {
        return Digits::of(&number[..9], 9).is_some_and(|digits| {
            let sum = digits.weighted(&[10, 8, 6, 4, 9, 7, 5, 3, 1]);
            check == letter("ZKCMDNERGWH", sum % 11)
        });
    }
    is_other_singaporean(number)
}

/// What kinds of entities there are that are neither businesses nor companies.
const SINGAPOREAN_KINDS: [&str; 38] = [
    "CC", "CD", "CH", "CL", "CM", "CP", "CS", "CX", "DP", "FB", "FC", "FM", "FN", "GA", "GB", "GS",
    "HS", "LL", "LP", "MB", "MC", "MD", "MH", "MM", "MQ", "NB", "NR", "PA", "PB", "PF", "RF", "RP",
    "SM", "SS", "TC", "TU", "VH", "XL",
];

/// A letter for the century, two digits of the year, two letters of the kind, four digits, a check letter.
fn is_other_singaporean(number: &str) -> bool {
    const ALPHABET: &str = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    is_like("@##@@####?", number)
        && number.starts_with(['R', 'S', 'T'])
        && SINGAPOREAN_KINDS.contains(&&number[3..5])
        && weighted_in(ALPHABET, number, &[4, 3, 5, 3, 10, 2, 2, 5, 7])
            .is_some_and(|sum| letter(ALPHABET, modulo(sum - 5, 11)) == number.bytes().last())
}

/// Thailand, companies: 0, eleven digits, a check digit.
pub(super) fn th_vat(number: &str) -> bool {
    Digits::of(number, 13).is_some_and(|digits| {
        let sum = digits.weighted(&[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        digits.at(0) == 0 && digits.last() == (11 - sum % 11) % 10
    })
}

/// Taiwan: eight digits. Of the weighted digits' own digits the sum is divided by 5 since 2023, by 10 before; a 7 in the last but
/// one place may count for one more.
pub(super) fn tw_vat(number: &str) -> bool {
    Digits::of(number, 8).is_some_and(|digits| {
        let weights = [1, 2, 1, 2, 1, 2, 4, 1];
        let terms = digits
            .iter()
            .zip(weights)
            .map(|(digit, weight)| digit * weight);
        let sum: i64 = terms.map(|term| term / 10 + term % 10).sum();
        sum % 5 == 0 || digits.at(6) == 7 && (sum + 1) % 5 == 0
    })
}

/// Vietnam: ten digits of a business, thirteen of a branch.
pub(super) fn vn_tin(number: &str) -> bool {
    let digits = Digits::of(number, 10).or_else(|| Digits::of(number, 13));
    digits.is_some_and(|digits| {
        let check = 10 - digits.weighted(&[31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11;
        let branch = digits.count() == 10 || !digits.part(10, 13).is_zero();
        !digits.part(2, 9).is_zero() && branch && digits.at(9) == check
    })
}
