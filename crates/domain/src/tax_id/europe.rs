//! Europe, the European Union's VAT numbers aside (`vat_eu`).
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums over at most thirteen digits"
)]

use super::digits::{Digits, complement, is_date, letter};
use super::text::is_like;

/// Andorra: the kind of the holder, six digits, a control letter whose rule is not public.
pub(super) fn ad_nrt(number: &str) -> bool {
    if !is_like("@######@", number) {
        return false;
    }
    let above = &number[1..7] > "699999";
    match number.as_bytes()[0] {
        b'F' => !above,
        b'A' | b'L' => above && &number[1..7] < "800000",
        b'C' | b'D' | b'E' | b'G' | b'O' | b'P' | b'U' => true,
        _ => false,
    }
}

/// Bulgaria, businesses: nine digits, or thirteen of a branch.
pub(super) fn bg_uic(number: &str) -> bool {
    let root = |digits: Digits<'_>| digits.at(8) == bulgarian_check(digits.part(0, 8));
    if let Some(digits) = Digits::of(number, 9) {
        return root(digits);
    }
    Digits::of(number, 13).is_some_and(|digits| {
        let branch = digits.part(8, 12);
        let check = match branch.weighted(&[2, 7, 3, 5]) % 11 {
            10 => branch.weighted(&[4, 9, 5, 7]) % 11 % 10,
            check => check,
        };
        root(digits) && digits.last() == check
    })
}

/// The check digit of the eight digits of a Bulgarian business.
pub(super) fn bulgarian_check(digits: Digits<'_>) -> i64 {
    match digits.weighted(&[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
        10 => digits.weighted(&[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
        check => check,
    }
}

/// Switzerland and Liechtenstein: CHE and nine digits.
pub(super) fn ch_uid(number: &str) -> bool {
    let digits = number
        .strip_prefix("CHE")
        .and_then(|digits| Digits::of(digits, 9));
    digits.is_some_and(|digits| {
        digits.last() == complement(digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4]), 11)
    })
}

/// Switzerland: the same, with VAT in one of the languages after it.
pub(super) fn ch_vat(number: &str) -> bool {
    number
        .split_at_checked(12)
        .is_some_and(|(uid, vat)| matches!(vat, "MWST" | "TVA" | "IVA" | "TPV") && ch_uid(uid))
}

/// Germany, the number of a tax office: ten or eleven digits as a state writes it, thirteen as the federation does.
pub(super) fn de_stn(number: &str) -> bool {
    const FEDERAL: [&str; 16] = [
        "10", "11", "21", "22", "23", "24", "26", "27", "28", "30", "31", "32", "40", "41", "5",
        "9",
    ];
    let Some(digits) = Digits::any(number) else {
        return false;
    };
    match digits.count() {
        10 | 11 => true,
        13 => digits.at(4) == 0 && FEDERAL.iter().any(|state| number.starts_with(state)),
        _ => false,
    }
}

/// Spain, companies: a letter for the kind, seven digits, and a check digit after Luhn or the letter in its place.
pub(super) fn es_cif(number: &str) -> bool {
    const KINDS: &str = "ABCDEFGHJNPQRSUVW";
    if !is_like("@#######?", number) || !KINDS.contains(&number[..1]) {
        return false;
    }
    // A digit in the place of the check digit moves the others to where Luhn has them.
    let shifted = format!("{}0", &number[1..8]);
    Digits::of(&shifted, 8).is_some_and(|digits| {
        let check = complement(digits.luhn_sum(), 10);
        let found = number.bytes().last();
        found == letter("0123456789", check) || found == letter("JABCDEFGHI", check)
    })
}

/// The United Kingdom: nine digits, twelve of a branch; or a government department or health authority.
pub(super) fn gb_vat(number: &str) -> bool {
    let office = |digits: i64| match number.as_bytes()[0] {
        b'G' => digits < 500,
        _ => digits >= 500,
    };
    if is_like("GD###", number) || is_like("HA###", number) {
        return Digits::of(&number[2..], 3).is_some_and(|digits| office(digits.value()));
    }
    if is_like("GD8888#####", number) || is_like("HA8888#####", number) {
        return Digits::of(&number[6..], 5).is_some_and(|digits| {
            let (root, check) = (digits.part(0, 3).value(), digits.part(3, 5).value());
            office(root) && root % 97 == check
        });
    }
    let digits = Digits::of(number, 9).or_else(|| Digits::of(number, 12));
    digits.is_some_and(|digits| {
        let sum = digits.part(0, 9).weighted(&[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
        // Numbers given since 2010 begin at 100 and add 55.
        sum == 0 || matches!(sum, 42 | 55) && digits.part(0, 3).value() >= 100
    })
}

/// Croatia: eleven digits, the last by ISO 7064.
pub(super) fn hr_oib(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(Digits::is_mod_11_10)
}

/// Hungary: the eight digits of the VAT number, one of the way of taxation, two of the county.
pub(super) fn hu_tin(number: &str) -> bool {
    Digits::of(number, 11).is_some_and(|digits| {
        let (way, county) = (digits.at(8), digits.part(9, 11).value());
        is_hungarian(digits.part(0, 8))
            && matches!(way, 1..=5)
            && matches!(county, 2..=20 | 22..=44 | 51)
    })
}

/// Whether the last of eight Hungarian digits is their check digit.
pub(super) fn is_hungarian(digits: Digits<'_>) -> bool {
    digits.weighted(&[9, 7, 3, 1, 9, 7, 3, 1]) % 10 == 0
}

/// Iceland: five or six digits.
pub(super) fn is_vat(number: &str) -> bool {
    Digits::any(number).is_some_and(|digits| matches!(digits.count(), 5 | 6))
}

/// North Macedonia: thirteen digits.
pub(super) fn mk_vat(number: &str) -> bool {
    Digits::of(number, 13).is_some_and(|digits| {
        let sum = digits.weighted(&[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
        digits.last() == complement(sum, 11) % 10
    })
}

/// Norway: the nine digits of an organization, and MVA.
pub(super) fn no_vat(number: &str) -> bool {
    let digits = number
        .strip_suffix("MVA")
        .and_then(|digits| Digits::of(digits, 9));
    digits.is_some_and(|digits| digits.weighted(&[3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0)
}

/// Norway, sellers from abroad: seven digits.
pub(super) fn no_voec(number: &str) -> bool {
    is_like("#######", number)
}

/// Romania: two to ten digits of a business, or the thirteen of a person.
pub(super) fn ro_tin(number: &str) -> bool {
    let Some(digits) = Digits::any(number) else {
        return false;
    };
    match digits.count() {
        2..=10 => {
            let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
            let sum = digits.but_last().weighted(&weights[10 - digits.count()..]);
            digits.at(0) != 0 && digits.last() == 10 * sum % 11 % 10
        }
        13 => is_romanian_person(digits),
        _ => false,
    }
}

/// Sex and century, day of birth, county, number of the day, check digit.
fn is_romanian_person(digits: Digits<'_>) -> bool {
    let part = |start, end| digits.part(start, end).value();
    let century = match digits.at(0) {
        0 => return false,
        3 | 4 => 1800,
        5 | 6 => 2000,
        _ => 1900,
    };
    let check = match digits.weighted(&[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        check => check,
    };
    is_date(century + part(1, 3), part(3, 5), part(5, 7))
        && matches!(part(7, 9), 1..=48 | 51 | 52 | 70 | 80..=83)
        && digits.last() == check
}

/// Serbia: nine digits, the last by ISO 7064.
pub(super) fn rs_pib(number: &str) -> bool {
    Digits::of(number, 9).is_some_and(Digits::is_mod_11_10)
}

/// Russia: ten digits of a business, twelve of a person.
pub(super) fn ru_inn(number: &str) -> bool {
    const WEIGHTS: [i64; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let check = |digits: Digits<'_>, weights| digits.weighted(weights) % 11 % 10;
    if let Some(digits) = Digits::of(number, 10) {
        return digits.last() == check(digits, &WEIGHTS[2..]);
    }
    Digits::of(number, 12).is_some_and(|digits| {
        digits.at(10) == check(digits, &WEIGHTS[1..]) && digits.last() == check(digits, &WEIGHTS)
    })
}

/// Russia, the reason of registration: four digits of the office, two characters of the reason, three digits.
pub(super) fn ru_kpp(number: &str) -> bool {
    is_like("####??###", number)
}

/// Slovenia: eight digits.
pub(super) fn si_tin(number: &str) -> bool {
    Digits::of(number, 8).is_some_and(|digits| {
        let check = 11 - digits.weighted(&[8, 7, 6, 5, 4, 3, 2]) % 11;
        // 11 is no digit; such numbers are not given.
        digits.at(0) != 0 && (digits.last() == check || check == 10 && digits.last() == 0)
    })
}

/// Turkey: ten digits.
pub(super) fn tr_tin(number: &str) -> bool {
    Digits::of(number, 10).is_some_and(|digits| {
        let term = |(place, digit): (u32, i64)| match (digit + i64::from(place)) % 10 {
            0 => 0,
            shifted => match (shifted << place) % 9 {
                0 => 9,
                term => term,
            },
        };
        let sum: i64 = (1..).zip(digits.but_last().iter().rev()).map(term).sum();
        digits.last() == complement(sum, 10)
    })
}

/// Ukraine: twelve digits of a business, ten of a person with a check digit, nine of others.
pub(super) fn ua_vat(number: &str) -> bool {
    if let Some(digits) = Digits::of(number, 10) {
        let sum = digits.weighted(&[-1, 5, 7, 9, 4, 6, 10, 5, 7]);
        return digits.last() == sum.rem_euclid(11) % 10;
    }
    is_like("############", number) || is_like("#########", number)
}
