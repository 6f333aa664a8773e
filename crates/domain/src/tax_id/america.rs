//! The Americas.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most sixteen digits"
)]

use super::digits::{Digits, complement, is_date, letter};
use super::text::is_like;

/// Argentina: two digits of the kind, eight digits, a check digit.
pub(super) fn ar_cuit(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        let known = matches!(
            digits.part(0, 2).value(),
            20 | 23 | 24 | 27 | 30 | 33 | 34 | 50 | 51 | 55
        );
        let check = match complement(digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), 11) {
            10 => 9,
            check => check,
        };
        known && digits.last() == check
    })
}

/// Bolivia: up to twelve digits.
pub(super) fn bo_tin(number: &str) -> bool {
    Digits::any(number).is_some_and(|digits| matches!(digits.count(), 7..=12))
}

/// Brazil, companies: eight digits of the company, four of the branch, two check digits. From 2026 on, the twelve may be letters.
pub(super) fn br_cnpj(number: &str) -> bool {
    const WEIGHTS: [i64; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    if !is_like("????????????##", number) || number.starts_with("000000000000") {
        return false;
    }
    // A letter counts for its distance from the digit 0 in ASCII.
    let check = |count: usize, weights: &[i64]| {
        let values = number
            .bytes()
            .take(count)
            .map(|byte| i64::from(byte - b'0'));
        let sum: i64 = values
            .zip(weights)
            .map(|(value, weight)| value * weight)
            .sum();
        complement(sum, 11) % 10
    };
    Digits::of(&number[12..], 2).is_some_and(|checks| {
        checks.at(0) == check(12, &WEIGHTS[1..]) && checks.at(1) == check(13, &WEIGHTS)
    })
}

/// Brazil, persons: nine digits and two check digits.
pub(super) fn br_cpf(number: &str) -> bool {
    const WEIGHTS: [i64; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    Digits::of(number, 11).is_some_and(|digits| {
        let check = |count: usize, weights: &[i64]| {
            complement(digits.part(0, count).weighted(weights), 11) % 10
        };
        !digits.is_zero()
            && digits.at(9) == check(9, &WEIGHTS[1..])
            && digits.at(10) == check(10, &WEIGHTS)
    })
}

/// Canada, the business number: nine digits, the last after Luhn.
pub(super) fn ca_bn(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(Digits::is_luhn)
}

/// Canada, an account of a business: its number, two letters of the programme, four digits.
pub(super) fn ca_gst_hst(number: &str) -> bool {
    is_like("#########R@####", number)
        && matches!(number.as_bytes()[10], b'C' | b'M' | b'P' | b'T')
        && ca_bn(&number[..9])
}

/// British Columbia: PST and eight digits.
pub(super) fn ca_pst_bc(number: &str) -> bool {
    is_like("PST########", number)
}

/// Manitoba and Saskatchewan: seven digits, which do not tell whose they are.
pub(super) fn ca_pst_prairies(number: &str) -> bool {
    is_like("#######", number)
}

/// Québec: ten digits, TQ, four digits.
pub(super) fn ca_qst(number: &str) -> bool {
    is_like("##########TQ####", number)
}

/// Chile: seven or eight digits and a check digit, K for 10.
pub(super) fn cl_tin(number: &str) -> bool {
    const WEIGHTS: [i64; 8] = [3, 2, 7, 6, 5, 4, 3, 2];
    if !is_like("#######?", number) && !is_like("########?", number) {
        return false;
    }
    let (root, check) = number.split_at(number.len() - 1);
    Digits::any(root).is_some_and(|root| {
        let sum = root.weighted(&WEIGHTS[8 - root.count()..]);
        letter("0123456789K", complement(sum, 11)) == check.bytes().next()
    })
}

/// Colombia: up to fifteen digits and a check digit.
pub(super) fn co_nit(number: &str) -> bool {
    const WEIGHTS: [i64; 15] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71];
    Digits::any(number).is_some_and(|digits| {
        let root = digits.but_last().iter().rev();
        let sum: i64 = root
            .zip(WEIGHTS)
            .map(|(digit, weight)| digit * weight)
            .sum();
        let check = match sum % 11 {
            rest @ (0 | 1) => rest,
            rest => 11 - rest,
        };
        matches!(digits.count(), 8..=16) && digits.last() == check
    })
}

/// Costa Rica, companies: the class, three digits of the kind, six digits.
pub(super) fn cr_tin(number: &str) -> bool {
    Digits::of(number, 10).is_some_and(|digits| {
        matches!(
            (digits.at(0), digits.part(1, 4).value()),
            (2, 100 | 200 | 300 | 400) | (3, 2..=14 | 101..=110) | (4, 0) | (5, 1)
        )
    })
}

/// The Dominican Republic: nine digits of a business, eleven of a person.
pub(super) fn do_rcn(number: &str) -> bool {
    if let Some(digits) = Digits::of(number, 9) {
        let rest = digits.weighted(&[7, 9, 8, 6, 5, 4, 3, 2]) % 11;
        return digits.last() == (10 - rest) % 9 + 1;
    }
    Digits::of(number, 11).is_some_and(Digits::is_luhn)
}

/// Ecuador: the province, the kind of the holder, its number with a check digit, the branch.
pub(super) fn ec_ruc(number: &str) -> bool {
    let Some(digits) = Digits::of(number, 13) else {
        return false;
    };
    if !matches!(digits.part(0, 2).value(), 1..=24 | 30 | 50) {
        return false;
    }
    let person = || !digits.part(10, 13).is_zero() && digits.part(0, 10).is_luhn();
    let public = || {
        let sum = digits.weighted(&[3, 2, 7, 6, 5, 4, 3, 2, 1]);
        !digits.part(9, 13).is_zero() && sum % 11 == 0
    };
    let company = || {
        let sum = digits.weighted(&[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
        !digits.part(10, 13).is_zero() && sum % 11 == 0
    };
    // Companies are given numbers without a check digit too: then province and head office must do.
    let unchecked = || digits.part(0, 2).value() != 50 && digits.part(10, 13).value() == 1;
    match digits.at(2) {
        0..=5 => person(),
        6 => public() || person(),
        9 => public() || company() || unchecked(),
        _ => false,
    }
}

/// Words that the letters of a Mexican person's name must not make: the office gives other letters.
const MEXICAN_WORDS: [&str; 41] = [
    "BUEI", "BUEY", "CACA", "CACO", "CAGA", "CAGO", "CAKA", "CAKO", "COGE", "COJA", "COJE", "COJI",
    "COJO", "CULO", "FETO", "GUEY", "JOTO", "KACA", "KACO", "KAGA", "KAGO", "KAKA", "KOGE", "KOJO",
    "KULO", "MAME", "MAMO", "MEAR", "MEAS", "MEON", "MION", "MOCO", "MULA", "PEDA", "PEDO", "PENE",
    "PUTA", "PUTO", "QULO", "RATA", "RUIN",
];

/// Mexico: letters of the name (four of a person, three of a company), a day, and three characters that a person may lack.
pub(super) fn mx_rfc(number: &str) -> bool {
    // Ñ and the ampersand are letters here; X is as good for the form.
    let plain = number.replace(['Ñ', '&'], "X");
    let is_person = is_like("@@@@######", &plain) || is_like("@@@@######???", &plain);
    let is_company = is_like("@@@######???", &plain);
    let day = match (is_person, is_company) {
        (true, _) => &plain[4..10],
        (_, true) => &plain[3..9],
        _ => return false,
    };
    let is_word = is_person && MEXICAN_WORDS.iter().any(|word| number.starts_with(word));
    let is_day = Digits::of(day, 6).is_some_and(|day| {
        let part = |start, end| day.part(start, end).value();
        is_date(2000 + part(0, 2), part(2, 4), part(4, 6))
    });
    is_day && !is_word
}

/// Peru: two digits of the kind, eight digits, a check digit.
pub(super) fn pe_ruc(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        let check = 11 - digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        matches!(digits.part(0, 2).value(), 10 | 15 | 17 | 20) && digits.last() == check % 10
    })
}

/// El Salvador: the place, a day, three digits, a check digit; the rule changed with the digits after 100.
pub(super) fn sv_nit(number: &str) -> bool {
    Digits::of(number, 14).is_some_and(|digits| {
        let check = if digits.part(10, 13).value() <= 100 {
            digits.weighted(&[14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
        } else {
            complement(
                digits.weighted(&[2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]),
                11,
            )
        };
        matches!(digits.at(0), 0 | 1 | 9) && digits.last() == check % 10
    })
}

/// The United States: two digits of the campus that gave it, seven digits.
pub(super) fn us_ein(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(|digits| {
        matches!(
            digits.part(0, 2).value(),
            1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99
        )
    })
}

/// Uruguay: the office, six digits, 001, a check digit.
pub(super) fn uy_ruc(number: &str) -> bool {
    Digits::of(number, 12).is_some_and(|digits| {
        let check = complement(digits.weighted(&[4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]), 11);
        matches!(digits.part(0, 2).value(), 1..=22)
            && !digits.part(2, 8).is_zero()
            && digits.part(8, 11).value() == 1
            && digits.last() == check
    })
}

/// Venezuela: a letter for the kind of the holder, eight digits, a check digit.
pub(super) fn ve_rif(number: &str) -> bool {
    let Some((kind, digits)) = number.split_at_checked(1) else {
        return false;
    };
    let kind = match kind {
        "V" => 4,
        "E" => 8,
        "J" => 12,
        "P" => 16,
        "G" => 20,
        _ => return false,
    };
    Digits::of(digits, 9).is_some_and(|digits| {
        let rest = (kind + digits.weighted(&[3, 2, 7, 6, 5, 4, 3, 2])) % 11;
        let check = if rest <= 1 { 0 } else { 11 - rest };
        digits.last() == check
    })
}
